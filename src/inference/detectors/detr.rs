//! Detection transformers that need no suppression: RT-DETR (Zhao et al., 2023), RF-DETR, D-FINE (Peng et al., 2024).

use glam::Vec2;

use super::listed::read_list;
use super::picture::{Candidate, Decode, View};
use super::wanted::Wanted;
use crate::inference::contract::{DetrContract, DetrForm};
use crate::inference::error::InferenceError;
use crate::inference::session::Outputs;
use crate::types::BBox;

/// Reads a detection transformer.
pub(super) struct Detr {
    contract: DetrContract,
    wanted: Wanted,
    /// The logits of the last picture, partly sorted.
    ranked: Vec<f32>,
}

impl Detr {
    pub fn new(contract: DetrContract, wanted: Wanted) -> Self {
        Self { contract, wanted, ranked: Vec::new() }
    }

    /// Adds those of the queries who count. Each class is judged by itself, after a sigmoid; as in the original
    /// post-processors, only as many of all queries' classes count as there are queries, the best ones.
    fn decode_queries(&mut self, logits: &[f32], boxes: &[f32], view: &View, found: &mut Vec<Candidate>) {
        self.ranked.clear();
        self.ranked.extend(logits.iter().copied().filter(|logit| logit.is_finite()));
        let last = (boxes.len() / 4).min(self.ranked.len()).saturating_sub(1);
        if self.ranked.is_empty() {
            return;
        }
        let (_, &mut least, _) = self.ranked.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        let queries = logits.chunks_exact(self.contract.classes.count.max(1)).zip(boxes.as_chunks().0);
        for (row, (logits, &[x, y, width, height])) in queries.enumerate() {
            let scores = self.wanted.classes().filter_map(|class| logits.get(class)).copied();
            let logit = scores.fold(f32::NEG_INFINITY, f32::max);
            let score = 1.0 / (1.0 + (-logit).exp());
            if logit >= least && score >= view.threshold {
                let size = view.placed.size;
                let bbox = BBox::from_center(Vec2::new(x, y) * size, Vec2::new(width, height) * size);
                found.extend(Candidate::checked(bbox, score, row));
            }
        }
    }
}

impl Decode for Detr {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        match &self.contract.form {
            DetrForm::Queries { logits, boxes } => {
                let classes = self.contract.classes.count;
                let ([_, count, _], logits) = outputs.open_values(logits, [Some(1), None, Some(classes)])?;
                let (_, boxes) = outputs.open_values(boxes, [Some(1), Some(count), Some(4)])?;
                self.decode_queries(logits, boxes, view, found);
            }
            DetrForm::Sized { labels, boxes, scores, .. } => {
                let ([_, count, _], boxes) = outputs.open_values(boxes, [Some(1), None, Some(4)])?;
                let labels = outputs.labels(labels, count)?;
                let (_, scores) = outputs.open_values(scores, [Some(1), Some(count)])?;
                // The network is told the input's size, so its pixels are the input's.
                let corners = |[left, top, right, bottom]: [f32; 4]| BBox::new(left, top, right, bottom);
                read_list(&self.wanted, (boxes, &labels, scores), view.threshold, corners, found);
            }
        }
        Ok(())
    }

    fn size_input(&self) -> Option<&str> {
        match &self.contract.form {
            DetrForm::Sized { size, .. } => Some(size),
            DetrForm::Queries { .. } => None,
        }
    }
}
