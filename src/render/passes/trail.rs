//! Trails as strokes: thin where a point was long ago, thick where it is now.

use super::stroke::{Line, StrokeList};
use crate::render::scene::{LinePattern, Trail};
use crate::render::view::ViewTransform;

/// Half widths of the newest and the oldest end in units of design, and the least in pixels.
const NEW: f32 = 2.6;
const OLD: f32 = 0.8;
const LEAST_PX: f32 = 0.7;
const OUTLINE: (f32, f32) = (0.9, 0.6);

/// Adds one trail.
pub(in crate::render) fn push(
    list: &mut StrokeList,
    lines: &mut Vec<Line>,
    trail: &Trail,
    view: &ViewTransform,
    unit_px: f32,
) {
    let weight = if trail.is_thin { 0.5 } else { 1.0 };
    lines.clear();
    lines.extend(trail.points.windows(2).map(|pair| {
        let age = pair[1].1.clamp(0.0, 1.0);
        Line {
            from_px: view.target_from_picture(pair[0].0),
            to_px: view.target_from_picture(pair[1].0),
            half_width_px: ((NEW + (OLD - NEW) * age) * weight * unit_px).max(LEAST_PX),
            pattern: LinePattern::Solid,
        }
    }));
    list.push_outlined(lines, trail.color, (OUTLINE.0 * weight * unit_px).max(OUTLINE.1));
}
