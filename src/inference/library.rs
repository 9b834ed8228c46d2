//! Finding ONNX Runtime's shared library.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use super::search;

/// Environment variable that names the library.
const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Folder, beside the executable or above it, in which set-up puts the library.
const LIBRARY_FOLDER: &str = "runtime/onnxruntime";

/// What there is to load.
#[derive(Debug, PartialEq)]
pub(super) enum Library {
    /// This file and no other: it was named, or it was found.
    File(PathBuf),
    /// Nothing was found in `looked`: the system's loader may still know the library by its `name`.
    System { name: String, looked: Vec<PathBuf> },
}

/// The library to load: the one named by `named`, else by the environment, else the nearest one in the folders of
/// the executable, else whatever the system's loader has.
///
/// A library that is named is the only candidate, so that a mistyped path never runs another one unseen.
pub(super) fn find(named: Option<&Path>) -> Library {
    let from_env = || search::path_from_env(LIBRARY_VARIABLE);
    if let Some(path) = named.map(Path::to_path_buf).or_else(from_env) {
        return Library::File(std::path::absolute(&path).unwrap_or(path));
    }
    let looked: Vec<_> =
        search::folders_above_executable().iter().map(|folder| folder.join(LIBRARY_FOLDER)).collect();
    match looked.iter().find_map(|folder| in_folder(folder)) {
        Some(path) => Library::File(path),
        None => Library::System { name: file_name(), looked },
    }
}

/// The library's file name on this system.
fn file_name() -> String {
    format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}")
}

/// The library in `folder`: by its plain name, or else the newest by its versioned name (`libonnxruntime.so.1.32.0`,
/// `libonnxruntime.1.32.0.dylib`).
fn in_folder(folder: &Path) -> Option<PathBuf> {
    let plain = folder.join(file_name());
    if plain.is_file() {
        return Some(plain);
    }
    let entries = std::fs::read_dir(folder).ok()?;
    let versioned = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some((version_in(&name)?, entry.path()))
    });
    versioned.max().map(|(_, path)| path)
}

/// The version in a versioned library name of any system.
fn version_in(name: &str) -> Option<Vec<u32>> {
    let rest = name.strip_prefix("libonnxruntime.")?;
    let version = rest.strip_prefix("so.").or_else(|| rest.strip_suffix(".dylib"))?;
    version.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_library_is_the_only_candidate() {
        let path = std::env::temp_dir().join("no-such-library.so");
        assert_eq!(find(Some(&path)), Library::File(path));
    }

    #[test]
    fn of_versioned_libraries_the_newest_is_taken_and_providers_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(in_folder(folder.path()), None);
        for name in
            ["libonnxruntime.so.1.9.2", "libonnxruntime.so.1.32.0", "libonnxruntime_providers_shared.so"]
        {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        assert_eq!(in_folder(folder.path()), Some(folder.path().join("libonnxruntime.so.1.32.0")));
    }

    #[test]
    fn versions_are_read_from_both_naming_customs() {
        assert_eq!(version_in("libonnxruntime.so.1.32.0"), Some(vec![1, 32, 0]));
        assert_eq!(version_in("libonnxruntime.1.27.1.dylib"), Some(vec![1, 27, 1]));
        assert_eq!(version_in("libonnxruntime.so.old"), None);
    }
}
