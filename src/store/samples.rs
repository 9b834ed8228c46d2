//! Made-up records for this room's tests.

use glam::{Quat, Vec2, Vec3};

use super::{ClipFingerprint, FrameRecord, RunKey};
use crate::types::appearance::Patch;
use crate::types::{
    BBox, BodyEstimate, Camera, CameraMotion, DepthCues, Detection, FrameEvidence, Keypoint, Observation,
    Similarity, SmplParams, SurfaceColors,
};

/// A body whose every number differs from its neighbours and from those of other seeds.
pub(super) fn body(seed: u32) -> BodyEstimate {
    let mut n = seed as f32 * 1000.0;
    let mut next = || {
        n += 1.0;
        (n * 0.731).sin() * 3.0
    };
    let joints_2d = std::array::from_fn(|_| Keypoint { position: Vec2::new(next(), next()), score: next() });
    let joints_3d = std::array::from_fn(|_| Vec3::new(next(), next(), next()));
    let mut quat = || Quat::from_xyzw(next(), next(), next(), next()).normalize();
    let global_orient = quat();
    let body_pose = std::array::from_fn(|_| quat());
    let betas = std::array::from_fn(|_| next());
    BodyEstimate {
        joints_2d,
        joints_3d,
        smpl: SmplParams { global_orient, body_pose, betas },
        translation_m: Vec3::new(next(), next(), next()),
        camera: Camera { focal_px: next(), center_px: Vec2::new(next(), next()) },
        depth_cues: seed.is_multiple_of(2).then(|| DepthCues {
            bone_z: std::array::from_fn(|_| next()),
            bone_trust: std::array::from_fn(|_| next()),
            nose: Vec3::new(next(), next(), next()),
            ears: Vec3::new(next(), next(), next()),
        }),
        joint_sigma_m: seed.is_multiple_of(3).then(|| std::array::from_fn(|_| next())),
        confidence: next(),
    }
}

/// Frame `frame` at 30 frames a second: none to two people, every other one with a body.
pub(super) fn record(frame: u64) -> FrameRecord {
    let observations = (0..frame % 3)
        .map(|ord| Observation {
            detection: Detection {
                bbox: BBox::new(frame as f32 / 3.0, 10.1, 50.7 + ord as f32, 99.9),
                score: 0.1 + ord as f32 * 0.3,
            },
            body: (ord == 0).then(|| body(frame as u32)),
        })
        .collect();
    FrameRecord {
        frame,
        pts: frame as i64 * 1001 - 5,
        pts_s: frame as f64 * 1001.0 / 30000.0,
        change: (frame > 0).then_some(frame as f32 * 1.7),
        observations,
        evidence: evidence(frame),
        warning: (frame == 4).then(|| "the decoder filled in a damaged picture".to_owned()),
    }
}

/// A known motion in two frames of three, and colours of every other person.
fn evidence(frame: u64) -> FrameEvidence {
    let known = |n: f32| {
        let motion = Similarity { a: 1.0 + n * 1e-3, b: n * 0.01, shift_px: Vec2::new(n, -0.7 * n) };
        CameraMotion::Known(motion)
    };
    let colors = |seed: u64| {
        let mut colors = SurfaceColors::default();
        for (index, patch) in (0_u64..).zip(colors.patches_mut()) {
            let n = (index * 31 + seed * 17) % 256;
            if !n.is_multiple_of(3) {
                *patch = Patch { rgb: [n as u8, (n / 2) as u8, 255 - n as u8], weight: n as u8 };
            }
        }
        colors
    };
    FrameEvidence {
        motion: if frame.is_multiple_of(3) { CameraMotion::Unavailable } else { known(frame as f32 / 7.0) },
        masks: Vec::new(),
        appearances: (0..frame % 3).map(|ord| (ord == 0).then(|| colors(frame))).collect(),
    }
}

pub(super) fn records(frames: std::ops::Range<u64>) -> Vec<FrameRecord> {
    frames.map(record).collect()
}

pub(super) fn key() -> RunKey {
    RunKey {
        detector: "nanodet".to_owned(),
        recoverer: "landmark-fit".to_owned(),
        thresholds: [("score".to_owned(), 0.35)].into(),
        model_sha256: [("nanodet".to_owned(), "ab12".to_owned())].into(),
        algorithm_version: 1,
    }
}

pub(super) fn fingerprint() -> ClipFingerprint {
    ClipFingerprint {
        size_bytes: 123_456,
        mtime_ns: 1_700_000_000_123_456_789,
        content_sha256_of_samples: "cd34".to_owned(),
    }
}
