//! How the picture lies in the view: fitted, or at a scale of the user's own.

use egui::{Pos2, Rect, Vec2};

/// Largest scale, view points per picture pixel: single pixels are squares as large as an icon there.
const MAX_SCALE: f32 = 24.0;

/// Smallest scale as a part of the fitted one.
const MIN_OF_FIT: f32 = 0.25;

/// Where the picture is in the view.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Zoom {
    /// All of the picture, as large as it goes, in the middle.
    #[default]
    Fit,
    /// At a scale of its own.
    Free {
        /// View points per picture pixel.
        scale: f32,
        /// The picture point in the middle of the view, pixels.
        center_px: Vec2,
    },
}

/// The view and the picture that is shown in it.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The view, points.
    pub view: Rect,
    /// Width and height of the picture as shown, pixels with their aspect applied.
    pub picture_px: Vec2,
}

impl Frame {
    /// The scale at which the picture touches the view's tighter sides.
    pub fn fit_scale(&self) -> f32 {
        let ratio = self.view.size() / self.picture_px.max(Vec2::splat(1.0));
        ratio.min_elem().max(1e-4)
    }
}

impl Zoom {
    /// View points per picture pixel.
    pub fn scale(self, frame: &Frame) -> f32 {
        match self {
            Self::Fit => frame.fit_scale(),
            Self::Free { scale, .. } => scale,
        }
    }

    /// Where the picture is, view points.
    pub fn picture_rect(self, frame: &Frame) -> Rect {
        let scale = self.scale(frame);
        let center = match self {
            Self::Fit => frame.view.center(),
            Self::Free { center_px, .. } => {
                frame.view.center() + (frame.picture_px * 0.5 - center_px) * scale
            }
        };
        Rect::from_center_size(center, frame.picture_px * scale)
    }

    /// Scaled by `factor` with the picture point under `cursor` staying where it is.
    pub fn about(self, frame: &Frame, cursor: Pos2, factor: f32) -> Self {
        let old = self.scale(frame);
        let rect = self.picture_rect(frame);
        let under_cursor_px = (cursor - rect.min) / old;
        let lowest = (frame.fit_scale() * MIN_OF_FIT).min(MAX_SCALE);
        let scale = (old * factor).clamp(lowest, MAX_SCALE);
        let center_px = under_cursor_px + (frame.view.center() - cursor) / scale;
        Self::Free { scale, center_px: clamp_center(center_px, frame) }
    }

    /// Moved with a drag of `delta` points.
    pub fn panned(self, frame: &Frame, delta: Vec2) -> Self {
        let scale = self.scale(frame);
        let center_px = match self {
            Self::Fit => frame.picture_px * 0.5,
            Self::Free { center_px, .. } => center_px,
        };
        Self::Free { scale, center_px: clamp_center(center_px - delta / scale, frame) }
    }
}

/// Keeps the middle of the view on the picture, so that it cannot be lost.
fn clamp_center(center_px: Vec2, frame: &Frame) -> Vec2 {
    center_px.clamp(Vec2::ZERO, frame.picture_px)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{pos2, vec2};

    fn frame() -> Frame {
        Frame {
            view: Rect::from_min_size(pos2(100.0, 50.0), vec2(800.0, 400.0)),
            picture_px: vec2(1280.0, 720.0),
        }
    }

    fn picture_point(zoom: Zoom, frame: &Frame, at: Pos2) -> Vec2 {
        (at - zoom.picture_rect(frame).min) / zoom.scale(frame)
    }

    #[test]
    fn a_fitted_picture_touches_the_tighter_sides_and_is_centred() {
        let rect = Zoom::Fit.picture_rect(&frame());
        assert!((rect.height() - 400.0).abs() < 1e-3);
        assert!((rect.center() - frame().view.center()).length() < 1e-3);
        assert!((rect.width() / rect.height() - 1280.0 / 720.0).abs() < 1e-4);
    }

    #[test]
    fn zooming_keeps_the_point_under_the_cursor() {
        let (frame, cursor) = (frame(), pos2(420.0, 260.0));
        let before = picture_point(Zoom::Fit, &frame, cursor);
        let near = Zoom::Fit.about(&frame, cursor, 2.5);
        assert!((picture_point(near, &frame, cursor) - before).length() < 0.05);
        let nearer = near.about(&frame, cursor, 1.7);
        assert!((picture_point(nearer, &frame, cursor) - before).length() < 0.05);
    }

    #[test]
    fn panning_moves_the_picture_with_the_hand_and_never_out_of_reach() {
        let frame = frame();
        let start = Zoom::Fit.about(&frame, frame.view.center(), 3.0);
        let moved = start.panned(&frame, vec2(30.0, -12.0));
        let shift = moved.picture_rect(&frame).min - start.picture_rect(&frame).min;
        assert!((shift - vec2(30.0, -12.0)).length() < 1e-2, "{shift:?}");
        let far = start.panned(&frame, vec2(1e6, 1e6)).picture_rect(&frame);
        assert!(far.expand(1.0).contains(frame.view.center()));
    }

    #[test]
    fn the_scale_stays_within_its_bounds() {
        let frame = frame();
        let near = Zoom::Fit.about(&frame, frame.view.center(), 1e9).scale(&frame);
        assert_eq!(near, MAX_SCALE);
        let far = Zoom::Fit.about(&frame, frame.view.center(), 1e-9).scale(&frame);
        assert!((far - frame.fit_scale() * MIN_OF_FIT).abs() < 1e-6);
    }
}
