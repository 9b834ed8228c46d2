//! What is drawn over the picture.

use egui::{RichText, Slider, Ui};

use crate::ui::command::{Command, Commands};
use crate::ui::picture::is_shown;
use crate::ui::state::State;
use crate::ui::theme::{self, GRID};
use crate::ui::{viewport, widgets};

/// Draws the page.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    widgets::section(ui, "Shown over the picture");
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (layer, icon, name) in viewport::LAYERS {
            let command = Command::ToggleLayer(layer);
            if widgets::switch_row(ui, icon, name, &command, is_shown(&state.settings.overlay, layer)) {
                commands.push(command);
            }
        }
    });
    widgets::section(ui, "Mesh opacity");
    let mut percent = state.settings.overlay.opacity * 100.0;
    ui.spacing_mut().slider_width = ui.available_width() - 64.0;
    let slider = Slider::new(&mut percent, 0.0..=100.0).suffix(" %").max_decimals(0);
    if widgets::slider(ui, slider).accessible_name("Mesh opacity").changed() {
        commands.push(Command::SetOpacity(percent / 100.0));
    }
    ui.add_space(GRID);
    let palette = theme::palette(ui);
    let note = "A body that was not detected in a frame but interpolated or predicted is drawn hatched.";
    ui.label(RichText::new(note).small().color(palette.weak));
}
