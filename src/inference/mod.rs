//! Running the networks: the only room that knows ONNX Runtime.
//!
//! A [`Runtime`] is started once, a [`Registry`] says which models there are and that their files are the right ones,
//! and [`load_detector`] and [`LandmarkNet`] put networks on a device. Each loaded network has one owner and is run by
//! `&mut self`; it may be sent to another thread. Nothing here falls back to another device by itself.

mod contract;
mod detectors;
mod error;
mod evaluate;
mod hmr2;
mod landmarks;
mod library;
mod manifest;
mod onnx_file;
mod own_detectors;
mod placement;
mod preprocess;
mod providers;
mod recognize;
mod registry;
mod runtime;
mod search;
mod session;

#[doc(hidden)]
pub mod fake;

#[cfg(test)]
mod detector_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod test_support;

use crate::types::{BBox, BodyEstimate, Detection, Device, Mask, RgbImage};

pub use contract::NetworkContract;
pub use detectors::{DetectorOptions, load_detector, load_detector_file, load_detector_of};
pub use error::InferenceError;
pub use evaluate::{AveragePrecision, ImageResult, Truth, average_precision, object_keypoint_similarity};
pub use hmr2::{
    BATCH as HMR2_BATCH, HMR2, Hmr2, Hmr2Body, Hmr2Options, Hmr2Signature, INPUT_PX as HMR2_INPUT_PX,
    Weights, is_hmr2,
};
pub use landmarks::{LANDMARK_FIT, LandmarkNet, LandmarkOptions};
pub use manifest::{ModelEntry, ModelFile, Role};
pub use onnx_file::{Dimension, ElementType, Initializer, OnnxFile, Opset, Storage, ValueInfo, WeightFile};
pub use own_detectors::{own_detectors, own_manifest_path, write_own_detectors};
pub use preprocess::PictureInput;
pub use recognize::{Recognized, family_name, recognize};
pub use registry::Registry;
pub use runtime::Runtime;

/// Finds people in a picture.
pub trait Detector: Send {
    /// The model's id, as in `--detector`.
    fn id(&self) -> &str;

    /// Where it really runs.
    fn device(&self) -> Device;

    /// Whether it can be shown parts of a picture, too: what stands for a detector with what that said of whole frames
    /// cannot.
    fn sees_parts(&self) -> bool {
        true
    }

    /// People with a score of at least `threshold`, best first, boxes in picture pixels (not clipped to it).
    ///
    /// # Errors
    /// When the network cannot be run.
    fn detect(&mut self, image: &RgbImage, threshold: f32) -> Result<Vec<Detection>, InferenceError>;

    /// As [`detect`](Self::detect), into a list that is used again for every picture.
    ///
    /// # Errors
    /// As `detect`.
    fn detect_into(
        &mut self,
        image: &RgbImage,
        threshold: f32,
        found: &mut Vec<Detection>,
    ) -> Result<(), InferenceError> {
        *found = self.detect(image, threshold)?;
        Ok(())
    }

    /// Looks at `part` of each picture alone, from (0, 0) at its top left to (1, 1) at its bottom right; at the whole
    /// where that is `None`.
    fn look_at(&mut self, _part: Option<BBox>) {}

    /// The shapes of those whom the last picture showed, one for each and in their order; empty where the network
    /// gives none.
    fn masks(&self) -> &[Mask] {
        &[]
    }
}

/// Recovers the body of each detected person.
pub trait MeshRecoverer: Send {
    /// The model's id, as in `--recoverer`.
    fn id(&self) -> &str;

    /// Where it really runs.
    fn device(&self) -> Device;

    /// Whether a body's confidence says if anybody is in the box at all.
    fn tells_presence(&self) -> bool {
        false
    }

    /// One entry for each of `detections`, in their order; `None` where no body is found in the box.
    ///
    /// # Errors
    /// When a network cannot be run.
    fn recover(
        &mut self,
        image: &RgbImage,
        detections: &[Detection],
    ) -> Result<Vec<Option<BodyEstimate>>, InferenceError>;

    /// People that are recovered in one run at most: as many are gathered from frames that wait.
    fn batch(&self) -> usize {
        1
    }

    /// As [`recover`](Self::recover) for each of `pictures`.
    ///
    /// # Errors
    /// As `recover`.
    fn recover_all(
        &mut self,
        pictures: &[(&RgbImage, &[Detection])],
    ) -> Result<Vec<Vec<Option<BodyEstimate>>>, InferenceError> {
        pictures.iter().map(|(image, detections)| self.recover(image, detections)).collect()
    }
}
