//! The one renderer of the window and the export.

use glam::{UVec2, Vec2};

use super::error::RenderError;
use super::geometry::{self, Geometry};
use super::gpu::Gpu;
use super::layer::{BodyLayer, LayerRect};
use super::part::DrawnPart;
use super::passes::composite::CompositePass;
use super::passes::label::LabelPass;
use super::passes::matte::MattePass;
use super::passes::mesh::MeshPass;
use super::passes::stroke::{Line, StrokeList, StrokePass};
use super::passes::video_frame::VideoFramePass;
use super::passes::wireframe::WireframePass;
use super::passes::{boxes, outline, skeleton, trail};
use super::readback::Readback;
use super::scene::OverlayScene;
use super::shader::{Globals, GlobalsBinding};
use super::target::RenderTarget;
use super::view::{self, ViewTransform};

/// Draws scenes into targets. Buffers and textures are kept between frames.
#[derive(Debug)]
pub struct OverlayRenderer {
    gpu: Gpu,
    globals: GlobalsBinding,
    geometry: Geometry,
    layer: Option<BodyLayer>,
    video_frame: VideoFramePass,
    mesh: MeshPass,
    wireframe: WireframePass,
    composite: CompositePass,
    stroke: StrokePass,
    label: LabelPass,
    matte: MattePass,
    strokes: StrokeList,
    lines: Vec<Line>,
    readback: Readback,
    drawn: Option<DrawnPart>,
}

impl OverlayRenderer {
    /// A renderer without a triangle list: it draws no bodies until [`set_topology`](Self::set_topology).
    ///
    /// # Errors
    /// What the device says: [`RenderError::Refused`], [`RenderError::OutOfMemory`] or [`RenderError::DeviceLost`].
    pub fn new(gpu: &Gpu) -> Result<Self, RenderError> {
        gpu.scoped("setting up the renderer", || {
            let globals = GlobalsBinding::new(gpu);
            Ok(Self {
                geometry: Geometry::new(),
                layer: None,
                video_frame: VideoFramePass::new(gpu, &globals),
                mesh: MeshPass::new(gpu, &globals),
                wireframe: WireframePass::new(gpu, &globals),
                composite: CompositePass::new(gpu, &globals),
                stroke: StrokePass::new(gpu, &globals),
                label: LabelPass::new(gpu, &globals)?,
                matte: MattePass::new(gpu),
                strokes: StrokeList::default(),
                lines: Vec::new(),
                readback: Readback::new(gpu),
                drawn: None,
                gpu: gpu.clone(),
                globals,
            })
        })
    }

    /// Sets the triangles of all bodies, as vertex indices. Seen from outside, corners go counter-clockwise (as SMPL's
    /// do), and the surface is closed: triangles that face away are not drawn.
    ///
    /// # Errors
    /// When the device cannot hold them.
    pub fn set_topology(&mut self, triangles: &[[u32; 3]]) -> Result<(), RenderError> {
        self.geometry.set_topology(&self.gpu, triangles)
    }

    /// Draws `scene` into `target` and submits the work; the target's former content is gone.
    ///
    /// From back to front: the frame, the bodies (the nearer before the farther), outlines, trails, skeletons, boxes, labels. Where
    /// nothing is drawn over it, the frame's colours are those of [`YuvColor::to_rgb`](crate::types::YuvColor::to_rgb);
    /// around the frame the target is transparent.
    ///
    /// # Errors
    /// [`RenderError::BadPicture`] or [`RenderError::BadMesh`] for a scene that does not fit together, else what the
    /// device says.
    pub fn render(
        &mut self,
        scene: &OverlayScene,
        target: &RenderTarget,
        view: &ViewTransform,
    ) -> Result<(), RenderError> {
        let gpu = self.gpu.clone();
        gpu.scoped("drawing a frame", || {
            let layer_rect = self.prepare(scene, target.size_px(), view)?;
            let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.video_frame.copy(&mut encoder);
            if let (Some(rect), Some(layer)) = (layer_rect, &self.layer) {
                let mut pass = layer.begin(&mut encoder, rect.size);
                pass.set_bind_group(0, &self.globals.group, &[]);
                self.mesh.draw(&mut pass, &self.geometry, scene.style.mesh);
                if scene.style.wireframe {
                    self.wireframe.draw(&mut pass, &self.geometry);
                }
            }
            {
                let mut pass = begin_target(&mut encoder, target);
                pass.set_bind_group(0, &self.globals.group, &[]);
                if scene.picture.is_some() {
                    self.video_frame.draw(&mut pass);
                }
                if layer_rect.is_some() {
                    self.composite.draw(&mut pass);
                }
                self.stroke.draw(&mut pass);
                self.label.draw(&mut pass);
            }
            gpu.queue.submit([encoder.finish()]);
            self.video_frame.submitted();
            Ok(())
        })
    }

    /// The part of the last target that lies under anything but the frame; `None` where that is nothing.
    pub fn drawn_part(&self) -> Option<DrawnPart> {
        self.drawn
    }

    /// Waits until `target` is drawn and puts its pixels into `out`: packed 8-bit R'G'B'A, rows without padding.
    /// To draw the next frame meanwhile, use a [`Readback`].
    ///
    /// # Errors
    /// When the device is lost or does not answer.
    pub fn read_rgba(&mut self, target: &RenderTarget, out: &mut Vec<u8>) -> Result<(), RenderError> {
        self.readback.submit(target)?;
        self.readback.take(out).map(drop)
    }

    /// Puts into `out` one byte for each of `width` × `height` picture pixels: 255 where the pixel's centre is
    /// covered by a body, else 0. The style is not looked at.
    ///
    /// # Errors
    /// As [`render`](Self::render), and for a size that the device cannot draw.
    pub fn render_matte(
        &mut self,
        scene: &OverlayScene,
        width: u32,
        height: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let gpu = self.gpu.clone();
        gpu.check_size(width, height)?;
        gpu.scoped("drawing a matte", || {
            self.geometry.upload(&gpu, &scene.meshes, &scene.style, &ViewTransform::IDENTITY)?;
            let plane = self.matte.render(&gpu, &self.geometry, UVec2::new(width, height));
            self.readback.submit_texture(plane)
        })?;
        self.readback.take(out).map(drop)
    }

    /// Uploads what the passes need; returns where the bodies are, if any are to be drawn.
    fn prepare(
        &mut self,
        scene: &OverlayScene,
        target_px: Vec2,
        view: &ViewTransform,
    ) -> Result<Option<LayerRect>, RenderError> {
        let (gpu, style) = (&self.gpu, &scene.style);
        let unit_px = view::design_unit_px(target_px);
        if let Some(image) = &scene.picture {
            self.video_frame.upload(gpu, image, scene.picture_size, view)?;
        }
        let layer_rect = if style.mesh || style.wireframe {
            self.geometry.upload(gpu, &scene.meshes, style, view)?;
            geometry::bounds_in_target(&scene.meshes, view, target_px).map(|bounds| LayerRect::of(&bounds))
        } else {
            None
        };
        if let Some(rect) = layer_rect {
            if BodyLayer::ensure(&mut self.layer, gpu, rect.size)
                && let Some(layer) = &self.layer
            {
                self.composite.bind(gpu, layer);
            }
            if style.wireframe {
                self.wireframe.upload(gpu, &scene.meshes)?;
            }
        }
        self.strokes.strokes.clear();
        for shape in &scene.outlines {
            outline::push(&mut self.strokes, &mut self.lines, shape, view, unit_px);
        }
        for path in &scene.trails {
            trail::push(&mut self.strokes, &mut self.lines, path, view, unit_px);
        }
        if style.skeleton {
            for figure in &scene.skeletons {
                let min_score = style.min_keypoint_score;
                skeleton::push(&mut self.strokes, &mut self.lines, figure, min_score, view, unit_px);
            }
        }
        if style.boxes {
            for labelled in &scene.boxes {
                boxes::push(&mut self.strokes, labelled, view, unit_px);
            }
        }
        self.stroke.upload(gpu, &self.strokes);
        let named = if style.labels { scene.boxes.as_slice() } else { &[] };
        self.label.upload(gpu, named, &scene.tags, view, target_px, unit_px);
        self.drawn = DrawnPart::around(layer_rect, &self.strokes.strokes, self.label.pieces(), target_px);
        self.globals.write(
            gpu,
            &Globals {
                target_px,
                layer_origin_px: layer_rect.map_or(Vec2::ZERO, |rect| rect.origin_px()),
                layer_px: layer_rect.map_or(Vec2::ONE, |rect| rect.size_px()),
                unit_px,
                surfaces: f32::from(u8::from(style.mesh)),
            },
        );
        Ok(layer_rect)
    }
}

/// Begins drawing into the cleared target.
fn begin_target<'e>(encoder: &'e mut wgpu::CommandEncoder, target: &RenderTarget) -> wgpu::RenderPass<'e> {
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("target"),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view: target.view(),
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations {
                load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                store: wgpu::StoreOp::Store,
            },
        })],
        ..Default::default()
    })
}
