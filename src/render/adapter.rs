//! Which graphics devices there are, and in which order they are tried.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::memory::{self, AdapterMemory};

/// Which kind of adapter a headless device should come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdapterPreference {
    /// A graphics card where there is one, else the processor.
    #[default]
    Fastest,
    /// The processor alone (lavapipe, llvmpipe): the same pixels on every machine.
    Software,
}

/// One adapter, in words for a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdapterReport {
    /// The name that the driver gives it.
    pub name: String,
    /// `vulkan` or `gl`.
    pub backend: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `CPU` or `other`.
    pub device_type: String,
    /// Driver and its version.
    pub driver: String,
    /// Its memory, where the driver tells.
    pub memory: Option<AdapterMemory>,
}

impl AdapterReport {
    /// The report of what wgpu and the driver know.
    pub(super) fn of(adapter: &wgpu::Adapter) -> Self {
        Self { memory: memory::of(adapter), ..Self::new(&adapter.get_info()) }
    }

    /// The report of what wgpu knows.
    pub fn new(info: &wgpu::AdapterInfo) -> Self {
        let device_type = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete GPU",
            wgpu::DeviceType::IntegratedGpu => "integrated GPU",
            wgpu::DeviceType::VirtualGpu => "virtual GPU",
            wgpu::DeviceType::Cpu => "CPU",
            wgpu::DeviceType::Other => "other",
        };
        Self {
            name: info.name.clone(),
            backend: info.backend.to_string(),
            device_type: device_type.to_owned(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            memory: None,
        }
    }
}

/// Every adapter, best first.
pub(super) fn all() -> Vec<wgpu::Adapter> {
    let mut adapters = of_backend(wgpu::Backends::VULKAN);
    adapters.extend(of_backend(wgpu::Backends::GL));
    best_first(adapters)
}

/// The adapters that `preference` allows, best first.
///
/// OpenGL is started only where Vulkan does not offer what is preferred.
pub(super) fn candidates(preference: AdapterPreference) -> Vec<wgpu::Adapter> {
    let is_cpu = |adapter: &wgpu::Adapter| adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    let mut adapters = of_backend(wgpu::Backends::VULKAN);
    match preference {
        AdapterPreference::Fastest => {
            if adapters.iter().all(is_cpu) {
                adapters.extend(of_backend(wgpu::Backends::GL));
            }
        }
        AdapterPreference::Software => {
            adapters.retain(is_cpu);
            if adapters.is_empty() {
                adapters = of_backend(wgpu::Backends::GL);
                adapters.retain(is_cpu);
            }
        }
    }
    best_first(adapters)
}

fn of_backend(backends: wgpu::Backends) -> Vec<wgpu::Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    pollster::block_on(instance.enumerate_adapters(backends))
}

fn best_first(mut adapters: Vec<wgpu::Adapter>) -> Vec<wgpu::Adapter> {
    adapters.sort_by_key(|adapter| {
        let info = adapter.get_info();
        Reverse(rank(info.device_type, info.backend))
    });
    adapters
}

/// Higher is better: real cards before emulated ones, then Vulkan before OpenGL.
fn rank(device_type: wgpu::DeviceType, backend: wgpu::Backend) -> (u8, bool) {
    let speed = match device_type {
        wgpu::DeviceType::DiscreteGpu => 4,
        wgpu::DeviceType::IntegratedGpu => 3,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 1,
        wgpu::DeviceType::Cpu => 0,
    };
    (speed, backend == wgpu::Backend::Vulkan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_through_opengl_comes_before_the_processor_through_vulkan() {
        use wgpu::{Backend, DeviceType};
        let mut seen = [
            (DeviceType::Cpu, Backend::Vulkan),
            (DeviceType::DiscreteGpu, Backend::Gl),
            (DeviceType::DiscreteGpu, Backend::Vulkan),
        ];
        seen.sort_by_key(|&(kind, backend)| Reverse(rank(kind, backend)));
        assert_eq!(seen[0], (DeviceType::DiscreteGpu, Backend::Vulkan));
        assert_eq!(seen[2], (DeviceType::Cpu, Backend::Vulkan));
    }
}
