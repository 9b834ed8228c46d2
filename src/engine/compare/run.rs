//! A detector's way through a clip: everything it finds, however weak, and what that costs.

use std::time::Instant;

use crate::engine::detector::{detector_key, load_alone};
use crate::engine::models::ModelShelf;
use crate::engine::planning::{Extent, plan_for_detector};
use crate::engine::rate::RateMeter;
use crate::engine::{CancelToken, EngineError, Progress, Reporter, memory};
use crate::inference::Detector;
use crate::settings::ModelSettings;
use crate::types::detector_run::{DetectedFrame, DetectorRun, DetectorRunInfo};
use crate::types::{Detection, MemoryWish, RgbImage, Rung};
use crate::video::{self, FrameSource, VideoError};

/// Lowest score that is kept: below it the starter detectors find trees by the dozen, and a threshold slider has no use
/// for them.
pub const FLOOR: f32 = 0.05;

/// A detector that is ready, and what getting it ready took.
pub struct Ready {
    pub detector: Box<dyn Detector>,
    pub info: DetectorRunInfo,
    resident_before: u64,
}

impl Ready {
    /// Loads the detector that `settings` name, as a plan of memory for it and a clip of this `extent` says.
    ///
    /// # Errors
    /// When it does not fit into memory, is unknown, missing or altered, or its device is not there.
    pub fn load(
        shelf: &ModelShelf,
        settings: &ModelSettings,
        (wish, extent): (&MemoryWish, Extent),
        reporter: &dyn Reporter,
    ) -> Result<Self, EngineError> {
        let plan = plan_for_detector(settings, wish, shelf, extent)?;
        if plan.rung > Rung::FullSpeed {
            reporter.warning(format!("{}: {}", settings.detector, plan.headline()));
        }
        let stage = format!("loading {}", settings.detector);
        reporter.progress(Progress { stage, ..Progress::default() });
        let resident_before = memory::measure().resident;
        let started = Instant::now();
        let (detector, threshold) =
            load_alone(shelf, settings, (plan.detector.device, plan.detector.weights))?;
        let info = DetectorRunInfo {
            detector: settings.detector.clone(),
            key: detector_key(shelf, settings)?,
            device: detector.device().to_string(),
            floor: FLOOR,
            threshold,
            load_s: started.elapsed().as_secs_f64(),
            memory_bytes: 0,
        };
        Ok(Self { detector, info, resident_before })
    }

    /// Finds who is in `image` with a score of at least `floor`.
    ///
    /// # Errors
    /// When the network cannot be run.
    pub fn look(&mut self, image: &RgbImage, floor: f32) -> Result<DetectedFrame, EngineError> {
        let started = Instant::now();
        let mut detections: Vec<Detection> = Vec::new();
        self.detector.detect_into(image, floor, &mut detections)?;
        let latency_ms = started.elapsed().as_secs_f32() * 1e3;
        let taken = memory::measure().resident.saturating_sub(self.resident_before);
        self.info.memory_bytes = self.info.memory_bytes.max(taken);
        let masks = self.detector.masks().to_vec();
        Ok(DetectedFrame { latency_ms, detections, masks })
    }
}

/// What is known of a frame that cannot be decoded.
fn unseen() -> DetectedFrame {
    DetectedFrame { latency_ms: f32::NAN, ..DetectedFrame::default() }
}

/// Runs a detector over all of `source`. Frames that cannot be decoded show nobody.
///
/// # Errors
/// [`EngineError::Cancelled`]; when the clip cannot be read or the network not be run.
pub fn run(
    mut ready: Ready,
    source: &mut dyn FrameSource,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<DetectorRun, EngineError> {
    let total = source.info().frames.len();
    let stage = format!("finding with {}", ready.info.detector);
    let mut meter = RateMeter::new(Instant::now(), 0, total);
    let mut frames = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
    let mut image = RgbImage::default();
    loop {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let (index, seen) = match source.next_frame() {
            Ok(Some(frame)) => {
                video::yuv_to_rgb(&frame.image, &mut image);
                (frame.index, ready.look(&image, FLOOR)?)
            }
            Ok(None) => break,
            Err(VideoError::BadFrame { index, cause, .. }) => {
                reporter.warning(format!("frame {index}: {cause}"));
                (index, unseen())
            }
            Err(error) => return Err(error.into()),
        };
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        // A damaged index may name frames far outside; the clip has `total` of them.
        if index < total.max(1) && place >= frames.len() {
            frames.resize_with(place, unseen);
            frames.push(seen);
        }
        if let Some(progress) = meter.update(Instant::now(), index + 1, &stage) {
            reporter.progress(progress);
        }
    }
    Ok(DetectorRun { info: ready.info, frames })
}
