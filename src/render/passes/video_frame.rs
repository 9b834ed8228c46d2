//! The video frame: its planes as they were decoded, converted to R'G'B' in the shader.

use glam::{UVec2, Vec2};

use crate::render::error::RenderError;
use crate::render::gpu::Gpu;
use crate::render::shader::{self, GlobalsBinding, PipelineSpec, texture_entry, uniform_entry};
use crate::render::staging::Staging;
use crate::render::target::create_texture;
use crate::render::view::ViewTransform;
use crate::types::{PlaneShape, Sampling, Transfer, YuvImage};

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
    /// Brightest light of a picture of high dynamic range, cd/m².
    pub peak_nits: f32,
    /// Chroma samples per picture pixel.
    pub chroma_scale: Vec2,
    /// Where the picture's corner is among the chroma samples.
    pub chroma_offset: Vec2,
    /// 0 to leave R'G'B' alone, 1 for standard range with other primaries, 2 for PQ, 3 for HLG.
    pub light: u32,
    /// As `taps`, of the chroma: where its planes are smaller than the luma's, fewer do.
    pub chroma_taps: f32,
    /// What the channels of a luma texel add to the code, on the scale of 8 bits.
    pub y_weights: [f32; 4],
    /// The same of the first chroma plane for the blue difference.
    pub u_weights: [f32; 4],
    /// The same of the first chroma plane for the red difference.
    pub v_of_first: [f32; 4],
    /// The same of the second chroma plane for the red difference.
    pub v_of_second: [f32; 4],
    /// Rows of the matrix to the primaries of the screen.
    pub to_red: [f32; 4],
    pub to_green: [f32; 4],
    pub to_blue: [f32; 4],
}

impl PictureUniform {
    /// `size_px` is the size that the picture is drawn at before `view`.
    fn new(image: &YuvImage, size_px: Vec2, view: &ViewTransform) -> Self {
        let share = UVec2::new(image.width, image.height).as_vec2() / size_px;
        let sampling = image.sampling;
        let k = image.color.to_rgb_of(sampling.bits);
        let weights = Weights::of(&sampling);
        let chroma_scale =
            share / Vec2::new(f32::from(1_u16 << sampling.chroma_x), f32::from(1_u16 << sampling.chroma_y));
        let taps = |samples: Vec2| (samples.max_element() / view.scale - 0.01).ceil().clamp(1.0, MAX_TAPS);
        let [to_red, to_green, to_blue] = image.light.primaries.to_bt709().map(|[r, g, b]| [r, g, b, 0.0]);
        Self {
            size_px,
            offset_px: view.offset_px,
            scale: view.scale,
            taps: taps(share),
            y_offset: k.y_offset,
            y_scale: k.y_scale,
            c_scale: k.c_scale,
            r_v: k.r_v,
            g_u: k.g_u,
            g_v: k.g_v,
            b_u: k.b_u,
            peak_nits: image.light.peak_nits,
            chroma_scale,
            chroma_offset: Vec2::from(sampling.chroma_offset),
            light: match image.light.transfer {
                Transfer::Standard => u32::from(!image.light.is_screen()),
                Transfer::Pq => 2,
                Transfer::Hlg => 3,
            },
            chroma_taps: taps(chroma_scale),
            y_weights: weights.y,
            u_weights: weights.u,
            v_of_first: weights.v_of_first,
            v_of_second: weights.v_of_second,
            to_red,
            to_green,
            to_blue,
        }
    }
}

/// How the channels of texels (bytes over 255) make codes. A sample of two bytes is a texel of two channels: both are
/// filtered alike, so their weighted sum is the filtered sample, and no 16-bit texture format is needed, which not
/// every device has.
struct Weights {
    y: [f32; 4],
    u: [f32; 4],
    v_of_first: [f32; 4],
    v_of_second: [f32; 4],
}

impl Weights {
    fn of(sampling: &Sampling) -> Self {
        let low = 255.0 * sampling.unit();
        let high = 256.0 * low;
        let wide = sampling.sample_bytes() == 2;
        let one = if wide { [low, high, 0.0, 0.0] } else { [low, 0.0, 0.0, 0.0] };
        let other = if wide { [0.0, 0.0, low, high] } else { [0.0, low, 0.0, 0.0] };
        let none = [0.0; 4];
        let (v_of_first, v_of_second) = if sampling.interleaved { (other, none) } else { (none, one) };
        Self { y: one, u: one, v_of_first, v_of_second }
    }
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
    staging: Staging,
    taps: f32,
    pixel_on_pixel: bool,
}

/// Textures of one picture size and layout.
#[derive(Debug)]
struct Planes {
    shapes: [PlaneShape; 3],
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
            staging: Staging::default(),
            taps: 1.0,
            pixel_on_pixel: false,
        }
    }

    /// Takes in a frame's planes, for [`copy`](Self::copy); the textures are kept while the size stays.
    pub fn upload(
        &mut self,
        gpu: &Gpu,
        image: &YuvImage,
        stands_for: Option<[u32; 2]>,
        view: &ViewTransform,
    ) -> Result<(), RenderError> {
        let (width, height) = (image.width, image.height);
        gpu.check_size(width, height)?;
        if !image.is_whole() {
            return Err(RenderError::BadPicture { width, height });
        }
        let shapes = image.sampling.planes(width, height);
        if self.planes.as_ref().is_none_or(|kept| kept.shapes != shapes) {
            self.planes = Some(self.make_planes(gpu, shapes));
        }
        self.staging.fill(gpu, [&image.y, &image.u, &image.v], shapes)?;
        let [across, down] = stands_for.unwrap_or([width, height]).map(|side| side.max(1));
        self.pixel_on_pixel = (across, down) == (width, height)
            && view.scale == 1.0
            && view.offset_px == view.offset_px.floor();
        let uniform = PictureUniform::new(image, UVec2::new(across, down).as_vec2(), view);
        self.taps = uniform.taps;
        gpu.queue.write_buffer(&self.uniform, 0, bytemuck::bytes_of(&uniform));
        Ok(())
    }

    fn make_planes(&self, gpu: &Gpu, shapes: [PlaneShape; 3]) -> Planes {
        let plane = |label, shape: PlaneShape| {
            let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST;
            let format = match shape.element_bytes {
                1 => wgpu::TextureFormat::R8Unorm,
                2 => wgpu::TextureFormat::Rg8Unorm,
                _ => wgpu::TextureFormat::Rgba8Unorm,
            };
            let size = UVec2::new(shape.width, shape.height).max(UVec2::ONE);
            create_texture(gpu, label, size, format, usage, 1)
        };
        let [luma, first, second] = shapes;
        let textures =
            [plane("luma", luma), plane("blue difference", first), plane("red difference", second)];
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
        Planes { shapes, textures, group }
    }

    /// Records how the planes come to their textures, before any pass reads them.
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder) {
        if let Some(planes) = &self.planes {
            self.staging.copy(encoder, &planes.textures);
        }
    }

    /// After what was recorded is submitted.
    pub fn submitted(&mut self) {
        self.staging.submitted();
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
