//! The HMR2 recoverer: the network joined with the SMPL body whose shape it speaks of.

use crate::body::SmplBody;
use crate::inference::{Hmr2, Hmr2Body, InferenceError, MeshRecoverer};
use crate::types::{BBox, BodyEstimate, Detection, Device, Keypoint, RgbImage};

/// Recovers bodies with HMR2.
pub struct Hmr2Recoverer {
    net: Hmr2,
    body: SmplBody,
    id: String,
}

impl Hmr2Recoverer {
    /// Joins the network, model `id`, with the body.
    pub fn new(net: Hmr2, body: SmplBody, id: &str) -> Self {
        Self { net, body, id: id.to_owned() }
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
        &self.id
    }

    fn device(&self) -> Device {
        self.net.device()
    }

    fn recover(
        &mut self,
        image: &RgbImage,
        detections: &[Detection],
    ) -> Result<Vec<Option<BodyEstimate>>, InferenceError> {
        Ok(self.recover_all(&[(image, detections)])?.pop().unwrap_or_default())
    }

    fn batch(&self) -> usize {
        self.net.batch()
    }

    fn recover_all(
        &mut self,
        pictures: &[(&RgbImage, &[Detection])],
    ) -> Result<Vec<Vec<Option<BodyEstimate>>>, InferenceError> {
        let boxes: Vec<Vec<BBox>> =
            pictures.iter().map(|(_, seen)| seen.iter().map(|one| one.bbox).collect()).collect();
        let people: Vec<_> =
            pictures.iter().zip(&boxes).map(|(&(image, _), boxes)| (image, &**boxes)).collect();
        let found = self.net.observe_all(&people)?;
        let estimate = |(found, one): (Option<_>, &Detection)| Some(self.estimate(found?, one.score));
        let bodies = found
            .into_iter()
            .zip(pictures)
            .map(|(found, (_, seen))| found.into_iter().zip(*seen).map(estimate).collect());
        Ok(bodies.collect())
    }
}
