//! A network's input with what fits pictures into it.

use super::letterbox::{Letterbox, Placed};
use super::tensor::InputTensor;
use crate::inference::contract::{Fit, InputContract, NetworkContract, PictureContract};
use crate::inference::error::InferenceError;
use crate::types::{BBox, RgbImage};

/// The input of a network that looks at whole pictures, or at one part of them. Pictures of one size, one after the other,
/// cost no allocation.
#[derive(Debug)]
pub struct PictureInput {
    letterbox: Letterbox,
    tensor: InputTensor,
}

impl PictureInput {
    /// For a network that finds people as `contract` says; `None` where it looks at people who have been found.
    pub fn of(contract: &NetworkContract) -> Option<Self> {
        Some(match contract {
            NetworkContract::Nanodet(own) => Self::in_corner(&own.input, own.pad),
            NetworkContract::MovenetMultipose(own) => Self::in_corner(&own.input, own.pad),
            NetworkContract::Yolox(own) => Self::new(&own.picture),
            NetworkContract::Yolo(own) => Self::new(&own.picture),
            NetworkContract::Ssd(own) => Self::new(&own.picture),
            NetworkContract::FasterRcnn(own) => Self::new(&own.picture),
            NetworkContract::Vitdet(own) => Self::new(&own.picture),
            NetworkContract::Detr(own) => Self::new(&own.picture),
            NetworkContract::Rtmdet(own) => Self::new(&own.picture),
            NetworkContract::MovenetSinglepose(_) | NetworkContract::Blazepose(_) => return None,
        })
    }

    fn new(picture: &PictureContract) -> Self {
        let letterbox = Letterbox::new(picture.fit, picture.pad, [picture.width, picture.height]);
        Self { letterbox, tensor: InputTensor::new(picture) }
    }

    /// In the corner of a square, the rest of the code `pad`.
    fn in_corner(input: &InputContract, pad: u8) -> Self {
        let tensor = InputTensor::new(input);
        Self { letterbox: Letterbox::new(Fit::TopLeft, pad, tensor.size()), tensor }
    }

    /// Looks at `part` of each picture alone, from (0, 0) at its top left to (1, 1) at its bottom right.
    pub fn look_at(&mut self, part: Option<BBox>) {
        self.letterbox.look_at(part);
    }

    /// Takes a picture in.
    ///
    /// # Errors
    /// [`InferenceError::InvalidImage`].
    pub fn fill(&mut self, image: &RgbImage) -> Result<(), InferenceError> {
        self.place(image).map(|_| ())
    }

    /// As [`fill`](Self::fill); tells where the picture lies.
    pub(in crate::inference) fn place(&mut self, image: &RgbImage) -> Result<Placed, InferenceError> {
        self.letterbox.fill(image, &mut self.tensor)
    }

    /// What the network is given.
    pub(in crate::inference) fn tensor(&self) -> &InputTensor {
        &self.tensor
    }
}
