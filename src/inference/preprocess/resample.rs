//! Separable resampling: one axis at a time, by weights that depend on the sizes alone.

/// The source samples that make one target sample.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    weights_start: usize,
    weights_end: usize,
}

/// Weights of one axis: target sample i is a weighted mean of neighbouring source samples.
#[derive(Debug, Default)]
pub(super) struct Axis {
    spans: Vec<Span>,
    weights: Vec<f32>,
}

impl Axis {
    /// Sets the weights that bring `source` samples to `target` ones: area averages where the axis shrinks, linear
    /// interpolation between sample centres where it grows (OpenCV's INTER_AREA and INTER_LINEAR).
    pub fn set(&mut self, source: usize, target: usize) {
        self.spans.clear();
        self.weights.clear();
        let source_per_target = source as f64 / target as f64;
        for index in 0..target {
            let weights_start = self.weights.len();
            let first = if source_per_target >= 1.0 {
                self.push_area(source, index, source_per_target)
            } else {
                self.push_linear(source, index, source_per_target)
            };
            self.spans.push(Span { first, weights_start, weights_end: self.weights.len() });
        }
    }

    /// Target samples.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The first source sample of target sample `index`, and the weights of it and of those that follow it.
    pub fn taps(&self, index: usize) -> (usize, &[f32]) {
        let span = self.spans[index];
        (span.first, &self.weights[span.weights_start..span.weights_end])
    }

    fn push_area(&mut self, source: usize, index: usize, step: f64) -> usize {
        let (start, end) = (index as f64 * step, ((index + 1) as f64 * step).min(source as f64));
        let first = start as usize;
        let last = (end.ceil() as usize).clamp(first + 1, source);
        for sample in first..last {
            let covered = end.min((sample + 1) as f64) - start.max(sample as f64);
            self.weights.push((covered / (end - start)) as f32);
        }
        first
    }

    fn push_linear(&mut self, source: usize, index: usize, step: f64) -> usize {
        let position = ((index as f64 + 0.5) * step - 0.5).clamp(0.0, (source - 1) as f64);
        let first = position as usize;
        let weight = (position - first as f64) as f32;
        self.weights.push(1.0 - weight);
        if first + 1 < source {
            self.weights.push(weight);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_averages_what_each_sample_covers() {
        let mut axis = Axis::default();
        axis.set(5, 2);
        assert_eq!(axis.taps(0), (0, &[0.4, 0.4, 0.2][..]));
        assert_eq!(axis.taps(1), (2, &[0.2, 0.4, 0.4][..]));
    }

    #[test]
    fn growing_interpolates_between_centres_and_repeats_the_ends() {
        let mut axis = Axis::default();
        axis.set(2, 4);
        assert_eq!(axis.taps(0), (0, &[1.0, 0.0][..]));
        assert_eq!(axis.taps(1), (0, &[0.75, 0.25][..]));
        assert_eq!(axis.taps(2), (0, &[0.25, 0.75][..]));
        assert_eq!(axis.taps(3), (1, &[1.0][..]));
    }

    #[test]
    fn every_sample_is_a_mean_of_samples_that_exist() {
        let mut axis = Axis::default();
        for (source, target) in [(1, 1), (1, 7), (7, 1), (1920, 416), (1080, 234), (416, 416), (333, 277)] {
            axis.set(source, target);
            assert_eq!(axis.len(), target);
            for index in 0..target {
                let (first, weights) = axis.taps(index);
                assert!(first + weights.len() <= source, "{source} to {target}");
                assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{source} to {target}");
            }
        }
    }
}
