//! The lit surfaces of the bodies, drawn opaque into the body layer.

use crate::render::geometry::{BODY_LAYOUT, COLOR_LAYOUT, Geometry, NORMAL_LAYOUT, POSITION_LAYOUT};
use crate::render::gpu::Gpu;
use crate::render::layer::{DEPTH_FORMAT, SAMPLES};
use crate::render::shader::{self, BODY_PRIMITIVE, GlobalsBinding, PipelineSpec};
use crate::render::target::TARGET_FORMAT;

/// Pipelines for surfaces that are seen, and for ones that only hide what is behind them.
#[derive(Debug)]
pub(in crate::render) struct MeshPass {
    lit: wgpu::RenderPipeline,
    depth_only: wgpu::RenderPipeline,
}

impl MeshPass {
    pub fn new(gpu: &Gpu, globals: &GlobalsBinding) -> Self {
        let pipeline = |writes| {
            PipelineSpec {
                shader: shader::MESH,
                fragment_entry: "fs_main",
                constants: &[],
                groups: &[&globals.layout],
                vertex_buffers: &[
                    Some(POSITION_LAYOUT),
                    Some(NORMAL_LAYOUT),
                    Some(BODY_LAYOUT),
                    Some(COLOR_LAYOUT),
                ],
                primitive: BODY_PRIMITIVE,
                format: TARGET_FORMAT,
                // A body's opacity is its alpha; the nearest body replaces what is behind it.
                blend: None,
                writes,
                depth: Some(wgpu::DepthStencilState {
                    format: DEPTH_FORMAT,
                    depth_write_enabled: Some(true),
                    depth_compare: Some(wgpu::CompareFunction::Greater),
                    stencil: wgpu::StencilState::default(),
                    bias: wgpu::DepthBiasState::default(),
                }),
                sample_count: SAMPLES,
            }
            .build(gpu)
        };
        Self { lit: pipeline(wgpu::ColorWrites::ALL), depth_only: pipeline(wgpu::ColorWrites::empty()) }
    }

    /// Draws the bodies; with `visible` false only into the depth buffer.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>, geometry: &Geometry, visible: bool) {
        pass.set_pipeline(if visible { &self.lit } else { &self.depth_only });
        geometry.draw_indexed(pass);
    }
}
