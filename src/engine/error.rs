//! Errors of the engine: each room's own, wrapped once with what was being done.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::model_files::ModelFileError;
use super::plan::{Plan, Refusal};
use super::worker::{Cause, Death};
use crate::body::BodyError;
use crate::formats::FormatError;
use crate::inference::InferenceError;
use crate::render::RenderError;
use crate::store::StoreError;
use crate::tracking::evaluate::TruthError;
use crate::types::{Device, Rung};
use crate::video::VideoError;

/// What a caller can act on; the command line's exit codes follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Labels, or a labelled picture, cannot be used.
    #[error("{path}: the labels cannot be used: {cause}", path = path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
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
    /// A picture of the rider is asked for, and there is none.
    #[error("no rider is known in that part of {clip}, or all are hidden; choose another part", clip = clip.display())]
    NobodyThere {
        /// The clip.
        clip: PathBuf,
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
    /// The models fit into memory in no permitted way. Nothing has been loaded.
    #[error("{0}")]
    DoesNotFit(Box<Refusal>),
    /// The process that an analysis ran in ended without saying why.
    #[error("{0}")]
    WorkerDied(Box<Death>),
    /// The process that an export ran in ended without saying why.
    #[error(
        "the export {}. No half-written file is left, and what was there before is untouched; {}",
        cause.words(),
        if *hardware { "try it without the encoder in hardware" } else { "try it again, or with another codec" }
    )]
    ExportDied {
        /// What ended it.
        cause: Cause,
        /// Whether an encoder in hardware was asked for.
        hardware: bool,
    },
    /// The process that an analysis or an export is to run in cannot be started.
    #[error(
        "{program} cannot be started ({cause}); switch off 'Analyse and export in own processes' to do without",
        program = program.display()
    )]
    WorkerNotStarted {
        /// The program.
        program: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A model failed on a GPU: a driver that was reset, a card that was removed, memory that ran out.
    #[error("{cause}. It ran on {device}, which may have been reset or have no memory left; what was done is kept{}", go_on(*next))]
    GpuFailed {
        /// The GPU.
        device: Device,
        /// What ONNX Runtime said.
        cause: InferenceError,
        /// The way to go on that takes less of it, where there is one.
        next: Option<Rung>,
    },
    /// A worker was started by something that is not this program.
    #[error("the worker's order cannot be understood ({0}); without --worker the same work is done")]
    Order(String),
    /// What a worker said of its own failure.
    #[error("{message}")]
    Worker {
        /// What a caller can act on.
        kind: ErrorKind,
        /// What the user reads.
        message: String,
        /// Whether starting over would help, and not just trying again.
        restart_helps: bool,
        /// The way to save memory that it can go on with, where that may help.
        next: Option<Rung>,
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

    /// Whether starting over would help, and not just trying again.
    pub fn restart_helps(&self) -> bool {
        match self {
            Self::Worker { restart_helps, .. } => *restart_helps,
            other => matches!(other, Self::ClipChanged { .. } | Self::SettingsChanged { .. }),
        }
    }

    /// A failure of a model that `plan` has on a GPU is told as such, with the way to go on that takes less of it.
    pub fn on_gpu(self, plan: &Plan) -> Self {
        match self {
            Self::Inference(cause) => {
                let failed = match cause.failed_model() {
                    Some(id) if id == plan.detector.id => plan.detector.device,
                    // A recoverer fails in one of its parts.
                    Some(_) => plan.recoverer.device,
                    None => Device::Cpu,
                };
                if failed == Device::Cpu {
                    return Self::Inference(cause);
                }
                // A detector that leaves the GPU also leaves its memory there to the recoverer.
                let moves = plan.detector.device != Device::Cpu && plan.rung < Rung::DetectorOnProcessor;
                let next = if moves { Some(Rung::DetectorOnProcessor) } else { plan.next };
                Self::GpuFailed { device: failed, cause, next }
            }
            other => other,
        }
    }

    /// The way to save memory with which to go on, where that may help.
    pub fn next_rung(&self) -> Option<Rung> {
        match self {
            Self::WorkerDied(death) => death.next,
            Self::Worker { next, .. } => *next,
            Self::GpuFailed { next, .. } => *next,
            _ => None,
        }
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
            Self::Truth { .. } | Self::Labels { .. } => ErrorKind::UnreadableInput,
            Self::DoesNotFit(_) => ErrorKind::Memory,
            Self::WorkerDied(death) if death.cause.is_memory() => ErrorKind::Memory,
            Self::GpuFailed { .. } => ErrorKind::Device,
            Self::Worker { kind, .. } => *kind,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Import { .. } => ErrorKind::UnreadableInput,
            Self::NoBodies { .. }
            | Self::NotPng { .. }
            | Self::NobodyThere { .. }
            | Self::NoSpace { .. }
            | Self::ImportedElsewhere { .. }
            | Self::AnalysisThere { .. }
            | Self::ClipChanged { .. }
            | Self::SettingsChanged { .. }
            | Self::Tracks(_)
            | Self::Io { .. }
            | Self::NoThread(_)
            | Self::Order(_)
            | Self::WorkerDied(_)
            | Self::ExportDied { .. }
            | Self::WorkerNotStarted { .. }
            | Self::StageLost { .. } => ErrorKind::Failed,
        }
    }
}

/// What a message about a failed GPU ends with.
fn go_on(next: Option<Rung>) -> String {
    next.map_or_else(String::new, |rung| format!(", and it can go on in another way: {}", rung.name()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::{Budget, Sources};
    use crate::engine::plan::ModelPlan;
    use crate::types::{MemoryMode, WeightsHeld};

    fn plan(rung: Rung, detector: Device, recoverer: Device) -> Plan {
        let model = |id: &str, device| ModelPlan {
            id: id.to_owned(),
            device,
            weights: WeightsHeld::Copied,
            batch: 1,
            anonymous: 0,
            mapped: 0,
            gpu: 0,
        };
        Plan {
            rung,
            next: (rung < Rung::Tight).then_some(Rung::OneAtATime),
            mode: MemoryMode::AllAtOnce,
            detector: model("vitdet-h", detector),
            recoverer: model("hmr2", recoverer),
            needed: 0,
            anonymous: 0,
            mapped: 0,
            budget: Budget::from_sources(&Sources::default()),
            steps: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_model_that_fails_on_a_gpu_is_told_with_its_cause_and_a_way_to_go_on() {
        let out_of_memory = |id: &str| {
            let cause =
                "BFCArena failed to allocate memory for requested buffer of size 2400000000".to_owned();
            EngineError::Inference(InferenceError::Run { model: id.to_owned(), cause })
        };
        let gpu = Device::Cuda(0);
        for (failed, planned, next) in [
            ("vitdet-h", plan(Rung::FullSpeed, gpu, gpu), Some(Rung::DetectorOnProcessor)),
            ("hmr2", plan(Rung::FullSpeed, gpu, gpu), Some(Rung::DetectorOnProcessor)),
            ("hmr2", plan(Rung::DetectorOnProcessor, Device::Cpu, gpu), Some(Rung::OneAtATime)),
            ("hmr2", plan(Rung::Tight, Device::Cpu, gpu), None),
        ] {
            let error = out_of_memory(failed).on_gpu(&planned);
            assert_eq!((error.kind(), error.next_rung()), (ErrorKind::Device, next), "{error}");
            let words = error.to_string();
            let told = next.map_or("is kept", Rung::name);
            assert!(
                words.contains("failed to allocate") && words.contains("cuda:0") && words.contains(told),
                "{words}"
            );
        }
        let on_processor = out_of_memory("hmr2").on_gpu(&plan(Rung::FullSpeed, gpu, Device::Cpu));
        assert!(matches!(on_processor, EngineError::Inference(_)), "{on_processor}");
    }
}
