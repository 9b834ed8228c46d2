//! Joint angles as a coach reads them, in degrees.
//!
//! They are clinical angles between the straight lines that join joint centres, measured in space and not in the
//! anatomical planes of ISB's joint coordinate systems (Wu et al. 2002 and 2005), which need axes that joint centres
//! alone do not give. Neutral poses and directions follow ISB: a straight limb is 0°, bending is positive.

use glam::DVec3;

use crate::types::smpl::JOINT_COUNT;

/// Number of angles.
pub const ANGLE_COUNT: usize = 12;

/// Names of the angles, in the order of [`of_joints`].
pub const ANGLE_NAMES: [&str; ANGLE_COUNT] = [
    "left_knee_flexion_deg",
    "right_knee_flexion_deg",
    "left_hip_flexion_deg",
    "right_hip_flexion_deg",
    "left_elbow_flexion_deg",
    "right_elbow_flexion_deg",
    "left_shoulder_elevation_deg",
    "right_shoulder_elevation_deg",
    "left_ankle_dorsiflexion_deg",
    "right_ankle_dorsiflexion_deg",
    "trunk_inclination_deg",
    "trunk_rotation_deg",
];

const PELVIS: usize = 0;
const HIPS: [usize; 2] = [1, 2];
const NECK: usize = 12;
const SHOULDERS: [usize; 2] = [16, 17];

/// The segments of each angle that is the angle between two of them, by SMPL's joints: from, to, from, to. The hips' and
/// the shoulders' first segment is the trunk, from the neck to the pelvis.
const SEGMENTS: [[usize; 4]; 10] = [
    [1, 4, 4, 7],
    [2, 5, 5, 8],
    [NECK, PELVIS, 1, 4],
    [NECK, PELVIS, 2, 5],
    [16, 18, 18, 20],
    [17, 19, 19, 21],
    [NECK, PELVIS, 16, 18],
    [NECK, PELVIS, 17, 19],
    [7, 4, 7, 10],
    [8, 5, 8, 11],
];

/// Where in [`ANGLE_NAMES`] the ankles are, whose neutral pose is a right angle.
const ANKLES: [usize; 2] = [8, 9];

/// The angles of a body (joints in the camera frame: y down), degrees; `None` where a segment has no length.
///
/// * flexion and elevation: between the directions of the two segments, 0 to 180;
/// * dorsiflexion: 90° minus the angle between shank and foot, so toes up is positive;
/// * inclination: of the trunk to the picture's vertical, 0 to 180;
/// * rotation: of the line between the shoulders against the line between the hips, about the trunk, −180 to 180; positive
///   where the shoulders are turned to the rider's left.
pub fn of_joints(joints: &[glam::Vec3; JOINT_COUNT]) -> [Option<f64>; ANGLE_COUNT] {
    let between = |from: usize, to: usize| joints[to].as_dvec3() - joints[from].as_dvec3();
    let trunk = between(PELVIS, NECK);
    let mut angles = [None; ANGLE_COUNT];
    for (slot, [a, b, c, d]) in angles.iter_mut().zip(SEGMENTS) {
        *slot = angle(between(a, b), between(c, d));
    }
    for ankle in ANKLES {
        angles[ankle] = angles[ankle].map(|enclosed| 90.0 - enclosed);
    }
    angles[10] = angle(trunk, DVec3::NEG_Y);
    angles[11] = turn(between(HIPS[1], HIPS[0]), between(SHOULDERS[1], SHOULDERS[0]), trunk);
    angles
}

/// The angle between two directions, degrees.
fn angle(first: DVec3, second: DVec3) -> Option<f64> {
    // The arc tangent is exact near 0° and 180°, where the arc cosine is not.
    let angle = first.cross(second).length().atan2(first.dot(second));
    (first.length() * second.length() > 0.0 && angle.is_finite()).then(|| angle.to_degrees())
}

/// The turn from one direction to another about `axis`, degrees, counter-clockwise seen against the axis.
fn turn(from: DVec3, to: DVec3, axis: DVec3) -> Option<f64> {
    let axis = axis.try_normalize()?;
    let (from, to) = (from.reject_from_normalized(axis), to.reject_from_normalized(axis));
    let turn = from.cross(to).dot(axis).atan2(from.dot(to));
    (from.length() * to.length() > 0.0 && turn.is_finite()).then(|| turn.to_degrees())
}

#[cfg(test)]
mod tests {
    use glam::Vec3;

    use super::*;

    /// Seated upright in the camera frame (y down, z away), facing the camera: so the rider's left is at positive x.
    fn seated() -> [Vec3; JOINT_COUNT] {
        let mut joints = [Vec3::ZERO; JOINT_COUNT];
        joints[NECK] = Vec3::new(0.0, -0.5, 0.0);
        for (hip, knee, ankle, foot, x) in [(1, 4, 7, 10, 0.1), (2, 5, 8, 11, -0.1)] {
            joints[hip] = Vec3::new(x, 0.05, 0.0);
            joints[knee] = Vec3::new(x, 0.05, -0.4);
            joints[ankle] = Vec3::new(x, 0.45, -0.4);
            joints[foot] = Vec3::new(x, 0.45, -0.6);
        }
        for (shoulder, elbow, wrist, end) in
            [(16, 18, 20, Vec3::new(0.6, -0.4, 0.0)), (17, 19, 21, Vec3::new(-0.4, -0.6, 0.0))]
        {
            let x = end.x.signum();
            joints[shoulder] = Vec3::new(0.2 * x, -0.4, 0.0);
            joints[elbow] = Vec3::new(0.4 * x, -0.4, 0.0);
            joints[wrist] = end;
        }
        joints
    }

    fn expect(joints: &[Vec3; JOINT_COUNT], expected: [f64; ANGLE_COUNT]) {
        for ((found, expected), name) in of_joints(joints).iter().zip(expected).zip(ANGLE_NAMES) {
            assert!((found.unwrap() - expected).abs() < 1e-4, "{name}: {found:?} {expected}");
        }
    }

    #[test]
    fn a_seated_body_has_right_angles_and_a_straight_arm_none() {
        let (elbows, arms, ankles, trunk) = ([0.0, 90.0], [90.0, 90.0], [0.0, 0.0], [0.0, 0.0]);
        let legs = [90.0; 4];
        let all = [&legs[..], &elbows, &arms, &ankles, &trunk].concat();
        expect(&seated(), all.try_into().unwrap());
        assert_eq!(of_joints(&[Vec3::ZERO; JOINT_COUNT]), [None; ANGLE_COUNT]);
    }

    #[test]
    fn shoulders_turned_left_toes_up_and_a_trunk_bent_forward_are_positive() {
        let mut joints = seated();
        // The left shoulder goes back (away from the camera), the right one forward: a turn to the left by 30°.
        let (sin, cos) = 30_f32.to_radians().sin_cos();
        for (shoulder, side) in [(16, 1.0), (17, -1.0)] {
            joints[shoulder] = Vec3::new(0.2 * side * cos, -0.4, 0.2 * side * sin);
        }
        joints[10] = joints[7] + Vec3::new(0.0, -0.2 * sin, -0.2 * cos);
        let angles = of_joints(&joints);
        assert!((angles[11].unwrap() - 30.0).abs() < 1e-4, "{:?}", angles[11]);
        assert!((angles[8].unwrap() - 30.0).abs() < 1e-4, "{:?}", angles[8]);
        joints[NECK] = Vec3::new(0.0, -0.5 * cos, -0.5 * sin);
        assert!((of_joints(&joints)[10].unwrap() - 30.0).abs() < 1e-4);
    }
}
