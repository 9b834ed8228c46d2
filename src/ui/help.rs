//! The list of keys.

use egui::{RichText, Ui};

use super::command::Commands;
use super::keys::{self, GROUPS, Group};
use super::theme::{self, GRID};
use super::{dialog, widgets};

/// Shows the list.
pub fn show(ctx: &egui::Context, commands: &Commands) {
    dialog::show(ctx, "Keyboard shortcuts", 680.0, commands, |ui, _| {
        let most = ui.ctx().content_rect().height() - GRID * 26.0;
        egui::ScrollArea::vertical().max_height(most.max(GRID * 30.0)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = GRID * 8.0;
            ui.columns_const(|columns: &mut [Ui; 2]| {
                let mut half = GROUPS.len().div_ceil(2);
                for group in GROUPS {
                    let column = usize::from(half == 0);
                    half = half.saturating_sub(1);
                    show_group(&mut columns[column], group);
                }
            });
        });
    });
}

fn show_group(ui: &mut Ui, group: &Group) {
    let palette = theme::palette(ui);
    widgets::section(ui, group.title);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(GRID, GRID);
        for shortcut in group.shortcuts {
            egui::Sides::new()
                .height(egui::TextStyle::Body.resolve(ui.style()).size * 1.4)
                .shrink_left()
                .truncate()
                .show(
                    ui,
                    |ui| ui.label(RichText::new(shortcut.text).color(palette.text)),
                    |ui| {
                        for key in shortcut.keys.iter().rev() {
                            widgets::key_cap(ui, &keys::name(ui.ctx(), key));
                        }
                    },
                );
        }
    });
    ui.add_space(GRID * 2.0);
}
