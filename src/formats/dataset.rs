//! What is written, and what was read.

use std::collections::BTreeMap;

use glam::{Vec2, Vec3};
use serde::Serialize;

use crate::types::smpl::SurfaceJoints;
use crate::types::{BBox, BodyEstimate, ClipInfo, Provenance, RiderFrame, RunSummary, SmplParams, Track};

/// Where data comes from: with the clip and the models of these hashes it can be made again.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Origin {
    /// Name of the program.
    pub program: String,
    /// Version of the program that wrote the file.
    pub version: String,
    /// The clip's file name.
    pub clip: String,
    /// The clip's length, bytes.
    pub clip_bytes: u64,
    /// SHA-256 over the clip's size and its first, middle and last 256 KiB.
    pub clip_sha256_of_samples: String,
    /// Detector id.
    pub detector: String,
    /// Recoverer id.
    pub recoverer: String,
    /// Thresholds of the analysis, by name.
    pub thresholds: BTreeMap<String, f32>,
    /// SHA-256 of each model file, by model id.
    pub model_sha256: BTreeMap<String, String>,
    /// Version of the analysis' own computing.
    pub algorithm_version: u32,
}

/// An analysis to be written.
#[derive(Clone, Copy)]
pub struct Dataset<'a> {
    /// The clip.
    pub clip: &'a ClipInfo,
    /// The riders to write.
    pub tracks: &'a [Track],
    /// Riders of each frame, by frame index; only those of `tracks`.
    pub frames: &'a [Vec<RiderFrame>],
    /// How the run went.
    pub run: Option<&'a RunSummary>,
    /// Where it comes from.
    pub origin: &'a Origin,
    /// The joints on a body's surface, where that is SMPL's.
    pub surface_joints: Option<&'a dyn Fn(&BodyEstimate) -> SurfaceJoints>,
}

impl<'a> Dataset<'a> {
    /// Every rider's state that says something, with its frame index.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u64, &'a RiderFrame)> + use<'a> {
        (0_u64..).zip(self.frames).flat_map(|(frame, riders)| {
            riders
                .iter()
                .filter(|rider| rider.provenance != Provenance::Missing)
                .map(move |rider| (frame, rider))
        })
    }

    /// Frames a second where a format has room for one number: the mean between the first and the last frame.
    pub(super) fn rate_hz(&self) -> f64 {
        let frames = &self.clip.frames;
        let span_s = frames.seconds(frames.len().saturating_sub(1));
        if span_s > 0.0 { (frames.len() - 1) as f64 / span_s } else { self.clip.average_fps().max(1.0) }
    }
}

/// A rider read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedRider {
    /// Number of the rider in the file.
    pub track: u32,
    /// Whether the file calls him seen or carried on.
    pub provenance: Provenance,
    /// Score, 0 to 1; 1 where the file has none.
    pub score: f32,
    /// Box, picture pixels, where the file has one.
    pub bbox: Option<BBox>,
    /// Pose and shape.
    pub smpl: SmplParams,
    /// Added to the posed body to bring it into the camera frame, metres.
    pub translation_m: Vec3,
    /// Focal length, pixels, where the file says it.
    pub focal_px: Option<f32>,
    /// Principal point, picture pixels; `None` for the middle of the picture.
    pub center_px: Option<Vec2>,
}

impl ImportedRider {
    /// Whether every number is finite.
    pub(super) fn is_finite(&self) -> bool {
        let smpl = &self.smpl;
        smpl.global_orient.is_finite()
            && smpl.body_pose.iter().all(|turn| turn.is_finite())
            && smpl.betas.iter().all(|beta| beta.is_finite())
            && self.translation_m.is_finite()
            && self.score.is_finite()
            && self.bbox.is_none_or(|bbox| bbox.min.is_finite() && bbox.max.is_finite())
            && self.focal_px.is_none_or(|focal| focal.is_finite() && focal > 0.0)
            && self.center_px.is_none_or(|center| center.is_finite())
    }
}

/// Riders read from a file, by frame index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// Each frame's riders, ascending; frames without riders may be left out.
    pub frames: BTreeMap<u64, Vec<ImportedRider>>,
    /// Upright width and height of the pictures, where the file says so.
    pub picture_px: Option<(u32, u32)>,
}
