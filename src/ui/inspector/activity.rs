//! Every job: how far it is, and when it failed, why and what next.

use egui::{RichText, Ui};
use egui_material_icons::icons;

use crate::engine::JobKind;
use crate::ui::command::{Command, Commands};
use crate::ui::comparing::CompareChange;
use crate::ui::jobs::{Job, JobState};
use crate::ui::state::State;
use crate::ui::theme::{self, GRID};
use crate::ui::{time, widgets};

/// Warnings of one job shown at once.
const WARNINGS_SHOWN: usize = 3;

/// Draws the page.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    let jobs = state.jobs.list();
    if jobs.is_empty() {
        super::empty(
            ui,
            icons::ICON_SCHEDULE,
            "Nothing has run yet",
            "Analyses and exports are listed here.",
        );
        return;
    }
    for job in jobs.iter().rev() {
        ui.push_id(job.id.0, |ui| one(ui, job, commands));
    }
    if jobs.iter().any(|job| !job.is_running()) {
        ui.vertical_centered(|ui| {
            if ui.button("Clear finished").clicked() {
                commands.push(Command::ClearEndedJobs);
            }
        });
    }
}

fn one(ui: &mut Ui, job: &Job, commands: &Commands) {
    let palette = theme::palette(ui);
    widgets::card(ui, false, |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        egui::Sides::new().shrink_left().height(ui.spacing().interact_size.y).show(
            ui,
            |ui| {
                let (icon, color) = match &job.state {
                    JobState::Running => (kind_icon(&job.kind), palette.accent),
                    JobState::Stopping | JobState::Cancelled => (icons::ICON_CANCEL, palette.weak),
                    JobState::Done(_) => (icons::ICON_CHECK_CIRCLE, palette.success),
                    JobState::Failed { .. } => (icons::ICON_ERROR, palette.error),
                };
                ui.label(icon.rich_text().size(widgets::icon_size(ui)).color(color));
                let title = job.kind.title();
                let font =
                    egui::FontId::new(egui::TextStyle::Body.resolve(ui.style()).size, theme::semibold());
                widgets::elided(ui, &title, &font, palette.strong, ui.available_width());
            },
            |ui| {
                let (icon, name, command) = match &job.state {
                    JobState::Running => (icons::ICON_CLOSE, "Cancel this job", Command::Cancel(job.id)),
                    JobState::Failed { why, .. } => {
                        (icons::ICON_CONTENT_COPY, "Copy the message", Command::Copy(why.clone()))
                    }
                    _ => return,
                };
                if widgets::icon_button(ui, icon, name, None).clicked() {
                    commands.push(command);
                }
            },
        );
        body(ui, job, commands);
        if let Some(plan) = job.plan.as_ref().filter(|_| job.is_running()) {
            let words = RichText::new(plan.headline()).small().color(palette.weak);
            ui.add(egui::Label::new(words).wrap()).on_hover_text(plan.lines().join("\n"));
        }
        warnings(ui, job);
    });
}

fn kind_icon(kind: &JobKind) -> egui_material_icons::MaterialIcon {
    match kind {
        JobKind::TakeIn(_) | JobKind::Open(_) => icons::ICON_FOLDER_OPEN,
        JobKind::Fetch(_) => icons::ICON_DOWNLOAD,
        JobKind::Proxy(_) => icons::ICON_SPEED,
        JobKind::Analyze(_) => icons::ICON_SNOWBOARDING,
        JobKind::Compare(_) => icons::ICON_DIFFERENCE,
        JobKind::Export { .. } => icons::ICON_IOS_SHARE,
    }
}

fn body(ui: &mut Ui, job: &Job, commands: &Commands) {
    let palette = theme::palette(ui);
    let small = |words: &str, color| RichText::new(words).small().color(color);
    match &job.state {
        JobState::Running => {
            let progress = &job.progress;
            widgets::progress(ui, progress.fraction(), ui.available_width(), &job.kind.title());
            let mut facts = Vec::new();
            // What is copied or fetched is counted in bytes, and its stage tells them.
            if progress.total > 0 && !matches!(job.kind, JobKind::TakeIn(_) | JobKind::Fetch(_)) {
                facts.push(format!("{} of {} frames", progress.done, progress.total));
            }
            if progress.fps > 0.0 {
                facts.push(format!("{:.1} fps", progress.fps));
            }
            egui::Sides::new().height(GRID * 4.0).shrink_left().truncate().show(
                ui,
                |ui| {
                    let stage = if progress.stage.is_empty() { "starting" } else { &progress.stage };
                    let words = if facts.is_empty() { stage.to_owned() } else { facts.join(" · ") };
                    ui.label(small(&words, palette.weak)).on_hover_text(stage);
                },
                |ui| {
                    if let Some(eta_s) = progress.eta_s {
                        ui.label(small(&format!("{} left", time::words(eta_s)), palette.text));
                    }
                },
            );
        }
        JobState::Stopping => {
            ui.label(small("Stopping; what was done is kept", palette.weak));
        }
        JobState::Cancelled => {
            ui.label(small("Cancelled; what was done is kept", palette.weak));
            again(ui, job, "Continue", false, commands);
        }
        JobState::Done(summary) => {
            ui.label(small(summary, palette.weak));
        }
        JobState::Failed { why, restart_helps, lighter, on_device } => {
            ui.label(small(why, palette.error));
            if let Some(rung) = lighter {
                let name = format!("Continue: {}", rung.name());
                if widgets::primary_button(ui, icons::ICON_MEMORY, &name).clicked() {
                    commands.push(Command::AnalyzeLighter(*rung));
                }
            }
            if *on_device && ui.button("Use the processor instead").clicked() {
                commands.push(Command::AnalyzeOnProcessor);
            }
            again(ui, job, if *restart_helps { "Re-analyse" } else { "Try again" }, *restart_helps, commands);
        }
    }
}

/// Offers to take an ended job up again.
fn again(ui: &mut Ui, job: &Job, name: &str, restart: bool, commands: &Commands) {
    let command = match &job.kind {
        JobKind::Open(path) => Command::Open(path.clone()),
        JobKind::Analyze(_) => Command::Analyze { restart },
        JobKind::Compare(_) => Command::Compare(CompareChange::Start { again: false }),
        JobKind::Export { .. } => Command::ShowExport,
        JobKind::TakeIn(file) => Command::ImportModel(file.clone()),
        JobKind::Fetch(id) => Command::ShowLicence(id.clone()),
        // It is tried again by the switch.
        JobKind::Proxy(_) => return,
    };
    if ui.button(name).clicked() {
        commands.push(command);
    }
}

fn warnings(ui: &mut Ui, job: &Job) {
    let palette = theme::palette(ui);
    for warning in job.warnings.iter().take(WARNINGS_SHOWN) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = GRID;
            ui.label(icons::ICON_WARNING.rich_text().small().color(palette.warning));
            ui.add(egui::Label::new(RichText::new(warning).small().color(palette.text)).wrap());
        });
    }
    if job.warnings.len() > WARNINGS_SHOWN {
        let more = format!("and {} more warnings", job.warnings.len() - WARNINGS_SHOWN);
        ui.label(RichText::new(more).small().color(palette.weak)).on_hover_text(job.warnings.join("\n"));
    }
}
