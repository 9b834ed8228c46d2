//! The ways to a clip: the system's dialog, clips opened lately, a path to type.

use std::path::{Path, PathBuf};

use egui::{Button, Id, Key, Popup, RichText, TextEdit, Ui, Widget};
use egui_material_icons::icons;

use super::command::{Command, Commands, Pick};
use super::state::State;
use super::theme::{self, GRID};
use super::{dialog, text, widgets};

const MENU_WIDTH: f32 = 340.0;

/// The open button and the menu beside it.
pub fn button(ui: &mut Ui, state: &State, commands: &Commands) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        let browse = Command::Browse(Pick::Clip);
        let response = widgets::text_button(ui, icons::ICON_FOLDER_OPEN, "Open");
        if widgets::explain(response, "Open", Some(&browse), "Or drop a clip onto the window").clicked() {
            commands.push(browse);
        }
        let arrow = icons::ICON_ARROW_DROP_DOWN.rich_text().size(widgets::icon_size(ui));
        ui.spacing_mut().button_padding.x = 0.0;
        let more = widgets::explain(Button::new(arrow).ui(ui), "Recent clips and paths", None, "");
        Popup::menu(&more)
            .width(MENU_WIDTH)
            .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
            .show(|ui| menu(ui, state, commands));
    });
}

fn menu(ui: &mut Ui, state: &State, commands: &Commands) {
    ui.set_width(MENU_WIDTH);
    let mut chosen = None;
    let browse = Command::Browse(Pick::Clip);
    let hint = super::keys::hint(ui.ctx(), &browse).unwrap_or_default();
    let icon =
        |ui: &Ui, icon: egui_material_icons::MaterialIcon| icon.rich_text().size(widgets::icon_size(ui));
    let item = Button::new((icon(ui, icons::ICON_FOLDER_OPEN), "Browse…")).shortcut_text(hint);
    if ui.add(item.frame_when_inactive(false)).accessible_name("Browse…").clicked() {
        chosen = Some(browse);
    }
    if state.demo.is_some() {
        let item = Button::new((icon(ui, icons::ICON_SNOWBOARDING), "Play the demo"));
        if ui.add(item.frame_when_inactive(false)).accessible_name("Play the demo").clicked() {
            chosen = Some(Command::OpenDemo);
        }
    }
    if let Some(path) = path_field(ui, "menu") {
        chosen = Some(Command::Open(path));
    }
    if !state.settings.recent.is_empty() {
        ui.separator();
        ui.small("Recent");
        for path in &state.settings.recent {
            if recent_item(ui, path, MENU_WIDTH).clicked() {
                chosen = Some(Command::Open(path.clone()));
            }
        }
    }
    if let Some(command) = chosen {
        commands.push(command);
        ui.close();
    }
}

/// The dialog for a path, where the system shows none of its own.
pub fn path_dialog(ctx: &egui::Context, commands: &Commands, open: fn(PathBuf) -> Command) {
    dialog::show(ctx, "Open a clip", 480.0, commands, |ui, commands| {
        ui.label("This system shows no file dialog. Type the path of the clip, or drop it onto the window.");
        let (id, pass) = (path_id("dialog"), ui.ctx().cumulative_pass_nr());
        let seen =
            ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or_default::<u64>(id.with("seen")), pass));
        // It has just come up, and there is nothing to do but to type.
        if seen + 1 < pass {
            ui.memory_mut(|memory| memory.request_focus(id.with("field")));
        }
        if let Some(path) = path_field(ui, "dialog") {
            commands.push(open(path));
        }
    });
}

/// A field for a path; gives it when it is confirmed.
pub fn path_field(ui: &mut Ui, salt: &str) -> Option<PathBuf> {
    let id = path_id(salt);
    let mut path = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_default();
    let mut confirmed = false;
    ui.horizontal(|ui| {
        let side = ui.spacing().interact_size.y + GRID;
        let field = TextEdit::singleline(&mut path)
            .id(id.with("field"))
            .hint_text("or type a path…")
            .align(egui::Align2::LEFT_CENTER)
            .min_size(egui::vec2(0.0, side))
            .desired_width(ui.available_width() - side - ui.spacing().item_spacing.x);
        let response = field.ui(ui).accessible_name("Path of a clip");
        confirmed = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let go = ui.add_enabled_ui(!path.trim().is_empty(), |ui| {
            widgets::icon_button(ui, icons::ICON_ARROW_FORWARD, "Open this path", None)
        });
        confirmed |= go.inner.clicked();
    });
    let path = path.trim_start().to_owned();
    let result = (confirmed && !path.trim_end().is_empty()).then(|| PathBuf::from(path.trim_end()));
    let kept = if result.is_some() { String::new() } else { path };
    ui.data_mut(|data| data.insert_temp(id, kept));
    result
}

fn path_id(salt: &str) -> Id {
    Id::unique("clip path").with(salt)
}

/// A clip opened lately: its name, and its folder in small.
pub fn recent_item(ui: &mut Ui, path: &Path, width: f32) -> egui::Response {
    let palette = theme::palette(ui);
    let name = text::file_name(path);
    let folder = path.parent().map(|p| p.display().to_string()).unwrap_or_default();
    let inner = width - GRID * 10.0 - widgets::icon_size(ui);
    let fit = |ui: &Ui, full: &str, font: egui::FontId| {
        let painter = ui.painter();
        text::elide_middle(full, inner, |t| {
            painter.layout_no_wrap(t.to_owned(), font.clone(), palette.text).size().x
        })
    };
    let body = egui::TextStyle::Body.resolve(ui.style());
    let small = egui::TextStyle::Small.resolve(ui.style());
    let mut words = egui::text::LayoutJob::default();
    let name_line = fit(ui, &name, body.clone());
    words.append(&name_line, 0.0, egui::TextFormat::simple(body, palette.text));
    if !folder.is_empty() {
        let folder_line = format!("\n{}", fit(ui, &folder, small.clone()));
        words.append(&folder_line, 0.0, egui::TextFormat::simple(small, palette.weak));
    }
    let icon = RichText::new(icons::ICON_MOVIE.codepoint)
        .family(icons::ICON_MOVIE.font_family())
        .size(widgets::icon_size(ui))
        .color(palette.weak);
    let button = Button::new((icon, words)).frame_when_inactive(false).min_size(egui::vec2(width, 0.0));
    ui.add(button).accessible_name(name).on_hover_text(path.display().to_string())
}
