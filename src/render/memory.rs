//! What a graphics driver says of its memory, by VK_EXT_memory_budget.
//!
//! wgpu does not pass that on, so Vulkan is asked itself, through the handles that wgpu lends. OpenGL has no question for
//! it.

use ash::vk;
use wgpu::hal::api::Vulkan;

/// Memory of a graphics adapter, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AdapterMemory {
    /// Of its largest heap that is its own.
    pub total: u64,
    /// What this process may still take of that before an allocation fails or becomes slow.
    pub free: u64,
}

/// The memory of `adapter`; `None` where its driver does not tell.
pub(super) fn of(adapter: &wgpu::Adapter) -> Option<AdapterMemory> {
    // SAFETY: the guard lends the adapter for as long as it lives, and nothing here destroys or keeps a handle of it.
    let vulkan = unsafe { adapter.as_hal::<Vulkan>() }?;
    let (instance, device) = (vulkan.shared_instance().raw_instance(), vulkan.raw_physical_device());
    let knows = vulkan.physical_device_capabilities();
    if knows.properties().api_version < vk::API_VERSION_1_1
        || !knows.supports_extension(ash::ext::memory_budget::NAME)
    {
        return None;
    }
    let mut budget = vk::PhysicalDeviceMemoryBudgetPropertiesEXT::default();
    let mut memory = vk::PhysicalDeviceMemoryProperties2::default().push_next(&mut budget);
    // SAFETY: the physical device belongs to the instance, and both live as long as `vulkan`. Vulkan 1.1 has the call, and
    // the device has the extension of the structure behind it.
    unsafe { instance.get_physical_device_memory_properties2(device, &mut memory) };
    let heaps = memory.memory_properties;
    largest_own_heap(heaps.memory_heaps_as_slice(), &budget.heap_budget, &budget.heap_usage)
}

/// The largest heap that lies on the device itself. A driver that tells of no budget there does not know.
fn largest_own_heap(heaps: &[vk::MemoryHeap], budgets: &[u64], usages: &[u64]) -> Option<AdapterMemory> {
    let own = |(heap, _): &(&vk::MemoryHeap, _)| heap.flags.contains(vk::MemoryHeapFlags::DEVICE_LOCAL);
    let (heap, (budget, usage)) =
        heaps.iter().zip(budgets.iter().zip(usages)).filter(own).max_by_key(|(heap, _)| heap.size)?;
    // A driver may count its own overhead and tell of more than there is.
    let budget = (*budget).min(heap.size);
    (budget > 0).then(|| AdapterMemory { total: heap.size, free: budget.saturating_sub(*usage) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn heap(size: u64, flags: vk::MemoryHeapFlags) -> vk::MemoryHeap {
        vk::MemoryHeap { size, flags }
    }

    #[test]
    fn the_largest_heap_of_the_device_itself_counts_less_what_is_in_use() {
        let (own, host) = (vk::MemoryHeapFlags::DEVICE_LOCAL, vk::MemoryHeapFlags::empty());
        let heaps = [heap(32 * GIB, host), heap(GIB / 4, own), heap(8 * GIB, own)];
        let found = largest_own_heap(&heaps, &[30 * GIB, GIB / 4, 7 * GIB], &[0, 0, 2 * GIB]);
        assert_eq!(found, Some(AdapterMemory { total: 8 * GIB, free: 5 * GIB }));
        // More in use than may be, and more told than there is.
        let found = largest_own_heap(&heaps[2..], &[GIB], &[2 * GIB]);
        assert_eq!(found, Some(AdapterMemory { total: 8 * GIB, free: 0 }));
        let found = largest_own_heap(&heaps[2..], &[u64::MAX], &[0]);
        assert_eq!(found, Some(AdapterMemory { total: 8 * GIB, free: 8 * GIB }));
    }

    #[test]
    fn a_driver_that_tells_nothing_is_no_memory_of_none() {
        assert_eq!(largest_own_heap(&[], &[], &[]), None);
        assert_eq!(largest_own_heap(&[heap(GIB, vk::MemoryHeapFlags::empty())], &[GIB], &[0]), None);
        assert_eq!(largest_own_heap(&[heap(GIB, vk::MemoryHeapFlags::DEVICE_LOCAL)], &[0], &[0]), None);
    }
}
