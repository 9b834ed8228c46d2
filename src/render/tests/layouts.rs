//! Every layout of the planes and every kind of light comes out of the shader as the float reference says.

use std::sync::Arc;

use super::{Studio, difference};
use crate::render::{OverlayScene, ViewTransform};
use crate::types::{Light, Primaries, Sampling, Transfer, YuvColor, YuvImage, YuvMatrix, YuvRange};

/// Colour bars at 75 % and greys, R'G'B'.
const BARS: [[f64; 3]; 9] = [
    [0.75, 0.75, 0.75],
    [0.75, 0.75, 0.0],
    [0.0, 0.75, 0.75],
    [0.0, 0.75, 0.0],
    [0.75, 0.0, 0.75],
    [0.75, 0.0, 0.0],
    [0.0, 0.0, 0.75],
    [0.0, 0.0, 0.0],
    [1.0, 1.0, 1.0],
];

/// Codes of R'G'B' (ITU-T H.273, 8.3), in doubles.
fn codes(color: YuvColor, bits: u32, [r, g, b]: [f64; 3]) -> [u16; 3] {
    let (kr, kb) = color.matrix.luma_weights();
    let (kr, kb) = (f64::from(kr), f64::from(kb));
    let y = kr * r + (1.0 - kr - kb) * g + kb * b;
    let (u, v) = ((b - y) / (2.0 * (1.0 - kb)), (r - y) / (2.0 * (1.0 - kr)));
    let one = f64::from(1_u32 << (bits - 8));
    let most = f64::from((1_u32 << bits) - 1);
    let (y, u, v) = match color.range {
        YuvRange::Limited => (16.0 * one + 219.0 * one * y, 224.0 * one * u, 224.0 * one * v),
        YuvRange::Full => (most * y, most * u, most * v),
    };
    [y, u + 128.0 * one, v + 128.0 * one].map(|code| code.round().clamp(0.0, most) as u16)
}

/// A picture with one bar of 8 × 8 pixels for each of [`BARS`].
fn bars(color: YuvColor, sampling: Sampling) -> YuvImage {
    let (width, height) = (8 * BARS.len() as u32, 8);
    let mut image = YuvImage::zeroed(width, height, color, sampling);
    let shapes = sampling.planes(width, height);
    let samples = |shape: usize, channel: &dyn Fn(usize) -> usize, across: usize| -> Vec<u8> {
        let shape = shapes[shape];
        let columns = shape.width as usize * across;
        (0..shape.height as usize)
            .flat_map(|_| 0..columns)
            .flat_map(|column| {
                let bar = column / across * BARS.len() / shape.width as usize;
                let code = codes(color, u32::from(sampling.bits), BARS[bar])[channel(column)];
                let stored = (code << sampling.padding_bits).to_le_bytes();
                stored.into_iter().take(sampling.sample_bytes() as usize)
            })
            .collect()
    };
    image.y = samples(0, &|_| 0, 1);
    if sampling.interleaved {
        image.u = samples(1, &|column| 1 + column % 2, 2);
    } else {
        (image.u, image.v) = (samples(1, &|_| 1, 1), samples(2, &|_| 2, 1));
    }
    image
}

fn layouts() -> impl Iterator<Item = Sampling> {
    [
        (8, 0, 1, 1, false),
        (8, 0, 1, 0, false),
        (8, 0, 0, 0, false),
        (8, 0, 1, 1, true),
        (10, 0, 1, 1, false),
        (10, 0, 1, 0, false),
        (10, 0, 0, 0, false),
        (10, 6, 1, 1, true),
        (12, 0, 1, 0, false),
    ]
    .into_iter()
    .map(|(bits, padding_bits, chroma_x, chroma_y, interleaved)| Sampling {
        bits,
        padding_bits,
        chroma_x,
        chroma_y,
        interleaved,
        ..Sampling::default()
    })
}

#[test]
fn bars_are_right_in_every_matrix_range_depth_and_layout() {
    let Some(mut studio) = Studio::open() else { return };
    for matrix in [YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020] {
        for (range, sampling) in [YuvRange::Limited, YuvRange::Full]
            .into_iter()
            .flat_map(|range| layouts().map(move |sampling| (range, sampling)))
        {
            let color = YuvColor { matrix, range };
            let scene = OverlayScene::new(Some(Arc::new(bars(color, sampling))));
            // Pixel on pixel and enlarged are different shaders.
            for scale in [1_u32, 2] {
                let view = ViewTransform { scale: scale as f32, ..ViewTransform::IDENTITY };
                let drawn = studio.draw(&scene, 72 * scale, 8 * scale, view);
                for (bar, rgb) in BARS.iter().enumerate() {
                    let want = rgb.map(|channel| (channel * 255.0).round() as i32);
                    let got = drawn.rgb((8 * bar as u32 + 4) * scale, 4 * scale);
                    assert!(difference(got, want) <= 2, "{color:?} {sampling:?}: {got:?}, not {want:?}");
                }
            }
        }
    }
}

#[test]
fn light_is_brought_onto_the_screen_as_the_standards_say() {
    let Some(mut studio) = Studio::open() else { return };
    let color = YuvColor { matrix: YuvMatrix::Bt2020, range: YuvRange::Limited };
    let sampling = Sampling { bits: 10, chroma_x: 0, chroma_y: 0, ..Sampling::default() };
    for transfer in [Transfer::Standard, Transfer::Pq, Transfer::Hlg] {
        for primaries in [Primaries::Bt2020, Primaries::DisplayP3] {
            let light = Light { transfer, primaries, ..Light::default() };
            let image = YuvImage { light, ..bars(color, sampling) };
            let drawn =
                studio.draw(&OverlayScene::new(Some(Arc::new(image))), 72, 8, ViewTransform::IDENTITY);
            for (bar, rgb) in BARS.iter().enumerate() {
                let want = light.to_screen(rgb.map(|c| c as f32)).map(|c| (c * 255.0).round() as i32);
                let got = drawn.rgb(8 * bar as u32 + 4, 4);
                assert!(difference(got, want) <= 2, "{light:?} {rgb:?}: {got:?}, not {want:?}");
            }
        }
    }
}
