//! What the families of detectors take and give that come from the user's own files.
//!
//! Outputs are told by the names that they have in the file. N stands for any number of rows, C for the classes.

use serde::{Deserialize, Serialize};

use super::picture::{Classes, PictureContract};

/// YOLOX: 1 × cells × (5 + C), rows of centre, size, objectness and class scores, all scores after the sigmoid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YoloxContract {
    /// The picture.
    pub picture: PictureContract,
    /// The output's name.
    pub output: String,
    /// Input pixels between the cells of each level, in the order of the rows.
    pub strides: Vec<usize>,
    /// Whether centres and sizes are input pixels already (`--decode_in_inference`), not offsets in cells and logarithms.
    pub decoded: bool,
    /// Its classes.
    pub classes: Classes,
    /// Boxes that overlap a better one by more than this are dropped.
    pub nms_iou: f32,
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

/// YOLOv8, YOLO11 and their like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YoloContract {
    /// The picture.
    pub picture: PictureContract,
    /// The output's name.
    pub output: String,
    /// What it holds.
    pub form: YoloForm,
    /// Its classes.
    pub classes: Classes,
    /// Values that follow the class scores of a box and are not read: coefficients of masks, keypoints, an angle.
    #[serde(default)]
    pub extra_values: usize,
    /// Boxes that overlap a better one by more than this are dropped.
    pub nms_iou: f32,
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

/// Forms in which YOLO is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum YoloForm {
    /// 1 × (4 + C) × N: centre and size in input pixels, then scores, a column for each box.
    Raw,
    /// 1 × N × 6, freed of doubles: left, top, right, bottom in input pixels, score, class.
    EndToEnd,
}

/// SSD and SSDLite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsdContract {
    /// The picture.
    pub picture: PictureContract,
    /// How boxes are given.
    pub form: SsdForm,
    /// Name of the output with the boxes.
    pub boxes: String,
    /// Name of the output with the class of each.
    pub labels: String,
    /// Name of the output with the score of each.
    pub scores: String,
    /// Its classes.
    pub classes: Classes,
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

/// Forms in which SSD is exported, both freed of doubles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SsdForm {
    /// TensorFlow's object detection: 1 × N × 4 top, left, bottom, right from 0 to 1; 1 × N classes and scores.
    Tensorflow,
    /// torchvision: N × 4 left, top, right, bottom in input pixels; N classes and scores.
    Torchvision,
}

/// torchvision's Faster R-CNN: N × 4 boxes in input pixels, N classes, N scores, freed of doubles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FasterRcnnContract {
    /// The picture.
    pub picture: PictureContract,
    /// Name of the output with the boxes.
    pub boxes: String,
    /// Name of the output with the class of each.
    pub labels: String,
    /// Name of the output with the score of each.
    pub scores: String,
    /// Its classes.
    pub classes: Classes,
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

/// ViTDet cascade as detectron2 traces it: as Faster R-CNN, and N × 1 × side × side masks over the boxes, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VitdetContract {
    /// The picture.
    pub picture: PictureContract,
    /// Name of the output with the boxes.
    pub boxes: String,
    /// Name of the output with the class of each.
    pub labels: String,
    /// Name of the output with the score of each.
    pub scores: String,
    /// Name of the output with the mask of each; absent where the network has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masks: Option<String>,
    /// Its classes.
    pub classes: Classes,
    /// Smallest width and height that count, picture pixels.
    #[serde(default)]
    pub min_box_px: [f32; 2],
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

/// RT-DETR, RF-DETR, D-FINE: a fixed number of queries, nothing to be freed of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetrContract {
    /// The picture.
    pub picture: PictureContract,
    /// How boxes are given.
    pub form: DetrForm,
    /// Its classes.
    pub classes: Classes,
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

/// Forms in which detection transformers are exported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DetrForm {
    /// As transformers and RF-DETR export it.
    Queries {
        /// Name of the output with 1 × N × C logits.
        logits: String,
        /// Name of the output with 1 × N × 4 centre and size, from 0 to 1.
        boxes: String,
    },
    /// As the authors of RT-DETR and D-FINE export it, with their post-processor.
    Sized {
        /// Name of the input with 1 × 2 integers, width and height of the picture.
        size: String,
        /// Name of the output with 1 × N classes.
        labels: String,
        /// Name of the output with 1 × N × 4 left, top, right, bottom in pixels of that picture.
        boxes: String,
        /// Name of the output with 1 × N scores.
        scores: String,
    },
}

/// RTMDet as MMDeploy exports it, freed of doubles: 1 × N × 5 left, top, right, bottom in input pixels and score;
/// 1 × N classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RtmdetContract {
    /// The picture.
    pub picture: PictureContract,
    /// Name of the output with boxes and scores.
    pub boxes: String,
    /// Name of the output with the class of each.
    pub labels: String,
    /// Its classes.
    pub classes: Classes,
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

impl YoloxContract {
    pub(super) fn check(&self) -> Result<(), String> {
        let fits = |stride: &usize| {
            *stride > 0
                && self.picture.width.is_multiple_of(*stride)
                && self.picture.height.is_multiple_of(*stride)
        };
        if self.strides.is_empty() || !self.strides.iter().all(fits) {
            return Err("a stride does not divide the input".to_owned());
        }
        if self.picture.fit.is_open() {
            return Err("YOLOX needs a fixed input size".to_owned());
        }
        Ok(())
    }

    /// Cells of all levels.
    pub fn cells(&self) -> usize {
        self.strides.iter().map(|s| (self.picture.width / s) * (self.picture.height / s)).sum()
    }
}
