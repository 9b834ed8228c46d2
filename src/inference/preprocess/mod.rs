//! From a picture to a network's input.
//!
//! Pixels are resampled to 8 bits first and normalised through a table of 256 values for each channel, as the
//! reference implementations do: the networks then see the numbers that they were measured with.

mod crop;
mod input;
mod letterbox;
mod resample;
mod tensor;

pub(super) use crop::{CropRegion, Cropper};
pub use input::PictureInput;
pub(super) use letterbox::Placed;
pub(super) use tensor::InputTensor;

use super::error::InferenceError;
use crate::types::RgbImage;

/// Fails unless `image` has pixels, and as many as its size says.
pub(super) fn check(image: &RgbImage) -> Result<(), InferenceError> {
    let expected = (image.width as usize).checked_mul(image.height as usize).and_then(|n| n.checked_mul(3));
    if image.data.is_empty() || expected != Some(image.data.len()) {
        return Err(InferenceError::InvalidImage {
            width: image.width,
            height: image.height,
            bytes: image.data.len(),
        });
    }
    Ok(())
}
