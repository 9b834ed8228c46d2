//! Memory of GPUs, where a driver tells: NVIDIA's by NVML, any other by Vulkan (VK_EXT_memory_budget).

use nvml_wrapper::Nvml;

use crate::engine::plan::GpuMemory;
use crate::render::{AdapterMemory, AdapterReport, Gpu};
use crate::types::Device;

/// Memory of the GPU behind `device`; `None` where its driver does not tell.
pub fn memory(device: Device) -> Option<GpuMemory> {
    match device {
        Device::Cuda(index) | Device::TensorRt(index) => nvidia(&Nvml::init().ok()?, index),
        // ONNX Runtime takes the fastest adapter too.
        Device::WebGpu => of_adapter(Gpu::adapters().first()?),
        Device::Cpu | Device::DirectMl(_) | Device::CoreMl | Device::OpenVino => None,
    }
}

/// What the driver of a graphics adapter tells.
fn of_adapter(adapter: &AdapterReport) -> Option<GpuMemory> {
    adapter.memory.map(|AdapterMemory { total, free }| GpuMemory { total, free })
}

/// Every GPU of NVIDIA's driver with its name and memory; an error in words where there is no such driver.
///
/// # Errors
/// What the driver's library said.
pub fn nvidia_gpus() -> Result<Vec<(String, Option<GpuMemory>)>, String> {
    let nvml = Nvml::init().map_err(|error| error.to_string())?;
    let count = nvml.device_count().map_err(|error| error.to_string())?;
    Ok((0..count)
        .map(|index| {
            let name = nvml.device_by_index(index).and_then(|gpu| gpu.name());
            (name.unwrap_or_else(|error| error.to_string()), nvidia(&nvml, index))
        })
        .collect())
}

fn nvidia(nvml: &Nvml, index: u32) -> Option<GpuMemory> {
    let memory = nvml.device_by_index(index).and_then(|gpu| gpu.memory_info()).ok()?;
    // A driver that answers with nothing at all does not know.
    (memory.total > 0).then_some(GpuMemory { total: memory.total, free: memory.free })
}
