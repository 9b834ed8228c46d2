//! What each network takes and gives.
//!
//! Everything that is a property of a network's weights (input size, colour order, normalisation, output names) stands
//! in `models/manifest.json` and not in the code, so that a network of the same family can be exchanged by its entry.

mod families;
mod picture;

use serde::{Deserialize, Serialize};

pub use families::{
    DetrContract, DetrForm, FasterRcnnContract, RtmdetContract, SsdContract, SsdForm, VitdetContract,
    YoloContract, YoloForm, YoloxContract,
};
pub use picture::{Classes, Fit, PictureContract};

/// How a network is fed and its outputs are read, by family.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NetworkContract {
    /// NanoDet detectors.
    Nanodet(NanodetContract),
    /// MoveNet multi-pose.
    MovenetMultipose(MultiposeContract),
    /// YOLOX detectors.
    Yolox(YoloxContract),
    /// YOLOv8, YOLO11 and their like.
    Yolo(YoloContract),
    /// SSD and SSDLite.
    Ssd(SsdContract),
    /// torchvision's Faster R-CNN.
    FasterRcnn(FasterRcnnContract),
    /// detectron2's ViTDet.
    Vitdet(VitdetContract),
    /// RT-DETR, RF-DETR, D-FINE.
    Detr(DetrContract),
    /// RTMDet.
    Rtmdet(RtmdetContract),
    /// MoveNet single-pose.
    MovenetSinglepose(SingleposeContract),
    /// BlazePose GHUM landmarks.
    Blazepose(BlazeposeContract),
}

impl NetworkContract {
    /// What the network takes.
    pub fn feed(&self) -> Feed<'_> {
        match self {
            Self::Nanodet(c) => (&c.input).into(),
            Self::MovenetMultipose(c) => (&c.input).into(),
            Self::MovenetSinglepose(c) => (&c.input).into(),
            Self::Blazepose(c) => (&c.input).into(),
            Self::Yolox(c) => (&c.picture).into(),
            Self::Yolo(c) => (&c.picture).into(),
            Self::Ssd(c) => (&c.picture).into(),
            Self::FasterRcnn(c) => (&c.picture).into(),
            Self::Vitdet(c) => (&c.picture).into(),
            Self::Detr(c) => (&c.picture).into(),
            Self::Rtmdet(c) => (&c.picture).into(),
        }
    }

    /// Name of the input that takes the picture's width and height, where there is one.
    pub fn size_input(&self) -> Option<&str> {
        match self {
            Self::Detr(DetrContract { form: DetrForm::Sized { size, .. }, .. }) => Some(size),
            _ => None,
        }
    }

    /// Names of the outputs that are read.
    pub fn outputs(&self) -> Vec<&str> {
        match self {
            Self::Nanodet(c) => {
                c.levels.iter().flat_map(|level| [level.scores.as_str(), level.boxes.as_str()]).collect()
            }
            Self::MovenetMultipose(c) => vec![&c.output],
            Self::MovenetSinglepose(c) => vec![&c.output],
            Self::Blazepose(c) => vec![&c.landmarks, &c.presence, &c.world],
            Self::Yolox(c) => vec![&c.output],
            Self::Yolo(c) => vec![&c.output],
            Self::Ssd(c) => vec![&c.boxes, &c.labels, &c.scores],
            Self::FasterRcnn(c) => vec![&c.boxes, &c.labels, &c.scores],
            Self::Vitdet(c) => {
                let always = [&c.boxes, &c.labels, &c.scores].into_iter();
                always.chain(&c.masks).map(String::as_str).collect()
            }
            Self::Detr(c) => match &c.form {
                DetrForm::Queries { logits, boxes } => vec![logits, boxes],
                DetrForm::Sized { labels, boxes, scores, .. } => vec![labels, boxes, scores],
            },
            Self::Rtmdet(c) => vec![&c.boxes, &c.labels],
        }
    }

    /// Score from which a detector's detections are usually right; `None` where it is no detector.
    pub fn default_threshold(&self) -> Option<f32> {
        match self {
            Self::Nanodet(c) => Some(c.default_threshold),
            Self::MovenetMultipose(c) => Some(c.default_threshold),
            Self::MovenetSinglepose(_) | Self::Blazepose(_) => None,
            Self::Yolox(c) => Some(c.default_threshold),
            Self::Yolo(c) => Some(c.default_threshold),
            Self::Ssd(c) => Some(c.default_threshold),
            Self::FasterRcnn(c) => Some(c.default_threshold),
            Self::Vitdet(c) => Some(c.default_threshold),
            Self::Detr(c) => Some(c.default_threshold),
            Self::Rtmdet(c) => Some(c.default_threshold),
        }
    }

    /// The classes among which a detector from the user's own file chooses.
    pub fn classes(&self) -> Option<&Classes> {
        match self {
            Self::Nanodet(_)
            | Self::MovenetMultipose(_)
            | Self::MovenetSinglepose(_)
            | Self::Blazepose(_) => None,
            Self::Yolox(c) => Some(&c.classes),
            Self::Yolo(c) => Some(&c.classes),
            Self::Ssd(c) => Some(&c.classes),
            Self::FasterRcnn(c) => Some(&c.classes),
            Self::Vitdet(c) => Some(&c.classes),
            Self::Detr(c) => Some(&c.classes),
            Self::Rtmdet(c) => Some(&c.classes),
        }
    }
}

/// What a network takes, whatever its family.
#[derive(Clone, Copy, Debug)]
pub struct Feed<'c> {
    /// The input's name.
    pub name: &'c str,
    /// Order of the dimensions.
    pub layout: Layout,
    /// Type of the values.
    pub element: Element,
    /// Width and height, pixels; the largest ones where `is_open`.
    pub size: [usize; 2],
    /// Whether any smaller size is taken too.
    pub is_open: bool,
    /// Order of the colours.
    pub channels: Channels,
    /// Subtracted from the 8-bit code.
    pub mean: [f32; 3],
    /// Divides what is left.
    pub std: [f32; 3],
}

impl<'c> From<&'c InputContract> for Feed<'c> {
    fn from(input: &'c InputContract) -> Self {
        let InputContract { ref name, layout, element, side, channels, mean, std } = *input;
        Self { name, layout, element, size: [side, side], is_open: false, channels, mean, std }
    }
}

impl<'c> From<&'c PictureContract> for Feed<'c> {
    fn from(picture: &'c PictureContract) -> Self {
        let PictureContract { ref name, layout, element, width, height, channels, mean, std, fit, .. } =
            *picture;
        Self { name, layout, element, size: [width, height], is_open: fit.is_open(), channels, mean, std }
    }
}

/// A square picture as a network wants it: each value is (code − mean) / std.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputContract {
    /// The input's name.
    pub name: String,
    /// Order of the dimensions; the batch is 1.
    pub layout: Layout,
    /// Type of the values.
    pub element: Element,
    /// Width and height, pixels.
    pub side: usize,
    /// Order of the colours.
    pub channels: Channels,
    /// Subtracted from the 8-bit code, in the order of `channels`.
    pub mean: [f32; 3],
    /// Divides what is left, in the order of `channels`.
    pub std: [f32; 3],
}

impl Layout {
    /// Dimensions of a picture of `width` × `height` pixels.
    pub fn shape(self, [width, height]: [usize; 2]) -> [usize; 4] {
        match self {
            Self::Nchw | Self::Chw => [1, 3, height, width],
            Self::Nhwc | Self::Hwc => [1, height, width, 3],
        }
    }

    /// Whether there is a dimension for pictures before the picture's own.
    pub fn has_batch(self) -> bool {
        matches!(self, Self::Nchw | Self::Nhwc)
    }
}

/// Order of a tensor's dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Batch, channels, height, width.
    Nchw,
    /// Batch, height, width, channels.
    Nhwc,
    /// Channels, height, width; no batch.
    Chw,
    /// Height, width, channels; no batch.
    Hwc,
}

/// Type of a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 32-bit floating point.
    Float32,
    /// 32-bit integers: the codes as they are.
    Int32,
    /// 8-bit integers: the codes as they are.
    Uint8,
}

/// Order of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// A NanoDet detector with its sigmoid and its one-dimensional box distributions in the outputs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NanodetContract {
    /// The letterboxed picture.
    pub input: InputContract,
    /// Code of the padding.
    pub pad: u8,
    /// Feature levels.
    pub levels: Vec<NanodetLevel>,
    /// Classes in the score outputs.
    pub classes: usize,
    /// Which of them is a person.
    pub person_class: usize,
    /// Bins of the distribution of each side's distance.
    pub bins: usize,
    /// Boxes that overlap a better one by more than this are dropped.
    pub nms_iou: f32,
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

/// One feature level of NanoDet; its outputs have one row for each cell, row by row.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NanodetLevel {
    /// Input pixels between cells.
    pub stride: usize,
    /// Name of the output with 1 × cells × classes scores.
    pub scores: String,
    /// Name of the output with 1 × cells × 4·bins logits.
    pub boxes: String,
}

/// MoveNet multi-pose: 1 × people × 56.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiposeContract {
    /// The letterboxed picture.
    pub input: InputContract,
    /// Code of the padding.
    pub pad: u8,
    /// The output's name.
    pub output: String,
    /// People that it can give.
    pub people: usize,
    /// Score from which a detection is usually right.
    pub default_threshold: f32,
}

/// MoveNet single-pose: 1 × 1 × 17 × 3.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleposeContract {
    /// The square crop around a person.
    pub input: InputContract,
    /// The output's name.
    pub output: String,
    /// Side of the crop in long sides of the person's box.
    pub crop_scale: f32,
}

/// BlazePose GHUM: 39 landmarks, of which 33 are the body's and two span the next crop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlazeposeContract {
    /// The square crop around a person.
    pub input: InputContract,
    /// Name of the output with 1 × 195: x, y, z in crop pixels, visibility and presence logits.
    pub landmarks: String,
    /// Name of the output with 1 × 1: belief that there is a person, 0 to 1.
    pub presence: String,
    /// Name of the output with 1 × 117: x, y, z in metres.
    pub world: String,
    /// Side of the first crop in long sides of the person's box.
    pub crop_scale: f32,
    /// Side of the second crop in distances from the hips' middle to the circle around the body.
    pub refined_scale: f32,
}

impl NetworkContract {
    /// Says what contradicts itself in it.
    pub(super) fn check(&self) -> Result<(), String> {
        let names = self.outputs().into_iter().chain([self.feed().name]).chain(self.size_input());
        if names.into_iter().any(str::is_empty) {
            return Err("an input or output has no name".to_owned());
        }
        if let Some(classes) = self.classes() {
            classes.check()?;
        }
        match self {
            Self::Nanodet(c) => c.input.check().and_then(|()| c.check()),
            Self::MovenetMultipose(c) => c.input.check(),
            Self::MovenetSinglepose(c) => c.input.check(),
            Self::Blazepose(c) => c.input.check(),
            Self::Yolox(c) => c.picture.check().and_then(|()| c.check()),
            Self::Yolo(c) => c.picture.check(),
            Self::Ssd(c) => c.picture.check(),
            Self::FasterRcnn(c) => c.picture.check(),
            Self::Vitdet(c) => c.picture.check(),
            Self::Detr(c) => c.picture.check(),
            Self::Rtmdet(c) => c.picture.check(),
        }
    }
}

impl InputContract {
    fn check(&self) -> Result<(), String> {
        if !(1..=4096).contains(&self.side) {
            return Err(format!("an input side of {} pixels", self.side));
        }
        check_values(self.element, &self.mean, &self.std)
    }
}

/// Says what is wrong with a normalisation.
fn check_values(element: Element, mean: &[f32; 3], std: &[f32; 3]) -> Result<(), String> {
    if !std.iter().all(|s| s.is_finite() && *s > 0.0) || !mean.iter().all(|m| m.is_finite()) {
        return Err("mean or std is no usable number".to_owned());
    }
    if element != Element::Float32 && (*mean != [0.0; 3] || *std != [1.0; 3]) {
        return Err("an integer input cannot be normalised".to_owned());
    }
    Ok(())
}

impl NanodetContract {
    fn check(&self) -> Result<(), String> {
        if self.person_class >= self.classes || !(2..=64).contains(&self.bins) {
            return Err("no such class, or too few or too many bins".to_owned());
        }
        if self.levels.iter().any(|level| level.stride == 0 || !self.input.side.is_multiple_of(level.stride))
        {
            return Err("a stride does not divide the input side".to_owned());
        }
        Ok(())
    }
}
