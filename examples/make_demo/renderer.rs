//! Draws a frame: shadows from the sun, sky, snow, scenery, rider, spray.

use std::error::Error;

use crate::gpu::{COLOR_FORMAT, DEPTH_FORMAT, Gpu, GpuMesh, Kind, SAMPLES};
use crate::mesh::Mesh;
use crate::scenery;
use crate::spray::Flake;
use crate::uniforms::Frame;

const COMMON: &str = include_str!("common.wgsl");
const LIT: &str = include_str!("lit.wgsl");

/// Sides of the shadow maps, texels: of what moves, and of the trees.
const NEAR_SHADOW_TEXELS: u32 = 1024;
const FAR_SHADOW_TEXELS: u32 = 4096;

/// What of a frame is not the same in all.
pub struct Moving {
    /// The rider and his board.
    pub rider: Mesh,
    /// What else stands about.
    pub props: Mesh,
    /// Thrown snow, farthest first.
    pub spray: Vec<Flake>,
}

/// Pipelines, targets and the scenery.
pub struct Renderer {
    gpu: Gpu,
    uniforms: wgpu::Buffer,
    frame_group: wgpu::BindGroup,
    shadow_group: wgpu::BindGroup,
    near_shadow: wgpu::TextureView,
    far_shadow: wgpu::TextureView,
    samples: wgpu::TextureView,
    depth: wgpu::TextureView,
    picture: wgpu::Texture,
    near_shadow_pipeline: wgpu::RenderPipeline,
    far_shadow_pipeline: wgpu::RenderPipeline,
    sky_pipeline: wgpu::RenderPipeline,
    snow_pipeline: wgpu::RenderPipeline,
    scenery_pipeline: wgpu::RenderPipeline,
    rider_pipeline: wgpu::RenderPipeline,
    spray_pipeline: wgpu::RenderPipeline,
    snow: GpuMesh,
    mountains: GpuMesh,
    spruces: GpuMesh,
    markers: GpuMesh,
    /// Trees and sun stand still: their shadow map is drawn once.
    forest_shadowed: bool,
}

impl Renderer {
    /// Everything that is needed for pictures of `size_px`.
    pub fn new(size_px: [u32; 2]) -> Result<Self, Box<dyn Error>> {
        let gpu = Gpu::new()?;
        let sampled = wgpu::TextureUsages::TEXTURE_BINDING;
        let shadow_map =
            |side| gpu.target([side, side], DEPTH_FORMAT, 1, sampled).create_view(&Default::default());
        let (near_shadow, far_shadow) = (shadow_map(NEAR_SHADOW_TEXELS), shadow_map(FAR_SHADOW_TEXELS));
        let none = wgpu::TextureUsages::empty();
        let samples = gpu.target(size_px, COLOR_FORMAT, SAMPLES, none).create_view(&Default::default());
        let depth = gpu.target(size_px, DEPTH_FORMAT, SAMPLES, none).create_view(&Default::default());
        let picture = gpu.target(size_px, COLOR_FORMAT, 1, wgpu::TextureUsages::COPY_SRC);

        let uniforms = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("frame"),
            size: size_of::<Frame>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let (frame_layout, frame_group) = frame_binding(&gpu.device, &uniforms);
        let (shadow_layout, shadow_group) = shadow_binding(&gpu.device, &near_shadow, &far_shadow);

        let (frame_only, lit) = ([Some(&frame_layout)], [Some(&frame_layout), Some(&shadow_layout)]);
        let solid = |source, entry| {
            gpu.pipeline(Kind::Solid, &[COMMON, LIT, source], "vs_surface", Some(entry), &lit)
        };
        let shadow = |entry| {
            gpu.pipeline(Kind::Shadow, &[COMMON, include_str!("shadow.wgsl")], entry, None, &frame_only)
        };
        Ok(Self {
            near_shadow_pipeline: shadow("vs_near"),
            far_shadow_pipeline: shadow("vs_far"),
            sky_pipeline: gpu.pipeline(
                Kind::Sky,
                &[COMMON, include_str!("sky.wgsl")],
                "vs_sky",
                Some("fs_sky"),
                &frame_only,
            ),
            snow_pipeline: solid(include_str!("snow.wgsl"), "fs_snow"),
            scenery_pipeline: solid(include_str!("scenery.wgsl"), "fs_scenery"),
            rider_pipeline: solid(include_str!("rider.wgsl"), "fs_rider"),
            spray_pipeline: gpu.pipeline(
                Kind::Spray,
                &[COMMON, include_str!("spray.wgsl")],
                "vs_spray",
                Some("fs_spray"),
                &frame_only,
            ),
            snow: gpu.mesh(&scenery::snow()),
            mountains: gpu.mesh(&scenery::mountains()),
            spruces: gpu.mesh(&scenery::spruces()),
            markers: gpu.mesh(&scenery::markers()),
            forest_shadowed: false,
            gpu,
            uniforms,
            frame_group,
            shadow_group,
            near_shadow,
            far_shadow,
            samples,
            depth,
            picture,
        })
    }

    /// The picture as packed 8-bit R'G'B'A.
    pub fn draw(&mut self, frame: &Frame, moving: &Moving) -> Result<Vec<u8>, Box<dyn Error>> {
        self.gpu.queue.write_buffer(&self.uniforms, 0, bytemuck::bytes_of(frame));
        let rider = self.gpu.mesh(&moving.rider);
        let props = self.gpu.mesh(&moving.props);
        let flakes = self.gpu.buffer(&moving.spray, wgpu::BufferUsages::VERTEX);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.draw_shadow(
            &mut encoder,
            &self.near_shadow,
            &self.near_shadow_pipeline,
            &[&rider, &self.markers, &props],
        );
        if !self.forest_shadowed {
            self.draw_shadow(&mut encoder, &self.far_shadow, &self.far_shadow_pipeline, &[&self.spruces]);
            self.forest_shadowed = true;
        }

        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("picture"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &self.samples,
                depth_slice: None,
                resolve_target: Some(&self.picture.create_view(&Default::default())),
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Discard,
                },
            })],
            depth_stencil_attachment: Some(depth_attachment(&self.depth, 0.0)),
            ..Default::default()
        });
        pass.set_bind_group(0, &self.frame_group, &[]);
        pass.set_bind_group(1, &self.shadow_group, &[]);
        pass.set_pipeline(&self.rider_pipeline);
        rider.draw(&mut pass);
        pass.set_pipeline(&self.scenery_pipeline);
        for mesh in [&self.markers, &self.spruces, &props] {
            mesh.draw(&mut pass);
        }
        pass.set_pipeline(&self.snow_pipeline);
        self.snow.draw(&mut pass);
        pass.set_pipeline(&self.scenery_pipeline);
        self.mountains.draw(&mut pass);
        pass.set_pipeline(&self.sky_pipeline);
        pass.draw(0..3, 0..1);
        if !moving.spray.is_empty() {
            pass.set_pipeline(&self.spray_pipeline);
            pass.set_vertex_buffer(0, flakes.slice(..));
            pass.draw(0..4, 0..moving.spray.len() as u32);
        }
        drop(pass);
        self.gpu.queue.submit([encoder.finish()]);
        self.gpu.read(&self.picture)
    }

    fn draw_shadow(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        map: &wgpu::TextureView,
        pipeline: &wgpu::RenderPipeline,
        casters: &[&GpuMesh],
    ) {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("shadow"),
            depth_stencil_attachment: Some(depth_attachment(map, 1.0)),
            ..Default::default()
        });
        pass.set_bind_group(0, &self.frame_group, &[]);
        pass.set_pipeline(pipeline);
        for caster in casters {
            caster.draw(&mut pass);
        }
    }
}

fn depth_attachment(view: &wgpu::TextureView, clear: f32) -> wgpu::RenderPassDepthStencilAttachment<'_> {
    wgpu::RenderPassDepthStencilAttachment {
        view,
        depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(clear), store: wgpu::StoreOp::Store }),
        stencil_ops: None,
    }
}

fn layout_entry(
    binding: u32,
    visibility: wgpu::ShaderStages,
    ty: wgpu::BindingType,
) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry { binding, visibility, ty, count: None }
}

fn frame_binding(device: &wgpu::Device, uniforms: &wgpu::Buffer) -> (wgpu::BindGroupLayout, wgpu::BindGroup) {
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("frame"),
        entries: &[layout_entry(
            0,
            wgpu::ShaderStages::VERTEX_FRAGMENT,
            wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
        )],
    });
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("frame"),
        layout: &layout,
        entries: &[wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() }],
    });
    (layout, group)
}

fn shadow_binding(
    device: &wgpu::Device,
    near: &wgpu::TextureView,
    far: &wgpu::TextureView,
) -> (wgpu::BindGroupLayout, wgpu::BindGroup) {
    let map = wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Depth,
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    let fragment = wgpu::ShaderStages::FRAGMENT;
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("shadows"),
        entries: &[
            layout_entry(0, fragment, map),
            layout_entry(1, fragment, map),
            layout_entry(2, fragment, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Comparison)),
        ],
    });
    let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
        label: Some("shadows"),
        mag_filter: wgpu::FilterMode::Linear,
        min_filter: wgpu::FilterMode::Linear,
        compare: Some(wgpu::CompareFunction::LessEqual),
        ..Default::default()
    });
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("shadows"),
        layout: &layout,
        entries: &[
            wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(near) },
            wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(far) },
            wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::Sampler(&sampler) },
        ],
    });
    (layout, group)
}
