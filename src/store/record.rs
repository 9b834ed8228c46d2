//! What is kept of a frame, and of the way it was made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::types::{FrameEvidence, Observation};

/// Everything that was seen in one frame, before anyone is tracked.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameRecord {
    /// Position in presentation order, from 0.
    pub frame: u64,
    /// Presentation timestamp in the stream's time base.
    pub pts: i64,
    /// Seconds from the first frame of the clip.
    pub pts_s: f64,
    /// How much the picture differs from the one before it, grey levels of 0 to 255; `None` where it is not known.
    pub change: Option<f32>,
    /// Detections and their bodies, in the order given.
    pub observations: Vec<Observation>,
    /// What else the picture tells of who is who.
    pub evidence: FrameEvidence,
    /// Why this frame is worth less than others, in words for the user.
    pub warning: Option<String>,
}

/// All that decides an analysis' result apart from the clip. Frames made under different keys never share a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunKey {
    /// Detector id.
    pub detector: String,
    /// Recoverer id.
    pub recoverer: String,
    /// Thresholds in effect, by name.
    pub thresholds: BTreeMap<String, f32>,
    /// SHA-256 of each model file used, by model id.
    pub model_sha256: BTreeMap<String, String>,
    /// Raised whenever the analysis computes something else from the same models.
    pub algorithm_version: u32,
}
