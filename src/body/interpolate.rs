//! A body between two frames.

use super::model::BodyModel;
use crate::types::{BodyEstimate, Keypoint};

impl BodyModel {
    /// The body at fraction `t` (0 to 1) of the way from `from` to `to`: rotations on the shorter arc, everything else on
    /// straight lines, joints posed anew so that bones keep their length. The camera is that of the nearer end.
    pub fn interpolate(&self, from: &BodyEstimate, to: &BodyEstimate, t: f32) -> BodyEstimate {
        let smpl = from.smpl.slerp(&to.smpl, t);
        let translation_m = from.translation_m.lerp(to.translation_m, t);
        BodyEstimate {
            joints_2d: std::array::from_fn(|keypoint| {
                let (a, b) = (from.joints_2d[keypoint], to.joints_2d[keypoint]);
                Keypoint {
                    position: a.position.lerp(b.position, t),
                    score: a.score + (b.score - a.score) * t,
                }
            }),
            joints_3d: self.pose_joints(&smpl, translation_m),
            smpl,
            translation_m,
            camera: if t < 0.5 { from.camera } else { to.camera },
            depth_cues: None,
            joint_sigma_m: None,
            confidence: from.confidence + (to.confidence - from.confidence) * t,
        }
    }
}

#[cfg(test)]
mod tests {
    use glam::{Quat, Vec3};

    use crate::body::testing;
    use crate::types::{BodyEstimate, Camera, Keypoint, SmplParams};

    #[test]
    fn the_middle_of_a_turn_is_half_the_turn_with_bones_at_their_length() {
        let model = testing::starter_model();
        let estimate = |turn: f32, x: f32, confidence: f32| {
            let mut smpl = SmplParams::facing_camera();
            smpl.body_pose[17] = Quat::from_rotation_y(turn);
            let translation_m = Vec3::new(x, 0.0, 5.0);
            BodyEstimate {
                joints_2d: [Keypoint { position: glam::Vec2::splat(x), score: confidence }; 17],
                joints_3d: model.pose_joints(&smpl, translation_m),
                smpl,
                translation_m,
                camera: Camera::centered(700.0, 640, 360),
                depth_cues: None,
                joint_sigma_m: None,
                confidence,
            }
        };
        let (from, to) = (estimate(0.0, 0.0, 0.4), estimate(-2.0, 1.0, 0.8));
        let middle = model.interpolate(&from, &to, 0.5);
        let expected = estimate(-1.0, 0.5, 0.6);
        assert!(middle.smpl.body_pose[17].angle_between(expected.smpl.body_pose[17]) < 1e-3);
        assert!((middle.confidence - 0.6).abs() < 1e-6);
        assert!((middle.joints_2d[3].position - expected.joints_2d[3].position).length() < 1e-6);
        for (a, b) in middle.joints_3d.iter().zip(&expected.joints_3d) {
            assert!((*a - *b).length() < 1e-4);
        }
        let forearm = |body: &BodyEstimate| body.joints_3d[20].distance(body.joints_3d[18]);
        assert!((forearm(&middle) - forearm(&from)).abs() < 1e-5);
        assert_eq!(model.interpolate(&from, &to, 0.0).smpl, from.smpl);
    }
}
