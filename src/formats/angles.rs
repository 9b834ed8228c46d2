//! Joint angles as a coach reads them: how far a joint is bent, whatever way the body turns.
//!
//! Each is 0° for a straight limb and grows as it bends, the angle between the two segments' directions (180° minus the
//! angle that they enclose). It is measured in space between joint centres, not in an anatomical plane.

use glam::DVec3;

use crate::types::smpl::JOINT_COUNT;

/// Names of the angles, in the order of [`of_joints`].
pub(super) const NAMES: [&str; 6] = [
    "left_knee_flexion_deg",
    "right_knee_flexion_deg",
    "left_hip_flexion_deg",
    "right_hip_flexion_deg",
    "left_elbow_flexion_deg",
    "right_elbow_flexion_deg",
];

/// The three joints of each angle in SMPL's numbers: the first segment ends and the second begins at the middle one. The
/// hips' first segment is the trunk, from the neck to the pelvis; the thigh begins at the hip.
const SEGMENTS: [[usize; 4]; 6] =
    [[1, 4, 4, 7], [2, 5, 5, 8], [12, 0, 1, 4], [12, 0, 2, 5], [16, 18, 18, 20], [17, 19, 19, 21]];

/// The angles of a body in degrees, 0 to 180; `None` where a segment has no length.
pub(super) fn of_joints(joints: &[glam::Vec3; JOINT_COUNT]) -> [Option<f64>; 6] {
    SEGMENTS.map(|[a, b, c, d]| {
        let between = |from: usize, to: usize| joints[to].as_dvec3() - joints[from].as_dvec3();
        let (first, second): (DVec3, DVec3) = (between(a, b), between(c, d));
        // The arc tangent is exact near 0° and 180°, where the arc cosine is not.
        let angle = first.cross(second).length().atan2(first.dot(second));
        (first.length() * second.length() > 0.0 && angle.is_finite()).then(|| angle.to_degrees())
    })
}

#[cfg(test)]
mod tests {
    use glam::Vec3;

    use super::*;

    #[test]
    fn a_seated_body_has_right_angles_and_a_straight_arm_none() {
        let mut joints = [Vec3::ZERO; JOINT_COUNT];
        // Camera frame: y down, z away. Trunk upright, thighs forward, shanks down.
        joints[12] = Vec3::new(0.0, -0.5, 0.0);
        for (hip, knee, ankle, x) in [(1, 4, 7, 0.1), (2, 5, 8, -0.1)] {
            joints[hip] = Vec3::new(x, 0.05, 0.0);
            joints[knee] = Vec3::new(x, 0.05, -0.4);
            joints[ankle] = Vec3::new(x, 0.45, -0.4);
        }
        for (shoulder, elbow, wrist, end) in
            [(16, 18, 20, Vec3::new(0.6, -0.4, 0.0)), (17, 19, 21, Vec3::new(-0.4, -0.6, 0.0))]
        {
            let x = end.x.signum();
            joints[shoulder] = Vec3::new(0.2 * x, -0.4, 0.0);
            joints[elbow] = Vec3::new(0.4 * x, -0.4, 0.0);
            joints[wrist] = end;
        }
        let expected = [90.0, 90.0, 90.0, 90.0, 0.0, 90.0];
        for (found, expected) in of_joints(&joints).iter().zip(expected) {
            assert!((found.unwrap() - expected).abs() < 1e-4, "{found:?} {expected}");
        }
        assert_eq!(of_joints(&[Vec3::ZERO; JOINT_COUNT]), [None; 6]);
    }
}
