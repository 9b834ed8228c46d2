//! MoveNet multi-pose as a detector: a MobileNetV2 with a feature pyramid and CenterNet heads that gives at most six
//! people, already freed of doubles.

use glam::Vec2;

use super::sort_by_score;
use crate::inference::Detector;
use crate::inference::contract::MultiposeContract;
use crate::inference::error::InferenceError;
use crate::inference::preprocess::{InputTensor, Letterbox};
use crate::inference::session::Network;
use crate::types::{BBox, Detection, Device, RgbImage};

/// Values for each person: 17 × (y, x, score), then top, left, bottom, right and score.
const PERSON_LEN: usize = 56;

/// Where a person's box begins.
const BOX_START: usize = 51;

/// A loaded MoveNet multi-pose.
pub(super) struct MovenetMultipose {
    network: Network,
    contract: MultiposeContract,
    letterbox: Letterbox,
    input: InputTensor,
}

impl MovenetMultipose {
    pub fn new(network: Network, contract: MultiposeContract) -> Self {
        let letterbox = Letterbox::new(contract.pad);
        let input = InputTensor::new(&contract.input);
        Self { network, contract, letterbox, input }
    }
}

impl Detector for MovenetMultipose {
    fn id(&self) -> &str {
        self.network.id()
    }

    fn device(&self) -> Device {
        self.network.device()
    }

    fn detect(&mut self, image: &RgbImage, threshold: f32) -> Result<Vec<Detection>, InferenceError> {
        let contract = &self.contract;
        let picture_per_input = self.letterbox.fill(image, &mut self.input)?;
        let outputs = self.network.run(&self.input)?;
        let people = outputs.values(&contract.output, &[1, contract.people, PERSON_LEN])?;
        let picture_size = picture_per_input * contract.input.side as f32;
        Ok(decode(people, threshold, picture_size))
    }
}

/// People with a score of at least `threshold`, best first; `square` is the size in picture pixels of the letterboxed
/// square, over which coordinates run from 0 to 1. What is not a number is left out.
fn decode(people: &[f32], threshold: f32, square: Vec2) -> Vec<Detection> {
    let person = |values: &[f32; PERSON_LEN]| {
        let [top, left, bottom, right, score] = *values[BOX_START..].first_chunk()?;
        let bbox = BBox { min: Vec2::new(left, top) * square, max: Vec2::new(right, bottom) * square };
        let is_someone = score >= threshold && score.is_finite() && bbox.is_valid();
        is_someone.then_some(Detection { bbox, score })
    };
    let mut found: Vec<_> = people.as_chunks().0.iter().filter_map(person).collect();
    sort_by_score(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(boxes: &[[f32; 5]]) -> Vec<f32> {
        boxes.iter().flat_map(|b| [&[0.5; BOX_START][..], &b[..]].concat()).collect()
    }

    #[test]
    fn boxes_are_fractions_of_the_square_and_come_best_first() {
        let values =
            people(&[[0.25, 0.1, 0.5, 0.2, 0.4], [0.0, 0.5, 1.0, 0.75, 0.9], [0.1, 0.1, 0.2, 0.2, 0.1]]);
        let found = decode(&values, 0.2, Vec2::new(640.0, 600.0));
        let best = Detection { bbox: BBox::new(320.0, 0.0, 480.0, 600.0), score: 0.9 };
        let other = Detection { bbox: BBox::new(64.0, 150.0, 128.0, 300.0), score: 0.4 };
        assert_eq!(found, [best, other]);
    }

    #[test]
    fn what_is_no_number_is_nobody() {
        let values = people(&[
            [0.1, 0.1, 0.2, 0.2, f32::NAN],
            [0.1, 0.1, 0.2, 0.2, f32::INFINITY],
            [f32::NAN, 0.1, 0.2, 0.2, 0.9],
            [0.1, 0.1, f32::INFINITY, 0.2, 0.9],
            [0.5, 0.5, 0.1, 0.1, 0.9],
        ]);
        assert_eq!(decode(&values, 0.2, Vec2::splat(256.0)), []);
    }
}
