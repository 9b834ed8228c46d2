//! What a body can and likes to do: the rest pull and the limits of joints.

use glam::DMat3;

use super::equations::Residuals;
use super::pose::Pose;

/// Weight of the pull to the rest pose.
const REST_WEIGHT: f64 = 0.1;

/// How far joints stray from rest, as the Frobenius norm of R − I that counts one (√2 × the angle in radians, while
/// small). Knees and elbows have their own limits, the root none.
const REST_SIGMAS: [(usize, f64); 19] = [
    (3, 0.3),
    (6, 0.25),
    (9, 0.25),
    (12, 0.4),
    (13, 0.25),
    (14, 0.25),
    (15, 0.4),
    (7, 0.19),
    (8, 0.19),
    (10, 0.2),
    (11, 0.2),
    (20, 0.4),
    (21, 0.4),
    (22, 0.2),
    (23, 0.2),
    (1, 1.3),
    (2, 1.3),
    (16, 0.78),
    (17, 0.78),
];

/// Weight of a joint's limits.
const LIMIT_WEIGHT: f64 = 0.3;

/// Share of it for an axis that ought to stay where it is, and the deviation that counts one.
const AXIS_SHARE: f64 = 0.3;
const AXIS_UNIT: f64 = 0.15;

const KNEES: [usize; 2] = [4, 5];

/// How far a knee bends, radians, and the excess that counts one.
const KNEE_MAX_RAD: f64 = 2.5;
const KNEE_UNIT_RAD: f64 = 0.1;

/// Elbows, and the sign of the x axis that runs along their forearm.
const ELBOWS: [(usize, f64); 2] = [(18, 1.0), (19, -1.0)];

/// How far a forearm leaves the plane of its hinge, and how far it bends backwards, to count one.
const ELBOW_PLANE_UNIT: f64 = 0.2;
const ELBOW_BACK_UNIT: f64 = 0.1;

/// Share and unit for the twist of a forearm.
const ELBOW_TWIST_SHARE: f64 = 0.1;
const ELBOW_TWIST_UNIT: f64 = 0.5;

const HIPS: [usize; 2] = [1, 2];

/// Beyond this sine a thigh is twisted about itself further than hips go.
const HIP_TWIST_SINE: f64 = 0.6;

pub(super) fn add(sink: &mut impl Residuals, pose: &Pose) {
    for (joint, sigma) in REST_SIGMAS {
        let scale = REST_WEIGHT.sqrt() / sigma;
        for column in 0..3 {
            keep_axis(sink, joint, &pose.rotations[joint], column, scale);
        }
    }
    for joint in KNEES {
        knee(sink, joint, &pose.rotations[joint]);
    }
    for (joint, side) in ELBOWS {
        elbow(sink, joint, &pose.rotations[joint], side);
    }
    for joint in HIPS {
        hip(sink, joint, &pose.rotations[joint]);
    }
}

/// Pulls the axis `column` of a joint to where it is at rest.
fn keep_axis(sink: &mut impl Residuals, joint: usize, rotation: &DMat3, column: usize, scale: f64) {
    for row in 0..3 {
        let rest = if row == column { 1.0 } else { 0.0 };
        sink.add(scale * (rotation.col(column)[row] - rest), |derivative| {
            derivative.entry(joint, rotation, (row, column), scale);
        });
    }
}

/// A knee is a hinge about x that bends backwards, to a limit.
fn knee(sink: &mut impl Residuals, joint: usize, rotation: &DMat3) {
    keep_axis(sink, joint, rotation, 0, (LIMIT_WEIGHT * AXIS_SHARE).sqrt() / AXIS_UNIT);
    let (sine, cosine) = (rotation.y_axis.z, rotation.y_axis.y);
    let angle = sine.atan2(cosine);
    let excess = if angle < 0.0 { angle } else { (angle - KNEE_MAX_RAD).max(0.0) };
    if excess != 0.0 {
        let scale = LIMIT_WEIGHT.sqrt() / KNEE_UNIT_RAD;
        sink.add(scale * excess, |row| {
            let per_square = scale / (sine * sine + cosine * cosine).max(1e-12);
            row.entry(joint, rotation, (2, 1), cosine * per_square);
            row.entry(joint, rotation, (1, 1), -sine * per_square);
        });
    }
}

/// A forearm stays in the plane across the body and bends forwards; its twist is nearly free.
fn elbow(sink: &mut impl Residuals, joint: usize, rotation: &DMat3, side: f64) {
    let along = rotation.x_axis * side;
    let plane_scale = LIMIT_WEIGHT.sqrt() / ELBOW_PLANE_UNIT;
    sink.add(plane_scale * along.y, |row| row.entry(joint, rotation, (1, 0), side * plane_scale));
    if along.z < 0.0 {
        let back_scale = LIMIT_WEIGHT.sqrt() / ELBOW_BACK_UNIT;
        sink.add(back_scale * along.z, |row| row.entry(joint, rotation, (2, 0), side * back_scale));
    }
    keep_axis(sink, joint, rotation, 1, (LIMIT_WEIGHT * ELBOW_TWIST_SHARE).sqrt() / ELBOW_TWIST_UNIT);
}

/// A thigh does not twist about itself beyond a limit.
fn hip(sink: &mut impl Residuals, joint: usize, rotation: &DMat3) {
    let sine = rotation.z_axis.x;
    let excess = sine.abs() - HIP_TWIST_SINE;
    if excess > 0.0 {
        let scale = (LIMIT_WEIGHT * AXIS_SHARE).sqrt() / AXIS_UNIT;
        sink.add(scale * excess, |row| row.entry(joint, rotation, (0, 2), scale * sine.signum()));
    }
}
