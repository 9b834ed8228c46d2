//! Between times and places on the screen.

/// A stretch of the screen over which the clip's time runs evenly.
#[derive(Clone, Copy, Debug)]
pub struct TimeScale {
    /// Where the clip begins, points.
    pub left: f32,
    /// Where the clip ends, points.
    pub right: f32,
    /// Length of the clip, seconds, above 0.
    pub duration_s: f64,
}

impl TimeScale {
    fn width(&self) -> f32 {
        (self.right - self.left).max(1.0)
    }

    /// Where a time is.
    pub fn x_of(&self, seconds: f64) -> f32 {
        self.left + (seconds / self.duration_s) as f32 * self.width()
    }

    /// Which time is at a place; within the clip, whatever the place.
    pub fn seconds_at(&self, x: f32) -> f64 {
        let share = ((x - self.left) / self.width()).clamp(0.0, 1.0);
        f64::from(share) * self.duration_s
    }

    /// Frames that share a point of the screen, at least one.
    pub fn frames_per_point(&self, frames: u64) -> usize {
        (frames as f64 / f64::from(self.width())).ceil().max(1.0) as usize
    }

    /// The shortest step of the series 1, 2, 5 × 10ⁿ seconds (and of minutes above) that is at least `min_points`
    /// wide.
    pub fn tick_s(&self, min_points: f32) -> f64 {
        const STEPS_S: [f64; 22] = [
            0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0,
            900.0, 1800.0, 3600.0, 7200.0, 18000.0, 36000.0,
        ];
        let points_per_second = f64::from(self.width()) / self.duration_s;
        let wide_enough = |step: &f64| step * points_per_second >= f64::from(min_points);
        STEPS_S.into_iter().find(wide_enough).unwrap_or(self.duration_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: TimeScale = TimeScale { left: 100.0, right: 900.0, duration_s: 8.0 };

    #[test]
    fn times_and_places_are_each_others_inverse() {
        for seconds in [0.0, 1.25, 4.0, 8.0] {
            assert!((SCALE.seconds_at(SCALE.x_of(seconds)) - seconds).abs() < 1e-5);
        }
        assert_eq!((SCALE.x_of(0.0), SCALE.x_of(8.0)), (100.0, 900.0));
    }

    #[test]
    fn places_beside_the_track_are_its_ends() {
        assert_eq!(SCALE.seconds_at(-50.0), 0.0);
        assert_eq!(SCALE.seconds_at(5000.0), 8.0);
    }

    #[test]
    fn ticks_are_round_and_far_enough_apart() {
        assert_eq!(SCALE.tick_s(80.0), 1.0);
        assert_eq!(SCALE.tick_s(110.0), 2.0);
        let hours = TimeScale { duration_s: 7200.0, ..SCALE };
        assert_eq!(hours.tick_s(80.0), 900.0);
    }

    #[test]
    fn a_narrow_or_turned_track_does_no_harm() {
        let none = TimeScale { left: 10.0, right: 5.0, duration_s: 1.0 };
        assert!(none.seconds_at(7.0).is_finite() && none.x_of(0.5).is_finite());
        assert_eq!(none.frames_per_point(300), 300);
    }
}
