//! Small building blocks, so that every panel looks and speaks alike.

use egui::{
    Button, Frame, Id, Key, Label, Margin, Response, RichText, Sense, TextEdit, TextStyle, Ui, Vec2, Widget,
    WidgetInfo, vec2,
};
use egui_material_icons::MaterialIcon;

use super::command::Command;
use super::theme::{self, GRID};
use super::{keys, text};

/// Size of an icon in a button, for the current text size.
pub fn icon_size(ui: &Ui) -> f32 {
    (TextStyle::Body.resolve(ui.style()).size * 1.4).round()
}

/// Explains a control: its name, its key, and a line more where there is more to say.
pub fn explain(response: Response, name: &str, command: Option<&Command>, more: &str) -> Response {
    let key = command.and_then(|command| keys::hint(&response.ctx, command));
    let response = response.on_hover_ui(|ui| {
        ui.horizontal(|ui| {
            ui.label(name);
            if let Some(key) = &key {
                key_cap(ui, key);
            }
        });
        if !more.is_empty() {
            ui.small(more);
        }
    });
    response.accessible_name(name)
}

/// A key as it is drawn in tooltips and lists.
pub fn key_cap(ui: &mut Ui, key: &str) {
    let palette = theme::palette(ui);
    Frame::new()
        .fill(palette.sunken)
        .stroke(egui::Stroke::new(1.0, palette.line))
        .corner_radius(3)
        .inner_margin(Margin::symmetric(5, 1))
        .show(ui, |ui| ui.label(RichText::new(key).small().color(palette.text)));
}

/// A square button with an icon; frameless until the pointer is on it.
pub fn icon_button(ui: &mut Ui, icon: MaterialIcon, name: &str, command: Option<&Command>) -> Response {
    icon_toggle(ui, icon, name, command, false)
}

/// A square button with an icon that is on or off.
pub fn icon_toggle(
    ui: &mut Ui,
    icon: MaterialIcon,
    name: &str,
    command: Option<&Command>,
    on: bool,
) -> Response {
    let palette = theme::palette(ui);
    let color = if !ui.is_enabled() {
        palette.weak
    } else if on {
        palette.accent
    } else {
        palette.text
    };
    let side = (ui.spacing().interact_size.y + GRID).round();
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = Vec2::ZERO;
            let text = icon.rich_text().size(icon_size(ui)).color(color);
            Button::new(text).min_size(Vec2::splat(side)).selected(on).frame_when_inactive(on).ui(ui)
        })
        .inner;
    explain(response, name, command, "")
}

/// The one button of a place that matters most.
pub fn primary_button(ui: &mut Ui, icon: MaterialIcon, name: &str) -> Response {
    let palette = theme::palette(ui);
    let enabled = ui.is_enabled();
    let text = |t: RichText| t.color(if enabled { palette.on_accent } else { palette.text });
    let button = Button::new((
        text(icon.rich_text().size(icon_size(ui))),
        text(RichText::new(name).family(theme::semibold())),
    ));
    let fill = if enabled { palette.accent } else { palette.button };
    ui.add(button.fill(fill)).accessible_name(name)
}

/// A button with an icon and words.
pub fn text_button(ui: &mut Ui, icon: MaterialIcon, name: &str) -> Response {
    ui.add(Button::new((icon.rich_text().size(icon_size(ui)), name))).accessible_name(name)
}

/// A slider in the accent colour.
pub fn slider(ui: &mut Ui, slider: egui::Slider<'_>) -> Response {
    let palette = theme::palette(ui);
    ui.scope(|ui| {
        let visuals = ui.visuals_mut();
        visuals.selection.bg_fill = palette.accent;
        visuals.widgets.inactive.fg_stroke.width = 1.5;
        for widget in [&mut visuals.widgets.hovered, &mut visuals.widgets.active] {
            widget.bg_fill = palette.accent;
        }
        ui.add(slider)
    })
    .inner
}

/// A checkbox that shows in the accent colour that it is on.
pub fn checkbox(ui: &mut Ui, on: &mut bool, name: &str) -> Response {
    let palette = theme::palette(ui);
    let words = RichText::new(name).color(if ui.is_enabled() { palette.text } else { palette.weak });
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
            widget.bg_stroke = egui::Stroke::new(1.0, if *on { palette.accent } else { palette.weak });
            widget.bg_fill = if *on { palette.accent } else { palette.sunken };
            widget.fg_stroke = egui::Stroke::new(2.0, palette.on_accent);
        }
        ui.checkbox(on, words)
    })
    .inner
}

/// One of several choices, with the accent colour on the chosen one.
pub fn radio<T: PartialEq>(ui: &mut Ui, chosen: &mut T, value: T, name: &str) -> Response {
    let palette = theme::palette(ui);
    let words = RichText::new(name).color(if ui.is_enabled() { palette.text } else { palette.weak });
    let on = *chosen == value;
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
            widget.bg_stroke = egui::Stroke::new(1.0, if on { palette.accent } else { palette.weak });
            widget.bg_fill = if on { palette.accent } else { palette.sunken };
            widget.fg_stroke.color = palette.on_accent;
        }
        ui.radio_value(chosen, value, words)
    })
    .inner
}

/// A heading within a panel.
pub fn section(ui: &mut Ui, title: &str) {
    ui.add_space(GRID);
    let palette = theme::palette(ui);
    ui.label(RichText::new(title).family(theme::semibold()).color(palette.strong));
}

/// A box on a panel for things that belong together.
pub fn card<R>(ui: &mut Ui, selected: bool, contents: impl FnOnce(&mut Ui) -> R) -> egui::InnerResponse<R> {
    let palette = theme::palette(ui);
    let line = if selected { palette.accent } else { palette.line };
    Frame::new()
        .fill(palette.card)
        .stroke(egui::Stroke::new(1.0, line))
        .corner_radius(theme::CARD_RADIUS)
        .inner_margin(Margin::same(12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            contents(ui)
        })
}

/// A name at the left and something at the right of one line.
pub fn row<R>(ui: &mut Ui, name: &str, value: impl FnOnce(&mut Ui) -> R) -> R {
    egui::Sides::new()
        .shrink_left()
        .truncate()
        .show(
            ui,
            |ui| {
                let palette = theme::palette(ui);
                ui.add(Label::new(RichText::new(name).color(palette.weak)).truncate());
            },
            value,
        )
        .1
}

/// One line of text that loses its middle where it does not fit; all of it shows on hover.
pub fn elided(
    ui: &mut Ui,
    full: &str,
    font: &egui::FontId,
    color: egui::Color32,
    max_width: f32,
) -> Response {
    let painter = ui.painter().clone();
    let width_of = |t: &str| painter.layout_no_wrap(t.to_owned(), font.clone(), color).size().x;
    let short = text::elide_middle(full, max_width, width_of);
    let is_short = short != full;
    let label = Label::new(RichText::new(short).font(font.clone()).color(color)).extend();
    let response = ui.add(label).accessible_name(full);
    if is_short { response.on_hover_text(full) } else { response }
}

/// A text field that shows `value` and, when the user has typed something else and confirmed it, gives that.
pub fn value_field(ui: &mut Ui, id: Id, value: &str, width: f32, name: &str) -> Option<String> {
    let draft = ui.data(|data| data.get_temp::<String>(id));
    let mut shown = draft.unwrap_or_else(|| value.to_owned());
    let response = TextEdit::singleline(&mut shown)
        .id(id)
        .desired_width(width)
        .align(egui::Align2::CENTER_CENTER)
        .min_size(vec2(width, ui.spacing().interact_size.y))
        .ui(ui);
    let confirmed = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, shown.clone()));
    } else {
        ui.data_mut(|data| data.remove_temp::<String>(id));
    }
    explain(response, name, None, "");
    confirmed.then_some(shown)
}

/// A switch with an icon and a name, over the whole width; gives whether it was flipped.
pub fn switch_row(ui: &mut Ui, icon: MaterialIcon, name: &str, command: &Command, on: bool) -> bool {
    let palette = theme::palette(ui);
    let size = vec2(ui.available_width(), ui.spacing().interact_size.y + GRID);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, ui.is_enabled(), on, name));
    if ui.is_rect_visible(rect) {
        let painter = ui.painter();
        if response.hovered() || response.has_focus() {
            painter.rect_filled(rect, 4, palette.hover.gamma_multiply(0.5));
        }
        let color = if on { palette.strong } else { palette.weak };
        let middle = rect.center().y;
        let icon_font = egui::FontId::new(icon_size(ui), icon.font_family());
        let left = rect.left() + GRID * 2.0;
        let align = egui::Align2::LEFT_CENTER;
        let accent = if on { palette.accent } else { palette.weak };
        painter.text(egui::pos2(left, middle), align, icon.codepoint, icon_font, accent);
        let font = TextStyle::Body.resolve(ui.style());
        painter.text(egui::pos2(left + icon_size(ui) + GRID * 2.0, middle), align, name, font, color);
        let track = egui::Rect::from_center_size(
            egui::pos2(rect.right() - GRID * 2.0 - 14.0, middle),
            vec2(28.0, 16.0),
        );
        let how_on = ui.ctx().animate_bool_responsive(response.id, on);
        let fill = if on { palette.accent } else { palette.sunken };
        painter.rect(track, 8, fill, egui::Stroke::new(1.0, palette.line), egui::StrokeKind::Inside);
        let knob = egui::pos2(egui::lerp(track.left() + 8.0..=track.right() - 8.0, how_on), middle);
        painter.circle_filled(knob, 5.0, if on { palette.on_accent } else { palette.weak });
        if let Some(key) = keys::hint(ui.ctx(), command) {
            let font = TextStyle::Small.resolve(ui.style());
            let at = egui::pos2(track.left() - GRID * 3.0, middle);
            painter.text(at, egui::Align2::RIGHT_CENTER, key, font, palette.weak);
        }
    }
    explain(response, name, Some(command), "").clicked()
}

/// A thin bar that fills up; without a share it is half-filled and pale: something goes on.
pub fn progress(ui: &mut Ui, share: Option<f32>, width: f32, name: &str) -> Response {
    let palette = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, GRID), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, 2, palette.sunken);
    let mut filled = rect;
    filled.set_width(rect.width() * share.unwrap_or(0.5).clamp(0.0, 1.0));
    let color = if share.is_some() { palette.accent } else { palette.accent.gamma_multiply(0.4) };
    painter.rect_filled(filled, 2, color);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::ProgressIndicator, true, name);
        info.value = share.map(f64::from);
        info
    });
    response
}
