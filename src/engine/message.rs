//! What the engine says to whoever drives it. One enum, so that a window and a test can follow everything.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::compare::{Comparison, Measured};
use super::data_export::DataExportOutcome;
use super::error::EngineError;
use super::pictures::PictureOutcome;
use super::plan::Plan;
use super::player::Player;
use super::proxy::Proxy;
use super::surfaces::Textures;
use crate::types::edits::EditLog;
use crate::types::{CameraMotion, ClipInfo, Mask, RiderFrame, RunSummary, Track, TrackId};
use crate::video::FirstPicture;

/// Number of a job, unique within the process. Events of a job that is no longer wanted are told by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Opens a clip for playing.
    Open(PathBuf),
    /// Analyses a clip.
    Analyze(PathBuf),
    /// Takes in a file of one of the user's own models.
    TakeIn(PathBuf),
    /// Fetches the file of the model with this id.
    Fetch(String),
    /// Makes a small copy of a clip for scrubbing.
    Proxy(PathBuf),
    /// Runs several detectors over a clip.
    Compare(PathBuf),
    /// Exports an annotated clip.
    Export {
        /// The clip.
        clip: PathBuf,
        /// The file that is made.
        output: PathBuf,
    },
}

impl JobKind {
    /// A line for the activity list.
    pub fn title(&self) -> String {
        let name = |path: &PathBuf| {
            path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
        };
        match self {
            Self::Open(clip) => format!("Opening {}", name(clip)),
            Self::Analyze(clip) => format!("Analysing {}", name(clip)),
            Self::TakeIn(file) => format!("Taking in {}", name(file)),
            Self::Fetch(id) => format!("Fetching {id}"),
            Self::Proxy(clip) => format!("Small copy of {}", name(clip)),
            Self::Compare(clip) => format!("Comparing detectors on {}", name(clip)),
            Self::Export { output, .. } => format!("Exporting {}", name(output)),
        }
    }
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done now, in words: "loading nanodet", "analysing".
    pub stage: String,
    /// Frames done, counting those of earlier sittings.
    pub done: u64,
    /// Frames in all; 0 where it is not known yet.
    pub total: u64,
    /// Frames a second in this sitting.
    pub fps: f64,
    /// Seconds left at that rate.
    pub eta_s: Option<f64>,
}

impl Progress {
    /// Done share, 0 to 1; `None` while the total is unknown.
    pub fn fraction(&self) -> Option<f32> {
        (self.total > 0).then(|| (self.done as f64 / self.total as f64).clamp(0.0, 1.0) as f32)
    }
}

/// All that an analysis found, once it is whole.
#[derive(Clone, Debug, Default)]
pub struct ResolvedRiders {
    /// The recoverer whose bodies they have; it decides the body model that may be posed with them.
    pub recoverer: String,
    /// The riders.
    pub tracks: Vec<Track>,
    /// Riders of each frame, by frame index.
    pub frames: Vec<Vec<RiderFrame>>,
    /// What the riders look like.
    pub textures: Arc<Textures>,
    /// The shapes of those whose detector gives them, by frame.
    pub masks: Arc<BTreeMap<u64, Vec<Mask>>>,
    /// First frame of every shot but the first.
    pub cuts: Vec<u64>,
    /// How the camera moved into each frame, by frame index; may end early.
    pub motions: Vec<CameraMotion>,
    /// What the user has changed; `tracks` and `frames` are after it.
    pub edits: EditLog,
    /// Number of changes that no longer find their rider.
    pub lost_edits: usize,
}

impl ResolvedRiders {
    /// Whom the clip is about, where that is known: of the main riders of its shots the one who is seen longest.
    pub fn main(&self) -> Option<TrackId> {
        // Of equals the first.
        let longest = self.tracks.iter().rev().filter(|track| track.is_main);
        longest.max_by_key(|track| track.detected_frames).map(|track| track.id)
    }

    /// Riders of a frame; nobody past the end.
    pub fn at(&self, frame: u64) -> &[RiderFrame] {
        let riders = usize::try_from(frame).ok().and_then(|frame| self.frames.get(frame));
        riders.map_or(&[], Vec::as_slice)
    }

    /// The shapes that the detector saw in a frame.
    pub fn masks_at(&self, frame: u64) -> &[Mask] {
        self.masks.get(&frame).map_or(&[], Vec::as_slice)
    }

    /// How the camera moved into a frame.
    pub fn motion_into(&self, frame: u64) -> CameraMotion {
        let motion = usize::try_from(frame).ok().and_then(|frame| self.motions.get(frame));
        motion.copied().unwrap_or_default()
    }

    /// Whether anyone is drawn in a range of frames.
    pub fn anyone_in(&self, (first, last): (u64, u64), others: bool) -> bool {
        (first..=last).any(|frame| self.at(frame).iter().any(|rider| self.is_shown(rider.track, others)))
    }

    /// Whether a rider is drawn: one of the main riders, or anyone where `others` are asked for or nobody is the main
    /// rider; never one whom the user has hidden.
    pub fn is_shown(&self, id: TrackId, others: bool) -> bool {
        self.track(id).is_none_or(|track| {
            !track.hidden && (others || track.is_main || !self.tracks.iter().any(|track| track.is_main))
        })
    }

    /// The track with this id.
    pub fn track(&self, id: TrackId) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }
}

/// How an analysis ended.
#[derive(Clone, Debug)]
pub struct AnalysisOutcome {
    /// The analysis file.
    pub store: PathBuf,
    /// What it took.
    pub summary: RunSummary,
    /// Whether a finished analysis was found and nothing had to be done.
    pub reused: bool,
    /// Frames that could not be decoded, each with its reason.
    pub warnings: Vec<(u64, String)>,
}

/// How an export ended.
#[derive(Clone, Debug)]
pub struct ExportOutcome {
    /// The video, where one was asked for.
    pub video: Option<PathBuf>,
    /// The folder of mattes, where one was asked for.
    pub matte_folder: Option<PathBuf>,
    /// Frames written.
    pub frames: u64,
    /// Frames in which a mesh is drawn.
    pub frames_with_mesh: u64,
    /// Wall time, seconds.
    pub wall_s: f64,
}

/// What a job gave.
#[derive(Debug)]
pub enum JobResult {
    /// The clip is open; the player shows its first frame.
    Opened {
        /// What is known of the clip.
        clip: Arc<ClipInfo>,
        /// Plays it.
        player: Player,
    },
    /// The analysis is whole.
    Analyzed(AnalysisOutcome),
    /// Each detector has seen the clip.
    Compared {
        /// What they found.
        comparison: Arc<Comparison>,
        /// What is said of them at their own thresholds.
        measured: Measured,
    },
    /// The files are written.
    Exported(ExportOutcome),
    /// A file of one of the user's own models is where it belongs.
    ModelReady {
        /// What was done.
        title: String,
        /// What it is, and what is next.
        detail: String,
    },
    /// A clip has been looked at for scrubbing.
    ProxyReady {
        /// The clip.
        clip: PathBuf,
        /// Its small copy; `None` where it needs none.
        proxy: Option<Proxy>,
    },
    /// The data files are written.
    DataExported(DataExportOutcome),
    /// The picture is written.
    PictureSaved(PictureOutcome),
}

/// News from the engine.
#[derive(Debug)]
pub enum Event {
    /// A job began.
    Started {
        /// The job.
        job: JobId,
        /// What it does.
        kind: JobKind,
    },
    /// An analysis has been planned and is about to load its models.
    Planned {
        /// The analysis job.
        job: JobId,
        /// How it runs.
        plan: Box<Plan>,
    },
    /// A job moved on.
    Progress {
        /// The job.
        job: JobId,
        /// How far it is.
        progress: Progress,
    },
    /// A clip that takes long to open can be seen already.
    FirstPicture {
        /// The opening.
        job: JobId,
        /// The picture.
        picture: FirstPicture,
    },
    /// An analysis knows more of one frame. May come again for the same frame.
    Riders {
        /// The analysis job.
        job: JobId,
        /// Frame index.
        frame: u64,
        /// Everyone in that frame.
        riders: Vec<RiderFrame>,
    },
    /// An analysis has settled who is who; replaces what [`Event::Riders`] said.
    Resolved {
        /// The analysis job.
        job: JobId,
        /// All riders of all frames.
        riders: Arc<ResolvedRiders>,
    },
    /// Something went wrong that does not end the job.
    Warning {
        /// The job.
        job: JobId,
        /// What happened.
        message: String,
    },
    /// A job ended: with its result, or with why not ([`EngineError::Cancelled`] when it was asked to stop).
    Finished {
        /// The job.
        job: JobId,
        /// The result.
        result: Result<JobResult, EngineError>,
    },
}
