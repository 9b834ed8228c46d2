//! Conversion between Y'CbCr 4:2:0 and packed R'G'B', in fixed point; other layouts are left to `rgb_any`.
//!
//! Chroma is taken from the nearest sample, so that the four pixels of a 2 × 2 block share it; that is what
//! swscale's default converters and OpenCV do with 4:2:0, and thus what detectors have seen in training.

use super::rgb_any;
use crate::types::{RgbImage, Sampling, YuvColor, YuvImage, YuvRange};

/// Fractional bits of coefficients. The largest sum, 255·1.17 + 128·2.2 in 255ths, stays below 2^10, so 32 bits hold
/// it with room to spare, and the error of a coefficient stays below 0.005 codes.
const FRACTION: u32 = 16;
const HALF: i32 = 1 << (FRACTION - 1);

/// One 255th in fixed point: what a picture keeps of itself counts in products of codes and alphas.
const PER_CODE: i32 = (1 << FRACTION) / 255;

/// Converts a picture to R'G'B', reusing the memory of `out`. Each channel is within one code of
/// [`YuvColor::to_rgb`] in exact arithmetic.
pub fn yuv_to_rgb(image: &YuvImage, out: &mut RgbImage) {
    let (width, height) = (image.width as usize, image.height as usize);
    (out.width, out.height) = (image.width, image.height);
    out.data.resize(width * height * 3, 0);
    if width == 0 {
        return;
    }
    let planar = |of: Sampling| (of.bits, of.chroma_x, of.chroma_y, of.interleaved);
    if planar(image.sampling) != planar(Sampling::default()) || !image.light.is_screen() {
        rgb_any::convert(image, &mut out.data);
        return;
    }
    let to_rgb = ToRgb::new(image.color);
    let chroma_width = width.div_ceil(2);
    let u = image.u.chunks_exact(chroma_width).flat_map(|row| [row, row]);
    let v = image.v.chunks_exact(chroma_width).flat_map(|row| [row, row]);
    let rows = out.data.chunks_exact_mut(width * 3).zip(image.y.chunks_exact(width));
    for ((rgb, y), (u, v)) in rows.zip(u.zip(v)) {
        to_rgb.row(y, u, v, rgb);
    }
}

/// [`YuvColor::to_rgb`] in fixed point, from codes to codes.
struct ToRgb {
    y_offset: i32,
    y: i32,
    r_v: i32,
    g_u: i32,
    g_v: i32,
    b_u: i32,
}

impl ToRgb {
    fn new(color: YuvColor) -> Self {
        let k = color.to_rgb();
        let luma = 255.0 * f64::from(k.y_scale);
        let chroma = 255.0 * f64::from(k.c_scale);
        Self {
            y_offset: k.y_offset as i32,
            y: fixed(luma),
            r_v: fixed(chroma * f64::from(k.r_v)),
            g_u: fixed(chroma * f64::from(k.g_u)),
            g_v: fixed(chroma * f64::from(k.g_v)),
            b_u: fixed(chroma * f64::from(k.b_u)),
        }
    }

    fn row(&self, y: &[u8], u: &[u8], v: &[u8], rgb: &mut [u8]) {
        let chroma = u.iter().zip(v);
        let blocks = rgb.chunks_mut(6).zip(y.chunks(2));
        for ((rgb, y), (&u, &v)) in blocks.zip(chroma) {
            let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
            let (r, g, b) = (self.r_v * v, self.g_u * u + self.g_v * v, self.b_u * u);
            for (rgb, &y) in rgb.chunks_exact_mut(3).zip(y) {
                let y = (i32::from(y) - self.y_offset) * self.y + HALF;
                rgb[0] = code((y + r) >> FRACTION);
                rgb[1] = code((y + g) >> FRACTION);
                rgb[2] = code((y + b) >> FRACTION);
            }
        }
    }
}

/// Converts packed R'G'B'A (alpha ignored, rows without padding) into a picture, by its size and colour. The chroma
/// of a block is the mean of its pixels; where the size is odd, the last column and row count twice.
///
/// Rows that `rgba` is too short for stay as they are.
pub fn rgba_to_yuv(rgba: &[u8], image: &mut YuvImage) {
    let width = image.width as usize;
    if width == 0 {
        return;
    }
    let to_yuv = ToYuv::new(image.color);
    for (rgba, y) in rgba.chunks_exact(width * 4).zip(image.y.chunks_exact_mut(width)) {
        to_yuv.luma_row(rgba, y);
    }
    let chroma_width = width.div_ceil(2);
    let chroma = image.u.chunks_exact_mut(chroma_width).zip(image.v.chunks_exact_mut(chroma_width));
    for (pair, (u, v)) in rgba.chunks(width * 8).zip(chroma) {
        let (top, bottom) = pair.split_at(pair.len().min(width * 4));
        let bottom = if bottom.len() == width * 4 { bottom } else { top };
        to_yuv.chroma_row(top, bottom, u, v);
    }
}

/// Y = offset + Σ y·c, U = 128 + Σ u·c, V = 128 + Σ v·c over the channels c (ITU-T H.273, 8.3), in fixed point.
pub(super) struct ToYuv {
    y_offset: i32,
    y: [i32; 3],
    u: [i32; 3],
    v: [i32; 3],
}

impl ToYuv {
    pub(super) fn new(color: YuvColor) -> Self {
        let (kr, kb) = color.matrix.luma_weights();
        let (kr, kb) = (f64::from(kr), f64::from(kb));
        let (y_offset, luma, chroma) = match color.range {
            YuvRange::Limited => (16, 219.0 / 255.0, 224.0 / 255.0),
            YuvRange::Full => (0, 1.0, 1.0),
        };
        // Green takes what rounding leaves over, so that greys stay exactly grey and white exactly white.
        let (y_r, y_b) = (fixed(luma * kr), fixed(luma * kb));
        let (u_r, u_b) = (fixed(-chroma * kr / (2.0 * (1.0 - kb))), fixed(chroma / 2.0));
        let (v_r, v_b) = (fixed(chroma / 2.0), fixed(-chroma * kb / (2.0 * (1.0 - kr))));
        Self {
            y_offset,
            y: [y_r, fixed(luma) - y_r - y_b, y_b],
            u: [u_r, -u_r - u_b, u_b],
            v: [v_r, -v_r - v_b, v_b],
        }
    }

    /// The luma of a pixel that is multiplied by its alpha, over a picture's luma.
    pub(super) fn luma_over(&self, [r, g, b, alpha]: [u8; 4], under: u8) -> u8 {
        let kept = (i32::from(under) - self.y_offset) * (255 - i32::from(alpha));
        let mixed = dot(self.y, [r, g, b].map(i32::from)) + kept * PER_CODE;
        code(((mixed + HALF) >> FRACTION) + self.y_offset)
    }

    /// The chroma of a block over a picture's; `sums` are those of its four pixels' channels, multiplied by alpha, and
    /// alphas.
    pub(super) fn chroma_over(&self, [r, g, b, alpha]: [i32; 4], (u, v): (u8, u8)) -> (u8, u8) {
        const SHIFT: u32 = FRACTION + 2;
        let over = |weights: [i32; 3], under: u8| {
            let kept = (i32::from(under) - 128) * (4 * 255 - alpha);
            let offset = (128 << SHIFT) + (1 << (SHIFT - 1));
            code((dot(weights, [r, g, b]) + kept * PER_CODE + offset) >> SHIFT)
        };
        (over(self.u, u), over(self.v, v))
    }

    fn luma_row(&self, rgba: &[u8], y: &mut [u8]) {
        for (pixel, y) in rgba.as_chunks::<4>().0.iter().zip(y) {
            let channels = [pixel[0], pixel[1], pixel[2]].map(i32::from);
            *y = code(((dot(self.y, channels) + HALF) >> FRACTION) + self.y_offset);
        }
    }

    fn chroma_row(&self, top: &[u8], bottom: &[u8], u: &mut [u8], v: &mut [u8]) {
        /// The sums are over four pixels, so two bits more.
        const SHIFT: u32 = FRACTION + 2;
        let blocks = top.chunks(8).zip(bottom.chunks(8));
        for ((top, bottom), (u, v)) in blocks.zip(u.iter_mut().zip(v)) {
            let sums: [i32; 3] = std::array::from_fn(|channel| {
                let pair = |row: &[u8]| {
                    let left = i32::from(row.get(channel).copied().unwrap_or(0));
                    left + row.get(channel + 4).map_or(left, |&right| i32::from(right))
                };
                pair(top) + pair(bottom)
            });
            let offset = (128 << SHIFT) + (1 << (SHIFT - 1));
            *u = code((dot(self.u, sums) + offset) >> SHIFT);
            *v = code((dot(self.v, sums) + offset) >> SHIFT);
        }
    }
}

fn fixed(value: f64) -> i32 {
    (value * f64::from(1 << FRACTION)).round() as i32
}

fn dot(weights: [i32; 3], channels: [i32; 3]) -> i32 {
    weights[0] * channels[0] + weights[1] * channels[1] + weights[2] * channels[2]
}

fn code(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::YuvMatrix;

    fn colors() -> impl Iterator<Item = YuvColor> {
        [YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020]
            .into_iter()
            .flat_map(|matrix| [YuvRange::Limited, YuvRange::Full].map(|range| YuvColor { matrix, range }))
    }

    /// The equations of ITU-T H.273 with the weights of the standards, in double precision.
    fn exact(color: YuvColor, [y, u, v]: [u8; 3]) -> [f64; 3] {
        let (kr, kb) = match color.matrix {
            YuvMatrix::Bt601 => (0.299, 0.114),
            YuvMatrix::Bt709 => (0.2126, 0.0722),
            YuvMatrix::Bt2020 => (0.2627, 0.0593),
        };
        let (y, u, v) = (f64::from(y), f64::from(u) - 128.0, f64::from(v) - 128.0);
        let (y, u, v) = match color.range {
            YuvRange::Limited => ((y - 16.0) / 219.0, u / 224.0, v / 224.0),
            YuvRange::Full => (y / 255.0, u / 255.0, v / 255.0),
        };
        let (r, b) = (y + 2.0 * (1.0 - kr) * v, y + 2.0 * (1.0 - kb) * u);
        let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
        [r, g, b].map(|c| (255.0 * c).clamp(0.0, 255.0))
    }

    #[test]
    fn every_code_becomes_the_colour_of_the_standard_within_a_code() {
        let codes = || (0..=255u8).step_by(5).chain([16, 127, 128, 129, 235, 240]);
        let mut rgb = RgbImage::default();
        for color in colors() {
            for u in codes() {
                for v in codes() {
                    let y: Vec<u8> = codes().flat_map(|y| [y, y]).collect();
                    let blocks = y.len() / 2;
                    let image = YuvImage {
                        width: y.len() as u32,
                        height: 1,
                        u: vec![u; blocks],
                        v: vec![v; blocks],
                        y,
                        ..YuvImage::black(0, 0, color)
                    };
                    yuv_to_rgb(&image, &mut rgb);
                    for (&y, pixel) in image.y.iter().zip(rgb.data.chunks_exact(3)) {
                        for (ours, truth) in pixel.iter().zip(exact(color, [y, u, v])) {
                            assert!(
                                (f64::from(*ours) - truth).abs() <= 1.0,
                                "{color:?} {y} {u} {v}: {pixel:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn flat_colours_survive_the_round_trip_within_two_codes() {
        let mut image = YuvImage::black(5, 3, colors().next().unwrap());
        let mut back = RgbImage::default();
        let steps = || (0..=255u8).step_by(15);
        for color in colors() {
            image.color = color;
            for (r, g, b) in steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| (r, g, b))))
            {
                rgba_to_yuv(&[r, g, b, 0].repeat(15), &mut image);
                yuv_to_rgb(&image, &mut back);
                for pixel in back.data.chunks_exact(3) {
                    for (ours, given) in pixel.iter().zip([r, g, b]) {
                        assert!(ours.abs_diff(given) <= 2, "{color:?} {r} {g} {b}: {pixel:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn greys_have_no_chroma_and_white_and_black_are_the_ends_of_the_range() {
        for color in colors() {
            let mut image = YuvImage::black(2, 2, color);
            for grey in 0..=255 {
                rgba_to_yuv(&[grey; 16], &mut image);
                assert_eq!((image.u[0], image.v[0]), (128, 128));
            }
            let white = if color.range == YuvRange::Full { 255 } else { 235 };
            assert_eq!(image.y, [white; 4]);
        }
    }

    #[test]
    fn each_pixel_takes_the_chroma_of_its_block() {
        let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Full };
        let image = YuvImage {
            width: 3,
            height: 3,
            y: vec![128; 9],
            u: vec![128; 4],
            v: vec![128, 200, 60, 128],
            ..YuvImage::black(0, 0, color)
        };
        let mut rgb = RgbImage::default();
        yuv_to_rgb(&image, &mut rgb);
        let red = |x: usize, y: usize| i32::from(rgb.data[(y * 3 + x) * 3]);
        for (x, y, v) in
            [(0, 0, 128), (1, 1, 128), (2, 0, 200), (2, 1, 200), (0, 2, 60), (1, 2, 60), (2, 2, 128)]
        {
            let truth = exact(color, [128, 128, v])[0];
            assert!((f64::from(red(x, y)) - truth).abs() <= 1.0, "({x}, {y})");
        }
    }

    #[test]
    fn chroma_is_the_mean_of_its_block() {
        let color = YuvColor { matrix: YuvMatrix::Bt601, range: YuvRange::Full };
        let (red, blue) = ([255, 0, 0, 255], [0, 0, 255, 255]);
        let mut image = YuvImage::black(2, 2, color);
        rgba_to_yuv(&[red, red, blue, blue].concat(), &mut image);
        // V of red is 255.5, of blue 107.3; U of red 85.0, of blue 255.5.
        assert_eq!((image.u[0], image.v[0]), (170, 181));
    }
}
