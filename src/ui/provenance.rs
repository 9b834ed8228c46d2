//! Provenance as the eye sees it: a colour, and a pattern for eyes that cannot tell the colours apart.
//!
//! Detected is solid, re-detected solid with upright stripes, interpolated hatched, predicted dotted, missing an empty outline.

use egui::{Painter, Rect, Response, RichText, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::theme::{self, Palette};
use crate::types::Provenance;

/// Distance of hatching lines and of dots, points.
const PITCH: f32 = 5.0;

/// What a provenance means, for tooltips.
pub fn meaning(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Detected => "Seen in this frame",
        Provenance::ReDetected => "Lost at first, then seen in this frame where he had to be",
        Provenance::Interpolated => "Filled in between two frames in which he was seen",
        Provenance::Predicted => "Carried on from earlier frames; not seen here or since",
        Provenance::Missing => "Nothing is known in this frame",
    }
}

/// Fills `rect` with the colour and pattern of a provenance.
pub fn paint(painter: &Painter, rect: Rect, provenance: Provenance, palette: &Palette) {
    let color = palette.provenance(provenance);
    let painter = painter.with_clip_rect(painter.clip_rect().intersect(rect));
    match provenance {
        Provenance::Detected => {
            painter.rect_filled(rect, 1, color);
        }
        Provenance::ReDetected => {
            painter.rect_filled(rect, 1, color.gamma_multiply(0.75));
            let mut x = (rect.left() / PITCH).floor() * PITCH;
            while x < rect.right() {
                painter.vline(x, rect.y_range(), Stroke::new(1.5, color));
                x += PITCH;
            }
        }
        Provenance::Interpolated => {
            painter.rect_filled(rect, 1, color.gamma_multiply(0.3));
            let stroke = Stroke::new(1.5, color);
            // From the pitch's multiples, so that neighbouring runs share one hatching.
            let mut x = (rect.left() / PITCH).floor() * PITCH - rect.height();
            while x < rect.right() {
                painter.line_segment([pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())], stroke);
                x += PITCH;
            }
        }
        Provenance::Predicted => {
            painter.rect_filled(rect, 1, color.gamma_multiply(0.2));
            let mut row = 0;
            let mut y = rect.top() + PITCH * 0.5;
            while y < rect.bottom() {
                let shift = if row % 2 == 0 { 0.0 } else { PITCH * 0.5 };
                let mut x = (rect.left() / PITCH).floor() * PITCH + shift;
                while x < rect.right() + PITCH {
                    painter.circle_filled(pos2(x, y), 1.2, color);
                    x += PITCH;
                }
                row += 1;
                y += PITCH * 0.8;
            }
        }
        Provenance::Missing => {
            painter.rect_stroke(rect, 1, Stroke::new(1.0, color.gamma_multiply(0.7)), StrokeKind::Inside);
        }
    }
}

/// A small sample of the pattern.
pub fn swatch(ui: &mut Ui, provenance: Provenance) -> Response {
    let height = (egui::TextStyle::Body.resolve(ui.style()).size * 0.85).round();
    let (rect, response) = ui.allocate_exact_size(vec2(height * 1.6, height), Sense::hover());
    paint(ui.painter(), rect, provenance, theme::palette(ui));
    response.on_hover_text(meaning(provenance))
}

/// A sample and the word.
pub fn chip(ui: &mut Ui, provenance: Provenance) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let word = |ui: &mut Ui| {
            let text = RichText::new(provenance.name()).small();
            ui.label(text).on_hover_text(meaning(provenance));
        };
        if ui.layout().prefer_right_to_left() {
            word(ui);
            swatch(ui, provenance);
        } else {
            swatch(ui, provenance);
            word(ui);
        }
    });
}
