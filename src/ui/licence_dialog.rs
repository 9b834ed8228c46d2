//! The licence of a model, to be accepted before anything is fetched.

use egui::{RichText, ScrollArea};
use egui_material_icons::icons;

use super::command::{Command, Commands};
use super::theme::{self, GRID};
use super::{dialog, widgets};
use crate::engine::Offer;

/// What is offered and its licence.
#[derive(Clone, Debug)]
pub struct Licence {
    /// What would be fetched.
    pub offer: Offer,
    /// The licence's text.
    pub text: String,
}

/// Shows the dialog.
pub fn show(ctx: &egui::Context, licence: &Licence, commands: &Commands) {
    let offer = &licence.offer;
    dialog::show(ctx, &offer.title, 620.0, commands, |ui, commands| {
        let palette = theme::palette(ui);
        let most = (ui.ctx().content_rect().height() - GRID * 50.0).max(GRID * 30.0);
        ScrollArea::vertical().max_height(most).show(ui, |ui| {
            ui.add(egui::Label::new(RichText::new(&licence.text).small().color(palette.text)).wrap());
        });
        ui.add_space(GRID * 2.0);
        if let Some(url) = offer.urls.first() {
            let words = format!("{} comes from {url}. Nothing is sent but the request for it.", offer.file);
            ui.add(egui::Label::new(RichText::new(words).small().color(palette.weak)).wrap());
        }
        ui.add_space(GRID * 2.0);
        ui.horizontal(|ui| {
            if widgets::primary_button(ui, icons::ICON_DOWNLOAD, "Accept and fetch").clicked() {
                commands.push(Command::FetchModel(offer.id.clone()));
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::CloseDialog);
            }
        });
    });
}
