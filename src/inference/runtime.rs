//! ONNX Runtime itself: found, loaded and started once per process.
//!
//! The library is loaded at run time, so that a missing one is a message with a remedy instead of a program that does
//! not start. ort panics when anything is asked of it before a library is loaded; so nothing in this room touches ort
//! except through a [`Runtime`], and a `Runtime` exists only once loading has succeeded.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ort::LoadDynamicError;
use ort::environment::Environment;
use ort::logging::LogLevel;

use super::error::InferenceError;
use super::library::{self, Library};
use super::providers;
use crate::types::Device;

/// A started ONNX Runtime. Cloning is free; all clones are the same one.
#[derive(Clone, Copy, Debug)]
pub struct Runtime {
    started: &'static Started,
}

#[derive(Debug)]
struct Started {
    environment: Environment,
    library: PathBuf,
    version: String,
}

/// Held for the life of the process: ONNX Runtime allows one environment and cannot be unloaded.
static STARTED: OnceLock<Started> = OnceLock::new();

impl Runtime {
    /// Starts ONNX Runtime from `library`, else from the file that ORT_DYLIB_PATH names, else from
    /// `runtime/onnxruntime/` beside the executable or in a folder above it, else from the system's libraries.
    ///
    /// A second call returns the runtime that already runs, whatever library it names: changing it takes a restart.
    /// After a failure another call may succeed.
    ///
    /// # Errors
    /// [`InferenceError::RuntimeMissing`], [`InferenceError::RuntimeUnusable`] or [`InferenceError::RuntimeTooOld`].
    pub fn start(library: Option<&Path>) -> Result<Self, InferenceError> {
        static STARTING: Mutex<()> = Mutex::new(());
        let _guard = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = STARTED.get() {
            return Ok(Self { started });
        }
        let started = Started::load(library::find(library))?;
        Ok(Self { started: STARTED.get_or_init(|| started) })
    }

    /// The version, such as `1.32`.
    pub fn version(&self) -> &str {
        &self.started.version
    }

    /// The library's file, or its bare name where the system's loader found it.
    pub fn library_path(&self) -> &Path {
        &self.started.library
    }

    /// The devices for which this build has a provider. Whether it works here is another question.
    pub fn offers(&self) -> Vec<Device> {
        Device::kinds().filter(|device| providers::is_compiled_in(*device)).collect()
    }

    /// Runs a network of one node on `device`. A provider may end the process where its GPU is not there.
    ///
    /// # Errors
    /// [`InferenceError::DeviceUnavailable`] with the cause.
    pub fn prove(&self, device: Device) -> Result<(), InferenceError> {
        providers::prove(self, device)
    }

    /// The environment in which sessions are made.
    pub(super) fn environment(&self) -> &Environment {
        &self.started.environment
    }
}

impl Started {
    fn load(found: Library) -> Result<Self, InferenceError> {
        let (path, looked) = match found {
            Library::File(path) if path.is_file() => (path, Vec::new()),
            Library::File(path) => return Err(missing(&[path], None)),
            // ort panics on a bare name where the executable's own path is not known.
            Library::System { looked, .. } if looked.is_empty() => return Err(missing(&[], None)),
            Library::System { name, looked } => (PathBuf::from(name), looked),
        };
        let from_system = path.is_relative();
        let builder = ort::init_from(&path).map_err(|cause| match cause {
            LoadDynamicError::Dlopen { .. } if from_system => missing(&looked, Some(&path)),
            LoadDynamicError::BadVersion { version_str, path } => {
                InferenceError::RuntimeTooOld { path, found: version_str, needed: oldest_version() }
            }
            other => InferenceError::RuntimeUnusable { path: path.clone(), cause: other.to_string() },
        })?;
        let environment = builder
            .with_name("snowmesh")
            .with_telemetry(false)
            .with_logger(Arc::new(log))
            .build()
            .map_err(|e| InferenceError::RuntimeUnusable { path: path.clone(), cause: e.to_string() })?;
        environment.set_log_level(LogLevel::Warning);
        let version =
            ort::util::probe(&path).map_or_else(|| "unknown".to_owned(), |minor| format!("1.{minor}"));
        Ok(Self { environment, library: path, version })
    }
}

fn missing(looked: &[PathBuf], system_name: Option<&Path>) -> InferenceError {
    let files = looked.iter().map(|path| path.display().to_string());
    let system = system_name.iter().map(|name| format!("{} in the system's libraries", name.display()));
    InferenceError::RuntimeMissing { looked: files.chain(system).collect(), needed: oldest_version() }
}

/// The oldest ONNX Runtime whose interface is the one that this program was built for.
fn oldest_version() -> String {
    format!("1.{}", ort::MINOR_VERSION)
}

/// Passes ONNX Runtime's own messages on, a step quieter than it means them: its warnings are addressed to the makers
/// of a model, and its errors also come back as errors.
fn log(level: LogLevel, _category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Error | LogLevel::Fatal => tracing::warn!(target: "onnxruntime", location, "{message}"),
        _ => tracing::debug!(target: "onnxruntime", location, "{message}"),
    }
}
