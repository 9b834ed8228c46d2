//! SMPL parameters, as HMR2 and the landmark fit both give them.

use glam::{Quat, Vec3};
use serde::{Deserialize, Serialize};

/// Joints of the SMPL skeleton (Loper et al., SMPL, 2015).
pub const JOINT_COUNT: usize = 24;

/// Shape components carried.
pub const BETA_COUNT: usize = 10;

/// Parent of each joint; the root's is itself. The order is SMPL's own.
pub const PARENTS: [usize; JOINT_COUNT] =
    [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21];

/// Joints on the surface that make smplx's 45 with the skeleton's 24.
pub const SURFACE_JOINT_COUNT: usize = 21;

/// Joints that lie on the posed surface, camera frame, metres.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurfaceJoints {
    /// Those of smplx after the skeleton's 24.
    pub on_skin: [Vec3; SURFACE_JOINT_COUNT],
    /// Those of the body file's own `J_regressor_extra`; HMR2's last 19 where it is that of 4D-Humans.
    pub extra: Vec<Vec3>,
}

/// Names of the joints, in SMPL's order.
pub const JOINT_NAMES: [&str; JOINT_COUNT] = [
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hand",
    "right_hand",
];

/// Pose and shape of one body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmplParams {
    /// Rotation camera_from_body of the pelvis. A body that stands upright and faces the camera has half a turn
    /// about x here, since the body frame has y up and the camera frame y down.
    pub global_orient: Quat,
    /// Rotation of joints 1 to 23 relative to their parents.
    pub body_pose: [Quat; JOINT_COUNT - 1],
    /// Shape components, in standard deviations of the body model they belong to.
    pub betas: [f32; BETA_COUNT],
}

impl SmplParams {
    /// The rest pose of the mean shape, upright and facing the camera.
    pub fn facing_camera() -> Self {
        Self {
            global_orient: Quat::from_rotation_x(std::f32::consts::PI),
            body_pose: [Quat::IDENTITY; JOINT_COUNT - 1],
            betas: [0.0; BETA_COUNT],
        }
    }

    /// Local rotation of joint `joint` (0 is the root, camera_from_body).
    pub fn local_rotation(&self, joint: usize) -> Quat {
        if joint == 0 { self.global_orient } else { self.body_pose[joint - 1] }
    }

    /// The pose at fraction `t` (0 to 1) between this one and `other`: the shorter arc for each rotation, straight
    /// lines for the shape.
    pub fn slerp(&self, other: &Self, t: f32) -> Self {
        let mut out = self.clone();
        out.global_orient = self.global_orient.slerp(other.global_orient, t);
        for (joint, target) in out.body_pose.iter_mut().zip(&other.body_pose) {
            *joint = joint.slerp(*target, t);
        }
        for (beta, target) in out.betas.iter_mut().zip(&other.betas) {
            *beta += (target - *beta) * t;
        }
        out
    }
}
