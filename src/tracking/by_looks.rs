//! Clips in which place alone would not tell who is who.

use glam::Vec2;

use super::scenes::{film, rider_at, seen, settings};
use super::{FrameObservations, Resolved, resolve};
use crate::types::appearance::Patch;
use crate::types::{BBox, CameraMotion, Observation, Similarity, SurfaceColors};

const ORANGE: [u8; 3] = [220, 110, 30];
const BLUE: [u8; 3] = [30, 90, 190];
const GREY: [u8; 3] = [70, 75, 85];

/// A jacket of one colour and black trousers, seen from the front.
fn dressed(jacket: [u8; 3]) -> Option<SurfaceColors> {
    let mut colors = SurfaceColors::default();
    colors.patches_mut()[..150].fill(Patch { rgb: jacket, weight: 180 });
    colors.patches_mut()[150..280].fill(Patch { rgb: [25, 25, 30], weight: 180 });
    Some(colors)
}

/// The clip with the colours of every observation, which `colors` tells from its box.
fn coloured(
    mut clip: Vec<FrameObservations>,
    colors: impl Fn(u64, &BBox) -> Option<SurfaceColors>,
) -> Vec<FrameObservations> {
    for frame in &mut clip {
        let boxes = frame.observations.iter().map(|o| o.detection.bbox);
        frame.evidence.appearances = boxes.map(|bbox| colors(frame.frame, &bbox)).collect();
    }
    clip
}

fn ids_at(resolved: &Resolved, at: usize, place: Vec2) -> Vec<u32> {
    let near = resolved.frames[at].iter().filter(|rider| rider.bbox.center().distance(place) < 30.0);
    near.map(|rider| rider.track.0).collect()
}

#[test]
fn who_is_clearly_recognised_after_a_cut_keeps_his_identity() {
    let (left, right) = (Vec2::new(200.0, 180.0), Vec2::new(440.0, 180.0));
    let clip = |second: [[u8; 3]; 2]| {
        let mut clip = film(60, |_, _| vec![rider_at(left), rider_at(right)]);
        for (index, frame) in clip.iter_mut().enumerate().skip(1) {
            frame.change = Some(if index == 30 { 60.0 } else { 2.0 });
        }
        coloured(clip, move |frame, bbox| {
            let [first, other] = if frame < 30 { [ORANGE, BLUE] } else { second };
            dressed(if bbox.center().x < 320.0 { first } else { other })
        })
    };
    // They have changed sides.
    let resolved = resolve(&settings(), &clip([BLUE, ORANGE]));
    assert_eq!(resolved.tracks.len(), 2);
    assert_eq!((ids_at(&resolved, 10, left), ids_at(&resolved, 10, right)), (vec![1], vec![2]));
    assert_eq!((ids_at(&resolved, 50, left), ids_at(&resolved, 50, right)), (vec![2], vec![1]));
    assert_eq!(resolved.tracks[0].last_frame, 59);
    assert_eq!(resolved.tracks[0].detected_frames, 60);
    assert_eq!(resolved.tracks.iter().filter(|track| track.is_main).count(), 1);

    // Two who are dressed alike are not told apart: both are new, and so is a stranger.
    let resolved = resolve(&settings(), &clip([ORANGE, ORANGE]));
    assert_eq!(resolved.tracks.len(), 4);
    assert_eq!(resolve(&settings(), &clip([[40, 200, 40], ORANGE])).tracks.len(), 3);
}

#[test]
fn who_comes_back_after_long_is_known_by_what_he_wears_and_a_stranger_is_not() {
    // Gone for seven seconds, back on the other side.
    let clip = |back| {
        let clip = film(300, |frame, _| match frame {
            0..40 => vec![rider_at(Vec2::new(600.0, 180.0))],
            250.. => vec![rider_at(Vec2::new(60.0, 200.0))],
            _ => vec![],
        });
        coloured(clip, move |frame, _| dressed(if frame < 40 { ORANGE } else { back }))
    };
    let resolved = resolve(&settings(), &clip(ORANGE));
    assert_eq!(resolved.tracks.len(), 1);
    assert_eq!(resolved.frames[200], []);
    assert_eq!(resolve(&settings(), &clip(BLUE)).tracks.len(), 2);
}

#[test]
fn a_track_on_which_somebody_else_goes_on_is_parted_and_a_sight_in_spray_is_none() {
    // One box all along, as where the front one of two hides the other and rides on.
    let clip = |blue: std::ops::Range<u64>| {
        let clip = film(120, |_, t| vec![rider_at(Vec2::new(150.0 + 60.0 * t, 180.0))]);
        coloured(clip, move |frame, _| dressed(if blue.contains(&frame) { BLUE } else { ORANGE }))
    };
    let resolved = resolve(&settings(), &clip(50..120));
    let spans: Vec<_> =
        resolved.tracks.iter().map(|track| (track.first_frame, track.detected_frames)).collect();
    assert_eq!(spans, [(0, 50), (50, 70)]);
    assert_eq!(resolve(&settings(), &clip(50..65)).tracks.len(), 1);
}

#[test]
fn a_rider_all_in_grey_is_followed_by_his_place() {
    let clip = film(120, |frame, t| match frame {
        50..65 => vec![],
        _ => vec![rider_at(Vec2::new(150.0 + 60.0 * t, 180.0))],
    });
    let mut grey = SurfaceColors::default();
    grey.patches_mut()[..250].fill(Patch { rgb: [60, 60, 60], weight: 180 });
    assert_eq!(resolve(&settings(), &coloured(clip, |_, _| Some(grey.clone()))).tracks.len(), 1);
}

#[test]
fn a_sight_where_he_was_expected_does_not_keep_him_from_being_known_when_he_comes_back() {
    let clip = film(200, |frame, t| match frame {
        0..60 => vec![rider_at(Vec2::new(150.0 + 20.0 * t, 180.0))],
        // A pole where he should be by now.
        90 => vec![rider_at(Vec2::new(150.0 + 20.0 * t, 180.0)), rider_at(Vec2::new(500.0, 180.0))],
        88.. => vec![rider_at(Vec2::new(500.0, 180.0))],
        _ => vec![],
    });
    let clip =
        coloured(clip, |frame, bbox| if frame == 90 && bbox.min.x < 400.0 { None } else { dressed(ORANGE) });
    let resolved = resolve(&settings(), &clip);
    assert_eq!(resolved.tracks.len(), 1, "{:?}", resolved.tracks);
    assert_eq!(ids_at(&resolved, 150, Vec2::new(500.0, 180.0)), [1]);
}

/// At the bottom edge, wide, with skeletons that are worth nothing.
fn doubtful() -> Observation {
    let mut seen = seen(BBox::new(380.0, 260.0, 500.0, 359.0), 0.5);
    if let Some(body) = &mut seen.body {
        body.confidence = 0.12;
        body.joints_2d.iter_mut().for_each(|keypoint| keypoint.score = 0.15);
    }
    seen
}

#[test]
fn a_shadow_is_nobody_but_a_rider_at_the_edge_in_jacket_and_trousers_is_somebody() {
    let clip = || film(90, |_, t| vec![rider_at(Vec2::new(250.0 + 30.0 * t, 120.0)), doubtful()]);
    let plain = |rgb| {
        let mut colors = SurfaceColors::default();
        colors.patches_mut()[..250].fill(Patch { rgb, weight: 30 });
        Some(colors)
    };
    let at_edge = |bbox: &BBox| bbox.max.y > 300.0;
    let shadow = coloured(clip(), |_, bbox| if at_edge(bbox) { plain(GREY) } else { dressed(ORANGE) });
    assert_eq!(resolve(&settings(), &shadow).tracks.len(), 1);
    assert_eq!(resolve(&settings(), &clip()).tracks.len(), 1, "what has no colours is judged by its shape");
    let rider = coloured(clip(), |_, bbox| dressed(if at_edge(bbox) { BLUE } else { ORANGE }));
    assert_eq!(resolve(&settings(), &rider).tracks.len(), 2);
}

#[test]
fn a_whip_of_the_camera_while_a_rider_is_unseen_does_not_part_him_from_himself() {
    // He stands; the camera jumps by 300 pixels while something hides him for half a second.
    let shift = |frame: u64| if frame >= 40 { -300.0 } else { 0.0 };
    let mut clip = film(90, |frame, _| {
        let place = Vec2::new(450.0 + shift(frame), 180.0);
        if (36..51).contains(&frame) { vec![] } else { vec![rider_at(place)] }
    });
    let without = resolve(&settings(), &clip);
    for frame in &mut clip {
        let dx = if frame.frame == 40 { -300.0 } else { 0.0 };
        let motion = Similarity { shift_px: Vec2::new(dx, 0.0), ..Similarity::IDENTITY };
        frame.evidence.motion = CameraMotion::Known(motion);
    }
    let with = resolve(&settings(), &clip);
    assert_eq!((without.tracks.len(), with.tracks.len()), (2, 1));
}
