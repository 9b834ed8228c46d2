//! The page of a comparison: which detectors, from which score on, and what is said of them.

use egui::{Grid, RichText, Slider, Ui};
use egui_material_icons::icons;

use crate::engine::compare::{DetectorFigures, MAX_DETECTORS};
use crate::engine::{ModelInfo, Role};
use crate::ui::command::{Command, Commands, Pick};
use crate::ui::comparing::{CompareChange, Comparing, Shown, THRESHOLDS};
use crate::ui::state::State;
use crate::ui::theme::{self, GRID};
use crate::ui::{compare_view, text, time, widgets};

/// Draws the page.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    let Some(comparing) = &state.comparing else { return };
    choose(ui, state, comparing, commands);
    run(ui, state, comparing, commands);
    if let Some(shown) = &comparing.shown {
        thresholds(ui, shown, commands);
        figures(ui, shown);
    }
    truth(ui, comparing, commands);
    legend(ui);
}

fn choose(ui: &mut Ui, state: &State, comparing: &Comparing, commands: &Commands) {
    widgets::section(ui, "Detectors");
    let known: Vec<&ModelInfo> = state.models.iter().filter(|model| model.role == Role::Detector).collect();
    widgets::card(ui, false, |ui| {
        for model in known {
            let mut on = comparing.chosen.contains(&model.id);
            let full = comparing.chosen.len() >= MAX_DETECTORS && !on;
            let enabled = model.present && !full && comparing.job.is_none() && !comparing.looking;
            let response = ui.add_enabled_ui(enabled, |ui| widgets::checkbox(ui, &mut on, &model.id)).inner;
            let why = if full { "Four are compared at most" } else { "Its file is missing" };
            let response = response.on_hover_text(&model.title).on_disabled_hover_text(why);
            if response.changed() {
                commands.push(Command::Compare(CompareChange::Choose(model.id.clone(), on)));
            }
        }
    });
}

fn run(ui: &mut Ui, state: &State, comparing: &Comparing, commands: &Commands) {
    let palette = theme::palette(ui);
    if let Some(id) = comparing.job {
        let job = state.jobs.list().iter().find(|job| job.id == id);
        let progress = job.map(|job| job.progress.clone()).unwrap_or_default();
        ui.horizontal(|ui| {
            let width = ui.available_width() - ui.spacing().interact_size.y - GRID * 4.0;
            ui.vertical(|ui| {
                ui.set_width(width);
                let stage = if progress.stage.is_empty() { "starting" } else { &progress.stage };
                let left =
                    progress.eta_s.map(|eta_s| format!(" · {} left", time::words(eta_s))).unwrap_or_default();
                ui.label(RichText::new(format!("{stage}{left}")).small().color(palette.weak));
                widgets::progress(ui, progress.fraction(), width, "Comparing detectors");
            });
            if widgets::icon_button(ui, icons::ICON_CLOSE, "Stop comparing", None).clicked() {
                commands.push(Command::Cancel(id));
            }
        });
        return;
    }
    if let Some(why) = &comparing.failure {
        ui.add(egui::Label::new(RichText::new(why).small().color(palette.error)).wrap());
    }
    let again = comparing.is_shown() && comparing.failure.is_none();
    let start = Command::Compare(CompareChange::Start { again });
    let clicked = ui
        .add_enabled_ui(comparing.can_start(), |ui| {
            if again {
                let button = widgets::text_button(ui, icons::ICON_REFRESH, "Run again");
                button
                    .on_hover_text("Their results are kept with the analysis; this runs the networks anew")
                    .clicked()
            } else {
                widgets::primary_button(ui, icons::ICON_DIFFERENCE, "Compare")
                    .on_disabled_hover_text("Choose two to four detectors")
                    .clicked()
            }
        })
        .inner;
    if clicked {
        commands.push(start);
    }
}

fn thresholds(ui: &mut Ui, shown: &Shown, commands: &Commands) {
    widgets::section(ui, "Score from which it counts");
    widgets::card(ui, false, |ui| {
        for (index, (run, &threshold)) in shown.comparison.runs.iter().zip(&shown.thresholds).enumerate() {
            let id = &run.info.detector;
            widgets::row(ui, id, |ui| {
                ui.spacing_mut().slider_width = 96.0;
                let mut moved = threshold;
                let slider = Slider::new(&mut moved, THRESHOLDS.0..=THRESHOLDS.1).max_decimals(2);
                let response = widgets::slider(ui, slider);
                let tip = format!("{:.2} is this detector's own", run.info.threshold);
                widgets::explain(response, &format!("Threshold of {id}"), None, &tip);
                if moved != threshold {
                    commands.push(Command::Compare(CompareChange::Threshold(index, moved)));
                }
            });
        }
        if shown.thresholds != shown.comparison.thresholds() && ui.button("The detectors' own").clicked() {
            commands.push(Command::Compare(CompareChange::OwnThresholds));
        }
    });
}

/// A line of the table: a title, what it means, and what it says of a detector.
struct Line {
    title: &'static str,
    meaning: &'static str,
    value: fn(&DetectorFigures) -> String,
}

const LINES: [Line; 13] = [
    Line {
        title: "Person AP",
        meaning: "COCO's average precision of persons against the truth, at an overlap of one half in brackets",
        value: |d| format!("{} ({})", number(d.ap, 3), number(d.ap50, 3)),
    },
    Line {
        title: "Agreement",
        meaning: "With the others: shared boxes of all boxes, mean over the frames",
        value: |d| format!("{:.1} %", 100.0 * d.agreement),
    },
    Line { title: "Found", meaning: "People, over all frames", value: |d| d.found.to_string() },
    Line {
        title: "Found alone",
        meaning: "Those whom no other detector has in the same frame",
        value: |d| d.found_alone.to_string(),
    },
    Line {
        title: "Missed",
        meaning: "People of the track consensus, riders whom more than half of the detectors' tracks place alike, whom it \
                  did not find",
        value: |d| format!("{} of {}", d.consensus_misses, d.consensus),
    },
    Line {
        title: "Score",
        meaning: "Mean and standard deviation",
        value: |d| format!("{} ± {}", number(d.score_mean, 2), number(d.score_spread, 2)),
    },
    Line {
        title: "Time a frame",
        meaning: "Median, with reading the picture in and the boxes out",
        value: |d| d.latency_ms.map_or("–".to_owned(), |latency| format!("{:.1} ms", latency.median)),
    },
    Line {
        title: "95 of 100",
        meaning: "Frames that take no longer",
        value: |d| d.latency_ms.map_or("–".to_owned(), |latency| format!("{:.1} ms", latency.p95)),
    },
    Line { title: "Loading", meaning: "The network", value: |d| format!("{:.2} s", d.load_s) },
    Line {
        title: "Memory",
        meaning: "What it took, with its pictures",
        value: |d| text::bytes(d.memory_bytes),
    },
    Line {
        title: "Track breaks",
        meaning: "Times that somebody of the consensus is lost and found again by its tracks",
        value: |d| d.track_breaks.to_string(),
    },
    Line {
        title: "ID switches",
        meaning: "Times that somebody of the consensus gets another identity from its tracks",
        value: |d| d.id_switches.to_string(),
    },
    Line {
        title: "Predicted",
        meaning: "Share of the frames of its riders that are predicted or filled in",
        value: |d| format!("{:.1} %", 100.0 * d.predicted_share),
    },
];

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}

fn figures(ui: &mut Ui, shown: &Shown) {
    let palette = theme::palette(ui);
    widgets::section(ui, "What is said of them");
    let detectors = &shown.measured.detectors;
    let has_truth = detectors.iter().any(|figures| figures.ap.is_some());
    widgets::card(ui, false, |ui| {
        let title_width = egui::TextStyle::Small.resolve(ui.style()).size * 7.0;
        let column = (ui.available_width() - title_width) / detectors.len().max(1) as f32 - GRID;
        let grid = Grid::new("figures").spacing([GRID, GRID]).min_col_width(0.0).striped(false);
        grid.show(ui, |ui| {
            ui.label("");
            for (index, figures) in detectors.iter().enumerate() {
                let font = egui::TextStyle::Small.resolve(ui.style());
                ui.horizontal(|ui| {
                    ui.set_width(column);
                    ui.spacing_mut().item_spacing.x = GRID;
                    let dot = egui::vec2(8.0, 8.0);
                    let (rect, _) = ui.allocate_exact_size(dot, egui::Sense::hover());
                    ui.painter().circle_filled(rect.center(), 4.0, compare_view::color(index));
                    widgets::elided(ui, &figures.id, &font, palette.strong, column - 8.0 - GRID);
                });
            }
            ui.end_row();
            for line in LINES.iter().skip(usize::from(!has_truth)) {
                let title = RichText::new(line.title).small().color(palette.weak);
                ui.label(title).on_hover_text(line.meaning);
                for figures in detectors {
                    ui.label(RichText::new((line.value)(figures)).small().color(palette.text));
                }
                ui.end_row();
            }
        });
    });
}

fn truth(ui: &mut Ui, comparing: &Comparing, commands: &Commands) {
    let palette = theme::palette(ui);
    widgets::section(ui, "Truth");
    widgets::card(ui, false, |ui| match &comparing.truth {
        Some(path) => {
            ui.horizontal(|ui| {
                let font = egui::TextStyle::Body.resolve(ui.style());
                let room = ui.available_width() - GRID * 10.0;
                widgets::elided(ui, &text::file_name(path), &font, palette.text, room);
                if widgets::icon_button(ui, icons::ICON_CLOSE_SMALL, "Without a truth", None).clicked() {
                    commands.push(Command::Compare(CompareChange::Truth(None)));
                }
            });
        }
        None => {
            let button = widgets::text_button(ui, icons::ICON_RULE, "Hold against labels…");
            let tip = "A MOTChallenge text file or the .truth.json of a demo clip gives each detector's average precision";
            if button.on_hover_text(tip).clicked() {
                commands.push(Command::Browse(Pick::Truth));
            }
        }
    });
}

fn legend(ui: &mut Ui) {
    let palette = theme::palette(ui);
    ui.add_space(GRID);
    for words in [
        "Plain box: another detector has it too.",
        "Dashed box: the nearest of another detector overlaps it by less than half (IoU).",
        "Filled box: found by this detector alone.",
    ] {
        ui.add(egui::Label::new(RichText::new(words).small().color(palette.weak)).wrap());
    }
}
