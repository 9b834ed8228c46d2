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
    use std::io::Cursor;

    use ndarray::{Array2, Array3};
    use ndarray_npy::NpzWriter;

    use super::*;
    use crate::body::testing;
    use crate::types::smpl::PARENTS;

    /// A body of SMPL's size that hangs on its root joint alone, with a row of `J_regressor_extra`.
    fn rigid() -> (SmplBody, Array2<f32>) {
        let point = |(vertex, axis): (usize, usize)| ((vertex * 37 + axis * 11) % 101) as f32 * 0.01;
        let template = Array2::from_shape_fn((VERTEX_COUNT, 3), point);
        let first = |(_, column): (usize, usize)| f32::from(u8::from(column == 0));
        let tree = |(row, joint): (usize, usize)| if row == 0 { PARENTS[joint] as i64 } else { joint as i64 };
        let mut npz = NpzWriter::new(Cursor::new(Vec::new()));
        npz.add_array("v_template", &template).unwrap();
        npz.add_array("shapedirs", &Array3::<f32>::zeros((VERTEX_COUNT, 3, 10))).unwrap();
        npz.add_array("posedirs", &Array3::<f32>::zeros((VERTEX_COUNT, 3, 207))).unwrap();
        npz.add_array("J_regressor", &Array2::from_shape_fn((24, VERTEX_COUNT), first)).unwrap();
        npz.add_array("weights", &Array2::from_shape_fn((VERTEX_COUNT, 24), first)).unwrap();
        npz.add_array("kintree_table", &Array2::from_shape_fn((2, 24), tree)).unwrap();
        npz.add_array("f", &Array2::from_shape_fn((TRIANGLE_COUNT, 3), |(_, corner)| corner as i64)).unwrap();
        let extra = |(_, vertex): (usize, usize)| if matches!(vertex, 5 | 9) { 0.5_f32 } else { 0.0 };
        npz.add_array("J_regressor_extra", &Array2::from_shape_fn((2, VERTEX_COUNT), extra)).unwrap();
        let model = BodyModel::from_npz(&npz.finish().unwrap().into_inner(), "rigid").unwrap();
        (SmplBody::new(Arc::new(model)).unwrap(), template)
    }

    #[test]
    fn joints_on_the_surface_are_smplxs_vertices_and_the_files_own_sums() {
        let (body, template) = rigid();
        let place = Vec3::new(0.1, -0.2, 3.0);
        let mut params = SmplParams::facing_camera();
        params.global_orient = glam::Quat::IDENTITY;
        let joints = body.surface_joints(&params, place);
        let vertex = |vertex: usize| Vec3::from_slice(template.row(vertex).as_slice().unwrap()) + place;
        // smplx's VertexJointSelector: the nose first, the right little finger last.
        for (joint, expected) in [(0, 332), (1, 6260), (5, 3216), (10, 6787), (20, 6133)] {
            assert!(joints.on_skin[joint].distance(vertex(expected)) < 1e-6);
        }
        assert_eq!(joints.extra.len(), 2);
        assert!(joints.extra[1].distance((vertex(5) + vertex(9)) / 2.0) < 1e-6);
    }

    #[test]
    fn the_starter_body_is_not_taken_for_smpl() {
        let refused = SmplBody::new(Arc::new(testing::starter_model()));
        assert!(matches!(refused, Err(BodyError::NotSmpl { vertices: 13524, .. })));
    }
}
