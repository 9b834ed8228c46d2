//! The small picture over the timeline where the pointer rests.

use std::path::PathBuf;

use egui::{Color32, Context, Id, LayerId, Order, Rect, TextureHandle, TextureOptions, Ui, pos2, vec2};

use super::theme;
use crate::engine::{EngineError, Thumbnails, Wake};

/// Points between two places that have different pictures.
const GRID_POINTS: f32 = 6.0;

/// Small pictures of the open clip, and the one that was made last.
#[derive(Default)]
pub struct Peek {
    thumbnails: Option<Thumbnails>,
    shown: Option<(u64, TextureHandle)>,
}

impl Peek {
    /// Goes over to another clip.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn open(&mut self, wake: Wake, clip: PathBuf) -> Result<(), EngineError> {
        self.shown = None;
        self.thumbnails = Some(Thumbnails::new(clip, wake)?);
        Ok(())
    }

    /// Takes a picture that has been made since the last frame.
    pub fn update(&mut self, ctx: &Context) {
        let Some(latest) = self.thumbnails.as_ref().and_then(Thumbnails::latest) else { return };
        if self.shown.as_ref().is_some_and(|(asked, _)| *asked == latest.asked) {
            return;
        }
        let size = [latest.image.width as usize, latest.image.height as usize];
        let pixels = egui::ColorImage::from_rgb(size, &latest.image.data);
        match &mut self.shown {
            Some((asked, texture)) => {
                *asked = latest.asked;
                texture.set(pixels, TextureOptions::LINEAR);
            }
            None => {
                let texture = ctx.load_texture("thumbnail", pixels, TextureOptions::LINEAR);
                self.shown = Some((latest.asked, texture));
            }
        }
    }

    /// Shows the picture of `frame` above `track` at `x`. One picture stands for the `frames_per_point` of a few points.
    pub fn show(&self, ui: &Ui, x: f32, track: Rect, frame: u64, frames_per_point: f32) {
        let Some(thumbnails) = &self.thumbnails else { return };
        let step = ((GRID_POINTS * frames_per_point) as u64).max(1);
        let asked = frame / step * step;
        let Some((shown, texture)) = &self.shown else {
            thumbnails.ask(asked);
            return;
        };
        if *shown != asked {
            thumbnails.ask(asked);
        }
        let palette = theme::palette(ui);
        let layer = LayerId::new(Order::Foreground, Id::unique("timeline picture"));
        let painter = ui.ctx().layer_painter(layer);
        let size = texture.size_vec2();
        let left = (x - size.x * 0.5).clamp(track.left(), (track.right() - size.x).max(track.left()));
        // Above the flag that tells the time.
        let place = Rect::from_min_size(pos2(left, track.top() - size.y - 32.0), size);
        painter.rect_filled(place.expand(3.0), 4, palette.bar);
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        // The one before stands in, dimmed, until the right one is there.
        let tint = if *shown == asked { Color32::WHITE } else { Color32::from_gray(120) };
        painter.image(texture.id(), place, uv, tint);
        painter.rect_stroke(
            place.expand2(vec2(3.0, 3.0)),
            4,
            egui::Stroke::new(1.0, palette.line),
            egui::StrokeKind::Inside,
        );
    }
}
