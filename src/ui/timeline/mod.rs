//! The clip over time: a ruler, how far the analysis is, one lane for each rider, in and out, and the playhead.

mod agreement;
mod lanes;
mod moments;
mod ruler;
mod scale;

use egui::{Id, Panel, Rect, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use self::scale::TimeScale;
use super::command::{Command, Commands};
use super::peek::Peek;
use super::state::{OpenClip, State};
use super::theme::{self, GRID};
use super::time;

/// Lanes shown at once; more are scrolled to.
const LANES_SHOWN: usize = 4;

/// Sizes of the parts, for the current text size.
struct Layout {
    gutter: f32,
    ruler: f32,
    lane: f32,
}

impl Layout {
    fn new(ui: &Ui) -> Self {
        let text = TextStyle::Body.resolve(ui.style()).size;
        Self { gutter: (text * 9.0).round(), ruler: (text * 2.0).round(), lane: (text * 1.7).round() }
    }
}

/// Draws the timeline.
pub fn show(ui: &mut Ui, state: &State, clip: &OpenClip, peek: &Peek, commands: &Commands) {
    let palette = theme::palette(ui);
    let frame = egui::Frame::new().fill(palette.panel).inner_margin(egui::Margin::symmetric(12, 8));
    Panel::bottom("timeline").frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let layout = Layout::new(ui);
        let width = ui.available_width();
        let lane_count = clip.analysis.lanes().len().clamp(1, LANES_SHOWN);
        let lanes_height = layout.lane * lane_count as f32 + GRID;
        let (ruler_rect, _) = ui.allocate_exact_size(vec2(width, layout.ruler), Sense::hover());
        let scale = TimeScale {
            left: ruler_rect.left() + layout.gutter,
            // Room for the out handle.
            right: ruler_rect.right() - GRID * 2.0,
            duration_s: clip.info.duration_s.max(1e-3),
        };
        if let Some(shown) = state.comparing.as_ref().and_then(|comparing| comparing.shown.as_ref()) {
            agreement::show(ui, clip, shown, &scale, layout.lane);
        }
        let lanes_rect = lanes::show(ui, state, clip, &scale, &layout, lanes_height, commands);
        let track =
            Rect::from_min_max(pos2(scale.left, ruler_rect.top()), pos2(scale.right, lanes_rect.bottom()));
        ruler::paint(ui, state, clip, &scale, ruler_rect);
        ruler::outside_range(ui, state, clip, &scale, track);
        scrub(ui, state, clip, peek, &scale, track, commands);
        moments::show(ui, state, clip, &scale, track, commands);
        ruler::handles(ui, state, clip, &scale, ruler_rect, commands);
        playhead(ui, state, clip, &scale, track);
    });
}

/// Pressing or dragging anywhere on the track moves the playhead; resting there tells the time.
fn scrub(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    peek: &Peek,
    scale: &TimeScale,
    track: Rect,
    commands: &Commands,
) {
    let palette = theme::palette(ui);
    // A few points more, so that the first and the last frame are easy to hit.
    let response =
        ui.interact(track.expand2(vec2(GRID * 2.0, 0.0)), Id::unique("timeline"), Sense::click_and_drag());
    let frames = &clip.info.frames;
    let value = state.playback.playhead as f64;
    response.widget_info(|| WidgetInfo::slider(true, value, "Timeline"));
    let pressed = response.is_pointer_button_down_on() || response.clicked();
    if let (true, Some(at)) = (pressed, response.interact_pointer_pos()) {
        let frame = frames.at_seconds(scale.seconds_at(at.x)).min(clip.last_frame());
        if frame != state.playback.playhead {
            commands.push(Command::Seek(frame));
        }
    } else if let Some(at) = response.hover_pos() {
        let frame = frames.at_seconds(scale.seconds_at(at.x)).min(clip.last_frame());
        let x = scale.x_of(frames.seconds(frame));
        ui.painter().vline(x, track.y_range(), egui::Stroke::new(1.0, palette.weak));
        let words = format!("{} · frame {frame}", time::format(frames.seconds(frame)));
        ruler::flag(ui, x, track, &words);
        let frames_per_point = clip.info.frames.len() as f32 / track.width().max(1.0);
        peek.show(ui, x, track, frame, frames_per_point);
    }
}

fn playhead(ui: &Ui, state: &State, clip: &OpenClip, scale: &TimeScale, track: Rect) {
    let palette = theme::palette(ui);
    let x = scale.x_of(clip.info.frames.seconds(state.playback.playhead));
    let painter = ui.painter();
    let x = painter.round_to_pixel_center(x);
    painter.vline(x, track.y_range(), egui::Stroke::new(1.5, palette.playhead));
    let top = track.top() + 1.0;
    let head = vec![
        pos2(x - 6.0, top),
        pos2(x + 6.0, top),
        pos2(x + 6.0, top + 7.0),
        pos2(x, top + 13.0),
        pos2(x - 6.0, top + 7.0),
    ];
    painter.add(egui::Shape::convex_polygon(head, palette.playhead, egui::Stroke::NONE));
}
