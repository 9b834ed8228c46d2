//! A device without a window, and what is made on it.

use std::error::Error;

use bytemuck::Pod;
use wgpu::util::DeviceExt;

use crate::mesh::{Mesh, Vertex};
use crate::spray::Flake;

/// Samples of a pixel's edges.
pub const SAMPLES: u32 = 4;

/// What is drawn into; the hardware encodes sRGB.
pub const COLOR_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8UnormSrgb;

/// Depth of pictures and of shadow maps.
pub const DEPTH_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

const VERTEX_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Vertex>() as u64,
    step_mode: wgpu::VertexStepMode::Vertex,
    attributes: &wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32x3, 2 => Float32x3, 3 => Float32],
};

const FLAKE_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Flake>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32, 2 => Float32],
};

/// The device and its queue.
pub struct Gpu {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
}

/// What a pipeline reads and what it draws over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Where nothing else is: no vertices, at an infinite distance.
    Sky,
    /// Solid things.
    Solid,
    /// Blended discs, hidden by solid things.
    Spray,
    /// Depth alone, from the sun.
    Shadow,
}

/// A mesh on the device.
pub struct GpuMesh {
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    count: u32,
}

impl GpuMesh {
    /// Draws all of it with the pipeline that is set.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_vertex_buffer(0, self.vertices.slice(..));
        pass.set_index_buffer(self.indices.slice(..), wgpu::IndexFormat::Uint32);
        pass.draw_indexed(0..self.count, 0, 0..1);
    }
}

impl Gpu {
    /// The fastest device there is; a software one will do.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        }))?;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;
        Ok(Self { device, queue })
    }

    /// A buffer that holds `data`.
    pub fn buffer<T: Pod>(&self, data: &[T], usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let contents = bytemuck::cast_slice(data);
        self.device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label: None, contents, usage })
    }

    /// Puts a mesh on the device.
    pub fn mesh(&self, mesh: &Mesh) -> GpuMesh {
        GpuMesh {
            vertices: self.buffer(&mesh.vertices, wgpu::BufferUsages::VERTEX),
            indices: self.buffer(&mesh.indices, wgpu::BufferUsages::INDEX),
            count: mesh.indices.len() as u32,
        }
    }

    /// A texture to draw into.
    pub fn target(
        &self,
        size_px: [u32; 2],
        format: wgpu::TextureFormat,
        sample_count: u32,
        usage: wgpu::TextureUsages,
    ) -> wgpu::Texture {
        self.device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: size_px[0], height: size_px[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: usage | wgpu::TextureUsages::RENDER_ATTACHMENT,
            view_formats: &[],
        })
    }

    /// A pipeline of the vertex and fragment entries of `sources`, which are read one after the other.
    pub fn pipeline(
        &self,
        kind: Kind,
        sources: &[&str],
        vertex_entry: &str,
        fragment_entry: Option<&str>,
        groups: &[Option<&wgpu::BindGroupLayout>],
    ) -> wgpu::RenderPipeline {
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(vertex_entry),
            source: wgpu::ShaderSource::Wgsl(sources.concat().into()),
        });
        let layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: groups,
            immediate_size: 0,
        });
        let buffers: &[Option<wgpu::VertexBufferLayout<'_>>] = match kind {
            Kind::Sky => &[],
            Kind::Solid | Kind::Shadow => &[Some(VERTEX_LAYOUT)],
            Kind::Spray => &[Some(FLAKE_LAYOUT)],
        };
        let (writes_depth, compare) = match kind {
            Kind::Sky => (false, wgpu::CompareFunction::GreaterEqual),
            Kind::Solid => (true, wgpu::CompareFunction::Greater),
            Kind::Spray => (false, wgpu::CompareFunction::Greater),
            Kind::Shadow => (true, wgpu::CompareFunction::Less),
        };
        let color = wgpu::ColorTargetState {
            format: COLOR_FORMAT,
            blend: (kind == Kind::Spray).then_some(wgpu::BlendState::ALPHA_BLENDING),
            write_mask: wgpu::ColorWrites::ALL,
        };
        let targets = [Some(color)];
        let topology = if kind == Kind::Spray {
            wgpu::PrimitiveTopology::TriangleStrip
        } else {
            wgpu::PrimitiveTopology::TriangleList
        };
        self.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some(vertex_entry),
            layout: Some(&layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some(vertex_entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers,
            },
            primitive: wgpu::PrimitiveState { topology, ..Default::default() },
            depth_stencil: Some(wgpu::DepthStencilState {
                format: DEPTH_FORMAT,
                depth_write_enabled: Some(writes_depth),
                depth_compare: Some(compare),
                stencil: wgpu::StencilState::default(),
                bias: wgpu::DepthBiasState::default(),
            }),
            multisample: wgpu::MultisampleState {
                count: if kind == Kind::Shadow { 1 } else { SAMPLES },
                ..Default::default()
            },
            fragment: fragment_entry.map(|entry| wgpu::FragmentState {
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &targets,
            }),
            multiview_mask: None,
            cache: None,
        })
    }

    /// The bytes of a drawn picture, rows without padding.
    pub fn read(&self, texture: &wgpu::Texture) -> Result<Vec<u8>, Box<dyn Error>> {
        let row_bytes = texture.width() * 4;
        let padded = row_bytes.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("picture"),
            size: u64::from(padded) * u64::from(texture.height()),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(padded), rows_per_image: None };
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
            texture.size(),
        );
        self.queue.submit([encoder.finish()]);
        let (sender, receiver) = crossbeam_channel::bounded(1);
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver waits below; where it is gone, so is the picture's use.
            let _ = sender.send(result);
        });
        self.device.poll(wgpu::PollType::wait_indefinitely())?;
        receiver.recv()??;
        let mapped = buffer.get_mapped_range(..)?;
        Ok(mapped.chunks_exact(padded as usize).flat_map(|row| &row[..row_bytes as usize]).copied().collect())
    }
}
