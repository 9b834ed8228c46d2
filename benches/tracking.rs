//! What following ten people costs a frame: prediction, all terms of the association, the assignment.

#![allow(missing_docs, reason = "a benchmark explains nothing")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use glam::{Quat, Vec2, Vec3};
use snowmesh::tracking::{Tracker, TrackerSettings};
use snowmesh::types::appearance::Patch;
use snowmesh::types::{
    BBox, BodyEstimate, Camera, CameraMotion, Detection, FrameEvidence, Keypoint, Observation, Similarity,
    SmplParams, SurfaceColors,
};

const PEOPLE: usize = 10;
const PICTURE: Vec2 = Vec2::new(1280.0, 720.0);

/// Ten people who stand so close that everyone may be his neighbour, each with a body and its colours.
fn people(frame: u64) -> (Vec<Observation>, FrameEvidence) {
    let mut appearances = Vec::new();
    let observations = (0..PEOPLE)
        .map(|person| {
            let center = Vec2::new(400.0 + 45.0 * person as f32 + frame as f32, 360.0);
            let bbox = BBox::from_center(center, Vec2::new(80.0, 180.0));
            let camera = Camera::centered(1200.0, 1280, 720);
            let pelvis = ((center - camera.center_px) / camera.focal_px * 11.0).extend(11.0);
            let mut smpl = SmplParams::facing_camera();
            for (joint, rotation) in smpl.body_pose.iter_mut().enumerate() {
                *rotation = Quat::from_rotation_x(0.02 * (joint + person) as f32 + 0.001 * frame as f32);
            }
            let mut colors = SurfaceColors::default();
            for (index, patch) in colors.patches_mut().iter_mut().enumerate().take(280) {
                *patch = Patch { rgb: [(person * 25) as u8, (index % 256) as u8, 90], weight: 200 };
            }
            appearances.push(Some(colors));
            let body = BodyEstimate {
                joints_2d: [Keypoint { position: center, score: 0.8 }; 17],
                joints_3d: std::array::from_fn(|joint| pelvis + Vec3::Y * 0.03 * joint as f32),
                smpl,
                translation_m: pelvis,
                camera,
                depth_cues: None,
                joint_sigma_m: None,
                confidence: 0.8,
            };
            Observation { detection: Detection { bbox, score: 0.8 }, body: Some(body) }
        })
        .collect();
    let motion = Similarity { shift_px: Vec2::new(1.5, 0.2), ..Similarity::IDENTITY };
    (
        observations,
        FrameEvidence { motion: CameraMotion::Known(motion), appearances, ..FrameEvidence::default() },
    )
}

fn tracking(criterion: &mut Criterion) {
    let mut tracker =
        Tracker::new(TrackerSettings { picture_px: Some(PICTURE), ..TrackerSettings::default() });
    for frame in 0..30 {
        let (observations, evidence) = people(frame);
        tracker.advance(frame, frame as f64 / 30.0, &observations, &evidence);
    }
    let (observations, evidence) = people(30);
    criterion.bench_function("following ten people, one frame", |b| {
        b.iter_batched(
            || tracker.clone(),
            |mut tracker| tracker.advance(30, 1.0, black_box(&observations), black_box(&evidence)),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, tracking);
criterion_main!(benches);
