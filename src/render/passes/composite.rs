//! Lays the body layer over the picture.

use crate::render::gpu::Gpu;
use crate::render::layer::BodyLayer;
use crate::render::shader::{self, GlobalsBinding, PipelineSpec, texture_entry};

/// Pipeline, and the layer that it reads.
#[derive(Debug)]
pub(in crate::render) struct CompositePass {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    group: Option<wgpu::BindGroup>,
}

impl CompositePass {
    pub fn new(gpu: &Gpu, globals: &GlobalsBinding) -> Self {
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("body layer"),
            entries: &[texture_entry(0, wgpu::ShaderStages::FRAGMENT, false)],
        });
        let pipeline =
            PipelineSpec::over_target(shader::COMPOSITE, &[&globals.layout, &layout], &[]).build(gpu);
        Self { pipeline, layout, group: None }
    }

    /// Reads from `layer` from now on.
    pub fn bind(&mut self, gpu: &Gpu, layer: &BodyLayer) {
        self.group = Some(gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("body layer"),
            layout: &self.layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::TextureView(layer.resolved()),
            }],
        }));
    }

    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        let Some(group) = &self.group else { return };
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(1, group, &[]);
        pass.draw(0..4, 0..1);
    }
}
