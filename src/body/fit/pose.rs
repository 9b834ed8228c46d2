//! The unknowns of one frame as a pose, and the step from one to the next.

use glam::{DMat3, DVec3};

use super::equations::Unknowns;
use crate::body::keypoints::CARRIERS;
use crate::body::kinematics::Skeleton;
use crate::body::model::BodyModel;
use crate::body::rotation::exp;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT};

/// How far a rider's clothes lie out from the skin, metres, on average: jacket and trousers over a layer of their own.
/// On one clip the silhouette's overlap with a mesh network's grows by 0.02 with it and the share of the rider that the
/// mesh covers by 0.06; the share of the mesh inside him falls by 0.006, and the demo clip's joints come out 5 mm worse.
const CLOTHES_M: f64 = 0.014;

/// The rider's shape at rest: what the fit needs of the body. It is the same for everyone: fitting the shape as well gains
/// nothing measurable on riders in wide clothes.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    /// The shape: the mean one, dressed.
    pub betas: [f32; BETA_COUNT],
    /// Joints, body frame, metres.
    pub joints: [DVec3; JOINT_COUNT],
    /// COCO keypoints from the joints that carry them, body frame, metres.
    pub keypoint_offsets: [DVec3; COCO_KEYPOINT_COUNT],
}

impl Rest {
    pub fn of(model: &BodyModel) -> Self {
        let betas = model.dressed_shape(CLOTHES_M);
        Self {
            betas,
            joints: model.rest_joints(&betas).map(|joint| joint.as_dvec3()),
            keypoint_offsets: model.keypoint_offsets().map(|offset| offset.as_dvec3()),
        }
    }

    /// A COCO keypoint of a posed body, camera frame, metres.
    pub fn keypoint(&self, skeleton: &Skeleton, keypoint: usize) -> DVec3 {
        let carrier = CARRIERS[keypoint];
        skeleton.positions[carrier] + skeleton.rotations[carrier] * self.keypoint_offsets[keypoint]
    }
}

/// A body's pose and place.
#[derive(Clone, Debug)]
pub(super) struct Pose {
    /// Relative to the parent; the root's is camera_from_body.
    pub rotations: [DMat3; JOINT_COUNT],
    /// The root joint, camera frame, metres.
    pub root_m: DVec3,
}

impl Pose {
    pub fn skeleton(&self, rest: &Rest) -> Skeleton {
        Skeleton::posed(&rest.joints, &self.rotations, self.root_m)
    }

    /// The pose one step on.
    pub fn stepped(&self, step: &Unknowns) -> Self {
        let part = |first: usize| DVec3::new(step[first], step[first + 1], step[first + 2]);
        let moved = part(3 * JOINT_COUNT);
        Self {
            rotations: std::array::from_fn(|joint| self.rotations[joint] * exp(part(3 * joint))),
            root_m: DVec3::new(
                self.root_m.x + moved.x * self.root_m.z,
                self.root_m.y + moved.y * self.root_m.z,
                self.root_m.z * moved.z.exp(),
            ),
        }
    }
}
