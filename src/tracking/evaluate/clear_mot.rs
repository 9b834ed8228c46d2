//! The CLEAR MOT measures (Bernardin & Stiefelhagen, 2008).

use std::collections::BTreeMap;

use serde::Serialize;

use super::{MATCH_IOU, Sequence, count, frames, ratio};

/// MOTA, MOTP and what they are made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClearMot {
    /// Multiple object tracking accuracy: 1 − (misses + false positives + identity switches) / true boxes. Below 0
    /// where there is more wrong than there is to find.
    pub mota: f64,
    /// Multiple object tracking precision as mean overlap of the matches, 0 to 1.
    pub motp: f64,
    /// True boxes that were matched.
    pub matches: u64,
    /// True boxes without a match.
    pub misses: u64,
    /// Found boxes without a match.
    pub false_positives: u64,
    /// Matches in which a person has another id than in his last match.
    pub id_switches: u64,
}

/// Matches frame by frame: who was matched in the frame before stays matched where the boxes still overlap enough; the
/// rest by the best sum of overlaps.
pub fn clear_mot(truth: &Sequence, found: &Sequence) -> ClearMot {
    let mut measures = ClearMot::default();
    let mut overlap_sum = 0.0;
    // Id in a person's last match, whenever that was, and the pairs of the frame before.
    let mut last_id: BTreeMap<u64, u64> = BTreeMap::new();
    let mut pairs_before: BTreeMap<u64, u64> = BTreeMap::new();
    for frame in frames(truth, found) {
        let id = |t: usize| frame.truth[t].id;
        // More than any sum of overlaps, so that a match of the frame before always goes on.
        let stays = 1.0 + frame.truth.len().min(frame.found.len()) as f64;
        let pairs = frame.assign(|t, f| {
            let iou = frame.iou(t, f);
            let stayed = pairs_before.get(&id(t)) == Some(&frame.found[f].id);
            if iou < MATCH_IOU { 0.0 } else { f64::from(iou) + if stayed { stays } else { 0.0 } }
        });
        pairs_before.clear();
        for &(t, f) in &pairs {
            let found_id = frame.found[f].id;
            overlap_sum += f64::from(frame.iou(t, f));
            let before = last_id.insert(id(t), found_id);
            measures.id_switches += u64::from(before.is_some_and(|before| before != found_id));
            pairs_before.insert(id(t), found_id);
        }
        measures.matches += pairs.len() as u64;
        measures.misses += (frame.truth.len() - pairs.len()) as u64;
        measures.false_positives += (frame.found.len() - pairs.len()) as u64;
    }
    let wrong = (measures.misses + measures.false_positives + measures.id_switches) as f64;
    let total = count(truth) as f64;
    measures.mota = ratio(total - wrong, total);
    measures.motp = ratio(overlap_sum, measures.matches as f64);
    measures
}

#[cfg(test)]
mod tests {
    use super::super::testing::{close, sequence};
    use super::*;

    /// Five true boxes of one person: found as 7, as 7, missed, found as 8 (a switch across the gap), as 8; and a
    /// false positive in two frames. MOTA = 1 − (1 + 2 + 1) / 5.
    #[test]
    fn a_worked_example() {
        let truth = sequence(&[&[(1, 0.0)], &[(1, 0.0)], &[(1, 0.0)], &[(1, 0.0)], &[(1, 0.0)]]);
        let found = sequence(&[&[(7, 0.0)], &[(7, 0.0), (9, 5.0)], &[(9, 5.0)], &[(8, 0.0)], &[(8, 0.0)]]);
        let measures = clear_mot(&truth, &found);
        assert_eq!(
            (measures.matches, measures.misses, measures.false_positives, measures.id_switches),
            (4, 1, 2, 1)
        );
        close(measures.mota, 0.2);
        close(measures.motp, 1.0);
    }

    /// A quarter place apart, boxes overlap by 15 / 25 = 0.6; the one who was matched before stays, though the other
    /// has come to lie exactly on him.
    #[test]
    fn a_match_goes_on_while_the_boxes_overlap_enough() {
        let truth = sequence(&[&[(1, 0.0)], &[(1, 0.0)]]);
        let found = sequence(&[&[(7, 0.0)], &[(7, 0.25), (8, 0.0)]]);
        let measures = clear_mot(&truth, &found);
        assert_eq!((measures.id_switches, measures.false_positives), (0, 1));
        close(measures.motp, (1.0 + 0.6) / 2.0);
        // Half a place apart they overlap by a third alone, and the other takes over.
        let found = sequence(&[&[(7, 0.0)], &[(7, 0.5), (8, 0.0)]]);
        assert_eq!(clear_mot(&truth, &found).id_switches, 1);
    }

    #[test]
    fn more_false_than_true_is_below_nothing() {
        let truth = sequence(&[&[(1, 0.0)]]);
        let found = sequence(&[&[(2, 5.0), (3, 7.0)]]);
        close(clear_mot(&truth, &found).mota, -2.0);
    }
}
