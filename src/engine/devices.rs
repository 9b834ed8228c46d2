//! Which devices models can run on here, each proven in a process of its own: a provider whose GPU or driver is not
//! there may end the process that tries it.

use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::json_file;
use super::model_files::sha256_of;
use super::{Engine, EngineError, ModelShelf, Workers};
use crate::inference::Runtime;
use crate::types::Device;

/// The hidden subcommand that tries a device.
pub const PROVE: &str = "prove-device";

/// TensorRT takes tens of seconds to start.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(20);

/// What a device is good for here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// The device, as in settings and flags.
    pub device: Device,
    /// Whether a network has run on it.
    pub usable: bool,
    /// How that was found, or why it cannot be used.
    pub detail: String,
}

/// Every kind of device; those that this ONNX Runtime has a provider for are tried by `program`, which is snowmesh.
/// What has worked with the same library is remembered and not tried again.
///
/// # Errors
/// When there is no ONNX Runtime.
pub fn devices(shelf: &ModelShelf, program: Option<&Path>) -> Result<Vec<DeviceReport>, EngineError> {
    let runtime = shelf.runtime()?;
    let offered = runtime.offers();
    let mut proven = Proven::load(&runtime);
    let report = |device| {
        let (usable, detail) = match program {
            _ if device == Device::Cpu => (true, format!("ONNX Runtime {}", runtime.version())),
            _ if !offered.contains(&device) => (false, "not in this ONNX Runtime build".to_owned()),
            _ if proven.has(device) => (true, "a network has run on it before".to_owned()),
            None => (false, "this program cannot be found to try it".to_owned()),
            Some(program) => match try_in_child(program, shelf, device) {
                Ok(()) => {
                    proven.keep(device);
                    (true, "a network ran on it".to_owned())
                }
                Err(why) => (false, why),
            },
        };
        DeviceReport { device, usable, detail }
    };
    Ok(Device::kinds().map(report).collect())
}

impl Engine {
    /// What each kind of device is good for here, tried by the program that its workers run.
    ///
    /// # Errors
    /// As [`devices`].
    pub fn devices(&self) -> Result<Vec<DeviceReport>, EngineError> {
        devices(&self.shelf, self.workers.as_ref().map(Workers::program))
    }
}

/// Tries a device in this process, as the child does.
///
/// # Errors
/// The cause.
pub fn prove_device(shelf: &ModelShelf, device: Device) -> Result<(), EngineError> {
    Ok(shelf.runtime()?.prove(device)?)
}

/// Runs `program` to try `device`; gives why it cannot be used.
fn try_in_child(program: &Path, shelf: &ModelShelf, device: Device) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args([PROVE, &device.to_string()]);
    if let Some(library) = &shelf.places().runtime_library {
        command.arg("--onnxruntime").arg(library);
    }
    let failed = |cause: std::io::Error| format!("it could not be tried: {cause}");
    // A pipe that nobody empties would hold a provider up that says much.
    let mut words = tempfile::tempfile().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(words.try_clone().map_err(failed)?);
    let mut child = command.spawn().map_err(failed)?;
    let ended = wait(&mut child);
    let mut said = String::new();
    // What cannot be read says nothing.
    let _ = words.rewind().and_then(|()| words.read_to_string(&mut said));
    match ended {
        Some(status) if status.success() => Ok(()),
        Some(status) if status.code().is_some() => Err(said
            .lines()
            .last()
            .unwrap_or("it gave no reason")
            .trim_start_matches("snowmesh: ")
            .to_owned()),
        Some(status) => Err(format!("it ended the process that tried it ({status})")),
        None => Err(format!("nothing came of it within {} s", PATIENCE.as_secs())),
    }
}

/// How a child ended; `None` for one that did not in time, and was ended.
fn wait(child: &mut Child) -> Option<std::process::ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(LOOK),
            Err(_) => break,
        }
    }
    // It may have ended just now.
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Devices on which a network has run with this library, by its SHA-256.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Proven {
    devices: BTreeSet<Device>,
    #[serde(skip)]
    path: Option<PathBuf>,
}

impl Proven {
    fn load(runtime: &Runtime) -> Self {
        let file = || {
            let folder = directories::ProjectDirs::from("", "", "snowmesh")?;
            let hash = sha256_of(runtime.library_path()).ok()?;
            Some(folder.data_local_dir().join("devices").join(format!("{hash}.json")))
        };
        let path = file();
        let read = path.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        // A damaged file is written anew.
        let found: Self = read.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self { path, ..found }
    }

    fn has(&self, device: Device) -> bool {
        self.devices.contains(&device)
    }

    /// Remembers a device; where that cannot be written it is tried again next time.
    fn keep(&mut self, device: Device) {
        self.devices.insert(device);
        if let Some(path) = &self.path
            && let Err(error) = json_file::save(path, self)
        {
            tracing::warn!("{}: {error}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ModelPlaces;

    #[cfg(unix)]
    #[test]
    fn what_a_child_says_and_how_it_dies_is_told() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let shelf = ModelShelf::new(ModelPlaces::default());
        let tried = |script: &str| {
            let program = folder.path().join("child");
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
            try_in_child(&program, &shelf, Device::WebGpu)
        };
        assert_eq!(tried("test \"$1 $2\" = 'prove-device webgpu'"), Ok(()));
        assert_eq!(
            tried("echo noise >&2; echo 'snowmesh: no adapter' >&2; exit 5"),
            Err("no adapter".into())
        );
        assert!(tried("kill -SEGV $$").unwrap_err().contains("ended the process that tried it"));
        assert!(try_in_child(Path::new("/nowhere/snowmesh"), &shelf, Device::Cpu).is_err());
    }

    #[test]
    fn the_processor_is_always_there_and_what_is_not_compiled_in_is_told() {
        let shelf = ModelShelf::new(ModelPlaces::default());
        let Ok(reports) = devices(&shelf, None) else {
            println!("skipped: no ONNX Runtime");
            return;
        };
        assert_eq!(reports.len(), Device::kinds().count());
        assert!(reports[0].usable && reports[0].device == Device::Cpu);
        assert!(reports[1..].iter().all(|report| report.usable || !report.detail.is_empty()));
    }
}
