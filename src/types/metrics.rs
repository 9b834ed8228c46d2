//! What a run cost.

use serde::{Deserialize, Serialize};

/// Time spent in one stage of an analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// decode, detect, recover, track or store.
    pub stage: String,
    /// Frames that went through it.
    pub frames: u64,
    /// Busy time, seconds.
    pub busy_s: f64,
}

/// How an analysis was made and what it took; kept in the analysis file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Detector id.
    pub detector: String,
    /// Recoverer id.
    pub recoverer: String,
    /// Device that the detector ran on.
    pub detector_device: String,
    /// Device that the recoverer ran on.
    pub recoverer_device: String,
    /// Wall time over all sittings, seconds.
    pub wall_s: f64,
    /// Frames analysed per second of wall time.
    pub fps: f64,
    /// Highest resident memory of the process, bytes.
    pub peak_rss_bytes: u64,
    /// Times by stage, of the last sitting.
    pub stages: Vec<StageTime>,
}
