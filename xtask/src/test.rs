//! Every test of the workspace, on a machine with or without a display and a GPU.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Result;
use crate::process::{self, cargo, succeeds};
use crate::setup::{self, Flavour};

/// Where Vulkan's loader looks for drivers on Linux.
const DRIVER_FOLDERS: [&str; 2] = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/// The variables that choose Vulkan's drivers; the second is what loaders before 1.3.207 read.
const DRIVER_VARIABLES: [&str; 2] = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

/// Sets up and runs the tests in the dev profile; `arguments` (a filter, for instance) go to the test runner.
/// Its summary is the last thing printed.
pub fn run(arguments: &[String]) -> Result<()> {
    setup::run(&[Flavour::Cpu])?;
    if !succeeds(&mut cargo(&["nextest", "--version"])) {
        return process::run(with_software_vulkan(&mut cargo(&["test", "--workspace"])).args(arguments));
    }
    // cargo-nextest runs no documentation tests; with arguments, certain other tests are meant.
    if arguments.is_empty() {
        process::run(with_software_vulkan(&mut cargo(&["test", "--quiet", "--workspace", "--doc"])))?;
    }
    process::run(with_software_vulkan(&mut cargo(&["nextest", "run", "--workspace"])).args(arguments))
}

/// Lets the tests render with Mesa's software driver, the same on every machine, unless the user chose one.
fn with_software_vulkan(command: &mut Command) -> &mut Command {
    let chosen = DRIVER_VARIABLES.iter().any(|name| std::env::var_os(name).is_some());
    if let Some(driver) = DRIVER_FOLDERS.iter().find_map(|folder| lavapipe(Path::new(folder)))
        && !chosen
    {
        command.envs(DRIVER_VARIABLES.map(|name| (name, &driver)));
    }
    command
}

/// The description of Mesa's software driver in `folder`: `lvp_icd.json`, or with the architecture in its name.
fn lavapipe(folder: &Path) -> Option<PathBuf> {
    let native = format!("lvp_icd.{}.json", std::env::consts::ARCH);
    [native.as_str(), "lvp_icd.json"].iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lavapipe_is_found_under_its_old_and_its_new_name() {
        let folder = std::env::temp_dir().join(format!("snowmesh-xtask-vulkan-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(lavapipe(&folder), None);
        let plain = folder.join("lvp_icd.json");
        std::fs::write(&plain, "{}").unwrap();
        assert_eq!(lavapipe(&folder), Some(plain));
        let native = folder.join(format!("lvp_icd.{}.json", std::env::consts::ARCH));
        std::fs::write(&native, "{}").unwrap();
        assert_eq!(lavapipe(&folder), Some(native));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
