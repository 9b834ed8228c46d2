//! The texture that a frame is drawn into.

use glam::{UVec2, Vec2};

use super::error::RenderError;
use super::gpu::Gpu;

/// Format of every target: gamma-coded codes are stored as they are, which is also what egui asks of a texture that
/// it shows. Blending therefore happens on gamma-coded values, as video editors and browsers do.
pub const TARGET_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A texture to draw into; shown by a window or read back.
#[derive(Clone, Debug)]
pub struct RenderTarget {
    pub(super) texture: wgpu::Texture,
    view: wgpu::TextureView,
}

impl RenderTarget {
    /// A target of `width` × `height` pixels in [`TARGET_FORMAT`].
    ///
    /// # Errors
    /// [`RenderError::EmptyTarget`], [`RenderError::TooLarge`] or [`RenderError::OutOfMemory`].
    pub fn new(gpu: &Gpu, width: u32, height: u32) -> Result<Self, RenderError> {
        gpu.check_size(width, height)?;
        gpu.scoped("making a picture to draw into", || {
            let usage = wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC;
            let texture = create_texture(gpu, "target", UVec2::new(width, height), TARGET_FORMAT, usage, 1);
            let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
            Ok(Self { texture, view })
        })
    }

    /// Pixels across.
    pub fn width(&self) -> u32 {
        self.texture.width()
    }

    /// Pixels down.
    pub fn height(&self) -> u32 {
        self.texture.height()
    }

    /// The texture as a window binds it: colours are gamma-coded and premultiplied by alpha.
    pub fn view(&self) -> &wgpu::TextureView {
        &self.view
    }

    /// Width and height.
    pub(super) fn size_px(&self) -> Vec2 {
        Vec2::new(self.width() as f32, self.height() as f32)
    }
}

/// A 2D texture without mip levels.
pub(super) fn create_texture(
    gpu: &Gpu,
    label: &str,
    size: UVec2,
    format: wgpu::TextureFormat,
    usage: wgpu::TextureUsages,
    sample_count: u32,
) -> wgpu::Texture {
    gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width: size.x, height: size.y, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage,
        view_formats: &[],
    })
}
