//! Whether a body's doubt about its joints agrees with how far they are off.

use serde::Serialize;

use super::ResolvedRiders;
use crate::body::joint_error::Joints;
use crate::types::TrackId;
use crate::types::smpl::JOINT_COUNT;

/// What the stored spread of joints is worth against the truth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DoubtQuality {
    /// Root of the mean squared error relative to the root joint, over that of the spread told: 1 where it is honest.
    pub error_over_sigma: f64,
    /// Rank correlation of error and spread over all joints and frames (Spearman, 1904): 1 where more doubt is more error.
    pub rank_correlation: f64,
}

/// Over every joint but the root in the frames in which `rider` has a body that tells its doubt, and the truth is known.
pub(super) fn quality(
    riders: &ResolvedRiders,
    rider: TrackId,
    truth: &[Option<Joints>],
) -> Option<DoubtQuality> {
    let (mut errors, mut sigmas) = (Vec::new(), Vec::new());
    for (frame, truth) in riders.frames.iter().zip(truth) {
        let body = frame.iter().find(|r| r.track == rider).and_then(|r| r.body.as_ref());
        let (Some(body), Some(truth)) = (body, truth) else { continue };
        let Some(sigma_m) = &body.joint_sigma_m else { continue };
        for joint in 1..JOINT_COUNT {
            let found = body.joints_3d[joint] - body.joints_3d[0];
            errors.push(f64::from(found.distance(truth[joint] - truth[0])));
            sigmas.push(f64::from(sigma_m[joint]));
        }
    }
    let squares = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
    let quality = DoubtQuality {
        error_over_sigma: (squares(&errors) / squares(&sigmas)).sqrt(),
        rank_correlation: rank_correlation(&errors, &sigmas),
    };
    (quality.error_over_sigma.is_finite() && quality.rank_correlation.is_finite()).then_some(quality)
}

/// Pearson's correlation of the ranks; NaN where there are none or all are equal.
fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let product =
        |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum() };
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

/// The place of each value in ascending order; equal ones share the middle of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for same in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let middle = first as f64 + (same.len() as f64 - 1.0) / 2.0;
        for &index in same {
            ranks[index] = middle;
        }
        first += same.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_correlate_as_worked_out_by_hand() {
        // Squared rank differences 0, 1, 1, 0: 1 - 6 * 2 / (4 * 15) = 0.8.
        let rho = rank_correlation(&[1.0, 2.0, 3.0, 4.0], &[10.0, 30.0, 20.0, 90.0]);
        assert!((rho - 0.8).abs() < 1e-12, "{rho}");
        assert!((rank_correlation(&[3.0, 2.0, 1.0], &[1.0, 5.0, 9.0]) + 1.0).abs() < 1e-12);
        // Two equal values share the rank between them.
        assert_eq!(ranks(&[5.0, 1.0, 5.0]), [1.5, 0.0, 1.5]);
        assert!(rank_correlation(&[], &[]).is_nan());
    }
}
