//! What the tests of the real binary share.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod numbered;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The demo clip.
pub fn demo_clip() -> PathBuf {
    root().join("assets/demo.mp4")
}

/// A copy of the demo clip in `folder`, so that analysis files do not land among the assets.
pub fn demo_copy(folder: &Path) -> PathBuf {
    let clip = folder.join("demo.mp4");
    std::fs::copy(demo_clip(), &clip).unwrap();
    clip
}

/// The binary, with settings of its own so that the user's do not matter.
pub fn snowmesh(settings_home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snowmesh"));
    command.env("XDG_CONFIG_HOME", settings_home).env("HOME", settings_home).stdin(Stdio::null());
    command
}

/// Runs the binary; gives its exit code, standard output and standard error.
pub fn run(folder: &Path, args: &[&std::ffi::OsStr]) -> (Option<i32>, String, String) {
    let output: Output = snowmesh(folder).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Whether ONNX Runtime is there; says so when a test is skipped for the lack of it.
pub fn has_runtime() -> bool {
    let found = std::env::var_os("ORT_DYLIB_PATH").is_some() || root().join("runtime/onnxruntime").is_dir();
    if !found {
        println!("skipped: ONNX Runtime is not there (cargo xtask setup brings it)");
    }
    found
}

/// What `ffprobe` prints, or `None` (and a note) where it is not installed.
pub fn ffprobe(args: &[&str], file: &Path) -> Option<String> {
    match Command::new("ffprobe").args(["-v", "error"]).args(args).arg(file).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            println!("skipped: ffprobe cannot be run ({error})");
            None
        }
    }
}
