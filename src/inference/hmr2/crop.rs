//! The crop that HMR2 looks at, as 4D-Humans' demo cuts it.
//!
//! The demo blurs the picture before it shrinks it by more than 1.1 × 2; its tracker does not. The demo's way is taken:
//! it is the one without aliasing, and costs nothing here, since only what the crop sees is filtered: the crop is
//! upright, so blur and bilinear sampling are one weighted sum along each axis.

use std::ops::Range;

use glam::{Vec2, Vec3A};

use super::bilinear::Bilinear;

use crate::inference::error::InferenceError;
use crate::inference::preprocess;
use crate::types::{BBox, RgbImage};

/// Columns and rows of the network's input.
pub(super) const WIDTH: usize = 192;
pub(super) const HEIGHT: usize = 256;

/// Values of one crop: three planes.
pub(super) const CROP_LEN: usize = 3 * WIDTH * HEIGHT;

/// Samples along the side of the square of which the network sees the middle columns.
const SQUARE: usize = 256;

/// ImageNet's mean and deviation of red, green and blue, as codes.
pub(super) const MEAN: [f32; 3] = [123.675, 116.28, 103.53];
pub(super) const STD: [f32; 3] = [58.395, 57.12, 57.375];

/// A square larger than this, pixels, is no person's.
const LARGEST_SIDE_PX: f32 = 1e6;

/// The square around a person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Square {
    /// Its middle, picture pixels.
    pub center: Vec2,
    /// Its side, picture pixels.
    pub side_px: f32,
}

impl Square {
    /// The square whose middle three quarters hold `bbox`; `None` for a box without an area.
    pub fn around(bbox: &BBox) -> Option<Self> {
        let size = bbox.size();
        let side_px = size.y.max(size.x * (HEIGHT as f32 / WIDTH as f32));
        let usable = bbox.is_valid() && (1.0..LARGEST_SIDE_PX).contains(&side_px);
        usable.then(|| Self { center: bbox.center(), side_px })
    }

    /// Deviation of the demo's blur, picture pixels; 0 where it does not blur.
    fn blur_px(&self) -> f64 {
        let shrinking = f64::from(self.side_px) / (2 * SQUARE) as f64;
        if shrinking > 1.1 { (shrinking - 1.0) / 2.0 } else { 0.0 }
    }
}

/// Weights along one axis: each crop sample is a weighted sum of neighbouring picture samples.
#[derive(Debug, Default)]
pub(super) struct Axis {
    /// First picture sample, and where its weights begin and end; empty outside the picture.
    spans: Vec<(usize, usize, usize)>,
    weights: Vec<f32>,
}

impl Axis {
    /// Sets the weights of the samples `first..first + count` of a square whose middle is at `center`.
    ///
    /// Positions are rounded to 1/32 pixel as OpenCV's `warpAffine` rounds them: a sharp edge differs by four codes
    /// otherwise. Outside the picture is black; the blur takes the picture's edge to go on.
    fn set(&mut self, source: usize, center: f32, square: &Square, first: usize, count: usize) {
        self.spans.clear();
        self.weights.clear();
        let (side, blur_px) = (f64::from(square.side_px), square.blur_px());
        let gauss = gauss(blur_px);
        let radius = (gauss.len() / 2) as i64;
        let last = source as i64 - 1;
        let origin = ((f64::from(center) - side / 2.0) * 1024.0).round_ties_even() as i64;
        for index in first..first + count {
            let step = (index as f64 * side / SQUARE as f64 * 1024.0).round_ties_even() as i64;
            let position = (origin.saturating_add(step).saturating_add(16)) >> 5;
            let (low, part) = (position >> 5, (position & 31) as f32 / 32.0);
            let start = self.weights.len();
            let from = (low - radius).clamp(0, last);
            if low < -1 || low > last {
                self.spans.push((0, start, start));
                continue;
            }
            let to = (low + 1 + radius).clamp(0, last);
            self.weights.resize(start + (to - from) as usize + 1, 0.0);
            for (tap, share) in [(low, 1.0 - part), (low + 1, part)] {
                if !(0..=last).contains(&tap) {
                    continue;
                }
                for (offset, weight) in gauss.iter().enumerate() {
                    let sample = (tap - radius + offset as i64).clamp(0, last);
                    self.weights[start + (sample - from) as usize] += share * weight;
                }
            }
            self.spans.push((from as usize, start, self.weights.len()));
        }
    }

    /// The picture samples that are weighted.
    pub(super) fn used(&self) -> Range<usize> {
        let taps = || self.taps().filter(|(_, weights)| !weights.is_empty());
        let start = taps().map(|(first, _)| first).min().unwrap_or(0);
        start..taps().map(|(first, weights)| first + weights.len()).max().unwrap_or(start)
    }

    pub(super) fn taps(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.spans.iter().map(|&(first, start, end)| (first, &self.weights[start..end]))
    }
}

/// Weights of a Gaussian cut off at four deviations.
fn gauss(deviation: f64) -> Vec<f32> {
    if deviation <= 0.0 {
        return vec![1.0];
    }
    let radius = (4.0 * deviation + 0.5) as i32;
    let weight = |x: i32| (-0.5 * (f64::from(x) / deviation).powi(2)).exp();
    let total: f64 = (-radius..=radius).map(weight).sum();
    (-radius..=radius).map(|x| (weight(x) / total) as f32).collect()
}

/// Cuts crops. It keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Cropper {
    columns: Axis,
    rows: Axis,
    /// The part of the picture's rows that a row of the crop is made of, mixed.
    line: Vec<f32>,
    bilinear: Bilinear,
}

impl Cropper {
    /// Fills `crop` (3 × 256 × 192, normalised R'G'B') with `square` of `image`.
    ///
    /// # Errors
    /// [`InferenceError::InvalidImage`].
    pub fn fill(
        &mut self,
        image: &RgbImage,
        square: &Square,
        crop: &mut [f32],
    ) -> Result<(), InferenceError> {
        preprocess::check(image)?;
        let (width, height) = (image.width as usize, image.height as usize);
        self.columns.set(width, square.center.x, square, (SQUARE - WIDTH) / 2, WIDTH);
        self.rows.set(height, square.center.y, square, 0, HEIGHT);
        if square.blur_px() > 0.0 {
            self.fill_blurred(image, crop);
        } else {
            self.bilinear.fill(image, &self.columns, &self.rows, crop);
        }
        Ok(())
    }

    /// Rows first: each row of the crop is a weighted sum of whole picture rows, which are one after the other in memory.
    fn fill_blurred(&mut self, image: &RgbImage, crop: &mut [f32]) {
        let row_bytes = image.width as usize * 3;
        let used = self.columns.used();
        for (row, (top, weights)) in self.rows.taps().enumerate() {
            self.line.clear();
            self.line.resize(used.len() * 3, 0.0);
            for (offset, weight) in weights.iter().enumerate() {
                let codes = &image.data[(top + offset) * row_bytes..][used.start * 3..used.end * 3];
                for (sum, code) in self.line.iter_mut().zip(codes) {
                    *sum += weight * f32::from(*code);
                }
            }
            let pixels = self.line.as_chunks::<3>().0;
            for (column, (first, weights)) in self.columns.taps().enumerate() {
                let mut sum = Vec3A::ZERO;
                if !weights.is_empty() {
                    for (pixel, weight) in pixels[first - used.start..].iter().zip(weights) {
                        sum += Vec3A::from_array(*pixel) * *weight;
                    }
                }
                for (channel, code) in sum.to_array().into_iter().enumerate() {
                    crop[(channel * HEIGHT + row) * WIDTH + column] = (code - MEAN[channel]) / STD[channel];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, Array4};
    use ndarray_npy::NpzReader;

    use super::*;

    #[test]
    fn crops_are_those_of_the_original_demo() {
        let picture =
            image::load_from_memory(include_bytes!("../../../tests/data/hmr2/pattern.png")).unwrap();
        let picture = picture.to_rgb8();
        let picture = RgbImage { width: picture.width(), height: picture.height(), data: picture.into_raw() };
        let golden = include_bytes!("../../../tests/data/hmr2/pattern_crops.npz");
        let mut golden = NpzReader::new(std::io::Cursor::new(&golden[..])).unwrap();
        let boxes: Array2<f32> = golden.by_name("boxes").unwrap();
        let crops: Array4<f32> = golden.by_name("crops").unwrap();
        let sides: Array1<f32> = golden.by_name("box_size").unwrap();
        let (mut cropper, mut crop) = (Cropper::default(), vec![0.0; CROP_LEN]);
        for ((bbox, expected), side) in boxes.outer_iter().zip(crops.outer_iter()).zip(&sides) {
            let bbox = BBox::new(bbox[0], bbox[1], bbox[2], bbox[3]);
            let square = Square::around(&bbox).unwrap();
            assert!((square.side_px - side).abs() < 1e-3, "{side}");
            cropper.fill(&picture, &square, &mut crop).unwrap();
            let errors: Vec<f32> = crop
                .iter()
                .zip(&expected)
                .enumerate()
                .map(|(index, (a, b))| (a - b).abs() * STD[index / (WIDTH * HEIGHT)])
                .collect();
            let worst = errors.iter().copied().fold(0.0, f32::max);
            let mean = errors.iter().sum::<f32>() / errors.len() as f32;
            assert!(worst <= 1.5 && mean < 0.2, "side {side}: worst {worst}, mean {mean} codes");
        }
    }

    #[test]
    fn boxes_that_are_none_are_no_squares_and_those_outside_are_black() {
        for bbox in [BBox::default(), BBox::new(0.0, 0.0, f32::NAN, 9.0), BBox::new(0.0, 0.0, 1e30, 1e30)] {
            assert_eq!(Square::around(&bbox), None);
        }
        let image = RgbImage { width: 20, height: 10, data: vec![255; 600] };
        let square = Square::around(&BBox::new(900.0, -900.0, 940.0, -800.0)).unwrap();
        let mut crop = vec![0.0; CROP_LEN];
        Cropper::default().fill(&image, &square, &mut crop).unwrap();
        for (plane, (mean, std)) in crop.chunks(WIDTH * HEIGHT).zip(MEAN.iter().zip(STD)) {
            assert!(plane.iter().all(|value| (value + mean / std).abs() < 1e-5));
        }
    }
}
