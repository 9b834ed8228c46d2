//! YOLOv8, YOLO11 and their like, as Ultralytics exports them: raw, or with non-maximum suppression in the graph.
//!
//! Of a raw box's classes only the best counts, as in Ultralytics' `non_max_suppression` with one label a box.

use glam::Vec2;

use super::picture::{Candidate, Decode, View};
use super::wanted::Wanted;
use crate::inference::contract::{YoloContract, YoloForm};
use crate::inference::error::InferenceError;
use crate::inference::session::{Outputs, class_of};
use crate::types::BBox;

/// Values before a raw box's class scores.
const BOX_LEN: usize = 4;

/// Values of a box that is freed of doubles.
const ROW_LEN: usize = 6;

/// Reads YOLO.
pub(super) struct Yolo {
    contract: YoloContract,
    wanted: Wanted,
}

impl Yolo {
    pub fn new(contract: YoloContract, wanted: Wanted) -> Self {
        Self { contract, wanted }
    }

    /// Adds those of the `count` boxes of `columns` who count.
    fn decode_raw(&self, columns: &[f32], count: usize, threshold: f32, found: &mut Vec<Candidate>) {
        let line = |index: usize| columns.get(index * count..(index + 1) * count).unwrap_or_default();
        let classes = self.contract.classes.count;
        for class in self.wanted.classes() {
            // One class' scores lie side by side; hardly any passes.
            for (index, &score) in line(BOX_LEN + class).iter().enumerate() {
                if score.is_nan() || score < threshold {
                    continue;
                }
                let scores = (0..classes).filter_map(|other| line(BOX_LEN + other).get(index).copied());
                if self.wanted.best_score(scores) != Some(score) {
                    continue;
                }
                let at = |value: usize| line(value).get(index).copied().unwrap_or(f32::NAN);
                let bbox = BBox::from_center(Vec2::new(at(0), at(1)), Vec2::new(at(2), at(3)));
                found.extend(Candidate::checked(bbox, score, index));
            }
        }
    }

    /// Adds those of `rows` who count. Rows that were not needed are zero.
    fn decode_rows(&self, rows: &[f32], threshold: f32, found: &mut Vec<Candidate>) {
        for (row, &[left, top, right, bottom, score, class]) in
            rows.as_chunks::<ROW_LEN>().0.iter().enumerate()
        {
            if score >= threshold && class_of(class).is_some_and(|class| self.wanted.has(class)) {
                found.extend(Candidate::checked(BBox::new(left, top, right, bottom), score, row));
            }
        }
    }
}

impl Decode for Yolo {
    fn decode(
        &mut self,
        outputs: &Outputs<'_>,
        view: &View,
        found: &mut Vec<Candidate>,
    ) -> Result<(), InferenceError> {
        let YoloContract { output, form, classes, extra_values, .. } = &self.contract;
        match form {
            YoloForm::Raw => {
                let values = BOX_LEN + classes.count + extra_values;
                let ([_, _, count], columns) = outputs.open_values(output, [Some(1), Some(values), None])?;
                self.decode_raw(columns, count, view.threshold, found);
            }
            YoloForm::EndToEnd => {
                let shape = [Some(1), None, Some(ROW_LEN + extra_values)];
                let ([_, count, len], rows) = outputs.open_values(output, shape)?;
                if *extra_values == 0 {
                    self.decode_rows(rows, view.threshold, found);
                } else {
                    for row in rows.chunks_exact(len.max(ROW_LEN)).take(count) {
                        self.decode_rows(&row[..ROW_LEN], view.threshold, found);
                    }
                }
            }
        }
        Ok(())
    }

    fn nms_iou(&self) -> Option<f32> {
        (self.contract.form == YoloForm::Raw).then_some(self.contract.nms_iou)
    }
}
