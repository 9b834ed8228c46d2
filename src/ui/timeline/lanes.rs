//! One lane for each rider.

use egui::{Align2, Rect, RichText, ScrollArea, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons;

use super::Layout;
use super::scale::TimeScale;
use crate::ui::command::{Command, Commands};
use crate::ui::lane::Lane;
use crate::ui::state::{OpenClip, State};
use crate::ui::theme::{self, GRID};
use crate::ui::{provenance, rider_menu, widgets};

/// Draws the lanes; gives where they are.
pub fn show(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    scale: &TimeScale,
    layout: &Layout,
    height: f32,
    commands: &Commands,
) -> Rect {
    let top = ui.cursor().min;
    let rect = Rect::from_min_size(top, vec2(ui.available_width(), height));
    let lanes = clip.analysis.lanes();
    if lanes.is_empty() {
        ui.allocate_rect(rect, Sense::hover());
        empty(ui, state, scale, rect);
        return rect;
    }
    ScrollArea::vertical()
        .id_salt("lanes")
        .max_height(height)
        .auto_shrink(false)
        .scroll_source(
            egui::scroll_area::ScrollSource::MOUSE_WHEEL | egui::scroll_area::ScrollSource::SCROLL_BAR,
        )
        .show(ui, |ui| {
            ui.add_space(GRID);
            for lane in lanes {
                row(ui, state, clip, lane, scale, layout, commands);
            }
        });
    rect
}

fn empty(ui: &Ui, state: &State, scale: &TimeScale, rect: Rect) {
    let palette = theme::palette(ui);
    let words =
        if state.is_analyzing() { "Riders appear here as the clip is analysed" } else { "No riders yet" };
    let font = TextStyle::Small.resolve(ui.style());
    let at = pos2((scale.left + scale.right) * 0.5, rect.center().y + 1.0);
    ui.painter().text(at, Align2::CENTER_CENTER, words, font, palette.weak);
}

fn row(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    lane: &Lane,
    scale: &TimeScale,
    layout: &Layout,
    commands: &Commands,
) {
    let palette = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), layout.lane), Sense::hover());
    let name_rect = Rect::from_min_max(rect.min, pos2(scale.left - GRID * 2.0, rect.bottom()));
    let selected = state.view.selected == Some(lane.id);
    let response = ui.interact(name_rect, ui.scope_id().with(("lane", lane.id.0)), Sense::click());
    let name = lane.title();
    response
        .widget_info(|| WidgetInfo::selected(egui::Role::Button, true, selected, format!("Lane of {name}")));
    let painter = ui.painter();
    if selected || response.hovered() {
        let fill = if selected { palette.selected } else { palette.card };
        painter.rect_filled(name_rect.shrink2(vec2(0.0, 1.0)), 4, fill);
    }
    let middle = rect.center().y;
    painter.circle_filled(pos2(name_rect.left() + GRID * 2.5, middle), 4.5, theme::rider_color(lane.id));
    let font = TextStyle::Body.resolve(ui.style());
    let at = pos2(name_rect.left() + GRID * 5.0, middle);
    let drawn = painter.text(
        at,
        Align2::LEFT_CENTER,
        &name,
        font,
        if selected { palette.strong } else { palette.text },
    );
    if lane.is_main {
        let star = egui::FontId::new(widgets::icon_size(ui) * 0.75, icons::ICON_STAR.font_family());
        let at = pos2(drawn.right() + GRID, middle);
        painter.text(at, Align2::LEFT_CENTER, icons::ICON_STAR.codepoint, star, palette.warning);
    }
    let tip = if lane.is_main { "The main rider" } else { "Click to select, right-click to change" };
    let response = response.on_hover_text(RichText::new(tip));
    if response.clicked() {
        commands.push(Command::SelectRider(lane.id));
    }
    rider_menu::attach(&response, state, lane.id, commands);
    let track = Rect::from_min_max(pos2(scale.left, rect.top()), pos2(scale.right, rect.bottom()));
    paint_track(ui, clip, lane, scale, track.shrink2(vec2(0.0, 3.0)), selected);
}

fn paint_track(ui: &Ui, clip: &OpenClip, lane: &Lane, scale: &TimeScale, track: Rect, selected: bool) {
    let palette = theme::palette(ui);
    let painter = ui.painter();
    painter.rect_filled(track, 2, palette.sunken);
    let frames = &clip.info.frames;
    let end_s = |frame: u64| if frame < frames.len() { frames.seconds(frame) } else { scale.duration_s };
    for run in lane.runs(scale.frames_per_point(frames.len())) {
        let x = scale.x_of(frames.seconds(run.frames.start))..=scale.x_of(end_s(run.frames.end));
        provenance::paint(painter, Rect::from_x_y_ranges(x, track.y_range()), run.provenance, palette);
    }
    for &cut in clip.analysis.cuts() {
        let stroke = egui::Stroke::new(1.0, palette.strong);
        painter.vline(scale.x_of(frames.seconds(cut)), track.y_range(), stroke);
    }
    if selected {
        let stroke = egui::Stroke::new(1.0, palette.accent);
        painter.rect_stroke(track.expand(1.0), 2, stroke, egui::StrokeKind::Outside);
    }
}
