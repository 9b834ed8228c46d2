//! People who are hardly seen: whatever the networks say of them, a body is one that people have, or there is none.

use std::sync::Arc;

use glam::{DMat3, DVec3, Vec2};

use super::pose::Rest;
use super::synthetic::{Random, camera, seen};
use super::{LandmarkFit, TrackFrame};
use crate::body::testing;
use crate::types::smpl::PARENTS;
use crate::types::{BBox, BodyEstimate, Landmarks};

/// Furthest that a joint gets from the root of the starter body, metres.
const REACH_M: f32 = 1.6;

fn check(body: &BodyEstimate, rest: &Rest) {
    assert!(body.translation_m.is_finite() && body.confidence.is_finite());
    for (joint, &parent) in PARENTS.iter().enumerate().skip(1) {
        assert!(body.smpl.local_rotation(joint).is_finite());
        assert!(body.joints_3d[joint].distance(body.joints_3d[0]) < REACH_M, "joint {joint} flies off");
        let (ours, true_m) = (
            body.joints_3d[joint].distance(body.joints_3d[parent]),
            rest.joints[joint].distance(rest.joints[parent]) as f32,
        );
        assert!((ours - true_m).abs() < 1e-3, "bone {joint} is {ours} m and not {true_m}");
    }
}

/// Fits `frames` one by one and as a track; gives how many have a body.
fn fitted(frames: &[(Landmarks, BBox)]) -> usize {
    let model = Arc::new(testing::starter_model());
    let rest = Rest::of(&model);
    let mut fit = LandmarkFit::new(model);
    let bodies: Vec<(BodyEstimate, BBox)> =
        frames.iter().filter_map(|(l, bbox)| Some((fit.fit(l, bbox, &camera())?, *bbox))).collect();
    let track: Vec<TrackFrame> = bodies.iter().map(|(body, bbox)| TrackFrame { body, bbox: *bbox }).collect();
    for body in fit.refine_track(&track).iter().chain(bodies.iter().map(|(body, _)| body)) {
        check(body, &rest);
    }
    bodies.len()
}

/// The same rider in `count` frames, each spoilt by `spoil`.
fn ride(count: usize, mut spoil: impl FnMut(usize, &mut Landmarks, &mut Random)) -> Vec<(Landmarks, BBox)> {
    let rest = Rest::of(&testing::starter_model());
    let mut random = Random(77);
    let mut pose = random.pose();
    let frame = |index| {
        pose.rotations[0] = DMat3::from_rotation_y(0.1) * pose.rotations[0];
        let (mut landmarks, bbox) = seen(&pose, &rest, &mut random, 2.0, 0.04);
        spoil(index, &mut landmarks, &mut random);
        (landmarks, bbox)
    };
    (0..count).map(frame).collect()
}

#[test]
fn keypoints_that_are_all_weak_are_nobody_and_hardly_sure_ones_make_a_whole_body() {
    let weak = |score: f32| {
        ride(8, move |_, landmarks, _| landmarks.keypoints.iter_mut().for_each(|k| k.score = score))
    };
    assert_eq!(fitted(&weak(0.04)), 0);
    assert_eq!(fitted(&weak(0.06)), 8);
}

#[test]
fn a_rider_whom_the_edge_of_the_picture_cuts_keeps_his_limbs() {
    // Everything below the hips is outside: no score, and positions that the network clamps to the edge.
    let legless = ride(8, |_, landmarks, _| {
        for keypoint in &mut landmarks.keypoints[13..] {
            keypoint.score = 0.01;
            keypoint.position.y = 359.0;
        }
        landmarks.visibility[25..].fill(0.0);
    });
    assert_eq!(fitted(&legless), 8);
    // Half of him: only the left side is seen.
    let halved = ride(8, |_, landmarks, _| {
        for right in (2..17).step_by(2) {
            landmarks.keypoints[right].score = 0.0;
        }
    });
    assert_eq!(fitted(&halved), 8);
}

#[test]
fn two_people_over_each_other_make_no_monster() {
    let rest = Rest::of(&testing::starter_model());
    let mut other = Random(1234).pose();
    other.root_m = DVec3::new(0.3, 0.1, 5.0);
    let (second, _) = seen(&other, &rest, &mut Random(2), 2.0, 0.04);
    // Every frame takes other limbs from the second one.
    let mixed = ride(12, |index, landmarks, _| {
        for keypoint in (0..17).filter(|keypoint| (keypoint * 7 + index * 3) % 5 < 2) {
            landmarks.keypoints[keypoint] = second.keypoints[keypoint];
        }
        for landmark in (0..33).filter(|landmark| (landmark + index) % 3 == 0) {
            landmarks.world_m[landmark] = second.world_m[landmark];
        }
    });
    fitted(&mixed);
}

#[test]
fn noise_in_place_of_a_person_makes_no_monster() {
    let noise = ride(40, |_, landmarks, random| {
        for keypoint in &mut landmarks.keypoints {
            keypoint.position =
                Vec2::new(random.between(0.0, 640.0) as f32, random.between(0.0, 360.0) as f32);
            keypoint.score = random.between(0.0, 1.0) as f32;
        }
        for point in &mut landmarks.world_m {
            *point = random.vector(1.0).as_vec3();
        }
    });
    fitted(&noise);
}
