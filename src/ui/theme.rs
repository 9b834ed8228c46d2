//! The look of the window: one palette for each theme, one typeface, spacing on a grid of four points.

use egui::epaint::text::VariationCoords;
use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke,
    Style, TextStyle, Ui, Vec2, Visuals, vec2,
};

use crate::settings::Theme;
use crate::types::overlay::track_color;
use crate::types::{Provenance, TrackId};

/// Step of the spacing grid, points.
pub const GRID: f32 = 4.0;

/// Corners of panels and cards, points.
pub const CARD_RADIUS: u8 = 6;

/// Text sizes to choose from: name and factor.
pub const TEXT_SCALES: [(&str, f32); 3] = [("Small", 0.85), ("Normal", 1.0), ("Large", 1.25)];

const INTER: &[u8] = include_bytes!("../../assets/fonts/Inter-Tabular.ttf");
const SEMIBOLD: &str = "semibold";

/// Every colour of a theme.
#[derive(Debug)]
pub struct Palette {
    /// Ground under the picture.
    pub backdrop: Color32,
    /// Ground of panels.
    pub panel: Color32,
    /// Ground of bars.
    pub bar: Color32,
    /// Ground of cards on a panel.
    pub card: Color32,
    /// Ground of text fields and tracks.
    pub sunken: Color32,
    /// Ground of buttons.
    pub button: Color32,
    /// Ground of buttons under the pointer.
    pub hover: Color32,
    /// Ground of pressed buttons.
    pub pressed: Color32,
    /// Lines between panels.
    pub line: Color32,
    /// Text of little weight.
    pub weak: Color32,
    /// Running text.
    pub text: Color32,
    /// Headings and values.
    pub strong: Color32,
    /// What is chosen, and the main action.
    pub accent: Color32,
    /// Text on the accent colour.
    pub on_accent: Color32,
    /// Ground of what is chosen.
    pub selected: Color32,
    /// Errors.
    pub error: Color32,
    /// Warnings.
    pub warning: Color32,
    /// Success.
    pub success: Color32,
    /// The playhead.
    pub playhead: Color32,
    detected: Color32,
    re_detected: Color32,
    interpolated: Color32,
    predicted: Color32,
    missing: Color32,
    shadow: Color32,
}

/// Light text on dark slate; pictures stand out.
pub const DARK: Palette = Palette {
    backdrop: Color32::from_rgb(0x0b, 0x0d, 0x10),
    panel: Color32::from_rgb(0x15, 0x19, 0x1e),
    bar: Color32::from_rgb(0x1a, 0x1f, 0x25),
    card: Color32::from_rgb(0x1d, 0x23, 0x2a),
    sunken: Color32::from_rgb(0x0f, 0x12, 0x16),
    button: Color32::from_rgb(0x2a, 0x32, 0x3b),
    hover: Color32::from_rgb(0x36, 0x41, 0x4c),
    pressed: Color32::from_rgb(0x22, 0x29, 0x31),
    line: Color32::from_rgb(0x2b, 0x33, 0x3c),
    weak: Color32::from_rgb(0x8b, 0x98, 0xa6),
    text: Color32::from_rgb(0xc4, 0xce, 0xd8),
    strong: Color32::from_rgb(0xf2, 0xf6, 0xfa),
    accent: Color32::from_rgb(0x4c, 0xa8, 0xf5),
    on_accent: Color32::from_rgb(0x06, 0x1a, 0x2b),
    selected: Color32::from_rgb(0x1d, 0x3b, 0x58),
    error: Color32::from_rgb(0xf2, 0x6d, 0x6d),
    warning: Color32::from_rgb(0xf0, 0xb4, 0x4c),
    success: Color32::from_rgb(0x56, 0xc7, 0x8f),
    playhead: Color32::from_rgb(0xff, 0xff, 0xff),
    // Okabe and Ito, Color Universal Design (2008): told apart by eyes of every kind.
    detected: Color32::from_rgb(0x00, 0xb3, 0x83),
    re_detected: Color32::from_rgb(0xcc, 0x79, 0xa7),
    interpolated: Color32::from_rgb(0x56, 0xb4, 0xe9),
    predicted: Color32::from_rgb(0xe6, 0x9f, 0x00),
    missing: Color32::from_rgb(0x6b, 0x76, 0x82),
    shadow: Color32::from_black_alpha(110),
};

/// Dark text on light grey; for a screen in the snow.
pub const LIGHT: Palette = Palette {
    backdrop: Color32::from_rgb(0xd4, 0xda, 0xe0),
    panel: Color32::from_rgb(0xf4, 0xf6, 0xf8),
    bar: Color32::from_rgb(0xfc, 0xfd, 0xfe),
    card: Color32::from_rgb(0xff, 0xff, 0xff),
    sunken: Color32::from_rgb(0xe6, 0xea, 0xee),
    button: Color32::from_rgb(0xe2, 0xe7, 0xec),
    hover: Color32::from_rgb(0xd2, 0xda, 0xe2),
    pressed: Color32::from_rgb(0xc3, 0xcd, 0xd7),
    line: Color32::from_rgb(0xd0, 0xd7, 0xde),
    weak: Color32::from_rgb(0x5b, 0x68, 0x75),
    text: Color32::from_rgb(0x2c, 0x37, 0x42),
    strong: Color32::from_rgb(0x0d, 0x14, 0x1b),
    accent: Color32::from_rgb(0x00, 0x6d, 0xc2),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    selected: Color32::from_rgb(0xcd, 0xe5, 0xfb),
    error: Color32::from_rgb(0xc0, 0x2b, 0x2b),
    warning: Color32::from_rgb(0x9a, 0x5b, 0x00),
    success: Color32::from_rgb(0x12, 0x7a, 0x48),
    playhead: Color32::from_rgb(0x0d, 0x14, 0x1b),
    detected: Color32::from_rgb(0x00, 0x8f, 0x69),
    re_detected: Color32::from_rgb(0xb0, 0x4f, 0x86),
    interpolated: Color32::from_rgb(0x1f, 0x84, 0xc4),
    predicted: Color32::from_rgb(0xc4, 0x7f, 0x00),
    missing: Color32::from_rgb(0x8a, 0x94, 0x9e),
    shadow: Color32::from_black_alpha(40),
};

impl Palette {
    /// The colour of a provenance; its pattern doubles it (see [`provenance`](super::provenance)).
    pub fn provenance(&self, provenance: Provenance) -> Color32 {
        match provenance {
            Provenance::Detected => self.detected,
            Provenance::ReDetected => self.re_detected,
            Provenance::Interpolated => self.interpolated,
            Provenance::Predicted => self.predicted,
            Provenance::Missing => self.missing,
        }
    }
}

/// The palette that `ui` is drawn with.
pub fn palette(ui: &Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// The colour that tells a rider from others, the same in lists and over the picture.
pub fn rider_color(id: TrackId) -> Color32 {
    let [r, g, b] = track_color(id).map(|channel| (channel * 255.0).round() as u8);
    Color32::from_rgb(r, g, b)
}

/// Headings and values stand out by weight, not by size.
pub fn semibold() -> FontFamily {
    FontFamily::Name(SEMIBOLD.into())
}

/// Large text of the empty state.
pub fn title_style() -> TextStyle {
    TextStyle::Name("title".into())
}

/// Loads the typeface and the icons.
pub fn install_fonts(ctx: &Context) {
    let mut fonts = FontDefinitions::default();
    for (name, weight) in [("inter", 430.0), (SEMIBOLD, 600.0)] {
        let mut data = FontData::from_static(INTER);
        data.tweak.coords = VariationCoords::new([(b"wght", weight)]);
        fonts.font_data.insert(name.into(), data.into());
    }
    let fallback = fonts.families.entry(FontFamily::Proportional).or_default();
    let mut with_semibold = vec![SEMIBOLD.to_owned()];
    with_semibold.extend(fallback.iter().cloned());
    fallback.insert(0, "inter".into());
    fonts.families.insert(semibold(), with_semibold);
    ctx.set_fonts(fonts);
    egui_material_icons::initialize(ctx);
}

/// Sets colours, sizes and spacing.
pub fn apply(ctx: &Context, theme: Theme, text_scale: f32) {
    let (egui_theme, palette, visuals) = match theme {
        Theme::Dark => (egui::Theme::Dark, &DARK, Visuals::dark()),
        Theme::Light => (egui::Theme::Light, &LIGHT, Visuals::light()),
    };
    ctx.set_theme(egui_theme);
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.style_mut_of(egui_theme, |style| {
        let animation_time = style.animation_time;
        let cursor_blinks = style.visuals.text_cursor.blink;
        *style = Style { visuals: colors(visuals, palette), ..Style::default() };
        style.animation_time = animation_time;
        style.visuals.text_cursor.blink = cursor_blinks;
        sizes(style, text_scale);
    });
}

fn sizes(style: &mut Style, text_scale: f32) {
    let font = |size: f32, family| FontId::new((size * text_scale * 2.0).round() / 2.0, family);
    style.text_styles = [
        (TextStyle::Small, font(11.0, FontFamily::Proportional)),
        (TextStyle::Body, font(13.0, FontFamily::Proportional)),
        (TextStyle::Button, font(13.0, FontFamily::Proportional)),
        (TextStyle::Heading, font(14.0, semibold())),
        (TextStyle::Monospace, font(12.0, FontFamily::Monospace)),
        (title_style(), font(22.0, semibold())),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::splat(GRID * 2.0);
    spacing.button_padding = vec2(GRID * 2.0, GRID);
    spacing.interact_size = vec2(GRID * 7.0, (GRID * 6.0 * text_scale).round());
    spacing.window_margin = Margin::same(16);
    spacing.menu_margin = Margin::same(8);
    spacing.icon_width = (16.0 * text_scale).round();
    spacing.icon_width_inner = (10.0 * text_scale).round();
    spacing.icon_spacing = GRID * 2.0;
    spacing.slider_rail_height = GRID;
    spacing.combo_width = 0.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = egui::style::ScrollStyle::thin();
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
}

fn colors(base: Visuals, palette: &Palette) -> Visuals {
    let radius = CornerRadius::same(4);
    let line = Stroke::new(1.0, palette.line);
    let mut visuals = Visuals {
        hyperlink_color: palette.accent,
        faint_bg_color: palette.card,
        extreme_bg_color: palette.sunken,
        code_bg_color: palette.sunken,
        warn_fg_color: palette.warning,
        error_fg_color: palette.error,
        weak_text_color: Some(palette.weak),
        window_fill: palette.bar,
        window_stroke: line,
        panel_fill: palette.panel,
        window_corner_radius: CornerRadius::same(8),
        menu_corner_radius: CornerRadius::same(CARD_RADIUS),
        window_shadow: Shadow { offset: [0, 8], blur: 32, spread: 0, color: palette.shadow },
        popup_shadow: Shadow { offset: [0, 4], blur: 16, spread: 0, color: palette.shadow },
        slider_trailing_fill: true,
        handle_shape: egui::style::HandleShape::Circle,
        ..base
    };
    visuals.selection.bg_fill = palette.selected;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    let widgets = &mut visuals.widgets;
    let set = |widget: &mut egui::style::WidgetVisuals, fill, bg_stroke, text| {
        widget.weak_bg_fill = fill;
        widget.bg_fill = fill;
        widget.bg_stroke = bg_stroke;
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    };
    set(&mut widgets.noninteractive, palette.panel, line, palette.text);
    set(&mut widgets.inactive, palette.button, Stroke::NONE, palette.text);
    set(&mut widgets.hovered, palette.hover, Stroke::NONE, palette.strong);
    set(&mut widgets.active, palette.pressed, Stroke::new(1.0, palette.accent), palette.strong);
    set(&mut widgets.open, palette.hover, Stroke::NONE, palette.strong);
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast ratio of WCAG 2.2, section "contrast ratio".
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |color: Color32| {
            let linear = egui::Rgba::from(color);
            0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_ground_of_both_themes() {
        for palette in [&DARK, &LIGHT] {
            for ground in [palette.panel, palette.bar, palette.card, palette.sunken] {
                for text in [palette.text, palette.strong, palette.weak] {
                    assert!(
                        contrast(text, ground) >= 4.5,
                        "{text:?} on {ground:?}: {}",
                        contrast(text, ground)
                    );
                }
                for mark in [palette.error, palette.warning, palette.success, palette.accent] {
                    assert!(
                        contrast(mark, ground) >= 3.0,
                        "{mark:?} on {ground:?}: {}",
                        contrast(mark, ground)
                    );
                }
            }
            assert!(contrast(palette.on_accent, palette.accent) >= 4.5);
            assert!(contrast(palette.text, palette.button) >= 4.5);
        }
    }
}
