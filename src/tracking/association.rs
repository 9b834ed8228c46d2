//! Which detection continues which track.

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

use super::candidates::Candidate;
use super::kalman::{BoxFilter, GATE};
use crate::types::BodyEstimate;

/// Overlap from which a detection may continue a track however much the filter is surprised: a camera jerk moves
/// everything at once.
const SURE_IOU: f32 = 0.3;
/// Centres further apart than this, in box sides, are never the same rider, however unsure the filter has become.
const MAX_CENTER_DISTANCE: f32 = 4.0;
/// Share of the pose in the cost where both bodies are fully trusted. A pose changes little between frames, but
/// two riders may well stand alike: place comes first.
const POSE_WEIGHT: f32 = 0.3;
/// Mean joint distance of two poses that counts as nothing in common, metres.
const POSE_SCALE_M: f32 = 0.5;
/// Steps of the integer weights: finer than any difference that matters.
const GAIN_STEPS: f32 = 1e6;

/// A track's expectation of the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expectation<'a> {
    /// Moved to the time of the frame.
    pub filter: &'a BoxFilter,
    /// The body last seen.
    pub body: Option<&'a BodyEstimate>,
}

/// How far a detection may lie from an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Overlapping, or where the filter holds it possible.
    Plausible,
    /// Overlapping: for detections that are not sure to be anybody.
    Overlapping,
}

/// The best assignment: pairs of (index into `tracks`, index into `found`), each index at most once, by track.
pub(super) fn associate(
    tracks: &[Expectation<'_>],
    found: &[&Candidate<'_>],
    gate: Gate,
) -> Vec<(usize, usize)> {
    if tracks.is_empty() || found.is_empty() {
        // A matrix may not be empty.
        return Vec::new();
    }
    let gains = Matrix::from_fn(tracks.len(), found.len(), |(track, candidate)| {
        cost(&tracks[track], found[candidate], gate).map_or(0, |cost| {
            // At least one step, so that whatever is allowed beats being left alone.
            (((1.0 - cost) * GAIN_STEPS) as i64).max(1)
        })
    });
    assign(&gains)
}

/// Cost of a pair, 0 to 1, or `None` where it is out of the question.
fn cost(track: &Expectation<'_>, candidate: &Candidate<'_>, gate: Gate) -> Option<f32> {
    let expected = track.filter.bbox();
    let iou = expected.iou(&candidate.bbox);
    let side = (expected.long_side() + candidate.bbox.long_side()) * 0.5;
    let distance = expected.center().distance(candidate.bbox.center()) / side;
    let plausible = || {
        gate == Gate::Plausible
            && distance <= MAX_CENTER_DISTANCE
            && track.filter.distance2(&candidate.bbox) <= GATE
    };
    if !(iou >= SURE_IOU || plausible()) {
        return None;
    }
    let place = 0.5 * (1.0 - iou) + 0.5 * distance / (1.0 + distance);
    let (weight, pose) = match (track.body, candidate.body) {
        (Some(a), Some(b)) => pose_difference(a, b)
            .map_or((0.0, 0.0), |pose| (POSE_WEIGHT * a.confidence.min(b.confidence).clamp(0.0, 1.0), pose)),
        _ => (0.0, 0.0),
    };
    Some((1.0 - weight) * place + weight * pose)
}

/// How differently two bodies are held and turned, 0 to 1; `None` where a number is none.
fn pose_difference(a: &BodyEstimate, b: &BodyEstimate) -> Option<f32> {
    let (root_a, root_b) = (a.joints_3d[0], b.joints_3d[0]);
    let sum: f32 =
        a.joints_3d.iter().zip(&b.joints_3d).map(|(p, q)| (*p - root_a).distance(*q - root_b)).sum();
    let mean_m = sum / a.joints_3d.len() as f32;
    mean_m.is_finite().then(|| (mean_m / POSE_SCALE_M).min(1.0))
}

/// The assignment with the highest sum of gains (Kuhn, 1955; Munkres, 1957); pairs without gain are left out.
pub(super) fn assign(gains: &Matrix<i64>) -> Vec<(usize, usize)> {
    let mut pairs: Vec<_> = if gains.rows <= gains.columns {
        kuhn_munkres(gains).1.into_iter().enumerate().collect()
    } else {
        kuhn_munkres(&gains.transposed()).1.into_iter().enumerate().map(|(c, r)| (r, c)).collect()
    };
    pairs.retain(|&pair| gains[pair] > 0);
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::super::scenes;
    use super::*;
    use crate::types::BBox;

    #[test]
    fn the_sum_decides_and_either_side_may_be_longer() {
        let gains = |rows: &[&[i64]]| Matrix::from_rows(rows.iter().map(|r| r.iter().copied())).unwrap();
        // Row by row the greedy choice would be (0,0), (1,1) with 9 + 1.
        assert_eq!(assign(&gains(&[&[9, 8], &[8, 1]])), [(0, 1), (1, 0)]);
        assert_eq!(assign(&gains(&[&[9, 8, 0], &[8, 1, 0]])), [(0, 1), (1, 0)]);
        assert_eq!(assign(&gains(&[&[9, 8], &[8, 1], &[0, 0]])), [(0, 1), (1, 0)]);
        assert_eq!(assign(&gains(&[&[0, 0], &[0, 5]])), [(1, 1)]);
    }

    #[test]
    fn of_two_boxes_at_the_same_distance_the_one_in_the_same_pose_is_taken() {
        let last = scenes::seen(BBox::new(100.0, 0.0, 150.0, 100.0), 0.9).body.unwrap();
        let mut bent = last.clone();
        for (index, joint) in bent.joints_3d.iter_mut().enumerate() {
            joint.x += 0.03 * index as f32;
        }
        let mut filter = BoxFilter::new(&BBox::new(100.0, 0.0, 150.0, 100.0));
        filter.predict(0.1);
        let track = Expectation { filter: &filter, body: Some(&last) };
        let candidate = |dx: f32, body| Candidate {
            bbox: BBox::new(100.0 + dx, 0.0, 150.0 + dx, 100.0),
            score: 0.9,
            body: Some(body),
        };
        for (left, right, expected) in [(&last, &bent, 0), (&bent, &last, 1)] {
            let (a, b) = (candidate(-15.0, left), candidate(15.0, right));
            assert_eq!(associate(&[track], &[&a, &b], Gate::Plausible), [(0, expected)]);
        }
    }

    #[test]
    fn unsure_detections_must_overlap() {
        let mut filter = BoxFilter::new(&BBox::new(100.0, 0.0, 150.0, 100.0));
        filter.predict(0.5);
        let track = Expectation { filter: &filter, body: None };
        let aside = Candidate { bbox: BBox::new(160.0, 0.0, 210.0, 100.0), score: 0.2, body: None };
        assert_eq!(associate(&[track], &[&aside], Gate::Plausible), [(0, 0)]);
        assert_eq!(associate(&[track], &[&aside], Gate::Overlapping), []);
        assert_eq!(associate(&[track], &[], Gate::Plausible), []);
        assert_eq!(associate(&[], &[&aside], Gate::Plausible), []);
    }
}
