//! How far each joint may be off, from the curvature of the fit's own cost.
//!
//! Around the pose found the cost is a quadratic with the matrix JᵀJ. Were every residual off by as much as its unit
//! says, the inverse would be the covariance of the unknowns (Triggs et al., Bundle Adjustment, 2000, section 9), and a
//! joint's own follows by the chain rule. A joint that no keypoint holds, or whose depth nothing tells, moves far for
//! little cost and comes out wide.

use glam::DVec3;

use super::equations::{NormalEquations, Row, Unknowns};
use crate::body::kinematics::Skeleton;
use crate::types::smpl::JOINT_COUNT;

/// How far a rider's joints turn away from where the fit puts them, radians: the fit's own pull to rest is weaker on
/// purpose, and a joint that nothing else holds would be told to be anywhere.
const SPREAD_RAD: f64 = 0.35;

/// Spread of a joint's error in units of the one that the curvature gives: 1.11 over the demo clip, 1.33 over random poses
/// with noise.
const SCALE: f64 = 1.25;

/// Standard deviation of each joint's place relative to the root joint, metres, the three axes together; `None` where
/// the equations have no solution.
pub(super) fn joint_sigma_m(equations: &NormalEquations, skeleton: &Skeleton) -> Option<[f32; JOINT_COUNT]> {
    let factor = equations.factor(|_| 1.0 / (SPREAD_RAD * SPREAD_RAD))?;
    let mut row = Row::default();
    let mut sigma_m = [0.0; JOINT_COUNT];
    for (joint, sigma_m) in sigma_m.iter_mut().enumerate().skip(1) {
        let mut variance = 0.0;
        for axis in DVec3::AXES {
            row.clear();
            row.point(skeleton, joint, skeleton.positions[joint], axis);
            // Relative to the root joint, which moves along.
            row.root(-axis);
            let mut spread = Unknowns::zeros();
            row.for_each(1.0, |unknown, slope| spread[unknown] = slope);
            factor.l_dirty().solve_lower_triangular_mut(&mut spread);
            variance += spread.norm_squared();
        }
        *sigma_m = (SCALE * variance.sqrt()) as f32;
    }
    sigma_m.iter().all(|sigma| sigma.is_finite()).then_some(sigma_m)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::body::fit::pose::Rest;
    use crate::body::fit::synthetic::{Random, camera, seen};
    use crate::body::fit::{LandmarkFit, TrackFrame};
    use crate::body::testing;

    const WRISTS: [usize; 2] = [20, 21];

    #[test]
    fn joints_are_off_by_what_is_told_and_a_hidden_hand_by_more() {
        let model = Arc::new(testing::starter_model());
        let rest = Rest::of(&model);
        let mut fit = LandmarkFit::new(Arc::clone(&model));
        let mut random = Random(5);
        let (mut off, mut told) = (0.0, 0.0);
        let mut told_of_wrists = [0.0; 2];
        for _ in 0..40 {
            let truth = random.pose();
            let (mut landmarks, bbox) = seen(&truth, &rest, &mut random, 3.0, 0.05);
            // The left arm's elbow and wrist, of COCO and of BlazePose.
            for keypoint in [7, 9] {
                landmarks.keypoints[keypoint].score = 0.0;
            }
            for landmark in [13, 15] {
                landmarks.visibility[landmark] = 0.0;
            }
            let alone = fit.fit(&landmarks, &bbox, &camera()).unwrap();
            assert!(alone.joint_sigma_m.is_none(), "told once the whole track is known");
            let body = fit.refine_track(&[TrackFrame { body: &alone, bbox }]).remove(0);
            let sigma_m = body.joint_sigma_m.unwrap();
            assert_eq!(sigma_m[0], 0.0);
            let skeleton = truth.skeleton(&rest);
            for (joint, sigma_m) in sigma_m.iter().enumerate().skip(1) {
                let true_place = (skeleton.positions[joint] - skeleton.positions[0]).as_vec3();
                off += (body.joints_3d[joint] - body.joints_3d[0] - true_place).length_squared();
                told += sigma_m * sigma_m;
            }
            for (sum, wrist) in told_of_wrists.iter_mut().zip(WRISTS) {
                *sum += sigma_m[wrist] / 40.0;
            }
        }
        let ratio = (off / told).sqrt();
        assert!((0.5..2.0).contains(&ratio), "errors are {ratio} of what is told");
        let [hidden, shown] = told_of_wrists;
        assert!(hidden > 1.3 * shown, "{hidden} m against {shown} m");
    }
}
