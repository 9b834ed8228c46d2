//! Where a box is expected, and how surely.
//!
//! A Kalman filter (Kalman, 1960) over centre x, centre y, ln width and ln height, each with its rate of change,
//! driven by white-noise acceleration in continuous time (Bar-Shalom, Li & Kirubarajan, Estimation with
//! Applications to Tracking and Navigation, 2001, 6.2.2). Noise acts on the four numbers separately, so the 8×8
//! filter falls apart into four 2×2 ones, written out below. Logarithms keep sizes positive and their noise
//! relative.
//!
//! Lengths are measured in the longer side of the box: the height of a rider who stands, his length when he lies.

use glam::{DVec2, Vec2};

use crate::types::{BBox, CameraMotion, Similarity};

/// Standard deviation of a detector's box centre, in box sides; as in Wojke et al., DeepSORT, 2017.
const CENTER_NOISE: f64 = 1.0 / 20.0;
/// Standard deviation of a detector's ln width and ln height: limbs and board come and go.
const SIZE_NOISE: f64 = 0.1;
/// Standard deviation of a newborn's velocity, box sides per second.
const NEW_SPEED: f64 = 2.0;
/// Standard deviation of a newborn's rate of ln size, 1/s.
const NEW_SIZE_RATE: f64 = 1.0;
/// Spectral density of the centre's acceleration, box sides² / s³. Gravity alone is 9.81 m/s² for a body of 1.7 m,
/// and a hand-held camera shakes: the velocity wanders by some 2.5 sides/s within a second.
const CENTER_DENSITY: f64 = 6.4;
/// Spectral density of the acceleration of ln size, 1/s³: a tuck halves the height within half a second.
const SIZE_DENSITY: f64 = 4.0;
/// Time constant with which a rate of ln size dies away, seconds. Folding and unfolding do not last; going on for a
/// second they would halve or double the box again.
const SIZE_RATE_DECAY_S: f64 = 0.3;

/// The 99 % quantile of the χ² distribution with four degrees of freedom: the largest [`BoxFilter::distance2`] of a
/// detection that plausibly is the same rider.
pub(super) const GATE: f64 = 13.277;

/// One number and its rate of change, with their covariance.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    value: f64,
    rate: f64,
    var_value: f64,
    covar: f64,
    var_rate: f64,
}

impl Axis {
    fn new(value: f64, noise: f64, rate_noise: f64) -> Self {
        Self { value, rate: 0.0, var_value: noise * noise, covar: 0.0, var_rate: rate_noise * rate_noise }
    }

    /// Moves on by `dt_s`. The rate is kept, or decays with the given time constant.
    fn predict(&mut self, dt_s: f64, density: f64, decay_s: Option<f64>) {
        let (kept, reach) = match decay_s {
            None => (1.0, dt_s),
            Some(tau) => ((-dt_s / tau).exp(), tau * (1.0 - (-dt_s / tau).exp())),
        };
        self.value += reach * self.rate;
        self.rate *= kept;
        self.var_value += reach * (2.0 * self.covar + reach * self.var_rate) + density * dt_s.powi(3) / 3.0;
        self.covar = kept * (self.covar + reach * self.var_rate) + density * dt_s * dt_s / 2.0;
        self.var_rate = kept * kept * self.var_rate + density * dt_s;
    }

    fn update(&mut self, measured: f64, noise: f64) {
        let total = self.var_value + noise * noise;
        let (gain, rate_gain) = (self.var_value / total, self.covar / total);
        let surprise = measured - self.value;
        self.value += gain * surprise;
        self.rate += rate_gain * surprise;
        self.var_rate -= rate_gain * self.covar;
        self.covar *= 1.0 - gain;
        self.var_value *= 1.0 - gain;
    }

    /// Squared surprise in units of its own standard deviation.
    fn distance2(&self, measured: f64, noise: f64) -> f64 {
        (measured - self.value).powi(2) / (self.var_value + noise * noise)
    }
}

/// The filter of one rider's box.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BoxFilter {
    /// Centre x and y, pixels.
    center: [Axis; 2],
    /// ln width and ln height, of pixels.
    size: [Axis; 2],
    /// How fast the background went by here, pixels per second, where that was known in the last frame: then the
    /// centre's rates are against the background, else against the picture.
    background_px_s: Option<DVec2>,
}

impl BoxFilter {
    /// A rider first seen at `bbox`, which must have an area.
    pub(super) fn new(bbox: &BBox) -> Self {
        let (center, log_size) = measurement(bbox);
        let side = f64::from(bbox.long_side());
        Self {
            center: center.map(|value| Axis::new(value, CENTER_NOISE * side, NEW_SPEED * side)),
            size: log_size.map(|value| Axis::new(value, SIZE_NOISE, NEW_SIZE_RATE)),
            background_px_s: None,
        }
    }

    /// Moves on to a frame `dt_s` seconds later, not negative, into which the camera moved by `motion`.
    ///
    /// Where the motion becomes known or is lost, the rates change from one frame of reference to the other: whoever
    /// rests in the picture while the camera goes with him is fast against the background.
    pub(super) fn advance(&mut self, dt_s: f64, motion: &CameraMotion) {
        let center = DVec2::from_array(self.center.map(|axis| axis.value));
        let background_px_s = motion.known().filter(|_| dt_s > 0.0).map(|motion| {
            let center_px = center.as_vec2();
            (motion.apply(center_px) - center_px).as_dvec2() / dt_s
        });
        let change = match (self.background_px_s, background_px_s) {
            (Some(before), None) => before,
            (None, Some(now)) => -now,
            _ => DVec2::ZERO,
        };
        for (axis, change) in self.center.iter_mut().zip(change.to_array()) {
            axis.rate += change;
        }
        self.background_px_s = background_px_s;
        if let Some(motion) = motion.known() {
            self.warp(motion);
        }
        self.predict(dt_s);
    }

    /// Goes along with the background. Variances are left as they are: turn and scale between frames are small.
    fn warp(&mut self, motion: &Similarity) {
        let of =
            |axes: &[Axis; 2], part: fn(&Axis) -> f64| DVec2::new(part(&axes[0]), part(&axes[1])).as_vec2();
        let value = motion.apply(of(&self.center, |axis| axis.value)).as_dvec2().to_array();
        let rate = motion.turn(of(&self.center, |axis| axis.rate)).as_dvec2().to_array();
        for ((axis, value), rate) in self.center.iter_mut().zip(value).zip(rate) {
            (axis.value, axis.rate) = (value, rate);
        }
        for axis in &mut self.size {
            axis.value += f64::from(motion.scale().ln());
        }
    }

    /// Moves on by `dt_s` seconds, not negative, in a picture that stands still.
    fn predict(&mut self, dt_s: f64) {
        let density = CENTER_DENSITY * self.side().powi(2);
        for axis in &mut self.center {
            axis.predict(dt_s, density, None);
        }
        for axis in &mut self.size {
            axis.predict(dt_s, SIZE_DENSITY, Some(SIZE_RATE_DECAY_S));
        }
    }

    /// Takes in that he is at `bbox` now.
    pub(super) fn update(&mut self, bbox: &BBox) {
        let (center, log_size) = measurement(bbox);
        let noise = CENTER_NOISE * f64::from(bbox.long_side());
        for (axis, value) in self.center.iter_mut().zip(center) {
            axis.update(value, noise);
        }
        for (axis, value) in self.size.iter_mut().zip(log_size) {
            axis.update(value, SIZE_NOISE);
        }
    }

    /// The expected box.
    pub(super) fn bbox(&self) -> BBox {
        let [width, height] = self.size.map(|axis| axis.value.exp() as f32);
        let [x, y] = self.center.map(|axis| axis.value as f32);
        BBox::from_center(Vec2::new(x, y), Vec2::new(width, height))
    }

    /// Squared Mahalanobis distance of `bbox` from the expectation; see [`GATE`].
    pub(super) fn distance2(&self, bbox: &BBox) -> f64 {
        let (center, log_size) = measurement(bbox);
        let noise = CENTER_NOISE * f64::from(bbox.long_side());
        let of = |axes: &[Axis; 2], values: [f64; 2], noise: f64| {
            axes.iter().zip(values).map(|(axis, value)| axis.distance2(value, noise)).sum::<f64>()
        };
        of(&self.center, center, noise) + of(&self.size, log_size, SIZE_NOISE)
    }

    fn side(&self) -> f64 {
        self.size[0].value.max(self.size[1].value).exp()
    }
}

/// Centre and ln size of a box.
fn measurement(bbox: &BBox) -> ([f64; 2], [f64; 2]) {
    let (center, size) = (bbox.center().as_dvec2(), bbox.size().as_dvec2());
    (center.to_array(), size.to_array().map(f64::ln))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} instead of {expected}");
    }

    /// A step worked out by hand with F = [1 1/2; 0 1], Q = 3·[1/24 1/8; 1/8 1/2], P = diag(4, 9), R = 2.875.
    #[test]
    fn one_step_equals_the_textbook_by_hand() {
        let mut axis = Axis::new(10.0, 2.0, 3.0);
        axis.rate = 4.0;
        axis.predict(0.5, 3.0, None);
        close(axis.value, 12.0);
        close(axis.var_value, 4.0 + 9.0 / 4.0 + 0.125);
        close(axis.covar, 4.5 + 0.375);
        close(axis.var_rate, 10.5);
        // S = 6.375 + 2.875 = 9.25; K = (6.375, 4.875) / 9.25; surprise 1.85.
        close(axis.distance2(13.85, 2.875_f64.sqrt()), 1.85 * 1.85 / 9.25);
        axis.update(13.85, 2.875_f64.sqrt());
        close(axis.value, 12.0 + 6.375 * 0.2);
        close(axis.rate, 4.0 + 4.875 * 0.2);
        close(axis.var_value, 6.375 - 6.375 * 6.375 / 9.25);
        close(axis.covar, 4.875 - 6.375 * 4.875 / 9.25);
        close(axis.var_rate, 10.5 - 4.875 * 4.875 / 9.25);
    }

    #[test]
    fn two_half_steps_are_one_whole_step() {
        for decay in [None, Some(0.3)] {
            let start = Axis { value: 1.0, rate: 2.0, var_value: 0.5, covar: 0.1, var_rate: 0.7 };
            let (mut whole, mut halves) = (start, start);
            whole.predict(0.2, 0.0, decay);
            halves.predict(0.1, 0.0, decay);
            halves.predict(0.1, 0.0, decay);
            close(halves.value, whole.value);
            close(halves.var_value, whole.var_value);
            close(halves.covar, whole.covar);
        }
        let (mut whole, mut halves) = (Axis::new(0.0, 1.0, 1.0), Axis::new(0.0, 1.0, 1.0));
        whole.predict(0.2, 5.0, None);
        halves.predict(0.1, 5.0, None);
        halves.predict(0.1, 5.0, None);
        close(halves.var_value, whole.var_value);
        close(halves.var_rate, whole.var_rate);
    }

    #[test]
    fn a_box_at_constant_speed_is_foreseen_at_uneven_times() {
        let at =
            |t: f64| BBox::from_center(Vec2::new(100.0 + 90.0 * t as f32, 200.0), Vec2::new(40.0, 100.0));
        let mut filter = BoxFilter::new(&at(0.0));
        let mut now = 0.0;
        for step in 0..60 {
            let dt = if step % 3 == 0 { 0.1 } else { 0.02 };
            now += dt;
            filter.predict(dt);
            filter.update(&at(now));
        }
        filter.predict(0.5);
        let miss = (filter.bbox().center() - at(now + 0.5).center()).length();
        assert!(miss < 1.0, "{miss} px");
        assert!((filter.bbox().size() - Vec2::new(40.0, 100.0)).length() < 0.1);
    }

    #[test]
    fn the_gate_opens_with_time_and_with_size() {
        let filter = |scale: f32, wait: f64| {
            let mut filter = BoxFilter::new(&BBox::new(0.0, 0.0, 40.0 * scale, 100.0 * scale));
            filter.predict(wait);
            filter
        };
        let moved = |scale: f32| BBox::new(60.0 * scale, 0.0, 100.0 * scale, 100.0 * scale);
        assert!(filter(1.0, 0.03).distance2(&moved(1.0)) > GATE);
        assert!(filter(1.0, 0.5).distance2(&moved(1.0)) < GATE);
        close(filter(3.0, 0.1).distance2(&moved(3.0)), filter(1.0, 0.1).distance2(&moved(1.0)));
    }

    /// A camera that goes with a rider and jerks at the end: only who knows the jerk foresees where he is seen.
    #[test]
    fn a_jerk_of_the_camera_is_no_motion_of_the_rider() {
        let shift =
            |x: f32| CameraMotion::Known(Similarity { shift_px: Vec2::new(x, 0.0), ..Similarity::IDENTITY });
        let bbox = |x: f32| BBox::from_center(Vec2::new(x, 200.0), Vec2::new(40.0, 100.0));
        let followed = |frames: i32, known: &dyn Fn(i32) -> bool| {
            let mut filter = BoxFilter::new(&bbox(300.0));
            for frame in 1..=frames {
                // The background goes by at 10 pixels a frame, the rider stays.
                let motion = if known(frame) { shift(-10.0) } else { CameraMotion::Unavailable };
                filter.advance(1.0 / 30.0, &motion);
                let x = filter.bbox().center().x;
                assert!((x - 300.0).abs() < 1.0, "frame {frame}: {x}");
                filter.update(&bbox(300.0));
            }
            filter
        };
        let mut filter = followed(30, &|_| true);
        filter.advance(1.0 / 30.0, &shift(-35.0));
        assert!((filter.bbox().center().x - 275.0).abs() < 1.0, "{:?}", filter.bbox());
        // What is known only now and then changes nothing for a rider who stays.
        followed(60, &|frame| frame % 7 < 4);
    }

    #[test]
    fn the_box_turns_and_grows_with_the_picture() {
        let motion = Similarity { a: 0.0, b: 2.0, shift_px: Vec2::new(500.0, 0.0) };
        let mut filter = BoxFilter::new(&BBox::new(80.0, 50.0, 120.0, 150.0));
        filter.advance(0.0, &CameraMotion::Known(motion));
        assert!(filter.bbox().center().distance(Vec2::new(300.0, 200.0)) < 1e-3);
        assert!((filter.bbox().size() - Vec2::new(80.0, 200.0)).length() < 1e-3);
    }

    #[test]
    fn a_box_that_was_growing_does_not_explode_while_unseen() {
        let mut filter = BoxFilter::new(&BBox::new(0.0, 0.0, 40.0, 50.0));
        for height in [55.0, 60.0, 65.0, 70.0] {
            filter.predict(1.0 / 30.0);
            filter.update(&BBox::new(0.0, 0.0, 40.0, height));
        }
        filter.predict(1.6);
        assert!(filter.bbox().size().y < 120.0, "{:?}", filter.bbox());
    }
}
