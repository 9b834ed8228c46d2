//! Colour bars in every matrix, range, depth and subsampling, coded by the standard's own equations, through the shader
//! and through the processor: what is drawn is the colour that was coded.

use std::sync::Arc;

use snowmesh::render::{AdapterPreference, Gpu, OverlayRenderer, OverlayScene, RenderTarget, ViewTransform};
use snowmesh::types::{RgbImage, Sampling, YuvColor, YuvImage, YuvMatrix, YuvRange};
use snowmesh::video::yuv_to_rgb;

/// R'G'B' of the bars: 100 %, 75 % and in between (ITU-R BT.2111 has the like), greys last.
const BARS: [[f64; 3]; 12] = [
    [1.0, 1.0, 1.0],
    [0.75, 0.75, 0.75],
    [0.75, 0.75, 0.0],
    [0.0, 0.75, 0.75],
    [0.0, 0.75, 0.0],
    [0.75, 0.0, 0.75],
    [0.75, 0.0, 0.0],
    [0.0, 0.0, 0.75],
    [1.0, 0.0, 0.0],
    [0.2, 0.5, 0.9],
    [0.03, 0.02, 0.05],
    [0.0, 0.0, 0.0],
];

/// Pixels across a bar; several chroma samples in every subsampling.
const BAR: usize = 16;
const HEIGHT: usize = 16;

/// Y', Cb and Cr of R'G'B' as codes of `bits` bits (ITU-T H.273, equations 24 to 44, in doubles).
fn coded(color: YuvColor, bits: u8, [r, g, b]: [f64; 3]) -> [u16; 3] {
    let (kr, kb) = match color.matrix {
        YuvMatrix::Bt601 => (0.299, 0.114),
        YuvMatrix::Bt709 => (0.2126, 0.0722),
        YuvMatrix::Bt2020 => (0.2627, 0.0593),
    };
    let luma = kr * r + (1.0 - kr - kb) * g + kb * b;
    let (blue, red) = (0.5 * (b - luma) / (1.0 - kb), 0.5 * (r - luma) / (1.0 - kr));
    let (unit, most) = (f64::from(1_u32 << (bits - 8)), f64::from((1_u32 << bits) - 1));
    let half = f64::from(1_u32 << (bits - 1));
    let codes = match color.range {
        YuvRange::Limited => {
            [unit * (219.0 * luma + 16.0), unit * (224.0 * blue + 128.0), unit * (224.0 * red + 128.0)]
        }
        YuvRange::Full => [most * luma, most * blue + half, most * red + half],
    };
    codes.map(|code| code.round().clamp(0.0, most) as u16)
}

fn picture(color: YuvColor, sampling: Sampling) -> YuvImage {
    let width = BARS.len() * BAR;
    let mut image = YuvImage::zeroed(width as u32, HEIGHT as u32, color, sampling);
    let bytes = |code: u16| -> Vec<u8> {
        let stored = code << sampling.padding_bits;
        if sampling.bits > 8 { stored.to_le_bytes().to_vec() } else { vec![stored as u8] }
    };
    let plane = |shift_x: u8, shift_y: u8, sample: &dyn Fn([u16; 3]) -> Vec<u8>| -> Vec<u8> {
        let row: Vec<u8> = (0..width >> shift_x)
            .flat_map(|x| sample(coded(color, sampling.bits, BARS[(x << shift_x) / BAR])))
            .collect();
        row.repeat(HEIGHT >> shift_y)
    };
    let (x, y) = (sampling.chroma_x, sampling.chroma_y);
    image.y = plane(0, 0, &|[luma, _, _]| bytes(luma));
    if sampling.interleaved {
        image.u = plane(x, y, &|[_, blue, red]| [bytes(blue), bytes(red)].concat());
    } else {
        image.u = plane(x, y, &|[_, blue, _]| bytes(blue));
        image.v = plane(x, y, &|[_, _, red]| bytes(red));
    }
    assert!(image.is_whole());
    image
}

/// Every layout that decoders give: planar 4:2:0, 4:2:2, 4:4:0, 4:4:4 and 4:1:1, and NV12, P010, P016 and their like.
fn samplings() -> Vec<Sampling> {
    let mut all = Vec::new();
    for bits in [8_u8, 9, 10, 12, 14, 16] {
        for (chroma_x, chroma_y) in [(1, 1), (1, 0), (0, 1), (0, 0), (2, 0)] {
            for interleaved in [false, true] {
                let padding_bits = if interleaved && bits > 8 { 16 - bits } else { 0 };
                let chroma_offset = [0.5 - 0.5 / f32::from(1_u16 << chroma_x), 0.0];
                all.push(Sampling { bits, padding_bits, chroma_x, chroma_y, interleaved, chroma_offset });
            }
        }
    }
    all
}

fn assert_bars(what: &str, pixel: impl Fn(usize, usize) -> [u8; 3], tolerance: f64) {
    for (number, bar) in BARS.iter().enumerate() {
        // Away from the edges, where chroma is interpolated.
        for (x, y) in [(BAR / 2, HEIGHT / 2), (BAR / 2 - 1, 4), (BAR / 2 + 1, 11)] {
            let drawn = pixel(number * BAR + x, y);
            for (code, truth) in drawn.into_iter().zip(bar) {
                let off = (f64::from(code) - 255.0 * truth).abs();
                assert!(off <= tolerance, "{what}: {drawn:?} for {bar:?}");
            }
        }
    }
}

#[test]
fn bars_of_every_matrix_range_depth_and_subsampling_have_their_colours() {
    let gpu = Gpu::headless(AdapterPreference::Software);
    let width = (BARS.len() * BAR) as u32;
    let mut drawing = gpu.ok().map(|gpu| {
        let target = RenderTarget::new(&gpu, width, HEIGHT as u32).unwrap();
        (OverlayRenderer::new(&gpu).unwrap(), target)
    });
    if drawing.is_none() {
        println!("skipped: the shader, for want of a graphics adapter");
    }
    let mut rgba = Vec::new();
    for matrix in [YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020] {
        for range in [YuvRange::Limited, YuvRange::Full] {
            for sampling in samplings() {
                let image = picture(YuvColor { matrix, range }, sampling);
                let what = format!("{matrix:?} {range:?} {sampling:?}");
                let mut rgb = RgbImage::default();
                yuv_to_rgb(&image, &mut rgb);
                let on_processor = |x: usize, y: usize| {
                    let place = (y * width as usize + x) * 3;
                    [rgb.data[place], rgb.data[place + 1], rgb.data[place + 2]]
                };
                assert_bars(&format!("processor, {what}"), on_processor, 2.0);
                if let Some((renderer, target)) = &mut drawing {
                    let scene = OverlayScene::new(Some(Arc::new(image)));
                    renderer.render(&scene, target, &ViewTransform::IDENTITY).unwrap();
                    renderer.read_rgba(target, &mut rgba).unwrap();
                    let in_shader = |x: usize, y: usize| {
                        let place = (y * width as usize + x) * 4;
                        [rgba[place], rgba[place + 1], rgba[place + 2]]
                    };
                    assert_bars(&format!("shader, {what}"), in_shader, 2.0);
                }
            }
        }
    }
}

#[test]
fn a_small_copy_is_drawn_at_the_size_of_the_frame_that_it_stands_for() {
    let Ok(gpu) = Gpu::headless(AdapterPreference::Software) else {
        println!("skipped: no graphics adapter");
        return;
    };
    let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };
    let image = Arc::new(picture(color, Sampling::default()));
    let (width, height) = (image.width * 4, image.height * 4);
    let mut renderer = OverlayRenderer::new(&gpu).unwrap();
    let mut rgba = Vec::new();
    // At its own size, between the pixels, and smaller: the frame fills the target each time.
    for scale in [1.0, 0.5, 0.25, 0.125] {
        let size = [width, height].map(|side| (side as f32 * scale) as u32);
        let target = RenderTarget::new(&gpu, size[0], size[1]).unwrap();
        let mut scene = OverlayScene::new(Some(Arc::clone(&image)));
        scene.picture_size = Some([width, height]);
        let view = ViewTransform { scale, ..ViewTransform::IDENTITY };
        renderer.render(&scene, &target, &view).unwrap();
        renderer.read_rgba(&target, &mut rgba).unwrap();
        let shown = |x: usize, y: usize| {
            let at = |side: usize| (side as f32 * 4.0 * scale + 2.0 * scale) as usize;
            let place = (at(y) * size[0] as usize + at(x)) * 4;
            [rgba[place], rgba[place + 1], rgba[place + 2]]
        };
        assert_bars(&format!("at {scale}"), shown, 2.0);
        assert!(rgba.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255), "it fills the target");
    }
}
