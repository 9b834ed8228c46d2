//! Higher order tracking accuracy (Luiten et al., 2021).

use serde::Serialize;

use super::{Sequence, appearances, frames, ratio};

/// Localisation thresholds: 0.05 to 0.95 in steps of 0.05.
const THRESHOLDS: usize = 19;

/// HOTA and what it is made of, each the mean over the thresholds; 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Hota {
    /// √(detection accuracy · association accuracy), averaged over the thresholds.
    pub hota: f64,
    /// Detection accuracy: TP / (TP + FN + FP).
    pub det_a: f64,
    /// Association accuracy: for each true positive, how far his two tracks are the same; averaged.
    pub ass_a: f64,
    /// Mean overlap of the true positives.
    pub loc_a: f64,
}

/// Matches each frame for the best sum of overlap × how well the two tracks go together over the whole clip, as the
/// paper does to make HOTA the highest.
pub fn hota(truth: &Sequence, found: &Sequence) -> Hota {
    let ((true_index, true_counts), (found_index, found_counts)) = (appearances(truth), appearances(found));
    let columns = found_counts.len();
    let pair = |true_id: &u64, found_id: &u64| true_index[true_id] * columns + found_index[found_id];
    let alignment = alignment(truth, found, &pair, &true_counts, &found_counts);

    let mut matched = vec![vec![0_u64; true_counts.len() * columns]; THRESHOLDS];
    let (mut overlaps, mut positives) = ([0.0_f64; THRESHOLDS], [0_u64; THRESHOLDS]);
    for frame in frames(truth, found) {
        let of = |t: usize, f: usize| pair(&frame.truth[t].id, &frame.found[f].id);
        for (t, f) in frame.assign(|t, f| alignment[of(t, f)] * f64::from(frame.iou(t, f))) {
            let iou = f64::from(frame.iou(t, f));
            for at in (0..THRESHOLDS).filter(|&at| iou >= threshold(at) - 1e-6) {
                matched[at][of(t, f)] += 1;
                overlaps[at] += iou;
                positives[at] += 1;
            }
        }
    }

    let (true_boxes, found_boxes) = (true_counts.iter().sum::<u64>(), found_counts.iter().sum::<u64>());
    let mut mean = Hota::default();
    let share = 1.0 / THRESHOLDS as f64;
    for at in 0..THRESHOLDS {
        let tp = positives[at] as f64;
        let det_a = ratio(tp, (true_boxes + found_boxes) as f64 - tp);
        let associations: f64 = matched[at]
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(index, &count)| {
                let union = true_counts[index / columns] + found_counts[index % columns] - count;
                (count * count) as f64 / union as f64
            })
            .sum();
        let ass_a = ratio(associations, tp);
        mean.hota += share * (det_a * ass_a).sqrt();
        mean.det_a += share * det_a;
        mean.ass_a += share * ass_a;
        // Without a match nothing is in the wrong place.
        mean.loc_a += share * if tp > 0.0 { overlaps[at] / tp } else { 1.0 };
    }
    mean
}

fn threshold(at: usize) -> f64 {
    0.05 * (at + 1) as f64
}

/// How well each pair of tracks goes together: the Jaccard index of their boxes, counted by overlap.
fn alignment(
    truth: &Sequence,
    found: &Sequence,
    pair: &impl Fn(&u64, &u64) -> usize,
    true_counts: &[u64],
    found_counts: &[u64],
) -> Vec<f64> {
    let columns = found_counts.len();
    let mut together = vec![0.0_f64; true_counts.len() * columns];
    for frame in frames(truth, found) {
        let row_sum = |t: usize| (0..frame.found.len()).map(|f| f64::from(frame.iou(t, f))).sum::<f64>();
        let column_sum = |f: usize| (0..frame.truth.len()).map(|t| f64::from(frame.iou(t, f))).sum::<f64>();
        for (t, person) in frame.truth.iter().enumerate() {
            for (f, claimed) in frame.found.iter().enumerate() {
                let iou = f64::from(frame.iou(t, f));
                together[pair(&person.id, &claimed.id)] += ratio(iou, row_sum(t) + column_sum(f) - iou);
            }
        }
    }
    for (index, shared) in together.iter_mut().enumerate() {
        *shared /= (true_counts[index / columns] + found_counts[index % columns]) as f64 - *shared;
    }
    together
}

#[cfg(test)]
mod tests {
    use super::super::testing::{close, sequence};
    use super::*;

    /// One person in four frames, found exactly, as 7 in two and as 8 in two. TP 4, DetA 1; each true positive has
    /// TPA 2, FNA 2, FPA 0, so AssA = 1/2; HOTA = √(1/2). (The paper's figure 1 has such a case.)
    #[test]
    fn a_track_in_two_halves() {
        let person: &[(u64, f32)] = &[(1, 0.0)];
        let truth = sequence(&[person; 4]);
        let found = sequence(&[&[(7, 0.0)], &[(7, 0.0)], &[(8, 0.0)], &[(8, 0.0)]]);
        let measures = hota(&truth, &found);
        close(measures.det_a, 1.0);
        close(measures.ass_a, 0.5);
        close(measures.hota, 0.5_f64.sqrt());
        close(measures.loc_a, 1.0);
    }

    /// Found in half of the frames as one: DetA 1/2, TPA 2 of 4: AssA 1/2; HOTA 1/2.
    #[test]
    fn half_of_a_track() {
        let person: &[(u64, f32)] = &[(1, 0.0)];
        let measures = hota(&sequence(&[person; 4]), &sequence(&[person, person, &[], &[]]));
        close(measures.det_a, 0.5);
        close(measures.ass_a, 0.5);
        close(measures.hota, 0.5);
    }

    /// A quarter place off, the overlap is 0.6: a match at the 12 thresholds up to 0.6, none at the 7 above.
    #[test]
    fn what_lies_off_counts_at_the_lower_thresholds() {
        let measures = hota(&sequence(&[&[(1, 0.0)], &[(1, 0.0)]]), &sequence(&[&[(1, 0.25)], &[(1, 0.25)]]));
        close(measures.hota, 12.0 / 19.0);
        close(measures.loc_a, (12.0 * 0.6 + 7.0) / 19.0);
    }

    /// Two people swap ids for the last of three frames: DetA 1; pairs 1-7 and 2-8 have TPA 2 of a union of 4, 1-8 and
    /// 2-7 have 1 of 5. AssA = (4 · 1/2 + 2 · 1/5) / 6 = 2/5.
    #[test]
    fn a_swap_of_two() {
        let truth = sequence(&[&[(1, 0.0), (2, 4.0)], &[(1, 0.0), (2, 4.0)], &[(1, 0.0), (2, 4.0)]]);
        let found = sequence(&[&[(7, 0.0), (8, 4.0)], &[(7, 0.0), (8, 4.0)], &[(8, 0.0), (7, 4.0)]]);
        let measures = hota(&truth, &found);
        close(measures.ass_a, 0.4);
        close(measures.hota, 0.4_f64.sqrt());
    }
}
