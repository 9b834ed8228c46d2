//! Benchmarks of memory and survival: what an analysis takes under a hard limit, what a kill leaves behind, whether a
//! long session grows.

mod limited;
mod process;
mod soak;
mod survive;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use limited::run as limited;
pub use soak::run as soak;
pub use survive::run as survive;

use crate::error::{Error, Result};
use crate::process::{cargo, run};
use crate::setup::{self, Flavour};
use crate::workspace;

/// The release build of snowmesh.
fn release() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("SNOWMESH_BINARY") {
        return Ok(named.into());
    }
    setup::run(&[Flavour::Cpu])?;
    run(&mut cargo(&["build", "--release", "--bin", "snowmesh"]))?;
    Ok(workspace::target().join("release").join(format!("snowmesh{}", std::env::consts::EXE_SUFFIX)))
}

/// A fresh folder for one benchmark, with a copy of the demo clip.
fn scratch(name: &str) -> Result<(PathBuf, PathBuf)> {
    let folder = workspace::target().join("memory").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
    let clip = folder.join("demo.mp4");
    let demo = workspace::root().join("assets/demo.mp4");
    std::fs::copy(&demo, &clip).map_err(Error::file("copy", &demo))?;
    Ok((folder, clip))
}

/// snowmesh with settings and data of its own in `home`.
fn snowmesh(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).stdin(Stdio::null());
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(name, home);
    }
    command
}

/// The whole number behind `name` in a line of JSON or of a log.
fn number(line: &str, name: &str) -> Option<u64> {
    let (_, rest) = line.split_once(name)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

/// The riders of a finished analysis, as `snowmesh inspect` prints them; what a run took is left out.
fn riders(program: &Path, home: &Path, clip: &Path) -> Result<String> {
    let printed =
        crate::process::output(snowmesh(program, home).arg("inspect").arg(clip).args(["--format", "json"]))?;
    let Some((_, riders)) = printed.split_once("\"tracks\":") else {
        return Err(Error::Missing(format!("{} has no finished analysis", clip.display())));
    };
    Ok(riders.to_owned())
}

/// The value of a flag, or `default`.
fn flag(arguments: &[String], name: &str, default: u64) -> Result<u64> {
    match arguments {
        [] => Ok(default),
        [given, value] if given == name => {
            value.parse().map_err(|_| Error::Usage(format!("{name} takes a number, not '{value}'")))
        }
        _ => Err(Error::Usage(format!("only {name} N is taken, not '{}'", arguments.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_lines_of_json_and_of_a_log() {
        let line = r#"{"event":"progress","done":12,"total":150}"#;
        assert_eq!((number(line, "\"done\":"), number(line, "\"total\":")), (Some(12), Some(150)));
        assert_eq!(number(line, "\"fps\":"), None);
        let line = "DEBUG snowmesh::engine::worker: the worker has told done=48 total=150";
        assert_eq!((number(line, "done="), number(line, "total=")), (Some(48), Some(150)));
    }

    #[test]
    fn a_mistyped_flag_is_a_usage_error() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(flag(&words("--kills 3"), "--kills", 50).unwrap(), 3);
        assert_eq!(flag(&[], "--kills", 50).unwrap(), 50);
        assert!(flag(&words("--kills many"), "--kills", 50).is_err());
        assert!(flag(&words("--kill 3"), "--kills", 50).is_err());
    }
}
