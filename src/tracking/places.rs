//! Where a rider was lately, as PHALP's location and depth terms foresee him from it.

use glam::{DVec2, Vec2};

use super::candidates::Candidate;
use super::ridge::{HISTORY, foresee};
use super::terms;
use crate::types::CameraMotion;

/// Penalties of the regressions of x, y and ln depth (PHALP's alphas).
const ALPHA: [f64; 3] = [1.2, 2.0, 5.0];
/// Frames per second of the clips that the penalties are meant for.
const FRAMES_PER_S: f64 = 30.0;

/// A rider's place in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// The pelvis, or the middle of the box where there is no body; pixels.
    pub at_px: Vec2,
    /// Logarithm of the pelvis's depth in metres.
    pub log_depth: Option<f32>,
}

impl Place {
    pub(super) fn of(candidate: &Candidate<'_>) -> Self {
        let pelvis = candidate.body.and_then(|body| {
            let at_px = body.camera.project(body.joints_3d[0]).filter(|at| at.is_finite())?;
            Some(Self { at_px, log_depth: Some(body.joints_3d[0].z.ln()) })
        });
        pelvis.unwrap_or_else(|| Self { at_px: candidate.bbox.center(), log_depth: None })
    }
}

/// A foreseen place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Foresight {
    pub at_px: Vec2,
    /// Half width of the interval, picture sides.
    pub width: f32,
    /// ln depth and half width of its interval, where it is known.
    pub log_depth: Option<(f32, f32)>,
}

impl Foresight {
    /// The location and depth terms' distances and widths for a detection at `place`.
    pub(super) fn terms(&self, place: &Place, picture_px: Vec2) -> terms::Terms {
        let (depth, depth_width) = match (self.log_depth, place.log_depth) {
            (Some((expected, width)), Some(found)) => (terms::depth_distance(expected, found), width),
            _ => (0.0, 0.0),
        };
        terms::Terms {
            appearance: None,
            pose: None,
            location: terms::location_distance(self.at_px, place.at_px, picture_px),
            location_width: self.width,
            depth,
            depth_width,
        }
    }
}

/// Time in seconds, place in the present picture where the camera's motion since is known, ln depth.
type Seen = (f64, DVec2, Option<f64>);

/// The last few places of a rider, seen from the present frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    seen: Vec<Seen>,
    now_s: f64,
    background_px_s: Option<DVec2>,
}

impl Places {
    /// Moves on to the frame at `now_s`, into which the camera moved by `motion`. Frames of reference change as in
    /// [`BoxFilter::advance`](super::kalman::BoxFilter::advance).
    pub(super) fn advance(&mut self, now_s: f64, motion: &CameraMotion) {
        let dt_s = now_s - self.now_s;
        let background_px_s = match (motion.known(), self.seen.last()) {
            (Some(motion), Some((_, at, _))) if dt_s > 0.0 => {
                let at = at.as_vec2();
                Some((motion.apply(at) - at).as_dvec2() / dt_s)
            }
            _ => None,
        };
        let tilt = match (self.background_px_s, background_px_s) {
            (Some(before), None) => -before,
            (None, Some(now)) => now,
            _ => DVec2::ZERO,
        };
        for (seen_s, at, _) in &mut self.seen {
            *at += tilt * (self.now_s - *seen_s);
            if let Some(motion) = motion.known() {
                *at = motion.apply(at.as_vec2()).as_dvec2();
            }
        }
        self.background_px_s = background_px_s;
        self.now_s = now_s;
    }

    /// Notes that he is at `place` in the present frame, at `now_s`.
    pub(super) fn push(&mut self, now_s: f64, place: &Place) {
        if self.seen.len() >= HISTORY {
            self.seen.remove(0);
        }
        self.now_s = now_s;
        self.seen.push((now_s, place.at_px.as_dvec2(), place.log_depth.map(f64::from)));
    }

    /// Where he is expected now; `None` for somebody never seen.
    pub(super) fn foresee(&self, picture_px: Vec2) -> Option<Foresight> {
        let mut samples = [(0.0, 0.0); HISTORY];
        let mut regress = |alpha: f64, value: &dyn Fn(&Seen) -> Option<f64>| {
            let mut count = 0;
            let known = self
                .seen
                .iter()
                .filter_map(|seen| Some(((seen.0 - self.now_s) * FRAMES_PER_S, value(seen)?)));
            for (slot, sample) in samples.iter_mut().zip(known) {
                *slot = sample;
                count += 1;
            }
            foresee(&samples[..count], 0.0, alpha)
        };
        let x = regress(ALPHA[0], &|(_, at, _)| Some(at.x))?;
        let y = regress(ALPHA[1], &|(_, at, _)| Some(at.y))?;
        let depth = regress(ALPHA[2], &|(_, _, depth)| *depth);
        let side = f64::from(picture_px.max_element());
        Some(Foresight {
            at_px: DVec2::new(x.value, y.value).as_vec2(),
            width: ((x.half_width.powi(2) + y.half_width.powi(2)) / 2.0).sqrt() as f32 / side as f32,
            log_depth: depth.map(|depth| (depth.value as f32, depth.half_width as f32)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Similarity;

    fn place(x: f32, log_depth: Option<f32>) -> Place {
        Place { at_px: Vec2::new(x, 100.0), log_depth }
    }

    #[test]
    fn a_steady_way_is_continued_and_a_body_missing_now_and_then_does_no_harm() {
        let mut places = Places::default();
        for frame in 0..12 {
            let now_s = f64::from(frame) / 30.0;
            places.advance(now_s, &CameraMotion::Unavailable);
            places.push(now_s, &place(300.0 + 4.0 * frame as f32, (frame % 3 > 0).then_some(2.0)));
        }
        places.advance(12.0 / 30.0, &CameraMotion::Unavailable);
        let foreseen = places.foresee(Vec2::new(640.0, 360.0)).unwrap();
        // Σ(t−t̄)² = 28 of seven frames: the slope is 4 · 28 / 29.2, four frames from their middle.
        assert!((foreseen.at_px.x - (332.0 + 4.0 * 4.0 * 28.0 / 29.2)).abs() < 1e-3, "{foreseen:?}");
        assert_eq!(foreseen.at_px.y, 100.0);
        assert!(foreseen.width < 0.01);
        assert_eq!(foreseen.log_depth.map(|(value, width)| (value, width < 1e-6)), Some((2.0, true)));
        assert_eq!(Places::default().foresee(Vec2::ONE), None);
    }

    #[test]
    fn the_background_is_what_the_way_is_laid_over() {
        // The camera goes with him at 6 pixels a frame and then stops.
        let shift =
            |x: f32| CameraMotion::Known(Similarity { shift_px: Vec2::new(x, 0.0), ..Similarity::IDENTITY });
        for known_from in [1, 8] {
            let mut places = Places::default();
            for frame in 0..12 {
                let now_s = f64::from(frame) / 30.0;
                places.advance(
                    now_s,
                    &if frame >= known_from { shift(-6.0) } else { CameraMotion::Unavailable },
                );
                places.push(now_s, &place(300.0, None));
            }
            places.advance(12.0 / 30.0, &shift(0.0));
            let x = places.foresee(Vec2::new(640.0, 360.0)).unwrap().at_px.x;
            assert!((x - 306.0).abs() < 1.2, "known from {known_from}: {x}");
        }
    }
}
