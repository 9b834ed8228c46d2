//! Which part of a target was drawn into: the rest need not be read back.

use glam::Vec2;

use super::layer::LayerRect;
use super::passes::label::PieceInstance;
use super::passes::stroke::StrokeInstance;

/// A part of a target with an area; its corners lie at even pixels or at the target's edge, as the blocks of 4:2:0
/// pictures do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawnPart {
    /// Left edge, pixels.
    pub x: u32,
    /// Upper edge, pixels.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl DrawnPart {
    /// The part that bodies, strokes and texts touch of a target of `target_px`.
    pub(super) fn around(
        bodies: Option<LayerRect>,
        strokes: &[StrokeInstance],
        texts: &[PieceInstance],
        target_px: Vec2,
    ) -> Option<Self> {
        let (mut low, mut high) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
        let mut add = |min: Vec2, max: Vec2| (low, high) = (low.min(min), high.max(max));
        if let Some(rect) = bodies {
            add(rect.origin_px(), rect.origin_px() + rect.size_px());
        }
        for stroke in strokes {
            // Smooth edges reach half a pixel further.
            let around_px = stroke.shape_px.x + 1.0;
            add(stroke.from_px.min(stroke.to_px) - around_px, stroke.from_px.max(stroke.to_px) + around_px);
        }
        texts.iter().for_each(|piece| add(piece.min_px, piece.max_px));
        let low = (low.clamp(Vec2::ZERO, target_px) / 2.0).floor() * 2.0;
        let high = ((high.clamp(Vec2::ZERO, target_px) / 2.0).ceil() * 2.0).min(target_px);
        let size = high - low;
        (size.min_element() >= 1.0).then_some(Self {
            x: low.x as u32,
            y: low.y as u32,
            width: size.x as u32,
            height: size.y as u32,
        })
    }
}
