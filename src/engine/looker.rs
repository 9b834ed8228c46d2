//! The detector, lent to whoever has to look at a frame.
//!
//! Most frames are looked at by the detect stage, in order. A recover worker whose landmarks lose somebody needs the
//! detector, too, at once and seldom, and a second session would cost its memory all the time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::inference::{Detector, InferenceError};
use crate::store::Sight;
use crate::types::{RgbImage, StageTime};

/// A detector behind a lock. What it says of a picture depends on nothing else, so the order of callers does not
/// matter.
pub struct Looker<'d> {
    looking: Mutex<Looking<'d>>,
}

struct Looking<'d> {
    detector: &'d mut dyn Detector,
    frames: u64,
    time: Duration,
}

impl<'d> Looker<'d> {
    /// Lends out `detector`.
    pub fn new(detector: &'d mut dyn Detector) -> Self {
        Self { looking: Mutex::new(Looking { detector, frames: 0, time: Duration::ZERO }) }
    }

    /// As [`Detector::detect`], with the shapes of those whom it gives any.
    ///
    /// # Errors
    /// When the network cannot be run.
    pub fn look(&self, image: &RgbImage, threshold: f32) -> Result<Sight, InferenceError> {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        let found = looking.detector.detect(image, threshold);
        looking.time += start.elapsed();
        looking.frames += 1;
        Ok(Sight { detections: found?, masks: looking.detector.masks().to_vec() })
    }

    /// Pictures looked at, and the time that took.
    pub fn time(&self) -> StageTime {
        let looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        StageTime { stage: "detect".into(), frames: looking.frames, busy_s: looking.time.as_secs_f64() }
    }
}
