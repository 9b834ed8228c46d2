//! Edits on scripted clips.

use glam::Vec2;

use super::super::scenes::{film, rider_at as person_at, settings};
use super::super::{FrameObservations, Resolved, resolve};
use super::*;

/// Two riders side by side, the second unseen in 20..30 and 15 frames longer in the clip than the first.
fn pair() -> (Resolved, Vec<f64>) {
    let clip = film(60, |frame, _| {
        let mut seen = Vec::new();
        if frame < 45 {
            seen.push(person_at(Vec2::new(150.0, 180.0)));
        }
        if !(20..30).contains(&frame) {
            seen.push(person_at(Vec2::new(480.0, 180.0)));
        }
        seen
    });
    (resolve(&settings(), &clip), times(&clip))
}

fn times(clip: &[FrameObservations]) -> Vec<f64> {
    clip.iter().map(|frame| frame.pts_s).collect()
}

fn apply(resolved: &mut Resolved, times_s: &[f64], edits: &[TrackEdit]) -> usize {
    let moments = Moments { times_s, cuts: &[] };
    apply_edits(&mut resolved.tracks, &mut resolved.frames, &moments, edits).len()
}

fn left() -> RiderAt {
    RiderAt { frame: 10, bbox: person_at(Vec2::new(150.0, 180.0)).detection.bbox }
}

fn right() -> RiderAt {
    RiderAt { frame: 10, bbox: person_at(Vec2::new(480.0, 180.0)).detection.bbox }
}

fn ids_in(resolved: &Resolved, frame: usize) -> Vec<u32> {
    resolved.frames[frame].iter().map(|rider| rider.track.0).collect()
}

#[test]
fn a_rider_is_found_by_his_place_whatever_his_number() {
    let (mut resolved, times_s) = pair();
    let place = rider_at(&resolved.frames, TrackId(2)).unwrap();
    let old = resolved.tracks[1].clone();
    // Another analysis numbers them the other way round and puts his box a little elsewhere.
    for rider in resolved.frames.iter_mut().flatten() {
        rider.track = TrackId(3 - rider.track.0);
        rider.bbox = rider.bbox.translated(Vec2::splat(4.0));
    }
    resolved.tracks[1].id = TrackId(1);
    resolved.tracks[0].id = TrackId(2);
    let lost =
        apply(&mut resolved, &times_s, &[TrackEdit::Rename { rider: place, name: Some("Ada".into()) }]);
    assert_eq!(lost, 0);
    let named = resolved.tracks.iter().find(|track| track.name.is_some()).unwrap();
    assert_eq!((named.id, named.first_frame), (TrackId(1), old.first_frame));
}

#[test]
fn an_edit_whose_rider_is_gone_changes_nothing_and_is_told() {
    let (mut resolved, times_s) = pair();
    let before = resolved.clone();
    let nowhere =
        RiderAt { frame: 10, ..RiderAt { bbox: left().bbox.translated(Vec2::splat(200.0)), ..left() } };
    let past_the_end = RiderAt { frame: 999, ..left() };
    let edits = [
        TrackEdit::Drop { rider: nowhere },
        TrackEdit::Main { rider: past_the_end },
        TrackEdit::Merge { rider: left(), with: left() },
        TrackEdit::Split { rider: left(), from: 0 },
    ];
    assert_eq!(apply(&mut resolved, &times_s, &edits), edits.len());
    assert_eq!(resolved, before);
}

#[test]
fn choosing_the_main_rider_dethrones_the_other_of_his_shot_alone() {
    let (mut resolved, times_s) = pair();
    let mut elsewhere = resolved.tracks[0].clone();
    (elsewhere.id, elsewhere.first_frame, elsewhere.last_frame) = (TrackId(9), 61, 70);
    elsewhere.is_main = true;
    resolved.tracks.push(elsewhere);
    let moments = Moments { times_s: &times_s, cuts: &[61] };
    for place in [right(), left()] {
        let edit = [TrackEdit::Main { rider: place }];
        apply_edits(&mut resolved.tracks, &mut resolved.frames, &moments, &edit);
    }
    let mains: Vec<_> = resolved.tracks.iter().filter(|track| track.is_main).map(|t| t.id.0).collect();
    assert_eq!(mains, [1, 9]);
}

#[test]
fn a_dropped_rider_is_nowhere_and_a_hidden_one_is_still_there() {
    let (mut resolved, times_s) = pair();
    let edits = [TrackEdit::Drop { rider: left() }, TrackEdit::Hide { rider: right(), hidden: true }];
    assert_eq!(apply(&mut resolved, &times_s, &edits), 0);
    assert_eq!(resolved.tracks.len(), 1);
    assert!(resolved.tracks[0].hidden);
    assert_eq!(ids_in(&resolved, 10), [2]);
}

#[test]
fn split_and_merged_again_is_what_it_was() {
    let (original, times_s) = pair();
    let mut resolved = original.clone();
    let later = RiderAt { frame: 30, ..left() };
    assert_eq!(apply(&mut resolved, &times_s, &[TrackEdit::Split { rider: left(), from: 25 }]), 0);
    assert_eq!(ids_in(&resolved, 24), [1, 2]);
    assert_eq!(ids_in(&resolved, 25), [2, 3]);
    let [first, _, second] = resolved.tracks.as_slice() else { panic!("{:?}", resolved.tracks) };
    assert_eq!((first.first_frame, first.last_frame, first.detected_frames), (0, 24, 25));
    assert_eq!((second.first_frame, second.detected_frames), (25, 20));
    assert_eq!(apply(&mut resolved, &times_s, &[TrackEdit::Merge { rider: left(), with: later }]), 0);
    assert_eq!(resolved, original);
}

#[test]
fn pieces_that_are_merged_are_joined_by_interpolation_unless_a_cut_lies_between() {
    let (original, times_s) = pair();
    let mut pieces = original;
    // Takes the filled-in frames of the second rider away and makes what follows somebody else.
    for riders in &mut pieces.frames[20..30] {
        riders.retain(|rider| rider.track == TrackId(1));
    }
    apply(&mut pieces, &times_s, &[TrackEdit::Split { rider: right(), from: 30 }]);
    let edit = [TrackEdit::Merge { rider: right(), with: RiderAt { frame: 40, ..right() } }];
    for (cuts, expected) in [(&[][..], vec![1, 2]), (&[25][..], vec![1])] {
        let mut merged = pieces.clone();
        let moments = Moments { times_s: &times_s, cuts };
        assert!(apply_edits(&mut merged.tracks, &mut merged.frames, &moments, &edit).is_empty());
        assert_eq!(ids_in(&merged, 25), expected, "cuts {cuts:?}");
        if cuts.is_empty() {
            let filled = &merged.frames[25][1];
            assert_eq!(filled.provenance, Provenance::Interpolated);
            assert!((filled.bbox.center() - right().bbox.center()).length() < 0.01);
            assert!(filled.body.is_some());
        }
    }
}

#[test]
fn where_both_were_told_the_one_who_was_seen_stays() {
    let (mut resolved, times_s) = pair();
    for riders in &mut resolved.frames[..5] {
        riders[0].provenance = Provenance::Predicted;
    }
    let edit = [TrackEdit::Merge { rider: left(), with: right() }];
    assert_eq!(apply(&mut resolved, &times_s, &edit), 0);
    assert_eq!(resolved.tracks.len(), 1);
    assert_eq!(ids_in(&resolved, 2), [1]);
    assert!((resolved.frames[2][0].bbox.center().x - 480.0).abs() < 0.01);
    assert_eq!(resolved.tracks[0].last_frame, 59);
}
