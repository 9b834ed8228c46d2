//! What the window shows while no clip is open: an invitation.

use egui::{CentralPanel, Rect, RichText, Stroke, Ui, pos2, vec2};
use egui_material_icons::icons;

use super::command::{Command, Commands, Pick};
use super::state::State;
use super::theme::{self, GRID};
use super::{open_menu, text, widgets};

/// Recent clips shown.
const RECENT_SHOWN: usize = 5;

/// Widest the invitation gets, points.
const MOST_WIDTH: f32 = 460.0;

/// Draws the invitation; gives where it is.
pub fn show(ui: &mut Ui, state: &State, commands: &Commands) -> Rect {
    let palette = theme::palette(ui);
    CentralPanel::no_frame()
        .frame(egui::Frame::new().fill(palette.backdrop))
        .show(ui, |ui| {
            let area = ui.max_rect();
            mountains(ui, area);
            let width = MOST_WIDTH.min(area.width() - GRID * 12.0);
            let recent = state.settings.recent.len().min(RECENT_SHOWN);
            let height = 250.0 + if recent > 0 { 32.0 + recent as f32 * 44.0 } else { 0.0 };
            let top = (area.center().y - height * 0.55).max(area.top() + GRID * 4.0);
            let column = Rect::from_min_size(
                pos2(area.center().x - width * 0.5, top),
                vec2(width, area.bottom() - top - GRID * 2.0),
            );
            let mut column = ui.new_child(egui::UiBuilder::new().max_rect(column));
            egui::ScrollArea::vertical().show(&mut column, |ui| invitation(ui, state, width, commands));
            area
        })
        .inner
}

fn invitation(ui: &mut Ui, state: &State, width: f32, commands: &Commands) {
    let palette = theme::palette(ui);
    let opening = state.opening.is_some();
    ui.vertical_centered(|ui| {
        ui.label(icons::ICON_SNOWBOARDING.rich_text().size(56.0).color(palette.accent));
        let title = if opening { "Opening the clip…" } else { "Drop a clip here" };
        ui.label(RichText::new(title).text_style(theme::title_style()).color(palette.strong));
        let line = "See the rider’s body over the picture, frame by frame.";
        ui.label(RichText::new(line).color(palette.weak));
        ui.add_space(GRID * 3.0);
    });
    ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(GRID * 4.0, GRID * 2.0);
        let names = if state.demo.is_some() { 2.0 } else { 1.0 };
        let each = 168.0_f32.min((width - GRID * 2.0) / names);
        ui.horizontal(|ui| {
            ui.add_space((width - each * names - GRID * 2.0 * (names - 1.0)) * 0.5);
            ui.spacing_mut().interact_size.x = each;
            let browse = Command::Browse(Pick::Clip);
            let size = vec2(each, ui.spacing().interact_size.y + GRID * 4.0);
            let open = ui
                .allocate_ui_with_layout(
                    size,
                    egui::Layout::centered_and_justified(egui::Direction::TopDown),
                    |ui| widgets::primary_button(ui, icons::ICON_FOLDER_OPEN, "Open a clip"),
                )
                .inner;
            if widgets::explain(open, "Open a clip", Some(&browse), "").clicked() {
                commands.push(browse);
            }
            if state.demo.is_some() {
                let demo = ui
                    .allocate_ui_with_layout(
                        size,
                        egui::Layout::centered_and_justified(egui::Direction::TopDown),
                        |ui| widgets::text_button(ui, icons::ICON_PLAY_ARROW, "Play the demo"),
                    )
                    .inner;
                if demo.clicked() {
                    commands.push(Command::OpenDemo);
                }
            }
        });
    });
    ui.add_space(GRID * 2.0);
    let field = width.min(344.0);
    ui.horizontal(|ui| {
        ui.add_space((width - field) * 0.5);
        ui.vertical(|ui| {
            ui.set_width(field);
            if let Some(path) = open_menu::path_field(ui, "welcome") {
                commands.push(Command::Open(path));
            }
        });
    });
    recent(ui, state, width, commands);
}

fn recent(ui: &mut Ui, state: &State, width: f32, commands: &Commands) {
    if state.settings.recent.is_empty() {
        return;
    }
    let palette = theme::palette(ui);
    ui.add_space(GRID * 4.0);
    ui.label(RichText::new("Recent").small().color(palette.weak));
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for path in state.settings.recent.iter().take(RECENT_SHOWN) {
            if open_menu::recent_item(ui, path, width).clicked() {
                commands.push(Command::Open(path.clone()));
            }
        }
    });
}

/// Two ridges at the foot of the window, barely there.
fn mountains(ui: &Ui, area: Rect) {
    let palette = theme::palette(ui);
    let painter = ui.painter_at(area);
    let ridges: [(&[(f32, f32)], f32); 2] = [
        (
            &[(0.0, 0.30), (0.14, 0.20), (0.27, 0.33), (0.46, 0.12), (0.63, 0.30), (0.80, 0.18), (1.0, 0.34)],
            0.45,
        ),
        (
            &[(0.0, 0.14), (0.20, 0.22), (0.38, 0.10), (0.58, 0.20), (0.74, 0.11), (0.90, 0.21), (1.0, 0.15)],
            0.8,
        ),
    ];
    for (ridge, strength) in ridges {
        let point =
            |&(x, y): &(f32, f32)| pos2(area.left() + x * area.width(), area.bottom() - y * area.height());
        let color = palette.panel.gamma_multiply(strength);
        for pair in ridge.windows(2) {
            let (a, b) = (point(&pair[0]), point(&pair[1]));
            let foot = vec![a, b, pos2(b.x, area.bottom()), pos2(a.x, area.bottom())];
            painter.add(egui::Shape::convex_polygon(foot, color, Stroke::NONE));
        }
    }
}

/// Covers the window while a file is held over it.
pub fn drop_target(ctx: &egui::Context, name: Option<&str>) {
    let area = ctx.content_rect();
    let style = ctx.global_style();
    let palette = if style.visuals.dark_mode { &theme::DARK } else { &theme::LIGHT };
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop target"));
    let painter = ctx.layer_painter(layer);
    painter.rect_filled(area, 0, palette.backdrop.gamma_multiply(0.85));
    let frame = area.shrink(GRID * 4.0);
    let stroke = Stroke::new(2.0, palette.accent);
    let corners =
        [frame.left_top(), frame.right_top(), frame.right_bottom(), frame.left_bottom(), frame.left_top()];
    painter.extend(egui::Shape::dashed_line(&corners, stroke, 10.0, 6.0));
    let icon = egui::FontId::new(48.0, icons::ICON_VIDEO_FILE.font_family());
    let middle = area.center();
    painter.text(
        middle - vec2(0.0, 28.0),
        egui::Align2::CENTER_CENTER,
        icons::ICON_VIDEO_FILE.codepoint,
        icon,
        palette.accent,
    );
    let font = theme::title_style().resolve(&style);
    let words = name.map_or_else(
        || "Drop to open".to_owned(),
        |name| {
            let width_of =
                |t: &str| painter.layout_no_wrap(t.to_owned(), font.clone(), palette.strong).size().x;
            text::elide_middle(&format!("Open {name}"), frame.width() - GRID * 8.0, width_of)
        },
    );
    painter.text(middle + vec2(0.0, 24.0), egui::Align2::CENTER_CENTER, words, font, palette.strong);
}
