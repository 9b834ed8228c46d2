//! RTMDet (Lyu et al., RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022) as MMDeploy exports it:
//! boxes and suppression are in the graph.

use super::picture::{Candidate, Decode, View};
use super::wanted::Wanted;
use crate::inference::contract::RtmdetContract;
use crate::inference::error::InferenceError;
use crate::inference::session::Outputs;
use crate::types::BBox;

/// Values of a box: left, top, right, bottom, score.
const ROW_LEN: usize = 5;

/// Reads RTMDet.
pub(super) struct Rtmdet {
    contract: RtmdetContract,
    wanted: Wanted,
}

impl Rtmdet {
    pub fn new(contract: RtmdetContract, wanted: Wanted) -> Self {
        Self { contract, wanted }
    }
}

impl Decode for Rtmdet {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        let RtmdetContract { boxes, labels, .. } = &self.contract;
        let ([_, count, _], rows) = outputs.open_values(boxes, [Some(1), None, Some(ROW_LEN)])?;
        let labels = outputs.labels(labels, count)?;
        for (row, &[left, top, right, bottom, score]) in rows.as_chunks::<ROW_LEN>().0.iter().enumerate() {
            if score >= view.threshold && labels.get(row).is_some_and(|class| self.wanted.has(class)) {
                found.extend(Candidate::checked(BBox::new(left, top, right, bottom), score, row));
            }
        }
        Ok(())
    }
}
