//! Notifications over the lower right corner of the picture, the newest at the bottom.

use egui::{Align2, Area, Context, Id, Order, Rect, RichText, Ui, vec2};
use egui_material_icons::icons;

use super::command::{Command, Commands};
use super::notes::{Note, Notes, Severity};
use super::theme::{self, GRID};
use super::widgets;

/// Notifications shown at once; older ones wait behind them.
const SHOWN: usize = 3;

const WIDTH: f32 = 340.0;

/// Shows the notifications over `view`.
pub fn show(ctx: &Context, view: Rect, notes: &Notes, commands: &Commands) {
    let list = notes.list();
    if list.is_empty() {
        return;
    }
    let corner = view.right_bottom() - vec2(GRID * 3.0, GRID * 3.0);
    Area::new(Id::unique("notifications"))
        .order(Order::Foreground)
        .pivot(Align2::RIGHT_BOTTOM)
        .fixed_pos(corner)
        .constrain_to(view)
        .show(ctx, |ui| {
            ui.set_width(WIDTH.min(view.width() - GRID * 6.0));
            let hidden = list.len().saturating_sub(SHOWN);
            if hidden > 0 {
                let palette = theme::palette(ui);
                ui.label(RichText::new(format!("{hidden} more")).small().color(palette.text));
            }
            for note in &list[hidden..] {
                one(ui, note, commands);
            }
        });
}

fn one(ui: &mut Ui, note: &Note, commands: &Commands) {
    let palette = theme::palette(ui);
    let (icon, color) = match note.severity {
        Severity::Error => (icons::ICON_ERROR, palette.error),
        Severity::Warning => (icons::ICON_WARNING, palette.warning),
        Severity::Success => (icons::ICON_CHECK_CIRCLE, palette.success),
    };
    let frame = egui::Frame::popup(ui.style())
        .fill(palette.bar)
        .corner_radius(theme::CARD_RADIUS)
        .inner_margin(egui::Margin { left: 14, right: 8, top: 8, bottom: 10 });
    let response = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing = vec2(GRID * 2.0, 2.0);
        egui::Sides::new().shrink_left().show(
            ui,
            |ui| {
                ui.label(icon.rich_text().size(widgets::icon_size(ui)).color(color));
                let mut title = note.title.clone();
                if note.repeats > 0 {
                    title.push_str(&format!(" ({} times)", note.repeats + 1));
                }
                let size = egui::TextStyle::Body.resolve(ui.style()).size;
                let font = egui::FontId::new(size, theme::semibold());
                widgets::elided(ui, &title, &font, palette.strong, ui.available_width());
            },
            |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                if widgets::icon_button(ui, icons::ICON_CLOSE_SMALL, "Dismiss", None).clicked() {
                    commands.push(Command::DismissNote(note.id));
                }
                if widgets::icon_button(ui, icons::ICON_CONTENT_COPY, "Copy text", None).clicked() {
                    commands.push(Command::Copy(note.text()));
                }
            },
        );
        if !note.detail.is_empty() {
            ui.add(egui::Label::new(RichText::new(&note.detail).color(palette.text)).wrap());
        }
    });
    let mut edge = response.response.rect;
    edge.set_width(4.0);
    let radius =
        egui::CornerRadius { nw: theme::CARD_RADIUS, sw: theme::CARD_RADIUS, ..egui::CornerRadius::ZERO };
    ui.painter().rect_filled(edge, radius, color);
}
