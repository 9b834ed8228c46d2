//! How well riders were tracked, by the measures that the field agrees on.
//!
//! * CLEAR MOT: Bernardin & Stiefelhagen, Evaluating Multiple Object Tracking Performance, 2008;
//! * identity: Ristani et al., Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking, 2016;
//! * HOTA: Luiten et al., HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking, 2021.
//!
//! Boxes are alike by their intersection over union. Where the papers leave a choice, it is TrackEval's (the reference
//! implementation of the third paper).

mod clear_mot;
mod hota;
mod identity;
mod truth;

use std::collections::BTreeMap;

use serde::Serialize;

use super::association::assign;
use crate::types::BBox;
pub use clear_mot::{ClearMot, clear_mot};
pub use hota::{Hota, hota};
pub use identity::{Identity, identity};
pub use truth::{TruthError, read_truth};

/// Overlap from which a found box is the true one, in CLEAR MOT and in the measures of identity.
pub const MATCH_IOU: f32 = 0.5;

/// Somebody in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Who.
    pub id: u64,
    /// Where, picture pixels.
    pub bbox: BBox,
}

/// Who is where, by frame index; frames without anybody may be left out.
pub type Sequence = BTreeMap<u64, Vec<Placed>>;

/// All measures of one clip.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// MOTA and its parts.
    pub clear_mot: ClearMot,
    /// IDF1 and its parts.
    pub identity: Identity,
    /// HOTA and its parts.
    pub hota: Hota,
}

/// Holds what was `found` against the `truth`.
pub fn evaluate(truth: &Sequence, found: &Sequence) -> Evaluation {
    Evaluation {
        clear_mot: clear_mot(truth, found),
        identity: identity(truth, found),
        hota: hota(truth, found),
    }
}

/// The people of one frame of both sequences.
struct Frame<'a> {
    truth: &'a [Placed],
    found: &'a [Placed],
}

impl Frame<'_> {
    /// Overlap of the `t`-th true and the `f`-th found box.
    fn iou(&self, t: usize, f: usize) -> f32 {
        let iou = self.truth[t].bbox.iou(&self.found[f].bbox);
        if iou.is_finite() { iou } else { 0.0 }
    }

    /// The assignment of true to found boxes with the highest sum of `gain`, to a millionth; pairs without gain are
    /// left out.
    fn assign(&self, gain: impl Fn(usize, usize) -> f64) -> Vec<(usize, usize)> {
        best_assignment(self.truth.len(), self.found.len(), gain)
    }
}

/// Every frame in which either sequence has somebody, in order.
fn frames<'a>(truth: &'a Sequence, found: &'a Sequence) -> impl Iterator<Item = Frame<'a>> {
    let mut numbers: Vec<u64> = truth.keys().chain(found.keys()).copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    let people = |sequence: &'a Sequence, number: u64| sequence.get(&number).map_or(&[][..], Vec::as_slice);
    numbers.into_iter().map(move |n| Frame { truth: people(truth, n), found: people(found, n) })
}

fn count(sequence: &Sequence) -> u64 {
    sequence.values().map(|people| people.len() as u64).sum()
}

/// Numbers ids from 0 in the order of appearance, with the frames that each is in.
fn appearances(sequence: &Sequence) -> (BTreeMap<u64, usize>, Vec<u64>) {
    let (mut index, mut counts) = (BTreeMap::new(), Vec::new());
    for placed in sequence.values().flatten() {
        let next = index.len();
        let at = *index.entry(placed.id).or_insert(next);
        if at == counts.len() {
            counts.push(0);
        }
        counts[at] += 1;
    }
    (index, counts)
}

fn best_assignment(rows: usize, columns: usize, gain: impl Fn(usize, usize) -> f64) -> Vec<(usize, usize)> {
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    assign(&pathfinding::matrix::Matrix::from_fn(rows, columns, |(r, c)| (gain(r, c) * 1e6).round() as i64))
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// A sequence of people on a line: `ids[frame]` lists (id, place). Boxes of neighbouring places do not touch; a
    /// half place apart they overlap by a third.
    pub fn sequence(frames: &[&[(u64, f32)]]) -> Sequence {
        let placed = |&(id, place): &(u64, f32)| {
            let left = place * 20.0;
            Placed { id, bbox: BBox::new(left, 0.0, left + 20.0, 40.0) }
        };
        (0..).zip(frames).map(|(frame, people)| (frame, people.iter().map(placed).collect())).collect()
    }

    pub fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{close, sequence};
    use super::*;

    #[test]
    fn the_truth_itself_is_perfect_under_other_numbers() {
        let truth = sequence(&[&[(1, 0.0), (2, 3.0)], &[(1, 0.1)], &[], &[(2, 3.0), (1, 0.3)]]);
        let found = sequence(&[&[(8, 3.0), (7, 0.0)], &[(7, 0.1)], &[], &[(7, 0.3), (8, 3.0)]]);
        let evaluation = evaluate(&truth, &found);
        close(evaluation.clear_mot.mota, 1.0);
        close(evaluation.clear_mot.motp, 1.0);
        close(evaluation.identity.idf1, 1.0);
        close(evaluation.hota.hota, 1.0);
        assert_eq!(evaluation.clear_mot.id_switches, 0);
    }

    #[test]
    fn nothing_found_is_nothing_and_nothing_at_all_is_no_division() {
        let truth = sequence(&[&[(1, 0.0)], &[(1, 0.0)]]);
        let evaluation = evaluate(&truth, &Sequence::new());
        close(evaluation.clear_mot.mota, 0.0);
        close(evaluation.identity.idf1, 0.0);
        close(evaluation.hota.hota, 0.0);
        let empty = evaluate(&Sequence::new(), &Sequence::new());
        assert!(empty.clear_mot.mota == 0.0 && empty.hota.hota == 0.0);
    }

    #[test]
    fn boxes_that_are_no_numbers_match_nobody() {
        let truth = sequence(&[&[(1, f32::NAN)]]);
        let found = sequence(&[&[(1, f32::NAN), (2, f32::INFINITY)]]);
        assert_eq!(evaluate(&truth, &found).clear_mot.misses, 1);
    }
}
