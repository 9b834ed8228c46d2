//! Who was found, how surely, and where to look again.

use egui::{Rect, RichText, Sense, Ui, pos2, vec2};
use egui_material_icons::icons;

use crate::types::Provenance;
use crate::ui::command::{Command, Commands};
use crate::ui::lane::Lane;
use crate::ui::state::State;
use crate::ui::theme::{self, GRID};
use crate::ui::{provenance, rider_menu, widgets};

/// Draws the page.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    let Some(clip) = &state.clip else { return };
    let lanes = clip.analysis.lanes();
    if lanes.is_empty() {
        nobody(ui, state, commands);
        return;
    }
    for lane in lanes {
        rider(ui, state, lane, commands);
    }
    ui.label(
        RichText::new("Right-click a rider to change who is who").small().color(theme::palette(ui).weak),
    );
    legend(ui);
}

fn nobody(ui: &mut Ui, state: &State, commands: &Commands) {
    if state.is_analyzing() {
        super::empty(
            ui,
            icons::ICON_SNOWBOARDING,
            "Looking for riders",
            "They appear here as they are found.",
        );
    } else if state.clip.as_ref().is_some_and(|clip| clip.analysis.summary.is_some()) {
        let detail = "Try another detector or a lower threshold under Models.";
        super::empty(ui, icons::ICON_SNOWBOARDING, "No rider was found", detail);
    } else {
        let failure = state.analysis_failure();
        let (title, detail) = match failure {
            Some((why, _)) => ("The analysis failed", why),
            None => ("Not analysed yet", "Find the riders of this clip."),
        };
        super::empty(ui, icons::ICON_SNOWBOARDING, title, detail);
        ui.add_space(GRID * 2.0);
        let restart = failure.is_some_and(|(_, restart_helps)| restart_helps);
        ui.vertical_centered(|ui| {
            let name = if restart { "Re-analyse" } else { "Analyse" };
            if widgets::primary_button(ui, icons::ICON_PLAY_ARROW, name).clicked() {
                commands.push(Command::Analyze { restart });
            }
        });
    }
}

fn rider(ui: &mut Ui, state: &State, lane: &Lane, commands: &Commands) {
    let palette = theme::palette(ui);
    let selected = state.view.selected == Some(lane.id);
    let here = lane.at(state.playback.playhead);
    let name = lane.title();
    // The card's click lies under its buttons', so that they come first.
    let clickable = egui::UiBuilder::new().sense(Sense::click());
    let card = ui.scope_builder(clickable, |ui| {
        widgets::card(ui, selected, |ui| {
            ui.spacing_mut().item_spacing = vec2(GRID * 2.0, 6.0);
            egui::Sides::new().show(
                ui,
                |ui| {
                    let (dot, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
                    ui.painter().circle_filled(dot.center(), 5.5, theme::rider_color(lane.id));
                    ui.label(RichText::new(&name).family(theme::semibold()).color(palette.strong));
                    if lane.is_main {
                        let star = icons::ICON_STAR
                            .rich_text()
                            .size(widgets::icon_size(ui) * 0.85)
                            .color(palette.warning);
                        ui.label(star).on_hover_text("The main rider: the one whom the clip is about");
                    }
                    if lane.is_hidden {
                        let eye = icons::ICON_VISIBILITY_OFF.rich_text().size(widgets::icon_size(ui) * 0.85);
                        ui.label(eye.color(palette.weak)).on_hover_text("Left out of pictures and exports");
                    }
                },
                |ui| match here {
                    Some(provenance) => provenance::chip(ui, provenance),
                    None => {
                        ui.label(RichText::new("not here").small().color(palette.weak));
                    }
                },
            );
            shares(ui, lane);
            counts(ui, lane);
            ui.horizontal(|ui| {
                let first = lane.span().map(|(first, _)| first);
                let button = widgets::text_button(ui, icons::ICON_SKIP_PREVIOUS, "First frame");
                if let (true, Some(frame)) =
                    (button.on_hover_text("Goes to where he first appears").clicked(), first)
                {
                    commands.push(Command::SelectRider(lane.id));
                    commands.push(Command::Seek(frame));
                }
                let button = widgets::text_button(ui, icons::ICON_TROUBLESHOOT, "Weak spot");
                let tip = "Goes to the next frames in which he was not detected";
                if button.on_hover_text(tip).clicked() {
                    commands.push(Command::NextWeakSpot(lane.id));
                }
            });
        })
    });
    let response = card.response;
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &name));
    if response.clicked() {
        commands.push(Command::SelectRider(lane.id));
    }
    rider_menu::attach(&response, state, lane.id, commands);
}

/// How much of his frames each provenance has, as one bar.
fn shares(ui: &mut Ui, lane: &Lane) {
    let palette = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), GRID * 2.0), Sense::hover());
    let total: u64 = Provenance::ALL.iter().map(|p| lane.count(*p)).sum();
    let mut left = rect.left();
    for provenance in Provenance::ALL {
        let share = lane.count(provenance) as f32 / total.max(1) as f32;
        let right = left + share * rect.width();
        if share > 0.0 {
            let part = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
            provenance::paint(ui.painter(), part, provenance, palette);
        }
        left = right;
    }
}

/// Number of frames of each provenance; the legend below gives the names.
fn counts(ui: &mut Ui, lane: &Lane) {
    let palette = theme::palette(ui);
    ui.columns_const(|columns: &mut [Ui; Provenance::ALL.len()]| {
        for (ui, provenance) in columns.iter_mut().zip(Provenance::ALL) {
            let count = lane.count(provenance);
            let color = if count == 0 { palette.weak } else { palette.strong };
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                provenance::swatch(ui, provenance);
                ui.label(RichText::new(count.to_string()).family(theme::semibold()).color(color))
                    .on_hover_text(format!("{count} frames {}", provenance.name()));
            });
        }
    });
}

fn legend(ui: &mut Ui) {
    ui.add_space(GRID);
    egui::Grid::new("legend").num_columns(2).spacing(vec2(GRID * 4.0, GRID)).show(ui, |ui| {
        for (index, provenance) in Provenance::ALL.into_iter().enumerate() {
            provenance::chip(ui, provenance);
            if index % 2 == 1 {
                ui.end_row();
            }
        }
    });
}
