//! The user's own detectors: a manifest like the program's, `detectors.json` in the folder of the user's models.
//!
//! How each is fed and read stands there, as it was recognised when the file was taken in, and may be changed there.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::InferenceError;
use super::manifest::{Manifest, ModelEntry};
use crate::types::temporary::temporary_file;

/// The manifest within the folder.
const MANIFEST_NAME: &str = "detectors.json";

/// The manifest in `folder`.
pub fn own_manifest_path(folder: &Path) -> PathBuf {
    folder.join(MANIFEST_NAME)
}

/// The detectors of `folder`; none where it has no manifest.
///
/// # Errors
/// [`InferenceError::OwnManifestInvalid`].
pub fn own_detectors(folder: &Path) -> Result<Vec<ModelEntry>, InferenceError> {
    let path = own_manifest_path(folder);
    let invalid = |cause: String| InferenceError::OwnManifestInvalid { path: path.clone(), cause };
    let json = match std::fs::read_to_string(&path) {
        Ok(json) => json,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(invalid(error.to_string())),
    };
    Ok(Manifest::parse(&json).map_err(invalid)?.models)
}

/// Replaces the detectors of `folder` by `entries`.
///
/// # Errors
/// [`InferenceError::OwnManifestInvalid`] where the manifest cannot be written.
pub fn write_own_detectors(folder: &Path, entries: &[ModelEntry]) -> Result<(), InferenceError> {
    let path = own_manifest_path(folder);
    let invalid = |cause: String| InferenceError::OwnManifestInvalid { path: path.clone(), cause };
    let json = serde_json::to_string_pretty(&Manifest::of(entries)).map_err(|e| invalid(e.to_string()))?;
    let io = |error: std::io::Error| invalid(error.to_string());
    std::fs::create_dir_all(folder).map_err(io)?;
    let mut file = temporary_file().tempfile_in(folder).map_err(io)?;
    file.write_all(json.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(io)?;
    file.persist(&path).map_err(|error| io(error.error))?;
    Ok(())
}
