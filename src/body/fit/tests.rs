//! The fit against finite differences and against people whose pose is known.

use std::sync::Arc;

use glam::{DMat3, DVec3, Vec2, Vec3};
use nalgebra::{Matrix3, Vector3};

use super::board::Board;
use super::continuity::Between;
use super::equations::{Residuals, Row, UNKNOWN_COUNT, Unknowns};
use super::pose::{Pose, Rest};
use super::solver::Problem;
use super::synthetic::{Random, camera, seen};
use super::targets::Targets;
use super::{LandmarkFit, TrackFrame, cues};
use crate::body::testing;
use crate::types::smpl::JOINT_COUNT;
use crate::types::{BBox, BodyEstimate, Camera, Landmarks};

/// Keeps every residual and its derivative.
struct Dense {
    root_depth_m: f64,
    rows: Vec<(f64, [f64; UNKNOWN_COUNT])>,
}

impl Residuals for Dense {
    fn add(&mut self, value: f64, derivative: impl FnOnce(&mut Row)) {
        let mut row = Row::default();
        derivative(&mut row);
        let mut dense = [0.0; UNKNOWN_COUNT];
        row.for_each(self.root_depth_m, |unknown, slope| dense[unknown] += slope);
        self.rows.push((value, dense));
    }
}

fn rows(problem: Problem, pose: &Pose, root_depth_m: f64) -> Vec<(f64, [f64; UNKNOWN_COUNT])> {
    let mut dense = Dense { root_depth_m, rows: Vec::new() };
    problem.residuals(pose, &mut dense);
    dense.rows
}

#[test]
fn derivatives_of_all_terms_equal_finite_differences() {
    const STEP: f64 = 1e-6;
    let rest = Rest::of(&testing::starter_model());
    let mut random = Random(7);
    let mut limits_reached = false;
    for case in 0..12 {
        let (truth, mut pose) = (random.pose(), random.pose());
        let (before, after) = (random.pose(), random.pose());
        if case % 2 == 0 {
            // Beyond every limit: knees and elbows backwards, thighs twisted.
            for joint in [4, 5, 18, 19] {
                pose.rotations[joint] = pose.rotations[joint].transpose();
            }
            for hip in [1, 2] {
                pose.rotations[hip] = DMat3::from_rotation_y(1.0) * pose.rotations[hip];
            }
        }
        let (landmarks, bbox) = seen(&truth, &rest, &mut random, 10.0, 0.1);
        let cues = cues::depth_cues(&landmarks);
        let targets = Targets::new(&landmarks.keypoints, &bbox, &camera(), cues).unwrap();
        let between =
            Between::new([(&before, &before.skeleton(&rest)), (&after, &after.skeleton(&rest))], &targets);
        let board = Some(Board { stance_m: 0.5 });
        let problem = Problem { rest: &rest, targets: &targets, between: Some(&between), board };
        let depth_m = pose.root_m.z;
        let analytic = rows(problem, &pose, depth_m);
        limits_reached |= analytic.len() >= 34 + 8 + 6 + 171 + 2 * 4 + 2 * 5 + 2 + 1 + 265;
        for unknown in 0..UNKNOWN_COUNT {
            let moved = |amount: f64| {
                let mut step = Unknowns::zeros();
                step[unknown] = amount;
                rows(problem, &pose.stepped(&step), depth_m)
            };
            let (ahead, behind) = (moved(STEP), moved(-STEP));
            assert_eq!((ahead.len(), behind.len()), (analytic.len(), analytic.len()));
            for (index, (_, slopes)) in analytic.iter().enumerate() {
                let numeric = (ahead[index].0 - behind[index].0) / (2.0 * STEP);
                let error = (numeric - slopes[unknown]).abs();
                assert!(
                    error < 1e-4 * (1.0 + numeric.abs()),
                    "case {case}, residual {index}, unknown {unknown}: {numeric} is not {}",
                    slopes[unknown]
                );
            }
        }
    }
    assert!(limits_reached, "no case had every residual");
}

/// Joints up to the shoulders. Elbows, wrists and hands come after them: one picture does not tell which way an arm
/// leans, so they are compared in the picture.
const TOLD_COUNT: usize = 18;

/// Mean distance of the told joints once place, turn and size are taken away (Procrustes), metres.
fn aligned_error_m(ours: &[Vec3; JOINT_COUNT], truth: &[DVec3; JOINT_COUNT]) -> f64 {
    let points = |values: &dyn Fn(usize) -> DVec3| -> (DVec3, Vec<DVec3>) {
        let mean = (0..TOLD_COUNT).map(values).sum::<DVec3>() / TOLD_COUNT as f64;
        (mean, (0..TOLD_COUNT).map(|joint| values(joint) - mean).collect())
    };
    let (_, a) = points(&|joint| ours[joint].as_dvec3());
    let (_, b) = points(&|joint| truth[joint]);
    let column = |v: &DVec3| Vector3::new(v.x, v.y, v.z);
    let covariance: Matrix3<f64> =
        a.iter().zip(&b).map(|(a, b)| column(b) * column(a).transpose()).fold(Matrix3::zeros(), |s, m| s + m);
    let svd = covariance.svd(true, true);
    let (u, v_t) = (svd.u.unwrap(), svd.v_t.unwrap());
    let mirror = Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, (u * v_t).determinant().signum()));
    let spread: f64 = a.iter().map(|a| a.length_squared()).sum();
    let turn = u * mirror * v_t;
    let size = svd.singular_values.component_mul(&mirror.diagonal()).sum() / spread;
    let error = |(a, b): (&DVec3, &DVec3)| (turn * column(a) * size - column(b)).norm();
    a.iter().zip(&b).map(error).sum::<f64>() / TOLD_COUNT as f64
}

#[test]
fn people_seen_with_noise_are_found_again() {
    let model = Arc::new(testing::starter_model());
    let rest = Rest::of(&model);
    let mut fit = LandmarkFit::new(model);
    let mut random = Random(11);
    let (mut errors, mut arm_errors_px) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        let truth = random.pose();
        let (landmarks, bbox) = seen(&truth, &rest, &mut random, 3.0, 0.03);
        let body = fit.fit(&landmarks, &bbox, &camera()).unwrap();
        let joints = truth.skeleton(&rest).positions;
        errors.push(aligned_error_m(&body.joints_3d, &joints));
        for (ours, truth) in body.joints_3d.iter().zip(&joints).take(22).skip(TOLD_COUNT) {
            let [ours, truth] = [*ours, truth.as_vec3()].map(|joint| camera().project(joint).unwrap());
            arm_errors_px.push(ours.distance(truth));
        }
        assert!(
            (f64::from(body.joints_3d[0].z) / truth.root_m.z).ln().abs() < 0.15,
            "{:?}",
            body.joints_3d[0]
        );
        assert!(body.confidence > 0.6 && body.confidence <= 0.8, "{}", body.confidence);
        assert_eq!(body.joints_2d, landmarks.keypoints);
    }
    errors.sort_by(f64::total_cmp);
    let (median, worst) = (errors[errors.len() / 2], errors[errors.len() - 1]);
    assert!(median < 0.04, "{median}");
    assert!(worst < 0.12, "{worst}");
    let arms_px = arm_errors_px.iter().sum::<f32>() / arm_errors_px.len() as f32;
    assert!(arms_px < 4.0, "{arms_px}");
}

#[test]
fn the_estimate_poses_to_its_own_joints() {
    let model = Arc::new(testing::starter_model());
    let rest = Rest::of(&model);
    let mut random = Random(3);
    let (landmarks, bbox) = seen(&random.pose(), &rest, &mut random, 2.0, 0.02);
    let body = LandmarkFit::new(Arc::clone(&model)).fit(&landmarks, &bbox, &camera()).unwrap();
    let posed = model.pose_joints(&body.smpl, body.translation_m);
    for (a, b) in posed.iter().zip(&body.joints_3d) {
        assert!((*a - *b).length() < 1e-5);
    }
}

fn standing() -> (Landmarks, BBox) {
    let rest = Rest::of(&testing::starter_model());
    let mut random = Random(5);
    seen(&random.pose(), &rest, &mut random, 0.0, 0.0)
}

fn is_finite(body: &BodyEstimate) -> bool {
    body.joints_3d.iter().all(|joint| joint.is_finite())
        && body.translation_m.is_finite()
        && (0..JOINT_COUNT).all(|joint| body.smpl.local_rotation(joint).is_finite())
        && body.confidence.is_finite()
}

#[test]
fn what_is_no_person_is_no_body() {
    let mut fit = LandmarkFit::new(Arc::new(testing::starter_model()));
    let (good, bbox) = standing();
    assert!(fit.fit(&good, &bbox, &camera()).is_some());

    let mut unsure = good.clone();
    unsure.keypoints.iter_mut().for_each(|keypoint| keypoint.score = 0.0);
    assert!(fit.fit(&unsure, &bbox, &camera()).is_none());
    let mut not_numbers = good.clone();
    not_numbers.keypoints.iter_mut().for_each(|keypoint| keypoint.position.x = f32::NAN);
    assert!(fit.fit(&not_numbers, &bbox, &camera()).is_none());
    let mut no_trunk = good.clone();
    no_trunk.world_m = [Vec3::ZERO; 33];
    assert!(fit.fit(&no_trunk, &bbox, &camera()).is_none());
    assert!(fit.fit(&good, &BBox::default(), &camera()).is_none());
    assert!(fit.fit(&good, &bbox, &Camera { focal_px: 0.0, center_px: Vec2::ZERO }).is_none());
}

#[test]
fn partial_nonsense_gives_a_finite_body_or_none() {
    let mut fit = LandmarkFit::new(Arc::new(testing::starter_model()));
    let (good, bbox) = standing();
    let mut check = |landmarks: &Landmarks, bbox: &BBox| {
        let body = fit.fit(landmarks, bbox, &camera());
        assert!(body.as_ref().is_none_or(is_finite));
        body.is_some()
    };
    let mut one_spot = good.clone();
    one_spot.keypoints.iter_mut().for_each(|keypoint| keypoint.position = Vec2::splat(100.0));
    check(&one_spot, &bbox);
    let mut one_lost = good.clone();
    one_lost.keypoints[9].position = Vec2::NAN;
    assert!(check(&one_lost, &bbox), "one lost keypoint does not lose the body");
    let mut far_off = good.clone();
    far_off.keypoints[16].position = Vec2::splat(1e30);
    assert!(check(&far_off, &bbox), "nor does an absurd one");
    check(&good, &BBox::new(0.0, 0.0, 1e-3, 1e-3));
    for landmark in 0..33 {
        let mut broken = good.clone();
        broken.world_m[landmark] = Vec3::NAN;
        broken.visibility[landmark] = f32::NAN;
        check(&broken, &bbox);
        broken.world_m[landmark] = Vec3::splat(f32::MAX);
        check(&broken, &bbox);
    }
}

#[test]
fn a_track_mends_the_frame_that_went_wrong_and_keeps_what_cannot_be_fitted() {
    let model = Arc::new(testing::starter_model());
    let rest = Rest::of(&model);
    let mut fit = LandmarkFit::new(model);
    let mut random = Random(21);
    let start = random.pose();
    let mut truths = Vec::new();
    let mut frames = Vec::new();
    for index in 0..9 {
        let mut truth = start.clone();
        truth.rotations[0] = DMat3::from_rotation_y(0.03 * f64::from(index)) * truth.rotations[0];
        truth.root_m.x += 0.05 * f64::from(index);
        let (landmarks, bbox) = seen(&truth, &rest, &mut random, 3.0, 0.03);
        frames.push((fit.fit(&landmarks, &bbox, &camera()).unwrap(), bbox));
        truths.push(truth);
    }
    let turned_round = glam::Quat::from_rotation_y(3.0);
    frames[4].0.smpl.global_orient = turned_round * frames[4].0.smpl.global_orient;
    frames[0].0.joints_2d.iter_mut().for_each(|keypoint| keypoint.score = 0.0);
    let track: Vec<TrackFrame> = frames.iter().map(|(body, bbox)| TrackFrame { body, bbox: *bbox }).collect();
    let refined = fit.refine_track(&track);
    assert_eq!(refined.len(), frames.len());
    assert_eq!(refined[0], frames[0].0);
    for (body, truth) in refined.iter().zip(&truths).skip(1) {
        let joints = truth.skeleton(&rest).positions;
        let relative = |joint: usize| {
            let ours = (body.joints_3d[joint] - body.joints_3d[0]).as_dvec3();
            (ours - (joints[joint] - joints[0])).length()
        };
        let error = (0..TOLD_COUNT).map(relative).sum::<f64>() / TOLD_COUNT as f64;
        assert!(error < 0.1, "{error}");
    }
    assert!(fit.refine_track(&[]).is_empty());
}

#[test]
fn legs_that_were_taken_for_each_other_in_a_frame_are_exchanged() {
    let model = Arc::new(testing::starter_model());
    let rest = Rest::of(&model);
    let mut fit = LandmarkFit::new(model);
    let mut random = Random(33);
    let mut truth = random.pose();
    // Facing the camera with the legs apart, so that left and right are told in the picture.
    truth.rotations[0] = DMat3::from_rotation_x(std::f64::consts::PI);
    truth.rotations[1] = DMat3::from_rotation_z(0.4);
    truth.rotations[2] = DMat3::from_rotation_z(-0.4);
    let (right_way, wrong_frame) = (seen(&truth, &rest, &mut random, 0.0, 0.0).0.keypoints, 4);
    let mut frames = Vec::new();
    for index in 0..9 {
        let (mut landmarks, bbox) = seen(&truth, &rest, &mut random, 1.0, 0.02);
        if index == wrong_frame {
            for left in [11, 13, 15] {
                landmarks.keypoints.swap(left, left + 1);
            }
        }
        frames.push((fit.fit(&landmarks, &bbox, &camera()).unwrap(), bbox));
    }
    let track: Vec<TrackFrame> = frames.iter().map(|(body, bbox)| TrackFrame { body, bbox: *bbox }).collect();
    for body in fit.refine_track(&track) {
        for (ours, truth) in body.joints_2d.iter().zip(&right_way) {
            assert!(ours.position.distance(truth.position) < 3.0);
        }
        for ankle in [7, 8] {
            let truth = camera().project(truth.skeleton(&rest).positions[ankle].as_vec3()).unwrap();
            assert!(camera().project(body.joints_3d[ankle]).unwrap().distance(truth) < 8.0);
        }
    }
}

#[test]
fn a_rider_upside_down_or_twenty_pixels_tall_is_found_too() {
    let model = Arc::new(testing::starter_model());
    let rest = Rest::of(&model);
    let mut fit = LandmarkFit::new(model);
    let mut random = Random(17);
    for _ in 0..10 {
        let mut tumbling = random.pose();
        tumbling.rotations[0] = DMat3::from_rotation_z(std::f64::consts::PI) * tumbling.rotations[0];
        let (landmarks, bbox) = seen(&tumbling, &rest, &mut random, 3.0, 0.03);
        let body = fit.fit(&landmarks, &bbox, &camera()).unwrap();
        let error_m = aligned_error_m(&body.joints_3d, &tumbling.skeleton(&rest).positions);
        assert!(error_m < 0.12, "{error_m}");

        let mut distant = random.pose();
        distant.root_m = DVec3::new(3.0, -2.0, 65.0);
        let (landmarks, bbox) = seen(&distant, &rest, &mut random, 1.0, 0.05);
        let body = fit.fit(&landmarks, &bbox, &camera()).unwrap();
        let reach_m = (1..JOINT_COUNT).map(|j| body.joints_3d[j].distance(body.joints_3d[0]));
        assert!(is_finite(&body) && reach_m.fold(0.0, f32::max) < 1.6, "no limb is longer than it is");
    }
}
