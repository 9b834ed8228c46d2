//! Which models run where, what they got, and what memory they take.

use egui::{ComboBox, RichText, Slider, Ui};
use egui_material_icons::icons;

use super::{appearance, memory, own_models};
use crate::engine::{DeviceReport, ModelInfo, Role};
use crate::settings::ModelSettings;
use crate::types::Device;
use crate::ui::command::{Command, Commands};
use crate::ui::state::State;
use crate::ui::theme;
use crate::ui::{text, widgets};

/// Most people that can be asked for in one frame.
const MOST_PEOPLE: usize = 12;

/// Most frames from one that the detector looks at to the next.
const MOST_FRAMES: u32 = 30;

/// Draws the page.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    let mut models = state.settings.models.clone();
    let summary = state.clip.as_ref().and_then(|clip| clip.analysis.summary.as_ref());
    widgets::section(ui, "Detector");
    widgets::card(ui, false, |ui| {
        choose_model(ui, "Detector", Role::Detector, &state.models, &mut models.detector);
        choose_device(ui, "Detector device", &state.devices, &mut models.detector_device);
        let got = summary.map(|s| s.detector_device.as_str());
        effective(ui, &state.settings.models.detector_device, got);
        threshold_row(ui, &state.models, &mut models);
        let every = Slider::new(&mut models.detect_every, 1..=MOST_FRAMES);
        let tip = "The detector looks at one frame of so many; people are followed in between, and looked for where \
                   they are lost";
        slider_row(ui, "Look every", tip, every);
        let people = Slider::new(&mut models.max_people, 1..=MOST_PEOPLE);
        slider_row(ui, "Most people", "Most people recovered in one frame, best first", people);
    });
    widgets::section(ui, "Body recovery");
    widgets::card(ui, false, |ui| {
        choose_model(ui, "Recoverer", Role::Recoverer, &state.models, &mut models.recoverer);
        choose_device(ui, "Recoverer device", &state.devices, &mut models.recoverer_device);
        let got = summary.map(|s| s.recoverer_device.as_str());
        effective(ui, &state.settings.models.recoverer_device, got);
        let precise = widgets::checkbox(ui, &mut models.precise, "More exact, a third slower");
        precise
            .on_hover_text("Takes landmarks from the mirror image too: the mesh comes nearer to the rider");
    });
    if models != state.settings.models {
        commands.push(Command::SetModels(models));
    }
    reanalyse(ui, state, commands);
    let mut on_open = state.settings.analyze_on_open;
    if widgets::checkbox(ui, &mut on_open, "Analyse a clip as soon as it is open").changed() {
        commands.push(Command::SetAnalyzeOnOpen(on_open));
    }
    decoding(ui, state, commands);
    own_models::show(ui, state, commands);
    memory::show(ui, state, commands);
    appearance::show(ui, state, commands);
}

/// How clips are decoded for the window.
fn decoding(ui: &mut Ui, state: &State, commands: &Commands) {
    let mut decoding = state.settings.decoding;
    widgets::section(ui, "Decoding");
    widgets::card(ui, false, |ui| {
        widgets::checkbox(ui, &mut decoding.hardware, "On the graphics card where it can").on_hover_text(
            "For the clips opened from now on; what the card cannot decode is decoded on the processor. Analyses and \
             exports always use the processor, so that they come out alike everywhere",
        );
        widgets::checkbox(ui, &mut decoding.proxies, "Small copies of 4K clips for scrubbing").on_hover_text(
            "Made in the background and kept in the cache folder, at most 4 GiB. A picture of the copy is there at once \
             and says so; the original follows",
        );
        if state.clip.is_some() {
            widgets::row(ui, "This clip", |ui| {
                ui.label(state.playback.device.unwrap_or("processor"));
            });
        }
    });
    if decoding != state.settings.decoding {
        commands.push(Command::SetDecoding(decoding));
    }
}

/// The lowest score that counts: the detector's own until the user moves it, and again when he moves it back.
fn threshold_row(ui: &mut Ui, known: &[ModelInfo], models: &mut ModelSettings) {
    let detector = known.iter().find(|model| model.id == models.detector);
    let own = detector.and_then(|model| model.default_threshold).unwrap_or(0.3);
    let before = models.detection_threshold.unwrap_or(own);
    let mut now = before;
    let tip = format!("Lowest score of a detection that counts; {own:.2} is this detector's own");
    slider_row(ui, "Threshold", &tip, Slider::new(&mut now, 0.05..=0.95).max_decimals(2));
    if now != before {
        models.detection_threshold = ((now - own).abs() > 0.005).then_some(now);
    }
}

/// A line that offers a new analysis when the settings are not those of the one shown.
fn reanalyse(ui: &mut Ui, state: &State, commands: &Commands) {
    let Some(clip) = &state.clip else { return };
    if !clip.analysis.differs_from(&state.settings.models) {
        return;
    }
    let palette = theme::palette(ui);
    widgets::card(ui, true, |ui| {
        let words = "The riders shown were found with other settings.";
        ui.label(RichText::new(words).small().color(palette.text));
        let button = widgets::primary_button(ui, icons::ICON_REFRESH, "Re-analyse");
        if button.on_hover_text("Analyses the whole clip anew with these settings").clicked() {
            commands.push(Command::Analyze { restart: true });
        }
    });
}

fn choose_model(ui: &mut Ui, name: &str, role: Role, models: &[ModelInfo], chosen: &mut String) {
    widgets::row(ui, "Model", |ui| {
        let response = ComboBox::from_id_salt(name)
            .selected_text(chosen.as_str())
            .truncate()
            .show_ui(ui, |ui| {
                for model in models.iter().filter(|model| model.role == role) {
                    model_item(ui, model, chosen);
                }
            })
            .response;
        widgets::explain(response, name, None, "");
    });
}

fn model_item(ui: &mut Ui, model: &ModelInfo, chosen: &mut String) {
    let is_chosen = *chosen == model.id;
    let detail = format!("{} · {}", text::bytes(model.bytes), model.licence);
    let tip = format!("{}\n{detail}\nfrom {}", model.title, model.source);
    let response = ui
        .add_enabled(model.present, egui::Button::selectable(is_chosen, model.id.as_str()))
        .on_hover_text(tip)
        .on_disabled_hover_text(
            model.remedy.as_deref().unwrap_or("Its file is missing; run `snowmesh models verify`"),
        );
    if response.clicked() {
        chosen.clone_from(&model.id);
    }
}

/// Offers the devices that work here, and says of the others why they do not; a failing one that was chosen earlier says
/// so, and stays chosen until another is.
fn choose_device(ui: &mut Ui, name: &str, devices: &[DeviceReport], chosen: &mut Device) {
    widgets::row(ui, "Device", |ui| {
        let response = ComboBox::from_id_salt(name)
            .selected_text(chosen.title())
            .show_ui(ui, |ui| {
                ui.selectable_value(chosen, Device::Cpu, Device::Cpu.title());
                for report in devices.iter().filter(|report| report.device != Device::Cpu) {
                    let title = report.device.title();
                    let button = egui::Button::selectable(*chosen == report.device, title);
                    let response = ui.add_enabled(report.usable, button).on_hover_text(&report.detail);
                    if response.on_disabled_hover_text(&report.detail).clicked() {
                        *chosen = report.device;
                    }
                }
            })
            .response;
        widgets::explain(response, name, None, "");
    });
    if let Some(report) = devices.iter().find(|report| report.device == *chosen && !report.usable) {
        let palette = theme::palette(ui);
        let words = format!("{} cannot be had: {}", chosen.title(), report.detail);
        ui.add(egui::Label::new(RichText::new(words).small().color(palette.error)).wrap());
        if ui.button("Use the processor instead").clicked() {
            *chosen = Device::Cpu;
        }
    }
}

/// What the model really ran on.
fn effective(ui: &mut Ui, requested: &Device, got: Option<&str>) {
    let palette = theme::palette(ui);
    widgets::row(ui, "Ran on", |ui| match got {
        None | Some("") => {
            ui.label(RichText::new("not run yet").color(palette.weak));
        }
        Some(got) => {
            let name = got.parse().map_or_else(|_| got.to_owned(), Device::title);
            let as_asked = got == requested.to_string();
            let color = if as_asked { palette.success } else { palette.warning };
            let icon = if as_asked { icons::ICON_CHECK_CIRCLE } else { icons::ICON_WARNING };
            ui.label(RichText::new(name).color(palette.text));
            ui.label(icon.rich_text().color(color));
        }
    });
}

fn slider_row(ui: &mut Ui, name: &str, tip: &str, slider: Slider<'_>) {
    widgets::row(ui, name, |ui| {
        ui.spacing_mut().slider_width = 96.0;
        widgets::explain(widgets::slider(ui, slider), name, None, tip);
    });
}
