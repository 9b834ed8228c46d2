//! The truth file: where the rider really is in every frame, for tests of what is estimated from the clip.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use glam::{Quat, Vec2, Vec3};
use serde::Serialize;
use snowmesh::body::PosedBody;
use snowmesh::types::person::COCO_KEYPOINT_COUNT;
use snowmesh::types::smpl::{BETA_COUNT, JOINT_COUNT};
use snowmesh::types::{BBox, Camera};

use crate::camera::View;
use crate::mesh::Mesh;
use crate::rig::Posed;

const ABOUT: &str = "Truth of demo.mp4. Frames of reference: picture = pixels, x right, y down, (0, 0) the outer \
corner of the top-left pixel; camera = metres, x right, y down, z forward; body = metres, y up, +z out of the chest, \
+x to the body's left. The camera is a pinhole: px = focal_px * (x, y) / z + center_px. Each frame: pts_s (seconds); \
global_orient (axis-angle, radians, camera_from_body); body_pose (SMPL joints 1 to 23, axis-angle relative to the \
parent); betas (ten components of models/starter/body_cc0_smpl24.npz, not SMPL's own); translation_m (camera frame; \
the root joint lies at its rest position plus this and the body turns about it); joints_3d (24 SMPL joints, camera \
frame, metres); joints_2d (17 COCO keypoints, picture); bbox (left, top, right, bottom of the dressed body without \
the board, picture).";

/// The SMPL joint that carries each COCO keypoint.
const CARRIERS: [usize; COCO_KEYPOINT_COUNT] = [15, 15, 15, 15, 15, 16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8];

/// Each keypoint from its carrier at rest, body frame, metres: the face measured on the starter body; hips and knees
/// lower than their joints, where annotators mark them.
const OFFSETS_M: [Vec3; COCO_KEYPOINT_COUNT] = {
    let mut offsets = [Vec3::ZERO; COCO_KEYPOINT_COUNT];
    offsets[0] = Vec3::new(0.0, 0.054, 0.151);
    offsets[1] = Vec3::new(0.032, 0.099, 0.121);
    offsets[2] = Vec3::new(-0.032, 0.099, 0.121);
    offsets[3] = Vec3::new(0.089, 0.089, 0.012);
    offsets[4] = Vec3::new(-0.089, 0.089, 0.012);
    offsets[11] = Vec3::new(0.0, -0.06, 0.0);
    offsets[12] = Vec3::new(0.0, -0.06, 0.0);
    offsets[13] = Vec3::new(0.0, -0.03, 0.0);
    offsets[14] = Vec3::new(0.0, -0.03, 0.0);
    offsets
};

#[derive(Serialize)]
struct CameraTruth {
    focal_px: f64,
    center_px: [f64; 2],
}

#[derive(Serialize)]
struct FrameTruth {
    pts_s: f64,
    global_orient: [f64; 3],
    body_pose: Vec<[f64; 3]>,
    betas: [f64; BETA_COUNT],
    translation_m: [f64; 3],
    camera: CameraTruth,
    joints_3d: Vec<[f64; 3]>,
    joints_2d: Vec<[f64; 2]>,
    bbox: [f64; 4],
}

/// What has been collected so far.
#[derive(Serialize)]
pub struct Truth {
    about: &'static str,
    width: u32,
    height: u32,
    frames_per_second: u32,
    frames: Vec<FrameTruth>,
}

impl Truth {
    /// An empty file for pictures of `size_px`.
    pub fn new(size_px: [u32; 2], frames_per_second: u32) -> Self {
        Self { about: ABOUT, width: size_px[0], height: size_px[1], frames_per_second, frames: Vec::new() }
    }

    /// Adds the next frame: the rider as `posed` and `body` in the world, `dressed` without the board.
    pub fn push(&mut self, camera: &Camera, view: &View, posed: &Posed, body: &PosedBody, dressed: &Mesh) {
        let pixel = |world_m: Vec3| camera.project(view.camera_from_world_m(world_m)).unwrap_or(Vec2::ZERO);
        let root = view.camera_from_world_m(body.joints[0]);
        let rest_root = body.joints[0] - posed.translation_m;
        let picture = BBox::new(0.0, 0.0, self.width as f32, self.height as f32);
        let outline = BBox::around(dressed.vertices.iter().map(|vertex| pixel(vertex.position.into())));
        let bbox = outline.unwrap_or_default().intersection(&picture);
        let keypoints = (0..COCO_KEYPOINT_COUNT).map(|keypoint| {
            let carrier = CARRIERS[keypoint];
            pixel(body.joints[carrier] + posed.world_from_joint[carrier] * OFFSETS_M[keypoint])
        });
        self.frames.push(FrameTruth {
            pts_s: rounded(self.frames.len() as f32 / self.frames_per_second as f32),
            global_orient: axis_angle(view.camera_from_world * posed.params.global_orient),
            body_pose: posed.params.body_pose.iter().map(|joint| axis_angle(*joint)).collect(),
            betas: posed.params.betas.map(rounded),
            translation_m: vector(root - rest_root),
            camera: CameraTruth {
                focal_px: rounded(camera.focal_px),
                center_px: camera.center_px.to_array().map(rounded),
            },
            joints_3d: (0..JOINT_COUNT)
                .map(|joint| vector(view.camera_from_world_m(body.joints[joint])))
                .collect(),
            joints_2d: keypoints.map(|point| point.to_array().map(rounded)).collect(),
            bbox: [bbox.min.x, bbox.min.y, bbox.max.x, bbox.max.y].map(rounded),
        });
    }

    /// Writes the file.
    pub fn write(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        serde_json::to_writer(BufWriter::new(File::create(path)?), self)?;
        Ok(())
    }
}

fn axis_angle(rotation: Quat) -> [f64; 3] {
    vector(rotation.to_scaled_axis())
}

fn vector(value: Vec3) -> [f64; 3] {
    value.to_array().map(rounded)
}

/// To a ten-thousandth: a tenth of a millimetre, which keeps the file small.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
}
