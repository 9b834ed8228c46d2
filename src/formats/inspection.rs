//! JSON: the clip, the run and every frame's riders. `snowmesh inspect --format json` prints it, an export writes it.
//!
//! Lengths in metres (camera frame) or pixels (picture), rotations as axis × angle in radians, times in seconds.

use std::io::{self, Write};

use serde::Serialize;

use super::dataset::{Dataset, Origin};
use crate::types::{
    BodyEstimate, ClipInfo, Provenance, RiderFrame, RunSummary, SmplParams, StageTime, Track, TrackId,
};

/// The whole answer.
#[derive(Serialize)]
pub struct Inspection<'a> {
    clip: ClipLine,
    /// Null where the clip has not been analysed.
    run: Option<RunLine<'a>>,
    tracks: Vec<TrackLine>,
    frames: Vec<FrameLine>,
    /// What an export adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a Origin>,
}

#[derive(Serialize)]
struct ClipLine {
    path: String,
    frames: u64,
    width: u32,
    height: u32,
    duration_s: f64,
    variable_frame_rate: bool,
    codec: String,
    rotation_deg: u32,
    has_audio: bool,
}

#[derive(Serialize)]
struct RunLine<'a> {
    detector: &'a str,
    recoverer: &'a str,
    devices: Devices<'a>,
    wall_s: f64,
    fps: f64,
    peak_rss_bytes: u64,
    stages: &'a [StageTime],
}

/// Where each model really ran.
#[derive(Serialize)]
struct Devices<'a> {
    detector: &'a str,
    recoverer: &'a str,
}

impl<'a> From<&'a RunSummary> for RunLine<'a> {
    fn from(run: &'a RunSummary) -> Self {
        Self {
            detector: &run.detector,
            recoverer: &run.recoverer,
            devices: Devices { detector: &run.detector_device, recoverer: &run.recoverer_device },
            wall_s: run.wall_s,
            fps: run.fps,
            peak_rss_bytes: run.peak_rss_bytes,
            stages: &run.stages,
        }
    }
}

#[derive(Serialize)]
struct TrackLine {
    track: TrackId,
    /// Null where the user has given him none.
    name: Option<String>,
    main: bool,
    hidden: bool,
    first_frame: u64,
    last_frame: u64,
    detected_frames: u64,
}

#[derive(Serialize)]
struct FrameLine {
    index: u64,
    pts_s: f64,
    riders: Vec<RiderLine>,
}

#[derive(Serialize)]
struct RiderLine {
    track: TrackId,
    provenance: Provenance,
    score: f32,
    /// Left, top, right, bottom, picture pixels.
    bbox: [f32; 4],
    /// COCO keypoints: x, y (picture pixels), score.
    joints_2d: Option<Vec<[f32; 3]>>,
    /// SMPL joints, camera frame, metres.
    joints_3d: Option<Vec<[f32; 3]>>,
    smpl: Option<SmplLine>,
    camera: Option<CameraLine>,
}

/// Rotations as axis × angle, radians, as SMPL's own tools have them.
#[derive(Serialize)]
struct SmplLine {
    global_orient: [f32; 3],
    body_pose: Vec<[f32; 3]>,
    betas: Vec<f32>,
}

#[derive(Serialize)]
struct CameraLine {
    focal_px: f32,
    center_px: [f32; 2],
    /// Body to camera, metres.
    translation_m: [f32; 3],
}

impl<'a> Inspection<'a> {
    /// All that is known of a clip; `frames` by frame index, those past its end have no riders.
    pub fn new(
        info: &ClipInfo,
        run: Option<&'a RunSummary>,
        tracks: &[Track],
        frames: &[Vec<RiderFrame>],
    ) -> Self {
        let frames = (0..info.frames.len()).map(|index| {
            let here = usize::try_from(index).ok().and_then(|i| frames.get(i));
            FrameLine {
                index,
                pts_s: info.frames.seconds(index),
                riders: here.map_or_else(Vec::new, |riders| riders.iter().map(RiderLine::from).collect()),
            }
        });
        Self {
            clip: ClipLine {
                path: info.path.display().to_string(),
                frames: info.frames.len(),
                width: info.width,
                height: info.height,
                duration_s: info.duration_s,
                variable_frame_rate: info.frames.is_variable_rate(),
                codec: info.codec.clone(),
                rotation_deg: info.rotation_deg,
                has_audio: info.has_audio,
            },
            run: run.map(RunLine::from),
            tracks: tracks
                .iter()
                .map(|track| TrackLine {
                    track: track.id,
                    name: track.name.clone(),
                    main: track.is_main,
                    hidden: track.hidden,
                    first_frame: track.first_frame,
                    last_frame: track.last_frame,
                    detected_frames: track.detected_frames,
                })
                .collect(),
            frames: frames.collect(),
            origin: None,
        }
    }
}

/// Writes the answer with its origin.
pub(super) fn write(data: &Dataset<'_>, out: &mut dyn Write) -> io::Result<()> {
    let inspection = Inspection {
        origin: Some(data.origin),
        ..Inspection::new(data.clip, data.run, data.tracks, data.frames)
    };
    serde_json::to_writer(&mut *out, &inspection)?;
    out.write_all(b"\n")
}

impl From<&RiderFrame> for RiderLine {
    fn from(rider: &RiderFrame) -> Self {
        let body = rider.body.as_ref();
        Self {
            track: rider.track,
            provenance: rider.provenance,
            score: rider.score,
            bbox: [rider.bbox.min.x, rider.bbox.min.y, rider.bbox.max.x, rider.bbox.max.y],
            joints_2d: body
                .map(|b| b.joints_2d.iter().map(|k| [k.position.x, k.position.y, k.score]).collect()),
            joints_3d: body.map(|b| b.joints_3d.iter().map(glam::Vec3::to_array).collect()),
            smpl: body.map(|b| SmplLine::from(&b.smpl)),
            camera: body.map(CameraLine::from),
        }
    }
}

impl From<&SmplParams> for SmplLine {
    fn from(smpl: &SmplParams) -> Self {
        Self {
            global_orient: smpl.global_orient.to_scaled_axis().to_array(),
            body_pose: smpl.body_pose.iter().map(|q| q.to_scaled_axis().to_array()).collect(),
            betas: smpl.betas.to_vec(),
        }
    }
}

impl From<&BodyEstimate> for CameraLine {
    fn from(body: &BodyEstimate) -> Self {
        Self {
            focal_px: body.camera.focal_px,
            center_px: body.camera.center_px.to_array(),
            translation_m: body.translation_m.to_array(),
        }
    }
}
