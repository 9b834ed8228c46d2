//! The analysis on fakes: order, failure, cancelling, and taking up after a stop anywhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use snowmesh::engine::{
    AnalysisOutcome, CancelToken, EngineError, Progress, Reporter, ResolvedRiders, ScoreLimits, Stages,
    TrackChange, edit_tracks, run_stages,
};
use snowmesh::inference::fake::FakeRecoverer;
use snowmesh::inference::{Detector, InferenceError, MeshRecoverer};
use snowmesh::store::{AnalysisStore, ClipFingerprint, OpenMode, RunKey};
use snowmesh::types::{Detection, Device, Provenance, RgbImage, RiderFrame, TrackId};
use snowmesh::video::fake::FakeSource;

use common::numbered::{number_in, true_box};

/// Frames of the fake clip.
const FRAMES: u32 = 90;

/// Sees one person wherever the picture's number says so: he moves right by two pixels a frame and hides in frames 40
/// to 44. Reads the number out of the picture, so that a frame taken for another is found out.
struct NumberDetector {
    fails_at: Option<u64>,
}

impl Detector for NumberDetector {
    fn id(&self) -> &str {
        "number"
    }

    fn device(&self) -> Device {
        Device::Cpu
    }

    fn detect(&mut self, image: &RgbImage, _threshold: f32) -> Result<Vec<Detection>, InferenceError> {
        let frame = number_in(image);
        if self.fails_at == Some(frame) {
            return Err(InferenceError::Run { model: "number".into(), cause: "told to".into() });
        }
        let hidden = (40..45).contains(&frame);
        Ok(if hidden { Vec::new() } else { vec![Detection { bbox: true_box(frame), score: 0.9 }] })
    }
}

#[derive(Default)]
struct Notes {
    frames: Mutex<Vec<u64>>,
    warnings: Mutex<Vec<String>>,
    resolved: Mutex<Option<ResolvedRiders>>,
    /// Set after this many frames.
    cancel_after: Option<(usize, CancelToken)>,
}

impl Reporter for Notes {
    fn progress(&self, _progress: Progress) {}

    fn warning(&self, message: String) {
        self.warnings.lock().unwrap().push(message);
    }

    fn riders(&self, frame: u64, _riders: &[RiderFrame]) {
        let mut frames = self.frames.lock().unwrap();
        frames.push(frame);
        if let Some((count, token)) = &self.cancel_after
            && frames.len() == *count
        {
            token.cancel();
        }
    }

    fn resolved(&self, riders: ResolvedRiders) {
        *self.resolved.lock().unwrap() = Some(riders);
    }
}

fn fingerprint(folder: &Path) -> ClipFingerprint {
    let clip = folder.join("clip");
    if !clip.exists() {
        std::fs::write(&clip, b"stands for a clip").unwrap();
    }
    ClipFingerprint::of(&clip).unwrap()
}

fn stages(fails_at: Option<u64>, workers: usize) -> Stages {
    // Workers of different speed finish out of order.
    let recoverers = (0..workers)
        .map(|n| {
            let delay = Duration::from_micros(400 * n as u64);
            Box::new(FakeRecoverer::new().with_delay(delay)) as Box<dyn MeshRecoverer>
        })
        .collect();
    Stages {
        detector: Box::new(NumberDetector { fails_at }),
        recoverers,
        surfaces: None,
        refiner: None,
        scores: ScoreLimits::around(0.4),
        max_people: 4,
        detect_every: 1,
    }
}

fn analyse(
    folder: &Path,
    source: &mut FakeSource,
    stages: &mut Stages,
    cancel: &CancelToken,
    notes: &Notes,
) -> Result<AnalysisOutcome, EngineError> {
    let path = folder.join("clip.snowmesh");
    let (store, _) =
        AnalysisStore::open(&path, &fingerprint(folder), &RunKey::default(), OpenMode::Resume).unwrap();
    run_stages(source, stages, store, path, cancel, notes)
}

fn clip() -> FakeSource {
    FakeSource::with_constant_rate(320, 180, FRAMES)
}

/// The riders of an undisturbed run.
fn undisturbed() -> ResolvedRiders {
    let folder = tempfile::tempdir().unwrap();
    let notes = Notes::default();
    analyse(folder.path(), &mut clip(), &mut stages(None, 1), &CancelToken::default(), &notes).unwrap();
    notes.resolved.into_inner().unwrap().unwrap()
}

#[test]
fn frames_come_in_order_from_workers_of_different_speed() {
    let folder = tempfile::tempdir().unwrap();
    let notes = Notes::default();
    let outcome =
        analyse(folder.path(), &mut clip(), &mut stages(None, 3), &CancelToken::default(), &notes).unwrap();
    assert!(!outcome.reused);
    assert_eq!(*notes.frames.lock().unwrap(), (0..u64::from(FRAMES)).collect::<Vec<_>>());
    let resolved = notes.resolved.into_inner().unwrap().unwrap();
    assert_eq!(resolved.frames, undisturbed().frames);
}

#[test]
fn every_frame_has_the_one_rider_and_says_where_it_knows_him_from() {
    let riders = undisturbed();
    assert_eq!(riders.tracks.len(), 1);
    assert!(riders.main().is_some());
    assert_eq!(riders.frames.len(), FRAMES as usize);
    for (frame, here) in riders.frames.iter().enumerate() {
        let frame = frame as u64;
        let [rider] = here.as_slice() else { panic!("frame {frame}: {} riders", here.len()) };
        let hidden = (40..45).contains(&frame);
        let expected = if hidden { Provenance::Interpolated } else { Provenance::Detected };
        assert_eq!(rider.provenance, expected, "frame {frame}");
        let off = (rider.bbox.center() - true_box(frame).center()).length();
        assert!(off < if hidden { 3.0 } else { 0.01 }, "frame {frame}: {off} px off");
        assert!(rider.body.is_some(), "frame {frame}");
    }
}

#[test]
fn cancelling_keeps_what_was_done_and_the_rest_follows_later() {
    let folder = tempfile::tempdir().unwrap();
    let cancel = CancelToken::default();
    let notes = Notes { cancel_after: Some((20, cancel.clone())), ..Notes::default() };
    let mut slow = clip().with_delay(Duration::from_millis(1));
    let error = analyse(folder.path(), &mut slow, &mut stages(None, 2), &cancel, &notes).unwrap_err();
    assert!(matches!(error, EngineError::Cancelled));
    let seen = notes.frames.lock().unwrap().len();
    assert!((20..FRAMES as usize).contains(&seen), "{seen}");

    let store = AnalysisStore::open_read_only(&folder.path().join("clip.snowmesh")).unwrap();
    assert_eq!(store.next_frame().unwrap(), seen as u64);
    assert!(!store.is_finished().unwrap());
    drop(store);

    let notes = Notes::default();
    analyse(folder.path(), &mut clip(), &mut stages(None, 2), &CancelToken::default(), &notes).unwrap();
    assert_eq!(notes.resolved.into_inner().unwrap().unwrap().frames, undisturbed().frames);
}

#[test]
fn a_model_that_fails_anywhere_loses_nothing_that_came_before() {
    for fails_at in [0, 1, 17, 43, u64::from(FRAMES) - 1] {
        let folder = tempfile::tempdir().unwrap();
        let cancel = CancelToken::default();
        let error =
            analyse(folder.path(), &mut clip(), &mut stages(Some(fails_at), 2), &cancel, &Notes::default())
                .unwrap_err();
        assert!(error.to_string().contains("number"), "{error}");
        let store = AnalysisStore::open_read_only(&folder.path().join("clip.snowmesh")).unwrap();
        assert_eq!(store.next_frame().unwrap(), fails_at, "frames before the failure are kept");
        drop(store);
        let notes = Notes::default();
        analyse(folder.path(), &mut clip(), &mut stages(None, 2), &cancel, &notes).unwrap();
        assert_eq!(notes.resolved.into_inner().unwrap().unwrap().frames, undisturbed().frames);
    }
}

#[test]
fn a_damaged_frame_is_told_and_filled_in() {
    let folder = tempfile::tempdir().unwrap();
    let notes = Notes::default();
    let mut source = clip().with_bad_frames([10, 50]);
    let outcome =
        analyse(folder.path(), &mut source, &mut stages(None, 2), &CancelToken::default(), &notes).unwrap();
    assert_eq!(outcome.warnings.iter().map(|w| w.0).collect::<Vec<_>>(), [10, 50]);
    assert_eq!(notes.warnings.lock().unwrap().len(), 2);
    let riders = notes.resolved.into_inner().unwrap().unwrap();
    for frame in [10, 50] {
        assert_eq!(riders.frames[frame][0].provenance, Provenance::Interpolated);
    }
}

#[test]
fn what_the_user_changed_is_still_so_after_another_analysis_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.snowmesh");
    let run = |mode: OpenMode, key: &RunKey| {
        let notes = Notes::default();
        let (store, _) = AnalysisStore::open(&path, &fingerprint(folder.path()), key, mode).unwrap();
        let mut stages = stages(None, 1);
        run_stages(&mut clip(), &mut stages, store, path.clone(), &CancelToken::default(), &notes).unwrap();
        notes.resolved.into_inner().unwrap().unwrap()
    };
    let spans = |riders: &ResolvedRiders| -> Vec<(String, u64, u64)> {
        riders.tracks.iter().map(|track| (track.title(), track.first_frame, track.last_frame)).collect()
    };
    let edit = |change: TrackChange| edit_tracks(&path, u64::from(FRAMES), &change).unwrap();
    let found = run(OpenMode::Resume, &RunKey::default());
    edit(TrackChange::Split(TrackId(1), 60));
    let changed = edit(TrackChange::Rename(TrackId(2), "Zoi".into()));
    assert_eq!(spans(&changed), [("Rider 1".into(), 0, 59), ("Zoi".into(), 60, u64::from(FRAMES) - 1)]);

    let another = RunKey { algorithm_version: 77, ..RunKey::default() };
    let again = run(OpenMode::Restart, &another);
    assert_eq!(spans(&again), spans(&changed));
    assert_eq!(again.lost_edits, 0);

    edit(TrackChange::Undo);
    assert_eq!(edit(TrackChange::Undo).frames, found.frames);
    assert!(edit_tracks(&path, u64::from(FRAMES), &TrackChange::Undo).is_err());
    assert_eq!(spans(&edit(TrackChange::Redo))[1], ("Rider 2".into(), 60, u64::from(FRAMES) - 1));
    assert!(edit_tracks(&path, u64::from(FRAMES), &TrackChange::Main(TrackId(9))).is_err());
}
