//! Non-maximum suppression: of boxes on the same person, the best stays.

use super::sort_by_score;
use crate::types::Detection;

/// Sorts `detections`, best first, and drops each that overlaps a better one that stays by more than `iou`.
pub(super) fn suppress(detections: &mut Vec<Detection>, iou: f32) {
    sort_by_score(detections);
    let mut kept = 0;
    for index in 0..detections.len() {
        let (better, rest) = detections.split_at(index);
        if better[..kept].iter().all(|other| other.bbox.iou(&rest[0].bbox) <= iou) {
            detections.swap(kept, index);
            kept += 1;
        }
    }
    detections.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BBox;

    fn at(left: f32, score: f32) -> Detection {
        Detection { bbox: BBox::new(left, 0.0, left + 10.0, 10.0), score }
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
}
