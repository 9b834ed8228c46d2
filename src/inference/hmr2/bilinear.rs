//! A crop that is not blurred: bilinear sampling in whole numbers, as OpenCV samples bytes.
//!
//! Most crops are of this kind, so it is made for speed: rows first, since those lie one after the other in memory, and
//! the colours of four columns together. Weights are of 32nds, so every sum is exact.

use glam::{Mat4, Vec4};

use super::crop::{Axis, HEIGHT, MEAN, STD, WIDTH};
use crate::types::RgbImage;

/// Parts of a pixel that positions are rounded to.
const PARTS: f32 = 32.0;

/// Adding and taking it away again rounds numbers below 2²² to whole ones.
const ROUNDING: f32 = 8_388_608.0;

/// Half of the smallest difference between two sums, so that a half is rounded up.
const UP: f32 = 0.5 / (PARTS * PARTS);

/// Where one column of the crop lies in the mixed row: its left and right pixel, and their weights.
#[derive(Clone, Copy, Debug)]
struct Column {
    left: usize,
    right: usize,
    weights: [f32; 2],
}

/// Samples crops. It keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Bilinear {
    columns: Vec<Column>,
    /// Codes of the two picture rows, mixed, in 32nds; one number more than the last pixel has.
    line: Vec<u16>,
}

impl Bilinear {
    /// Fills `crop` with the samples of `image` that `columns` and `rows` weigh, at most two along each.
    pub fn fill(&mut self, image: &RgbImage, columns: &Axis, rows: &Axis, crop: &mut [f32]) {
        let used = columns.used();
        self.columns.clear();
        self.columns.extend(columns.taps().map(|(first, weights)| {
            let [left, right] = pair(weights);
            let at = first.saturating_sub(used.start) * 3;
            let next = if weights.len() > 1 { at + 3 } else { at };
            Column { left: at, right: next, weights: [left / PARTS, right / PARTS] }
        }));
        self.line.clear();
        self.line.resize(used.len() * 3 + 4, 0);
        let normal = |channel: [f32; 3]| Vec4::new(channel[0], channel[1], channel[2], 0.0);
        let (scale, mean) = (normal(STD.map(f32::recip)), normal(MEAN));
        let row_bytes = image.width as usize * 3;
        for (row, (top, weights)) in rows.taps().enumerate() {
            let codes = |offset: usize| {
                let row = top + offset.min(weights.len().saturating_sub(1));
                &image.data[row * row_bytes..][used.start * 3..used.end * 3]
            };
            let [upper, lower] = pair(weights).map(|weight| (weight * PARTS) as u16);
            for ((mixed, a), b) in self.line.iter_mut().zip(codes(0)).zip(codes(1)) {
                *mixed = u16::from(*a) * upper + u16::from(*b) * lower;
            }
            for (quad, columns) in self.columns.as_chunks::<4>().0.iter().enumerate() {
                let codes = columns.map(|column| {
                    let sum = self.pixel(column.left) * column.weights[0]
                        + self.pixel(column.right) * column.weights[1];
                    let code = (sum + UP + ROUNDING) - ROUNDING;
                    (code - mean) * scale
                });
                let [a, b, c, d] = codes;
                let planes = Mat4::from_cols(a, b, c, d).transpose();
                for (channel, values) in [planes.x_axis, planes.y_axis, planes.z_axis].into_iter().enumerate()
                {
                    let start = (channel * HEIGHT + row) * WIDTH + quad * 4;
                    values.write_to_slice(&mut crop[start..start + 4]);
                }
            }
        }
    }

    /// The pixel that begins at `at`, in 32nds, and a number of the next.
    fn pixel(&self, at: usize) -> Vec4 {
        let [red, green, blue, next] = *self.line[at..].first_chunk().unwrap_or(&[0; 4]);
        Vec4::new(f32::from(red), f32::from(green), f32::from(blue), f32::from(next))
    }
}

/// The weights of two samples; those that are not there weigh nothing.
fn pair(weights: &[f32]) -> [f32; 2] {
    [weights.first().copied().unwrap_or(0.0), weights.get(1).copied().unwrap_or(0.0)]
}
