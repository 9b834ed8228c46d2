//! Putting a network on the device that was asked for, and on no other.

use ort::environment::Environment;
use ort::ep;
use ort::session::Session;
use ort::session::builder::{AutoDevicePolicy, SessionBuilder};

use super::error::InferenceError;
use super::providers;
use super::runtime::Runtime;
use crate::types::{Device, WeightsHeld};

/// Where a network runs and with how many threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placement {
    /// The device.
    pub device: Device,
    /// Threads within one operator; at least one is used.
    pub threads: usize,
    /// How weights in a file of their own are held.
    pub weights: WeightsHeld,
}

impl Placement {
    /// A builder of sessions for this placement.
    pub fn session_builder(self, runtime: &Runtime) -> Result<SessionBuilder, InferenceError> {
        if !providers::is_compiled_in(self.device) {
            return Err(self.unavailable(providers::NOT_COMPILED_IN));
        }
        self.configure(runtime.environment()).map_err(|error| self.unavailable(error.message()))
    }

    /// As [`session_builder`](Self::session_builder), for a network whose weights lie in a file of their own. Where they
    /// are to be mapped they stay pages of that file instead of being packed into memory, for about 15 % of the speed on
    /// the processor; and what a run needs is freed at once. An arena would keep all that ever lived together, and a plan
    /// of it, made at the first run, as much again: ViTDet's second run took 3.0 GiB instead of 1.5.
    pub fn external_session_builder(self, runtime: &Runtime) -> Result<SessionBuilder, InferenceError> {
        let builder = self.session_builder(runtime)?;
        match self.weights {
            WeightsHeld::Copied => Ok(builder),
            WeightsHeld::Mapped => self.mapping(builder).map_err(|error| self.unavailable(error.message())),
        }
    }

    fn mapping(self, builder: SessionBuilder) -> ort::Result<SessionBuilder> {
        let builder = builder.with_prepacking(false)?.with_memory_pattern(false)?;
        Ok(match self.device {
            Device::Cpu => {
                builder.with_execution_providers([ep::CPU::default().with_arena_allocator(false).build()])?
            }
            _ => builder,
        })
    }

    /// The error for a session that this placement's device refuses.
    pub fn unavailable(self, why: &str) -> InferenceError {
        InferenceError::DeviceUnavailable { device: self.device, why: why.to_owned() }
    }

    fn configure(self, environment: &Environment) -> ort::Result<SessionBuilder> {
        let builder = Session::builder(environment)?
            .with_intra_threads(self.threads.max(1))?
            .with_inter_threads(1)?
            .with_parallel_execution(false)?
            // A waiting thread sleeps: the decoder, the window and other sessions want the cores.
            .with_intra_op_spinning(false)?
            // Otherwise ONNX Runtime may pick a device by itself.
            .with_auto_device(AutoDevicePolicy::PreferCPU)?;
        let index = i32::try_from(self.device.index().unwrap_or(0))
            .map_err(|_| ort::Error::new("no GPU has such a number"))?;
        let provider = match self.device {
            Device::Cpu => return Ok(builder),
            Device::Cuda(_) => ep::CUDA::default().with_device_id(index).build(),
            Device::TensorRt(_) => ep::TensorRT::default().with_device_id(index).build(),
            Device::DirectMl(_) => ep::DirectML::default().with_device_id(index).build(),
            Device::CoreMl => ep::CoreML::default().build(),
            Device::OpenVino => ep::OpenVINO::default().build(),
            Device::WebGpu => ep::WebGPU::default().build(),
        };
        let builder = builder.with_execution_providers([provider.error_on_failure()])?;
        Ok(match self.device {
            // Arrays of one run are not those of the next (DirectML's own condition).
            Device::DirectMl(_) => builder.with_memory_pattern(false)?,
            _ => builder,
        })
    }
}
