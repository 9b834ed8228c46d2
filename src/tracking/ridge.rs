//! Where a number is going, and how surely: ridge regression on time, as PHALP foresees a person's place.
//!
//! A straight line through the last few values whose slope is held back by a penalty (Hoerl & Kennard, 1970); the
//! intercept is free. Around it lies the interval in which the next value falls with 95 % (Draper & Smith, Applied
//! Regression Analysis, 1998, 3.1).

/// 97.5 % quantiles of Student's t for 1 to 5 degrees of freedom: what [`HISTORY`] values leave after a line.
const T_QUANTILES: [f64; 5] = [12.706, 4.303, 3.182, 2.776, 2.571];

/// Values that a line is laid through at most; PHALP's track history.
pub(super) const HISTORY: usize = 7;

/// Farthest that a line is followed, in frames of 1/30 s; PHALP's horizon.
const HORIZON: f64 = 48.0;

/// A foreseen value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Foreseen {
    pub value: f64,
    /// Half the width of the 95 % interval; infinite where fewer than three values leave it open.
    ///
    /// PHALP takes a newborn's own place for this width, so that one at the picture's edge counts as unsure and one in
    /// its corner as certain. Here a newborn's is open.
    pub half_width: f64,
}

/// Foresees the value at time `at` from `samples` of (time, value), in frames of 1/30 s, with penalty `alpha`; `None`
/// without samples. Only the last [`HISTORY`] count.
pub(super) fn foresee(samples: &[(f64, f64)], at: f64, alpha: f64) -> Option<Foreseen> {
    let samples = &samples[samples.len().saturating_sub(HISTORY)..];
    let last = samples.last()?.0;
    let at = at.min(last + HORIZON);
    let count = samples.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (mean_t, mean_y) = (mean(|s| s.0), mean(|s| s.1));
    let spread: f64 = samples.iter().map(|(t, _)| (t - mean_t).powi(2)).sum();
    let together: f64 = samples.iter().map(|(t, y)| (t - mean_t) * (y - mean_y)).sum();
    let slope = together / (spread + alpha);
    let line = |t: f64| mean_y + slope * (t - mean_t);
    let half_width = match samples.len().checked_sub(3).and_then(|degrees| T_QUANTILES.get(degrees)) {
        Some(quantile) if spread > 0.0 => {
            let squares: f64 = samples.iter().map(|(t, y)| (y - line(*t)).powi(2)).sum();
            let error = (squares / (count - 2.0)).sqrt();
            quantile * error * (1.0 + 1.0 / count + (at - mean_t).powi(2) / spread).sqrt()
        }
        _ => f64::INFINITY,
    };
    Some(Foreseen { value: line(at), half_width })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found} instead of {expected}");
    }

    /// t = 0, 1, 2, 3 and y = 0, 2, 1, 3: Σ(t−t̄)² = 5, Σ(t−t̄)(y−ȳ) = 4; with α = 3 the slope is 1/2 and the line
    /// 0.75, 1.25, 1.75, 2.25. Residuals −0.75, 0.75, −0.75, 0.75: s² = 2.25 / 2. At t = 5: t−t̄ = 3.5.
    #[test]
    fn a_line_worked_out_by_hand() {
        let samples = [(0.0, 0.0), (1.0, 2.0), (2.0, 1.0), (3.0, 3.0)];
        let foreseen = foresee(&samples, 5.0, 3.0).unwrap();
        close(foreseen.value, 3.25);
        close(foreseen.half_width, 4.303 * (2.25_f64 / 2.0).sqrt() * (1.0_f64 + 0.25 + 12.25 / 5.0).sqrt());
    }

    #[test]
    fn without_a_penalty_a_straight_line_is_continued_exactly() {
        let samples: Vec<_> = (0..9).map(|t| (f64::from(t), 5.0 - 2.0 * f64::from(t))).collect();
        let foreseen = foresee(&samples, 12.0, 0.0).unwrap();
        close(foreseen.value, -19.0);
        assert!(foreseen.half_width < 1e-9);
        // The horizon ends 48 frames after the last value.
        close(foresee(&samples, 500.0, 0.0).unwrap().value, 5.0 - 2.0 * 56.0);
    }

    #[test]
    fn a_newborn_is_expected_where_he_was_and_anything_is_possible() {
        assert_eq!(foresee(&[], 1.0, 1.2), None);
        for samples in [&[(3.0, 7.0)][..], &[(3.0, 7.0), (4.0, 7.0)], &[(3.0, 7.0); 3]] {
            let foreseen = foresee(samples, 5.0, 1.2).unwrap();
            close(foreseen.value, 7.0);
            assert_eq!(foreseen.half_width, f64::INFINITY);
        }
    }
}
