//! What each network takes and gives.
//!
//! Everything that is a property of a network's weights (input size, colour order, normalisation, output names) stands
//! in `models/manifest.json` and not in the code, so that a network of the same family can be exchanged by its entry.

use serde::Deserialize;

/// How a network is fed and its outputs are read, by family.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "family", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NetworkContract {
    /// NanoDet detectors.
    Nanodet(NanodetContract),
    /// MoveNet multi-pose.
    MovenetMultipose(MultiposeContract),
    /// MoveNet single-pose.
    MovenetSinglepose(SingleposeContract),
    /// BlazePose GHUM landmarks.
    Blazepose(BlazeposeContract),
}

impl NetworkContract {
    /// The network's one input.
    pub fn input(&self) -> &InputContract {
        match self {
            Self::Nanodet(c) => &c.input,
            Self::MovenetMultipose(c) => &c.input,
            Self::MovenetSinglepose(c) => &c.input,
            Self::Blazepose(c) => &c.input,
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
        }
    }
}

/// A square picture as a network wants it: each value is (code − mean) / std.
#[derive(Clone, Debug, Deserialize)]
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

impl InputContract {
    /// The tensor's dimensions.
    pub fn shape(&self) -> [usize; 4] {
        match self.layout {
            Layout::Nchw => [1, 3, self.side, self.side],
            Layout::Nhwc => [1, self.side, self.side, 3],
        }
    }
}

/// Order of a tensor's dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Batch, channels, height, width.
    Nchw,
    /// Batch, height, width, channels.
    Nhwc,
}

/// Type of a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 32-bit floating point.
    Float32,
    /// 32-bit integers: the codes as they are.
    Int32,
}

/// Order of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// A NanoDet detector with its sigmoid and its one-dimensional box distributions in the outputs.
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
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
        let input = self.input();
        if !(1..=4096).contains(&input.side) {
            return Err(format!("an input side of {} pixels", input.side));
        }
        if !input.std.iter().all(|s| s.is_finite() && *s > 0.0) || !input.mean.iter().all(|m| m.is_finite()) {
            return Err("mean or std is no usable number".to_owned());
        }
        if input.element == Element::Int32 && (input.mean != [0.0; 3] || input.std != [1.0; 3]) {
            return Err("an integer input cannot be normalised".to_owned());
        }
        if self.outputs().into_iter().chain([input.name.as_str()]).any(str::is_empty) {
            return Err("an input or output has no name".to_owned());
        }
        match self {
            Self::Nanodet(c) => c.check(),
            _ => Ok(()),
        }
    }
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
