//! What a worker and the program that started it say to each other: a line of JSON each.

use serde::{Deserialize, Serialize};

use super::super::plan::Plan;
use super::super::{ErrorKind, Progress, VideoOptions};
use crate::settings::ModelSettings;
use crate::types::{MemoryWish, OverlayStyle, RiderFrame, RunSummary, Rung};

/// The first line to a worker. Paths are arguments, since they need not be Unicode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Models, devices and thresholds.
    pub models: ModelSettings,
    /// How memory is to be spent.
    pub memory: MemoryWish,
    /// Whether a finished analysis will do.
    pub accept_existing: bool,
    /// What is exported, for a worker that does.
    pub export: Option<ExportOrder>,
}

/// How an export is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportOrder {
    /// What is drawn.
    pub overlay: OverlayStyle,
    /// First and last frame; `None` for the whole clip.
    pub range: Option<(u64, u64)>,
    /// How the video is made.
    pub video: VideoOptions,
}

/// Any later line to a worker; the end of its input says the same.
pub const CANCEL: &str = "cancel";

/// A line from a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// How it will run.
    Planned {
        /// The plan.
        plan: Box<Plan>,
    },
    /// How far it is.
    Progress {
        /// How far.
        #[serde(flatten)]
        progress: Progress,
    },
    /// Something that does not end it.
    Warning {
        /// What.
        message: String,
    },
    /// More is known of a frame.
    Riders {
        /// The frame.
        frame: u64,
        /// Everyone in it.
        riders: Vec<RiderFrame>,
    },
    /// The analysis is whole; its last line.
    Done {
        /// Whether a finished analysis was found.
        reused: bool,
        /// What it took.
        run: RunSummary,
        /// Frames that could not be decoded.
        warnings: Vec<(u64, String)>,
    },
    /// The export is whole; its last line.
    Exported {
        /// Frames written.
        frames: u64,
        /// Frames in which a mesh is drawn.
        frames_with_mesh: u64,
        /// Wall time, seconds.
        wall_s: f64,
    },
    /// It failed; its last line.
    Failed {
        /// What a caller can act on.
        kind: ErrorKind,
        /// What the user reads.
        message: String,
        /// Whether starting over would help.
        restart_helps: bool,
        /// The way to save memory that it can go on with.
        next: Option<Rung>,
    },
}
