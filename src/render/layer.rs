//! The layer that bodies are drawn into before they are laid over the picture.
//!
//! Bodies are drawn opaque with a depth buffer and four samples a pixel, then the resolved, premultiplied layer is
//! blended over the picture once. So a body's far side never shines through its near side, and edges are clean. The
//! layer covers only the pixels that bodies touch: on a software renderer, clearing and resolving four samples for
//! the whole picture costs several times more than drawing the bodies.

use glam::{UVec2, Vec2};

use super::gpu::Gpu;
use super::target::{TARGET_FORMAT, create_texture};
use crate::types::BBox;

/// Samples a pixel.
pub(super) const SAMPLES: u32 = 4;

/// Reversed depth: near/z in metres, 1 at the near plane and 0 at infinity, so that the precision of a float is
/// spread over the whole range (Reed, "Depth Precision Visualized", 2015).
pub(super) const DEPTH_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// Sizes grow in steps, so that a body that walks does not reallocate at every frame.
const STEP_PX: u32 = 64;

/// Where the layer is in the target, whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LayerRect {
    pub origin: UVec2,
    pub size: UVec2,
}

impl LayerRect {
    /// The pixels of a box that has whole, non-negative corners and an area.
    pub fn of(bounds: &BBox) -> Self {
        let origin = bounds.min.as_uvec2();
        Self { origin, size: bounds.max.as_uvec2() - origin }
    }

    pub fn origin_px(&self) -> Vec2 {
        self.origin.as_vec2()
    }

    pub fn size_px(&self) -> Vec2 {
        self.size.as_vec2()
    }
}

/// The layer's textures.
#[derive(Debug)]
pub(super) struct BodyLayer {
    size: UVec2,
    color: wgpu::TextureView,
    depth: wgpu::TextureView,
    resolved: wgpu::TextureView,
}

impl BodyLayer {
    /// A layer that holds at least `size` pixels.
    fn new(gpu: &Gpu, size: UVec2) -> Self {
        let limit = UVec2::splat(gpu.max_side());
        let size = UVec2::new(size.x.next_multiple_of(STEP_PX), size.y.next_multiple_of(STEP_PX)).min(limit);
        let attachment = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let sampled = attachment | wgpu::TextureUsages::TEXTURE_BINDING;
        let view = |label, format, usage, samples| {
            create_texture(gpu, label, size, format, usage, samples)
                .create_view(&wgpu::TextureViewDescriptor::default())
        };
        Self {
            size,
            color: view("body layer samples", TARGET_FORMAT, attachment, SAMPLES),
            depth: view("body layer depth", DEPTH_FORMAT, attachment, SAMPLES),
            resolved: view("body layer", TARGET_FORMAT, sampled, 1),
        }
    }

    /// Makes `slot` hold a layer for `size` pixels. A much too large one is given up: its memory and the time to
    /// clear it are worth more. Returns whether the textures are new.
    pub fn ensure(slot: &mut Option<Self>, gpu: &Gpu, size: UVec2) -> bool {
        let area = |size: UVec2| u64::from(size.x) * u64::from(size.y);
        let step = UVec2::splat(STEP_PX);
        let fits = slot.as_ref().is_some_and(|layer| {
            size.cmple(layer.size).all() && area(layer.size) <= 4 * area(size.max(step))
        });
        if !fits {
            *slot = Some(Self::new(gpu, size));
        }
        !fits
    }

    /// The resolved, premultiplied colours.
    pub fn resolved(&self) -> &wgpu::TextureView {
        &self.resolved
    }

    /// Begins drawing bodies into the `size` pixels at the layer's top-left corner.
    pub fn begin<'e>(&self, encoder: &'e mut wgpu::CommandEncoder, size: UVec2) -> wgpu::RenderPass<'e> {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("bodies"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &self.color,
                depth_slice: None,
                resolve_target: Some(&self.resolved),
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                    store: wgpu::StoreOp::Discard,
                },
            })],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: &self.depth,
                depth_ops: Some(wgpu::Operations {
                    load: wgpu::LoadOp::Clear(0.0),
                    store: wgpu::StoreOp::Discard,
                }),
                stencil_ops: None,
            }),
            timestamp_writes: None,
            occlusion_query_set: None,
            multiview_mask: None,
        });
        pass.set_viewport(0.0, 0.0, size.x as f32, size.y as f32, 0.0, 1.0);
        pass.set_scissor_rect(0, 0, size.x, size.y);
        pass
    }
}
