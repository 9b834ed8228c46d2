//! The user's own models: what is there, what is missing, and the next step for each.

use egui::{RichText, Ui};
use egui_material_icons::icons;

use crate::engine::{JobKind, ModelInfo};
use crate::ui::command::{Command, Commands, Pick};
use crate::ui::jobs::Job;
use crate::ui::state::State;
use crate::ui::theme::{self, GRID};
use crate::ui::{text, widgets};

/// Draws the section.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    widgets::section(ui, "Your own models");
    widgets::card(ui, false, |ui| {
        for model in state.models.iter().filter(|model| model.remedy.is_some()) {
            one(ui, model);
        }
        match state.jobs.list().iter().find(|job| job.is_running() && is_for_models(job)) {
            Some(job) => progress(ui, job, commands),
            None => offers(ui, commands),
        }
    });
}

fn is_for_models(job: &Job) -> bool {
    matches!(job.kind, JobKind::TakeIn(_) | JobKind::Fetch(_))
}

/// A model with its state, licence and size, and below it what to do where it is not there.
fn one(ui: &mut Ui, model: &ModelInfo) {
    let palette = theme::palette(ui);
    let (icon, color, words) = if model.present {
        let words = format!("{} · {}", text::bytes(model.bytes), model.licence);
        (icons::ICON_CHECK_CIRCLE, palette.success, words)
    } else {
        (icons::ICON_INFO, palette.weak, format!("not there · {}", model.licence))
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        ui.label(icon.rich_text().color(color));
        ui.label(RichText::new(&model.id).family(theme::semibold()).color(palette.strong))
            .on_hover_text(&model.title);
        ui.label(RichText::new(words).small().color(palette.text));
    });
    if let Some(remedy) = model.remedy.as_ref().filter(|_| !model.present) {
        ui.add(egui::Label::new(RichText::new(remedy).small().color(palette.weak)).wrap());
    }
    ui.add_space(GRID);
}

fn offers(ui: &mut Ui, commands: &Commands) {
    ui.horizontal_wrapped(|ui| {
        let import = widgets::text_button(ui, icons::ICON_FOLDER_OPEN, "Import a file…");
        let tip =
            "An .onnx network with its weights beside it, or the SMPL body as .npz or .pkl; it is copied";
        if import.on_hover_text(tip).clicked() {
            commands.push(Command::Browse(Pick::Model));
        }
        let fetch = widgets::text_button(ui, icons::ICON_DOWNLOAD, "Fetch HMR2…");
        if fetch.on_hover_text("Shows the licence first; nothing is fetched before you accept it").clicked() {
            commands.push(Command::ShowLicence("hmr2".to_owned()));
        }
    });
}

fn progress(ui: &mut Ui, job: &Job, commands: &Commands) {
    let palette = theme::palette(ui);
    let title = job.kind.title();
    widgets::progress(ui, job.progress.fraction(), ui.available_width(), &title);
    egui::Sides::new().shrink_left().truncate().show(
        ui,
        |ui| {
            let stage = if job.progress.stage.is_empty() { title.as_str() } else { &job.progress.stage };
            ui.label(RichText::new(stage).small().color(palette.weak))
        },
        |ui| {
            if widgets::icon_button(ui, icons::ICON_CLOSE, "Cancel", None).clicked() {
                commands.push(Command::Cancel(job.id));
            }
        },
    );
}
