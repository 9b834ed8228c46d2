//! Names of boxes, and tags: text on a rounded ground of a colour.

use std::mem::offset_of;

use glam::Vec2;

use super::boxes;
use super::glyph_atlas::{Glyph, GlyphAtlas};
use super::stroke::with_alpha;
use crate::render::buffer::FrameBuffer;
use crate::render::error::RenderError;
use crate::render::geometry::attribute;
use crate::render::gpu::Gpu;
use crate::render::scene::{LabelledBox, Srgb, Tag};
use crate::render::shader::{self, GlobalsBinding, PipelineSpec, texture_entry};
use crate::render::view::ViewTransform;
use crate::types::BBox;

/// `Piece` of label.wgsl: a ground or a glyph.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(in crate::render) struct PieceInstance {
    pub min_px: Vec2,
    pub max_px: Vec2,
    pub texel: Vec2,
    /// Below 0 for a glyph.
    pub radius_px: f32,
    /// Gamma-coded, not premultiplied.
    pub color: [f32; 4],
}

pub(in crate::render) const PIECE_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<PieceInstance>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &[
        attribute(wgpu::VertexFormat::Float32x2, offset_of!(PieceInstance, min_px), 0),
        attribute(wgpu::VertexFormat::Float32x2, offset_of!(PieceInstance, max_px), 1),
        attribute(wgpu::VertexFormat::Float32x2, offset_of!(PieceInstance, texel), 2),
        attribute(wgpu::VertexFormat::Float32, offset_of!(PieceInstance, radius_px), 3),
        attribute(wgpu::VertexFormat::Float32x4, offset_of!(PieceInstance, color), 4),
    ],
};

/// Height of a line of text in units of design, and the least that can be read, pixels.
const TEXT: (f32, f32) = (16.0, 12.0);

/// Longest label, characters; longer ones end in an ellipsis.
const MAX_CHARACTERS: usize = 48;

/// Opacity of the ground.
const GROUND_OPACITY: f32 = 0.92;

/// Pipeline, glyphs and instances.
#[derive(Debug)]
pub(in crate::render) struct LabelPass {
    pipeline: wgpu::RenderPipeline,
    group: wgpu::BindGroup,
    atlas: GlyphAtlas,
    instances: FrameBuffer,
    pieces: Vec<PieceInstance>,
    grounds: Vec<BBox>,
    glyphs: Vec<Glyph>,
}

impl LabelPass {
    pub fn new(gpu: &Gpu, globals: &GlobalsBinding) -> Result<Self, RenderError> {
        let atlas = GlyphAtlas::new(gpu)?;
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("glyphs"),
            entries: &[texture_entry(0, wgpu::ShaderStages::FRAGMENT, false)],
        });
        let view = atlas.texture().create_view(&wgpu::TextureViewDescriptor::default());
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("glyphs"),
            layout: &layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::TextureView(&view),
            }],
        });
        let pipeline =
            PipelineSpec::over_target(shader::LABEL, &[&globals.layout, &layout], &[Some(PIECE_LAYOUT)])
                .build(gpu);
        Ok(Self {
            pipeline,
            group,
            atlas,
            instances: FrameBuffer::new("labels", wgpu::BufferUsages::VERTEX),
            pieces: Vec::new(),
            grounds: Vec::new(),
            glyphs: Vec::new(),
        })
    }

    /// Lays out and uploads the labels of a frame.
    pub fn upload(
        &mut self,
        gpu: &Gpu,
        boxes: &[LabelledBox],
        tags: &[Tag],
        view: &ViewTransform,
        target_px: Vec2,
        unit_px: f32,
    ) {
        self.pieces.clear();
        if boxes.is_empty() && tags.is_empty() {
            return;
        }
        self.atlas.set_text_px((TEXT.0 * unit_px).max(TEXT.1));
        let named = boxes.iter().map(|named| (&named.bbox, named.color, named.label.as_str()));
        let texts = named.chain(tags.iter().map(|tag| (&tag.place, tag.color, tag.text.as_str())));
        if !self.lay_out(gpu, texts.clone(), view, target_px, unit_px) {
            // Too many different characters over time: start again with those of this frame.
            self.atlas.clear();
            self.lay_out(gpu, texts, view, target_px, unit_px);
        }
        if !self.pieces.is_empty() {
            self.instances.write(gpu, &self.pieces);
        }
    }

    /// Grounds and glyphs of the last upload.
    pub fn pieces(&self) -> &[PieceInstance] {
        &self.pieces
    }

    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        let Some(instances) = self.instances.get().filter(|_| !self.pieces.is_empty()) else { return };
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(1, &self.group, &[]);
        pass.set_vertex_buffer(0, instances.slice(..));
        pass.draw(0..4, 0..u32::try_from(self.pieces.len()).unwrap_or(u32::MAX));
    }

    /// Whether every glyph found room in the atlas.
    fn lay_out<'t>(
        &mut self,
        gpu: &Gpu,
        texts: impl Iterator<Item = (&'t BBox, Srgb, &'t str)>,
        view: &ViewTransform,
        target_px: Vec2,
        unit_px: f32,
    ) -> bool {
        self.pieces.clear();
        self.grounds.clear();
        let (cap_px, line_px) = self.atlas.cap_and_line_px();
        let margin_px = (0.4 * line_px).round();
        let ground_height_px = (1.35 * line_px).round();
        let baseline_px = (0.5 * (ground_height_px + cap_px)).round();
        let mut complete = true;
        for (place_px, ground_color, text) in texts.filter(|(_, _, text)| !text.is_empty()) {
            let anchor = view.target_box(place_px);
            let in_view = anchor.min.cmplt(target_px).all() && anchor.max.cmpgt(Vec2::ZERO).all();
            if !(in_view && anchor.min.is_finite()) {
                continue;
            }
            self.glyphs.clear();
            for character in shortened(text) {
                match self.atlas.glyph(gpu, character) {
                    Some(glyph) => self.glyphs.push(glyph),
                    None => complete = false,
                }
            }
            let text_width_px: f32 = self.glyphs.iter().map(|glyph| glyph.advance_px).sum();
            let size_px = Vec2::new(text_width_px + 2.0 * margin_px, ground_height_px);
            let ground = place(&anchor, size_px, target_px, unit_px, &self.grounds);
            self.grounds.push(ground);
            self.pieces.push(PieceInstance {
                min_px: ground.min,
                max_px: ground.max,
                texel: Vec2::ZERO,
                radius_px: (0.25 * ground_height_px).round(),
                color: with_alpha(ground_color, GROUND_OPACITY),
            });
            let color = readable_on(ground_color);
            let mut pen_px = ground.min + Vec2::new(margin_px, baseline_px);
            for glyph in &self.glyphs {
                let min_px = pen_px + glyph.bearing_px;
                self.pieces.push(PieceInstance {
                    min_px,
                    max_px: min_px + glyph.size.as_vec2(),
                    texel: glyph.texel.as_vec2(),
                    radius_px: -1.0,
                    color,
                });
                pen_px.x += glyph.advance_px;
            }
        }
        complete
    }
}

/// The characters that are drawn of a label.
fn shortened(label: &str) -> impl Iterator<Item = char> {
    let long = label.chars().nth(MAX_CHARACTERS).is_some();
    let kept = if long { MAX_CHARACTERS - 1 } else { MAX_CHARACTERS };
    label.chars().take(kept).chain(long.then_some('…'))
}

/// Above the box's left corner, inside the target, and below what is in the way.
fn place(anchor: &BBox, size_px: Vec2, target_px: Vec2, unit_px: f32, taken: &[BBox]) -> BBox {
    let line_px = boxes::half_width_px(unit_px);
    let gap_px = line_px + (2.0 * unit_px).max(1.0);
    let mut top_left = Vec2::new(anchor.min.x - line_px, anchor.min.y - gap_px - size_px.y);
    if top_left.y < 0.0 {
        top_left = anchor.min + gap_px;
    }
    top_left = top_left.min(target_px - size_px).max(Vec2::ZERO).round();
    let at = |top_left: Vec2| BBox { min: top_left, max: top_left + size_px };
    // It only ever moves down, past one after the other.
    while let Some(other) = taken.iter().find(|other| at(top_left).intersection(other).area() > 0.0) {
        top_left.y = (other.max.y + unit_px.max(1.0)).ceil();
    }
    at(top_left)
}

/// White text where its contrast with `ground` is at least 4:1 (WCAG 2: up to a luminance of 0.2125), else near-black.
fn readable_on(ground: Srgb) -> [f32; 4] {
    let linear = ground.map(|c| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    let luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    if luminance > 0.2125 { [0.03, 0.04, 0.06, 1.0] } else { [1.0; 4] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET_PX: Vec2 = Vec2::new(400.0, 300.0);
    const SIZE_PX: Vec2 = Vec2::new(80.0, 20.0);

    #[test]
    fn labels_stay_inside_the_picture_and_off_one_another() {
        let mut taken = Vec::new();
        // The last but one is pushed onto the one that comes right after the first, the last onto both.
        let corners = [
            (200.0, 150.0),
            (5.0, 2.0),
            (390.0, 100.0),
            (-30.0, -20.0),
            (205.0, 175.0),
            (210.0, 155.0),
            (220.0, 165.0),
        ];
        for corner in corners {
            let min = Vec2::from(corner);
            let ground = place(&BBox { min, max: min + 50.0 }, SIZE_PX, TARGET_PX, 1.0, &taken);
            assert!(ground.min.cmpge(Vec2::ZERO).all() && ground.max.cmple(TARGET_PX).all(), "{ground:?}");
            assert!(taken.iter().all(|other| ground.intersection(other).area() == 0.0), "{ground:?}");
            taken.push(ground);
        }
    }

    #[test]
    fn long_labels_end_in_an_ellipsis() {
        let long = "é".repeat(60);
        let shown: String = shortened(&long).collect();
        assert_eq!(shown.chars().count(), MAX_CHARACTERS);
        assert!(shown.ends_with('…'));
        let exact = "x".repeat(MAX_CHARACTERS);
        assert_eq!(shortened(&exact).collect::<String>(), exact);
    }

    #[test]
    fn text_is_dark_on_yellow_and_light_on_blue() {
        assert!(readable_on([0.95, 0.85, 0.2])[0] < 0.5);
        assert!(readable_on([0.0, 0.2, 0.6])[0] > 0.5);
    }
}
