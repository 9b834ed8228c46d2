//! Brings ONNX Runtime. Distributions have no package of it, or an old one; its Python wheel holds the plain
//! library, so pip fetches that and the rest of the wheel is thrown away. No Python runs in the application.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Flavour;
use super::platform::{self, Build};
use crate::error::{Error, Result};
use crate::process::{output, run};
use crate::workspace;

/// The variable with which a user names a library of his own; the `ort` crate reads the same.
const OWN_LIBRARY: &str = "ORT_DYLIB_PATH";

/// The build that has to be brought, or `None` where it, or the user's own library, is in place.
pub fn missing(flavour: Flavour) -> Result<Option<&'static Build>> {
    if let Some(own) = std::env::var_os(OWN_LIBRARY)
        && flavour == Flavour::Cpu
    {
        let own = PathBuf::from(own);
        return if own.is_file() {
            Ok(None)
        } else {
            let own = own.display();
            Err(Error::Missing(format!(
                "{OWN_LIBRARY} names {own}, which is no file; correct it or unset it"
            )))
        };
    }
    let build = platform::build(flavour).ok_or_else(|| {
        Error::Missing(format!(
            "there is no tested ONNX Runtime for {} on {}; install one (1.27 to 1.32) and name its library in {OWN_LIBRARY}",
            std::env::consts::OS,
            std::env::consts::ARCH,
        ))
    })?;
    let folder = workspace::runtime().join(build.folder());
    let in_place = folder.join(build.alias).is_file() && is_right(&folder.join(build.library), build);
    Ok((!in_place).then_some(build))
}

/// Downloads `build` and puts it, with its licences, in its folder of `runtime/`; a failure on the way leaves
/// that as it was.
pub fn bring(build: &Build) -> Result<()> {
    println!("set-up: bringing ONNX Runtime ({}) with pip", build.requirement);
    let scratch = Scratch::new(workspace::target().join(format!("onnxruntime-{}", std::process::id())))?;
    let wheel = download(build, &scratch.0)?;
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&scratch.0))?;
    let unpacked = scratch.0.join("onnxruntime");
    if !is_right(&unpacked.join("capi").join(build.library), build) {
        return Err(Error::Missing(format!(
            "{} in {} is not the library that was tested; name one that you trust in {OWN_LIBRARY}",
            build.library, build.requirement
        )));
    }

    let runtime = workspace::runtime();
    fs::create_dir_all(&runtime).map_err(Error::file("make", &runtime))?;
    let staged = Scratch::new(runtime.join(format!(".{}-{}", build.folder(), std::process::id())))?;
    for file in files_to_keep(&unpacked)? {
        let target = staged.0.join(file.file_name().unwrap_or_default());
        fs::copy(&file, &target).map_err(Error::file("write", &target))?;
    }
    let alias = staged.0.join(build.alias);
    link(Path::new(build.library), &alias).map_err(Error::file("link", &alias))?;
    let folder = runtime.join(build.folder());
    put_in_place(&staged.0, &folder)?;
    if let Some(advice) = build.advice {
        println!("set-up: to use it, set {OWN_LIBRARY}={}; {advice}", folder.join(build.alias).display());
    }
    Ok(())
}

/// The one wheel that pip puts into `folder`.
fn download(build: &Build, folder: &Path) -> Result<PathBuf> {
    run(Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--abi=cp311"])
        .arg(format!("--platform={}", build.wheel_tag))
        .arg("--dest")
        .arg(folder)
        .arg(build.requirement))?;
    entries(folder)?
        .into_iter()
        .find(|path| path.extension() == Some(OsStr::new("whl")))
        .ok_or_else(|| Error::Missing(format!("pip brought no wheel for {}", build.requirement)))
}

/// What is kept of an unpacked wheel: the libraries and their licences.
fn files_to_keep(unpacked: &Path) -> Result<Vec<PathBuf>> {
    let mut files = entries(&unpacked.join("capi"))?;
    files.retain(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libonnxruntime")));
    files.extend(["LICENSE", "ThirdPartyNotices.txt"].map(|name| unpacked.join(name)));
    Ok(files)
}

/// Puts `staged` where `target` may lie already; whoever looks sees either one whole.
fn put_in_place(staged: &Path, target: &Path) -> Result<()> {
    if target.exists() {
        let old = Scratch(staged.with_extension("old"));
        fs::rename(target, &old.0).map_err(Error::file("move away", target))?;
    }
    fs::rename(staged, target).map_err(Error::file("write", target))
}

/// Whether `library` is there and has the checksum of the build.
fn is_right(library: &Path, build: &Build) -> bool {
    let mut command = if cfg!(target_os = "macos") {
        let mut command = Command::new("shasum");
        command.args(["-a", "256"]);
        command
    } else {
        Command::new("sha256sum")
    };
    library.is_file() && output(command.arg(library)).is_ok_and(|line| line.starts_with(build.sha256))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(Error::file("list", folder))
}

#[cfg(unix)]
fn link(original: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(original, link)
}

#[cfg(not(unix))]
fn link(original: &Path, link: &Path) -> std::io::Result<()> {
    fs::copy(link.with_file_name(original), link).map(drop)
}

/// A folder that does not outlive its use, whatever happens.
struct Scratch(PathBuf);

impl Scratch {
    fn new(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path).map_err(Error::file("make", &path))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Already renamed, or rubbish that harms nobody: either way there is nobody to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_runtime_is_replaced_whole() {
        let folder =
            Scratch::new(std::env::temp_dir().join(format!("snowmesh-xtask-{}", std::process::id())))
                .expect("a scratch folder");
        let (staged, target) = (folder.0.join(".new"), folder.0.join("onnxruntime"));
        for (path, file) in [(&staged, "new.so"), (&target, "old.so")] {
            fs::create_dir(path).unwrap();
            fs::write(path.join(file), file).unwrap();
        }
        put_in_place(&staged, &target).expect("a writable folder");
        assert_eq!(entries(&target).expect("a folder"), [target.join("new.so")]);
        assert_eq!(entries(&folder.0).expect("a folder"), [target]);
    }

    #[test]
    fn a_wrong_library_is_not_taken_for_the_right_one() {
        let Some(build) = platform::build(Flavour::Cpu) else {
            println!("skipped: no build for this platform");
            return;
        };
        let file = std::env::temp_dir().join(format!("snowmesh-xtask-{}.so", std::process::id()));
        assert!(!is_right(&file, build));
        fs::write(&file, "not a library").unwrap();
        assert!(!is_right(&file, build));
        fs::remove_file(&file).unwrap();
    }
}
