//! How the picture lies in the target, and how large lines and text are there.

use glam::Vec2;

use crate::types::BBox;

/// Places the picture in the target: target = picture · scale + offset.
///
/// Bodies, lines and text are drawn in target pixels, so zooming in keeps them crisp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewTransform {
    /// Target pixels per picture pixel, above 0.
    pub scale: f32,
    /// Where the picture's top-left corner is, target pixels.
    pub offset_px: Vec2,
}

impl Default for ViewTransform {
    fn default() -> Self {
        Self::IDENTITY
    }
}

impl ViewTransform {
    /// One picture pixel on one target pixel.
    pub const IDENTITY: Self = Self { scale: 1.0, offset_px: Vec2::ZERO };

    /// The largest view that shows the whole `picture_px` in the middle of `target_px` (width and height).
    pub fn fit(picture_px: Vec2, target_px: Vec2) -> Self {
        let scale = (target_px / picture_px.max(Vec2::ONE)).min_element().max(f32::MIN_POSITIVE);
        Self { scale, offset_px: (target_px - picture_px * scale) * 0.5 }
    }

    /// Where a picture point is in the target, pixels.
    pub fn target_from_picture(&self, picture_px: Vec2) -> Vec2 {
        picture_px * self.scale + self.offset_px
    }

    /// Which picture point a target point shows, pixels.
    pub fn picture_from_target(&self, target_px: Vec2) -> Vec2 {
        (target_px - self.offset_px) / self.scale
    }

    /// Where a picture box is in the target, pixels.
    pub(super) fn target_box(&self, picture: &BBox) -> BBox {
        BBox { min: self.target_from_picture(picture.min), max: self.target_from_picture(picture.max) }
    }
}

/// Sizes of lines and text follow the target's short side: this many target pixels make one unit of design, which
/// is one pixel of a 720p picture.
pub(super) fn design_unit_px(target_px: Vec2) -> f32 {
    (target_px.min_element() / 720.0).max(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fit_touches_the_tighter_sides_and_centres_the_other() {
        let view = ViewTransform::fit(Vec2::new(1280.0, 720.0), Vec2::new(640.0, 640.0));
        assert_eq!(view.target_from_picture(Vec2::ZERO), Vec2::new(0.0, 140.0));
        assert_eq!(view.target_from_picture(Vec2::new(1280.0, 720.0)), Vec2::new(640.0, 500.0));
        assert_eq!(view.picture_from_target(Vec2::new(320.0, 320.0)), Vec2::new(640.0, 360.0));
    }

    #[test]
    fn units_double_from_720p_to_1440p_and_stay_visible_in_a_thumbnail() {
        assert_eq!(design_unit_px(Vec2::new(2560.0, 1440.0)), 2.0);
        assert_eq!(design_unit_px(Vec2::new(1080.0, 1920.0)), 1.5);
        assert_eq!(design_unit_px(Vec2::new(64.0, 36.0)), 0.5);
    }
}
