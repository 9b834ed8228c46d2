//! Following people from one frame that the detector has looked at to the next, without looking at those between.
//!
//! A box between two detections of the same person is known from both sides, so it cannot drift away as one that is
//! handed on from frame to frame, and no frame has to wait for the one before it. Whether he really is in it the
//! landmark networks say afterwards.

use crate::types::{BBox, Detection};

/// Overlap from which two boxes are the same person's. People who move further in between are looked at in between.
const SAME_IOU: f32 = 0.3;

/// A box that overlaps a followed one this much is another box of the same person.
const DUPLICATE_IOU: f32 = 0.1;

/// Who is seen in two frames, as pairs of an earlier and a later detection; `None` where somebody is in one of them
/// alone. Both lists are best first, and so is the result.
///
/// A detection with a score below `confident` beside somebody sure does not count: most are trees and shadows, and it
/// begins no track.
pub fn same_people(
    earlier: &[Detection],
    later: &[Detection],
    confident: f32,
) -> Option<Vec<(Detection, Detection)>> {
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for (i, a) in earlier.iter().enumerate() {
        for (j, b) in later.iter().enumerate() {
            let iou = a.bbox.iou(&b.bbox);
            if iou >= SAME_IOU {
                pairs.push((iou, i, j));
            }
        }
    }
    // The sort is stable, so equal overlaps go by score.
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut of_earlier, mut of_later) = (vec![None; earlier.len()], vec![false; later.len()]);
    for (_, i, j) in pairs {
        if of_earlier[i].is_none() && !of_later[j] {
            of_earlier[i] = Some(j);
            of_later[j] = true;
        }
    }
    let same: Vec<_> = earlier
        .iter()
        .zip(&of_earlier)
        .filter_map(|(a, partner)| Some((a.clone(), later.get((*partner)?)?.clone())))
        .collect();
    let known = |alone: &Detection| {
        let meets = |other: &Detection| other.bbox.iou(&alone.bbox) >= DUPLICATE_IOU;
        same.iter().any(|(a, b)| meets(a) || meets(b))
    };
    let is_sure = |d: &Detection| d.score >= confident;
    let any_sure = same.iter().any(|(a, b)| is_sure(a) || is_sure(b));
    let is_alone = |(d, taken): (&Detection, bool)| !taken && (is_sure(d) || !any_sure) && !known(d);
    let alone = earlier.iter().zip(of_earlier.iter().map(Option::is_some)).any(is_alone)
        || later.iter().zip(of_later.iter().copied()).any(is_alone);
    (!alone).then_some(same)
}

/// Where they are at fraction `t` of the way.
pub fn between(people: &[(Detection, Detection)], t: f32) -> Vec<Detection> {
    people
        .iter()
        .map(|(a, b)| Detection { bbox: a.bbox.lerp(&b.bbox, t), score: a.score + (b.score - a.score) * t })
        .collect()
}

/// Whether one of `detections` is in the place of `bbox`.
pub fn is_covered(bbox: &BBox, detections: &[Detection]) -> bool {
    detections.iter().any(|detection| detection.bbox.iou(bbox) >= SAME_IOU)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(x: f32, score: f32) -> Detection {
        Detection { bbox: BBox::new(x, 100.0, x + 40.0, 200.0), score }
    }

    #[test]
    fn a_person_in_both_frames_is_half_way_in_the_middle() {
        let same = same_people(&[person(100.0, 0.8)], &[person(110.0, 0.6)], 0.4).unwrap();
        let middle = between(&same, 0.5);
        assert_eq!(middle.len(), 1);
        assert_eq!(middle[0].bbox, person(105.0, 0.0).bbox);
        assert!((middle[0].score - 0.7).abs() < 1e-6);
    }

    #[test]
    fn two_who_pass_each_other_go_each_his_own_way() {
        let earlier = [person(100.0, 0.9), person(300.0, 0.8)];
        let later = [person(310.0, 0.9), person(90.0, 0.8)];
        let middle = between(&same_people(&earlier, &later, 0.4).unwrap(), 0.5);
        assert_eq!(middle.iter().map(|p| p.bbox.min.x).collect::<Vec<_>>(), [95.0, 305.0]);
    }

    #[test]
    fn somebody_in_one_frame_alone_is_looked_for_in_between() {
        let one = [person(100.0, 0.8)];
        let two = [person(100.0, 0.8), person(400.0, 0.6)];
        let same = |earlier: &[Detection], later: &[Detection]| same_people(earlier, later, 0.4);
        assert_eq!(same(&one, &two), None);
        assert_eq!(same(&two, &one), None);
        assert_eq!(same(&one, &[person(150.0, 0.8)]), None, "too far to be sure");
        assert_eq!(same(&one, &[]), None);
        assert_eq!(same(&[person(100.0, 0.3)], &[]), None, "the only one, though weak");
        assert_eq!(same(&[], &[]), Some(vec![]));
    }

    #[test]
    fn a_weak_one_beside_somebody_sure_does_not_matter() {
        let one = [person(100.0, 0.8)];
        let with_tree = [person(100.0, 0.8), person(400.0, 0.3)];
        assert_eq!(same_people(&one, &with_tree, 0.4).unwrap().len(), 1);
    }

    #[test]
    fn a_second_box_of_the_same_person_does_not_matter() {
        let whole = person(100.0, 0.8);
        let half = Detection { bbox: BBox::new(100.0, 100.0, 140.0, 130.0), score: 0.3 };
        let same = same_people(&[whole.clone(), half], std::slice::from_ref(&whole), 0.4).unwrap();
        assert_eq!(same, [(whole.clone(), whole)]);
    }
}
