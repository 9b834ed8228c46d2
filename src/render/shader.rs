//! The shaders' sources, and what all pipelines share.

use glam::Vec2;

use super::gpu::Gpu;
use super::target::TARGET_FORMAT;

const COMMON: &str = include_str!("../../shaders/common.wgsl");

/// One WGSL file of `shaders/`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShaderSource {
    pub name: &'static str,
    body: &'static str,
}

macro_rules! shaders {
    ($($constant:ident = $name:literal),* $(,)?) => {
        $(pub(super) const $constant: ShaderSource =
            ShaderSource { name: $name, body: include_str!(concat!("../../shaders/", $name, ".wgsl")) };)*
        /// Every shader, for the test that validates them.
        #[cfg(test)]
        pub(super) const ALL: &[ShaderSource] = &[$($constant),*];
    };
}

shaders! {
    VIDEO_FRAME = "video_frame",
    MESH = "mesh",
    WIREFRAME = "wireframe",
    COMPOSITE = "composite",
    STROKE = "stroke",
    LABEL = "label",
    MATTE = "matte",
}

impl ShaderSource {
    /// The file with `common.wgsl` before it.
    pub fn text(self) -> String {
        [COMMON, self.body].concat()
    }

    /// The compiled module.
    pub fn module(self, gpu: &Gpu) -> wgpu::ShaderModule {
        gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(self.name),
            source: wgpu::ShaderSource::Wgsl(self.text().into()),
        })
    }
}

/// `Globals` of common.wgsl: what every pass knows of the target.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Globals {
    /// Width and height of the target, pixels.
    pub target_px: Vec2,
    /// Top-left corner of the body layer in the target, pixels.
    pub layer_origin_px: Vec2,
    /// Width and height of the body layer, pixels.
    pub layer_px: Vec2,
    /// Target pixels in one unit of design.
    pub unit_px: f32,
    /// 1 where the bodies' surfaces are drawn, 0 where only their edges are.
    pub surfaces: f32,
}

/// The uniform buffer of [`Globals`] as bind group 0.
#[derive(Debug)]
pub(super) struct GlobalsBinding {
    buffer: wgpu::Buffer,
    pub layout: wgpu::BindGroupLayout,
    pub group: wgpu::BindGroup,
}

impl GlobalsBinding {
    pub fn new(gpu: &Gpu) -> Self {
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("globals"),
            size: size_of::<Globals>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("globals"),
            entries: &[uniform_entry(0)],
        });
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("globals"),
            layout: &layout,
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }],
        });
        Self { buffer, layout, group }
    }

    pub fn write(&self, gpu: &Gpu, globals: &Globals) {
        gpu.queue.write_buffer(&self.buffer, 0, bytemuck::bytes_of(globals));
    }
}

/// A uniform buffer at `binding`, seen by both stages.
pub(super) fn uniform_entry(binding: u32) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
        ty: wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    }
}

/// A 2D texture of floats at `binding`.
pub(super) fn texture_entry(
    binding: u32,
    visibility: wgpu::ShaderStages,
    filterable: bool,
) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility,
        ty: wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
        count: None,
    }
}

/// The triangles of bodies. What faces away is not drawn: bodies are closed, so it would be hidden anyway, and on a
/// software renderer it costs half of the time.
pub(super) const BODY_PRIMITIVE: wgpu::PrimitiveState = wgpu::PrimitiveState {
    topology: wgpu::PrimitiveTopology::TriangleList,
    strip_index_format: None,
    front_face: wgpu::FrontFace::Ccw,
    cull_mode: Some(wgpu::Face::Back),
    unclipped_depth: false,
    polygon_mode: wgpu::PolygonMode::Fill,
    conservative: false,
};

/// What differs between the pipelines of the passes.
pub(super) struct PipelineSpec<'a> {
    pub shader: ShaderSource,
    pub fragment_entry: &'a str,
    /// Values of the shader's `override`s.
    pub constants: &'a [(&'a str, f64)],
    /// Bind groups from 0 on.
    pub groups: &'a [&'a wgpu::BindGroupLayout],
    pub vertex_buffers: &'a [Option<wgpu::VertexBufferLayout<'a>>],
    pub primitive: wgpu::PrimitiveState,
    pub format: wgpu::TextureFormat,
    pub blend: Option<wgpu::BlendState>,
    pub writes: wgpu::ColorWrites,
    pub depth: Option<wgpu::DepthStencilState>,
    pub sample_count: u32,
}

impl<'a> PipelineSpec<'a> {
    /// A pipeline that blends premultiplied colours over the target, by quads of four vertices.
    pub fn over_target(
        shader: ShaderSource,
        groups: &'a [&'a wgpu::BindGroupLayout],
        vertex_buffers: &'a [Option<wgpu::VertexBufferLayout<'a>>],
    ) -> Self {
        Self {
            shader,
            fragment_entry: "fs_main",
            constants: &[],
            groups,
            vertex_buffers,
            primitive: wgpu::PrimitiveState {
                topology: wgpu::PrimitiveTopology::TriangleStrip,
                ..Default::default()
            },
            format: TARGET_FORMAT,
            blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
            writes: wgpu::ColorWrites::ALL,
            depth: None,
            sample_count: 1,
        }
    }

    pub fn build(self, gpu: &Gpu) -> wgpu::RenderPipeline {
        let module = self.shader.module(gpu);
        let groups: Vec<_> = self.groups.iter().copied().map(Some).collect();
        let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(self.shader.name),
            bind_group_layouts: &groups,
            immediate_size: 0,
        });
        gpu.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some(self.shader.name),
            layout: Some(&layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vs_main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: self.vertex_buffers,
            },
            primitive: self.primitive,
            depth_stencil: self.depth,
            multisample: wgpu::MultisampleState { count: self.sample_count, ..Default::default() },
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some(self.fragment_entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: self.constants,
                    ..Default::default()
                },
                targets: &[Some(wgpu::ColorTargetState {
                    format: self.format,
                    blend: self.blend,
                    write_mask: self.writes,
                })],
            }),
            multiview_mask: None,
            cache: None,
        })
    }
}
