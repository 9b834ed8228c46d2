//! Decode → detect → recover, each stage on its own thread, results in order.
//!
//! Queues are short, so the memory in flight is a handful of frames whatever the clip's length. Recovery is the slowest
//! stage, so it may have several workers, each with sessions of its own; their results are put back in order here.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::detect_stage::{Decoded, DetectStage, Planned};
use super::looker::Looker;
use super::memory::frames_within;
use super::recover_stage::RecoverStage;
use super::refine::TrackRefiner;
use super::surfaces::Surfaces;
use super::worth::ScoreLimits;
use super::{CancelToken, EngineError, thread};
use crate::inference::{Detector, MeshRecoverer};
use crate::tracking::{ChangeMeter, MotionMeter};
use crate::types::{CameraMotion, FrameEvidence, Observation, StageTime};
use crate::video::{FrameSource, VideoError};

/// Frames that may wait before each stage, besides those that are planned together.
const QUEUE_FRAMES: usize = 3;

/// Bytes of frames in one queue, whatever their number; a decoded frame's bytes for each pixel.
const QUEUE_BYTES: u64 = 96 << 20;
const DECODED_BYTES_PER_PX: f64 = 1.5;

/// Most frames that are planned together, for the queue behind.
const MOST_TOGETHER: usize = 30;

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
    /// Frames from one that the detector looks at to the next; 1 for every frame.
    pub detect_every: u64,
}

/// What is known of the frames before the first one of a run.
pub struct Earlier {
    /// Have taken in the picture before it, where there is one.
    pub meters: Meters,
    /// Has taken in what was seen in all frames before it.
    pub detect: DetectStage,
}

/// What compares each picture with the one before it.
#[derive(Default)]
pub struct Meters {
    /// How much it changes.
    pub changes: ChangeMeter,
    /// How the camera moves.
    pub motion: MotionMeter,
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

/// Something of a frame on its way, numbered in the order of decoding.
#[derive(Debug)]
pub struct Numbered<T> {
    /// Counts from 0.
    pub sequence: u64,
    /// What it is.
    pub item: T,
}

/// Runs `source` through `stages` and hands each result, in order, to `sink` on the calling thread.
///
/// Ends early, without an error, when `cancel` is set: the caller knows that it asked. Gives the busy time of each
/// stage.
///
/// # Errors
/// The first stage that failed, or `sink`'s own error.
pub fn run(
    source: &mut dyn FrameSource,
    stages: &mut Stages,
    earlier: Earlier,
    cancel: &CancelToken,
    mut sink: impl FnMut(FrameResult) -> Result<(), EngineError>,
) -> Result<Vec<StageTime>, EngineError> {
    let size = (source.info().width, source.info().height);
    let fit = |most| frames_within(QUEUE_BYTES, size, DECODED_BYTES_PER_PX, most);
    let together = usize::try_from(stages.detect_every).unwrap_or(usize::MAX).min(MOST_TOGETHER);
    let (to_detect, detect_queue) = bounded::<Numbered<Decoded>>(fit(QUEUE_FRAMES));
    let (to_recover, recover_queue) =
        bounded::<Numbered<(Planned, CameraMotion)>>(fit(QUEUE_FRAMES + together));
    let (to_order, order_queue) = bounded::<Numbered<FrameResult>>(QUEUE_FRAMES * 4);
    let (scores, most) = (stages.scores, stages.max_people);
    let detect_stage = earlier.detect;
    let (looker, recoverers) = (&Looker::new(stages.detector.as_mut()), &mut stages.recoverers);
    let surfaces = stages.surfaces.as_ref();
    let Meters { changes, motion } = earlier.meters;
    let motion = MotionStage { meter: motion, last: None };

    std::thread::scope(|scope| {
        let bad_frames = to_order.clone();
        let decode = thread::spawn_scoped(scope, "decode", move || {
            decode(source, changes, cancel, &to_detect, &bad_frames)
        })?;
        let detect = thread::spawn_scoped(scope, "detect", move || {
            detect(detect_stage, motion, looker, cancel, &detect_queue, &to_recover)
        })?;
        let mut workers = Vec::with_capacity(recoverers.len());
        for recoverer in recoverers {
            let (queue, done) = (recover_queue.clone(), to_order.clone());
            let stage = RecoverStage::new(recoverer.as_mut(), surfaces, scores, most);
            workers.push(thread::spawn_scoped(scope, "recover", move || {
                recover(stage, looker, cancel, &queue, &done)
            })?);
        }
        drop((to_order, recover_queue));

        let delivered = deliver_in_order(order_queue, &mut sink);
        let decode_time = joined(decode.join(), "decode")?;
        joined(detect.join(), "detect")?;
        let mut recover_time = StageTime { stage: "recover".into(), frames: 0, busy_s: 0.0 };
        for worker in workers {
            let time = joined(worker.join(), "recover")?;
            recover_time.frames += time.frames;
            recover_time.busy_s += time.busy_s;
        }
        delivered.map(|()| vec![decode_time, looker.time(), recover_time])
    })
}

/// The result of a stage's thread; a panic in it is reported as a lost stage.
fn joined<T>(
    result: std::thread::Result<Result<T, EngineError>>,
    stage: &'static str,
) -> Result<T, EngineError> {
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

/// Tells how the camera moves, from frames in order.
struct MotionStage {
    meter: MotionMeter,
    /// Index of the last frame, where there was one.
    last: Option<u64>,
}

impl MotionStage {
    /// How the camera moved into the frame.
    fn take(&mut self, Planned { decoded, people }: &Planned) -> CameraMotion {
        let frame = &decoded.frame;
        if self.last.is_some_and(|last| last + 1 != frame.index) {
            self.meter.skip();
        }
        self.last = Some(frame.index);
        self.meter.take(&frame.image, people.detections.iter().map(|detection| detection.bbox))
    }
}

fn detect(
    mut stage: DetectStage,
    mut motion: MotionStage,
    looker: &Looker<'_>,
    cancel: &CancelToken,
    queue: &Receiver<Numbered<Decoded>>,
    next: &Sender<Numbered<(Planned, CameraMotion)>>,
) -> Result<(), EngineError> {
    let mut ready = Vec::new();
    // Whether the stage behind still takes frames; where it does not, its own result says why.
    let mut hand_on = |ready: &mut Vec<_>| {
        ready.drain(..).all(|Numbered { sequence, item: planned }| {
            let moved = motion.take(&planned);
            next.send(Numbered { sequence, item: (planned, moved) }).is_ok()
        })
    };
    for frame in queue {
        if cancel.is_cancelled() {
            return Ok(());
        }
        stage.take(frame, looker, &mut ready)?;
        if !hand_on(&mut ready) {
            return Ok(());
        }
    }
    if !cancel.is_cancelled() {
        stage.finish(looker, &mut ready)?;
        hand_on(&mut ready);
    }
    Ok(())
}

fn recover(
    mut stage: RecoverStage<'_>,
    looker: &Looker<'_>,
    cancel: &CancelToken,
    queue: &Receiver<Numbered<(Planned, CameraMotion)>>,
    next: &Sender<Numbered<FrameResult>>,
) -> Result<StageTime, EngineError> {
    let mut busy = Busy::new("recover");
    let people_in = |waiting: &[Numbered<(Planned, CameraMotion)>]| -> usize {
        waiting.iter().map(|one| one.item.0.people.detections.len()).sum()
    };
    while let Ok(first) = queue.recv() {
        // Frames that wait share a run; none is waited for.
        let mut waiting = vec![first];
        while people_in(&waiting) < stage.batch()
            && let Some(next) = (stage.batch() > 1).then(|| queue.try_recv().ok()).flatten()
        {
            waiting.push(next);
        }
        if cancel.is_cancelled() {
            break;
        }
        let (mut frames, mut people) = (Vec::new(), Vec::new());
        for Numbered { sequence, item: (planned, motion) } in waiting {
            people.push(planned.people);
            frames.push((sequence, planned.decoded, motion));
        }
        let shown = frames.iter().map(|(_, decoded, _)| &decoded.frame).zip(people).collect();
        let seen = busy.count(|| stage.recover(shown, Some(looker)))?;
        busy.frames += frames.len() as u64 - 1;
        for ((sequence, Decoded { frame, change }, motion), seen) in frames.into_iter().zip(seen) {
            let (index, pts) = (frame.index, Some(frame.pts));
            let evidence = FrameEvidence { motion, appearances: seen.appearances, masks: seen.masks };
            let item =
                FrameResult { index, pts, change, observations: seen.observations, evidence, warning: None };
            if next.send(Numbered { sequence, item }).is_err() {
                return Ok(busy.done());
            }
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
