//! Which observations of a frame are worth tracking, each person once.

use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::{BBox, BodyEstimate, FrameEvidence, Observation, SurfaceColors};

/// Boxes that overlap more than this are one person. Two people so close cover each other and are found as one.
const DUPLICATE_IOU: f32 = 0.65;
/// Mean distance of two skeletons' keypoints, in box sides, below which they are one person's: a box around half a
/// rider leads to the same skeleton as the box around all of him.
const DUPLICATE_KEYPOINTS: f32 = 0.06;
/// Boxes that overlap less than this are never one person, whatever the skeletons say.
const DUPLICATE_MIN_IOU: f32 = 0.2;
/// Coordinates beyond this are no picture's, pixels.
const MAX_COORDINATE_PX: f32 = 1e6;
/// Sides below this hold nobody, pixels.
const MIN_SIDE_PX: f32 = 1.0;

/// One person of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub bbox: BBox,
    /// The detector's score, 0 to 1.
    pub score: f32,
    pub body: Option<&'a BodyEstimate>,
    /// The body's surface colours.
    pub colors: Option<&'a SurfaceColors>,
}

/// The people in `observations`, by falling score: invalid ones and those below `min_score` left out, duplicates
/// merged into the one with the highest score. Where that has no body, it gets its duplicate's.
pub(super) fn candidates<'a>(
    observations: &'a [Observation],
    evidence: &'a FrameEvidence,
    min_score: f32,
) -> Vec<Candidate<'a>> {
    let mut found: Vec<_> = observations
        .iter()
        .enumerate()
        .map(|(index, o)| Candidate {
            bbox: o.detection.bbox,
            score: o.detection.score,
            body: o.body.as_ref(),
            colors: evidence.appearance(index),
        })
        .filter(|c| c.score >= min_score && is_usable(&c.bbox))
        .collect();
    // The sort is stable, so that equal scores stay in the detector's order.
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate<'_>> = Vec::with_capacity(found.len());
    for candidate in found {
        match kept.iter_mut().find(|other| are_duplicates(other, &candidate)) {
            Some(same) if same.body.is_none() => {
                (same.body, same.colors) = (candidate.body, candidate.colors);
            }
            Some(_) => {}
            None => kept.push(candidate),
        }
    }
    kept
}

fn is_usable(bbox: &BBox) -> bool {
    let coordinates = [bbox.min.x, bbox.min.y, bbox.max.x, bbox.max.y];
    coordinates.iter().all(|c| c.abs() <= MAX_COORDINATE_PX) && bbox.size().min_element() >= MIN_SIDE_PX
}

fn are_duplicates(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let iou = a.bbox.iou(&b.bbox);
    if iou >= DUPLICATE_IOU {
        return true;
    }
    let (Some(body_a), Some(body_b)) = (a.body, b.body) else {
        return false;
    };
    let apart: f32 =
        body_a.joints_2d.iter().zip(&body_b.joints_2d).map(|(p, q)| p.position.distance(q.position)).sum();
    let side = a.bbox.long_side().max(b.bbox.long_side());
    iou >= DUPLICATE_MIN_IOU && apart <= DUPLICATE_KEYPOINTS * side * COCO_KEYPOINT_COUNT as f32
}

#[cfg(test)]
mod tests {
    use super::super::scenes;
    use super::*;
    use crate::types::CameraMotion;

    static NOTHING: FrameEvidence =
        FrameEvidence { motion: CameraMotion::Unavailable, appearances: Vec::new(), masks: Vec::new() };

    fn boxes(found: &[Candidate<'_>]) -> Vec<BBox> {
        found.iter().map(|c| c.bbox).collect()
    }

    #[test]
    fn two_boxes_of_one_person_become_the_surer_one() {
        let weak = scenes::seen(BBox::new(0.0, 0.0, 50.0, 100.0), 0.5);
        let strong = Observation { body: None, ..scenes::seen(BBox::new(2.0, 1.0, 52.0, 99.0), 0.8) };
        let other = scenes::seen(BBox::new(200.0, 0.0, 250.0, 100.0), 0.6);
        let observations = [weak, other, strong];
        let found = candidates(&observations, &NOTHING, 0.1);
        assert_eq!(boxes(&found), [BBox::new(2.0, 1.0, 52.0, 99.0), BBox::new(200.0, 0.0, 250.0, 100.0)]);
        assert_eq!(found[0].body, observations[0].body.as_ref());
    }

    #[test]
    fn a_box_around_half_a_rider_with_the_same_skeleton_is_the_same_rider() {
        let whole = scenes::seen(BBox::new(0.0, 0.0, 50.0, 100.0), 0.8);
        let mut half = scenes::seen(BBox::new(0.0, 0.0, 50.0, 50.0), 0.5);
        assert_eq!(candidates(&[whole.clone(), half.clone()], &NOTHING, 0.1).len(), 2);
        half.body = whole.body.clone();
        assert_eq!(candidates(&[whole, half], &NOTHING, 0.1).len(), 1);
    }

    #[test]
    fn numbers_that_are_none_are_left_out() {
        let nan = f32::NAN;
        let observations = [
            scenes::seen(BBox::new(nan, 0.0, 50.0, 100.0), 0.8),
            scenes::seen(BBox::new(0.0, 0.0, f32::INFINITY, 100.0), 0.8),
            scenes::seen(BBox::new(-3e38, -3e38, 3e38, 3e38), 0.8),
            scenes::seen(BBox::new(50.0, 0.0, 0.0, 100.0), 0.8),
            scenes::seen(BBox::new(0.0, 0.0, 50.0, 100.0), nan),
            scenes::seen(BBox::new(0.0, 0.0, 50.0, 100.0), 0.05),
        ];
        assert!(candidates(&observations, &NOTHING, 0.1).is_empty());
    }
}
