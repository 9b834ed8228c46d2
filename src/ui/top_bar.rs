//! The bar at the top: open, export, what the engine does, help.

use egui::{Panel, RichText, Sense, TextStyle, Ui, WidgetInfo, vec2};
use egui_material_icons::icons;

use super::command::{Command, Commands, Pick, Tab};
use super::jobs::{self, Job};
use super::state::State;
use super::theme::{self, GRID};
use super::{open_menu, text, time, widgets};

/// Draws the bar.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    let palette = theme::palette(ui);
    let frame = egui::Frame::new().fill(palette.bar).inner_margin(egui::Margin::symmetric(12, 6));
    Panel::top("top bar").frame(frame).show(ui, |ui| {
        egui::Sides::new().height(ui.spacing().interact_size.y + GRID).shrink_left().show(
            ui,
            |ui| left(ui, state, commands),
            |ui| right(ui, state, commands),
        );
    });
}

fn left(ui: &mut Ui, state: &State, commands: &Commands) {
    let palette = theme::palette(ui);
    ui.label(icons::ICON_SNOWBOARDING.rich_text().size(widgets::icon_size(ui) + 2.0).color(palette.accent));
    ui.add_space(-GRID);
    ui.label(RichText::new("snowmesh").text_style(TextStyle::Heading).color(palette.strong));
    ui.add_space(GRID * 2.0);
    open_menu::button(ui, state, commands);
    let export = Command::ShowExport;
    let response = ui
        .add_enabled_ui(state.clip.is_some(), |ui| widgets::text_button(ui, icons::ICON_IOS_SHARE, "Export"))
        .inner
        .on_disabled_hover_text("Open a clip first");
    if widgets::explain(response, "Export", Some(&export), "Writes the clip with the overlay drawn in")
        .clicked()
    {
        commands.push(export);
    }
    let compare = Command::ToggleCompare;
    let response = ui.add_enabled_ui(state.clip.is_some(), |ui| {
        let on = state.comparing.is_some();
        widgets::icon_toggle(ui, icons::ICON_DIFFERENCE, "Compare detectors", Some(&compare), on)
    });
    if response.inner.clicked() {
        commands.push(compare);
    }
    let save = Command::Browse(Pick::Picture);
    let response = ui.add_enabled_ui(state.clip.is_some(), |ui| {
        widgets::icon_button(ui, icons::ICON_PHOTO_CAMERA, "Save the picture shown", Some(&save))
    });
    if response.inner.clicked() {
        commands.push(save);
    }
}

/// From the right edge inwards.
fn right(ui: &mut Ui, state: &State, commands: &Commands) {
    ui.spacing_mut().item_spacing.x = GRID;
    let offer = |ui: &mut Ui, icon, name, command: Command, on| {
        if widgets::icon_toggle(ui, icon, name, Some(&command), on).clicked() {
            commands.push(command);
        }
    };
    let panel =
        if state.view.inspector_open { icons::ICON_RIGHT_PANEL_CLOSE } else { icons::ICON_RIGHT_PANEL_OPEN };
    offer(ui, panel, "Inspector", Command::ToggleInspector, false);
    offer(ui, icons::ICON_KEYBOARD, "Keyboard shortcuts", Command::ShowHelp, false);
    offer(ui, icons::ICON_SETTINGS, "Models & devices", Command::ShowTab(Tab::Models), false);
    if let Some(job) = state.jobs.headline() {
        ui.add_space(GRID * 2.0);
        summary(ui, job, state.jobs.running(), commands);
    }
}

/// One line on the job that matters most; a click shows all of them.
fn summary(ui: &mut Ui, job: &Job, running: usize, commands: &Commands) {
    let palette = theme::palette(ui);
    let share = job.progress.fraction();
    let mut words = jobs::verb(&job.kind).to_owned();
    if let Some(share) = share {
        words.push_str(&format!(" {:.0} %", (share * 100.0).floor()));
    }
    if let Some(eta_s) = job.progress.eta_s {
        words.push_str(&format!(" · {} left", time::words(eta_s)));
    }
    if running > 1 {
        words.push_str(&format!(" · {} more", running - 1));
    }
    let font = TextStyle::Body.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(words.clone(), font, palette.text);
    let bar_width = 72.0;
    let size = vec2(galley.size().x + bar_width + GRID * 7.5, ui.spacing().interact_size.y + GRID);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &words));
    let painter = ui.painter();
    let fill = if response.hovered() { palette.hover } else { palette.card };
    painter.rect_filled(rect, rect.height() * 0.5, fill);
    let mut track = egui::Rect::from_center_size(rect.center(), vec2(bar_width, GRID));
    track = track.translate(vec2(rect.left() + GRID * 2.5 - track.left(), 0.0));
    painter.rect_filled(track, 2, palette.sunken);
    track.set_width(bar_width * share.unwrap_or(0.5));
    let alpha = if share.is_some() { 1.0 } else { 0.4 };
    painter.rect_filled(track, 2, palette.accent.gamma_multiply(alpha));
    let at = egui::pos2(rect.right() - GRID * 2.5 - galley.size().x, rect.center().y - galley.size().y * 0.5);
    painter.galley(at, galley, palette.text);
    let detail = if job.progress.stage.is_empty() { "starting" } else { &job.progress.stage };
    if response.on_hover_text(format!("{} – {detail}", job.kind.title())).clicked() {
        commands.push(Command::ShowTab(Tab::Activity));
    }
}

/// Name of the clip for the window's title.
pub fn window_title(state: &State) -> String {
    match &state.clip {
        Some(clip) => format!("{} – snowmesh", text::file_name(&clip.info.path)),
        None => "snowmesh".to_owned(),
    }
}
