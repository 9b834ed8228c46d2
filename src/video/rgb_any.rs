//! Conversion of any layout and light to packed 8-bit R'G'B', for what looks at pictures on the processor. The common
//! case, 8-bit 4:2:0 for a standard screen, has a faster way of its own in `rgb`.

use super::tone::Tone;
use crate::types::{Sampling, YuvImage, YuvToRgb};

/// Converts a picture into `rgb`, height × width × 3. Chroma is that of the nearest sample.
pub(super) fn convert(image: &YuvImage, rgb: &mut [u8]) {
    let width = image.width as usize;
    if width == 0 || !image.is_whole() {
        return;
    }
    let rows = Rows {
        image,
        sampling: image.sampling,
        unit: image.sampling.unit(),
        to_rgb: image.color.to_rgb_of(image.sampling.bits),
        tone: (!image.light.is_screen()).then(|| Tone::new(image.light)),
    };
    for (y, row) in rgb.chunks_exact_mut(width * 3).enumerate() {
        if image.sampling.sample_bytes() == 1 {
            rows.convert::<1>(y, row);
        } else {
            rows.convert::<2>(y, row);
        }
    }
}

struct Rows<'a> {
    image: &'a YuvImage,
    sampling: Sampling,
    unit: f32,
    to_rgb: YuvToRgb,
    tone: Option<Tone>,
}

impl Rows<'_> {
    fn convert<const BYTES: usize>(&self, y: usize, rgb: &mut [u8]) {
        let (image, k) = (self.image, &self.to_rgb);
        let [_, blue, red] = self.sampling.planes(image.width, image.height);
        let chroma_row = y >> self.sampling.chroma_y;
        let luma = self.row::<BYTES>(&image.y, y, image.width as usize);
        let (blue_samples, red_samples, step) = if self.sampling.interleaved {
            let both = self.row::<BYTES>(&image.u, chroma_row, 2 * blue.width as usize);
            (both, both.get(1..).unwrap_or_default(), 2)
        } else {
            let blue = self.row::<BYTES>(&image.u, chroma_row, blue.width as usize);
            (blue, self.row::<BYTES>(&image.v, chroma_row, red.width as usize), 1)
        };
        for (x, (pixel, code)) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(luma).enumerate() {
            let at = (x >> self.sampling.chroma_x) * step;
            let chroma = |samples: &[[u8; BYTES]]| {
                let code = samples.get(at).map_or(128.0, |code| self.code(code));
                (code - 128.0) * k.c_scale
            };
            let (u, v) = (chroma(blue_samples), chroma(red_samples));
            let y = (self.code(code) - k.y_offset) * k.y_scale;
            let mut channels = [y + k.r_v * v, y + k.g_u * u + k.g_v * v, y + k.b_u * u];
            if let Some(tone) = &self.tone {
                channels = tone.map(channels);
            }
            *pixel = channels.map(|channel| (channel.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
        }
    }

    fn row<'p, const BYTES: usize>(&self, plane: &'p [u8], row: usize, samples: usize) -> &'p [[u8; BYTES]] {
        let all = plane.as_chunks::<BYTES>().0;
        all.get(row * samples..(row + 1) * samples).unwrap_or_default()
    }

    /// A code on the scale of 8 bits.
    fn code<const BYTES: usize>(&self, bytes: &[u8; BYTES]) -> f32 {
        let high = bytes.get(1).map_or(0, |&high| u16::from(high) << 8);
        f32::from(high | u16::from(bytes[0])) * self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Light, Primaries, RgbImage, Transfer, YuvColor, YuvMatrix, YuvRange};
    use crate::video::yuv_to_rgb;

    /// The equations of ITU-T H.273 in doubles, for codes of `bits` bits.
    fn exact(color: YuvColor, bits: u32, [y, u, v]: [u16; 3]) -> [f64; 3] {
        let (kr, kb) = match color.matrix {
            YuvMatrix::Bt601 => (0.299, 0.114),
            YuvMatrix::Bt709 => (0.2126, 0.0722),
            YuvMatrix::Bt2020 => (0.2627, 0.0593),
        };
        let one = f64::from(1_u32 << (bits - 8));
        let most = f64::from((1_u32 << bits) - 1);
        let middle = 128.0 * one;
        let (y, u, v) = (f64::from(y), f64::from(u) - middle, f64::from(v) - middle);
        let (y, u, v) = match color.range {
            YuvRange::Limited => ((y - 16.0 * one) / (219.0 * one), u / (224.0 * one), v / (224.0 * one)),
            YuvRange::Full => (y / most, u / most, v / most),
        };
        let (r, b) = (y + 2.0 * (1.0 - kr) * v, y + 2.0 * (1.0 - kb) * u);
        let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
        [r, g, b].map(|c| (255.0 * c).clamp(0.0, 255.0))
    }

    #[test]
    fn every_matrix_range_depth_and_layout_is_within_a_code_of_the_standard() {
        let mut rgb = RgbImage::default();
        for matrix in [YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020] {
            for range in [YuvRange::Limited, YuvRange::Full] {
                for (bits, padding_bits, chroma_x, chroma_y, interleaved) in [
                    (8_u8, 0_u8, 1, 0, false),
                    (8, 0, 1, 1, true),
                    (8, 0, 0, 0, false),
                    (10, 0, 1, 1, false),
                    (10, 6, 1, 1, true),
                    (10, 0, 1, 0, false),
                    (12, 0, 0, 0, false),
                ] {
                    let color = YuvColor { matrix, range };
                    let sampling = Sampling {
                        bits,
                        padding_bits,
                        chroma_x,
                        chroma_y,
                        interleaved,
                        ..Sampling::default()
                    };
                    for codes8 in [[180, 90, 200], [16, 128, 128], [235, 128, 128], [60, 240, 30]] {
                        let codes = codes8.map(|code: u16| (code << (bits - 8)) + u16::from(bits > 8));
                        let mut image = YuvImage::zeroed(5, 3, color, sampling);
                        let fill = |plane: &mut Vec<u8>, codes: &[u16]| {
                            let bytes = codes.iter().flat_map(|code| {
                                let stored = (code << padding_bits).to_le_bytes();
                                stored.into_iter().take(if bits > 8 { 2 } else { 1 })
                            });
                            let bytes: Vec<u8> = bytes.collect();
                            let length = plane.len();
                            *plane = bytes.into_iter().cycle().take(length).collect();
                        };
                        fill(&mut image.y, &codes[..1]);
                        fill(&mut image.u, if interleaved { &codes[1..] } else { &codes[1..2] });
                        fill(&mut image.v, &codes[2..]);
                        yuv_to_rgb(&image, &mut rgb);
                        let truth = exact(color, u32::from(bits), codes);
                        for pixel in rgb.data.as_chunks::<3>().0 {
                            for (ours, truth) in pixel.iter().zip(truth) {
                                assert!(
                                    (f64::from(*ours) - truth).abs() <= 1.0,
                                    "{color:?} {sampling:?} {codes:?}: {pixel:?}, not {truth:?}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn high_dynamic_range_is_brought_onto_the_screen() {
        let color = YuvColor { matrix: YuvMatrix::Bt2020, range: YuvRange::Limited };
        let sampling = Sampling { bits: 10, ..Sampling::default() };
        let mut image = YuvImage::zeroed(2, 2, color, sampling);
        image.light = Light { transfer: Transfer::Pq, primaries: Primaries::Bt2020, ..Light::default() };
        let mut grey = |code: u16| {
            image.y = code.to_le_bytes().repeat(4);
            (image.u, image.v) = (512_u16.to_le_bytes().to_vec(), 512_u16.to_le_bytes().to_vec());
            let mut rgb = RgbImage::default();
            yuv_to_rgb(&image, &mut rgb);
            [rgb.data[0], rgb.data[1], rgb.data[2]]
        };
        assert_eq!(grey(64), [0; 3]);
        // PQ 0.38 is 26 cd/m² (ITU-R BT.2408), an eighth of reference white; coded with a gamma of 2.4, 0.425.
        let [r, g, b] = grey(64 + (0.3806_f32 * 876.0).round() as u16);
        assert!(r.abs_diff(108) <= 2 && r.abs_diff(g) <= 1 && b.abs_diff(g) <= 1, "{r} {g} {b}");
        // PQ 0.752 is 1000 cd/m², the nominal peak: the screen's white.
        assert!(grey(64 + (0.7518_f32 * 876.0).round() as u16)[1] >= 254);
    }
}
