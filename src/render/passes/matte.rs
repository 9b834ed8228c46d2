//! The matte: where bodies cover the picture, without antialiasing.

use glam::{UVec2, Vec2};

use crate::render::geometry::{BODY_LAYOUT, Geometry, POSITION_LAYOUT};
use crate::render::gpu::Gpu;
use crate::render::shader::{self, BODY_PRIMITIVE, Globals, GlobalsBinding, PipelineSpec};
use crate::render::target::create_texture;

const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::R8Unorm;

/// Pipeline and its plane.
#[derive(Debug)]
pub(in crate::render) struct MattePass {
    pipeline: wgpu::RenderPipeline,
    globals: GlobalsBinding,
    plane: Option<wgpu::Texture>,
}

impl MattePass {
    pub fn new(gpu: &Gpu) -> Self {
        let globals = GlobalsBinding::new(gpu);
        let pipeline = PipelineSpec {
            primitive: BODY_PRIMITIVE,
            format: FORMAT,
            blend: None,
            ..PipelineSpec::over_target(
                shader::MATTE,
                &[&globals.layout],
                &[Some(POSITION_LAYOUT), None, Some(BODY_LAYOUT)],
            )
        }
        .build(gpu);
        Self { pipeline, globals, plane: None }
    }

    /// Draws all bodies into a plane of `size` and returns it.
    pub fn render(&mut self, gpu: &Gpu, geometry: &Geometry, size: UVec2) -> &wgpu::Texture {
        let size_px = size.as_vec2();
        self.globals.write(
            gpu,
            &Globals {
                target_px: size_px,
                layer_origin_px: Vec2::ZERO,
                layer_px: size_px,
                ..Globals::default()
            },
        );
        let kept = self.plane.take().filter(|plane| plane.width() == size.x && plane.height() == size.y);
        let plane = self.plane.insert(kept.unwrap_or_else(|| {
            let usage = wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC;
            create_texture(gpu, "matte", size, FORMAT, usage, 1)
        }));
        let view = plane.create_view(&wgpu::TextureViewDescriptor::default());
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("matte"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                ..Default::default()
            });
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &self.globals.group, &[]);
            geometry.draw_indexed(&mut pass);
        }
        gpu.queue.submit([encoder.finish()]);
        plane
    }
}
