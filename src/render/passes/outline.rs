//! Outlines of shapes as strokes.

use super::stroke::{Line, StrokeList};
use crate::render::scene::{LinePattern, Outline};
use crate::render::view::ViewTransform;

/// Half the width of the line, and the dark line around it, in units of design and the least in pixels.
const WIDTH: (f32, f32) = (1.1, 0.8);
const AROUND: (f32, f32) = (0.7, 0.5);

/// Adds one outline.
pub(in crate::render) fn push(
    list: &mut StrokeList,
    lines: &mut Vec<Line>,
    outline: &Outline,
    view: &ViewTransform,
    unit_px: f32,
) {
    let half_width_px = (WIDTH.0 * unit_px).max(WIDTH.1);
    lines.clear();
    lines.extend(outline.pieces.iter().map(|[from, to]| Line {
        from_px: view.target_from_picture(*from),
        to_px: view.target_from_picture(*to),
        half_width_px,
        pattern: LinePattern::Solid,
    }));
    list.push_outlined(lines, outline.color, (AROUND.0 * unit_px).max(AROUND.1));
}
