//! A long clip takes no more memory than one that is settled in one part, but for a few bytes a frame: what is measured here of
//! them is what a plan counts.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::path::Path;

use snowmesh::engine::{
    CancelToken, ModelPlaces, ModelShelf, PLANNED_BYTES_PER_FRAME, Progress, Reporter, ResolvedRiders,
    ScoreLimits, Stages, Surfaces, run_stages,
};
use snowmesh::inference::fake::{FakeDetector, FakeRecoverer};
use snowmesh::store::{AnalysisStore, ClipFingerprint, OpenMode, RunKey};
use snowmesh::types::{BBox, Detection, RiderFrame};
use snowmesh::video::fake::FakeSource;

/// Frames of the short clip and of the long one.
const FRAMES: (u32, u32) = (2000, 6000);

/// Ten minutes at 240 frames/s.
const LONGEST: u64 = 240 * 600;

struct Quiet;

impl Reporter for Quiet {
    fn progress(&self, _progress: Progress) {}

    fn warning(&self, message: String) {
        panic!("{message}");
    }

    fn riders(&self, _frame: u64, _riders: &[RiderFrame]) {}

    fn wants_riders(&self) -> bool {
        false
    }

    fn resolved(&self, _riders: ResolvedRiders) {}
}

/// Highest resident memory since this was called last, bytes (proc_pid_clear_refs(5)).
fn peak_so_far() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}

/// Analyses a clip of `frames` frames with one rider in all of them; how much memory that takes at most.
fn peak(folder: &Path, surfaces: impl Fn() -> Surfaces, frames: u32) -> u64 {
    let clip = folder.join(format!("clip-{frames}"));
    std::fs::write(&clip, frames.to_le_bytes()).unwrap();
    let path = folder.join(format!("clip-{frames}.snowmesh"));
    let key = ClipFingerprint::of(&clip).unwrap();
    let (store, _) = AnalysisStore::open(&path, &key, &RunKey::default(), OpenMode::Resume).unwrap();
    let rider = Detection { bbox: BBox::new(20.0, 10.0, 60.0, 80.0), score: 0.9 };
    let mut stages = Stages {
        detector: Box::new(FakeDetector::new(move |_| vec![rider.clone()])),
        recoverers: vec![Box::new(FakeRecoverer::new())],
        surfaces: Some(surfaces()),
        refiner: None,
        scores: ScoreLimits::around(0.4),
        max_people: 4,
        detect_every: 1,
    };
    let mut source = FakeSource::with_constant_rate(96, 96, frames);
    peak_so_far();
    run_stages(&mut source, &mut stages, store, path.clone(), &CancelToken::default(), &Quiet).unwrap();
    let most = peak_so_far();
    let tracks = AnalysisStore::open_read_only(&path).unwrap().tracks().unwrap();
    let detected: u64 = tracks.iter().map(|track| track.detected_frames).sum();
    assert_eq!(detected, u64::from(frames), "he is in every frame");
    most
}

#[test]
fn a_frame_more_takes_no_more_than_is_planned_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let body = ModelShelf::new(ModelPlaces::default()).body().unwrap();
    let surfaces = || Surfaces::new(std::sync::Arc::clone(&body));
    // What is loaded once is there already when it counts.
    peak(folder.path(), surfaces, 100);
    let short = peak(folder.path(), surfaces, FRAMES.0);
    let long = peak(folder.path(), surfaces, FRAMES.1);
    let each = long.saturating_sub(short) / u64::from(FRAMES.1 - FRAMES.0);
    println!("{short} bytes at most with {} frames, {long} with {}: {each} a frame", FRAMES.0, FRAMES.1);
    println!("{LONGEST} frames: {} MiB", (LONGEST * each) >> 20);
    assert!(each <= PLANNED_BYTES_PER_FRAME, "{each}");
}
