//! The measures of identity (Ristani et al., 2016).

use serde::Serialize;

use super::{MATCH_IOU, Sequence, appearances, best_assignment, count, frames, ratio};

/// IDF1 and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Identity {
    /// 2 IDTP / (2 IDTP + IDFP + IDFN), 0 to 1.
    pub idf1: f64,
    /// Share of the found boxes that are the right person's.
    pub id_precision: f64,
    /// Share of the true boxes that were found as the right person.
    pub id_recall: f64,
    /// Boxes of the right person (IDTP).
    pub id_true_positives: u64,
}

/// Gives each true person one found id, or none, for the whole clip, so that the most boxes are right.
pub fn identity(truth: &Sequence, found: &Sequence) -> Identity {
    let ((true_index, true_counts), (found_index, found_counts)) = (appearances(truth), appearances(found));
    let mut together = vec![0_u64; true_counts.len() * found_counts.len()];
    for frame in frames(truth, found) {
        for (t, person) in frame.truth.iter().enumerate() {
            for (f, claimed) in frame.found.iter().enumerate() {
                if frame.iou(t, f) >= MATCH_IOU {
                    together[true_index[&person.id] * found_counts.len() + found_index[&claimed.id]] += 1;
                }
            }
        }
    }
    let shared = |t: usize, f: usize| together[t * found_counts.len() + f];
    let pairs = best_assignment(true_counts.len(), found_counts.len(), |t, f| shared(t, f) as f64);
    let right: u64 = pairs.iter().map(|&(t, f)| shared(t, f)).sum();
    let (true_boxes, found_boxes) = (count(truth) as f64, count(found) as f64);
    Identity {
        idf1: ratio(2.0 * right as f64, true_boxes + found_boxes),
        id_precision: ratio(right as f64, found_boxes),
        id_recall: ratio(right as f64, true_boxes),
        id_true_positives: right,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{close, sequence};
    use super::*;

    /// One person in six frames, found as 7 in two, as 8 in three: 8 is him. IDTP 3, IDFN 3, IDFP 2 + 1.
    #[test]
    fn a_worked_example() {
        let person: &[(u64, f32)] = &[(1, 0.0)];
        let truth = sequence(&[person; 6]);
        let found =
            sequence(&[&[(7, 0.0)], &[(7, 0.0)], &[], &[(8, 0.0)], &[(8, 0.0)], &[(8, 0.0), (9, 4.0)]]);
        let measures = identity(&truth, &found);
        assert_eq!(measures.id_true_positives, 3);
        close(measures.id_recall, 3.0 / 6.0);
        close(measures.id_precision, 3.0 / 6.0);
        close(measures.idf1, 6.0 / (6.0 + 3.0 + 3.0));
    }

    /// Both people are with 7 for some time; 7 can be one of them alone: 3 + 1 beats 2 + 0.
    #[test]
    fn an_id_is_one_person() {
        let truth = sequence(&[
            &[(1, 0.0), (2, 4.0)],
            &[(1, 0.0), (2, 4.0)],
            &[(1, 0.0), (2, 4.0)],
            &[(1, 0.0), (2, 4.0)],
            &[(1, 0.0), (2, 4.0)],
        ]);
        let found = sequence(&[&[(7, 0.0)], &[(7, 0.0)], &[(7, 0.0)], &[(7, 4.0)], &[(7, 4.0), (8, 0.0)]]);
        assert_eq!(identity(&truth, &found).id_true_positives, 3);
    }
}
