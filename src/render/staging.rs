//! Bringing a picture's planes to the device.
//!
//! wgpu's own way there (`write_texture`) takes fresh memory for every plane of every frame, which the system clears page
//! by page before a byte is written. The buffers here are kept, and taken again once the device has read them.

use std::sync::{Arc, OnceLock};

use crate::render::error::RenderError;
use crate::render::gpu::Gpu;
use crate::types::PlaneShape;

/// Buffers that are kept: one being filled, and those of frames that the device has not drawn yet.
const KEPT: usize = 3;

/// Planes on their way to their textures.
#[derive(Debug, Default)]
pub(super) struct Staging {
    /// Read by the device, or about to be, oldest first.
    lent: Vec<Lent>,
    filled: Option<Filled>,
}

#[derive(Debug)]
struct Lent {
    buffer: wgpu::Buffer,
    mapped: Arc<OnceLock<Result<(), wgpu::BufferAsyncError>>>,
}

/// A buffer with the planes of one picture.
#[derive(Debug)]
struct Filled {
    buffer: wgpu::Buffer,
    places: [Place; 3],
}

#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    shape: PlaneShape,
    padded_row_bytes: u32,
}

impl Place {
    fn bytes(&self) -> u64 {
        u64::from(self.padded_row_bytes) * u64::from(self.shape.height)
    }
}

impl Staging {
    /// Takes in planes of these shapes; [`copy`](Self::copy) brings them to their textures. One may be without bytes.
    pub fn fill(
        &mut self,
        gpu: &Gpu,
        planes: [&[u8]; 3],
        shapes: [PlaneShape; 3],
    ) -> Result<(), RenderError> {
        let mut size = 0;
        let places = shapes.map(|shape| {
            let row_bytes = shape.width * shape.element_bytes;
            let padded_row_bytes = row_bytes.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
            let place = Place { offset: size, shape, padded_row_bytes };
            size += place.bytes();
            place
        });
        let buffer = self.take(gpu, size);
        let failed = |cause: wgpu::MapRangeError| RenderError::Refused {
            doing: "bringing a picture to the device",
            cause: cause.to_string(),
        };
        for (plane, place) in planes.into_iter().zip(places) {
            if place.bytes() == 0 {
                continue;
            }
            let row_bytes = (place.shape.width * place.shape.element_bytes) as usize;
            let padded = place.padded_row_bytes as usize;
            let range = place.offset..place.offset + place.bytes();
            let mut view = buffer.get_mapped_range_mut(range).map_err(failed)?;
            if row_bytes == padded {
                view.copy_from_slice(plane);
            } else {
                for (nth, row) in plane.chunks_exact(row_bytes).enumerate() {
                    view.slice(nth * padded..nth * padded + row_bytes).copy_from_slice(row);
                }
            }
        }
        buffer.unmap();
        self.filled = Some(Filled { buffer, places });
        Ok(())
    }

    /// Records the copies of what was taken in last.
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder, textures: &[wgpu::Texture; 3]) {
        let Some(filled) = &self.filled else { return };
        for (texture, place) in textures.iter().zip(filled.places) {
            if place.bytes() == 0 {
                continue;
            }
            let layout = wgpu::TexelCopyBufferLayout {
                offset: place.offset,
                bytes_per_row: Some(place.padded_row_bytes),
                rows_per_image: None,
            };
            encoder.copy_buffer_to_texture(
                wgpu::TexelCopyBufferInfo { buffer: &filled.buffer, layout },
                texture.as_image_copy(),
                texture.size(),
            );
        }
    }

    /// After the copies were submitted: the buffer is free again once the device has made them.
    pub fn submitted(&mut self) {
        let Some(Filled { buffer, .. }) = self.filled.take() else { return };
        let mapped = Arc::new(OnceLock::new());
        let result = Arc::clone(&mapped);
        buffer.map_async(wgpu::MapMode::Write, .., move |outcome| {
            // Called once; there is nothing to overwrite.
            let _ = result.set(outcome);
        });
        if self.lent.len() >= KEPT {
            self.lent.remove(0);
        }
        self.lent.push(Lent { buffer, mapped });
    }

    /// A mapped buffer of `size` bytes at least.
    fn take(&mut self, gpu: &Gpu, size: u64) -> wgpu::Buffer {
        // What the device is done with becomes known when it is asked; its loss is told by whoever draws.
        let _ = gpu.device.poll(wgpu::PollType::Poll);
        self.lent.retain(|lent| lent.buffer.size() == size && !matches!(lent.mapped.get(), Some(Err(_))));
        match self.lent.iter().position(|lent| lent.mapped.get().is_some()) {
            Some(nth) => self.lent.remove(nth).buffer,
            None => gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("planes"),
                size,
                usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            }),
        }
    }
}
