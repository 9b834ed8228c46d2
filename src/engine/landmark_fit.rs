//! The starter recoverer: landmark networks joined with the body fit.
//!
//! It lives here because inference and body do not know each other.

use crate::body::LandmarkFit;
use crate::inference::{InferenceError, LandmarkNet, MeshRecoverer};
use crate::types::{BodyEstimate, Camera, Detection, Device, RgbImage};

/// Id of the recoverer, as in `--recoverer`.
pub const ID: &str = "landmark-fit";

/// Focal length assumed where the file tells none, in units of the longer side: a 45° field of view, typical of
/// action cameras' linear mode and phones' main lens cropped for video.
const FOCAL_PER_LONG_SIDE: f32 = 1.2;

/// Recovers a body from 2D keypoints and 3D landmarks.
pub struct LandmarkFitRecoverer {
    net: LandmarkNet,
    fit: LandmarkFit,
}

impl LandmarkFitRecoverer {
    /// Joins the networks with the fit.
    pub fn new(net: LandmarkNet, fit: LandmarkFit) -> Self {
        Self { net, fit }
    }
}

impl MeshRecoverer for LandmarkFitRecoverer {
    fn id(&self) -> &str {
        ID
    }

    fn device(&self) -> Device {
        self.net.device()
    }

    fn tells_presence(&self) -> bool {
        true
    }

    fn recover(
        &mut self,
        image: &RgbImage,
        detections: &[Detection],
    ) -> Result<Vec<Option<BodyEstimate>>, InferenceError> {
        let long_side = image.width.max(image.height) as f32;
        let camera = Camera::centered(FOCAL_PER_LONG_SIDE * long_side, image.width, image.height);
        detections
            .iter()
            .map(|detection| {
                // A detector may give a box without an area; there is nobody to recover in it.
                if !detection.bbox.is_valid() {
                    return Ok(None);
                }
                let landmarks = self.net.observe(image, detection.bbox)?;
                Ok(self.fit.fit(&landmarks, &detection.bbox, &camera))
            })
            .collect()
    }
}
