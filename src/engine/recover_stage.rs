//! Recovering the bodies of the people in a frame, and looking again where nobody is in a box.

use super::EngineError;
use super::confirm;
use super::detect_stage::People;
use super::follow;
use super::looker::Looker;
use super::surfaces::Surfaces;
use super::worth::{self, ScoreLimits};
use crate::body::SurfaceSampler;
use crate::inference::MeshRecoverer;
use crate::store::Sight;
use crate::types::{BBox, BodyEstimate, Detection, Mask, Observation, RgbImage, SurfaceColors, VideoFrame};
use crate::video;

/// Who is seen in a frame.
#[derive(Debug, Default)]
pub struct Seen {
    /// Everybody.
    pub observations: Vec<Observation>,
    /// The colours of their bodies' surfaces, in the same order; `None`, and past the end, where they are not known.
    pub appearances: Vec<Option<SurfaceColors>>,
    /// The shapes of those whom the detector gave any, each with the box of its observation.
    pub masks: Vec<Mask>,
}

/// Recovers bodies with a network of its own.
pub struct RecoverStage<'r> {
    recoverer: &'r mut dyn MeshRecoverer,
    sampler: Option<SurfaceSampler>,
    scores: ScoreLimits,
    most: usize,
    images: Vec<RgbImage>,
}

impl<'r> RecoverStage<'r> {
    /// Recovers at most `most` people a frame, and reads their colours where `surfaces` says how.
    pub fn new(
        recoverer: &'r mut dyn MeshRecoverer,
        surfaces: Option<&Surfaces>,
        scores: ScoreLimits,
        most: usize,
    ) -> Self {
        let sampler = surfaces.map(Surfaces::sampler);
        Self { recoverer, sampler, scores, most, images: Vec::new() }
    }

    /// People that share a run of the network.
    pub fn batch(&self) -> usize {
        self.recoverer.batch()
    }

    /// Who is seen in each of `frames`, with the people that it shows.
    ///
    /// Somebody followed is seen where his landmarks say so. Where they do not, the detector looks at this frame
    /// after all, if it is at hand; without it he is not seen here.
    ///
    /// # Errors
    /// When a network fails.
    pub fn recover(
        &mut self,
        frames: Vec<(&VideoFrame, People)>,
        looker: Option<&Looker<'_>>,
    ) -> Result<Vec<Seen>, EngineError> {
        self.images.resize_with(frames.len().max(self.images.len()), RgbImage::default);
        for (image, (frame, people)) in self.images.iter_mut().zip(&frames) {
            if !people.detections.is_empty() {
                video::yuv_to_rgb(&frame.image, image);
            }
        }
        let pictures: Vec<_> = self
            .images
            .iter()
            .zip(&frames)
            .map(|(image, (_, people))| (image, &*people.detections))
            .collect();
        let bodies = self.recoverer.recover_all(&pictures)?;
        let people = frames.into_iter().map(|(_, people)| people).zip(bodies).enumerate();
        people.map(|(at, (people, bodies))| self.seen(at, people, bodies, looker)).collect()
    }

    /// Who is seen in picture `at`.
    fn seen(
        &mut self,
        at: usize,
        people: People,
        bodies: Vec<Option<BodyEstimate>>,
        looker: Option<&Looker<'_>>,
    ) -> Result<Seen, EngineError> {
        if people.detections.is_empty() {
            return Ok(Seen::default());
        }
        let (mut observations, masks) = self.observations(at, people, bodies, looker)?;
        let image = &self.images[at];
        let Some(sampler) = &mut self.sampler else {
            return Ok(Seen { observations, appearances: Vec::new(), masks });
        };
        let mask_of = |seen: &Observation| masks.iter().find(|mask| mask.bbox == seen.detection.bbox);
        let bodies: Vec<_> = observations.iter().map(|seen| seen.body.as_ref()).collect();
        let shapes: Vec<_> = observations.iter().map(mask_of).collect();
        let mut appearances = sampler.sample_within(image, &bodies, &shapes);
        for (index, (seen, colors)) in observations.iter_mut().zip(&mut appearances).enumerate() {
            let Some(body) = sampler.bounds(index).map(|bounds| in_picture(&bounds, image)) else { continue };
            if body.area() > MOST_TIMES * seen.detection.bbox.area() {
                (seen.body, *colors) = (None, None);
            } else if mask_of(seen).is_none() {
                // A mask lies in the box that it came with.
                seen.detection.bbox = agreed(&seen.detection.bbox, &body);
            }
        }
        Ok(Seen { observations, appearances, masks })
    }

    fn observations(
        &mut self,
        at: usize,
        people: People,
        bodies: Vec<Option<BodyEstimate>>,
        looker: Option<&Looker<'_>>,
    ) -> Result<(Vec<Observation>, Vec<Mask>), EngineError> {
        let places: Vec<_> = people.detections.iter().map(|d| worth::around(&d.bbox)).collect();
        let (mut seen, mut masks) = (joined(people.detections, bodies), people.masks);
        if !people.followed {
            return Ok((seen, masks));
        }
        let expected = seen.len();
        seen.retain(confirm::is_confirmed);
        if seen.len() < expected
            && let Some(looker) = looker
        {
            let Sight { detections: mut found, masks: shapes } =
                looker.look(&self.images[at], self.scores.weak)?;
            let near = |bbox: &_| places.iter().any(|place| place.intersection(bbox).area() > 0.0);
            found.retain(|detection| {
                let taken = seen
                    .iter()
                    .any(|o| follow::is_covered(&detection.bbox, std::slice::from_ref(&o.detection)));
                !taken && self.scores.allow(detection, near)
            });
            found.truncate(self.most.saturating_sub(seen.len()));
            let is_taken = |mask: &Mask| found.iter().any(|detection| detection.bbox == mask.bbox);
            masks.extend(shapes.into_iter().filter(is_taken));
            if !found.is_empty() {
                let bodies = self.recoverer.recover(&self.images[at], &found)?;
                seen.extend(joined(found, bodies));
            }
        }
        Ok((seen, masks))
    }
}

/// Overlap from which the body that was recovered in a box is that of whom the box is around.
const SAME_IOU: f32 = 0.5;

/// How many times larger than its box a body in the picture may be. One of whom a fifth is seen is larger still, but what
/// is fitted to so little of somebody is a guess that may fill the picture.
const MOST_TIMES: f32 = 5.0;

/// The part of a box that is in the picture.
pub fn in_picture(bbox: &BBox, image: &RgbImage) -> BBox {
    bbox.intersection(&BBox::new(0.0, 0.0, image.width as f32, image.height as f32))
}

/// Where somebody is whom the detector, or the way from one look to the next, has in one box and his `body` in another:
/// in the mean of both. Either is off by about 5 % of his height on each side, but they are off differently.
pub fn agreed(detected: &BBox, body: &BBox) -> BBox {
    if detected.iou(body) >= SAME_IOU { detected.lerp(body, 0.5) } else { *detected }
}

/// Each one found with his body.
fn joined(detections: Vec<Detection>, bodies: Vec<Option<BodyEstimate>>) -> Vec<Observation> {
    let observation = |(detection, body)| Observation { detection, body };
    detections.into_iter().zip(bodies).map(observation).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::inference::fake::{FakeDetector, FakeRecoverer};
    use crate::video::FrameSource;
    use crate::video::fake::FakeSource;

    fn person(x: f32, score: f32) -> Detection {
        Detection { bbox: BBox::new(x, 40.0, x + 40.0, 120.0), score }
    }

    /// Scores of who is seen where two were followed, one of them with landmarks that say nothing.
    fn seen(detector: Option<FakeDetector>) -> Vec<f32> {
        let frame = FakeSource::with_constant_rate(320, 180, 1).next_frame().unwrap().unwrap();
        let mut recoverer = FakeRecoverer::new();
        let mut stage = RecoverStage::new(&mut recoverer, None, ScoreLimits::around(0.4), 4);
        // The fake's confidence is the score.
        let people =
            People { detections: vec![person(20.0, 0.8), person(200.0, 0.1)], followed: true, masks: vec![] };
        let mut detector = detector;
        let looker = detector.as_mut().map(|detector| Looker::new(detector));
        let seen = stage.recover(vec![(&frame, people)], looker.as_ref()).unwrap().remove(0);
        seen.observations.iter().map(|observation| observation.detection.score).collect()
    }

    #[test]
    fn detector_and_body_meet_half_way_unless_they_mean_two_people() {
        let detected = BBox::new(100.0, 40.0, 140.0, 120.0);
        let around = |left, top, right, bottom| agreed(&detected, &BBox::new(left, top, right, bottom));
        assert_eq!(around(96.0, 44.0, 144.0, 126.0), BBox::new(98.0, 42.0, 142.0, 123.0));
        assert_eq!(around(200.0, 40.0, 240.0, 120.0), detected);
        let image = RgbImage { width: 320, height: 180, data: Vec::new() };
        let beyond = BBox::new(280.0, -40.0, 340.0, 120.0);
        assert_eq!(in_picture(&beyond, &image), BBox::new(280.0, 0.0, 320.0, 120.0));
    }

    #[test]
    fn a_body_far_larger_than_its_box_is_none() {
        let model = Arc::new(crate::body::testing::starter_model());
        let surfaces = Surfaces::new(model);
        let frame = FakeSource::with_constant_rate(320, 180, 1).next_frame().unwrap().unwrap();
        // The fake's body fills its box; the second one is told to be in a tenth of it.
        let bodies_of = |boxes: [BBox; 2]| {
            let mut recoverer = FakeRecoverer::new();
            let mut stage = RecoverStage::new(&mut recoverer, Some(&surfaces), ScoreLimits::around(0.4), 4);
            let whole: Vec<_> = [person(20.0, 0.8), person(200.0, 0.8)].to_vec();
            let mut image = RgbImage::default();
            video::yuv_to_rgb(&frame.image, &mut image);
            let bodies = stage.recoverer.recover(&image, &whole).unwrap();
            stage.images = vec![image];
            let detections = boxes.map(|bbox| Detection { bbox, score: 0.8 }).to_vec();
            let people = People { detections, followed: false, masks: vec![] };
            let seen = stage.seen(0, people, bodies, None).unwrap();
            seen.observations.iter().map(|seen| seen.body.is_some()).collect::<Vec<_>>()
        };
        let (first, second) = (person(20.0, 0.8).bbox, person(200.0, 0.8).bbox);
        assert_eq!(bodies_of([first, second]), [true, true]);
        let tenth = BBox { max: second.min + (second.max - second.min) * 0.3, ..second };
        assert_eq!(bodies_of([first, tenth]), [true, false]);
    }

    #[test]
    fn the_detector_looks_for_whom_the_landmarks_lose() {
        let found = |detections| Some(FakeDetector::scripted(vec![detections]));
        // The one who is seen already is not seen twice.
        assert_eq!(seen(found(vec![person(22.0, 0.7), person(210.0, 0.6)])), [0.8, 0.6]);
        // A weak one counts where he was expected, and nowhere else.
        assert_eq!(seen(found(vec![person(210.0, 0.25), person(110.0, 0.3)])), [0.8, 0.25]);
        assert_eq!(seen(found(vec![])), [0.8]);
        assert_eq!(seen(None), [0.8], "without a detector he is not seen");
    }
}
