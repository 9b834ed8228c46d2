//! The files that an ONNX file keeps its weights in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{OnnxFile, Storage};

/// Most files that one network may be spread over.
const MAX_FILES: usize = 256;

/// Bytes behind the last weight that a file may have: alignment, and no other network's weights.
const MAX_REST: u64 = 1 << 20;

/// A file of weights beside an ONNX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightFile {
    /// Its path from the ONNX file's folder.
    pub location: String,
    /// Its path.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
}

impl OnnxFile {
    /// The files of weights that this network needs beside its own file in `folder`; each is there, is a plain file in
    /// that folder, and as long as the weights want it.
    ///
    /// # Errors
    /// What is wrong with one of them, in words.
    pub fn weight_files(&self, folder: &Path) -> Result<Vec<WeightFile>, String> {
        let mut ends = BTreeMap::<&str, u64>::new();
        for tensor in &self.initializers {
            let Storage::External { location, offset, length } = &tensor.storage else { continue };
            if length.is_some_and(|length| length != tensor.bytes) {
                return Err(format!(
                    "its weights '{}' take {} bytes by their shape and {} by their place",
                    tensor.name,
                    tensor.bytes,
                    length.unwrap_or_default()
                ));
            }
            let end = offset
                .checked_add(tensor.bytes)
                .ok_or_else(|| format!("its weights '{}' lie beyond every file", tensor.name))?;
            let known = ends.entry(location).or_default();
            *known = end.max(*known);
            if ends.len() > MAX_FILES {
                return Err(format!("its weights lie in more than {MAX_FILES} files"));
            }
        }
        ends.into_iter().map(|(location, end)| weight_file(folder, location, end)).collect()
    }
}

/// Looks at one file without following links.
fn weight_file(folder: &Path, location: &str, end: u64) -> Result<WeightFile, String> {
    let relative = Path::new(location);
    let inside = !location.is_empty()
        && !location.contains(['\\', ':'])
        && relative.components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        return Err(format!("it keeps weights in '{location}', which is not inside its own folder"));
    }
    let mut path = folder.to_owned();
    for part in relative.components() {
        path.push(part);
        let found = fs::symlink_metadata(&path).map_err(|_| {
            format!(
                "its weights are not there: '{location}' belongs beside it; copy or download that file too"
            )
        })?;
        if found.is_symlink() {
            return Err(format!("its weights '{location}' are a link; put the file itself in its place"));
        }
    }
    let found = fs::metadata(&path).map_err(|error| format!("'{location}': {error}"))?;
    if !found.is_file() {
        return Err(format!("'{location}' is not a file"));
    }
    let bytes = found.len();
    if bytes < end {
        return Err(format!("its weights '{location}' are cut short ({bytes} of {end} bytes)"));
    }
    if bytes - end > MAX_REST {
        return Err(format!(
            "its weights '{location}' are those of another network ({bytes} bytes where {end} are used)"
        ));
    }
    Ok(WeightFile { location: location.to_owned(), path, bytes })
}
