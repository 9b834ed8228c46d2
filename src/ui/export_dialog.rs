//! The export dialog: what is written where. It edits a copy and sends it back whole.

use egui::{Button, RichText, TextEdit, Ui, Widget};
use egui_material_icons::icons;

use super::command::{Command, Commands, Pick};
use super::export_form::{ExportForm, Verdict};
use super::state::OpenClip;
use super::theme::{self, GRID};
use super::{dialog, export_pictures, export_video, text, time, widgets};
use crate::engine::{DataFormat, Layout};

/// Shows the dialog.
pub fn show(
    ctx: &egui::Context,
    clip: Option<&OpenClip>,
    (shown, verdict): (&ExportForm, &Verdict),
    queued: bool,
    commands: &Commands,
) {
    dialog::show(ctx, "Export", 520.0, commands, |ui, commands| {
        let mut form = shown.clone();
        let most = (ui.ctx().content_rect().height() - GRID * 50.0).max(GRID * 30.0);
        egui::ScrollArea::vertical().max_height(most).show(ui, |ui| {
            video(ui, clip, &mut form, commands);
            ui.add_space(GRID);
            burned_in(ui, &mut form);
            ui.add_space(GRID);
            range(ui, clip, &mut form);
            ui.add_space(GRID);
            mattes(ui, &mut form, commands);
            ui.add_space(GRID);
            export_pictures::show(ui, &mut form.sheet, &mut form.chrono, commands);
            ui.add_space(GRID);
            data(ui, &mut form, commands);
        });
        ui.add_space(GRID);
        verdict_line(ui, verdict, form.options.speed_percent == 100);
        buttons(ui, verdict, queued, commands);
        if form != *shown {
            commands.push(Command::EditExport(Box::new(form)));
        }
    });
}

fn video(ui: &mut Ui, clip: Option<&OpenClip>, form: &mut ExportForm, commands: &Commands) {
    widgets::checkbox(ui, &mut form.video, "Video with the overlay drawn in");
    if form.video {
        let is_folder = form.options.layout == Layout::OverlayOnly && form.extension().is_empty();
        let name = if is_folder { "Folder of PNG files" } else { "Video file" };
        path_row(ui, &mut form.output, name, Pick::ExportVideo, commands);
        export_video::show(ui, clip.map(|clip| &*clip.info), form);
    }
}

pub(super) fn path_row(ui: &mut Ui, path: &mut String, name: &str, pick: Pick, commands: &Commands) {
    ui.horizontal(|ui| {
        let side = ui.spacing().interact_size.y + GRID;
        let width = ui.available_width() - side - ui.spacing().item_spacing.x;
        // A long path takes a second line rather than hide its end, the name.
        TextEdit::multiline(path)
            .return_key(None)
            .desired_rows(1)
            .desired_width(width)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(egui::vec2(width, side))
            .ui(ui)
            .accessible_name(name);
        if widgets::icon_button(
            ui,
            icons::ICON_FOLDER_OPEN,
            &format!("Browse for the {}", name.to_lowercase()),
            None,
        )
        .clicked()
        {
            commands.push(Command::Browse(pick));
        }
    });
}

fn burned_in(ui: &mut Ui, form: &mut ExportForm) {
    let anything = form.video || form.draws_pictures();
    let overlay = &mut form.overlay;
    ui.add_enabled_ui(anything, |ui| {
        widgets::section(ui, "Drawn in");
        let layers = [
            (&mut overlay.mesh, "Mesh"),
            (&mut overlay.textured, "Own colours"),
            (&mut overlay.doubt, "Fade where unsure"),
            (&mut overlay.wireframe, "Wireframe"),
            (&mut overlay.skeleton, "Skeleton"),
            (&mut overlay.boxes, "Boxes"),
            (&mut overlay.labels, "Names"),
            (&mut overlay.angles, "Angles"),
            (&mut overlay.clock, "Clock"),
            (&mut overlay.others, "Other riders"),
            (&mut overlay.masks, "Outline"),
            (&mut overlay.trails, "Trails"),
            (&mut overlay.joint_trails, "Trails of limbs"),
        ];
        // Checkboxes in their own colours do not wrap by themselves.
        egui::Grid::new("drawn in").num_columns(4).spacing([GRID * 4.0, GRID]).show(ui, |ui| {
            for (index, (on, name)) in layers.into_iter().enumerate() {
                widgets::checkbox(ui, on, name);
                if index % 4 == 3 {
                    ui.end_row();
                }
            }
        });
    });
}

fn range(ui: &mut Ui, clip: Option<&OpenClip>, form: &mut ExportForm) {
    widgets::section(ui, "Frames");
    let (first, last) = form.range;
    let whole = clip.map_or(0, |clip| clip.info.frames.len());
    let between = clip.map_or_else(String::new, |clip| {
        let seconds = |frame| time::format(clip.info.frames.seconds(frame));
        format!("  {} – {}", seconds(first), seconds(last))
    });
    widgets::radio(ui, &mut form.range_only, false, &format!("Whole clip, {whole} frames"));
    let count = (last + 1).saturating_sub(first);
    widgets::radio(ui, &mut form.range_only, true, &format!("Between in and out, {count} frames{between}"));
}

fn mattes(ui: &mut Ui, form: &mut ExportForm, commands: &Commands) {
    widgets::section(ui, "For compositing");
    let tip = "One 8-bit grey PNG a frame: white where a mesh covers the picture";
    widgets::checkbox(ui, &mut form.mattes, "Mattes as PNG files").on_hover_text(tip);
    if form.mattes {
        path_row(ui, &mut form.matte_folder, "Matte folder", Pick::ExportMattes, commands);
    }
}

fn data(ui: &mut Ui, form: &mut ExportForm, commands: &Commands) {
    widgets::section(ui, "Data");
    egui::Grid::new("data").num_columns(5).spacing([GRID * 4.0, GRID]).show(ui, |ui| {
        for (index, format) in DataFormat::ALL.into_iter().enumerate() {
            let mut on = form.formats.contains(&format);
            let name = format.name().to_uppercase();
            if widgets::checkbox(ui, &mut on, &name).on_hover_text(format.purpose()).changed() {
                form.formats.retain(|chosen| *chosen != format);
                form.formats.extend(on.then_some(format));
            }
            if index % 5 == 4 {
                ui.end_row();
            }
        }
    });
    if !form.formats.is_empty() {
        path_row(ui, &mut form.data_folder, "Data folder", Pick::ExportData, commands);
    }
}

fn verdict_line(ui: &mut Ui, verdict: &Verdict, at_speed: bool) {
    let palette = theme::palette(ui);
    let (icon, color, words) = match (&verdict.problem, verdict.replaces) {
        (Some(problem), _) => (icons::ICON_ERROR, palette.error, capitalized(&problem.to_string())),
        (None, true) => {
            (icons::ICON_WARNING, palette.warning, "A file of this name is there and will be replaced".into())
        }
        (None, false) => {
            let kept = if at_speed { "Sound, timing and colours" } else { "Colours" };
            let size =
                verdict.bytes.map_or(String::new(), |bytes| format!(" · about {}", text::bytes(bytes)));
            (icons::ICON_INFO, palette.weak, format!("{kept} stay as they are in the clip{size}"))
        }
    };
    ui.horizontal_top(|ui| {
        ui.label(icon.rich_text().size(widgets::icon_size(ui)).color(color));
        ui.add(egui::Label::new(RichText::new(words).color(color)).wrap());
    });
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn buttons(ui: &mut Ui, verdict: &Verdict, queued: bool, commands: &Commands) {
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.allocate_ui_with_layout(egui::vec2(ui.available_width(), GRID * 9.0), layout, |ui| {
        ui.spacing_mut().button_padding = egui::vec2(GRID * 4.0, GRID * 1.5);
        let name = match (verdict.replaces, queued) {
            (true, _) => "Replace",
            (false, true) => "Add to the queue",
            (false, false) => "Start export",
        };
        let start = ui.add_enabled_ui(verdict.problem.is_none(), |ui| {
            widgets::primary_button(ui, icons::ICON_IOS_SHARE, name)
        });
        if start.inner.clicked() {
            commands.push(Command::StartExport);
        }
        if ui.add(Button::new("Cancel")).clicked() {
            commands.push(Command::CloseDialog);
        }
    });
}
