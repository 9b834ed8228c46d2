//! Input that nobody should send and somebody will.

use glam::Vec2;

use super::scenes::{Noise, film, rider_at, seen, settings};
use super::{FrameObservations, Resolved, Tracker, resolve};
use crate::types::{BBox, CameraMotion, FrameEvidence, Observation, Similarity, SurfaceColors};

/// What holds of every result: finite boxes and scores, ids ascending within a frame, none told that is no track.
fn checked(clip: &[FrameObservations]) -> Resolved {
    let resolved = resolve(&settings(), clip);
    assert_eq!(resolved.frames.len(), clip.len());
    for riders in &resolved.frames {
        assert!(riders.is_sorted_by(|a, b| a.track < b.track));
        for rider in riders {
            assert!(rider.bbox.is_valid() && rider.score.is_finite(), "{rider:?}");
            assert!(resolved.tracks.iter().any(|track| track.id == rider.track));
        }
    }
    // By their texts, since a number that is none is not equal to itself.
    let text = |of: &dyn std::fmt::Debug| format!("{of:?}");
    assert!(text(&resolve(&settings(), clip)) == text(&resolved), "the same input gives the same riders");
    let live = || -> Vec<_> {
        let mut tracker = Tracker::new(settings());
        clip.iter().map(|f| tracker.advance(f.frame, f.pts_s, &f.observations, &f.evidence)).collect()
    };
    assert!(text(&live()) == text(&live()));
    resolved
}

fn rider(t: f32) -> Observation {
    rider_at(Vec2::new(200.0 + 60.0 * t, 150.0))
}

#[test]
fn two_hundred_boxes_in_every_frame_are_tracked_alike_in_every_run() {
    let mut noise = Noise(7);
    let places: Vec<Vec2> = (0..200).map(|_| Vec2::new(640.0 * noise.next(), 360.0 * noise.next())).collect();
    let clip = film(20, |frame, t| {
        let box_at = |place: &Vec2| {
            let mut box_at = seen(BBox::from_center(*place, Vec2::new(12.0, 24.0)), 0.6);
            // Bodies of one frame only, so that matching has to do without.
            if frame % 2 == 0 {
                box_at.body = None;
            }
            box_at
        };
        places.iter().map(box_at).chain([rider(t)]).collect()
    });
    let resolved = checked(&clip);
    assert!(resolved.tracks.len() > 100, "{}", resolved.tracks.len());
}

#[test]
fn times_that_repeat_run_back_or_are_none_lose_only_their_own_frames() {
    let mut clip = film(60, |_, t| vec![rider(t)]);
    clip[20].pts_s = clip[19].pts_s;
    clip[30].pts_s = 0.1;
    clip[40].pts_s = f64::NAN;
    clip[45].pts_s = f64::INFINITY;
    clip[50].frame = 49;
    let resolved = checked(&clip);
    assert_eq!(resolved.tracks.len(), 1);
    let detected = clip.len() - 5;
    assert_eq!(resolved.tracks[0].detected_frames, detected as u64);
}

#[test]
fn boxes_without_an_area_and_scores_that_are_none_are_nobody() {
    let clip = film(40, |frame, t| {
        let at = Vec2::new(500.0, 250.0);
        let mut bad = vec![
            seen(BBox { min: at, max: at }, 0.9),
            seen(BBox::new(500.0, 250.0, 400.0, 300.0), 0.9),
            seen(BBox::new(f32::NAN, 0.0, 50.0, 100.0), 0.9),
            seen(BBox::new(480.0, 200.0, 520.0, 300.0), f32::NAN),
            seen(BBox::new(0.0, 0.0, f32::INFINITY, 100.0), 0.9),
        ];
        if frame.is_multiple_of(2) {
            bad.reverse();
        }
        bad.push(rider(t));
        bad
    });
    let resolved = checked(&clip);
    assert_eq!(resolved.tracks.len(), 1);
    assert_eq!(resolved.tracks[0].detected_frames, 40);
}

#[test]
fn bodies_and_motions_of_no_numbers_do_not_part_a_rider_from_himself() {
    let mut clip = film(40, |frame, t| {
        let mut rider = rider(t);
        if let Some(body) = rider.body.as_mut().filter(|_| frame % 3 == 1) {
            body.joints_3d[0].z = f32::NAN;
            body.smpl.betas[3] = f32::INFINITY;
            body.confidence = f32::NAN;
        }
        vec![rider]
    });
    for (index, frame) in clip.iter_mut().enumerate() {
        // Colours of fewer and of more people than there are.
        let colors = Some(SurfaceColors::default());
        frame.evidence.appearances = vec![colors; index % 3];
        if index % 5 == 0 {
            let motion = Similarity { a: f32::NAN, b: 0.0, shift_px: Vec2::splat(f32::INFINITY) };
            frame.evidence.motion = CameraMotion::Known(motion);
        }
    }
    let resolved = checked(&clip);
    assert_eq!(resolved.tracks.len(), 1);
    assert_eq!(resolved.tracks[0].detected_frames, 40);
}

#[test]
fn frames_without_anybody_are_frames_without_anybody() {
    let clip = film(60, |frame, t| if (20..40).contains(&frame) { vec![] } else { vec![rider(t)] });
    let resolved = checked(&clip);
    assert_eq!(resolved.tracks.len(), 1);
    assert!(checked(&film(30, |_, _| vec![])).tracks.is_empty());
    let nothing = FrameEvidence::default();
    let mut tracker = Tracker::new(settings());
    assert_eq!(tracker.advance(u64::MAX, 1e300, &[], &nothing), []);
    assert_eq!(tracker.advance(0, 0.0, &[rider(0.0)], &nothing), []);
}
