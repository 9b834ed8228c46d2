//! Where files that belong to the program are looked for when nobody says where they are.

use std::path::{Path, PathBuf};

/// The folder of the executable and every folder above it, nearest first.
///
/// An installed program has its files beside the executable or one folder up; one that runs from `target/debug`
/// finds the checkout's.
pub(super) fn folders_above_executable() -> Vec<PathBuf> {
    let executable = std::env::current_exe().ok();
    let folders = executable.iter().flat_map(|path| path.ancestors().skip(1));
    folders.map(Path::to_path_buf).collect()
}

/// The value of an environment variable as a path; `None` where it is unset or empty.
pub(super) fn path_from_env(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
