//! A GPU buffer that grows and is then kept.

use super::gpu::Gpu;

/// Written anew each frame; reallocated only when a frame needs more than any before it.
#[derive(Debug)]
pub(super) struct FrameBuffer {
    label: &'static str,
    usage: wgpu::BufferUsages,
    buffer: Option<wgpu::Buffer>,
}

impl FrameBuffer {
    /// A buffer without memory yet.
    pub fn new(label: &'static str, usage: wgpu::BufferUsages) -> Self {
        Self { label, usage: usage | wgpu::BufferUsages::COPY_DST, buffer: None }
    }

    /// Makes room for `bytes`. What was written before may be gone.
    pub fn reserve(&mut self, gpu: &Gpu, bytes: u64) -> &wgpu::Buffer {
        let room = self.buffer.take().filter(|buffer| buffer.size() >= bytes);
        self.buffer.insert(room.unwrap_or_else(|| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(self.label),
                size: bytes.max(256).next_power_of_two(),
                usage: self.usage,
                mapped_at_creation: false,
            })
        }))
    }

    /// Replaces the content.
    pub fn write<T: bytemuck::NoUninit>(&mut self, gpu: &Gpu, items: &[T]) {
        let bytes = bytemuck::cast_slice(items);
        let buffer = self.reserve(gpu, bytes.len() as u64);
        gpu.queue.write_buffer(buffer, 0, bytes);
    }

    /// The buffer, once something was written.
    pub fn get(&self) -> Option<&wgpu::Buffer> {
        self.buffer.as_ref()
    }
}
