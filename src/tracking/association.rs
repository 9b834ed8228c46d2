//! Which detection continues which track.

use glam::Vec2;
use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

use super::candidates::Candidate;
use super::kalman::{BoxFilter, GATE};
use super::looks::{Looks, UNLIKE};
use super::places::{Foresight, Place};
use super::terms::{self, MAX_COST, Terms};
use crate::types::BodyEstimate;

/// Overlap from which a detection may continue a track however much the filter is surprised: a camera jerk moves
/// everything at once.
const SURE_IOU: f32 = 0.3;
/// Centres further apart than this, in box sides, are never the same rider, however unsure the filter has become.
const MAX_CENTER_DISTANCE: f32 = 4.0;
/// How much more a pair costs whose boxes have nothing in common than one whose boxes agree. PHALP knows no boxes; its
/// place alone is a pelvis, which wanders with the pose.
const BOX_WEIGHT: f32 = 4.0;
/// How much more unlike a track a detection must be than another that it looks like, for the other alone to have it
/// ([`Looks::distance`]). Alone, a rider in spray and upside down comes to 1.2 against himself and is followed all the
/// same.
const CLEARLY_ANOTHERS: f32 = 0.4;
/// Steps of the integer weights: finer than any difference that matters.
const GAIN_STEPS: f32 = 1e9;

/// A track's expectation of the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expectation<'a> {
    /// Moved to the time of the frame.
    pub filter: &'a BoxFilter,
    /// The body last seen. Without a network that foresees poses, the last pose is the expected one.
    pub body: Option<&'a BodyEstimate>,
    /// What he looks like.
    pub looks: Option<&'a Looks>,
    /// Where PHALP's regression expects him.
    pub place: Option<Foresight>,
    /// Picture size, pixels.
    pub picture_px: Vec2,
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
    let most = MAX_COST * (1.0 + BOX_WEIGHT);
    let pairs = Matrix::from_fn(tracks.len(), found.len(), |(track, candidate)| {
        pair(&tracks[track], found[candidate], gate)
    });
    let gains = Matrix::from_fn(tracks.len(), found.len(), |(track, candidate)| {
        let Some(Pair { cost, unlike }) = pairs[(track, candidate)] else { return 0 };
        let rivals = (0..tracks.len()).filter_map(|rival| pairs[(rival, candidate)]?.unlike);
        let mut alike = rivals.filter(|rival| *rival <= UNLIKE);
        if unlike.is_some_and(|unlike| alike.any(|rival| rival + CLEARLY_ANOTHERS <= unlike)) {
            return 0;
        }
        // At least one step, so that whatever is allowed beats being left alone.
        (((1.0 - cost / most) * GAIN_STEPS) as i64).max(1)
    });
    assign(&gains)
}

/// A track and a detection that may be one rider.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// At least 1.
    cost: f32,
    /// [`Looks::distance`]; `None` where it is not known.
    unlike: Option<f32>,
}

/// What a pair costs, or `None` where it is out of the question.
fn pair(track: &Expectation<'_>, candidate: &Candidate<'_>, gate: Gate) -> Option<Pair> {
    let expected = track.filter.bbox();
    let iou = expected.iou(&candidate.bbox);
    let side = (expected.long_side() + candidate.bbox.long_side()) * 0.5;
    let distance = expected.center().distance(candidate.bbox.center()) / side;
    let plausible = || {
        gate == Gate::Plausible
            && distance <= MAX_CENTER_DISTANCE
            && track.filter.distance2(&candidate.bbox) <= GATE
    };
    let sure = iou >= SURE_IOU;
    if !(sure || plausible()) {
        return None;
    }
    let terms = person_terms(track, candidate);
    let person = terms::cost(&terms);
    // A number that is none must not be a cost: `max` leaves it out.
    let person = if person.is_nan() { MAX_COST } else { person };
    if person > MAX_COST && !sure {
        return None;
    }
    let boxes = 0.5 * (1.0 - iou) + 0.5 * distance / (1.0 + distance);
    Some(Pair { cost: person.min(MAX_COST) * (1.0 + BOX_WEIGHT * boxes), unlike: terms.appearance })
}

/// PHALP's terms of a pair.
fn person_terms(track: &Expectation<'_>, candidate: &Candidate<'_>) -> Terms {
    let nowhere = Foresight { at_px: Vec2::ZERO, width: 0.0, log_depth: None };
    let place = Place::of(candidate);
    let place_terms = match &track.place {
        Some(foreseen) => foreseen.terms(&place, track.picture_px),
        None => Foresight { at_px: place.at_px, ..nowhere }.terms(&place, track.picture_px),
    };
    Terms {
        appearance: track.looks.zip(candidate.colors).and_then(|(looks, colors)| looks.distance(colors)),
        pose: track.body.zip(candidate.body).map(|(a, b)| terms::pose_distance(&a.smpl, &b.smpl)),
        ..place_terms
    }
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
    use crate::types::{BBox, CameraMotion, SurfaceColors};

    fn expectation(filter: &BoxFilter) -> Expectation<'_> {
        Expectation { filter, body: None, looks: None, place: None, picture_px: scenes::PICTURE }
    }

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
        bent.smpl.body_pose[3] = glam::Quat::from_rotation_x(1.0);
        let mut filter = BoxFilter::new(&BBox::new(100.0, 0.0, 150.0, 100.0));
        filter.advance(0.1, &CameraMotion::Unavailable);
        let track = Expectation { body: Some(&last), ..expectation(&filter) };
        let candidate = |dx: f32, body| Candidate {
            bbox: BBox::new(100.0 + dx, 0.0, 150.0 + dx, 100.0),
            score: 0.9,
            body: Some(body),
            colors: None,
        };
        for (left, right, expected) in [(&last, &bent, 0), (&bent, &last, 1)] {
            let (a, b) = (candidate(-15.0, left), candidate(15.0, right));
            assert_eq!(associate(&[track], &[&a, &b], Gate::Plausible), [(0, expected)]);
        }
    }

    #[test]
    fn of_two_riders_in_one_pose_the_one_of_the_same_colour_is_taken() {
        let plain = |rgb| {
            let mut colors = SurfaceColors::default();
            colors.patches_mut().fill(crate::types::appearance::Patch { rgb, weight: 200 });
            colors
        };
        let (orange, blue) = (plain([230, 120, 0]), plain([0, 114, 178]));
        let looks = Looks::of(&orange);
        let mut filter = BoxFilter::new(&BBox::new(100.0, 0.0, 150.0, 100.0));
        filter.advance(0.1, &CameraMotion::Unavailable);
        let track = Expectation { looks: Some(&looks), ..expectation(&filter) };
        let candidate = |dx: f32, colors| Candidate {
            bbox: BBox::new(100.0 + dx, 0.0, 150.0 + dx, 100.0),
            score: 0.9,
            body: None,
            colors: Some(colors),
        };
        for (left, right, expected) in [(&orange, &blue, 0), (&blue, &orange, 1)] {
            let (a, b) = (candidate(-15.0, left), candidate(15.0, right));
            assert_eq!(associate(&[track], &[&a, &b], Gate::Plausible), [(0, expected)]);
        }
    }

    /// Two meet; the detector sees the front one where the other is expected, and nobody else.
    #[test]
    fn who_looks_like_somebody_else_who_may_be_there_is_not_taken_for_him() {
        let plain = |rgb| {
            let mut colors = SurfaceColors::default();
            colors.patches_mut().fill(crate::types::appearance::Patch { rgb, weight: 200 });
            colors
        };
        let (orange, blue, green) = (plain([230, 120, 0]), plain([0, 114, 178]), plain([20, 140, 40]));
        let (orange_looks, blue_looks) = (Looks::of(&orange), Looks::of(&blue));
        let mut here = BoxFilter::new(&BBox::new(100.0, 0.0, 150.0, 100.0));
        let mut aside = BoxFilter::new(&BBox::new(125.0, 0.0, 175.0, 100.0));
        for filter in [&mut here, &mut aside] {
            filter.advance(0.1, &CameraMotion::Unavailable);
        }
        let tracks = [
            Expectation { looks: Some(&orange_looks), ..expectation(&here) },
            Expectation { looks: Some(&blue_looks), ..expectation(&aside) },
        ];
        let seen = |colors| Candidate {
            bbox: BBox::new(100.0, 0.0, 150.0, 100.0),
            score: 0.9,
            body: None,
            colors: Some(colors),
        };
        assert_eq!(associate(&tracks, &[&seen(&orange)], Gate::Plausible), [(0, 0)]);
        assert_eq!(associate(&tracks, &[&seen(&blue)], Gate::Plausible), [(1, 0)]);
        assert_eq!(
            associate(&tracks[..1], &[&seen(&blue)], Gate::Plausible),
            [(0, 0)],
            "nobody else may be there"
        );
        assert_eq!(associate(&tracks, &[&seen(&green)], Gate::Plausible), [(0, 0)], "it looks like neither");
    }

    #[test]
    fn unsure_detections_must_overlap() {
        let mut filter = BoxFilter::new(&BBox::new(100.0, 0.0, 150.0, 100.0));
        filter.advance(0.5, &CameraMotion::Unavailable);
        let track = expectation(&filter);
        let aside =
            Candidate { bbox: BBox::new(160.0, 0.0, 210.0, 100.0), score: 0.2, body: None, colors: None };
        assert_eq!(associate(&[track], &[&aside], Gate::Plausible), [(0, 0)]);
        assert_eq!(associate(&[track], &[&aside], Gate::Overlapping), []);
        assert_eq!(associate(&[track], &[], Gate::Plausible), []);
        assert_eq!(associate(&[], &[&aside], Gate::Plausible), []);
    }
}
