//! One model at a time: the detector sees the whole clip, its looks go into the analysis file, and it is unloaded before
//! the recoverer is loaded. The frames then run as always, with the file answering in the detector's place.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use sha2::{Digest, Sha256};

use super::load_watch::Watch;
use super::models::{self, ModelShelf};
use super::plan::ModelPlan;
use super::rate::RateMeter;
use super::{CancelToken, EngineError, Reporter, thread};
use crate::inference::{Detector, InferenceError};
use crate::settings::ModelSettings;
use crate::store::{AnalysisStore, Look, PictureKey, Sight};
use crate::types::{Detection, Device, Mask, RgbImage, VideoFrame};
use crate::video::{self, FrameSource, VideoError};

/// Frames that may wait for the detector.
const QUEUE_FRAMES: usize = 2;

/// Looks are written together when the oldest has waited this long: a kill loses no more.
const BATCH_TIME: Duration = Duration::from_millis(500);

/// Lets the detector look at a whole clip.
pub(super) struct LookAtAll<'a> {
    /// Models, devices and thresholds.
    pub models: &'a ModelSettings,
    /// Where models come from.
    pub shelf: &'a ModelShelf,
    /// Watches what is loaded.
    pub watch: &'a Watch<'a>,
    /// Set to stop.
    pub cancel: &'a CancelToken,
}

impl LookAtAll<'_> {
    /// Loads the detector, lets it look at every frame of `source` from `first` on that it has not looked at, keeps what
    /// it says in `store`, and unloads it. Gives what answers in its place.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`]; a detector that cannot be loaded or fails; a clip that cannot be read.
    pub fn run(
        &self,
        source: &mut dyn FrameSource,
        store: &mut AnalysisStore,
        first: u64,
    ) -> Result<Box<dyn Detector>, EngineError> {
        let weakest = models::scores(self.shelf, self.models)?.weak;
        let load = || models::load_detector(self.shelf, self.models, self.watch);
        let looks = look_at_all(source, load, weakest, store, first, (self.cancel, self.watch))?;
        Ok(Box::new(SeenDetector::new(&self.watch.plan().detector, looks)))
    }
}

/// Lets the detector that `load` loads look at every frame of `source` from `first` on that it has not looked at, and
/// keeps what it says in `store`. Gives all that it has said, with the detector unloaded.
fn look_at_all(
    source: &mut dyn FrameSource,
    load: impl FnOnce() -> Result<Box<dyn Detector>, EngineError>,
    weakest: f32,
    store: &mut AnalysisStore,
    first: u64,
    (cancel, reporter): (&CancelToken, &dyn Reporter),
) -> Result<HashMap<PictureKey, Sight>, EngineError> {
    let total = source.info().frames.len();
    let next = store.next_look(first)?;
    if next >= total {
        return Ok(store.looks()?);
    }
    let mut detector = load()?;
    source.seek(next)?;
    let reader = &mut *source;
    let (sender, frames) = bounded(QUEUE_FRAMES);
    std::thread::scope(|scope| {
        let decode = thread::spawn_scoped(scope, "decode", move || decode(reader, &sender, cancel))?;
        let mut looks = Looks { store: &mut *store, batch: Vec::new(), since: Instant::now() };
        let mut meter = RateMeter::new(Instant::now(), next, total);
        // Takes the queue, so that a decoder that still waits is let go.
        let looked = look(frames, detector.as_mut(), weakest, &mut looks, |frame| {
            if let Some(progress) = meter.update(Instant::now(), frame + 1, "detecting") {
                reporter.progress(progress);
            }
            !cancel.is_cancelled()
        });
        // What was done is kept whatever ended it.
        looks.flush()?;
        let decoded = decode.join().unwrap_or(Err(EngineError::StageLost { stage: "decode" }));
        looked.and(decoded)
    })?;
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    source.seek(first)?;
    Ok(store.looks()?)
}

fn decode(
    source: &mut dyn FrameSource,
    frames: &Sender<VideoFrame>,
    cancel: &CancelToken,
) -> Result<(), EngineError> {
    while !cancel.is_cancelled() {
        match source.next_frame() {
            Ok(Some(frame)) => {
                if frames.send(frame).is_err() {
                    break;
                }
            }
            Ok(None) => break,
            // It is told of when the frame is analysed.
            Err(VideoError::BadFrame { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Looks at every frame until `go_on` says no.
fn look(
    frames: Receiver<VideoFrame>,
    detector: &mut dyn Detector,
    weakest: f32,
    looks: &mut Looks<'_>,
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<(), EngineError> {
    let mut image = RgbImage::default();
    for frame in frames {
        video::yuv_to_rgb(&frame.image, &mut image);
        let detections = detector.detect(&image, weakest)?;
        let sight = Sight { detections, masks: detector.masks().to_vec() };
        looks.take(Look { frame: frame.index, picture: key(&image), sight })?;
        if !go_on(frame.index) {
            break;
        }
    }
    Ok(())
}

/// Looks on their way into the analysis file.
struct Looks<'s> {
    store: &'s mut AnalysisStore,
    batch: Vec<Look>,
    since: Instant,
}

impl Looks<'_> {
    fn take(&mut self, look: Look) -> Result<(), EngineError> {
        self.batch.push(look);
        if self.since.elapsed() >= BATCH_TIME { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        self.store.append_looks(&self.batch)?;
        self.batch.clear();
        self.since = Instant::now();
        Ok(())
    }
}

/// What tells a picture from others.
fn key(image: &RgbImage) -> PictureKey {
    let mut hash = Sha256::new();
    hash.update(image.width.to_le_bytes());
    hash.update(&image.data);
    let mut key = PictureKey::default();
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

/// Answers in a detector's place with what it said earlier.
struct SeenDetector {
    id: String,
    device: Device,
    looks: HashMap<PictureKey, Sight>,
    /// The shapes of those whom it was asked for last.
    masks: Vec<Mask>,
}

impl SeenDetector {
    /// Stands for the detector of `plan` with what it said of each picture.
    fn new(plan: &ModelPlan, looks: HashMap<PictureKey, Sight>) -> Self {
        Self { id: plan.id.clone(), device: plan.device, looks, masks: Vec::new() }
    }
}

impl Detector for SeenDetector {
    fn id(&self) -> &str {
        &self.id
    }

    fn device(&self) -> Device {
        self.device
    }

    fn sees_parts(&self) -> bool {
        false
    }

    fn detect(&mut self, image: &RgbImage, threshold: f32) -> Result<Vec<Detection>, InferenceError> {
        let found = self.looks.get(&key(image)).ok_or_else(|| InferenceError::Run {
            model: self.id.clone(),
            cause:
                "the clip gave another picture than when it was looked at; analyse it again with --restart"
                    .to_owned(),
        })?;
        let count = found.detections.partition_point(|detection| detection.score >= threshold);
        self.masks.clear();
        self.masks.extend(found.masks.iter().take(count).cloned());
        Ok(found.detections[..count].to_vec())
    }

    fn masks(&self) -> &[Mask] {
        &self.masks
    }
}
