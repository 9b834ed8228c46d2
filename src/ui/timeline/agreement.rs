//! How far detectors agree over the clip: a line under the ruler, the higher and the warmer the less they do.

use egui::{Align2, Rect, Sense, TextStyle, Ui, WidgetInfo, pos2};

use super::scale::TimeScale;
use crate::ui::comparing::Shown;
use crate::ui::state::OpenClip;
use crate::ui::theme::{self, GRID};

/// Height of a difference that is so small that it would not be seen, as a share.
const LEAST: f32 = 0.2;

/// Draws the line into a row of the timeline.
pub fn show(ui: &mut Ui, clip: &OpenClip, shown: &Shown, scale: &TimeScale, height: f32) {
    let palette = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(egui::vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, "Agreement of the detectors"));
    let painter = ui.painter();
    let font = TextStyle::Body.resolve(ui.style());
    painter.text(
        pos2(rect.left() + GRID * 5.0, rect.center().y),
        Align2::LEFT_CENTER,
        "Agreement",
        font,
        palette.text,
    );
    let track = Rect::from_min_max(pos2(scale.left, rect.top()), pos2(scale.right, rect.bottom()))
        .shrink2([0.0, 3.0].into());
    painter.rect_filled(track, 2, palette.sunken);
    let frames = &clip.info.frames;
    let agreement = &shown.measured.agreement;
    for (first, least) in stretches(agreement, scale.frames_per_point(frames.len())) {
        let end = (first.end as u64).min(frames.len());
        let right = if end < frames.len() { scale.x_of(frames.seconds(end)) } else { scale.right };
        let left = scale.x_of(frames.seconds(first.start as u64));
        let share = (1.0 - least as f32).clamp(LEAST, 1.0);
        let bar = Rect::from_min_max(
            pos2(left, track.bottom() - track.height() * share),
            pos2(right.max(left + 1.0), track.bottom()),
        );
        let color = if least <= 0.5 { palette.error } else { palette.warning };
        painter.rect_filled(bar, 0, color);
    }
}

/// Stretches of frames in which detectors differ alike, and the least agreement of each; `step` frames share a point of the
/// screen, and the least of them counts.
fn stretches(agreement: &[f64], step: usize) -> Vec<(std::ops::Range<usize>, f64)> {
    let mut found: Vec<(std::ops::Range<usize>, f64)> = Vec::new();
    for (index, frames) in agreement.chunks(step.max(1)).enumerate() {
        let least = frames.iter().copied().fold(1.0, f64::min);
        if least >= 1.0 {
            continue;
        }
        let start = index * step.max(1);
        match found.last_mut() {
            Some((before, same)) if before.end == start && *same == least => {
                before.end = start + frames.len();
            }
            _ => found.push((start..start + frames.len(), least)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_where_detectors_differ_and_the_least_agreement_of_a_point_counts() {
        let agreement = [1.0, 0.5, 0.5, 1.0, 1.0, 0.0, 0.8, 1.0];
        assert_eq!(stretches(&agreement, 1), [(1..3, 0.5), (5..6, 0.0), (6..7, 0.8)]);
        assert_eq!(stretches(&agreement, 4), [(0..4, 0.5), (4..8, 0.0)]);
        assert_eq!(stretches(&[1.0; 5], 2), []);
        assert_eq!(stretches(&[], 0), []);
    }
}
