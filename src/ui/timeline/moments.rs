//! The key moments over the ruler: to go to, to name, to move, to take away.

use egui::{
    CursorIcon, Id, Key, Popup, PopupCloseBehavior, Rect, Sense, Stroke, TextEdit, Ui, WidgetInfo, pos2, vec2,
};
use egui_material_icons::icons;

use super::ruler;
use super::scale::TimeScale;
use crate::types::moments::KeyMoment;
use crate::ui::command::{Command, Commands};
use crate::ui::state::{OpenClip, State};
use crate::ui::theme;
use crate::ui::{time, widgets};

/// Half the width of a mark, points.
const HALF: f32 = 5.0;

const MENU_WIDTH: f32 = 240.0;

/// Draws the marks and takes what is done with them.
pub fn show(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    scale: &TimeScale,
    track: Rect,
    commands: &Commands,
) {
    for moment in &clip.notes.moments {
        mark(ui, state, clip, moment, scale, track, commands);
    }
}

fn mark(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    moment: &KeyMoment,
    scale: &TimeScale,
    track: Rect,
    commands: &Commands,
) {
    let palette = theme::palette(ui);
    let frames = &clip.info.frames;
    let x = scale.x_of(frames.seconds(moment.frame));
    let middle = pos2(x, track.top() + HALF + 1.0);
    let place = Rect::from_center_size(middle, vec2(HALF * 2.0 + 4.0, HALF * 2.0 + 4.0));
    let response = ui.interact(place, Id::unique(("key moment", moment.frame)), Sense::click_and_drag());
    let title = if moment.name.is_empty() { "Key moment" } else { &moment.name };
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Button, true, format!("{title}, frame {}", moment.frame))
    });
    let here = state.playback.playhead == moment.frame;
    let color =
        if here || response.hovered() || response.dragged() { palette.strong } else { palette.warning };
    let painter = ui.painter();
    let x = painter.round_to_pixel_center(x);
    painter.vline(x, middle.y + HALF..=track.bottom(), Stroke::new(1.0, color.gamma_multiply(0.6)));
    let corners = [vec2(0.0, -HALF), vec2(HALF, 0.0), vec2(0.0, HALF), vec2(-HALF, 0.0)];
    let diamond = corners.map(|corner| pos2(x, middle.y) + corner).to_vec();
    painter.add(egui::Shape::convex_polygon(diamond, color, Stroke::new(1.0, palette.panel)));
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    if response.hovered() && !response.dragged() {
        ruler::flag(ui, x, track, &format!("{title} · {}", time::format(frames.seconds(moment.frame))));
    }
    if let (true, Some(at)) = (response.dragged(), response.interact_pointer_pos()) {
        let frame = frames.at_seconds(scale.seconds_at(at.x)).min(clip.last_frame());
        ruler::flag(ui, scale.x_of(frames.seconds(frame)), track, &format!("{title} · frame {frame}"));
    }
    if let (true, Some(at)) = (response.drag_stopped(), response.interact_pointer_pos()) {
        let to = frames.at_seconds(scale.seconds_at(at.x)).min(clip.last_frame());
        if to != moment.frame {
            commands.push(Command::MoveMoment { from: moment.frame, to });
        }
    }
    if response.clicked() {
        commands.push(Command::Seek(moment.frame));
    }
    Popup::context_menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(MENU_WIDTH);
        if let Some(name) = name_field(ui, moment) {
            commands.push(Command::NameMoment { frame: moment.frame, name });
            ui.close();
        }
        let delete = icons::ICON_DELETE.rich_text().size(widgets::icon_size(ui));
        let button = egui::Button::new((delete, "Delete the moment")).frame_when_inactive(false);
        if ui.add(button).accessible_name("Delete the moment").clicked() {
            commands.push(Command::RemoveMoment(moment.frame));
            ui.close();
        }
    });
}

/// The field for the moment's name; gives it when it is confirmed.
fn name_field(ui: &mut Ui, moment: &KeyMoment) -> Option<String> {
    let memory = Id::unique(("name of moment", moment.frame, &moment.name));
    let mut name = ui.data(|data| data.get_temp::<String>(memory)).unwrap_or_else(|| moment.name.clone());
    let field = TextEdit::singleline(&mut name).hint_text("Name, then Enter").desired_width(f32::INFINITY);
    let response = ui.add(field).accessible_name("Name of the moment");
    let confirmed = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    ui.data_mut(|data| {
        if confirmed {
            data.remove::<String>(memory);
        } else {
            data.insert_temp(memory, name.clone());
        }
    });
    confirmed.then(|| name.trim().to_owned())
}
