//! `snowmesh inspect`: the clip, the run and every frame's riders, for people or programs.

use std::path::Path;

use serde::Serialize;

use super::args::{Format, InspectArgs};
use super::exit::Failure;
use super::output;
use crate::engine::{self, AnalyzeRequest, ResolvedRiders};
use crate::settings::ModelSettings;
use crate::types::{BodyEstimate, ClipInfo, Provenance, RiderFrame, RunSummary, SmplParams, Track, TrackId};

/// The whole answer.
#[derive(Serialize)]
struct Inspection {
    clip: ClipLine,
    /// Null where the clip has not been analysed.
    run: Option<RunSummary>,
    tracks: Vec<TrackLine>,
    frames: Vec<FrameLine>,
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

/// Prints what is known of the clip.
///
/// # Errors
/// When the clip or its analysis file cannot be read.
pub fn run(args: &InspectArgs) -> Result<(), Failure> {
    let info = engine::clip_info(&args.clip)?;
    let store = store_of(&args.clip, args.store.as_deref());
    let found = engine::finished_store(&store, &args.clip)?;
    let (run, riders) = match &found {
        Some(store) => (
            store.summary().map_err(engine::EngineError::from)?,
            engine::load_resolved(store, info.frames.len())?,
        ),
        None => (None, ResolvedRiders::default()),
    };
    match args.format {
        Format::Json => output::print_json(&inspection(&info, run, &riders))?,
        Format::Text => output::print_text(&text(&info, run.as_ref(), &riders, &store))?,
    }
    Ok(())
}

/// The analysis file of `clip`.
pub(super) fn store_of(clip: &Path, store: Option<&Path>) -> std::path::PathBuf {
    engine::store_path(&AnalyzeRequest {
        clip: clip.to_owned(),
        store: store.map(Path::to_owned),
        models: ModelSettings::default(),
        restart: false,
        accept_existing: true,
    })
}

fn inspection(info: &ClipInfo, run: Option<RunSummary>, riders: &ResolvedRiders) -> Inspection {
    let frames = (0..info.frames.len()).map(|index| {
        let here = usize::try_from(index).ok().and_then(|i| riders.frames.get(i));
        FrameLine {
            index,
            pts_s: info.frames.seconds(index),
            riders: here.map_or_else(Vec::new, |riders| riders.iter().map(RiderLine::from).collect()),
        }
    });
    Inspection {
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
        run,
        tracks: riders
            .tracks
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
    }
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

fn text(info: &ClipInfo, run: Option<&RunSummary>, riders: &ResolvedRiders, store: &Path) -> String {
    let rate = if info.frames.is_variable_rate() { "variable" } else { "constant" };
    let mut lines = vec![format!(
        "{}: {} frames, {} × {}, {:.2} s, {:.2} frames/s ({rate}), {}",
        info.path.display(),
        info.frames.len(),
        info.width,
        info.height,
        info.duration_s,
        info.average_fps(),
        info.codec
    )];
    let Some(run) = run else {
        lines.push("not analysed yet; `snowmesh analyze` does it".into());
        return lines.join("\n");
    };
    lines.push(format!(
        "analysed with {} on {} and {} on {}: {:.1} s, {:.1} frames/s, peak memory {} MiB ({})",
        run.detector,
        run.detector_device,
        run.recoverer,
        run.recoverer_device,
        run.wall_s,
        run.fps,
        run.peak_rss_bytes >> 20,
        store.display()
    ));
    lines.extend(riders.tracks.iter().map(|track| track_line(track, &riders.frames)));
    lines.join("\n")
}

/// One rider in words.
pub(super) fn track_line(track: &Track, frames: &[Vec<RiderFrame>]) -> String {
    let counts = Provenance::ALL.map(|provenance| {
        let of_track = frames.iter().flatten().filter(|rider| rider.track == track.id);
        (provenance, of_track.filter(|rider| rider.provenance == provenance).count())
    });
    let counts: Vec<String> =
        counts.iter().filter(|c| c.1 > 0).map(|(p, n)| format!("{n} {}", p.name())).collect();
    let name = track.name.as_ref().map_or_else(String::new, |name| format!(" “{name}”"));
    format!(
        "rider {}{name}{}{}: frames {} to {}, {}",
        track.id.0,
        if track.is_main { " (main)" } else { "" },
        if track.hidden { " (hidden)" } else { "" },
        track.first_frame,
        track.last_frame,
        counts.join(", ")
    )
}
