//! How far joints are off the truth, and how they shake: the measures that papers on body recovery give.

use glam::{DVec3, Vec3};
use nalgebra::{Matrix3, Vector3};

use crate::types::smpl::JOINT_COUNT;

/// Joints of one body, metres.
pub type Joints = [Vec3; JOINT_COUNT];

/// Mean distance of the joints once both roots lie on each other, metres (MPJPE).
pub fn root_aligned_error_m(found: &Joints, truth: &Joints) -> f64 {
    let off = |joint: usize| ((found[joint] - found[0]) - (truth[joint] - truth[0])).as_dvec3().length();
    (0..JOINT_COUNT).map(off).sum::<f64>() / JOINT_COUNT as f64
}

/// Mean distance of the joints after the similarity (turn, scale, shift) that brings `found` nearest to `truth` in least
/// squares, metres (PA-MPJPE; Umeyama, 1991). `None` where the joints lie on one spot or are not finite.
pub fn procrustes_error_m(found: &Joints, truth: &Joints) -> Option<f64> {
    let centred = |joints: &Joints| -> [DVec3; JOINT_COUNT] {
        let middle = joints.iter().map(|joint| joint.as_dvec3()).sum::<DVec3>() / JOINT_COUNT as f64;
        joints.map(|joint| joint.as_dvec3() - middle)
    };
    let (from, to) = (centred(found), centred(truth));
    let column = |v: DVec3| Vector3::new(v.x, v.y, v.z);
    let covariance: Matrix3<f64> =
        from.iter().zip(&to).map(|(from, to)| column(*to) * column(*from).transpose()).sum();
    let spread: f64 = from.iter().map(|joint| joint.length_squared()).sum();
    if !(spread.is_finite() && spread > 0.0 && covariance.iter().all(|value| value.is_finite())) {
        return None;
    }
    let svd = covariance.svd(true, true);
    let (u, v_t) = (svd.u?, svd.v_t?);
    // No mirror image: a body's left is not its right.
    let signs = Vector3::new(1.0, 1.0, (u * v_t).determinant().signum());
    let turn = u * Matrix3::from_diagonal(&signs) * v_t;
    let scale = svd.singular_values.dot(&signs) / spread;
    let off = |(from, to): (&DVec3, &DVec3)| (turn * column(*from) * scale - column(*to)).norm();
    Some(from.iter().zip(&to).map(off).sum::<f64>() / JOINT_COUNT as f64)
}

/// Mean length of the second difference of three consecutive frames' joints, each relative to its root, metres a frame²:
/// how far a track shakes, movement included.
pub fn acceleration_m(before: &Joints, now: &Joints, after: &Joints) -> f64 {
    let at = |joints: &Joints, joint: usize| (joints[joint] - joints[0]).as_dvec3();
    let second = |joint: usize| (at(before, joint) + at(after, joint) - 2.0 * at(now, joint)).length();
    (1..JOINT_COUNT).map(second).sum::<f64>() / (JOINT_COUNT - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing;
    use glam::Quat;

    fn joints() -> Joints {
        testing::starter_model().rest_joints(&[0.0; 10])
    }

    #[test]
    fn a_similarity_is_no_procrustes_error_and_a_mirror_image_is() {
        let truth = joints();
        let turn = Quat::from_rotation_y(1.1) * Quat::from_rotation_x(0.4);
        let moved = truth.map(|joint| turn * joint * 1.3 + Vec3::new(0.2, -1.0, 5.0));
        assert!(procrustes_error_m(&moved, &truth).unwrap() < 1e-5);
        assert!(root_aligned_error_m(&moved, &truth) > 0.2);
        let shifted = truth.map(|joint| joint + Vec3::new(3.0, 2.0, 1.0));
        assert!(root_aligned_error_m(&shifted, &truth) < 1e-5);
        // Twelve joints half a metre further on, alone: root alignment tells the mean.
        let mut parted = truth;
        parted[12..].iter_mut().for_each(|joint| joint.z += 0.5);
        assert!((root_aligned_error_m(&parted, &truth) - 0.25).abs() < 1e-5);
        let mirrored = parted.map(|joint| Vec3::new(-joint.x, joint.y, joint.z));
        assert!(procrustes_error_m(&mirrored, &parted).unwrap() > 0.02);
        assert_eq!(procrustes_error_m(&[Vec3::ONE; JOINT_COUNT], &truth), None);
        assert_eq!(procrustes_error_m(&[Vec3::NAN; JOINT_COUNT], &truth), None);
    }

    #[test]
    fn even_movement_has_no_acceleration_and_a_parabola_has_its_own() {
        let start = joints();
        // Joints but the root fall by ½·a·t² with a = 0.04 m a frame².
        let at = |t: f32| {
            let mut joints = start;
            joints[1..].iter_mut().for_each(|joint| joint.y += 0.1 * t + 0.02 * t * t);
            joints
        };
        assert!((acceleration_m(&at(0.0), &at(1.0), &at(2.0)) - 0.04).abs() < 1e-5);
        let even = |t: f32| start.map(|joint| joint * (1.0 + 0.1 * t));
        assert!(acceleration_m(&even(0.0), &even(1.0), &even(2.0)) < 1e-5);
    }
}
