//! Which devices ONNX Runtime can really use on this machine.
//!
//! A provider that was compiled in says nothing yet: its own libraries, the driver or the GPU may be missing. So a
//! network of one node is run on it. A provider may end the process when its GPU is not there (WebGPU's does), so this
//! belongs into a process of its own.

use ort::ep::{self, ExecutionProvider};
use ort::value::TensorRef;

use super::error::InferenceError;
use super::placement::Placement;
use super::runtime::Runtime;
use crate::types::{Device, WeightsHeld};

/// Whether this build of ONNX Runtime has a provider for `device`.
pub(super) fn is_compiled_in(device: Device) -> bool {
    let available = match device {
        Device::Cpu => Ok(true),
        Device::Cuda(_) => ep::CUDA::is_available(),
        Device::TensorRt(_) => ep::TensorRT::is_available(),
        Device::DirectMl(_) => ep::DirectML::is_available(),
        Device::CoreMl => ep::CoreML::is_available(),
        Device::OpenVino => ep::OpenVINO::is_available(),
        Device::WebGpu => ep::WebGPU::is_available(),
    };
    available.unwrap_or(false)
}

/// Why a provider that is not compiled in cannot be used.
pub(super) const NOT_COMPILED_IN: &str = "not in this ONNX Runtime build";

/// Runs a network of one node on `device`, and on nothing else.
pub(super) fn prove(runtime: &Runtime, device: Device) -> Result<(), InferenceError> {
    let placement = Placement { device, threads: 1, weights: WeightsHeld::Copied };
    let builder = placement.session_builder(runtime)?;
    let unavailable = |error: ort::Error| placement.unavailable(error.message());
    let alone = |builder: ort::session::builder::SessionBuilder| match device {
        Device::Cpu => Ok(builder),
        // What the provider does not take would be run on the processor in silence.
        _ => builder
            .with_config_entry("session.disable_cpu_ep_fallback", "1")
            .map_err(|error| placement.unavailable(error.message())),
    };
    let mut session = alone(builder)?.commit_from_memory(PROBE_MODEL).map_err(unavailable)?;
    let input = TensorRef::from_array_view(([1_usize], PROBE_INPUT.as_slice())).map_err(unavailable)?;
    let outputs = session.run(ort::inputs!["x" => input]).map_err(unavailable)?;
    let output = outputs.get("y").and_then(|y| y.try_extract_tensor::<f32>().ok());
    match output {
        Some((_, values)) if values == PROBE_INPUT => Ok(()),
        _ => Err(placement.unavailable("it computes the smallest network wrongly")),
    }
}

/// What the network is given, and what it must give.
const PROBE_INPUT: [f32; 1] = [2.5];

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
    fn the_processor_runs_the_probe_and_a_missing_provider_is_told() {
        let Some(runtime) = runtime() else { return };
        assert!(runtime.offers().contains(&Device::Cpu));
        runtime.prove(Device::Cpu).unwrap();
        for device in Device::kinds().filter(|device| !runtime.offers().contains(device)) {
            let error = runtime.prove(device).unwrap_err();
            assert!(
                matches!(&error, InferenceError::DeviceUnavailable { why, .. } if why == NOT_COMPILED_IN),
                "{error}"
            );
        }
    }
}
