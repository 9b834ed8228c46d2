//! Which devices ONNX Runtime can really use on this machine.
//!
//! A provider that was compiled in says nothing yet: its own libraries, the driver or the GPU may be missing. So a
//! provider counts as usable only once a session has been made on it.

use ort::ep::{self, ExecutionProvider};

use super::placement::Placement;
use super::runtime::Runtime;
use crate::types::{Device, WeightsHeld};

/// What one of ONNX Runtime's execution providers is good for here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderReport {
    /// The provider's customary name.
    pub name: &'static str,
    /// The device that is asked for to get it.
    pub device: Device,
    /// Whether a model can be placed on it.
    pub usable: bool,
    /// The reason, in words.
    pub detail: String,
}

pub(super) fn report(runtime: &Runtime) -> Vec<ProviderReport> {
    let cpu = ProviderReport {
        name: "CPU",
        device: Device::Cpu,
        usable: true,
        detail: format!("ONNX Runtime {}", runtime.version()),
    };
    vec![cpu, cuda(runtime), web_gpu()]
}

/// Whether this build of ONNX Runtime has a provider for `device`.
pub(super) fn is_compiled_in(device: Device) -> bool {
    let available = match device {
        Device::Cpu => Ok(true),
        Device::Cuda(_) => ep::CUDA::is_available(),
        Device::WebGpu => ep::WebGPU::is_available(),
    };
    available.unwrap_or(false)
}

/// Why a provider that is not compiled in cannot be used.
pub(super) const NOT_COMPILED_IN: &str = "not in this ONNX Runtime build";

fn cuda(runtime: &Runtime) -> ProviderReport {
    let device = Device::Cuda(0);
    let (usable, detail) = if is_compiled_in(device) {
        match prove(runtime, device) {
            Ok(()) => (true, "a session was made on it".to_owned()),
            Err(why) => (false, why),
        }
    } else {
        (false, NOT_COMPILED_IN.to_owned())
    };
    ProviderReport { name: "CUDA", device, usable, detail }
}

/// WebGPU is not proven here: with no fitting adapter, ONNX Runtime's WebGPU provider ends the process.
fn web_gpu() -> ProviderReport {
    let device = Device::WebGpu;
    let detail = if is_compiled_in(device) { "not probed in this process" } else { NOT_COMPILED_IN };
    ProviderReport { name: "WebGPU", device, usable: false, detail: detail.to_owned() }
}

fn prove(runtime: &Runtime, device: Device) -> Result<(), String> {
    let mut builder = Placement { device, threads: 1, weights: WeightsHeld::Copied }
        .session_builder(runtime)
        .map_err(|error| error.to_string())?;
    builder.commit_from_memory(PROBE_MODEL).map(drop).map_err(|error| error.to_string())
}

/// The smallest useful network, as ONNX's protocol buffer: y = Relu(x) over one float.
const PROBE_MODEL: &[u8] = b"\
    \x08\x08\x42\x02\x10\x0d\
    \x3a\x33\
    \x0a\x0c\x0a\x01x\x12\x01y\x22\x04Relu\
    \x12\x01p\
    \x5a\x0f\x0a\x01x\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x01\
    \x62\x0f\x0a\x01y\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x01";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::test_support::runtime;

    #[test]
    fn the_probe_is_a_model_that_the_processor_runs() {
        let Some(runtime) = runtime() else { return };
        assert_eq!(prove(&runtime, Device::Cpu), Ok(()));
    }

    #[test]
    fn every_device_is_reported_and_a_missing_provider_says_so() {
        let Some(runtime) = runtime() else { return };
        let reports = runtime.providers();
        assert_eq!(reports.iter().map(|r| r.name).collect::<Vec<_>>(), ["CPU", "CUDA", "WebGPU"]);
        assert!(reports[0].usable);
        for report in &reports[1..] {
            if !is_compiled_in(report.device) {
                assert_eq!((report.usable, report.detail.as_str()), (false, NOT_COMPILED_IN));
            }
        }
    }
}
