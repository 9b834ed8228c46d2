//! A body model's arrays, held the way posing reads them.
//!
//! SMPL's files are dense: a weight of every joint for every vertex, a regressor row of every vertex for every
//! joint. Nearly all of that is zero, and posing is bound by memory, so only what is not zero is kept, and nothing
//! that is not zero is dropped.

use std::sync::atomic::{AtomicU64, Ordering};

use glam::Vec3;

use super::keypoints;
use super::{BodyError, load};
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT};

/// Entries of the rotations that drive pose blend shapes: nine for every joint but the root.
pub(super) const POSE_FEATURE_COUNT: usize = 9 * (JOINT_COUNT - 1);

/// How much one joint carries a vertex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Influence {
    /// The joint.
    pub joint: u32,
    /// Its share; the shares of a vertex sum to one.
    pub weight: f32,
}

/// An SMPL body: a template surface, its shape and pose blend shapes, and the skeleton that moves it.
#[derive(Debug)]
pub struct BodyModel {
    /// Tells models apart where posed bodies keep what they were shaped from.
    pub(super) id: u64,
    name: String,
    pub(super) template: Vec<Vec3>,
    pub(super) shape_directions: Vec<[Vec3; BETA_COUNT]>,
    /// Row-major, [`POSE_FEATURE_COUNT`] × vertices; empty where the model has none.
    pub(super) pose_directions: Vec<Vec3>,
    pub(super) influences: Vec<Influence>,
    /// Where the influences of each vertex end; they begin where the last vertex's end.
    pub(super) influence_ends: Vec<u32>,
    triangles: Vec<[u32; 3]>,
    joint_template: [Vec3; JOINT_COUNT],
    joint_shape_directions: [[Vec3; BETA_COUNT]; JOINT_COUNT],
    keypoint_offsets: [Vec3; COCO_KEYPOINT_COUNT],
    /// Rows of `J_regressor_extra`: vertices with their weights; empty where the file has none.
    pub(super) extra_joints: Vec<Vec<(u32, f32)>>,
}

/// The arrays of a file, checked and converted.
pub(super) struct Arrays {
    pub template: Vec<Vec3>,
    pub shape_directions: Vec<[Vec3; BETA_COUNT]>,
    pub pose_directions: Vec<Vec3>,
    pub influences: Vec<Influence>,
    pub influence_ends: Vec<u32>,
    pub triangles: Vec<[u32; 3]>,
    pub joint_template: [Vec3; JOINT_COUNT],
    pub joint_shape_directions: [[Vec3; BETA_COUNT]; JOINT_COUNT],
    pub extra_joints: Vec<Vec<(u32, f32)>>,
}

impl BodyModel {
    /// Reads a model from the bytes of an `.npz` file; `name` stands for it in errors.
    ///
    /// The arrays, with V vertices and F triangles, floats of 32 or 64 bits: `v_template` V×3 (metres, body frame),
    /// `shapedirs` V×3×(10 or more, the first ten are used), `posedirs` V×3×207, `J_regressor` 24×V, `weights` V×24;
    /// integers: `kintree_table` 2×24, `f` F×3. `J_regressor_extra` N×V, further joints of the posed surface, may be
    /// left out.
    ///
    /// # Errors
    /// When an array is missing, has another shape, or holds values that are not finite, out of range, or of
    /// another skeleton than SMPL's.
    pub fn from_npz(bytes: &[u8], name: &str) -> Result<Self, BodyError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let arrays = load::read(bytes, name)?;
        let mut model = Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name: name.to_owned(),
            template: arrays.template,
            shape_directions: arrays.shape_directions,
            pose_directions: arrays.pose_directions,
            influences: arrays.influences,
            influence_ends: arrays.influence_ends,
            triangles: arrays.triangles,
            joint_template: arrays.joint_template,
            joint_shape_directions: arrays.joint_shape_directions,
            keypoint_offsets: [Vec3::ZERO; COCO_KEYPOINT_COUNT],
            extra_joints: arrays.extra_joints,
        };
        model.keypoint_offsets = keypoints::offsets(&model);
        Ok(model)
    }

    /// The name the model was read under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Vertices of the surface.
    pub fn vertex_count(&self) -> usize {
        self.template.len()
    }

    /// Vertex indices of the surface's triangles, counter-clockwise seen from outside.
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.triangles
    }

    /// The mean shape in the rest pose, body frame, metres.
    pub fn template(&self) -> &[Vec3] {
        &self.template
    }

    /// Whether the surface is corrected by the pose (SMPL's pose blend shapes).
    pub fn has_pose_blend_shapes(&self) -> bool {
        !self.pose_directions.is_empty()
    }

    /// Joints of the shape `betas` in the rest pose, body frame, metres.
    pub fn rest_joints(&self, betas: &[f32; BETA_COUNT]) -> [Vec3; JOINT_COUNT] {
        std::array::from_fn(|joint| {
            self.joint_template[joint] + blend(&self.joint_shape_directions[joint], betas)
        })
    }

    /// The surface of the shape `betas` in the rest pose, body frame, metres.
    pub fn rest_vertices(&self, betas: &[f32; BETA_COUNT]) -> Vec<Vec3> {
        let shaped = self.template.iter().zip(&self.shape_directions);
        shaped.map(|(vertex, directions)| *vertex + blend(directions, betas)).collect()
    }

    /// The joints that carry vertex `vertex`, each with its share; the shares sum to one.
    pub fn skin_weights(&self, vertex: usize) -> impl Iterator<Item = (usize, f32)> {
        self.influences_of(vertex).iter().map(|influence| (influence.joint as usize, influence.weight))
    }

    /// How the joints move with each shape component, metres per standard deviation.
    pub(super) fn joint_shape_directions(&self) -> &[[Vec3; BETA_COUNT]; JOINT_COUNT] {
        &self.joint_shape_directions
    }

    /// Where each COCO keypoint lies from the joint that carries it ([`keypoints::CARRIERS`]), in the rest pose of the
    /// mean shape, body frame, metres.
    pub(super) fn keypoint_offsets(&self) -> &[Vec3; COCO_KEYPOINT_COUNT] {
        &self.keypoint_offsets
    }

    /// The joints that carry vertex `vertex`.
    pub(super) fn influences_of(&self, vertex: usize) -> &[Influence] {
        let start = vertex.checked_sub(1).map_or(0, |previous| self.influence_ends[previous] as usize);
        &self.influences[start..self.influence_ends[vertex] as usize]
    }
}

/// The sum of `directions` weighted by `betas`.
pub(super) fn blend(directions: &[Vec3; BETA_COUNT], betas: &[f32; BETA_COUNT]) -> Vec3 {
    directions.iter().zip(betas).map(|(direction, beta)| *direction * *beta).sum()
}
