//! The ruler, how far the analysis is, and the in and out points.

use egui::{Align2, Color32, CursorIcon, Id, Rect, Sense, Stroke, TextStyle, Ui, WidgetInfo, pos2, vec2};

use super::scale::TimeScale;
use crate::ui::command::{Command, Commands};
use crate::ui::state::{OpenClip, State};
use crate::ui::theme::{self, GRID};
use crate::ui::{time, widgets};

/// Small ticks between two labelled ones.
const SUBDIVISIONS: u32 = 5;

/// Height of the line that tells how far the analysis is, points.
const PROGRESS_HEIGHT: f32 = 3.0;

/// From a tick to its label, points: an in point that stands on the tick fits in between.
const LABEL_GAP: f32 = 10.0;

/// Paints ticks, times and the analysis progress.
pub fn paint(ui: &Ui, state: &State, clip: &OpenClip, scale: &TimeScale, rect: Rect) {
    let palette = theme::palette(ui);
    let painter = ui.painter();
    let font = TextStyle::Small.resolve(ui.style());
    let tick_s = scale.tick_s(font.size * 7.0);
    let base = rect.bottom() - PROGRESS_HEIGHT - 1.0;
    let count = (scale.duration_s / tick_s * f64::from(SUBDIVISIONS)).floor() as u32;
    for index in 0..=count {
        let seconds = f64::from(index) * tick_s / f64::from(SUBDIVISIONS);
        let x = painter.round_to_pixel_center(scale.x_of(seconds));
        let is_labelled = index.is_multiple_of(SUBDIVISIONS);
        let height = if is_labelled { 7.0 } else { 3.0 };
        painter.vline(x, base - height..=base, Stroke::new(1.0, palette.line));
        if is_labelled && x + font.size * 3.0 < scale.right + GRID {
            let label = tick_label(seconds, tick_s);
            painter.text(
                pos2(x + LABEL_GAP, base - 4.0),
                Align2::LEFT_BOTTOM,
                label,
                font.clone(),
                palette.weak,
            );
        }
    }
    progress(ui, state, clip, scale, rect);
}

fn tick_label(seconds: f64, tick_s: f64) -> String {
    let full = time::format(seconds);
    let decimals = if tick_s >= 1.0 {
        0
    } else if tick_s >= 0.1 {
        1
    } else {
        2
    };
    // Milliseconds are the last three of the four characters after the seconds.
    let cut = if decimals == 0 { 4 } else { 3 - decimals };
    full[..full.len() - cut].to_owned()
}

/// A line under the ruler over the frames that have been looked at.
fn progress(ui: &Ui, state: &State, clip: &OpenClip, scale: &TimeScale, rect: Rect) {
    let palette = theme::palette(ui);
    let painter = ui.painter();
    let y = rect.bottom() - PROGRESS_HEIGHT;
    let line = Rect::from_min_max(pos2(scale.left, y), pos2(scale.right, rect.bottom()));
    painter.rect_filled(line, 1, palette.sunken);
    let frames = &clip.info.frames;
    let count = usize::try_from(frames.len()).unwrap_or(0);
    let running = state.is_analyzing();
    let color = if running { palette.accent } else { palette.accent.gamma_multiply(0.55) };
    let mut frame = 0;
    while frame < count {
        let begins = frame;
        while frame < count && clip.analysis.is_known(frame) {
            frame += 1;
        }
        if frame > begins {
            let end_s = if frame < count { frames.seconds(frame as u64) } else { scale.duration_s };
            let x = scale.x_of(frames.seconds(begins as u64))..=scale.x_of(end_s);
            painter.rect_filled(Rect::from_x_y_ranges(x, line.y_range()), 1, color);
        }
        frame += 1;
    }
}

/// Darkens what lies outside of the in and out points.
pub fn outside_range(ui: &Ui, state: &State, clip: &OpenClip, scale: &TimeScale, track: Rect) {
    let palette = theme::palette(ui);
    let (first_x, end_x) = range_x(state, clip, scale);
    let veil = palette.panel.gamma_multiply(0.72);
    let left = Rect::from_x_y_ranges(track.left()..=first_x, track.y_range());
    let right = Rect::from_x_y_ranges(end_x..=track.right(), track.y_range());
    for side in [left, right] {
        if side.width() > 0.5 {
            ui.painter().rect_filled(side, 0, veil);
        }
    }
}

/// Left edge of the in frame and right edge of the out frame.
fn range_x(state: &State, clip: &OpenClip, scale: &TimeScale) -> (f32, f32) {
    let frames = &clip.info.frames;
    let (first, last) = state.playback.range;
    let end_s = if last >= clip.last_frame() { scale.duration_s } else { frames.seconds(last + 1) };
    (scale.x_of(frames.seconds(first)), scale.x_of(end_s))
}

/// The in and out handles, to be dragged.
pub fn handles(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    scale: &TimeScale,
    ruler: Rect,
    commands: &Commands,
) {
    let (first, last) = state.playback.range;
    let (first_x, end_x) = range_x(state, clip, scale);
    let frames = &clip.info.frames;
    let frame_at = |x: f32| frames.at_seconds(scale.seconds_at(x)).min(clip.last_frame());
    if let Some(x) = handle(ui, ruler, first_x, true, first) {
        commands.push(Command::SetRange(frame_at(x).min(last), last));
    }
    if let Some(x) = handle(ui, ruler, end_x, false, last) {
        // The handle is at the frame's end; the frame that ends there is the one before.
        commands.push(Command::SetRange(first, frame_at(x - 0.5).max(first)));
    }
}

fn handle(ui: &mut Ui, ruler: Rect, x: f32, is_in: bool, frame: u64) -> Option<f32> {
    let palette = theme::palette(ui);
    let width = 7.0;
    let inward = if is_in { width } else { -width };
    let bottom = ruler.bottom() - PROGRESS_HEIGHT - 1.0;
    let shape = Rect::from_two_pos(pos2(x, bottom - 14.0), pos2(x + inward, bottom));
    let (name, command) = if is_in { ("In point", Command::MarkIn) } else { ("Out point", Command::MarkOut) };
    let response = ui.interact(shape.expand2(vec2(2.0, 4.0)), Id::unique(name), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, frame as f64, name));
    let active = response.hovered() || response.dragged();
    let color = if active { palette.strong } else { palette.accent };
    let painter = ui.painter();
    let stroke = Stroke::new(2.0, color);
    let (near, far) = (x, x + inward);
    painter.line(
        vec![
            pos2(far, shape.top()),
            pos2(near, shape.top()),
            pos2(near, shape.bottom()),
            pos2(far, shape.bottom()),
        ],
        stroke,
    );
    let dragged_to = response.dragged().then(|| response.interact_pointer_pos()).flatten().map(|p| p.x);
    let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
    widgets::explain(response, name, Some(&command), "Drag to move");
    dragged_to
}

/// A small flag with words at `x`, kept within the track.
pub fn flag(ui: &Ui, x: f32, track: Rect, words: &str) {
    let palette = theme::palette(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let painter =
        ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, Id::unique("timeline flag")));
    let galley = painter.layout_no_wrap(words.to_owned(), font, palette.strong);
    let size = galley.size() + vec2(12.0, 6.0);
    let left = (x - size.x * 0.5).clamp(track.left(), (track.right() - size.x).max(track.left()));
    let rect = Rect::from_min_size(pos2(left, track.top() - size.y - 2.0), size);
    painter.rect(rect, 4, palette.bar, Stroke::new(1.0, palette.line), egui::StrokeKind::Inside);
    painter.galley(rect.min + vec2(6.0, 3.0), galley, Color32::PLACEHOLDER);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_show_the_digits_that_change() {
        assert_eq!(tick_label(65.0, 5.0), "1:05");
        assert_eq!(tick_label(0.5, 0.5), "0:00.5");
        assert_eq!(tick_label(0.05, 0.05), "0:00.05");
    }
}
