//! What a user relies on: nothing written is lost, nothing unreadable is harmed.

mod damage;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::samples::{body, fingerprint, key, record, records};
use super::*;
use crate::types::edits::{EditLog, RiderAt, TrackEdit};
use crate::types::moments::{ClipNotes, KeyMoment};
use crate::types::{BBox, Provenance, RiderFrame, RunSummary, StageTime, Track, TrackId};

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = default_path(&dir.path().join("Sprung über 2 m.mp4"));
    (dir, path)
}

fn open(path: &Path, mode: OpenMode) -> Result<(AnalysisStore, Opened), StoreError> {
    AnalysisStore::open(path, &fingerprint(), &key(), mode)
}

fn resume(path: &Path) -> (AnalysisStore, Opened) {
    open(path, OpenMode::Resume).unwrap()
}

fn store_with(path: &Path, frames: u64) -> AnalysisStore {
    let (mut store, opened) = resume(path);
    assert_eq!(opened, Opened::New);
    store.append(&records(0..frames)).unwrap();
    store
}

fn summary() -> RunSummary {
    RunSummary {
        detector: "nanodet".to_owned(),
        wall_s: 12.5,
        fps: 0.1 + 0.2,
        peak_rss_bytes: u64::MAX,
        stages: vec![StageTime { stage: "detect".to_owned(), frames: 7, busy_s: 1.0 / 3.0 }],
        ..RunSummary::default()
    }
}

#[test]
fn frames_come_back_as_they_were_written() {
    let (_dir, path) = place();
    let store = store_with(&path, 9);
    assert_eq!(store.observations(..).unwrap(), records(0..9));
    assert_eq!(store.observations(2..5).unwrap(), records(2..5));
    assert_eq!(store.observations(7..=7).unwrap(), records(7..8));
    assert_eq!(store.observations(5..5).unwrap(), []);
    assert_eq!(store.observations(9..).unwrap(), []);
    drop(store);
    assert_eq!(AnalysisStore::open_read_only(&path).unwrap().observations(..).unwrap(), records(0..9));
}

#[test]
fn a_frame_written_again_replaces_the_old_one() {
    let (_dir, path) = place();
    let mut store = store_with(&path, 6);
    let mut again = record(5);
    again.observations.truncate(1);
    again.evidence.appearances.truncate(1);
    again.warning = Some("seen twice".to_owned());
    store.append(std::slice::from_ref(&again)).unwrap();
    assert_eq!(store.observations(5..).unwrap(), [again]);
}

#[test]
fn what_is_no_number_comes_back_as_no_number_and_a_bad_time_is_refused() {
    let (_dir, path) = place();
    let mut store = store_with(&path, 2);
    let mut odd = record(2);
    odd.observations[0].detection.score = f32::NAN;
    odd.observations[0].detection.bbox.max.x = f32::INFINITY;
    store.append(&[odd]).unwrap();
    let read = store.observations(2..).unwrap().remove(0).observations.remove(0).detection;
    assert!(read.score.is_nan());
    assert_eq!(read.bbox.max.x, f32::INFINITY);

    let mut timeless = record(4);
    timeless.pts_s = f64::NAN;
    let error = store.append(&[record(3), timeless]).unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }));
    assert_eq!(store.next_frame().unwrap(), 3, "a refused batch leaves nothing");
    let far = FrameRecord { frame: u64::MAX, ..record(1) };
    assert!(matches!(store.append(&[far]), Err(StoreError::Invalid { .. })));
}

#[test]
fn the_next_frame_is_the_first_hole() {
    let (_dir, path) = place();
    let (mut store, _) = resume(&path);
    assert_eq!(store.next_frame().unwrap(), 0);
    store.append(&records(1..3)).unwrap();
    assert_eq!(store.next_frame().unwrap(), 0);
    store.append(&[record(0), record(5)]).unwrap();
    assert_eq!(store.next_frame().unwrap(), 3);
    store.append(&records(3..5)).unwrap();
    assert_eq!(store.next_frame().unwrap(), 6);
}

fn riders() -> (Vec<Track>, Vec<Vec<RiderFrame>>) {
    let rider = |id, provenance, body| RiderFrame {
        track: TrackId(id),
        provenance,
        score: 0.7,
        bbox: BBox::new(1.1, 2.2, 3.3, 4.4),
        body,
    };
    let frames = vec![
        vec![],
        vec![rider(1, Provenance::Detected, Some(body(1))), rider(2, Provenance::Missing, None)],
        vec![rider(1, Provenance::Interpolated, Some(body(2)))],
        vec![rider(1, Provenance::Predicted, None)],
    ];
    let track = |id, is_main| Track {
        id: TrackId(id),
        first_frame: 1,
        last_frame: 3,
        detected_frames: 1,
        is_main,
        name: None,
        hidden: false,
    };
    (vec![track(1, true), track(2, false)], frames)
}

/// Writes riders of all stored frames, and tracks.
fn write(store: &mut AnalysisStore, tracks: &[Track], frames: &[Vec<RiderFrame>]) -> Result<(), StoreError> {
    let numbers: Vec<u64> = store.frames(..)?.iter().map(|record| record.frame).collect();
    store.write_riders(&numbers, frames)?;
    store.write_tracks(tracks)
}

#[test]
fn tracks_come_back_and_a_second_writing_replaces_the_first() {
    let (_dir, path) = place();
    let mut store = store_with(&path, 4);
    let (tracks, frames) = riders();
    write(&mut store, &tracks, &frames).unwrap();
    assert_eq!(store.tracks().unwrap(), tracks);
    assert_eq!(store.riders(0).unwrap(), []);
    assert_eq!(store.riders(1).unwrap(), frames[1]);
    let expected: Vec<_> = (0..).zip(frames.clone()).filter(|(_, riders)| !riders.is_empty()).collect();
    assert_eq!(store.riders_range(..).unwrap(), expected);
    assert_eq!(store.riders_range(3..).unwrap(), [(3, frames[3].clone())]);

    write(&mut store, &tracks[..1], &frames[..1]).unwrap();
    assert_eq!(store.tracks().unwrap(), tracks[..1]);
    assert_eq!(store.riders_range(..).unwrap(), []);
}

#[test]
fn riders_belong_to_stored_frames_in_order() {
    let (_dir, path) = place();
    let (mut store, _) = resume(&path);
    store.append(&[record(3), record(8), record(20), record(21)]).unwrap();
    let (tracks, mut frames) = riders();
    write(&mut store, &tracks, &frames).unwrap();
    assert_eq!(store.riders(8).unwrap(), frames[1]);
    assert_eq!(store.riders(20).unwrap(), frames[2]);
    frames.push(vec![]);
    assert!(matches!(write(&mut store, &[], &frames), Err(StoreError::Invalid { .. })));
    assert_eq!(store.tracks().unwrap(), tracks, "a refused writing leaves the old one");
}

#[test]
fn a_run_that_ends_without_finishing_resumes_behind_its_last_frame() {
    let (_dir, path) = place();
    drop(store_with(&path, 5));
    let (mut store, opened) = resume(&path);
    assert_eq!(opened, Opened::Resumed { next_frame: 5 });
    store.append(&records(5..8)).unwrap();
    store.finish(&summary()).unwrap();
    assert!(matches!(store.append(&records(8..9)), Err(StoreError::NotAppendable { .. })));
    drop(store);
    let (mut store, opened) = resume(&path);
    assert_eq!(opened, Opened::Finished);
    assert_eq!(store.summary().unwrap(), Some(summary()));
    assert_eq!(store.observations(..).unwrap(), records(0..8));
    write(&mut store, &riders().0, &riders().1).unwrap();
}

/// What a killed process leaves: the files as they are on disk while the writer still has them open.
#[test]
fn a_killed_run_resumes_from_the_log_beside_the_file() {
    let (dir, path) = place();
    let store = store_with(&path, 7);
    let left = dir.path().join("left");
    std::fs::create_dir(&left).unwrap();
    let copy = left.join("clip.mp4.snowmesh");
    for suffix in ["", "-wal", "-lock"] {
        let from = PathBuf::from(format!("{}{suffix}", path.display()));
        std::fs::copy(from, format!("{}{suffix}", copy.display())).unwrap();
    }
    drop(store);
    let (store, opened) = resume(&copy);
    assert_eq!(opened, Opened::Resumed { next_frame: 7 });
    assert_eq!(store.observations(..).unwrap(), records(0..7));
}

/// A log cut off in the middle of a batch, as by a power cut: SQLite drops the batch that is not whole.
#[test]
fn a_cut_off_log_loses_whole_batches_only() {
    let (dir, path) = place();
    let (mut store, _) = resume(&path);
    for start in (0..40).step_by(4) {
        store.append(&records(start..start + 4)).unwrap();
    }
    let wal = std::fs::read(format!("{}-wal", path.display())).unwrap();
    let main = std::fs::read(&path).unwrap();
    drop(store);
    let mut seen = Vec::new();
    for part in 1..=8 {
        let copy = dir.path().join(format!("cut-{part}"));
        std::fs::write(&copy, &main).unwrap();
        std::fs::write(format!("{}-wal", copy.display()), &wal[..wal.len() * part / 8]).unwrap();
        let (store, opened) = resume(&copy);
        let next = store.next_frame().unwrap();
        assert_eq!(next % 4, 0, "{opened:?}");
        assert_eq!(store.observations(..).unwrap(), records(0..next));
        seen.push(next);
    }
    assert!(seen.is_sorted() && seen[0] < 40 && seen[7] == 40, "{seen:?}");
}

#[test]
fn wall_time_adds_up_over_sittings() {
    let (_dir, path) = place();
    let mut store = store_with(&path, 1);
    store.mark_wall_s(2.0).unwrap();
    store.mark_wall_s(3.0).unwrap();
    drop(store);
    let (mut store, _) = resume(&path);
    assert_eq!(store.wall_s().unwrap(), 3.0);
    store.mark_wall_s(1.5).unwrap();
    assert_eq!(store.wall_s().unwrap(), 4.5);
    assert!(store.mark_wall_s(f64::NAN).is_err());
    let (mut store, _) = {
        drop(store);
        open(&path, OpenMode::Restart).unwrap()
    };
    store.mark_wall_s(1.0).unwrap();
    assert_eq!(store.wall_s().unwrap(), 1.0);
}

#[test]
fn a_changed_clip_or_setting_is_told_and_destroys_nothing_until_restarted() {
    let (_dir, path) = place();
    store_with(&path, 5).finish(&summary()).unwrap();

    let mut touched = fingerprint();
    touched.mtime_ns += 1;
    let (store, opened) = AnalysisStore::open(&path, &touched, &key(), OpenMode::Resume).unwrap();
    assert_eq!(opened, Opened::Finished);
    assert_eq!(store.clip().unwrap(), touched);
    drop(store);

    let mut edited = fingerprint();
    edited.content_sha256_of_samples = "ee".to_owned();
    let mut other = key();
    other.thresholds.insert("score".to_owned(), 0.36);
    for (clip, key, expected) in [
        (&edited, &key(), Opened::ClipChanged),
        (&edited, &other, Opened::ClipChanged),
        (&touched, &other, Opened::SettingsChanged),
    ] {
        let (mut store, opened) = AnalysisStore::open(&path, clip, key, OpenMode::Resume).unwrap();
        assert_eq!(opened, expected);
        assert!(matches!(store.append(&records(5..6)), Err(StoreError::NotAppendable { .. })));
        assert!(matches!(store.write_tracks(&[]), Err(StoreError::NotAppendable { .. })));
        assert!(matches!(store.write_riders(&[0], &[vec![]]), Err(StoreError::NotAppendable { .. })));
        assert_eq!(store.observations(..).unwrap(), records(0..5));
    }

    let (mut store, opened) = AnalysisStore::open(&path, &edited, &other, OpenMode::Restart).unwrap();
    assert_eq!(opened, Opened::New);
    assert_eq!((store.next_frame().unwrap(), store.is_finished().unwrap()), (0, false));
    assert_eq!(store.summary().unwrap(), None);
    assert_eq!((store.clip().unwrap(), store.run_key().unwrap()), (edited, other));
    store.append(&records(0..2)).unwrap();
}

#[test]
fn one_writer_at_a_time_and_readers_meanwhile() {
    let (_dir, path) = place();
    let mut writer = store_with(&path, 3);
    let error = open(&path, OpenMode::Restart).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    let mut reader = AnalysisStore::open_read_only(&path).unwrap();
    assert_eq!(reader.next_frame().unwrap(), 3);
    writer.append(&records(3..6)).unwrap();
    assert_eq!(reader.next_frame().unwrap(), 6);
    assert!(matches!(reader.append(&[]), Err(StoreError::NotAppendable { .. })));
    assert!(matches!(reader.restart(&fingerprint(), &key()), Err(StoreError::NotAppendable { .. })));
    drop(reader);
    writer.append(&records(6..7)).unwrap();
    drop(writer);
    assert_eq!(resume(&path).1, Opened::Resumed { next_frame: 7 });
}

#[test]
fn a_closed_analysis_is_one_file() {
    let (dir, path) = place();
    drop(store_with(&path, 3));
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    if cfg!(unix) {
        assert_eq!(names, [path]);
    }
}

#[test]
fn changes_by_hand_outlive_a_restart_of_the_same_clip_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.snowmesh");
    let rider = RiderAt { frame: 3, bbox: BBox::new(1.0, 2.0, 30.0, 40.0) };
    let mut log = EditLog::default();
    log.push(TrackEdit::Drop { rider });
    let (mut store, _) = AnalysisStore::open(&path, &fingerprint(), &key(), OpenMode::Resume).unwrap();
    assert_eq!(store.edits().unwrap(), EditLog::default());
    store.write_edits(&log).unwrap();
    let other_key = RunKey { algorithm_version: 99, ..key() };
    store.restart(&fingerprint(), &other_key).unwrap();
    assert_eq!(store.edits().unwrap(), log);
    let other_clip = ClipFingerprint { content_sha256_of_samples: "other".into(), ..fingerprint() };
    store.restart(&other_clip, &other_key).unwrap();
    assert_eq!(store.edits().unwrap(), EditLog::default());
}

#[test]
fn a_file_from_before_changes_of_picture_were_kept_is_read_and_completed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.snowmesh");
    let (mut store, _) = AnalysisStore::open(&path, &fingerprint(), &key(), OpenMode::Resume).unwrap();
    store.append(&records(0..3)).unwrap();
    store.conn.execute_batch("DROP TABLE changes;").unwrap();
    drop(store);
    let read = AnalysisStore::open_read_only(&path).unwrap().observations(..).unwrap();
    assert_eq!(read[2], FrameRecord { change: None, ..record(2) });
    let (mut store, _) = AnalysisStore::open(&path, &fingerprint(), &key(), OpenMode::Resume).unwrap();
    store.append(&records(3..5)).unwrap();
    assert_eq!(store.frames(3..).unwrap()[0].change, record(3).change);
}

#[test]
fn notes_outlive_the_analysis_and_files_without_any_open() {
    let (_dir, path) = place();
    let mut store = store_with(&path, 3);
    assert_eq!(store.notes().unwrap(), ClipNotes::default());
    let mut notes = ClipNotes { capture_fps: Some(240.0), ..ClipNotes::default() };
    notes.put(KeyMoment { frame: 2, name: "grab, 飛".into() });
    notes.put(KeyMoment { frame: 0, name: String::new() });
    store.write_notes(&notes).unwrap();
    drop(store);
    assert_eq!(AnalysisStore::open_read_only(&path).unwrap().notes().unwrap(), notes);
    let (mut again, _) = open(&path, OpenMode::Restart).unwrap();
    assert_eq!(again.next_frame().unwrap(), 0);
    assert_eq!(again.notes().unwrap(), notes);
    again.write_notes(&ClipNotes::default()).unwrap();
    assert_eq!(again.notes().unwrap(), ClipNotes::default());
    assert!(AnalysisStore::open_read_only(&path).unwrap().write_notes(&notes).is_err());
}
