//! System packages: by name on Debian and Ubuntu; elsewhere it is looked whether the tools are there.

use std::process::Command;

use crate::error::{Error, Result};
use crate::process::{output, run, succeeds};

/// A Debian package and what it is for.
#[derive(Debug)]
pub struct Package {
    name: &'static str,
    purpose: &'static str,
}

const fn package(name: &'static str, purpose: &'static str) -> Package {
    Package { name, purpose }
}

/// Only needed while ONNX Runtime is fetched.
pub static PIP: Package = package("python3-pip", "fetches ONNX Runtime");

static PACKAGES: [Package; 18] = [
    package("pkg-config", "finds FFmpeg's libraries for the build"),
    package("clang", "reads FFmpeg's headers for the build"),
    package("libclang-dev", "reads FFmpeg's headers for the build"),
    package("libavcodec-dev", "FFmpeg: decoding and encoding"),
    package("libavformat-dev", "FFmpeg: files"),
    package("libavutil-dev", "FFmpeg: frames"),
    package("libswscale-dev", "FFmpeg: pixel formats"),
    package("libswresample-dev", "FFmpeg: sound"),
    package("libasound2-dev", "ALSA: playing sound"),
    package("ffmpeg", "makes and measures clips in the tests"),
    package("mesa-vulkan-drivers", "draws with Vulkan, in software where there is no GPU"),
    package("libgl1-mesa-dri", "draws with OpenGL where there is no Vulkan"),
    package("libegl1", "draws with OpenGL where there is no Vulkan"),
    package("libgles2", "draws with OpenGL where there is no Vulkan"),
    package("libxkbcommon-x11-0", "the window on X11: keyboard"),
    package("libx11-xcb1", "the window on X11"),
    package("libxcursor1", "the window on X11: pointer"),
    package("libxi6", "the window on X11: input"),
];

/// The packages that have to be installed.
///
/// # Errors
/// On a system without Debian's packages, where a tool that the build needs is absent.
pub fn missing() -> Result<Vec<&'static Package>> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${Package} ${db:Status-Abbrev}\n"]);
    match output(query.args(PACKAGES.iter().map(|package| package.name))) {
        Ok(states) => Ok(not_installed(&states)),
        Err(_) => tools_are_there().map(|()| Vec::new()),
    }
}

/// Installs packages with apt-get, through sudo where the user is not root.
pub fn install(packages: &[&Package]) -> Result<()> {
    if !succeeds(Command::new("apt-get").arg("--version")) {
        let list = packages.iter().map(|p| format!("{} ({})", p.name, p.purpose)).collect::<Vec<_>>();
        return Err(Error::Missing(format!(
            "needed, and there is no apt-get to bring it: {}",
            list.join(", ")
        )));
    }
    println!("set-up: {} system packages are missing:", packages.len());
    for package in packages {
        println!("  {:<22}{}", package.name, package.purpose);
    }
    let is_root = output(Command::new("id").arg("-u"))?.trim() == "0";
    // Lists that cannot be renewed may still be good enough; if they are not, the installation says so.
    if let Err(error) = run(apt_get(is_root).arg("update")) {
        println!("set-up: {error}; going on with the package lists as they are");
    }
    run(apt_get(is_root)
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages.iter().map(|package| package.name)))
}

/// apt-get that asks no questions.
fn apt_get(is_root: bool) -> Command {
    let mut command = Command::new(if is_root { "env" } else { "sudo" });
    if !is_root {
        command.arg("env");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"]);
    command
}

/// The packages of which `states` (lines of name and dpkg's status letters) does not say that they are installed.
fn not_installed(states: &str) -> Vec<&'static Package> {
    let is_installed = |name: &str| {
        states.lines().filter_map(|line| line.split_once(' ')).any(|(package, state)| {
            // The first letter is what is wished (install, hold), the second what is.
            package == name && state.chars().nth(1) == Some('i')
        })
    };
    PACKAGES.iter().filter(|package| !is_installed(package.name)).collect()
}

/// On other systems: whether what the build needs can be found.
fn tools_are_there() -> Result<()> {
    const LIBRARIES: [&str; 5] = ["libavcodec", "libavformat", "libavutil", "libswscale", "libswresample"];
    let mut absent = Vec::new();
    if !succeeds(Command::new("clang").arg("--version")) {
        absent.push("clang with libclang".to_owned());
    }
    if !succeeds(Command::new("pkg-config").arg("--version")) {
        absent.push("pkg-config".to_owned());
    }
    absent.extend(
        LIBRARIES
            .iter()
            .filter(|library| !succeeds(Command::new("pkg-config").arg("--exists").arg(library)))
            .map(|library| format!("{library} with its headers (FFmpeg 5.1 or later)")),
    );
    if absent.is_empty() {
        return Ok(());
    }
    Err(Error::Missing(format!(
        "this is neither Debian nor Ubuntu, so please install yourself what is missing:\n  {}\nthen run this again",
        absent.join("\n  ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_that_dpkg_calls_installed_count() {
        let states: String = PACKAGES
            .iter()
            .map(|package| match package.name {
                "clang" => "clang rc \n".to_owned(),   // removed, its settings kept
                "ffmpeg" => "ffmpeg hi \n".to_owned(), // held back, and installed
                "libegl1" => String::new(),            // never heard of
                name => format!("{name} ii \n"),
            })
            .collect();
        let missing: Vec<&str> = not_installed(&states).iter().map(|package| package.name).collect();
        assert_eq!(missing, ["clang", "libegl1"]);
    }
}
