//! Recovering the bodies of the people in a frame, and looking again where nobody is in a box.

use super::EngineError;
use super::confirm;
use super::detect_stage::People;
use super::follow;
use super::looker::Looker;
use super::worth::{self, ScoreLimits};
use crate::inference::MeshRecoverer;
use crate::types::{Detection, Observation, RgbImage, VideoFrame};
use crate::video;

/// Recovers bodies with a network of its own.
pub struct RecoverStage<'r> {
    recoverer: &'r mut dyn MeshRecoverer,
    scores: ScoreLimits,
    most: usize,
    image: RgbImage,
}

impl<'r> RecoverStage<'r> {
    /// Recovers at most `most` people a frame.
    pub fn new(recoverer: &'r mut dyn MeshRecoverer, scores: ScoreLimits, most: usize) -> Self {
        Self { recoverer, scores, most, image: RgbImage::default() }
    }

    /// Who is seen in `frame`, which shows `people`.
    ///
    /// Somebody followed is seen where his landmarks say so. Where they do not, the detector looks at this frame
    /// after all, if it is at hand; without it he is not seen here.
    ///
    /// # Errors
    /// When a network fails.
    pub fn recover(
        &mut self,
        frame: &VideoFrame,
        people: People,
        looker: Option<&Looker<'_>>,
    ) -> Result<Vec<Observation>, EngineError> {
        if people.detections.is_empty() {
            return Ok(Vec::new());
        }
        video::yuv_to_rgb(&frame.image, &mut self.image);
        let places: Vec<_> = people.detections.iter().map(|d| worth::around(&d.bbox)).collect();
        let mut seen = self.bodies(people.detections)?;
        if !people.followed {
            return Ok(seen);
        }
        let expected = seen.len();
        seen.retain(confirm::is_confirmed);
        if seen.len() < expected
            && let Some(looker) = looker
        {
            let mut found = looker.look(&self.image, self.scores.weak)?;
            let near = |bbox: &_| places.iter().any(|place| place.intersection(bbox).area() > 0.0);
            found.retain(|detection| {
                let taken = seen
                    .iter()
                    .any(|o| follow::is_covered(&detection.bbox, std::slice::from_ref(&o.detection)));
                !taken && self.scores.allow(detection, near)
            });
            found.truncate(self.most.saturating_sub(seen.len()));
            seen.extend(self.bodies(found)?);
        }
        Ok(seen)
    }

    fn bodies(&mut self, detections: Vec<Detection>) -> Result<Vec<Observation>, EngineError> {
        if detections.is_empty() {
            return Ok(Vec::new());
        }
        let bodies = self.recoverer.recover(&self.image, &detections)?;
        let observation = |(detection, body)| Observation { detection, body };
        Ok(detections.into_iter().zip(bodies).map(observation).collect())
    }
}
