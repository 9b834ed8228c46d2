//! The panel at the right: riders, overlay, models and devices, activity.

mod activity;
mod appearance;
mod compare;
mod memory;
mod models;
mod overlay;
mod own_models;
mod riders;

use egui::{Margin, Panel, RichText, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use egui_material_icons::{MaterialIcon, icons};

use super::command::{Command, Commands, Tab};
use super::state::State;
use super::theme::{self, GRID};
use super::widgets;

const TABS: [(Tab, MaterialIcon, &str, &str); 5] = [
    (Tab::Compare, icons::ICON_DIFFERENCE, "Compare", "Compare detectors"),
    (Tab::Riders, icons::ICON_SNOWBOARDING, "Riders", "Riders"),
    (Tab::Overlay, icons::ICON_LAYERS, "Overlay", "Overlay"),
    (Tab::Models, icons::ICON_TUNE, "Models", "Models & devices"),
    (Tab::Activity, icons::ICON_SCHEDULE, "Activity", "Activity"),
];

/// Draws the inspector where it is open.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) {
    // Without a clip there is nothing to tell of riders and overlay: the invitation has the room.
    let has_contents = state.clip.is_some() || matches!(state.view.tab, Tab::Models | Tab::Activity);
    if !state.view.inspector_open || !has_contents {
        return;
    }
    let palette = theme::palette(ui);
    let frame = egui::Frame::new().fill(palette.panel);
    Panel::right("inspector").default_size(304.0).size_range(288.0..=440.0).frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        tabs(ui, state, commands);
        ScrollArea::vertical().id_salt(state.view.tab as usize).auto_shrink(false).show(ui, |ui| {
            egui::Frame::new().inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = GRID * 2.0;
                match state.view.tab {
                    Tab::Riders => riders::show(ui, state, commands),
                    Tab::Overlay => overlay::show(ui, state, commands),
                    Tab::Models => models::show(ui, state, commands),
                    Tab::Activity => activity::show(ui, state, commands),
                    Tab::Compare => compare::show(ui, state, commands),
                }
            });
        });
    });
}

fn tabs(ui: &mut Ui, state: &State, commands: &Commands) {
    let palette = theme::palette(ui);
    let tabs = TABS.iter().filter(|(tab, ..)| *tab != Tab::Compare || state.comparing.is_some());
    let width = ui.available_width() / tabs.clone().count() as f32;
    let small = egui::TextStyle::Small.resolve(ui.style());
    let height = widgets::icon_size(ui) + small.size + GRID * 5.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for &(tab, icon, short, name) in tabs {
            let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
            let chosen = state.view.tab == tab;
            response.widget_info(|| WidgetInfo::selected(egui::Role::Tab, true, chosen, name));
            let color = if chosen {
                palette.accent
            } else if response.hovered() {
                palette.strong
            } else {
                palette.weak
            };
            let painter = ui.painter();
            let icon_font = egui::FontId::new(widgets::icon_size(ui), icon.font_family());
            let top = rect.center_top() + vec2(0.0, GRID * 2.0);
            painter.text(top, egui::Align2::CENTER_TOP, icon.codepoint, icon_font, color);
            let bottom = rect.center_bottom() - vec2(0.0, GRID * 1.5);
            painter.text(bottom, egui::Align2::CENTER_BOTTOM, short, small.clone(), color);
            if chosen || response.has_focus() {
                let line = egui::Rect::from_min_max(rect.left_bottom() - vec2(0.0, 2.0), rect.right_bottom());
                painter.rect_filled(line.shrink2(vec2(GRID * 2.0, 0.0)), 1, palette.accent);
            }
            if widgets::explain(response, name, None, "").clicked() {
                commands.push(Command::ShowTab(tab));
            }
        }
    });
    let line = ui.min_rect();
    ui.painter().hline(line.x_range(), line.bottom(), egui::Stroke::new(1.0, palette.line));
}

/// What a page says when it has nothing to show.
fn empty(ui: &mut Ui, icon: MaterialIcon, title: &str, detail: &str) {
    let palette = theme::palette(ui);
    ui.add_space(GRID * 8.0);
    ui.vertical_centered(|ui| {
        ui.label(icon.rich_text().size(widgets::icon_size(ui) * 1.8).color(palette.weak));
        ui.label(RichText::new(title).family(theme::semibold()).color(palette.text));
        ui.label(RichText::new(detail).small().color(palette.weak));
    });
}

/// Whether memory is on the screen and has to be kept fresh.
pub fn shows_memory(state: &State) -> bool {
    state.view.inspector_open && state.view.tab == Tab::Models
}
