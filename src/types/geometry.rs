//! Boxes in the picture.

use glam::Vec2;
use serde::{Deserialize, Serialize};

/// An axis-aligned box in picture pixels; `min` is its top-left and `max` its bottom-right corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BBox {
    /// Top-left corner, pixels.
    pub min: Vec2,
    /// Bottom-right corner, pixels.
    pub max: Vec2,
}

impl BBox {
    /// A box from its left, top, right and bottom edges.
    pub fn new(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self { min: Vec2::new(left, top), max: Vec2::new(right, bottom) }
    }

    /// A box from its centre and size.
    pub fn from_center(center: Vec2, size: Vec2) -> Self {
        Self { min: center - size * 0.5, max: center + size * 0.5 }
    }

    /// The smallest box around `points`, or `None` where there are none.
    pub fn around(points: impl IntoIterator<Item = Vec2>) -> Option<Self> {
        let mut points = points.into_iter();
        let first = points.next()?;
        Some(
            points
                .fold(Self { min: first, max: first }, |b, p| Self { min: b.min.min(p), max: b.max.max(p) }),
        )
    }

    /// Width and height; zero where the corners are crossed.
    pub fn size(&self) -> Vec2 {
        (self.max - self.min).max(Vec2::ZERO)
    }

    /// The middle of the box.
    pub fn center(&self) -> Vec2 {
        (self.min + self.max) * 0.5
    }

    /// The longer side.
    pub fn long_side(&self) -> f32 {
        self.size().max_element()
    }

    /// Width × height.
    pub fn area(&self) -> f32 {
        let size = self.size();
        size.x * size.y
    }

    /// The part that lies in both boxes; of zero size where they do not meet.
    pub fn intersection(&self, other: &Self) -> Self {
        Self { min: self.min.max(other.min), max: self.max.min(other.max) }
    }

    /// Intersection over union, 0 to 1; 0 where both boxes are empty.
    pub fn iou(&self, other: &Self) -> f32 {
        let inter = self.intersection(other).area();
        let union = self.area() + other.area() - inter;
        if union > 0.0 { inter / union } else { 0.0 }
    }

    /// The same box moved by `offset` pixels.
    pub fn translated(&self, offset: Vec2) -> Self {
        Self { min: self.min + offset, max: self.max + offset }
    }

    /// The point at fraction `t` (0 to 1) on the straight way from this box to `other`, corner by corner.
    pub fn lerp(&self, other: &Self, t: f32) -> Self {
        Self { min: self.min.lerp(other.min, t), max: self.max.lerp(other.max, t) }
    }

    /// Whether every coordinate is a finite number and the box has an area.
    pub fn is_valid(&self) -> bool {
        self.min.is_finite() && self.max.is_finite() && self.area() > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iou_of_half_overlapping_squares_is_one_third() {
        let a = BBox::new(0.0, 0.0, 2.0, 2.0);
        let b = BBox::new(1.0, 0.0, 3.0, 2.0);
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn boxes_apart_or_empty_share_nothing() {
        let a = BBox::new(0.0, 0.0, 2.0, 2.0);
        assert_eq!(a.iou(&BBox::new(5.0, 5.0, 6.0, 6.0)), 0.0);
        assert_eq!(BBox::default().iou(&BBox::default()), 0.0);
        assert_eq!(BBox::new(3.0, 3.0, 1.0, 1.0).area(), 0.0);
    }
}
