//! What this machine has for snowmesh, and what to do about what it lacks.

use std::path::Path;

use serde::Serialize;

use super::devices::devices;
use super::models::ModelShelf;
use super::{ModelPlaces, memory_checks};
use crate::render::Gpu;
use crate::types::ByteSize;
use crate::video;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// Something works less well than it could, or is not there and not needed.
    Note,
    /// Something needed is missing.
    Problem,
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
    /// What to do, where there is something.
    pub advice: Option<String>,
}

impl Check {
    pub(super) fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Ok, detail: detail.into(), advice: None }
    }

    pub(super) fn bad(
        name: &str,
        verdict: Verdict,
        detail: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), verdict, detail: detail.into(), advice: Some(advice.into()) }
    }
}

/// Looks at everything; `memory_limit` is the user's own.
/// `program` is snowmesh, which tries devices in processes of their own.
pub fn examine(places: ModelPlaces, memory_limit: Option<ByteSize>, program: Option<&Path>) -> Vec<Check> {
    let shelf = ModelShelf::new(places);
    let mut checks = vec![ffmpeg(), decoding()];
    checks.extend(onnx_runtime(&shelf, program));
    checks.extend(graphics());
    checks.extend(memory_checks::examine(&shelf, memory_limit));
    checks.extend(models(&shelf));
    checks
}

fn ffmpeg() -> Check {
    match video::h264_encoder() {
        Some(encoder) => Check::ok("FFmpeg", format!("{}, H.264 encoder {encoder}", video::version())),
        None => Check::bad(
            "FFmpeg",
            Verdict::Problem,
            format!("{}, no H.264 encoder", video::version()),
            "install an FFmpeg built with libx264: export needs it",
        ),
    }
}

fn decoding() -> Check {
    let (found, offered) = (video::find_decoding_devices(), video::offered_decoding_devices());
    let detail = if found.is_empty() {
        let offers = if offered.is_empty() { "nothing else".to_owned() } else { offered.join(", ") };
        format!("on the processor; this FFmpeg offers {offers}, and the machine has no such device")
    } else {
        format!("on {} where the clip allows it, else on the processor", found.join(" or "))
    };
    Check::ok("Video decoding", detail)
}

fn onnx_runtime(shelf: &ModelShelf, program: Option<&Path>) -> Vec<Check> {
    let runtime = match shelf.runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            let advice =
                "run `cargo xtask setup`, or install ONNX Runtime and set ORT_DYLIB_PATH to its library";
            return vec![Check::bad("ONNX Runtime", Verdict::Problem, error.to_string(), advice)];
        }
    };
    let found = format!("{} at {}", runtime.version(), runtime.library_path().display());
    let mut checks = vec![Check::ok("ONNX Runtime", found)];
    for report in devices(shelf, program).unwrap_or_default() {
        let name = format!("Models on {}", report.device);
        checks.push(if report.usable {
            Check::ok(name, report.detail)
        } else {
            let advice = "not needed; a library with this provider can be chosen with ORT_DYLIB_PATH";
            Check::bad(&name, Verdict::Note, report.detail, advice)
        });
    }
    checks
}

fn graphics() -> Vec<Check> {
    let adapters = Gpu::adapters();
    if adapters.is_empty() {
        return vec![Check::bad(
            "Graphics",
            Verdict::Problem,
            "no Vulkan or OpenGL adapter",
            "install a graphics driver; mesa-vulkan-drivers draws on the processor",
        )];
    }
    adapters
        .into_iter()
        .map(|adapter| {
            let memory = adapter.memory.map_or_else(
                || "its driver tells no memory".to_owned(),
                |memory| format!("{} of {} free", ByteSize(memory.free), ByteSize(memory.total)),
            );
            let detail = format!("{}, {}, {}, {memory}", adapter.name, adapter.backend, adapter.device_type);
            Check::ok("Graphics", detail)
        })
        .collect()
}

fn models(shelf: &ModelShelf) -> Vec<Check> {
    let registry = match shelf.registry() {
        Ok(registry) => registry,
        Err(error) => {
            let advice =
                "put the models folder of the download beside the program, or set SNOWMESH_MODELS to it";
            return vec![Check::bad("Models", Verdict::Problem, error.to_string(), advice)];
        }
    };
    let ids: Vec<String> = registry.models().iter().map(|model| model.id.clone()).collect();
    ids.iter()
        .map(|id| match registry.verify(id) {
            Ok(()) => Check::ok(format!("Model {id}"), "present, hash as in the manifest"),
            Err(error) => Check::bad(
                &format!("Model {id}"),
                Verdict::Problem,
                error.to_string(),
                "restore the file from the download",
            ),
        })
        .collect()
}
