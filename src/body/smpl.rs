//! The SMPL model itself, told apart from other bodies in its layout.

use std::sync::Arc;

use glam::Vec3;

use super::kinematics::{self, Skeleton};
use super::{BodyError, BodyModel, keypoints};
use crate::types::SmplParams;
use crate::types::person::COCO_KEYPOINT_COUNT;

/// Vertices and triangles of SMPL's surface (Loper et al., 2015).
const VERTEX_COUNT: usize = 6890;
const TRIANGLE_COUNT: usize = 13776;

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
