//! The video frame: its planes as they were decoded, converted to R'G'B' in the shader.

use glam::{UVec2, Vec2};

use crate::render::error::RenderError;
use crate::render::gpu::Gpu;
use crate::render::shader::{self, GlobalsBinding, PipelineSpec, texture_entry, uniform_entry};
use crate::render::staging::Staging;
use crate::render::target::create_texture;
use crate::render::view::ViewTransform;
use crate::types::{PlaneShape, Transfer, YuvImage};

/// `Picture` of video_frame.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(in crate::render) struct PictureUniform {
    /// Width and height of the picture, pixels.
    pub size_px: Vec2,
    /// Top-left corner of the picture in the target, pixels.
    pub offset_px: Vec2,
    /// Chroma samples per picture pixel.
    pub chroma_scale: Vec2,
    /// Where the picture's corner is among the chroma samples.
    pub chroma_offset: Vec2,
    /// Target pixels per picture pixel.
    pub scale: f32,
    /// What a sample's lower byte, read as a share of 255, adds to its code on the scale of 8 bits.
    pub byte_weight: f32,
    pub y_offset: f32,
    pub y_scale: f32,
    pub c_scale: f32,
    pub r_v: f32,
    pub g_u: f32,
    pub g_v: f32,
    pub b_u: f32,
    /// Brightest light of a picture of high dynamic range, cd/m².
    pub peak_nits: f32,
    padding: [u32; 2],
    /// Rows of the matrix to the primaries of the screen.
    pub to_red: [f32; 4],
    pub to_green: [f32; 4],
    pub to_blue: [f32; 4],
}

impl PictureUniform {
    /// `size_px` is the size that the picture is drawn at before `view`.
    fn new(image: &YuvImage, size_px: Vec2, view: &ViewTransform) -> Self {
        let sampling = image.sampling;
        let k = image.color.to_rgb_of(sampling.bits);
        let [to_red, to_green, to_blue] = image.light.primaries.to_bt709().map(|[r, g, b]| [r, g, b, 0.0]);
        Self {
            size_px,
            offset_px: view.offset_px,
            chroma_scale: chroma_scale(image, size_px),
            chroma_offset: Vec2::from(sampling.chroma_offset),
            scale: view.scale,
            byte_weight: 255.0 * sampling.unit(),
            y_offset: k.y_offset,
            y_scale: k.y_scale,
            c_scale: k.c_scale,
            r_v: k.r_v,
            g_u: k.g_u,
            g_v: k.g_v,
            b_u: k.b_u,
            peak_nits: image.light.peak_nits,
            padding: [0; 2],
            to_red,
            to_green,
            to_blue,
        }
    }
}

/// Luma samples per pixel of the size that the picture is drawn at before the view.
fn luma_scale(image: &YuvImage, size_px: Vec2) -> Vec2 {
    UVec2::new(image.width, image.height).as_vec2() / size_px
}

/// The same of chroma samples.
fn chroma_scale(image: &YuvImage, size_px: Vec2) -> Vec2 {
    let sampling = image.sampling;
    let side = |shift: u8| f32::from(1_u16 << shift);
    luma_scale(image, size_px) / Vec2::new(side(sampling.chroma_x), side(sampling.chroma_y))
}

/// Most samples along each side of a target pixel when the picture is made smaller.
const MAX_TAPS: f32 = 4.0;

/// How a picture comes onto the target: what its pipeline is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fit {
    /// Pixel on pixel, as in an export: the luma needs no filter.
    Exact,
    /// Larger, or between the pixels.
    Filtered,
    /// Smaller: samples along each side of a target pixel, of the luma and of the chroma.
    Reduced { taps: f32, chroma_taps: f32 },
}

impl Fit {
    fn of(image: &YuvImage, size_px: Vec2, view: &ViewTransform) -> Self {
        let taps = |samples: Vec2| (samples.max_element() / view.scale - 0.01).ceil().clamp(1.0, MAX_TAPS);
        let taps_of_luma = taps(luma_scale(image, size_px));
        if luma_scale(image, size_px) == Vec2::ONE
            && view.scale == 1.0
            && view.offset_px == view.offset_px.floor()
        {
            Self::Exact
        } else if taps_of_luma > 1.0 {
            Self::Reduced { taps: taps_of_luma, chroma_taps: taps(chroma_scale(image, size_px)) }
        } else {
            Self::Filtered
        }
    }
}

/// The constants of video_frame.wgsl.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kind {
    fit: Fit,
    /// 0 to leave R'G'B' alone, 1 for standard range with other primaries, 2 for PQ, 3 for HLG.
    light: u8,
    wide: bool,
    interleaved: bool,
}

impl Kind {
    fn of(image: &YuvImage, size_px: Vec2, view: &ViewTransform) -> Self {
        Self {
            fit: Fit::of(image, size_px, view),
            light: match image.light.transfer {
                Transfer::Standard => u8::from(!image.light.is_screen()),
                Transfer::Pq => 2,
                Transfer::Hlg => 3,
            },
            wide: image.sampling.sample_bytes() == 2,
            interleaved: image.sampling.interleaved,
        }
    }

    fn pipeline(self, gpu: &Gpu, groups: &[&wgpu::BindGroupLayout]) -> wgpu::RenderPipeline {
        let (fragment_entry, taps, chroma_taps) = match self.fit {
            Fit::Exact => ("fs_exact", 1.0, 1.0),
            Fit::Filtered => ("fs_main", 1.0, 1.0),
            Fit::Reduced { taps, chroma_taps } => ("fs_reduced", taps, chroma_taps),
        };
        PipelineSpec {
            fragment_entry,
            blend: None,
            constants: &[
                ("LIGHT", f64::from(self.light)),
                ("WIDE", f64::from(u8::from(self.wide))),
                ("INTERLEAVED", f64::from(u8::from(self.interleaved))),
                ("TAPS", f64::from(taps)),
                ("CHROMA_TAPS", f64::from(chroma_taps)),
            ],
            ..PipelineSpec::over_target(shader::VIDEO_FRAME, groups, &[])
        }
        .build(gpu)
    }
}

/// Pipelines, and the planes of the last frame.
#[derive(Debug)]
pub(in crate::render) struct VideoFramePass {
    /// Of each kind of picture that was drawn.
    pipelines: Vec<(Kind, wgpu::RenderPipeline)>,
    /// The one of the last picture.
    current: usize,
    globals: wgpu::BindGroupLayout,
    layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    uniform: wgpu::Buffer,
    planes: Option<Planes>,
    staging: Staging,
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
            pipelines: Vec::new(),
            current: 0,
            globals: globals.layout.clone(),
            layout,
            sampler,
            uniform,
            planes: None,
            staging: Staging::default(),
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
        let size_px = UVec2::new(across, down).as_vec2();
        let kind = Kind::of(image, size_px, view);
        self.current = match self.pipelines.iter().position(|(made_for, _)| *made_for == kind) {
            Some(nth) => nth,
            None => {
                self.pipelines.push((kind, kind.pipeline(gpu, &[&self.globals, &self.layout])));
                self.pipelines.len() - 1
            }
        };
        let uniform = PictureUniform::new(image, size_px, view);
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
        let (Some(planes), Some((_, pipeline))) = (&self.planes, self.pipelines.get(self.current)) else {
            return;
        };
        pass.set_pipeline(pipeline);
        pass.set_bind_group(1, &planes.group, &[]);
        pass.draw(0..4, 0..1);
    }
}
