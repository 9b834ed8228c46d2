//! The frame of every dialog: a title, a way out, and what it holds.

use egui::{Context, Id, Modal, RichText, Ui};
use egui_material_icons::icons;

use super::command::{Command, Commands};
use super::theme::{self, GRID};
use super::widgets;

/// Shows a dialog over the window; Escape and a click beside it close it.
pub fn show(
    ctx: &Context,
    title: &str,
    width: f32,
    commands: &Commands,
    contents: impl FnOnce(&mut Ui, &Commands),
) {
    let style = ctx.global_style();
    let dark = style.visuals.dark_mode;
    let palette = if dark { &theme::DARK } else { &theme::LIGHT };
    let frame =
        egui::Frame::popup(&style).fill(palette.bar).corner_radius(10).inner_margin(egui::Margin::same(20));
    // Egui's own size for what floats is too low for a long dialog.
    let area = Modal::default_area(Id::unique(title)).default_size(ctx.content_rect().size());
    let modal = Modal::new(Id::unique(title))
        .area(area)
        .backdrop_color(egui::Color32::from_black_alpha(if dark { 150 } else { 90 }))
        .frame(frame);
    let response = modal.show(ctx, |ui| {
        ui.set_width(width.min(ctx.content_rect().width() - GRID * 16.0));
        egui::Sides::new().show(
            ui,
            |ui| {
                let size = egui::TextStyle::Heading.resolve(ui.style()).size * 1.2;
                ui.label(RichText::new(title).heading().size(size).color(palette.strong))
            },
            |ui| {
                if widgets::icon_button(ui, icons::ICON_CLOSE, "Close", Some(&Command::CloseDialog)).clicked()
                {
                    commands.push(Command::CloseDialog);
                }
            },
        );
        ui.add_space(GRID);
        contents(ui, commands);
    });
    if response.should_close() {
        commands.push(Command::CloseDialog);
    }
}
