//! ViTDet with a cascade of heads (Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022) as
//! detectron2 traces it. Its masks are kept.

use super::listed::read_outputs;
use super::picture::{Candidate, Decode, View};
use super::wanted::Wanted;
use crate::inference::contract::VitdetContract;
use crate::inference::error::InferenceError;
use crate::inference::session::Outputs;
use crate::types::{BBox, Mask};

/// Largest side of a mask.
const MAX_MASK_SIDE: usize = 512;

/// Reads ViTDet.
pub(super) struct Vitdet {
    contract: VitdetContract,
    wanted: Wanted,
}

impl Vitdet {
    pub fn new(contract: VitdetContract, wanted: Wanted) -> Self {
        Self { contract, wanted }
    }
}

impl Decode for Vitdet {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        let VitdetContract { boxes, labels, scores, min_box_px: [width, height], .. } = &self.contract;
        read_outputs(outputs, [boxes, labels, scores], &self.wanted, view, found)?;
        found.retain(|candidate| {
            let size = candidate.bbox.size() * view.placed.scale;
            size.x >= *width && size.y >= *height
        });
        Ok(())
    }

    fn mask(
        &self,
        outputs: &Outputs<'_>,
        row: usize,
        bbox: BBox,
        mask: &mut Mask,
    ) -> Result<bool, InferenceError> {
        let Some(name) = &self.contract.masks else { return Ok(false) };
        let ([_, _, side, across], values) = outputs.open_values(name, [None, Some(1), None, None])?;
        if side != across || !(1..=MAX_MASK_SIDE).contains(&side) {
            return Err(outputs.unusable(name, format!("its masks have {side} × {across} values")));
        }
        let Some(values) = values.chunks_exact(side * side).nth(row) else {
            return Err(outputs.unusable(name, format!("it has no mask for box {row}")));
        };
        // A cast of what is no number gives 0.
        (mask.bbox, mask.side) = (bbox, side);
        mask.codes.clear();
        mask.codes.extend(values.iter().map(|value| (value * 255.0 + 0.5) as u8));
        Ok(true)
    }
}
