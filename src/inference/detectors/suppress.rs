//! Non-maximum suppression: of boxes on the same person, the best stays.

use super::picture::Candidate;
use super::sort_by_score;

/// Candidates that are compared: a network that is sure of more has lost its mind, and comparing takes their square.
const MAX_CANDIDATES: usize = 3000;

/// Boxes that may stay.
const MAX_KEPT: usize = 300;

/// Sorts `candidates`, best first, and drops each that overlaps a better one that stays by more than `iou`.
pub(super) fn suppress(candidates: &mut Vec<Candidate>, iou: f32) {
    sort_by_score(candidates);
    candidates.truncate(MAX_CANDIDATES);
    let mut kept = 0;
    for index in 0..candidates.len() {
        let (better, rest) = candidates.split_at(index);
        if better[..kept].iter().all(|other| other.bbox.iou(&rest[0].bbox) <= iou) {
            candidates.swap(kept, index);
            kept += 1;
        }
        if kept == MAX_KEPT {
            break;
        }
    }
    candidates.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BBox;

    fn at(left: f32, score: f32) -> Candidate {
        Candidate { bbox: BBox::new(left, 0.0, left + 10.0, 10.0), score, row: 0 }
    }

    #[test]
    fn a_box_falls_to_a_better_one_that_stays_but_not_to_one_that_fell() {
        // Neighbours 3 px apart share 7/13 = .54; those 6 px apart share 4/16 = .25.
        let mut boxes = vec![at(6.0, 0.7), at(3.0, 0.8), at(0.0, 0.9), at(50.0, 0.1)];
        suppress(&mut boxes, 0.5);
        assert_eq!(boxes, [at(0.0, 0.9), at(6.0, 0.7), at(50.0, 0.1)]);
    }

    #[test]
    fn an_overlap_of_exactly_the_limit_stays() {
        let mut boxes = vec![at(0.0, 0.9), at(5.0, 0.8)];
        let exactly = boxes[0].bbox.iou(&boxes[1].bbox);
        suppress(&mut boxes, exactly);
        assert_eq!(boxes.len(), 2);
        suppress(&mut boxes, 0.33);
        assert_eq!(boxes, [at(0.0, 0.9)]);
    }

    #[test]
    fn ten_thousand_boxes_are_cut_to_what_can_be_people() {
        let mut boxes: Vec<_> = (0..10_000u16).map(|i| at(20.0 * f32::from(i), f32::from(i) / 1e4)).collect();
        suppress(&mut boxes, 0.5);
        assert_eq!((boxes.len(), boxes[0].score), (MAX_KEPT, 0.9999));
    }
}
