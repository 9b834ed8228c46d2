//! Networks that list who they found: a box, a class and a score each, already freed of doubles.

use super::picture::{Candidate, View};
use super::wanted::Wanted;
use crate::inference::error::InferenceError;
use crate::inference::session::{Labels, Outputs};
use crate::types::BBox;

/// Adds those of a list who count; `to_input` makes an input-pixel box of the network's four numbers.
pub(super) fn read_list(
    wanted: &Wanted,
    (boxes, labels, scores): (&[f32], &Labels<'_>, &[f32]),
    threshold: f32,
    to_input: impl Fn([f32; 4]) -> BBox,
    found: &mut Vec<Candidate>,
) {
    for (row, (&values, &score)) in boxes.as_chunks().0.iter().zip(scores).enumerate() {
        if score >= threshold && labels.get(row).is_some_and(|class| wanted.has(class)) {
            found.extend(Candidate::checked(to_input(values), score, row));
        }
    }
}

/// Adds those of torchvision's and detectron2's three outputs who count: N × 4 left, top, right, bottom in input pixels,
/// N classes, N scores.
pub(super) fn read_outputs(
    outputs: &Outputs<'_>,
    [boxes, labels, scores]: [&str; 3],
    wanted: &Wanted,
    view: &View,
    found: &mut Vec<Candidate>,
) -> Result<(), InferenceError> {
    let ([count, _], boxes) = outputs.open_values(boxes, [None, Some(4)])?;
    let labels = outputs.labels(labels, count)?;
    let (_, scores) = outputs.open_values(scores, [Some(count)])?;
    let corners = |[left, top, right, bottom]: [f32; 4]| BBox::new(left, top, right, bottom);
    read_list(wanted, (boxes, &labels, scores), view.threshold, corners, found);
    Ok(())
}
