//! Separable resampling in fixed point: one axis at a time, by weights that depend on the sizes alone.
//!
//! Weights are parts of 65536; sums over rows are 16-bit numbers with 8 bits after the point. The result is within a fiftieth
//! of a code of that in floating point, before it is rounded to a code.

/// Weights are parts of this.
const WHOLE: i64 = 65536;

/// Most of what cutting off the halves of products may be made good for; sums would overflow beyond twice as much.
const MOST_MADE_GOOD: usize = 120;

/// Weights of one axis: target sample i is a weighted mean of `taps` neighbouring source samples.
#[derive(Debug, Default)]
pub(super) struct Axis {
    /// First source sample of each target sample.
    firsts: Vec<u32>,
    /// Source samples of a target sample.
    taps: usize,
    /// `taps` for each target sample; 0 where it needs fewer.
    weights: Vec<u16>,
}

impl Axis {
    /// Sets the weights that bring `source` samples to `target` ones: area averages where the axis shrinks, linear
    /// interpolation between sample centres where it grows (OpenCV's INTER_AREA and INTER_LINEAR).
    pub fn set(&mut self, source: usize, target: usize) {
        let source_per_target = source as f64 / target as f64;
        let shrinks = source_per_target >= 1.0;
        // As many as the target sample that lies across the most.
        let across = |index| {
            let (start, end) = area(source, index, source_per_target);
            (end.ceil() as usize).clamp(start as usize + 1, source) - start as usize
        };
        let most = if shrinks { (0..target).map(across).max().unwrap_or(1) } else { 2 };
        self.taps = most.min(source);
        self.firsts.clear();
        self.weights.clear();
        for index in 0..target {
            // Where the samples are fewer than the taps, the first ones weigh nothing.
            let last_first = source - self.taps;
            let start = self.weights.len();
            self.weights.resize(start + self.taps, 0);
            let weights = &mut self.weights[start..];
            let mut weigh = |first: usize, sample: usize, weight: f64| {
                weights[sample - first] = (weight * WHOLE as f64).round().min(WHOLE as f64 - 1.0) as u16;
            };
            let first = if shrinks {
                let (start, end) = area(source, index, source_per_target);
                let first = (start as usize).min(last_first);
                for sample in start as usize..(end.ceil() as usize).clamp(start as usize + 1, source) {
                    let covered = end.min((sample + 1) as f64) - start.max(sample as f64);
                    weigh(first, sample, covered / (end - start));
                }
                first
            } else {
                let position =
                    ((index as f64 + 0.5) * source_per_target - 0.5).clamp(0.0, (source - 1) as f64);
                let (sample, part) = (position as usize, position.fract());
                let first = sample.min(last_first);
                weigh(first, sample, 1.0 - part);
                if sample + 1 < source {
                    weigh(first, sample + 1, part);
                }
                first
            };
            settle(weights);
            self.firsts.push(first as u32);
        }
    }

    /// Target samples.
    pub fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The first source sample of target sample `index`, and the weights of it and of those that follow it.
    pub fn taps(&self, index: usize) -> (usize, &[u16]) {
        (self.firsts[index] as usize, &self.weights[index * self.taps..(index + 1) * self.taps])
    }
}

/// Gives what rounding has left over of a whole to the largest weight, so that no sum overflows.
fn settle(weights: &mut [u16]) {
    let sum: i64 = weights.iter().copied().map(i64::from).sum();
    if let Some(largest) = weights.iter_mut().max() {
        // A whole weight of one sample is a part less than a whole, which is a 256th of a code.
        *largest = (i64::from(*largest) + WHOLE - sum).clamp(0, WHOLE - 1) as u16;
    }
}

/// Where in the source target sample `index` begins and ends.
fn area(source: usize, index: usize, step: f64) -> (f64, f64) {
    (index as f64 * step, ((index + 1) as f64 * step).min(source as f64))
}

/// Sets `mixed` to the weighted sum of the first rows of `source`, whose rows begin `stride` bytes apart, in 256ths of a code.
pub(super) fn mix_rows(mixed: &mut [u16], source: &[u8], stride: usize, weights: &[u16]) {
    // A 256th of the product, by the halves of the weight: 16-bit products are multiplied eight or more at a time, and a
    // compiler makes 32-bit ones of the plain form, at twice the time.
    let part = |code: u8, weight: u16| {
        let code = u16::from(code);
        code * (weight >> 8) + ((code * (weight & 0xff)) >> 8)
    };
    // Each product loses half a part on average.
    let lost = (weights.len() / 2).min(MOST_MADE_GOOD) as u16;
    let mut is_first = true;
    for (row, &weight) in source.chunks(stride).zip(weights).filter(|(_, weight)| **weight > 0) {
        if is_first {
            mixed.iter_mut().zip(row).for_each(|(sum, &code)| *sum = lost + part(code, weight));
        } else {
            mixed.iter_mut().zip(row).for_each(|(sum, &code)| *sum += part(code, weight));
        }
        is_first = false;
    }
}

/// Sets each pixel of `line` to the weighted sum of its neighbours in `mixed`, rounded.
pub(super) fn mix_columns(line: &mut [u8], mixed: &[u16], columns: &Axis) {
    // A loop of fixed length is unrolled; a factor of two or three in time.
    match columns.taps {
        1 => mix_taps::<1>(line, mixed, columns),
        2 => mix_taps::<2>(line, mixed, columns),
        3 => mix_taps::<3>(line, mixed, columns),
        4 => mix_taps::<4>(line, mixed, columns),
        5 => mix_taps::<5>(line, mixed, columns),
        _ => mix_any(line, mixed, columns),
    }
}

fn mix_taps<const TAPS: usize>(line: &mut [u8], mixed: &[u16], columns: &Axis) {
    let pixels = mixed.as_chunks::<3>().0;
    let weights = columns.weights.as_chunks::<TAPS>().0;
    let columns = columns.firsts.iter().zip(weights);
    for (out, (&first, weights)) in line.as_chunks_mut::<3>().0.iter_mut().zip(columns) {
        let Some(pixels) = pixels.get(first as usize..).and_then(<[_]>::first_chunk::<TAPS>) else { return };
        *out = mix(pixels, weights);
    }
}

fn mix_any(line: &mut [u8], mixed: &[u16], columns: &Axis) {
    let pixels = mixed.as_chunks::<3>().0;
    for (column, out) in line.as_chunks_mut::<3>().0.iter_mut().enumerate().take(columns.len()) {
        let (first, weights) = columns.taps(column);
        *out = mix(&pixels[first..first + weights.len()], weights);
    }
}

/// The weighted sum of pixels in 256ths of a code, rounded to codes.
#[inline]
fn mix(pixels: &[[u16; 3]], weights: &[u16]) -> [u8; 3] {
    // Half a code, so that cutting off rounds. Sums stay below 2³² since the weights' is 65536 but for rounding.
    let mut sum = [1u32 << 23; 3];
    for (pixel, &weight) in pixels.iter().zip(weights) {
        for (channel, &value) in sum.iter_mut().zip(pixel) {
            *channel += u32::from(value) * u32::from(weight);
        }
    }
    sum.map(|value| (value >> 24) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(axis: &Axis, index: usize) -> (usize, Vec<f32>) {
        let (first, weights) = axis.taps(index);
        (first, weights.iter().map(|&weight| (f32::from(weight) / 65536.0 * 1e3).round() / 1e3).collect())
    }

    #[test]
    fn shrinking_averages_what_each_sample_covers() {
        let mut axis = Axis::default();
        axis.set(5, 2);
        assert_eq!(parts(&axis, 0), (0, vec![0.4, 0.4, 0.2]));
        assert_eq!(parts(&axis, 1), (2, vec![0.2, 0.4, 0.4]));
    }

    #[test]
    fn growing_interpolates_between_centres_and_repeats_the_ends() {
        let mut axis = Axis::default();
        axis.set(2, 4);
        assert_eq!(parts(&axis, 0), (0, vec![1.0, 0.0]));
        assert_eq!(parts(&axis, 1), (0, vec![0.75, 0.25]));
        assert_eq!(parts(&axis, 2), (0, vec![0.25, 0.75]));
        assert_eq!(parts(&axis, 3), (0, vec![0.0, 1.0]));
    }

    #[test]
    fn every_sample_is_a_mean_of_samples_that_exist() {
        let mut axis = Axis::default();
        for (source, target) in
            [(1, 1), (1, 7), (7, 1), (1920, 416), (1080, 234), (416, 416), (333, 277), (9, 8)]
        {
            axis.set(source, target);
            assert_eq!(axis.len(), target);
            for index in 0..target {
                let (first, weights) = axis.taps(index);
                assert!(first + weights.len() <= source, "{source} to {target}");
                let sum: i64 = weights.iter().map(|&weight| i64::from(weight)).sum();
                assert!(sum == WHOLE || sum == WHOLE - 1, "{source} to {target}: {sum}");
            }
        }
    }

    #[test]
    fn white_stays_white_black_stays_black_and_the_mean_is_floating_points() {
        for (source, target) in
            [(1, 3), (3, 1), (100, 37), (100, 10), (64, 64), (7, 23), (1920, 640), (1000, 999), (2000, 64)]
        {
            let mut axis = Axis::default();
            axis.set(source, target);
            for code in [0u8, 1, 128, 254, 255] {
                let mut mixed = vec![0; source * 3];
                mix_rows(&mut mixed, &vec![code; source * 3], source * 3, &[65535]);
                let mut line = vec![9; target * 3];
                mix_columns(&mut line, &mixed, &axis);
                assert!(line.iter().all(|&out| out == code), "{source} to {target}: {code}");
            }
            let (mut mixed, whites) = (vec![0; 3], vec![255; source * 3]);
            for index in [0, target - 1] {
                let (first, weights) = axis.taps(index);
                mix_rows(&mut mixed, &whites[first * 3..], 3, weights);
                let mut axis = Axis::default();
                axis.set(1, 1);
                let mut line = [0; 3];
                mix_columns(&mut line, &mixed, &axis);
                assert_eq!(line, [255; 3], "{source} rows to {target}");
            }
            let row: Vec<u8> = (0..source * 3).map(|i| (i * 7919 % 256) as u8).collect();
            let (mut mixed, mut line) = (vec![0; source * 3], vec![0; target * 3]);
            mix_rows(&mut mixed, &row, source * 3, &[65535]);
            mix_columns(&mut line, &mixed, &axis);
            for (index, &out) in line.iter().enumerate() {
                let (first, weights) = axis.taps(index / 3);
                let exact: f64 = (first..)
                    .zip(weights)
                    .map(|(sample, &weight)| {
                        f64::from(row[sample * 3 + index % 3]) * f64::from(weight) / WHOLE as f64
                    })
                    .sum();
                assert!((f64::from(out) - exact).abs() <= 0.52, "{source} to {target}: {out}, {exact}");
            }
        }
    }
}
