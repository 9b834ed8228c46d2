//! Following people from one frame that the detector has looked at to the next, without looking at those between.
//!
//! A box between two detections of the same person is known from both sides, so it cannot drift away as one that is
//! handed on from frame to frame, and no frame has to wait for the one before it. Whether he really is in it the
//! landmark networks say afterwards.

use crate::types::{BBox, Detection};

/// Overlap from which two boxes are the same person's. People who move further in between are looked at in between.
const SAME_IOU: f32 = 0.3;

/// A box that overlaps a surer one of the same frame this much is another box of the same person.
const DUPLICATE_IOU: f32 = 0.1;

/// Who is seen in two frames, as pairs of an earlier and a later detection; `None` where somebody is in one of them
/// alone. Both lists are best first, and so is the result.
///
/// A detection with a score below `confident` beside somebody sure does not count: most are trees and shadows, and it
/// begins no track. Somebody surer than the one whom the overlaps choose is no second box of his: then the choice may be
/// wrong, as where a rider moves on and a tree stands where he was, and it takes a look in between to tell.
pub fn same_people(
    earlier: &[Detection],
    later: &[Detection],
    confident: f32,
) -> Option<Vec<(Detection, Detection)>> {
    let is_sure = |d: &Detection| d.score >= confident;
    let mut pairs: Vec<(bool, f32, usize, usize)> = Vec::new();
    for (i, a) in earlier.iter().enumerate() {
        for (j, b) in later.iter().enumerate() {
            let iou = a.bbox.iou(&b.bbox);
            if iou >= SAME_IOU {
                pairs.push((is_sure(a) && is_sure(b), iou, i, j));
            }
        }
    }
    // The sure choose first, as in tracking. The sort is stable, so equal overlaps go by score.
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let (mut of_earlier, mut of_later) = (vec![None; earlier.len()], vec![false; later.len()]);
    for (.., i, j) in pairs {
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
    let any_sure = same.iter().any(|(a, b)| is_sure(a) || is_sure(b));
    // Somebody by himself, where `followed` are those of his frame who are in the other one, too.
    let is_alone = |detection: &Detection, followed: &[&Detection]| {
        let is_second_box =
            |of: &&Detection| of.score >= detection.score && of.bbox.iou(&detection.bbox) >= DUPLICATE_IOU;
        (is_sure(detection) || !any_sure) && !followed.iter().any(is_second_box)
    };
    let (followed_earlier, followed_later): (Vec<_>, Vec<_>) = same.iter().map(|(a, b)| (a, b)).unzip();
    let alone = earlier.iter().zip(&of_earlier).any(|(d, to)| to.is_none() && is_alone(d, &followed_earlier))
        || later.iter().zip(&of_later).any(|(d, taken)| !taken && is_alone(d, &followed_later));
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

    #[test]
    fn a_tree_where_he_was_is_not_him_who_has_moved_on() {
        // Of a real clip: six frames later the tree overlaps his old box more than he does himself.
        let seen =
            |bbox: [f32; 4], score| Detection { bbox: BBox::new(bbox[0], bbox[1], bbox[2], bbox[3]), score };
        let before = [seen([417.0, 158.0, 471.0, 244.0], 0.77)];
        let rider = seen([379.0, 178.0, 439.0, 266.0], 0.72);
        let tree = seen([423.0, 190.0, 465.0, 268.0], 0.21);
        let after = [rider.clone(), seen([398.0, 185.0, 458.0, 267.0], 0.29), tree];
        assert_eq!(same_people(&before, &after, 0.4), None);
        assert_eq!(same_people(&after, &before, 0.4), None, "nor backwards in time");
        // Half way both are told apart.
        let half_way = [seen([398.0, 168.0, 455.0, 255.0], 0.75)];
        assert_eq!(same_people(&half_way, &after, 0.4).unwrap()[0].1, rider);
    }
}
