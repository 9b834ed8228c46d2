//! SSD and SSDLite (Liu et al., SSD: Single Shot MultiBox Detector, 2016), as TensorFlow's object detection and
//! torchvision export them: boxes and suppression are in the graph.

use super::listed::{read_list, read_outputs};
use super::picture::{Candidate, Decode, View};
use super::wanted::Wanted;
use crate::inference::contract::{SsdContract, SsdForm};
use crate::inference::error::InferenceError;
use crate::inference::session::Outputs;
use crate::types::BBox;

/// Reads SSD.
pub(super) struct Ssd {
    contract: SsdContract,
    wanted: Wanted,
}

impl Ssd {
    pub fn new(contract: SsdContract, wanted: Wanted) -> Self {
        Self { contract, wanted }
    }
}

impl Decode for Ssd {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        let SsdContract { boxes, labels, scores, form, .. } = &self.contract;
        match form {
            SsdForm::Torchvision => read_outputs(outputs, [boxes, labels, scores], &self.wanted, view, found),
            SsdForm::Tensorflow => {
                let ([_, count, _], boxes) = outputs.open_values(boxes, [Some(1), None, Some(4)])?;
                let labels = outputs.labels(labels, count)?;
                let (_, scores) = outputs.open_values(scores, [Some(1), Some(count)])?;
                let size = view.placed.size;
                let to_input = |[top, left, bottom, right]: [f32; 4]| {
                    BBox::new(left * size.x, top * size.y, right * size.x, bottom * size.y)
                };
                read_list(&self.wanted, (boxes, &labels, scores), view.threshold, to_input, found);
                Ok(())
            }
        }
    }
}
