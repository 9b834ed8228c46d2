//! What is drawn of a moment beside the bodies: masks, trails, angles and the clock. Screen and export share it.

use glam::{Vec2, Vec3};

use crate::formats::angles;
use crate::render::{Outline, OverlayScene, Tag, Trail};
use crate::types::overlay::track_color;
use crate::types::{
    BBox, BodyEstimate, CameraMotion, ClipInfo, Mask, OverlayStyle, Provenance, RiderFrame, Similarity,
    TrackId,
};

/// How far back a trail goes, seconds.
const TRAIL_S: f64 = 1.5;

/// Longest gap that a trail bridges, seconds; over a longer one nobody knows where the rider went.
const GAP_S: f64 = 0.25;

/// Points on either side with which a point of a trail is averaged: what jitters from frame to frame is not his way.
const SMOOTHING: usize = 2;

/// SMPL's pelvis, and the joints that have trails of their own: head, wrists and feet.
const PELVIS: usize = 0;
const TRAILED_JOINTS: [usize; 5] = [15, 20, 21, 10, 11];

/// Angles that are shown (by their place in [`angles::ANGLE_NAMES`]) and the joint that each stands beside.
const SHOWN_ANGLES: [(usize, usize); 6] = [(0, 4), (1, 5), (2, 1), (3, 2), (4, 18), (5, 19)];

/// Ground of the clock: dark, so that it stands out on snow.
const CLOCK_COLOR: [f32; 3] = [0.08, 0.09, 0.11];

/// Distance of the clock from the corner, as a share of the picture's shorter side.
const CLOCK_MARGIN: f32 = 0.02;

/// A frame among the others.
pub struct Moment<'a> {
    /// Index of the frame.
    pub frame: u64,
    /// The clip.
    pub clip: &'a ClipInfo,
    /// Riders of any frame.
    pub riders_at: &'a dyn Fn(u64) -> &'a [RiderFrame],
    /// The shapes that the detector saw in any frame.
    pub masks_at: &'a dyn Fn(u64) -> &'a [Mask],
    /// How the camera moved into any frame.
    pub motion_into: &'a dyn Fn(u64) -> CameraMotion,
    /// Whether a rider is drawn.
    pub is_shown: &'a dyn Fn(TrackId) -> bool,
}

/// Adds what `style` asks for to a scene that shows the moment's frame.
pub fn burn_in(scene: &mut OverlayScene, moment: &Moment<'_>, style: &OverlayStyle) {
    let riders = (moment.riders_at)(moment.frame)
        .iter()
        .filter(|rider| rider.provenance != Provenance::Missing && (moment.is_shown)(rider.track));
    for rider in riders {
        if style.masks {
            // A shape is a rider's where it is that of the observation that he was detected by.
            let shapes = (moment.masks_at)(moment.frame).iter().filter(|mask| mask.bbox == rider.bbox);
            let color = track_color(rider.track);
            scene.outlines.extend(shapes.map(|mask| Outline { pieces: mask.outline(), color }));
        }
        if style.trails {
            scene.trails.extend(trail(moment, rider.track, false, &|rider| Some(place(rider))));
        }
        if style.joint_trails {
            for joint in TRAILED_JOINTS {
                let at = |rider: &RiderFrame| joint_place(rider.body.as_ref()?, joint);
                scene.trails.extend(trail(moment, rider.track, true, &at));
            }
        }
        if style.angles
            && let Some(body) = &rider.body
        {
            scene.tags.extend(angle_tags(body, rider.track));
        }
    }
    if style.clock {
        scene.tags.push(clock(moment));
    }
}

/// Where a rider is: his pelvis, or the middle of his box where no body is known.
fn place(rider: &RiderFrame) -> Vec2 {
    let pelvis = rider.body.as_ref().and_then(|body| joint_place(body, PELVIS));
    pelvis.unwrap_or((rider.bbox.min + rider.bbox.max) * 0.5)
}

fn joint_place(body: &BodyEstimate, joint: usize) -> Option<Vec2> {
    let joint: Vec3 = *body.joints_3d.get(joint)?;
    body.camera.project(joint).filter(|place| place.is_finite())
}

/// The way of `track` over the ground to the moment, through the places that `at` gives.
fn trail(
    moment: &Moment<'_>,
    track: TrackId,
    is_thin: bool,
    at: &dyn Fn(&RiderFrame) -> Option<Vec2>,
) -> Option<Trail> {
    let times = &moment.clip.frames;
    let now_s = times.seconds(moment.frame);
    let mut points = Vec::new();
    let mut last_s = now_s;
    // Where the camera's motion is not known it is taken to have stood still.
    let mut now_from_then = Similarity::IDENTITY;
    for frame in (0..=moment.frame).rev() {
        let time_s = times.seconds(frame);
        if now_s - time_s > TRAIL_S || last_s - time_s > GAP_S {
            break;
        }
        let rider = (moment.riders_at)(frame).iter().find(|rider| rider.track == track);
        if let Some(place) = rider.filter(|rider| rider.provenance != Provenance::Missing).and_then(at) {
            points.push((now_from_then.apply(place), ((now_s - time_s) / TRAIL_S) as f32));
            last_s = time_s;
        }
        if let Some(motion) = (moment.motion_into)(frame).known() {
            now_from_then = now_from_then.after(motion);
        }
    }
    points.reverse();
    let points = smoothed(&points);
    (points.len() > 1).then(|| Trail { points, color: track_color(track), is_thin })
}

/// Each place averaged with as many before as after it, up to [`SMOOTHING`]; so both ends stay, and a straight way at
/// even speed.
fn smoothed(points: &[(Vec2, f32)]) -> Vec<(Vec2, f32)> {
    let last = points.len().saturating_sub(1);
    let mean = |(index, (_, age)): (usize, &(Vec2, f32))| {
        let reach = SMOOTHING.min(index).min(last - index);
        let around = &points[index - reach..=index + reach];
        (around.iter().map(|(place, _)| *place).sum::<Vec2>() / around.len() as f32, *age)
    };
    points.iter().enumerate().map(mean).collect()
}

fn angle_tags(body: &BodyEstimate, track: TrackId) -> impl Iterator<Item = Tag> {
    let angles = angles::of_joints(&body.joints_3d);
    SHOWN_ANGLES.into_iter().filter_map(move |(angle, joint)| {
        let place = joint_place(body, joint)?;
        let text = format!("{:.0}°", angles[angle]?);
        Some(Tag { place: BBox { min: place, max: place + 1.0 }, color: track_color(track), text })
    })
}

/// "0:03.500 · 105" at the bottom left.
fn clock(moment: &Moment<'_>) -> Tag {
    let (width, height) = (moment.clip.width as f32, moment.clip.height as f32);
    let margin = width.min(height) * CLOCK_MARGIN;
    let corner = Vec2::new(margin, height - margin);
    let total_ms = (moment.clip.frames.seconds(moment.frame).max(0.0) * 1000.0).round() as u64;
    let (minutes, seconds, ms) = (total_ms / 60_000, total_ms / 1000 % 60, total_ms % 1000);
    let text = format!("{minutes}:{seconds:02}.{ms:03} · {}", moment.frame);
    Tag { place: BBox { min: corner, max: corner + 1.0 }, color: CLOCK_COLOR, text }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::types::{FrameIndex, Rational, YuvColor, YuvMatrix, YuvRange};

    /// 100 frames at 25 a second.
    fn clip() -> ClipInfo {
        ClipInfo {
            path: "a.mp4".into(),
            width: 200,
            height: 100,
            pixel_aspect: 1.0,
            rotation_deg: 0,
            duration_s: 4.0,
            color: YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited },
            codec: "h264".into(),
            has_audio: false,
            frames: Arc::new(FrameIndex::new((0..100).collect(), Rational { num: 1, den: 25 })),
        }
    }

    /// A rider who moves a pixel a frame and is not known in frames 50 to 59.
    fn riders() -> Vec<Vec<RiderFrame>> {
        let at = |x: f32| RiderFrame {
            track: TrackId(1),
            provenance: Provenance::Detected,
            score: 1.0,
            bbox: BBox::new(x - 5.0, 40.0, x + 5.0, 60.0),
            body: None,
        };
        (0..100)
            .map(|frame| if (50..60).contains(&frame) { vec![] } else { vec![at(frame as f32)] })
            .collect()
    }

    fn drawn(frame: u64, style: OverlayStyle) -> OverlayScene {
        drawn_by(&|_| CameraMotion::Unavailable, frame, style)
    }

    fn drawn_by(motion_into: &dyn Fn(u64) -> CameraMotion, frame: u64, style: OverlayStyle) -> OverlayScene {
        let (clip, riders) = (clip(), riders());
        // The shapes of the rider and of somebody who was not taken for one.
        let mask = |bbox| Mask { bbox, side: 2, codes: vec![255; 4] };
        let masks = [mask(riders[45][0].bbox), mask(BBox::new(1.0, 1.0, 2.0, 2.0))];
        let mut scene = OverlayScene::default();
        let moment = Moment {
            frame,
            clip: &clip,
            riders_at: &|frame| &riders[frame as usize],
            masks_at: &|frame| if frame == 45 { &masks } else { &[] },
            motion_into,
            is_shown: &|track| track == TrackId(1),
        };
        burn_in(&mut scene, &moment, &style);
        scene
    }

    #[test]
    fn a_trail_goes_back_in_time_and_not_over_a_gap() {
        let style = OverlayStyle { trails: true, ..OverlayStyle::default() };
        let scene = drawn(45, style);
        let points = &scene.trails[0].points;
        // 1.5 s are 37 steps of 0.04 s.
        assert_eq!((points[0].0, points.len()), (Vec2::new(8.0, 50.0), 38));
        assert_eq!(*points.last().unwrap(), (Vec2::new(45.0, 50.0), 0.0));
        assert_eq!(drawn(70, style).trails[0].points[0].0.x, 60.0, "nothing from before the gap");
        assert!(drawn(60, style).trails.is_empty(), "one place is no way");
        assert!(drawn(45, OverlayStyle::default()).trails.is_empty());
    }

    #[test]
    fn a_camera_that_goes_with_the_rider_leaves_his_trail_on_the_ground() {
        // The picture's content moves three pixels to the left with every frame.
        let pan = Similarity { shift_px: Vec2::new(-3.0, 1.0), ..Similarity::IDENTITY };
        let style = OverlayStyle { trails: true, ..OverlayStyle::default() };
        let scene = drawn_by(&|_| CameraMotion::Known(pan), 45, style);
        let points = &scene.trails[0].points;
        let expected = |back: f32| Vec2::new(45.0 - back - 3.0 * back, 50.0 + back);
        for (back, (place, _)) in points.iter().rev().enumerate() {
            assert!((*place - expected(back as f32)).length() < 1e-3, "{back} frames ago at {place}");
        }
    }

    #[test]
    fn a_rider_is_outlined_where_his_detection_has_a_shape() {
        let style = OverlayStyle { masks: true, ..OverlayStyle::default() };
        let scene = drawn(45, style);
        assert_eq!(scene.outlines.len(), 1);
        let bbox = riders()[45][0].bbox;
        let inside = |place: &Vec2| place.cmpge(bbox.min).all() && place.cmple(bbox.max).all();
        assert!(
            !scene.outlines[0].pieces.is_empty() && scene.outlines[0].pieces.iter().flatten().all(inside)
        );
        assert!(drawn(46, style).outlines.is_empty());
        assert!(drawn(45, OverlayStyle::default()).outlines.is_empty());
    }

    #[test]
    fn jitter_is_taken_out_of_a_trail_and_its_ends_stay() {
        let zigzag: Vec<(Vec2, f32)> =
            (0..20).map(|i| (Vec2::new(i as f32 * 3.0, if i % 2 == 0 { 2.0 } else { -2.0 }), 0.0)).collect();
        let calm = smoothed(&zigzag);
        assert_eq!((calm[0], calm[19]), (zigzag[0], zigzag[19]));
        assert!(calm[2..18].iter().all(|(place, _)| place.y.abs() < 0.5), "{calm:?}");
        assert!(calm.iter().zip(&zigzag).all(|(a, b)| (a.0.x - b.0.x).abs() < 1e-4), "even speed stays");
    }

    #[test]
    fn the_clock_tells_the_clips_own_time() {
        let scene = drawn(63, OverlayStyle { clock: true, ..OverlayStyle::default() });
        assert_eq!(scene.tags[0].text, "0:02.520 · 63");
    }
}
