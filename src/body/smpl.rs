//! The SMPL model itself, told apart from other bodies in its layout.

use std::sync::Arc;

use glam::Vec3;

use super::kinematics::{self, Skeleton};
use super::{BodyError, BodyModel, PosedBody, keypoints};
use crate::types::SmplParams;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::smpl::{SURFACE_JOINT_COUNT, SurfaceJoints};

/// Vertices and triangles of SMPL's surface (Loper et al., 2015).
const VERTEX_COUNT: usize = 6890;
const TRIANGLE_COUNT: usize = 13776;

/// Vertices that smplx counts as joints after the skeleton's 24: nose, eyes, ears, toes and heels, fingertips.
const SURFACE_JOINTS: [usize; SURFACE_JOINT_COUNT] = [
    332, 6260, 2800, 4071, 583, 3216, 3226, 3387, 6617, 6624, 6787, 2746, 2319, 2445, 2556, 2673, 6191, 5782,
    5905, 6016, 6133,
];

/// A body whose shape components are SMPL's. Only such a body can be given the shape that a mesh network has found: the
/// starter body has the same skeleton and a shape space of its own, in which those numbers mean another person.
#[derive(Clone, Debug)]
pub struct SmplBody(Arc<BodyModel>);

impl SmplBody {
    /// Takes `model` for the SMPL model.
    ///
    /// # Errors
    /// [`BodyError::NotSmpl`] where its surface is another.
    pub fn new(model: Arc<BodyModel>) -> Result<Self, BodyError> {
        let (vertices, triangles) = (model.vertex_count(), model.triangles().len());
        if (vertices, triangles) == (VERTEX_COUNT, TRIANGLE_COUNT) {
            return Ok(Self(model));
        }
        Err(BodyError::NotSmpl { model: model.name().to_owned(), vertices, triangles })
    }

    /// The model.
    pub fn model(&self) -> &Arc<BodyModel> {
        &self.0
    }

    /// Joints that lie on the posed surface, camera frame, metres: the 21 that make smplx's 45 with the skeleton's 24, and
    /// those of `J_regressor_extra` where the user's file holds it.
    pub fn surface_joints(&self, params: &SmplParams, translation_m: Vec3) -> SurfaceJoints {
        let mut posed = PosedBody::default();
        self.0.pose(params, translation_m, &mut posed);
        let sum = |row: &Vec<(u32, f32)>| {
            row.iter().map(|(vertex, weight)| posed.vertices[*vertex as usize] * *weight).sum()
        };
        SurfaceJoints {
            on_skin: SURFACE_JOINTS.map(|vertex| posed.vertices[vertex]),
            extra: self.0.extra_joints.iter().map(sum).collect(),
        }
    }

    /// COCO's keypoints on the body, camera frame, metres: SMPL's joints, and for the face its points on the head.
    pub fn coco_keypoints(&self, params: &SmplParams, translation_m: Vec3) -> [Vec3; COCO_KEYPOINT_COUNT] {
        let rest_joints = self.0.rest_joints(&params.betas).map(|joint| joint.as_dvec3());
        let root_m = rest_joints[0] + translation_m.as_dvec3();
        let skeleton = Skeleton::posed(&rest_joints, &kinematics::local_rotations(params), root_m);
        let offsets = self.0.keypoint_offsets();
        std::array::from_fn(|keypoint| {
            let joint = keypoints::CARRIERS[keypoint];
            let offset =
                if keypoint < keypoints::FACE_KEYPOINT_COUNT { offsets[keypoint] } else { Vec3::ZERO };
            (skeleton.positions[joint] + skeleton.rotations[joint] * offset.as_dvec3()).as_vec3()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing;

    #[test]
    fn the_starter_body_is_not_taken_for_smpl() {
        let refused = SmplBody::new(Arc::new(testing::starter_model()));
        assert!(matches!(refused, Err(BodyError::NotSmpl { vertices: 13524, .. })));
    }
}
