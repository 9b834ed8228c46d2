//! The window's own looks.

use egui::{Button, Ui};
use egui_material_icons::icons;

use crate::settings::Theme;
use crate::ui::command::{Command, Commands};
use crate::ui::state::State;
use crate::ui::theme::TEXT_SCALES;
use crate::ui::widgets;

/// Draws the section.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    widgets::section(ui, "Window");
    widgets::card(ui, false, |ui| {
        widgets::row(ui, "Theme", |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let choices = [
                (Theme::Light, icons::ICON_LIGHT_MODE, "Light"),
                (Theme::Dark, icons::ICON_DARK_MODE, "Dark"),
            ];
            for (theme, icon, name) in choices {
                let chosen = state.settings.theme == theme;
                if ui.add(Button::selectable(chosen, (icon, name))).accessible_name(name).clicked() {
                    commands.push(Command::SetTheme(theme));
                }
            }
        });
        widgets::row(ui, "Text", |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for (name, scale) in TEXT_SCALES.into_iter().rev() {
                let chosen = (state.settings.text_scale - scale).abs() < 1e-3;
                if ui.add(Button::selectable(chosen, name)).clicked() {
                    commands.push(Command::SetTextScale(scale));
                }
            }
        });
    });
}
