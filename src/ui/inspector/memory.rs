//! Memory: what is in use against what may be, how the next analysis fits, and what the user allows.

use egui::{ComboBox, RichText, Ui};
use egui_material_icons::icons;

use crate::engine::ModelFootprint;
use crate::settings::MemorySettings;
use crate::types::{ByteSize, MemoryMode};
use crate::ui::command::{Command, Commands};
use crate::ui::planning::NextPlan;
use crate::ui::state::State;
use crate::ui::theme::{self, GRID};
use crate::ui::widgets;

const MODES: [(MemoryMode, &str, &str); 4] = [
    (MemoryMode::Automatic, "Automatic", "The fastest of the others that fits"),
    (MemoryMode::AllAtOnce, "All at once", "Both models for the whole run"),
    (MemoryMode::OneAtATime, "One at a time", "The detector for the whole clip, then the recoverer"),
    (MemoryMode::OnDemand, "On demand", "The detector only while frames need it"),
];

/// Draws the section.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    widgets::section(ui, "Memory");
    meter(ui, state);
    wishes(ui, state, commands);
    plan(ui, state);
}

/// In use, planned and allowed as one bar.
fn meter(ui: &mut Ui, state: &State) {
    let palette = theme::palette(ui);
    let memory = &state.memory;
    let (used, peak) = (memory.resident + memory.workers, memory.peak_resident + memory.workers_peak);
    let share = |bytes: u64| {
        if memory.limit == 0 { 0.0 } else { (bytes as f64 / memory.limit as f64).clamp(0.0, 1.0) as f32 }
    };
    widgets::card(ui, false, |ui| {
        widgets::row(ui, "In use", |ui| {
            let words = amount(used);
            ui.label(RichText::new(words).family(theme::semibold()).color(palette.strong));
        });
        let size = egui::vec2(ui.available_width(), GRID * 2.0);
        let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
        let painter = ui.painter();
        painter.rect_filled(rect, 3, palette.sunken);
        let color = if share(used) > 0.85 { palette.warning } else { palette.accent };
        let part = |from: u64, to: u64, color| {
            let x = |bytes| rect.left() + rect.width() * share(bytes);
            painter.rect_filled(rect.with_min_x(x(from)).with_max_x(x(to)), 3, color);
        };
        part(0, memory.resident + memory.planned, palette.line);
        part(0, used, color.gamma_multiply(0.6));
        part(0, memory.resident, color);
        let peak_x = rect.left() + rect.width() * share(peak);
        painter.vline(peak_x, rect.y_range(), egui::Stroke::new(2.0, palette.strong));
        response.on_hover_text(
            "Filled: in use now, the window first, then the analysis. Pale: planned for the analysis. Mark: the most so far. \
             Full: what this machine gives.",
        );
        if memory.workers > 0 {
            widgets::row(ui, "Window", |ui| ui.label(amount(memory.resident)));
            widgets::row(ui, "Analysis", |ui| ui.label(amount(memory.workers)));
            widgets::row(ui, "Planned for it", |ui| ui.label(amount(memory.planned)));
        }
        widgets::row(ui, "At most so far", |ui| ui.label(amount(peak)));
        let (limit, whose) = limit(state);
        widgets::row(ui, "Limit", |ui| ui.label(amount(limit))).on_hover_text(whose);
        for model in &state.footprints {
            one_model(ui, model);
        }
    });
}

/// What binds an analysis, and where that comes from.
fn limit(state: &State) -> (u64, String) {
    match &state.next_plan {
        Some(NextPlan::Fits(plan)) => {
            let (binds, reserve) = (plan.budget.words(), ByteSize(plan.budget.reserve));
            (plan.budget.limit, format!("{binds}; {reserve} of it stay free"))
        }
        _ => (state.memory.limit, "What this machine gives".to_owned()),
    }
}

/// Bytes in the units in which limits are typed and plans are told.
fn amount(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}

fn one_model(ui: &mut Ui, model: &ModelFootprint) {
    let own = &model.footprint;
    let least = if own.mappable { model.mapped } else { model.copied };
    let how = if own.measured { "measured on this machine" } else { "estimated from its files" };
    let mut tip = format!(
        "{how}: weights {}, session {}, {} for each picture or person",
        ByteSize(own.weights),
        ByteSize(own.session),
        ByteSize(own.activations)
    );
    if own.mappable {
        tip.push_str(&format!("; {} with its weights copied, for full speed", ByteSize(model.copied)));
    }
    let words = if own.measured { amount(least) } else { format!("about {}", amount(least)) };
    widgets::row(ui, &model.id, |ui| ui.label(words)).on_hover_text(tip);
}

/// Limit, mode and process.
fn wishes(ui: &mut Ui, state: &State, commands: &Commands) {
    let mut memory = state.settings.memory;
    widgets::card(ui, false, |ui| {
        limit_row(ui, &mut memory, commands);
        widgets::row(ui, "Models in memory", |ui| {
            let name = |mode| MODES.iter().find(|(known, ..)| *known == mode).map_or("", |(_, name, _)| name);
            let response = ComboBox::from_id_salt("memory mode")
                .selected_text(name(memory.mode))
                .show_ui(ui, |ui| {
                    for (mode, name, tip) in MODES {
                        ui.selectable_value(&mut memory.mode, mode, name).on_hover_text(tip);
                    }
                })
                .response;
            widgets::explain(response, "Models in memory", None, "");
        });
        widgets::checkbox(ui, &mut memory.worker, "Analyse and export in own processes").on_hover_text(
            "If the system ends the analysis for its memory, or a library or an encoder crashes, the window stays; an \
             analysis can go on from what was done",
        );
    });
    if memory != state.settings.memory {
        commands.push(Command::SetMemory(memory));
    }
}

/// The user's limit, typed.
fn limit_row(ui: &mut Ui, memory: &mut MemorySettings, commands: &Commands) {
    widgets::row(ui, "Allow an analysis", |ui| {
        let shown = memory.limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
        let id = egui::Id::unique("memory limit");
        let Some(typed) = widgets::value_field(ui, id, &shown, GRID * 24.0, "Memory limit") else { return };
        match typed.trim() {
            "" | "no limit" => memory.limit = None,
            typed => match typed.parse() {
                Ok(limit) => memory.limit = Some(limit),
                Err(error) => commands.push(Command::RefuseLimit(error)),
            },
        }
    });
}

/// How the next analysis would run.
fn plan(ui: &mut Ui, state: &State) {
    let palette = theme::palette(ui);
    let Some(next) = &state.next_plan else { return };
    widgets::card(ui, false, |ui| match next {
        NextPlan::Asked => {
            ui.label(RichText::new("Planning…").small().color(palette.weak));
        }
        NextPlan::Fits(plan) => {
            ui.horizontal_wrapped(|ui| {
                ui.label(icons::ICON_CHECK_CIRCLE.rich_text().color(palette.success));
                let headline = format!("Next analysis: {}", plan.headline());
                ui.label(RichText::new(headline).small().color(palette.text));
            })
            .response
            .on_hover_text(plan.lines().join("\n"));
        }
        NextPlan::Fails(why) => {
            ui.label(RichText::new(why).small().color(palette.error));
        }
    });
}
