//! Taking in another program's result as the analysis of a clip.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use glam::Vec2;
use sha2::{Digest, Sha256};

use super::analysis::store_path;
use super::models::ModelShelf;
use super::{AnalyzeRequest, EngineError};
use crate::body::BodyModel;
use crate::formats::{self, Imported, ImportedRider};
use crate::store::{AnalysisStore, ClipFingerprint, FrameRecord, OpenMode, RunKey};
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::{
    BBox, BodyEstimate, Camera, ClipInfo, Detection, FrameEvidence, Keypoint, Observation, RiderFrame,
    RunSummary, Track, TrackId,
};
use crate::video::{self, DecodeOptions};

/// What stands for detector and recoverer of an imported analysis.
const IMPORTED: &str = "imported";

/// Raised whenever the same file would be taken in otherwise.
const IMPORT_VERSION: u32 = 1;

/// What an import is asked for.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The result file.
    pub file: PathBuf,
    /// The clip that it was made from, and where its analysis goes; `restart` replaces one that is there.
    pub analysis: AnalyzeRequest,
}

/// How an import ended.
#[derive(Clone, Debug)]
pub struct ImportOutcome {
    /// The analysis file.
    pub store: PathBuf,
    /// Riders taken in.
    pub riders: usize,
    /// Frames with a rider.
    pub frames: usize,
}

/// Makes the analysis file of a clip from another program's result. Nothing in the file is executed.
///
/// Where the file has no focal length, it is the picture's longer side; where it has no box, the box is that of the joints in the picture; joints are those of the starter body. The
/// rider of most frames is the main one. 2D keypoints are not measured, so they have the score 0.
///
/// # Errors
/// When the file is not a result, not this clip's, or an analysis is there already.
pub fn import(request: &ImportRequest, shelf: &ModelShelf) -> Result<ImportOutcome, EngineError> {
    let started = Instant::now();
    let failed = |cause| EngineError::Io { doing: "reading it", path: request.file.clone(), cause };
    let bytes = std::fs::read(&request.file).map_err(failed)?;
    let imported =
        formats::import(&bytes).map_err(|cause| EngineError::Import { path: request.file.clone(), cause })?;
    let clip = video::open(&request.analysis.clip, &DecodeOptions::default())?.info().clone();
    let last = imported.frames.iter().rev().find(|(_, riders)| !riders.is_empty());
    if let Some((&frame, _)) = last.filter(|(frame, _)| **frame >= clip.frames.len()) {
        let (path, clip_path) = (request.file.clone(), clip.path.clone());
        let frames = clip.frames.len();
        return Err(EngineError::ImportedElsewhere { path, clip: clip_path, frame, frames });
    }
    let store_file = store_path(&request.analysis);
    if store_file.exists() && !request.analysis.restart {
        return Err(EngineError::AnalysisThere { store: store_file });
    }
    let frames = rider_frames(&imported, &clip, &*shelf.body()?);
    let tracks = tracks(&frames);

    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let file_name = request.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let key = RunKey {
        detector: IMPORTED.into(),
        recoverer: IMPORTED.into(),
        model_sha256: [(file_name, digest)].into(),
        algorithm_version: IMPORT_VERSION,
        ..RunKey::default()
    };
    let fingerprint = ClipFingerprint::of(&request.analysis.clip)?;
    let (mut store, _) = AnalysisStore::open(&store_file, &fingerprint, &key, OpenMode::Restart)?;
    store.append(&records(&frames, &clip))?;
    store.write_riders(&(0..frames.len() as u64).collect::<Vec<_>>(), &frames)?;
    store.write_tracks(&tracks)?;
    let summary = RunSummary {
        detector: IMPORTED.into(),
        recoverer: IMPORTED.into(),
        wall_s: started.elapsed().as_secs_f64(),
        ..RunSummary::default()
    };
    store.finish(&summary)?;
    let with_riders = frames.iter().filter(|riders| !riders.is_empty()).count();
    Ok(ImportOutcome { store: store_file, riders: tracks.len(), frames: with_riders })
}

/// Everyone in every frame of the clip. Of a rider named twice in a frame the first counts.
fn rider_frames(imported: &Imported, clip: &ClipInfo, body: &BodyModel) -> Vec<Vec<RiderFrame>> {
    let none = Vec::new();
    (0..clip.frames.len())
        .map(|frame| {
            let mut seen = BTreeSet::new();
            let riders = imported.frames.get(&frame).unwrap_or(&none);
            riders
                .iter()
                .filter(|rider| seen.insert(rider.track))
                .map(|rider| rider_frame(rider, imported, clip, body))
                .collect()
        })
        .collect()
}

fn rider_frame(rider: &ImportedRider, imported: &Imported, clip: &ClipInfo, body: &BodyModel) -> RiderFrame {
    let (width, height) = imported.picture_px.unwrap_or((clip.width, clip.height));
    // The file may have been made from a smaller copy of the clip.
    let scale = clip.width as f32 / width.max(1) as f32;
    let camera = Camera {
        focal_px: rider.focal_px.unwrap_or(width.max(height) as f32) * scale,
        center_px: rider.center_px.unwrap_or(Vec2::new(width as f32, height as f32) * 0.5) * scale,
    };
    let joints_3d = body.pose_joints(&rider.smpl, rider.translation_m);
    let bbox = rider.bbox.map_or_else(
        || {
            let seen = joints_3d.iter().filter_map(|joint| camera.project(*joint));
            let (min, max) = seen.fold((Vec2::INFINITY, Vec2::NEG_INFINITY), |(min, max), point| {
                (min.min(point), max.max(point))
            });
            if min.is_finite() { BBox { min, max } } else { BBox::default() }
        },
        |bbox| BBox { min: bbox.min * scale, max: bbox.max * scale },
    );
    let keypoint = Keypoint { position: bbox.center(), score: 0.0 };
    RiderFrame {
        track: TrackId(rider.track),
        provenance: rider.provenance,
        score: rider.score.clamp(0.0, 1.0),
        bbox,
        body: Some(BodyEstimate {
            joints_2d: [keypoint; COCO_KEYPOINT_COUNT],
            joints_3d,
            smpl: rider.smpl.clone(),
            translation_m: rider.translation_m,
            camera,
            depth_cues: None,
            joint_sigma_m: None,
            confidence: rider.score.clamp(0.0, 1.0),
        }),
    }
}

fn tracks(frames: &[Vec<RiderFrame>]) -> Vec<Track> {
    let ids: BTreeSet<TrackId> = frames.iter().flatten().map(|rider| rider.track).collect();
    let mut tracks: Vec<Track> = ids
        .into_iter()
        .map(|id| {
            let mut track = Track {
                id,
                first_frame: u64::MAX,
                last_frame: 0,
                detected_frames: 0,
                is_main: false,
                name: None,
                hidden: false,
            };
            for (frame, riders) in (0_u64..).zip(frames) {
                for rider in riders.iter().filter(|rider| rider.track == id) {
                    track.first_frame = track.first_frame.min(frame);
                    track.last_frame = frame;
                    track.detected_frames += u64::from(rider.provenance.is_seen());
                }
            }
            track
        })
        .collect();
    if let Some(main) = tracks.iter_mut().max_by_key(|track| track.detected_frames) {
        main.is_main = true;
    }
    tracks
}

/// What was seen in each frame.
fn records(frames: &[Vec<RiderFrame>], clip: &ClipInfo) -> Vec<FrameRecord> {
    let seen = |rider: &&RiderFrame| rider.provenance.is_seen();
    (0_u64..)
        .zip(frames)
        .map(|(frame, riders)| FrameRecord {
            frame,
            pts: clip.frames.pts(frame).unwrap_or_default(),
            pts_s: clip.frames.seconds(frame),
            change: None,
            observations: riders
                .iter()
                .filter(seen)
                .map(|rider| Observation {
                    detection: Detection { bbox: rider.bbox, score: rider.score },
                    body: rider.body.clone(),
                })
                .collect(),
            evidence: FrameEvidence::default(),
            warning: None,
        })
        .collect()
}
