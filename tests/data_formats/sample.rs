//! A made-up analysis: two riders who tumble, gaps, a variable frame rate.

use std::path::PathBuf;
use std::sync::Arc;

use glam::{Quat, Vec2, Vec3};
use snowmesh::body::BodyModel;
use snowmesh::formats::{Dataset, Origin, SkinnedMesh};
use snowmesh::types::smpl::BETA_COUNT;
use snowmesh::types::{
    BBox, BodyEstimate, Camera, ClipInfo, FrameIndex, Keypoint, Provenance, Rational, RiderFrame, SmplParams,
    Track, TrackId, YuvColor, YuvMatrix, YuvRange,
};

pub const FRAMES: u64 = 20;

/// Frames in which nothing is known of rider 1.
pub const HIDDEN: [u64; 3] = [0, 7, 8];

pub struct Sample {
    pub clip: ClipInfo,
    pub tracks: Vec<Track>,
    pub frames: Vec<Vec<RiderFrame>>,
    pub origin: Origin,
    pub body: BodyModel,
}

impl Sample {
    pub fn new() -> Self {
        let bytes = include_bytes!("../../models/starter/body_cc0_smpl24.npz");
        let body = BodyModel::from_npz(bytes, "starter").unwrap();
        let pts = (0..FRAMES as i64).map(|frame| 500 + frame * 33 + frame % 3).collect();
        let clip = ClipInfo {
            path: PathBuf::from("Sprung, \"über\" 8 m.mp4"),
            width: 640,
            height: 360,
            pixel_aspect: 1.0,
            rotation_deg: 0,
            duration_s: 0.68,
            color: YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited },
            codec: "h264".into(),
            has_audio: false,
            frames: Arc::new(FrameIndex::new(pts, Rational { num: 1, den: 1000 })),
        };
        let frames: Vec<Vec<RiderFrame>> =
            (0..FRAMES).map(|frame| (1..=2).filter_map(|id| rider(&body, frame, id)).collect()).collect();
        let tracks = (1..=2)
            .map(|id| Track {
                id: TrackId(id),
                first_frame: 0,
                last_frame: FRAMES - 1,
                detected_frames: 15,
                is_main: id == 1,
                name: None,
                hidden: false,
            })
            .collect();
        let origin = Origin {
            program: "snowmesh".into(),
            version: "1.2.3".into(),
            detector: "nanodet".into(),
            recoverer: "landmark-fit".into(),
            ..Origin::default()
        };
        Self { clip, tracks, frames, origin, body }
    }

    pub fn data(&self) -> Dataset<'_> {
        Dataset {
            clip: &self.clip,
            tracks: &self.tracks,
            frames: &self.frames,
            run: None,
            origin: &self.origin,
            surface_joints: None,
        }
    }

    /// The rider's body in this frame.
    pub fn body_of(&self, frame: u64, rider: u32) -> Option<&BodyEstimate> {
        self.frames[frame as usize].iter().find(|state| state.track == TrackId(rider))?.body.as_ref()
    }

    /// His joints in the world, metres: x right, y up, z to the viewer.
    pub fn world_joints(&self, frame: u64, rider: u32) -> Option<[Vec3; 24]> {
        let body = self.body_of(frame, rider)?;
        Some(body.joints_3d.map(|joint| Vec3::new(joint.x, -joint.y, -joint.z)))
    }

    pub fn mesh(&self, betas: &[f32; BETA_COUNT]) -> SkinnedMesh {
        let mut mesh = SkinnedMesh {
            vertices: self.body.rest_vertices(betas),
            triangles: self.body.triangles().to_vec(),
            rest_joints: self.body.rest_joints(betas),
            ..SkinnedMesh::default()
        };
        for vertex in 0..self.body.vertex_count() {
            mesh.push_influences(&mut self.body.skin_weights(vertex).collect::<Vec<_>>());
        }
        mesh
    }
}

/// The shape of a rider: the second one is tall.
pub fn betas(rider: u32) -> [f32; BETA_COUNT] {
    let mut betas = [0.0; BETA_COUNT];
    betas[0] = rider as f32 - 1.0;
    betas
}

fn rider(body: &BodyModel, frame: u64, id: u32) -> Option<RiderFrame> {
    if id == 1 && HIDDEN.contains(&frame) {
        return None;
    }
    let t = frame as f32;
    let turn = |joint: usize| {
        let phase = t * 0.31 + joint as f32 * 1.7 + id as f32;
        Quat::from_scaled_axis(Vec3::new(phase.sin(), (phase * 1.3).cos(), (phase * 0.7).sin()) * 1.1)
    };
    let smpl = SmplParams {
        global_orient: Quat::from_rotation_x(t * 0.8) * turn(0),
        body_pose: std::array::from_fn(|joint| turn(joint + 1)),
        betas: betas(id),
    };
    let translation_m = Vec3::new(-3.0 + t * 0.4, 0.5 - t * 0.02, 12.0 + id as f32 * 3.0);
    let camera = Camera { focal_px: 700.0, center_px: Vec2::new(320.0, 180.0) };
    let provenance = if frame % 5 == 3 { Provenance::Interpolated } else { Provenance::Detected };
    Some(RiderFrame {
        track: TrackId(id),
        provenance,
        score: 0.8,
        bbox: BBox::new(100.0 + t * 10.0, 80.5, 180.0 + t * 10.0, 200.25),
        body: Some(BodyEstimate {
            joints_2d: std::array::from_fn(|i| Keypoint {
                position: Vec2::new(i as f32 * 3.5, t),
                score: 0.5,
            }),
            joints_3d: body.pose_joints(&smpl, translation_m),
            smpl,
            translation_m,
            camera,
            depth_cues: None,
            joint_sigma_m: None,
            confidence: 0.7,
        }),
    })
}
