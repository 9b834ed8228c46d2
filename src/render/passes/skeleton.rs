//! Skeletons as strokes: bones as lines, joints as dots.

use super::stroke::{Line, StrokeList};
use crate::render::scene::{LinePattern, Skeleton};
use crate::render::view::ViewTransform;
use crate::types::person::COCO_BONES;

/// Half widths in units of design, and the least in pixels.
const BONE: (f32, f32) = (1.7, 0.9);
const JOINT: (f32, f32) = (3.2, 1.7);
const OUTLINE: (f32, f32) = (1.1, 0.7);

/// Adds one skeleton; joints of a score below `min_score`, and their bones, are left out.
pub(in crate::render) fn push(
    list: &mut StrokeList,
    lines: &mut Vec<Line>,
    skeleton: &Skeleton,
    min_score: f32,
    view: &ViewTransform,
    unit_px: f32,
) {
    let size = |(units, least_px): (f32, f32)| (units * unit_px).max(least_px);
    let at = |joint: usize| {
        let point = skeleton.points.get(joint)?;
        (point.score >= min_score).then(|| view.target_from_picture(point.position))
    };
    let bone = if skeleton.ghost { LinePattern::Dashed } else { LinePattern::Solid };
    lines.clear();
    lines.extend(COCO_BONES.iter().filter_map(|&(a, b)| {
        Some(Line { from_px: at(a)?, to_px: at(b)?, half_width_px: size(BONE), pattern: bone })
    }));
    lines.extend((0..skeleton.points.len()).filter_map(at).map(|joint_px| Line {
        from_px: joint_px,
        to_px: joint_px,
        half_width_px: size(JOINT),
        pattern: LinePattern::Solid,
    }));
    list.push_outlined(lines, skeleton.color, size(OUTLINE));
}
