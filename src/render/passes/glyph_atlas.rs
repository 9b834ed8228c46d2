//! Glyphs of the label font, rasterised once each into one texture.

use std::collections::HashMap;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};
use glam::{UVec2, Vec2};

use crate::render::error::RenderError;
use crate::render::gpu::Gpu;
use crate::render::target::create_texture;

/// Texels along a side.
const SIDE: u32 = 1024;

/// Largest text that is drawn, so that the texture always holds a fair number of glyphs.
pub(in crate::render) const MAX_TEXT_PX: f32 = 96.0;

/// Drawn in place of a character that the font does not have.
const MISSING: char = '□';

/// Where a glyph is in the texture and how it is placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::render) struct Glyph {
    pub texel: UVec2,
    pub size: UVec2,
    /// From the pen on the baseline to the bitmap's top-left corner, pixels.
    pub bearing_px: Vec2,
    /// Pen movement, whole pixels.
    pub advance_px: f32,
}

/// Texture and glyphs of one text size; another size empties it.
#[derive(Debug)]
pub(in crate::render) struct GlyphAtlas {
    font: FontRef<'static>,
    texture: wgpu::Texture,
    text_px: f32,
    glyphs: HashMap<char, Glyph>,
    /// Where the next glyph goes, and the height of its row.
    cursor: UVec2,
    row_height: u32,
    bitmap: Vec<u8>,
}

impl GlyphAtlas {
    /// An empty atlas of Hack, whose digits are all equally wide (a score that changes does not shake the label) and
    /// which has Latin, Greek and Cyrillic letters.
    pub fn new(gpu: &Gpu) -> Result<Self, RenderError> {
        let font =
            FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).map_err(|_| RenderError::Font)?;
        let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST;
        let format = wgpu::TextureFormat::R8Unorm;
        let texture = create_texture(gpu, "glyphs", UVec2::splat(SIDE), format, usage, 1);
        Ok(Self {
            font,
            texture,
            text_px: 0.0,
            glyphs: HashMap::new(),
            cursor: UVec2::ZERO,
            row_height: 0,
            bitmap: Vec::new(),
        })
    }

    pub fn texture(&self) -> &wgpu::Texture {
        &self.texture
    }

    /// Sets the height of a line of text, pixels.
    pub fn set_text_px(&mut self, text_px: f32) {
        let text_px = text_px.clamp(1.0, MAX_TEXT_PX).round();
        if text_px != self.text_px {
            self.text_px = text_px;
            self.clear();
        }
    }

    /// Forgets all glyphs.
    pub fn clear(&mut self) {
        self.glyphs.clear();
        self.cursor = UVec2::ZERO;
        self.row_height = 0;
    }

    /// Height of capitals above the baseline and of the whole line, pixels.
    pub fn cap_and_line_px(&self) -> (f32, f32) {
        let scaled = self.font.as_scaled(PxScale::from(self.text_px));
        // Hack's capitals are 1493 units of its 2048-unit em high; the scale spans ascent to descent.
        let em_px = self.text_px * 2048.0 / scaled.font.height_unscaled().max(1.0);
        ((em_px * 1493.0 / 2048.0).round(), self.text_px)
    }

    /// The glyph of a character, rasterised when first asked for; `None` where the atlas is full.
    pub fn glyph(&mut self, gpu: &Gpu, character: char) -> Option<Glyph> {
        if let Some(&glyph) = self.glyphs.get(&character) {
            return Some(glyph);
        }
        let mut id = self.font.glyph_id(character);
        if id.0 == 0 {
            id = self.font.glyph_id(MISSING);
        }
        let scale = PxScale::from(self.text_px);
        let advance_px = self.font.as_scaled(scale).h_advance(id).round();
        let glyph = match self.font.outline_glyph(id.with_scale(scale)) {
            None => Glyph { texel: UVec2::ZERO, size: UVec2::ZERO, bearing_px: Vec2::ZERO, advance_px },
            Some(outline) => {
                let bounds = outline.px_bounds();
                let size = UVec2::new(bounds.width() as u32, bounds.height() as u32);
                let texel = self.allocate(size)?;
                self.bitmap.clear();
                self.bitmap.resize(size.x as usize * size.y as usize, 0);
                let bitmap = &mut self.bitmap;
                outline.draw(|x, y, coverage| {
                    if let Some(code) = bitmap.get_mut((y * size.x + x) as usize) {
                        *code = (coverage * 255.0).round() as u8;
                    }
                });
                self.upload(gpu, texel, size);
                Glyph { texel, size, bearing_px: Vec2::new(bounds.min.x, bounds.min.y), advance_px }
            }
        };
        self.glyphs.insert(character, glyph);
        Some(glyph)
    }

    /// Room for a bitmap, row by row.
    fn allocate(&mut self, size: UVec2) -> Option<UVec2> {
        if self.cursor.x + size.x > SIDE {
            self.cursor = UVec2::new(0, self.cursor.y + self.row_height);
            self.row_height = 0;
        }
        if self.cursor.x + size.x > SIDE || self.cursor.y + size.y > SIDE {
            return None;
        }
        let texel = self.cursor;
        self.cursor.x += size.x;
        self.row_height = self.row_height.max(size.y);
        Some(texel)
    }

    fn upload(&self, gpu: &Gpu, texel: UVec2, size: UVec2) {
        let origin = wgpu::Origin3d { x: texel.x, y: texel.y, z: 0 };
        gpu.queue.write_texture(
            wgpu::TexelCopyTextureInfo { origin, ..self.texture.as_image_copy() },
            &self.bitmap,
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(size.x), rows_per_image: None },
            wgpu::Extent3d { width: size.x, height: size.y, depth_or_array_layers: 1 },
        );
    }
}
