//! Following people between the frames that the detector looks at, and looking again where they were lost: on fakes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use snowmesh::engine::{
    AnalysisOutcome, CancelToken, EngineError, Progress, Reporter, ResolvedRiders, ScoreLimits, Stages,
    run_stages,
};
use snowmesh::inference::fake::FakeRecoverer;
use snowmesh::inference::{Detector, InferenceError, MeshRecoverer};
use snowmesh::store::{AnalysisStore, ClipFingerprint, OpenMode, RunKey};
use snowmesh::types::{BodyEstimate, Detection, Device, Provenance, RgbImage, RiderFrame};
use snowmesh::video::fake::FakeSource;

use common::numbered::{number_in, true_box};

const FRAMES: u32 = 90;
const EVERY: u64 = 6;
const PICTURE: (u32, u32) = (320, 180);

/// Frames in which the detector sees nobody.
const HIDDEN: std::ops::Range<u64> = 40..45;

/// Sees one person who moves right by two pixels a frame, by the number painted into the picture; in a part of a picture
/// it sees nobody.
struct NumberDetector {
    looks: Arc<AtomicUsize>,
}

impl Detector for NumberDetector {
    fn id(&self) -> &str {
        "number"
    }

    fn device(&self) -> Device {
        Device::Cpu
    }

    fn detect(&mut self, image: &RgbImage, _threshold: f32) -> Result<Vec<Detection>, InferenceError> {
        if (image.width, image.height) != PICTURE {
            return Ok(Vec::new());
        }
        self.looks.fetch_add(1, Ordering::Relaxed);
        let frame = number_in(image);
        let hidden = HIDDEN.contains(&frame);
        Ok(if hidden { Vec::new() } else { vec![Detection { bbox: true_box(frame), score: 0.9 }] })
    }
}

/// Sees a body in every box that is where the person is, whether or not the detector sees him.
struct SharpEyes(FakeRecoverer);

impl MeshRecoverer for SharpEyes {
    fn id(&self) -> &str {
        "sharp-eyes"
    }

    fn device(&self) -> Device {
        Device::Cpu
    }

    fn tells_presence(&self) -> bool {
        true
    }

    fn recover(
        &mut self,
        image: &RgbImage,
        detections: &[Detection],
    ) -> Result<Vec<Option<BodyEstimate>>, InferenceError> {
        let truth = true_box(number_in(image));
        let mut bodies = self.0.recover(image, detections)?;
        for (body, detection) in bodies.iter_mut().zip(detections) {
            let is_there = detection.bbox.iou(&truth) > 0.8;
            if let Some(body) = body {
                body.confidence = if is_there { 0.9 } else { 0.1 };
            }
        }
        Ok(bodies)
    }
}

#[derive(Default)]
struct Notes {
    resolved: Mutex<Option<ResolvedRiders>>,
    seen: AtomicUsize,
    /// Set after this many frames.
    cancel_after: Option<(usize, CancelToken)>,
}

impl Reporter for Notes {
    fn progress(&self, _progress: Progress) {}

    fn warning(&self, _message: String) {}

    fn riders(&self, _frame: u64, _riders: &[RiderFrame]) {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some((count, token)) = &self.cancel_after
            && seen == *count
        {
            token.cancel();
        }
    }

    fn resolved(&self, riders: ResolvedRiders) {
        *self.resolved.lock().unwrap() = Some(riders);
    }
}

struct Run {
    riders: Option<ResolvedRiders>,
    looks: usize,
    outcome: Result<AnalysisOutcome, EngineError>,
}

fn run(folder: &Path, recoverer: Box<dyn MeshRecoverer>, every: u64, cancel_after: Option<usize>) -> Run {
    let clip = folder.join("clip");
    std::fs::write(&clip, b"stands for a clip").unwrap();
    let path = folder.join("clip.snowmesh");
    let fingerprint = ClipFingerprint::of(&clip).unwrap();
    let (store, _) = AnalysisStore::open(&path, &fingerprint, &RunKey::default(), OpenMode::Resume).unwrap();
    let looks = Arc::new(AtomicUsize::new(0));
    let mut stages = Stages {
        detector: Box::new(NumberDetector { looks: Arc::clone(&looks) }),
        recoverers: vec![recoverer],
        surfaces: None,
        refiner: None,
        scores: ScoreLimits::around(0.4),
        max_people: 4,
        detect_every: every,
    };
    let cancel = CancelToken::default();
    let notes = Notes { cancel_after: cancel_after.map(|count| (count, cancel.clone())), ..Notes::default() };
    let mut source = FakeSource::with_constant_rate(PICTURE.0, PICTURE.1, FRAMES);
    let outcome = run_stages(&mut source, &mut stages, store, path, &cancel, &notes);
    let riders = notes.resolved.into_inner().unwrap();
    Run { riders, looks: looks.load(Ordering::Relaxed), outcome }
}

fn plain() -> Box<dyn MeshRecoverer> {
    Box::new(FakeRecoverer::new())
}

fn undisturbed(every: u64) -> (ResolvedRiders, usize) {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), plain(), every, None);
    run.outcome.unwrap();
    (run.riders.unwrap(), run.looks)
}

#[test]
fn a_rider_is_followed_through_frames_that_nobody_looks_at() {
    let (riders, looks) = undisturbed(EVERY);
    let (every_frame, _) = undisturbed(1);
    assert!(looks < FRAMES as usize / 3, "the detector looked {looks} times");
    for (frame, (followed, looked_at)) in riders.frames.iter().zip(&every_frame.frames).enumerate() {
        let ([followed], [looked_at]) = (followed.as_slice(), looked_at.as_slice()) else {
            panic!("frame {frame}: not one rider");
        };
        assert_eq!(followed.provenance, looked_at.provenance, "frame {frame}");
        let off = followed.bbox.center().distance(looked_at.bbox.center());
        assert!(off < 0.01, "frame {frame}: {off} px off");
    }
}

#[test]
fn an_analysis_stopped_anywhere_ends_as_if_nothing_had_happened() {
    let (whole, _) = undisturbed(EVERY);
    for stop in [1, 5, 6, 7, 38, 41, 47, 80] {
        let folder = tempfile::tempdir().unwrap();
        let stopped = run(folder.path(), plain(), EVERY, Some(stop));
        assert!(matches!(stopped.outcome, Err(EngineError::Cancelled)), "after {stop}");
        let rest = run(folder.path(), plain(), EVERY, None);
        rest.outcome.unwrap();
        assert_eq!(rest.riders.unwrap().frames, whole.frames, "stopped after {stop}");
    }
}

#[test]
fn a_rider_whom_the_detector_lost_is_seen_again_by_the_landmarks() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), Box::new(SharpEyes(FakeRecoverer::new())), EVERY, None);
    run.outcome.unwrap();
    let riders = run.riders.unwrap();
    for (frame, here) in riders.frames.iter().enumerate() {
        let [rider] = here.as_slice() else { panic!("frame {frame}: {} riders", here.len()) };
        let frame = frame as u64;
        let expected = if HIDDEN.contains(&frame) { Provenance::ReDetected } else { Provenance::Detected };
        assert_eq!(rider.provenance, expected, "frame {frame}");
        assert!(rider.bbox.iou(&true_box(frame)) > 0.8, "frame {frame}");
    }
    assert_eq!(riders.tracks[0].detected_frames, u64::from(FRAMES));
}
