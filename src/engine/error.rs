//! Errors of the engine: each room's own, wrapped once with what was being done.

use std::path::{Path, PathBuf};

use super::model_files::ModelFileError;
use crate::body::BodyError;
use crate::formats::FormatError;
use crate::inference::InferenceError;
use crate::render::RenderError;
use crate::store::StoreError;
use crate::tracking::evaluate::TruthError;
use crate::video::VideoError;

/// What a caller can act on; the command line's exit codes follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input file cannot be read.
    UnreadableInput,
    /// A model is missing, altered or unknown.
    Model,
    /// A device that was asked for is not there.
    Device,
    /// It does not fit in memory.
    Memory,
    /// The user stopped it.
    Cancelled,
    /// Anything else.
    Failed,
}

/// Why a job ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Reading or writing video failed.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// A model could not be loaded or run.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// A body model is not one.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The analysis file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Drawing failed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The clip is not the one that its analysis file was made from.
    #[error(
        "{clip} has changed since {store} was made from it; analyse it again with --restart (Re-analyse in the window), \
         or keep the old analysis by naming another file with --store",
        clip = clip.display(),
        store = store.display()
    )]
    ClipChanged {
        /// The clip.
        clip: PathBuf,
        /// The analysis file.
        store: PathBuf,
    },
    /// The analysis file was made with other models or thresholds.
    #[error(
        "{store} was made with other models or thresholds; replace it with --restart (Re-analyse in the window), or keep \
         it by naming another file with --store",
        store = store.display()
    )]
    SettingsChanged {
        /// The analysis file.
        store: PathBuf,
    },
    /// A change of the tracks that cannot be made.
    #[error("{0}")]
    Tracks(String),
    /// A truth to evaluate against is none.
    #[error("{path}: {cause}", path = path.display())]
    Truth {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: TruthError,
    },
    /// A file of the user's own models could not be fetched, taken in, checked or removed.
    #[error(transparent)]
    ModelFile(#[from] ModelFileError),
    /// A model of the user's own cannot be read.
    #[error(
        "{path}: the {id} model cannot be read ({cause}); `snowmesh models list` tells where it belongs, models/export how it \
         is made",
        path = path.display()
    )]
    UserModel {
        /// The model's id.
        id: &'static str,
        /// Its file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file could not be read or written.
    #[error("{path}: {doing} failed ({cause})", path = path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The disk has no room for what is to be written.
    #[error(
        "{path}: about {} are needed and {} are free there; free some space, choose another folder, or a smaller size or \
         quality",
        megabytes(*.needed),
        megabytes(*.free),
        path = path.display()
    )]
    NoSpace {
        /// The file or folder to be written.
        path: PathBuf,
        /// Bytes that it takes at about.
        needed: u64,
        /// Bytes that there are.
        free: u64,
    },
    /// A picture is asked for under a name of something else.
    #[error("{path}: pictures are PNG files; let the name end in .png", path = path.display())]
    NotPng {
        /// The file to be written.
        path: PathBuf,
    },
    /// Formats of bodies were asked for, and none is known.
    #[error("no body was recovered in {clip}, so there is nothing to write as {formats}", clip = clip.display())]
    NoBodies {
        /// The clip.
        clip: PathBuf,
        /// The formats.
        formats: String,
    },
    /// A result file cannot be taken in.
    #[error("{path}: {cause}", path = path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: FormatError,
    },
    /// A result file is of another clip.
    #[error("{path} has riders in frame {frame}, but {clip} has {frames} frames; name the right clip with --clip", path = path.display(), clip = clip.display())]
    ImportedElsewhere {
        /// The result file.
        path: PathBuf,
        /// The clip.
        clip: PathBuf,
        /// A frame that the clip lacks.
        frame: u64,
        /// The clip's frames.
        frames: u64,
    },
    /// An import would replace an analysis.
    #[error("{store} is there already; replace it with --restart, or keep it by naming another file with --store", store = store.display())]
    AnalysisThere {
        /// The analysis file.
        store: PathBuf,
    },
    /// The user stopped it.
    #[error("cancelled; what was done is kept")]
    Cancelled,
    /// The system gives no more threads.
    #[error("no thread could be started ({0}); close other programs and try again")]
    NoThread(std::io::Error),
    /// A stage stopped without saying why: a bug in this program.
    #[error("{stage} stopped unexpectedly; please report this")]
    StageLost {
        /// The stage.
        stage: &'static str,
    },
}

impl EngineError {
    /// The error for what needs an analysis of `clip` and finds none.
    pub fn not_analysed(clip: &Path) -> Self {
        let clip = clip.display();
        Self::Tracks(format!("{clip} has not been analysed; `snowmesh analyze {clip}` does it"))
    }

    /// What a caller can act on.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Video(error) => video_kind(error),
            Self::Inference(error) => inference_kind(error),
            Self::Body(_) | Self::UserModel { .. } => ErrorKind::Model,
            Self::ModelFile(error) => error.kind(),
            Self::Store(error) => store_kind(error),
            Self::Render(error) => render_kind(error),
            Self::Truth { .. } => ErrorKind::UnreadableInput,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Import { .. } => ErrorKind::UnreadableInput,
            Self::NoBodies { .. }
            | Self::NotPng { .. }
            | Self::NoSpace { .. }
            | Self::ImportedElsewhere { .. }
            | Self::AnalysisThere { .. }
            | Self::ClipChanged { .. }
            | Self::SettingsChanged { .. }
            | Self::Tracks(_)
            | Self::Io { .. }
            | Self::NoThread(_)
            | Self::StageLost { .. } => ErrorKind::Failed,
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn video_kind(error: &VideoError) -> ErrorKind {
    match error {
        VideoError::UnsupportedOutput { .. }
        | VideoError::OverwritesSource { .. }
        | VideoError::AudioNotSupported { .. }
        | VideoError::CodecNotSupported { .. }
        | VideoError::NoEncoder { .. }
        | VideoError::NotWritable { .. }
        | VideoError::DiskFull { .. }
        | VideoError::FramesNotRising { .. }
        | VideoError::Encode { .. } => ErrorKind::Failed,
        _ => ErrorKind::UnreadableInput,
    }
}

fn inference_kind(error: &InferenceError) -> ErrorKind {
    match error {
        InferenceError::DeviceUnavailable { .. } => ErrorKind::Device,
        InferenceError::Run { .. }
        | InferenceError::Output { .. }
        | InferenceError::InvalidImage { .. }
        | InferenceError::InvalidBox { .. } => ErrorKind::Failed,
        _ => ErrorKind::Model,
    }
}

fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::Clip { .. }
        | StoreError::NotFound { .. }
        | StoreError::Corrupt { .. }
        | StoreError::Foreign { .. }
        | StoreError::Newer { .. } => ErrorKind::UnreadableInput,
        _ => ErrorKind::Failed,
    }
}

fn render_kind(error: &RenderError) -> ErrorKind {
    match error {
        RenderError::NoAdapter | RenderError::NoDevice { .. } => ErrorKind::Device,
        RenderError::OutOfMemory { .. } => ErrorKind::Memory,
        _ => ErrorKind::Failed,
    }
}
