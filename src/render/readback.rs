//! Bringing drawn pixels back to memory.
//!
//! wgpu wants each row of a copied texture to begin at a multiple of 256 bytes; the padding is taken out here. With
//! two buffers, one frame is drawn while the one before it is read.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::error::RenderError;
use super::gpu::Gpu;
use super::part::DrawnPart;
use super::target::RenderTarget;

/// How long a frame may take before the device is taken for dead.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Frames on their way from the device, oldest first.
#[derive(Debug)]
pub struct Readback {
    gpu: Gpu,
    pending: VecDeque<Pending>,
    free: Vec<wgpu::Buffer>,
}

#[derive(Debug)]
struct Pending {
    buffer: wgpu::Buffer,
    submission: wgpu::SubmissionIndex,
    mapped: Arc<OnceLock<Result<(), wgpu::BufferAsyncError>>>,
    bytes: u64,
    row_bytes: usize,
    padded_row_bytes: usize,
}

impl Readback {
    /// Frames that can be on their way at once.
    pub const DEPTH: usize = 2;

    /// A readback with nothing on its way.
    pub fn new(gpu: &Gpu) -> Self {
        Self { gpu: gpu.clone(), pending: VecDeque::new(), free: Vec::new() }
    }

    /// Frames on their way.
    pub fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Starts to bring back what is in `target` once everything submitted before is drawn. The target may be drawn
    /// into again at once.
    ///
    /// # Errors
    /// [`RenderError::ReadbackFull`] when [`DEPTH`](Self::DEPTH) frames are on their way, or what the device says.
    pub fn submit(&mut self, target: &RenderTarget) -> Result<(), RenderError> {
        self.submit_texture(&target.texture)
    }

    /// Waits for the oldest frame and puts its pixels into `out` (rows without padding); `false` where there is none.
    ///
    /// # Errors
    /// When the device is lost or does not answer. The frame is gone then.
    pub fn take(&mut self, out: &mut Vec<u8>) -> Result<bool, RenderError> {
        let Some(frame) = self.pending.pop_front() else { return Ok(false) };
        let failed = |cause: String| RenderError::Readback { cause };
        let waited = self
            .gpu
            .device
            .poll(wgpu::PollType::Wait { submission_index: Some(frame.submission), timeout: Some(TIMEOUT) });
        self.gpu.check_lost()?;
        waited.map_err(|error| failed(error.to_string()))?;
        match frame.mapped.get() {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(failed(error.to_string())),
            None => return Err(failed("its memory was not mapped in time".to_owned())),
        }
        let view = frame.buffer.get_mapped_range(..frame.bytes).map_err(|error| failed(error.to_string()))?;
        out.clear();
        if frame.row_bytes == frame.padded_row_bytes {
            out.extend_from_slice(&view);
        } else {
            for row in view.chunks_exact(frame.padded_row_bytes) {
                out.extend_from_slice(&row[..frame.row_bytes]);
            }
        }
        drop(view);
        frame.buffer.unmap();
        self.free.push(frame.buffer);
        Ok(true)
    }

    /// As [`submit`](Self::submit) for a part of the target, which lies within it and has an area.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn submit_part(&mut self, target: &RenderTarget, part: &DrawnPart) -> Result<(), RenderError> {
        self.submit_region(&target.texture, (part.x, part.y), (part.width, part.height))
    }

    pub(super) fn submit_texture(&mut self, texture: &wgpu::Texture) -> Result<(), RenderError> {
        self.submit_region(texture, (0, 0), (texture.width(), texture.height()))
    }

    fn submit_region(
        &mut self,
        texture: &wgpu::Texture,
        (x, y): (u32, u32),
        (width, height): (u32, u32),
    ) -> Result<(), RenderError> {
        if self.pending.len() >= Self::DEPTH {
            return Err(RenderError::ReadbackFull(Self::DEPTH));
        }
        let gpu = self.gpu.clone();
        gpu.scoped("reading the drawn picture back", || {
            let texel_bytes = texture.format().block_copy_size(None).unwrap_or(4);
            let row_bytes = width * texel_bytes;
            let padded_row_bytes = row_bytes.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
            let size = u64::from(padded_row_bytes) * u64::from(height);
            // One that is larger does as well: parts differ a little from frame to frame.
            let kept = self.free.pop().filter(|buffer| buffer.size() >= size);
            let buffer = kept.unwrap_or_else(|| {
                gpu.device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("readback"),
                    size,
                    usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                    mapped_at_creation: false,
                })
            });
            let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_texture_to_buffer(
                wgpu::TexelCopyTextureInfo {
                    origin: wgpu::Origin3d { x, y, z: 0 },
                    ..texture.as_image_copy()
                },
                wgpu::TexelCopyBufferInfo {
                    buffer: &buffer,
                    layout: wgpu::TexelCopyBufferLayout {
                        offset: 0,
                        bytes_per_row: Some(padded_row_bytes),
                        rows_per_image: None,
                    },
                },
                wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            );
            let submission = gpu.queue.submit([encoder.finish()]);
            let mapped = Arc::new(OnceLock::new());
            let result = Arc::clone(&mapped);
            buffer.map_async(wgpu::MapMode::Read, ..size, move |outcome| {
                // Called once; there is nothing to overwrite.
                let _ = result.set(outcome);
            });
            self.pending.push_back(Pending {
                buffer,
                submission,
                mapped,
                bytes: size,
                row_bytes: row_bytes as usize,
                padded_row_bytes: padded_row_bytes as usize,
            });
            Ok(())
        })
    }
}
