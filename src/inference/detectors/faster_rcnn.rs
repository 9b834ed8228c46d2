//! Faster R-CNN (Ren et al., 2015) as torchvision exports it: resizing, boxes and suppression are in the graph.

use super::listed::read_outputs;
use super::picture::{Candidate, Decode, View};
use super::wanted::Wanted;
use crate::inference::contract::FasterRcnnContract;
use crate::inference::error::InferenceError;
use crate::inference::session::Outputs;

/// Reads Faster R-CNN.
pub(super) struct FasterRcnn {
    contract: FasterRcnnContract,
    wanted: Wanted,
}

impl FasterRcnn {
    pub fn new(contract: FasterRcnnContract, wanted: Wanted) -> Self {
        Self { contract, wanted }
    }
}

impl Decode for FasterRcnn {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        let FasterRcnnContract { boxes, labels, scores, .. } = &self.contract;
        read_outputs(outputs, [boxes, labels, scores], &self.wanted, view, found)
    }
}
