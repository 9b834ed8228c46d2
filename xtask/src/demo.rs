//! The first thing a newcomer sees: the demo clip with the mesh on its rider.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::process::{self, cargo};
use crate::setup::{self, Flavour};
use crate::workspace;

/// Sets up, builds in release, and opens the window on the demo clip; without a display, analyses and exports
/// it and says where the result is.
pub fn run() -> Result<()> {
    setup::run(&[Flavour::Cpu])?;
    process::run(&mut cargo(&["build", "--release"]))?;
    let clip = working_copy(&workspace::root().join("assets/demo.mp4"), &workspace::target().join("demo"))?;
    if has_display() {
        return process::run(snowmesh().arg(&clip));
    }
    println!(
        "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set): exporting the demo clip instead"
    );
    let exported = clip.with_file_name("demo-overlay.mp4");
    process::run(snowmesh().arg("analyze").arg(&clip))?;
    process::run(snowmesh().arg("export").arg(&clip).arg("-o").arg(&exported).args(["--overlay", "mesh"]))?;
    println!("{}", exported.canonicalize().map_err(Error::file("find", &exported))?.display());
    Ok(())
}

fn snowmesh() -> Command {
    let program = format!("snowmesh{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(workspace::target().join("release").join(program));
    command.current_dir(workspace::root());
    command
}

/// A copy of the clip to work on, so that its analysis file does not lie among the assets. A copy that is
/// still the same is kept: a new one would make its finished analysis look outdated.
fn working_copy(clip: &Path, folder: &Path) -> Result<PathBuf> {
    let copy = folder.join("demo.mp4");
    let bytes = fs::read(clip).map_err(Error::file("read", clip))?;
    if fs::read(&copy).is_ok_and(|present| present == bytes) {
        return Ok(copy);
    }
    fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    fs::write(&copy, bytes).map_err(Error::file("write", &copy))?;
    Ok(copy)
}

/// Whether a window can be opened. Only on X11 and Wayland is a machine without a display common.
fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", windows)) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_copy_is_renewed_only_when_the_clip_changed() {
        let folder = std::env::temp_dir().join(format!("snowmesh-xtask-demo-{}", std::process::id()));
        let clip = folder.join("clip.mp4");
        fs::create_dir_all(&folder).unwrap();
        fs::write(&clip, b"first").unwrap();

        let copy = working_copy(&clip, &folder.join("demo")).unwrap();
        let written = fs::metadata(&copy).unwrap().modified().unwrap();
        assert_eq!(working_copy(&clip, &folder.join("demo")).unwrap(), copy);
        assert_eq!(fs::metadata(&copy).unwrap().modified().unwrap(), written);

        fs::write(&clip, b"second").unwrap();
        working_copy(&clip, &folder.join("demo")).unwrap();
        assert_eq!(fs::read(&copy).unwrap(), b"second");
        fs::remove_dir_all(&folder).unwrap();
    }
}
