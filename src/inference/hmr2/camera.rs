//! From the weak camera of a crop to the pinhole of the whole picture.

use glam::{Vec2, Vec3};

use super::crop::Square;
use crate::types::{Camera, RgbImage};

/// Focal length that HMR2 was trained with, in sides of its 256-pixel crop; the whole picture gets the same of its
/// longer side.
const FOCAL_PER_SIDE: f32 = 5000.0 / 256.0;

/// The focal length that HMR2 takes every picture to have, pixels.
pub(super) fn trained_px(image: &RgbImage) -> f32 {
    FOCAL_PER_SIDE * image.width.max(image.height) as f32
}

/// A picture's diagonal, pixels: the focal length of a picture of which nothing is known, for a network that asks for the
/// real one (CLIFF, Li et al., 2022; a field of view of 53° across the diagonal).
pub(super) fn diagonal_px(image: &RgbImage) -> f32 {
    (image.width as f32).hypot(image.height as f32)
}

/// Where in its picture a crop lies, as such a network is told: its middle off the picture's, and its side, in focal
/// lengths.
pub(super) fn place(square: &Square, width: u32, height: u32, focal_px: f32) -> [f32; 3] {
    let offset = square.center - Vec2::new(width as f32, height as f32) / 2.0;
    [offset.x, offset.y, square.side_px].map(|px| px / focal_px)
}

/// Where the body of a crop stands in the frame of the whole picture's camera, metres, and that camera.
///
/// The crop's camera is (s, tx, ty): a scale, and a shift in metres (4D-Humans, `cam_crop_to_full`). `None` where it puts
/// the body behind the camera.
pub(super) fn full_frame(
    [scale, x, y]: [f32; 3],
    square: &Square,
    width: u32,
    height: u32,
    focal_px: f32,
) -> Option<(Vec3, Camera)> {
    let side = square.side_px * scale + 1e-9;
    let offset = square.center - Vec2::new(width as f32, height as f32) / 2.0;
    let translation_m = (Vec2::new(x, y) + offset * 2.0 / side).extend(2.0 * focal_px / side);
    (translation_m.is_finite() && translation_m.z > 0.0)
        .then(|| (translation_m, Camera::centered(focal_px, width, height)))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};
    use ndarray_npy::NpzReader;

    use super::*;

    #[test]
    fn translations_are_those_of_the_original() {
        let golden = include_bytes!("../../../tests/data/hmr2/camera.npz");
        let mut golden = NpzReader::new(std::io::Cursor::new(&golden[..])).unwrap();
        let mut table = |name: &str| -> Array2<f32> { golden.by_name(name).unwrap() };
        let (cameras, centers, sizes) = (table("pred_cam"), table("box_center"), table("image_size"));
        let expected = table("camera_translation");
        let sides: Array1<f32> = golden.by_name("box_size").unwrap();
        let focal: Array1<f32> = golden.by_name("focal_length").unwrap();
        for case in 0..cameras.nrows() {
            let square =
                Square { center: Vec2::new(centers[(case, 0)], centers[(case, 1)]), side_px: sides[case] };
            let camera = [cameras[(case, 0)], cameras[(case, 1)], cameras[(case, 2)]];
            let (width, height) = (sizes[(case, 0)] as u32, sizes[(case, 1)] as u32);
            let picture = RgbImage { width, height, data: Vec::new() };
            let focal_px = trained_px(&picture);
            let (found, camera) = full_frame(camera, &square, width, height, focal_px).unwrap();
            let expected = Vec3::new(expected[(case, 0)], expected[(case, 1)], expected[(case, 2)]);
            assert!(found.distance(expected) < 1e-4 * expected.length(), "{found} {expected}");
            assert!((camera.focal_px / focal[case] - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn nobody_stands_behind_the_camera() {
        let square = Square { center: Vec2::splat(50.0), side_px: 80.0 };
        assert!(full_frame([-0.5, 0.0, 0.0], &square, 100, 100, 1950.0).is_none());
        assert!(full_frame([f32::NAN, 0.0, 0.0], &square, 100, 100, 1950.0).is_none());
    }
}
