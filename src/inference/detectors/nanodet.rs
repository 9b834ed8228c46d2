//! NanoDet: anchor-free, three feature levels, each side of a box a distribution over distances.
//!
//! Decoding follows RangiLyu's NanoDet: a cell's score is its class score after the sigmoid; the distance from the
//! cell's centre to each side is the expectation of a softmax over bins 0, 1, 2, … strides (Li et al., Generalized
//! Focal Loss, 2020).

use glam::Vec2;

use super::picture::{Candidate, Decode, View};
use crate::inference::contract::{NanodetContract, NanodetLevel};
use crate::inference::error::InferenceError;
use crate::inference::session::Outputs;
use crate::types::BBox;

/// Reads NanoDet.
pub(super) struct Nanodet(pub NanodetContract);

impl Decode for Nanodet {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        let contract = &self.0;
        for level in &contract.levels {
            let cells = (contract.input.side / level.stride).pow(2);
            let scores = outputs.values(&level.scores, &[1, cells, contract.classes])?;
            let boxes = outputs.values(&level.boxes, &[1, cells, 4 * contract.bins])?;
            decode_level(contract, level, scores, boxes, view.threshold, found);
        }
        Ok(())
    }

    fn nms_iou(&self) -> Option<f32> {
        Some(self.0.nms_iou)
    }
}

/// Adds the people of one level to `found`, in input pixels; what is not a number is left out.
fn decode_level(
    contract: &NanodetContract,
    level: &NanodetLevel,
    scores: &[f32],
    boxes: &[f32],
    threshold: f32,
    found: &mut Vec<Candidate>,
) {
    let columns = contract.input.side / level.stride;
    let rows = scores.chunks_exact(contract.classes).zip(boxes.chunks_exact(4 * contract.bins));
    for (cell, (scores, sides)) in rows.enumerate() {
        let score = scores[contract.person_class];
        if score.is_nan() || score < threshold {
            continue;
        }
        let stride = level.stride as f32;
        let center = (Vec2::new((cell % columns) as f32, (cell / columns) as f32) + 0.5) * stride;
        let mut distances = [0.0; 4];
        for (distance, logits) in distances.iter_mut().zip(sides.chunks_exact(contract.bins)) {
            *distance = expected_bin(logits) * stride;
        }
        let [left, top, right, bottom] = distances;
        let bbox = BBox { min: center - Vec2::new(left, top), max: center + Vec2::new(right, bottom) };
        found.extend(Candidate::checked(bbox, score, cell));
    }
}

/// The expectation of the bin's index under the softmax of `logits`.
fn expected_bin(logits: &[f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - largest).exp();
        sum += weight;
        weighted += weight * bin as f32;
    }
    weighted / sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::test_support::plain_contract;

    /// Two by two cells of 8 pixels, one class, three bins.
    fn contract() -> NanodetContract {
        let level = NanodetLevel { stride: 8, scores: "s".to_owned(), boxes: "b".to_owned() };
        NanodetContract {
            input: plain_contract(16),
            pad: 0,
            levels: vec![level],
            classes: 1,
            person_class: 0,
            bins: 3,
            nms_iou: 0.5,
            default_threshold: 0.5,
        }
    }

    fn decode(scores: [f32; 4], sides: [f32; 12]) -> Vec<Candidate> {
        let contract = contract();
        let mut found = Vec::new();
        decode_level(&contract, &contract.levels[0], &scores, &sides.repeat(4), 0.5, &mut found);
        found
    }

    /// Nearly all of the probability on bins 0, 1, 2 and evenly on all.
    const SIDES: [f32; 12] = [90.0, 0.0, 0.0, 0.0, 90.0, 0.0, 0.0, 0.0, 90.0, 5.0, 5.0, 5.0];

    #[test]
    fn sides_are_expected_distances_from_the_cells_centre() {
        let found = decode([0.1, 0.2, 0.3, 0.5], SIDES);
        assert_eq!(found, [Candidate { bbox: BBox::new(12.0, 4.0, 28.0, 20.0), score: 0.5, row: 3 }]);
    }

    #[test]
    fn what_is_no_number_is_nobody() {
        assert_eq!(decode([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.2], SIDES), []);
        for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut sides = SIDES;
            sides[..3].fill(poison);
            assert_eq!(decode([0.9; 4], sides), [], "{poison}");
        }
    }
}
