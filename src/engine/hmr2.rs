//! The HMR2 recoverer: the network joined with the SMPL body whose shape it speaks of.

use crate::body::SmplBody;
use crate::inference::{HMR2, Hmr2, Hmr2Body, InferenceError, MeshRecoverer};
use crate::types::{BBox, BodyEstimate, Detection, Device, Keypoint, RgbImage};

/// Recovers bodies with HMR2.
pub struct Hmr2Recoverer {
    net: Hmr2,
    body: SmplBody,
}

impl Hmr2Recoverer {
    /// Joins the network with the body.
    pub fn new(net: Hmr2, body: SmplBody) -> Self {
        Self { net, body }
    }

    fn estimate(&self, found: Hmr2Body, score: f32) -> BodyEstimate {
        let Hmr2Body { smpl, translation_m, camera } = found;
        let keypoints = self.body.coco_keypoints(&smpl, translation_m);
        BodyEstimate {
            joints_2d: keypoints.map(|point| match camera.project(point) {
                Some(position) => Keypoint { position, score },
                None => Keypoint::default(),
            }),
            joints_3d: self.body.model().pose_joints(&smpl, translation_m),
            smpl,
            translation_m,
            camera,
            depth_cues: None,
            joint_sigma_m: None,
            // The network says nothing of how sure it is.
            confidence: score,
        }
    }
}

impl MeshRecoverer for Hmr2Recoverer {
    fn id(&self) -> &str {
        HMR2
    }

    fn device(&self) -> Device {
        self.net.device()
    }

    fn recover(
        &mut self,
        image: &RgbImage,
        detections: &[Detection],
    ) -> Result<Vec<Option<BodyEstimate>>, InferenceError> {
        let boxes: Vec<BBox> = detections.iter().map(|detection| detection.bbox).collect();
        let bodies = self.net.observe(image, &boxes)?;
        Ok(bodies
            .into_iter()
            .zip(detections)
            .map(|(found, detection)| Some(self.estimate(found?, detection.score)))
            .collect())
    }
}
