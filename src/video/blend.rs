//! Laying a drawn overlay over a picture without leaving Y'CbCr: what nothing is drawn over stays exactly as it was
//! decoded, and only what is drawn costs time.

use super::rgb::ToYuv;
use crate::types::YuvImage;

/// A drawn part of a picture: packed 8-bit R'G'B'A, colours multiplied by their alpha, rows without padding.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Pixels, `size.0` · `size.1` · 4 bytes.
    pub rgba: Vec<u8>,
    /// Place of its top-left corner in the picture, pixels; even.
    pub origin: (u32, u32),
    /// Pixels across and down; parts past the picture's edge are left out.
    pub size: (u32, u32),
}

/// Lays `patch` over `image`, which is [plain](YuvImage::is_plain).
///
/// Y'CbCr is linear in R'G'B', so blending here is blending there: luma by pixel, chroma by the mean of its block's
/// colours and alphas.
pub fn blend(patch: &Patch, image: &mut YuvImage) {
    let (left, top) = (patch.origin.0 as usize & !1, patch.origin.1 as usize & !1);
    let (width, height) = (image.width as usize, image.height as usize);
    let across = (patch.size.0 as usize).min(width.saturating_sub(left));
    let down = (patch.size.1 as usize).min(height.saturating_sub(top));
    let row = patch.size.0 as usize * 4;
    if across == 0 || down == 0 || patch.rgba.len() < row * down || !image.is_plain() {
        return;
    }
    let to_yuv = ToYuv::new(image.color);
    let chroma_width = width.div_ceil(2);
    for (block_row, pair) in patch.rgba[..row * down].chunks(row * 2).enumerate() {
        let (upper, lower) = pair.split_at(row);
        let (upper, lower) = (&upper[..across * 4], lower.get(..across * 4));
        let y = top + block_row * 2;
        for (offset, pixels) in [Some(upper), lower].into_iter().flatten().enumerate() {
            let start = (y + offset) * width + left;
            luma(&to_yuv, pixels, &mut image.y[start..start + across]);
        }
        let start = y / 2 * chroma_width + left / 2;
        let end = start + across.div_ceil(2);
        chroma(&to_yuv, (upper, lower.unwrap_or(upper)), &mut image.u[start..end], &mut image.v[start..end]);
    }
}

fn luma(to_yuv: &ToYuv, pixels: &[u8], codes: &mut [u8]) {
    for (pixel, code) in pixels.as_chunks::<4>().0.iter().zip(codes) {
        if pixel[3] != 0 {
            *code = to_yuv.luma_over(*pixel, *code);
        }
    }
}

fn chroma(to_yuv: &ToYuv, (upper, lower): (&[u8], &[u8]), u: &mut [u8], v: &mut [u8]) {
    let blocks = upper.chunks(8).zip(lower.chunks(8));
    for ((upper, lower), (u, v)) in blocks.zip(u.iter_mut().zip(v)) {
        let sums: [i32; 4] = std::array::from_fn(|channel| {
            let pair = |row: &[u8]| {
                let left = i32::from(row.get(channel).copied().unwrap_or(0));
                left + row.get(channel + 4).map_or(left, |&right| i32::from(right))
            };
            pair(upper) + pair(lower)
        });
        if sums[3] != 0 {
            (*u, *v) = to_yuv.chroma_over(sums, (*u, *v));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rgb::rgba_to_yuv;
    use super::*;
    use crate::types::{YuvColor, YuvMatrix, YuvRange};

    /// A picture of one colour, as `rgba_to_yuv` makes it.
    fn flat(rgb: [u8; 3], (width, height): (u32, u32), color: YuvColor) -> YuvImage {
        let mut image = YuvImage::black(width, height, color);
        let pixel = [rgb[0], rgb[1], rgb[2], 255];
        rgba_to_yuv(&pixel.repeat((width * height) as usize), &mut image);
        image
    }

    #[test]
    fn blending_is_that_of_the_colours_and_leaves_the_rest_alone() {
        let base = [200, 120, 40];
        for matrix in [YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020] {
            for range in [YuvRange::Limited, YuvRange::Full] {
                let color = YuvColor { matrix, range };
                for alpha in [1_u32, 64, 128, 254, 255] {
                    let over = [30, 220, 90_u32];
                    let premultiplied = over.map(|c| (c * alpha + 127) / 255);
                    let mut image = flat(base, (9, 7), color);
                    let before = image.clone();
                    let [r, g, b] = premultiplied.map(|c| c as u8);
                    let rgba = [r, g, b, alpha as u8].repeat(20);
                    blend(&Patch { rgba, origin: (4, 2), size: (4, 5) }, &mut image);
                    let mixed = [0, 1, 2].map(|c| {
                        ((premultiplied[c] * 255 + base[c] as u32 * (255 - alpha) + 127) / 255) as u8
                    });
                    let expected = flat(mixed, (9, 7), color);
                    for y in 0..7 {
                        for x in 0..9 {
                            let at = y * 9 + x;
                            let inside = (4..8).contains(&x) && (2..7).contains(&y);
                            let truth = if inside { &expected } else { &before };
                            assert!(image.y[at].abs_diff(truth.y[at]) <= 1, "{color:?} {alpha} {x} {y}");
                            assert!(inside || image.y[at] == before.y[at]);
                            let block = y / 2 * 5 + x / 2;
                            for (ours, truth) in [(&image.u, &truth.u), (&image.v, &truth.v)] {
                                assert!(ours[block].abs_diff(truth[block]) <= 1, "{color:?} {alpha} {x} {y}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_lies_past_the_edge_is_left_out_and_an_empty_patch_changes_nothing() {
        let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };
        let mut image = flat([10, 20, 30], (6, 6), color);
        let before = image.clone();
        blend(&Patch { rgba: vec![0; 6 * 6 * 4], origin: (0, 0), size: (6, 6) }, &mut image);
        blend(&Patch { rgba: vec![255; 16 * 4], origin: (6, 0), size: (4, 4) }, &mut image);
        blend(&Patch { rgba: vec![255; 3], origin: (0, 0), size: (4, 4) }, &mut image);
        assert_eq!(image, before);
        blend(&Patch { rgba: vec![255; 16 * 4], origin: (4, 4), size: (4, 4) }, &mut image);
        assert_eq!((image.y[5 * 6 + 5], image.y[3 * 6 + 5]), (235, before.y[0]));
    }
}
