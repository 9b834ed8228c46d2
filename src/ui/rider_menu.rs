//! What can be done with a rider: the menu of his card, of his lane and of himself in the picture.

use egui::{Button, Id, Key, Popup, PopupCloseBehavior, Response, TextEdit, Ui};
use egui_material_icons::{MaterialIcon, icons};

use super::command::{Command, Commands};
use super::lane::Lane;
use super::state::{OpenClip, State};
use super::{keys, widgets};
use crate::engine::TrackChange;
use crate::types::TrackId;

const MENU_WIDTH: f32 = 240.0;

/// Opens the menu of rider `id` where `response` is clicked with the other button.
pub fn attach(response: &Response, state: &State, id: TrackId, commands: &Commands) {
    let Some(clip) = &state.clip else { return };
    // Names are typed in the menu, so a click in it must not close it.
    Popup::context_menu(response).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(MENU_WIDTH);
        match clip.analysis.lane(id) {
            Some(lane) if clip.analysis.can_change() => menu(ui, state, clip, lane, commands),
            _ => {
                ui.label("Riders can be changed once the analysis is finished.");
            }
        }
    });
}

fn menu(ui: &mut Ui, state: &State, clip: &OpenClip, lane: &Lane, commands: &Commands) {
    let id = lane.id;
    let mut chosen = None;
    let mut item = |ui: &mut Ui, enabled: bool, icon: MaterialIcon, name: &str, change: TrackChange| {
        let command = Command::ChangeTracks(change);
        let hint = keys::hint(ui.ctx(), &command).unwrap_or_default();
        let button = Button::new((icon.rich_text().size(widgets::icon_size(ui)), name)).shortcut_text(hint);
        let width = ui.available_width();
        let button = button.frame_when_inactive(false).min_size(egui::vec2(width, 0.0));
        if ui.add_enabled(enabled, button).accessible_name(name).clicked() {
            chosen = Some(command);
        }
    };
    item(ui, !lane.is_main, icons::ICON_STAR, "Make him the main rider", TrackChange::Main(id));
    let here = state.playback.playhead;
    let can_split = lane.span().is_some_and(|(first, last)| first < here && here <= last);
    let split = TrackChange::Split(id, here);
    item(ui, can_split, icons::ICON_CONTENT_CUT, "Somebody else from this frame on", split);
    for other in clip.analysis.lanes().iter().filter(|other| other.id != id) {
        let name = format!("The same rider as {}", other.title());
        item(ui, true, icons::ICON_MERGE, &name, TrackChange::Merge(id, other.id));
    }
    let (icon, name) = if lane.is_hidden {
        (icons::ICON_VISIBILITY, "Show him again")
    } else {
        (icons::ICON_VISIBILITY_OFF, "Hide him")
    };
    item(ui, true, icon, name, TrackChange::Hide(id, !lane.is_hidden));
    item(ui, true, icons::ICON_DELETE, "Delete the track", TrackChange::Drop(id));
    ui.separator();
    let log = clip.analysis.edits();
    item(ui, log.is_some_and(|log| log.can_undo()), icons::ICON_UNDO, "Undo", TrackChange::Undo);
    item(ui, log.is_some_and(|log| log.can_redo()), icons::ICON_REDO, "Redo", TrackChange::Redo);
    ui.separator();
    if let Some(name) = name_field(ui, lane) {
        chosen = Some(Command::ChangeTracks(TrackChange::Rename(id, name)));
    }
    if let Some(command) = chosen {
        commands.push(command);
        ui.close();
    }
}

/// The field for the rider's name; gives it when it is confirmed.
fn name_field(ui: &mut Ui, lane: &Lane) -> Option<String> {
    let memory = Id::unique(("name of rider", lane.id.0, lane.name.as_deref()));
    let known = || lane.name.clone().unwrap_or_default();
    let mut name = ui.data(|data| data.get_temp::<String>(memory)).unwrap_or_else(known);
    let field = TextEdit::singleline(&mut name).hint_text("Name, then Enter").desired_width(f32::INFINITY);
    let response = ui.add(field).accessible_name("Name of the rider");
    let confirmed = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    ui.data_mut(|data| {
        if confirmed {
            data.remove::<String>(memory);
        } else {
            data.insert_temp(memory, name.clone());
        }
    });
    confirmed.then_some(name)
}
