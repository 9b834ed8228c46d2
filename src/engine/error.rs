//! Errors of the engine: each room's own, wrapped once with what was being done.

use std::path::PathBuf;

use crate::body::BodyError;
use crate::inference::InferenceError;
use crate::render::RenderError;
use crate::store::StoreError;
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
    /// What a caller can act on.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Video(error) => video_kind(error),
            Self::Inference(error) => inference_kind(error),
            Self::Body(_) | Self::UserModel { .. } => ErrorKind::Model,
            Self::Store(error) => store_kind(error),
            Self::Render(error) => render_kind(error),
            Self::Cancelled => ErrorKind::Cancelled,
            Self::ClipChanged { .. }
            | Self::SettingsChanged { .. }
            | Self::Io { .. }
            | Self::NoThread(_)
            | Self::StageLost { .. } => ErrorKind::Failed,
        }
    }
}

fn video_kind(error: &VideoError) -> ErrorKind {
    match error {
        VideoError::UnsupportedOutput { .. }
        | VideoError::OverwritesSource { .. }
        | VideoError::AudioNotSupported { .. }
        | VideoError::NoEncoder
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
