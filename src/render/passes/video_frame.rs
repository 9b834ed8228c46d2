//! The video frame: three planes, converted to R'G'B' in the shader.

use glam::{UVec2, Vec2};

use crate::render::error::RenderError;
use crate::render::gpu::Gpu;
use crate::render::shader::{self, GlobalsBinding, PipelineSpec, texture_entry, uniform_entry};
use crate::render::target::create_texture;
use crate::render::view::ViewTransform;
use crate::types::YuvImage;

/// `Picture` of video_frame.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(in crate::render) struct PictureUniform {
    /// Width and height of the picture, pixels.
    pub size_px: Vec2,
    /// Top-left corner of the picture in the target, pixels.
    pub offset_px: Vec2,
    /// Target pixels per picture pixel.
    pub scale: f32,
    /// Samples along each side of a target pixel.
    pub taps: f32,
    pub y_offset: f32,
    pub y_scale: f32,
    pub c_scale: f32,
    pub r_v: f32,
    pub g_u: f32,
    pub g_v: f32,
    pub b_u: f32,
    pub padding: f32,
}

/// Most samples along each side of a target pixel when the picture is made smaller.
const MAX_TAPS: f32 = 4.0;

/// Pipelines, and the planes of the last frame.
#[derive(Debug)]
pub(in crate::render) struct VideoFramePass {
    /// For a picture shown pixel on pixel, as in an export: a quarter of the time less without the luma's filter.
    exact: wgpu::RenderPipeline,
    /// For a picture shown larger, or between the pixels.
    full: wgpu::RenderPipeline,
    /// For a picture made smaller. A pipeline of its own: a loop in the other would cost a third of its time.
    reduced: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    uniform: wgpu::Buffer,
    planes: Option<Planes>,
    taps: f32,
    pixel_on_pixel: bool,
}

/// Textures of one picture size.
#[derive(Debug)]
struct Planes {
    size: UVec2,
    textures: [wgpu::Texture; 3],
    group: wgpu::BindGroup,
}

impl VideoFramePass {
    pub fn new(gpu: &Gpu, globals: &GlobalsBinding) -> Self {
        let fragment = wgpu::ShaderStages::FRAGMENT;
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("video frame"),
            entries: &[
                uniform_entry(0),
                wgpu::BindGroupLayoutEntry {
                    binding: 1,
                    visibility: fragment,
                    ty: wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
                    count: None,
                },
                texture_entry(2, fragment, true),
                texture_entry(3, fragment, true),
                texture_entry(4, fragment, true),
            ],
        });
        let pipeline = |fragment_entry| {
            PipelineSpec {
                fragment_entry,
                blend: None,
                ..PipelineSpec::over_target(shader::VIDEO_FRAME, &[&globals.layout, &layout], &[])
            }
            .build(gpu)
        };
        let [exact, full, reduced] = ["fs_exact", "fs_main", "fs_reduced"].map(pipeline);
        let sampler = gpu.device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("video frame"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        let uniform = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("video frame"),
            size: size_of::<PictureUniform>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self {
            exact,
            full,
            reduced,
            layout,
            sampler,
            uniform,
            planes: None,
            taps: 1.0,
            pixel_on_pixel: false,
        }
    }

    /// Uploads a frame's planes; the textures are kept while the size stays.
    pub fn upload(&mut self, gpu: &Gpu, image: &YuvImage, view: &ViewTransform) -> Result<(), RenderError> {
        let (width, height) = (image.width, image.height);
        gpu.check_size(width, height)?;
        let size = UVec2::new(width, height);
        let chroma = UVec2::from(YuvImage::chroma_size(width, height));
        let fits = |plane: &[u8], size: UVec2| plane.len() == size.x as usize * size.y as usize;
        if !(fits(&image.y, size) && fits(&image.u, chroma) && fits(&image.v, chroma)) {
            return Err(RenderError::BadPicture { width, height });
        }
        let planes = match self.planes.take().filter(|kept| kept.size == size) {
            Some(kept) => kept,
            None => self.make_planes(gpu, size, chroma),
        };
        let planes = self.planes.insert(planes);
        for (texture, plane) in planes.textures.iter().zip([&image.y, &image.u, &image.v]) {
            let layout = wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(texture.width()),
                rows_per_image: None,
            };
            gpu.queue.write_texture(texture.as_image_copy(), plane, layout, texture.size());
        }
        self.taps = (1.0 / view.scale - 0.01).ceil().clamp(1.0, MAX_TAPS);
        self.pixel_on_pixel = view.scale == 1.0 && view.offset_px == view.offset_px.floor();
        let k = image.color.to_rgb();
        let uniform = PictureUniform {
            size_px: size.as_vec2(),
            offset_px: view.offset_px,
            scale: view.scale,
            taps: self.taps,
            y_offset: k.y_offset,
            y_scale: k.y_scale,
            c_scale: k.c_scale,
            r_v: k.r_v,
            g_u: k.g_u,
            g_v: k.g_v,
            b_u: k.b_u,
            padding: 0.0,
        };
        gpu.queue.write_buffer(&self.uniform, 0, bytemuck::bytes_of(&uniform));
        Ok(())
    }

    fn make_planes(&self, gpu: &Gpu, size: UVec2, chroma: UVec2) -> Planes {
        let plane = |label, size| {
            let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST;
            create_texture(gpu, label, size, wgpu::TextureFormat::R8Unorm, usage, 1)
        };
        let textures =
            [plane("luma", size), plane("blue difference", chroma), plane("red difference", chroma)];
        let views = textures.each_ref().map(|t| t.create_view(&wgpu::TextureViewDescriptor::default()));
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("video frame"),
            layout: &self.layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: self.uniform.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&self.sampler) },
                wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::TextureView(&views[0]) },
                wgpu::BindGroupEntry { binding: 3, resource: wgpu::BindingResource::TextureView(&views[1]) },
                wgpu::BindGroupEntry { binding: 4, resource: wgpu::BindingResource::TextureView(&views[2]) },
            ],
        });
        Planes { size, textures, group }
    }

    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        let Some(planes) = &self.planes else { return };
        pass.set_pipeline(match (self.pixel_on_pixel, self.taps > 1.0) {
            (true, _) => &self.exact,
            (false, true) => &self.reduced,
            (false, false) => &self.full,
        });
        pass.set_bind_group(1, &planes.group, &[]);
        pass.draw(0..4, 0..1);
    }
}
