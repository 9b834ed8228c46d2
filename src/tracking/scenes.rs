//! Scripted scenes for this room's tests: 640×360, 30 frames a second unless said otherwise.

use glam::{Vec2, Vec3};

use super::{FrameObservations, TrackerSettings};
use crate::types::{BBox, BodyEstimate, Camera, Detection, FrameEvidence, Keypoint, Observation, SmplParams};

pub(super) const PICTURE: Vec2 = Vec2::new(640.0, 360.0);

pub(super) fn settings() -> TrackerSettings {
    TrackerSettings { picture_px: Some(PICTURE), ..TrackerSettings::default() }
}

/// Heights of the COCO keypoints of somebody who stands, 0 at the top of the box and 1 at its bottom.
const STANDING: [f32; 17] =
    [0.06, 0.04, 0.04, 0.05, 0.05, 0.2, 0.2, 0.35, 0.35, 0.5, 0.5, 0.52, 0.52, 0.73, 0.73, 0.95, 0.95];

/// Somebody who stands in `bbox`, 1.7 m tall, with his skeleton.
pub(super) fn seen(bbox: BBox, score: f32) -> Observation {
    let camera = Camera::centered(500.0, 640, 360);
    let size = bbox.size();
    let joints_2d = std::array::from_fn(|index| {
        let side = if index % 2 == 1 { 0.7 } else { 0.3 };
        Keypoint { position: bbox.min + size * Vec2::new(side, STANDING[index]), score: 0.8 }
    });
    let depth_m = camera.focal_px * 1.7 / size.y;
    let pelvis = ((bbox.center() - camera.center_px) / camera.focal_px * depth_m).extend(depth_m);
    let joints_3d = std::array::from_fn(|index| {
        pelvis + Vec3::new(0.02, -0.03, 0.01) * index as f32 * if index % 2 == 1 { 1.0 } else { -1.0 }
    });
    let smpl = SmplParams::facing_camera();
    let body = BodyEstimate {
        joints_2d,
        joints_3d,
        smpl,
        translation_m: pelvis,
        camera,
        depth_cues: None,
        joint_sigma_m: None,
        confidence: 0.8,
    };
    Observation { detection: Detection { bbox, score }, body: Some(body) }
}

/// A rider of 50×100 pixels around `center`.
pub(super) fn rider_at(center: Vec2) -> Observation {
    seen(BBox::from_center(center, Vec2::new(50.0, 100.0)), 0.8)
}

/// Frames 0 up to `count` at 30 frames a second, with what `script` sees in each at its time in seconds.
pub(super) fn film(count: u64, script: impl Fn(u64, f32) -> Vec<Observation>) -> Vec<FrameObservations> {
    (0..count)
        .map(|frame| {
            let pts_s = frame as f64 / 30.0;
            let observations = script(frame, pts_s as f32);
            FrameObservations { frame, pts_s, change: None, observations, evidence: FrameEvidence::default() }
        })
        .collect()
}

/// Pseudo-random numbers in 0..1 (a linear congruential generator, the same in every run).
pub(super) struct Noise(pub u32);

impl Noise {
    pub(super) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 24) as f32
    }
}
