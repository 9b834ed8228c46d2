//! The pinhole camera that a body is seen through.

use glam::{Vec2, Vec3};
use serde::{Deserialize, Serialize};

/// A pinhole camera without lens distortion; square pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    /// Focal length, pixels.
    pub focal_px: f32,
    /// Principal point, picture pixels.
    pub center_px: Vec2,
}

impl Camera {
    /// A camera with the principal point in the middle of a `width` × `height` picture.
    pub fn centered(focal_px: f32, width: u32, height: u32) -> Self {
        Self { focal_px, center_px: Vec2::new(width as f32, height as f32) * 0.5 }
    }

    /// The picture position of a point in the camera frame, or `None` where it is not in front of the camera.
    pub fn project(&self, point_m: Vec3) -> Option<Vec2> {
        (point_m.z > 1e-4).then(|| point_m.truncate() / point_m.z * self.focal_px + self.center_px)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_metre_at_focal_depth_spans_one_focal_length() {
        let camera = Camera::centered(500.0, 640, 360);
        let px = camera.project(Vec3::new(1.0, -0.5, 1.0)).unwrap();
        assert_eq!(px, Vec2::new(820.0, -70.0));
        assert!(camera.project(Vec3::new(0.0, 0.0, -1.0)).is_none());
    }
}
