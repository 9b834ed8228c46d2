//! The whole picture, made to fit a square input: in the top-left corner, the rest padded.

use glam::Vec2;

use super::resample::Axis;
use super::tensor::InputTensor;
use crate::inference::error::InferenceError;
use crate::types::RgbImage;

/// Fits pictures into a square. It keeps its weights and buffers, so that frames of one size cost no allocation.
#[derive(Debug)]
pub(in crate::inference) struct Letterbox {
    pad: u8,
    /// Width and height of the last picture; 0 before the first.
    source: (u32, u32),
    columns: Axis,
    rows: Axis,
    /// One source row, averaged over the rows that make one target row.
    mixed: Vec<f32>,
    /// One target row.
    line: Vec<u8>,
}

impl Letterbox {
    /// A letterbox that pads with the code `pad`.
    pub fn new(pad: u8) -> Self {
        let (columns, rows) = (Axis::default(), Axis::default());
        Self { pad, source: (0, 0), columns, rows, mixed: Vec::new(), line: Vec::new() }
    }

    /// Fills `tensor`, always the same one, with `image`, and gives the picture pixels per input pixel in x and y.
    ///
    /// # Errors
    /// [`InferenceError::InvalidImage`].
    pub fn fill(&mut self, image: &RgbImage, tensor: &mut InputTensor) -> Result<Vec2, InferenceError> {
        super::check(image)?;
        if self.source != (image.width, image.height) {
            self.prepare(image, tensor);
        }
        let stride = self.mixed.len();
        for row in 0..self.rows.len() {
            let (first, weights) = self.rows.taps(row);
            mix_rows(&mut self.mixed, &image.data[first * stride..], weights);
            mix_columns(&mut self.line, &self.mixed, &self.columns);
            tensor.write_row(row, &self.line);
        }
        let target = Vec2::new(self.columns.len() as f32, self.rows.len() as f32);
        Ok(Vec2::new(image.width as f32, image.height as f32) / target)
    }

    /// Sets weights, buffers and padding for pictures of `image`'s size.
    fn prepare(&mut self, image: &RgbImage, tensor: &mut InputTensor) {
        let side = tensor.side();
        let scale = side as f64 / f64::from(image.width.max(image.height));
        let target = |size: u32| ((f64::from(size) * scale).round() as usize).clamp(1, side);
        self.line.clear();
        self.line.resize(side * 3, self.pad);
        for row in 0..side {
            tensor.write_row(row, &self.line);
        }
        self.columns.set(image.width as usize, target(image.width));
        self.rows.set(image.height as usize, target(image.height));
        self.mixed.resize(image.width as usize * 3, 0.0);
        self.line.truncate(self.columns.len() * 3);
        self.source = (image.width, image.height);
    }
}

/// Sets `mixed` to the weighted sum of the first rows of `source`.
fn mix_rows(mixed: &mut [f32], source: &[u8], weights: &[f32]) {
    for (index, (row, &weight)) in source.chunks_exact(mixed.len()).zip(weights).enumerate() {
        if index == 0 {
            mixed.iter_mut().zip(row).for_each(|(sum, &code)| *sum = weight * f32::from(code));
        } else {
            mixed.iter_mut().zip(row).for_each(|(sum, &code)| *sum += weight * f32::from(code));
        }
    }
}

/// Sets each pixel of `line` to the weighted sum of its neighbours in `mixed`, rounded.
fn mix_columns(line: &mut [u8], mixed: &[f32], columns: &Axis) {
    let pixels = mixed.as_chunks::<3>().0;
    for (column, out) in line.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let (first, weights) = columns.taps(column);
        let mut sum = [0.0; 3];
        for (pixel, &weight) in pixels[first..].iter().zip(weights) {
            for (channel, value) in sum.iter_mut().zip(pixel) {
                *channel += weight * value;
            }
        }
        *out = sum.map(|value| (value + 0.5) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::test_support::{golden_codes, pattern, plain_contract};

    #[test]
    fn pictures_are_fitted_as_opencv_fits_them() {
        for (name, width, height, side) in [
            ("letterbox_shrink", 300, 170, 64),
            ("letterbox_whole", 128, 256, 64),
            ("letterbox_grow", 37, 23, 64),
        ] {
            let mut tensor = InputTensor::new(&plain_contract(side));
            let mut letterbox = Letterbox::new(114);
            // A picture of another shape first: nothing of it may be left.
            letterbox.fill(&pattern(50, 90), &mut tensor).unwrap();
            let scale = letterbox.fill(&pattern(width, height), &mut tensor).unwrap();
            let expected = golden_codes(name);
            let actual = tensor.to_f32();
            assert_eq!(actual.len(), expected.len());
            let worst = actual.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1.0, "{name}: {worst} codes");
            let long = width.max(height) as f32 / side as f32;
            assert!((scale.max_element() - long).abs() < 0.05 * long, "{name}: {scale}");
        }
    }

    #[test]
    fn damaged_pictures_are_refused() {
        let mut tensor = InputTensor::new(&plain_contract(8));
        let mut letterbox = Letterbox::new(0);
        for image in [
            RgbImage::default(),
            RgbImage { width: 0, height: 4, data: vec![] },
            RgbImage { width: 4, height: 4, data: vec![0; 47] },
            RgbImage { width: u32::MAX, height: u32::MAX, data: vec![0; 3] },
        ] {
            let refused = letterbox.fill(&image, &mut tensor);
            assert!(matches!(refused, Err(InferenceError::InvalidImage { .. })));
        }
    }

    #[test]
    fn a_picture_of_one_pixel_height_still_has_a_row() {
        let mut tensor = InputTensor::new(&plain_contract(8));
        let image = RgbImage { width: 100, height: 1, data: vec![200; 300] };
        let scale = Letterbox::new(7).fill(&image, &mut tensor).unwrap();
        assert_eq!(scale, Vec2::new(12.5, 1.0));
        let values = tensor.to_f32();
        assert!(values[..24].iter().all(|&v| v == 200.0) && values[24..].iter().all(|&v| v == 7.0));
    }
}
