//! A body of SMPL's size that is nobody's: a ball with blend shapes and weights at random.

use std::f32::consts::{PI, TAU};
use std::io::Cursor;
use std::sync::Arc;

use glam::Vec3;
use ndarray::{Array2, Array3};
use ndarray_npy::NpzWriter;
use snowmesh::body::BodyModel;
use snowmesh::types::smpl::{JOINT_COUNT, PARENTS};

const RINGS: usize = 82;
const SECTORS: usize = 84;
const POSE_FEATURES: usize = 9 * (JOINT_COUNT - 1);

/// 6,890 unit normals and 13,776 triangles, outwards.
pub fn ball() -> (Vec<Vec3>, Vec<[u32; 3]>) {
    let mut normals = vec![Vec3::Y];
    for ring in 1..=RINGS {
        let (sin, cos) = (PI * ring as f32 / (RINGS + 1) as f32).sin_cos();
        normals.extend((0..SECTORS).map(|sector| {
            let (y, x) = (TAU * sector as f32 / SECTORS as f32).sin_cos();
            Vec3::new(x * sin, cos, y * sin)
        }));
    }
    normals.push(-Vec3::Y);
    let at = |ring: usize, sector: usize| (1 + ring * SECTORS + sector % SECTORS) as u32;
    let last = normals.len() as u32 - 1;
    let mut triangles = Vec::new();
    for sector in 0..SECTORS {
        triangles.push([0, at(0, sector + 1), at(0, sector)]);
        triangles.push([last, at(RINGS - 1, sector), at(RINGS - 1, sector + 1)]);
        for ring in 0..RINGS - 1 {
            let [a, b] = [at(ring, sector), at(ring, sector + 1)];
            let [c, d] = [at(ring + 1, sector), at(ring + 1, sector + 1)];
            triangles.extend([[a, b, c], [b, d, c]]);
        }
    }
    (normals, triangles)
}

/// The body: every vertex with four joints and all of the pose's blend shapes.
pub fn body() -> Arc<BodyModel> {
    let (normals, triangles) = ball();
    let count = normals.len();
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut npz = NpzWriter::new(Cursor::new(Vec::new()));
    let template = Array2::from_shape_fn((count, 3), |(vertex, axis)| normals[vertex][axis]);
    npz.add_array("v_template", &template).expect("an array");
    let mut directions = |last| Array3::from_shape_simple_fn((count, 3, last), || random() * 0.02);
    npz.add_array("shapedirs", &directions(10)).expect("an array");
    npz.add_array("posedirs", &directions(POSE_FEATURES)).expect("an array");
    let joint = |joint: usize, vertex| if vertex == joint * 280 { 1.0_f32 } else { 0.0 };
    let regressor = Array2::from_shape_fn((JOINT_COUNT, count), |(at, vertex)| joint(at, vertex));
    npz.add_array("J_regressor", &regressor).expect("an array");
    let share = |vertex: usize, joint: usize| if (joint + vertex).is_multiple_of(6) { 0.25_f32 } else { 0.0 };
    let weights = Array2::from_shape_fn((count, JOINT_COUNT), |(vertex, joint)| share(vertex, joint));
    npz.add_array("weights", &weights).expect("an array");
    let tree = |(row, joint): (usize, usize)| if row == 0 { PARENTS[joint] as i64 } else { joint as i64 };
    npz.add_array("kintree_table", &Array2::from_shape_fn((2, JOINT_COUNT), tree)).expect("an array");
    let corner = |(row, corner): (usize, usize)| i64::from(triangles[row][corner]);
    npz.add_array("f", &Array2::from_shape_fn((triangles.len(), 3), corner)).expect("an array");
    let bytes = npz.finish().expect("an archive").into_inner();
    Arc::new(BodyModel::from_npz(&bytes, "ball").expect("it is a body"))
}
