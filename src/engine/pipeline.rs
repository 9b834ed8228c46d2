//! Decode → detect → recover, each stage on its own thread, results in order.
//!
//! Queues are short, so the memory in flight is a handful of frames whatever the clip's length. Each network session
//! has one owner. Recovery is the slowest stage, so it may have several workers, each with sessions of its own; their
//! results are put back in order here.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::refine::TrackRefiner;
use super::surfaces::Surfaces;
use super::worth::{ScoreLimits, WorthRecovering};
use super::{CancelToken, EngineError, thread};
use crate::inference::{Detector, MeshRecoverer};
use crate::tracking::{ChangeMeter, MotionMeter};
use crate::types::{CameraMotion, Detection, FrameEvidence, Observation, RgbImage, StageTime, VideoFrame};
use crate::video::{self, FrameSource, VideoError};

/// Frames that may wait before each stage.
const QUEUE_FRAMES: usize = 3;

/// The models that look at a frame.
pub struct Stages {
    /// Finds people.
    pub detector: Box<dyn Detector>,
    /// Recovers bodies; one worker each, at least one.
    pub recoverers: Vec<Box<dyn MeshRecoverer>>,
    /// Reads the colours of bodies from the picture.
    pub surfaces: Option<Surfaces>,
    /// Fits riders again over time, where the recoverer's bodies can be.
    pub refiner: Option<TrackRefiner>,
    /// Detector scores that count.
    pub scores: ScoreLimits,
    /// Most people recovered in a frame.
    pub max_people: usize,
}

/// What became of one frame.
#[derive(Debug)]
pub struct FrameResult {
    /// Frame index.
    pub index: u64,
    /// Presentation timestamp, ticks; `None` for a frame that could not be decoded.
    pub pts: Option<i64>,
    /// How much the picture differs from the one before it; `None` where that is not known.
    pub change: Option<f32>,
    /// Who was seen.
    pub observations: Vec<Observation>,
    /// What else the picture tells of who is who.
    pub evidence: FrameEvidence,
    /// Why the frame could not be decoded.
    pub warning: Option<String>,
}

/// What compares each picture with the one before it.
#[derive(Default)]
pub struct Meters {
    /// How much it changes.
    pub changes: ChangeMeter,
    /// How the camera moves.
    pub motion: MotionMeter,
}

/// A frame on its way, numbered in the order of decoding.
struct Numbered<T> {
    sequence: u64,
    item: T,
}

struct Decoded {
    frame: VideoFrame,
    change: Option<f32>,
}

struct Detected {
    index: u64,
    pts: i64,
    change: Option<f32>,
    motion: CameraMotion,
    image: RgbImage,
    detections: Vec<Detection>,
}

/// Runs `source` through `stages` and hands each result, in order, to `sink` on the calling thread.
///
/// The meters have taken in the picture before the first one, where there is one.
///
/// Ends early, without an error, when `cancel` is set: the caller knows that it asked. Gives the busy time of each
/// stage.
///
/// # Errors
/// The first stage that failed, or `sink`'s own error.
pub fn run(
    source: &mut dyn FrameSource,
    stages: &mut Stages,
    meters: Meters,
    cancel: &CancelToken,
    mut sink: impl FnMut(FrameResult) -> Result<(), EngineError>,
) -> Result<Vec<StageTime>, EngineError> {
    let (to_detect, detect_queue) = bounded::<Numbered<Decoded>>(QUEUE_FRAMES);
    let (to_recover, recover_queue) = bounded::<Numbered<Detected>>(QUEUE_FRAMES);
    let (to_order, order_queue) = bounded::<Numbered<FrameResult>>(QUEUE_FRAMES * 4);
    let (give_back, spare_images) = bounded::<RgbImage>(QUEUE_FRAMES * 3);
    let (weakest, worth) = (stages.scores.weak, WorthRecovering::new(stages.scores, stages.max_people));
    let (detector, recoverers) = (&mut stages.detector, &mut stages.recoverers);
    let surfaces = stages.surfaces.as_ref();
    let Meters { changes, motion } = meters;

    std::thread::scope(|scope| {
        let bad_frames = to_order.clone();
        let decode = thread::spawn_scoped(scope, "decode", move || {
            decode(source, changes, cancel, &to_detect, &bad_frames)
        })?;
        let detected = DetectStage { weakest, worth, motion, last: None, spare_images };
        let detect = thread::spawn_scoped(scope, "detect", move || {
            detected.run(detector.as_mut(), cancel, &detect_queue, &to_recover)
        })?;
        let mut workers = Vec::with_capacity(recoverers.len());
        for recoverer in recoverers {
            let (queue, done, give_back) = (recover_queue.clone(), to_order.clone(), give_back.clone());
            workers.push(thread::spawn_scoped(scope, "recover", move || {
                recover(recoverer.as_mut(), surfaces, cancel, &queue, &done, &give_back)
            })?);
        }
        drop((to_order, recover_queue, give_back));

        let delivered = deliver_in_order(order_queue, &mut sink);
        let mut times = vec![joined(decode.join(), "decode")?, joined(detect.join(), "detect")?];
        let mut recover_time = StageTime { stage: "recover".into(), frames: 0, busy_s: 0.0 };
        for worker in workers {
            let time = joined(worker.join(), "recover")?;
            recover_time.frames += time.frames;
            recover_time.busy_s += time.busy_s;
        }
        times.push(recover_time);
        delivered.map(|()| times)
    })
}

/// The result of a stage's thread; a panic in it is reported as a lost stage.
fn joined(
    result: std::thread::Result<Result<StageTime, EngineError>>,
    stage: &'static str,
) -> Result<StageTime, EngineError> {
    result.unwrap_or(Err(EngineError::StageLost { stage }))
}

/// Counts frames and the time spent on them.
struct Busy {
    stage: &'static str,
    frames: u64,
    time: Duration,
}

impl Busy {
    fn new(stage: &'static str) -> Self {
        Self { stage, frames: 0, time: Duration::ZERO }
    }

    fn count<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.time += start.elapsed();
        self.frames += 1;
        result
    }

    /// More work on a frame that is counted already.
    fn count_on<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.time += start.elapsed();
        result
    }

    fn done(self) -> StageTime {
        StageTime { stage: self.stage.into(), frames: self.frames, busy_s: self.time.as_secs_f64() }
    }
}

fn decode(
    source: &mut dyn FrameSource,
    mut changes: ChangeMeter,
    cancel: &CancelToken,
    next: &Sender<Numbered<Decoded>>,
    bad_frames: &Sender<Numbered<FrameResult>>,
) -> Result<StageTime, EngineError> {
    let mut busy = Busy::new("decode");
    for sequence in 0.. {
        if cancel.is_cancelled() {
            break;
        }
        let sent = match busy.count(|| source.next_frame()) {
            Ok(Some(frame)) => {
                let change = changes.take(&frame.image);
                next.send(Numbered { sequence, item: Decoded { frame, change } }).is_ok()
            }
            Ok(None) => break,
            Err(VideoError::BadFrame { index, cause, .. }) => {
                let (observations, evidence) = (Vec::new(), FrameEvidence::default());
                let warning = Some(cause);
                let item = FrameResult { index, pts: None, change: None, observations, evidence, warning };
                bad_frames.send(Numbered { sequence, item }).is_ok()
            }
            Err(error) => return Err(error.into()),
        };
        // A stage further on has ended; its own result says why.
        if !sent {
            break;
        }
    }
    Ok(busy.done())
}

struct DetectStage {
    weakest: f32,
    worth: WorthRecovering,
    motion: MotionMeter,
    /// Index of the last frame, where there was one.
    last: Option<u64>,
    spare_images: Receiver<RgbImage>,
}

impl DetectStage {
    fn run(
        mut self,
        detector: &mut dyn Detector,
        cancel: &CancelToken,
        queue: &Receiver<Numbered<Decoded>>,
        next: &Sender<Numbered<Detected>>,
    ) -> Result<StageTime, EngineError> {
        let mut busy = Busy::new("detect");
        for Numbered { sequence, item: Decoded { frame, change } } in queue {
            if cancel.is_cancelled() {
                break;
            }
            let mut image = self.spare_images.try_recv().unwrap_or_default();
            let detections = busy.count(|| {
                video::yuv_to_rgb(&frame.image, &mut image);
                detector.detect(&image, self.weakest)
            });
            let mut detections = detections?;
            self.worth.choose(frame.index, &mut detections);
            let motion = busy.count_on(|| self.motion(&frame, &detections));
            let item = Detected { index: frame.index, pts: frame.pts, change, motion, image, detections };
            if next.send(Numbered { sequence, item }).is_err() {
                break;
            }
        }
        Ok(busy.done())
    }

    /// How the camera moved into `frame`.
    fn motion(&mut self, frame: &VideoFrame, detections: &[Detection]) -> CameraMotion {
        if self.last.is_some_and(|last| last + 1 != frame.index) {
            self.motion.skip();
        }
        self.last = Some(frame.index);
        self.motion.take(&frame.image, detections.iter().map(|detection| detection.bbox))
    }
}

fn recover(
    recoverer: &mut dyn MeshRecoverer,
    surfaces: Option<&Surfaces>,
    cancel: &CancelToken,
    queue: &Receiver<Numbered<Detected>>,
    next: &Sender<Numbered<FrameResult>>,
    give_back: &Sender<RgbImage>,
) -> Result<StageTime, EngineError> {
    let mut busy = Busy::new("recover");
    let mut sampler = surfaces.map(Surfaces::sampler);
    for Numbered { sequence, item } in queue {
        if cancel.is_cancelled() {
            break;
        }
        let Detected { index, pts, change, motion, image, detections } = item;
        let bodies = busy.count(|| recoverer.recover(&image, &detections))?;
        let appearances = sampler.as_mut().map_or_else(Vec::new, |sampler| {
            let bodies: Vec<_> = bodies.iter().map(Option::as_ref).collect();
            busy.count_on(|| sampler.sample(&image, &bodies))
        });
        // Full means that enough spare pictures wait already.
        let _ = give_back.try_send(image);
        let observations = detections
            .into_iter()
            .zip(bodies)
            .map(|(detection, body)| Observation { detection, body })
            .collect();
        let evidence = FrameEvidence { motion, appearances };
        let item = FrameResult { index, pts: Some(pts), change, observations, evidence, warning: None };
        if next.send(Numbered { sequence, item }).is_err() {
            break;
        }
    }
    Ok(busy.done())
}

/// Puts results back into the order of decoding.
///
/// Takes the queue by value: when `sink` fails the queue closes, which stops every stage.
fn deliver_in_order(
    queue: Receiver<Numbered<FrameResult>>,
    sink: &mut impl FnMut(FrameResult) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for Numbered { sequence, item } in queue {
        waiting.insert(sequence, item);
        while let Some(item) = waiting.remove(&next) {
            sink(item)?;
            next += 1;
        }
    }
    Ok(())
}
