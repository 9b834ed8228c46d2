//! YOLOX (Ge et al., YOLOX: Exceeding YOLO Series in 2021): one row for each cell of each level.
//!
//! Of a row's classes only the best counts, as in YOLOX's own `postprocess`; the score is objectness times class score.

use glam::Vec2;

use super::picture::{Candidate, Decode, View};
use super::wanted::Wanted;
use crate::inference::contract::YoloxContract;
use crate::inference::error::InferenceError;
use crate::inference::session::Outputs;
use crate::types::BBox;

/// Values before the class scores: centre, size, objectness.
const BOX_LEN: usize = 5;

/// Reads YOLOX.
pub(super) struct Yolox {
    contract: YoloxContract,
    wanted: Wanted,
}

impl Yolox {
    pub fn new(contract: YoloxContract, wanted: Wanted) -> Self {
        Self { contract, wanted }
    }

    /// Adds those of `rows` who count.
    fn decode_rows(&self, rows: &[f32], threshold: f32, found: &mut Vec<Candidate>) {
        let mut rows = rows.chunks_exact(BOX_LEN + self.contract.classes.count).enumerate();
        let [width, height] = [self.contract.picture.width, self.contract.picture.height];
        for &stride in &self.contract.strides {
            let (columns, lines) = (width / stride, height / stride);
            for (cell, (row, values)) in rows.by_ref().take(columns * lines).enumerate() {
                let Some((&[x, y, w, h, objectness], scores)) = values.split_first_chunk::<BOX_LEN>() else {
                    return;
                };
                // Class scores are at most 1, so most cells end here.
                if objectness.is_nan() || objectness < threshold {
                    continue;
                }
                let Some(score) = self.wanted.best_score(scores.iter().copied()) else { continue };
                let score = objectness * score;
                if score < threshold {
                    continue;
                }
                let (mut center, mut size) = (Vec2::new(x, y), Vec2::new(w, h));
                if !self.contract.decoded {
                    let stride = stride as f32;
                    center = (center + Vec2::new((cell % columns) as f32, (cell / columns) as f32)) * stride;
                    size = size.exp() * stride;
                }
                found.extend(Candidate::checked(BBox::from_center(center, size), score, row));
            }
        }
    }
}

impl Decode for Yolox {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        let shape = [1, self.contract.cells(), BOX_LEN + self.contract.classes.count];
        let rows = outputs.values(&self.contract.output, &shape)?;
        self.decode_rows(rows, view.threshold, found);
        Ok(())
    }

    fn nms_iou(&self) -> Option<f32> {
        Some(self.contract.nms_iou)
    }
}
