//! What is seen in a frame that the detectors do not see alike, and where in the clip such frames begin.

use super::measure::SAME_IOU;
use crate::types::Detection;

/// Overlap from which a box is about somebody whom another box is about too, only elsewhere.
const TOUCHING_IOU: f32 = 0.1;

/// How one detector's box stands to those of the others in the same frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Difference {
    /// Another detector has it too.
    Shared,
    /// The nearest box of another one overlaps it by this much, less than [`SAME_IOU`].
    Elsewhere(f32),
    /// No other detector has anybody there.
    Alone,
}

/// How each box stands to those of the other detectors; `found` holds each detector's boxes of one frame.
pub fn differences(found: &[&[Detection]]) -> Vec<Vec<Difference>> {
    let nearest = |own: usize, detection: &Detection| {
        let others = found.iter().enumerate().filter(|(index, _)| *index != own);
        let overlaps =
            others.flat_map(|(_, boxes)| boxes.iter().map(|other| other.bbox.iou(&detection.bbox)));
        overlaps.fold(0.0, f32::max)
    };
    // Who is matched one to one is shared; of two boxes on one person the second is not.
    let alone = super::measure::found_alone(found);
    let of = |(own, boxes): (usize, &&[Detection])| {
        let difference = |(detection, &alone): (&Detection, &bool)| match nearest(own, detection) {
            _ if !alone => Difference::Shared,
            iou if (TOUCHING_IOU..SAME_IOU).contains(&iou) => Difference::Elsewhere(iou),
            _ => Difference::Alone,
        };
        boxes.iter().zip(&alone[own]).map(difference).collect()
    };
    found.iter().enumerate().map(of).collect()
}

/// Whether a disagreement begins in `frame`: its agreement is less than that of the frame before.
fn begins(agreement: &[f64], frame: usize) -> bool {
    let before = frame.checked_sub(1).and_then(|before| agreement.get(before)).copied().unwrap_or(1.0);
    agreement.get(frame).is_some_and(|now| *now < before)
}

/// The first frame after `frame` in which a disagreement begins.
pub fn next_disagreement(agreement: &[f64], frame: u64) -> Option<u64> {
    let first = usize::try_from(frame).ok()?.checked_add(1)?;
    (first..agreement.len()).find(|&frame| begins(agreement, frame)).map(|frame| frame as u64)
}

/// The last frame before `frame` in which a disagreement begins.
pub fn previous_disagreement(agreement: &[f64], frame: u64) -> Option<u64> {
    let end = usize::try_from(frame).ok()?.min(agreement.len());
    (0..end).rev().find(|&frame| begins(agreement, frame)).map(|frame| frame as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BBox;

    fn at(left: f32) -> Detection {
        Detection { bbox: BBox::new(left, 100.0, left + 60.0, 220.0), score: 0.9 }
    }

    #[test]
    fn boxes_are_shared_elsewhere_or_alone() {
        // 10 px apart of 60: 50/70 = .71; 30 px: 30/90 = .33; 55 px: 5/115 = .04.
        let found: [&[Detection]; 3] =
            [&[at(0.0), at(300.0)], &[at(10.0), at(330.0)], &[at(355.0), at(600.0)]];
        let [first, second, third] = differences(&found).try_into().unwrap();
        assert_eq!(first[0], Difference::Shared);
        assert!(matches!(first[1], Difference::Elsewhere(iou) if (iou - 1.0 / 3.0).abs() < 1e-3));
        assert_eq!(second[0], Difference::Shared);
        // 330 and 355 overlap by 35/85 = .41.
        assert!(matches!(third[0], Difference::Elsewhere(iou) if (iou - 35.0 / 85.0).abs() < 1e-3));
        assert_eq!(third[1], Difference::Alone);
    }

    #[test]
    fn a_second_box_on_somebody_is_not_shared() {
        let [first, _] = differences(&[&[at(0.0), at(8.0)], &[at(0.0)]]).try_into().unwrap();
        assert_eq!(first, [Difference::Shared, Difference::Alone]);
    }

    #[test]
    fn disagreements_begin_where_the_agreement_falls() {
        let agreement = [0.5, 0.5, 1.0, 0.8, 0.8, 0.2, 0.9, 1.0];
        assert_eq!(next_disagreement(&agreement, 0), Some(3));
        assert_eq!(next_disagreement(&agreement, 3), Some(5));
        assert_eq!(next_disagreement(&agreement, 5), None);
        assert_eq!(previous_disagreement(&agreement, 7), Some(5));
        assert_eq!(previous_disagreement(&agreement, 5), Some(3));
        assert_eq!(previous_disagreement(&agreement, 3), Some(0));
        assert_eq!(previous_disagreement(&agreement, 0), None);
        assert_eq!(next_disagreement(&[], u64::MAX), None);
    }
}
