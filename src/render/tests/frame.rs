//! The video frame passes through with the standard's colours.

use std::sync::Arc;

use super::{Studio, difference, grey};
use crate::render::{OverlayScene, ViewTransform};
use crate::types::{YuvColor, YuvImage, YuvMatrix, YuvRange};
use glam::Vec2;

/// The formula of `YuvColor::to_rgb`, in doubles.
fn expected(color: YuvColor, y: u8, u: u8, v: u8) -> [i32; 3] {
    let k = color.to_rgb();
    let y = (f64::from(y) - f64::from(k.y_offset)) * f64::from(k.y_scale);
    let [u, v] = [u, v].map(|code| (f64::from(code) - 128.0) * f64::from(k.c_scale));
    let rgb =
        [y + f64::from(k.r_v) * v, y + f64::from(k.g_u) * u + f64::from(k.g_v) * v, y + f64::from(k.b_u) * u];
    rgb.map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as i32)
}

/// 64 × 48: flat 8 × 8 patches of many colours, luma varying within each.
fn patches(color: YuvColor) -> YuvImage {
    let mut image = YuvImage::black(64, 48, color);
    for y in 0..48_usize {
        for x in 0..64_usize {
            image.y[y * 64 + x] = (16 + (x * 3 + y * 5 + (x / 8) * 29) % 220) as u8;
        }
    }
    for y in 0..24_usize {
        for x in 0..32_usize {
            let (column, row) = (x / 4, y / 4);
            image.u[y * 32 + x] = (20 + column * 30) as u8;
            image.v[y * 32 + x] = (20 + row * 42) as u8;
        }
    }
    image
}

#[test]
fn colours_are_those_of_every_matrix_and_range() {
    let Some(mut studio) = Studio::open() else { return };
    for matrix in [YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020] {
        for range in [YuvRange::Limited, YuvRange::Full] {
            let color = YuvColor { matrix, range };
            let image = Arc::new(patches(color));
            let scene = OverlayScene::new(Some(Arc::clone(&image)));
            let drawn = studio.draw(&scene, 64, 48, ViewTransform::IDENTITY);
            // Away from patch edges, where chroma is interpolated.
            for (x, y) in (0..48).flat_map(|y| (0..64).map(move |x| (x, y))) {
                if !((2..6).contains(&(x % 8)) && (2..6).contains(&(y % 8))) {
                    continue;
                }
                let luma = image.y[(y * 64 + x) as usize];
                let chroma = (y / 2 * 32 + x / 2) as usize;
                let want = expected(color, luma, image.u[chroma], image.v[chroma]);
                let got = drawn.rgb(x, y);
                assert!(difference(got, want) <= 1, "{color:?} ({x}, {y}): {got:?}, not {want:?}");
                assert_eq!(drawn.at(x, y)[3], 255);
            }
        }
    }
}

#[test]
fn chroma_is_interpolated_from_its_left_aligned_sites() {
    let Some(mut studio) = Studio::open() else { return };
    let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Full };
    let mut image = YuvImage::black(8, 2, color);
    image.y.fill(100);
    image.v.copy_from_slice(&[128, 128, 188, 188]);
    let scene = OverlayScene::new(Some(Arc::new(image)));
    let drawn = studio.draw(&scene, 8, 2, ViewTransform::IDENTITY);
    // Sites are at luma columns 0, 2, 4, 6: column 3 is half way between the second and the third.
    for (x, v) in [(2, 128), (3, 158), (4, 188), (7, 188)] {
        let want = expected(color, 100, 128, v);
        assert!(difference(drawn.rgb(x, 0), want) <= 1, "column {x}: {:?}, not {want:?}", drawn.rgb(x, 0));
    }
}

#[test]
fn the_view_places_the_picture_and_leaves_the_rest_transparent() {
    let Some(mut studio) = Studio::open() else { return };
    let scene = OverlayScene::new(Some(grey(40, 20, 180)));
    let drawn = studio.draw(&scene, 100, 100, ViewTransform { scale: 2.0, offset_px: Vec2::new(10.0, 30.0) });
    let inside = |x, y| (10..90).contains(&x) && (30..70).contains(&y);
    for (x, y) in (0..100).flat_map(|y| (0..100).map(move |x| (x, y))) {
        let alpha = if inside(x, y) { 255 } else { 0 };
        assert_eq!(drawn.at(x, y)[3], alpha, "({x}, {y})");
    }
}

#[test]
fn a_picture_made_smaller_is_averaged_not_sampled() {
    let Some(mut studio) = Studio::open() else { return };
    let mut image = YuvImage::black(64, 64, super::BT709);
    for (i, luma) in image.y.iter_mut().enumerate() {
        *luma = if (i % 64 + i / 64) % 2 == 0 { 16 } else { 235 };
    }
    let scene = OverlayScene::new(Some(Arc::new(image)));
    for side in [32, 16] {
        let scale = side as f32 / 64.0;
        let drawn = studio.draw(&scene, side, side, ViewTransform { scale, offset_px: Vec2::ZERO });
        for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
            assert!(difference(drawn.rgb(x, y), [127; 3]) <= 2, "{side}: {:?}", drawn.rgb(x, y));
        }
    }
}

#[test]
fn one_size_after_another_draws_each_frame_not_the_last() {
    let Some(mut studio) = Studio::open() else { return };
    for (width, height, luma) in [(427, 241, 60), (427, 241, 200), (1, 1, 90), (33, 7, 120)] {
        let scene = OverlayScene::new(Some(grey(width, height, luma)));
        let drawn = studio.draw(&scene, width, height, ViewTransform::IDENTITY);
        let want = expected(super::BT709, luma, 128, 128);
        for (x, y) in [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)] {
            assert!(difference(drawn.rgb(x, y), want) <= 1, "{width}x{height}: {:?}", drawn.rgb(x, y));
        }
    }
}
