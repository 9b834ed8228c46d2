//! Joints without the surface: forward kinematics.
//!
//! In 64 bits, because the fit differentiates through it; a walk over 24 joints costs nothing beside the surface.

use glam::{DMat3, DVec3, Vec3};

use super::model::BodyModel;
use crate::types::SmplParams;
use crate::types::smpl::{JOINT_COUNT, PARENTS};

/// A posed skeleton.
#[derive(Clone, Debug)]
pub(super) struct Skeleton {
    /// camera_from_joint rotations.
    pub rotations: [DMat3; JOINT_COUNT],
    /// Joints in the camera frame, metres.
    pub positions: [DVec3; JOINT_COUNT],
}

impl Skeleton {
    /// Walks down the tree from the root at `root_m` (camera frame); `local_rotations` are relative to the parent, the
    /// root's is camera_from_body.
    pub fn posed(
        rest_joints: &[DVec3; JOINT_COUNT],
        local_rotations: &[DMat3; JOINT_COUNT],
        root_m: DVec3,
    ) -> Self {
        let mut skeleton = Self { rotations: *local_rotations, positions: [root_m; JOINT_COUNT] };
        for joint in 1..JOINT_COUNT {
            let parent = PARENTS[joint];
            let bone = rest_joints[joint] - rest_joints[parent];
            skeleton.rotations[joint] = skeleton.rotations[parent] * local_rotations[joint];
            skeleton.positions[joint] = skeleton.positions[parent] + skeleton.rotations[parent] * bone;
        }
        skeleton
    }
}

/// Every joint's rotation relative to its parent; the root's is camera_from_body.
pub(super) fn local_rotations(params: &SmplParams) -> [DMat3; JOINT_COUNT] {
    std::array::from_fn(|joint| DMat3::from_quat(params.local_rotation(joint).as_dquat()))
}

impl BodyModel {
    /// The joints of a posed body, camera frame, metres: what [`pose`](Self::pose) gives, without the surface.
    pub fn pose_joints(&self, params: &SmplParams, translation_m: Vec3) -> [Vec3; JOINT_COUNT] {
        let rest_joints = self.rest_joints(&params.betas).map(|joint| joint.as_dvec3());
        let root_m = rest_joints[0] + translation_m.as_dvec3();
        let skeleton = Skeleton::posed(&rest_joints, &local_rotations(params), root_m);
        skeleton.positions.map(|position| position.as_vec3())
    }
}
