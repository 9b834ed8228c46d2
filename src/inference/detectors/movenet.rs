//! MoveNet multi-pose as a detector: a MobileNetV2 with a feature pyramid and CenterNet heads that gives at most six
//! people, already freed of doubles.

use glam::Vec2;

use super::picture::{Candidate, Decode, View};
use crate::inference::contract::MultiposeContract;
use crate::inference::error::InferenceError;
use crate::inference::session::Outputs;
use crate::types::BBox;

/// Values for each person: 17 × (y, x, score), then top, left, bottom, right and score.
const PERSON_LEN: usize = 56;

/// Where a person's box begins.
const BOX_START: usize = 51;

/// Reads MoveNet multi-pose.
pub(super) struct MovenetMultipose(pub MultiposeContract);

impl Decode for MovenetMultipose {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        let people = outputs.values(&self.0.output, &[1, self.0.people, PERSON_LEN])?;
        decode(people, view.threshold, view.placed.size, found);
        Ok(())
    }
}

/// Adds people with a score of at least `threshold`; `square` is the size in input pixels of the letterboxed square, over
/// which coordinates run from 0 to 1. What is not a number is left out.
fn decode(people: &[f32], threshold: f32, square: Vec2, found: &mut Vec<Candidate>) {
    let person = |(row, values): (usize, &[f32; PERSON_LEN])| {
        let [top, left, bottom, right, score] = *values[BOX_START..].first_chunk()?;
        let bbox = BBox { min: Vec2::new(left, top) * square, max: Vec2::new(right, bottom) * square };
        Candidate::checked(bbox, score, row).filter(|_| score >= threshold)
    };
    found.extend(people.as_chunks().0.iter().enumerate().filter_map(person));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(boxes: &[[f32; 5]]) -> Vec<f32> {
        boxes.iter().flat_map(|b| [&[0.5; BOX_START][..], &b[..]].concat()).collect()
    }

    #[test]
    fn boxes_are_fractions_of_the_square() {
        let values =
            people(&[[0.25, 0.1, 0.5, 0.2, 0.4], [0.0, 0.5, 1.0, 0.75, 0.9], [0.1, 0.1, 0.2, 0.2, 0.1]]);
        let mut found = Vec::new();
        decode(&values, 0.2, Vec2::new(640.0, 600.0), &mut found);
        let first = Candidate { bbox: BBox::new(64.0, 150.0, 128.0, 300.0), score: 0.4, row: 0 };
        let second = Candidate { bbox: BBox::new(320.0, 0.0, 480.0, 600.0), score: 0.9, row: 1 };
        assert_eq!(found, [first, second]);
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
        let mut found = Vec::new();
        decode(&values, 0.2, Vec2::splat(256.0), &mut found);
        assert_eq!(found, []);
    }
}
