//! What one detector found in a clip, before anything is made of it.

use serde::{Deserialize, Serialize};

use super::mask::Mask;
use super::person::Detection;

/// A detector's way through a clip, kept so that looking at it again costs nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorRun {
    /// How it ran.
    pub info: DetectorRunInfo,
    /// By frame index.
    pub frames: Vec<DetectedFrame>,
}

/// How a detector ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorRunInfo {
    /// The model's id.
    pub detector: String,
    /// All that decides what it finds: its file's hash, its classes, its part of the picture.
    pub key: String,
    /// Where it ran.
    pub device: String,
    /// Lowest score that was kept.
    pub floor: f32,
    /// Score from which its detections are usually right.
    pub threshold: f32,
    /// Time to load it, seconds.
    pub load_s: f64,
    /// Resident memory that it took, with its pictures, bytes.
    pub memory_bytes: u64,
}

/// One frame of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectedFrame {
    /// Time that finding took, milliseconds; not a number for a frame that could not be decoded.
    pub latency_ms: f32,
    /// Who was found, best first, whatever the threshold.
    pub detections: Vec<Detection>,
    /// The shapes of these, in their order; empty where the network gives none.
    pub masks: Vec<Mask>,
}
