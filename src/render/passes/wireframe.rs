//! The edges of the bodies' triangles, over their surfaces.
//!
//! Each corner of each triangle is a vertex of its own, so that the shader knows its barycentric coordinates and can
//! draw edges of any width, antialiased. The corner's index comes from the triangle list, its position from a
//! texture: OpenGL ES 3, the least that is asked of a device, has no storage buffers.

use glam::{UVec2, Vec4};

use crate::render::error::RenderError;
use crate::render::geometry::{BODY_LAYOUT, Geometry, attribute};
use crate::render::gpu::Gpu;
use crate::render::layer::{DEPTH_FORMAT, SAMPLES};
use crate::render::scene::MeshInstance;
use crate::render::shader::{self, BODY_PRIMITIVE, GlobalsBinding, PipelineSpec, texture_entry};
use crate::render::target::{TARGET_FORMAT, create_texture};

/// Positions in a row of the texture; the same constant is in `wireframe.wgsl`.
const ROW: u32 = 1024;

pub(in crate::render) const CORNER_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<u32>() as u64,
    step_mode: wgpu::VertexStepMode::Vertex,
    attributes: &[attribute(wgpu::VertexFormat::Uint32, 0, 0)],
};

/// Pipeline and position texture.
#[derive(Debug)]
pub(in crate::render) struct WireframePass {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    positions: Option<Positions>,
    staging: Vec<Vec4>,
}

#[derive(Debug)]
struct Positions {
    texture: wgpu::Texture,
    group: wgpu::BindGroup,
}

impl WireframePass {
    pub fn new(gpu: &Gpu, globals: &GlobalsBinding) -> Self {
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("wireframe positions"),
            entries: &[texture_entry(0, wgpu::ShaderStages::VERTEX, false)],
        });
        let pipeline = PipelineSpec {
            shader: shader::WIREFRAME,
            fragment_entry: "fs_main",
            constants: &[],
            groups: &[&globals.layout, &layout],
            vertex_buffers: &[Some(CORNER_LAYOUT), Some(BODY_LAYOUT)],
            primitive: BODY_PRIMITIVE,
            format: TARGET_FORMAT,
            blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
            writes: wgpu::ColorWrites::ALL,
            depth: Some(wgpu::DepthStencilState {
                format: DEPTH_FORMAT,
                depth_write_enabled: Some(false),
                depth_compare: Some(wgpu::CompareFunction::GreaterEqual),
                stencil: wgpu::StencilState::default(),
                bias: wgpu::DepthBiasState::default(),
            }),
            sample_count: SAMPLES,
        }
        .build(gpu);
        Self { pipeline, layout, positions: None, staging: Vec::new() }
    }

    /// Uploads the positions of all bodies, in the order of [`Geometry::upload`].
    pub fn upload(&mut self, gpu: &Gpu, meshes: &[MeshInstance]) -> Result<(), RenderError> {
        self.staging.clear();
        self.staging
            .extend(meshes.iter().flat_map(|mesh| &mesh.vertices).map(|vertex_m| vertex_m.extend(1.0)));
        let rows = self.staging.len().div_ceil(ROW as usize);
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        if rows == 0 {
            self.positions = None;
            return Ok(());
        }
        gpu.check_size(ROW, rows)?;
        self.staging.resize(rows as usize * ROW as usize, Vec4::ZERO);
        let positions = match self.positions.take().filter(|kept| kept.texture.height() >= rows) {
            Some(kept) => self.positions.insert(kept),
            None => self.positions.insert(Positions::new(gpu, &self.layout, rows)),
        };
        gpu.queue.write_texture(
            positions.texture.as_image_copy(),
            bytemuck::cast_slice(&self.staging),
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(ROW * size_of::<Vec4>() as u32),
                rows_per_image: None,
            },
            wgpu::Extent3d { width: ROW, height: rows, depth_or_array_layers: 1 },
        );
        Ok(())
    }

    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>, geometry: &Geometry) {
        let Some(positions) = &self.positions else { return };
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(1, &positions.group, &[]);
        geometry.draw_corners(pass);
    }
}

impl Positions {
    fn new(gpu: &Gpu, layout: &wgpu::BindGroupLayout, rows: u32) -> Self {
        let texture = create_texture(
            gpu,
            "wireframe positions",
            UVec2::new(ROW, rows),
            wgpu::TextureFormat::Rgba32Float,
            wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            1,
        );
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("wireframe positions"),
            layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::TextureView(&view),
            }],
        });
        Self { texture, group }
    }
}
