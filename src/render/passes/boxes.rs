//! Boxes as strokes along their four sides.

use glam::Vec2;

use super::stroke::{Line, StrokeList};
use crate::render::scene::LabelledBox;
use crate::render::view::ViewTransform;

/// Outline around each side, in units of design and the least in pixels.
const OUTLINE: (f32, f32) = (0.9, 0.6);

/// Half the width of a side, pixels.
pub(in crate::render) fn half_width_px(unit_px: f32) -> f32 {
    (1.3 * unit_px).max(1.0)
}

/// Adds one box; its sides run along the middle of the lines.
pub(in crate::render) fn push(
    list: &mut StrokeList,
    labelled: &LabelledBox,
    view: &ViewTransform,
    unit_px: f32,
) {
    let target = view.target_box(&labelled.bbox);
    let (min, max) = (target.min, target.max);
    let corners = [min, Vec2::new(max.x, min.y), max, Vec2::new(min.x, max.y)];
    let side = |from: usize, to: usize| Line {
        from_px: corners[from],
        to_px: corners[to],
        half_width_px: half_width_px(unit_px),
        pattern: labelled.pattern,
    };
    let outline_px = (OUTLINE.0 * unit_px).max(OUTLINE.1);
    list.push_outlined(&[side(0, 1), side(1, 2), side(2, 3), side(3, 0)], labelled.color, outline_px);
}
