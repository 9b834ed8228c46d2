//! What can go wrong with models.

use std::path::PathBuf;

use crate::types::Device;

/// Errors of the inference room; each names the file, model or device and what to do.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// ONNX Runtime's library is in none of the places it is looked for.
    #[error(
        "ONNX Runtime was not found (looked for {looked}): run `cargo xtask setup`, or install ONNX Runtime \
         {needed} or newer and set ORT_DYLIB_PATH to its library",
        looked = looked.join(", ")
    )]
    RuntimeMissing {
        /// Files and names that were tried.
        looked: Vec<String>,
        /// The oldest version that works.
        needed: String,
    },
    /// The library is there but cannot be loaded or started.
    #[error(
        "{path}: this ONNX Runtime library cannot be used ({cause}): run `cargo xtask setup` for one that can, or set \
         ORT_DYLIB_PATH to another",
        path = path.display()
    )]
    RuntimeUnusable {
        /// The library.
        path: PathBuf,
        /// What the loader or ONNX Runtime said.
        cause: String,
    },
    /// The library is older than the interface this program uses.
    #[error(
        "{path}: ONNX Runtime {found} is too old: run `cargo xtask setup`, or install {needed} or newer and set \
         ORT_DYLIB_PATH to its library",
        path = path.display()
    )]
    RuntimeTooOld {
        /// The library.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The oldest version that works.
        needed: String,
    },
    /// There is no models folder.
    #[error(
        "no models folder with a manifest.json was found (looked in {looked}): keep `models` beside the program, or set \
         SNOWMESH_MODELS to it",
        looked = looked.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    ManifestMissing {
        /// Folders that were tried.
        looked: Vec<PathBuf>,
    },
    /// The manifest cannot be read or contradicts itself.
    #[error("{path}: {cause}; restore the manifest that came with the program", path = path.display())]
    ManifestInvalid {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The manifest of the user's own detectors cannot be read or written, or contradicts itself.
    #[error(
        "{path}: {cause}; mend it, or delete it and take the detectors in again with `snowmesh models import`",
        path = path.display()
    )]
    OwnManifestInvalid {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The manifest has no such model for the job.
    #[error("there is no {wanted} '{id}': choose one of {known}", known = known.join(", "))]
    UnknownModel {
        /// What kind of model was wanted.
        wanted: String,
        /// The id asked for.
        id: String,
        /// Ids that would do.
        known: Vec<String>,
    },
    /// A model's file is not there.
    #[error("{path}: the model file is missing; put it back from the program's own package", path = path.display())]
    ModelMissing {
        /// The file.
        path: PathBuf,
    },
    /// A model's file is shorter than it should be, as after a broken download or a full disk.
    #[error(
        "{path}: the model file is cut short ({actual} of {expected} bytes); put it back from the program's own package",
        path = path.display()
    )]
    ModelTruncated {
        /// The file.
        path: PathBuf,
        /// Bytes in the manifest.
        expected: u64,
        /// Bytes in the file.
        actual: u64,
    },
    /// A model's file is not the one that the manifest describes.
    #[error(
        "{path}: the model file was altered (its SHA-256 is {actual}, not {expected}); put it back from the program's \
         own package",
        path = path.display()
    )]
    ModelAltered {
        /// The file.
        path: PathBuf,
        /// SHA-256 in the manifest.
        expected: String,
        /// SHA-256 of the file.
        actual: String,
    },
    /// A model's file is there but cannot be read.
    #[error("{path}: the model file cannot be read ({cause}); check its permissions", path = path.display())]
    ModelUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A network cannot tell the class that was asked for.
    #[error("model {model} knows no class '{class}': name one of its own, or its number below {count}")]
    UnknownClass {
        /// The model's id.
        model: String,
        /// The class asked for.
        class: String,
        /// Classes that it tells apart.
        count: usize,
    },
    /// A file that should be an ONNX model is none, or is damaged.
    #[error("{path}: this ONNX file cannot be read: {cause}; export or download it again", path = path.display())]
    OnnxFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The device that was asked for cannot be used. Nothing else is used in its place.
    #[error(
        "device {device} cannot be used: {why}; choose another device, such as cpu (`snowmesh doctor` tells which work)"
    )]
    DeviceUnavailable {
        /// The device.
        device: Device,
        /// The reason.
        why: String,
    },
    /// ONNX Runtime refused a model.
    #[error("model {model} cannot be loaded: {cause}")]
    Load {
        /// The model's id.
        model: String,
        /// What ONNX Runtime said.
        cause: String,
    },
    /// The manifest's entry for a model does not fit the model, or what it is used for.
    #[error(
        "the manifest's entry for model {model} does not fit: {cause}; restore the manifest that came with the program"
    )]
    Contract {
        /// The model's id.
        model: String,
        /// What does not fit.
        cause: String,
    },
    /// A network failed while running.
    #[error("model {model} failed: {cause}")]
    Run {
        /// The model's id.
        model: String,
        /// What ONNX Runtime said.
        cause: String,
    },
    /// A network ran and gave something unusable.
    #[error("model {model} gave an unusable output {output}: {cause}")]
    Output {
        /// The model's id.
        model: String,
        /// The output's name.
        output: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A picture without pixels, or with more or fewer than its size says.
    #[error("the picture is damaged: {bytes} bytes for {width} × {height} pixels of three")]
    InvalidImage {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes it holds.
        bytes: usize,
    },
    /// A box without an area, or with corners that are not numbers.
    #[error("the box {bbox} has no area in which to look for a person")]
    InvalidBox {
        /// The box, as left, top, right, bottom.
        bbox: String,
    },
}

impl InferenceError {
    /// The model that failed while it ran, where that is what happened.
    pub fn failed_model(&self) -> Option<&str> {
        match self {
            Self::Run { model, .. } => Some(model),
            _ => None,
        }
    }
}
