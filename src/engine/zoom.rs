//! Searching the place where somebody is expected, at higher zoom than the whole picture is seen with.

use glam::Vec2;

use super::EngineError;
use super::confirm;
use super::worth::ScoreLimits;
use crate::inference::{Detector, MeshRecoverer};
use crate::types::{BBox, Detection, Observation, RgbImage};

/// Side of the searched square, in sides of the expected box.
const REGION: f32 = 3.0;

/// Smallest side of the searched square, pixels: less holds no more detail.
const SMALLEST_PX: f32 = 64.0;

/// Overlap with the expected box from which a detection is him.
const SAME_IOU: f32 = 0.25;

/// Least confidence of landmarks that nothing but his motion vouches for. Where he was seen before and after, what
/// confirms somebody who is followed is enough.
const LANDMARKS_ALONE: f32 = 0.4;

/// Sides of the boxes that the landmark networks try, in sides of the expected one: how large he appears is a guess, the
/// more so where the last box was around half of him, and they want him to fill the box.
const LANDMARK_BOXES: [f32; 4] = [1.0, 1.2, 1.4, 0.85];

/// Where somebody is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// His box.
    pub bbox: BBox,
    /// Whether he was seen before and after.
    pub is_between: bool,
}

/// The networks, and how their answers are taken.
pub struct Zoom<'n> {
    detector: &'n mut dyn Detector,
    recoverer: &'n mut dyn MeshRecoverer,
    scores: ScoreLimits,
    part: RgbImage,
}

impl<'n> Zoom<'n> {
    /// Searches with these networks.
    pub fn new(
        detector: &'n mut dyn Detector,
        recoverer: &'n mut dyn MeshRecoverer,
        scores: ScoreLimits,
    ) -> Self {
        Self { detector, recoverer, scores, part: RgbImage::default() }
    }

    /// The person in or near `expected`; `None` where nobody is seen.
    ///
    /// # Errors
    /// When a network fails.
    pub fn search(
        &mut self,
        image: &RgbImage,
        expected: &Expected,
    ) -> Result<Option<Observation>, EngineError> {
        if let Some(detection) = self.look(image, &expected.bbox)? {
            let observation = self.recovered(image, detection)?;
            if !self.recoverer.tells_presence() || confirm::is_confirmed(&observation) {
                return Ok(Some(observation));
            }
        }
        if self.recoverer.tells_presence() { self.landmarks_alone(image, expected) } else { Ok(None) }
    }

    /// The expected person as the surest landmarks show him that are enough.
    fn landmarks_alone(
        &mut self,
        image: &RgbImage,
        expected: &Expected,
    ) -> Result<Option<Observation>, EngineError> {
        let Expected { bbox, is_between } = *expected;
        let mut surest: Option<Observation> = None;
        for scale in LANDMARK_BOXES {
            let looked_at = BBox::from_center(bbox.center(), bbox.size() * scale);
            let mut observation =
                self.recovered(image, Detection { bbox: looked_at, score: self.scores.weak })?;
            let confidence = observation.body.as_ref().map_or(0.0, |body| body.confidence);
            observation.detection = Detection { bbox, score: confidence };
            if !confirm::is_confirmed(&observation) {
                continue;
            }
            if confidence >= LANDMARKS_ALONE {
                return Ok(Some(observation));
            }
            if is_between && surest.as_ref().is_none_or(|other| other.detection.score < confidence) {
                surest = Some(observation);
            }
        }
        Ok(surest)
    }

    /// What the detector sees of the expected person in the region around him.
    fn look(&mut self, image: &RgbImage, expected: &BBox) -> Result<Option<Detection>, EngineError> {
        if !self.detector.sees_parts() {
            return Ok(None);
        }
        let side = (expected.long_side() * REGION).max(SMALLEST_PX);
        let region = BBox::from_center(expected.center(), Vec2::splat(side));
        let Some(corner) = cut(image, &region, &mut self.part) else { return Ok(None) };
        let found = self.detector.detect(&self.part, self.scores.weak)?;
        let in_picture =
            found.into_iter().map(|d| Detection { bbox: d.bbox.translated(corner), score: d.score });
        let likeness = |detection: &Detection| detection.bbox.iou(expected);
        Ok(in_picture
            .filter(|detection| likeness(detection) >= SAME_IOU)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b))))
    }

    fn recovered(&mut self, image: &RgbImage, detection: Detection) -> Result<Observation, EngineError> {
        let bodies = self.recoverer.recover(image, std::slice::from_ref(&detection))?;
        Ok(Observation { detection, body: bodies.into_iter().next().flatten() })
    }
}

/// Copies the part of `image` in `region` and gives its top-left corner; `None` where they do not meet.
fn cut(image: &RgbImage, region: &BBox, part: &mut RgbImage) -> Option<Vec2> {
    let size = Vec2::new(image.width as f32, image.height as f32);
    let min = region.min.clamp(Vec2::ZERO, size).floor();
    let max = region.max.clamp(Vec2::ZERO, size).ceil();
    let extent = max - min;
    if !region.is_valid() || extent.min_element() < 1.0 {
        return None;
    }
    let (left, top) = (min.x as usize, min.y as usize);
    (part.width, part.height) = (extent.x as u32, extent.y as u32);
    let row_len = image.width as usize * 3;
    let (start, len) = (left * 3, part.width as usize * 3);
    part.data.clear();
    for row in image.data.chunks_exact(row_len).skip(top).take(part.height as usize) {
        part.data.extend_from_slice(row.get(start..start + len)?);
    }
    Some(min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::InferenceError;
    use crate::inference::fake::{FakeDetector, FakeRecoverer};
    use crate::types::{BodyEstimate, Device};

    /// Each pixel's red is its column and its green its row.
    fn image() -> RgbImage {
        let data = (0..60_u8).flat_map(|y| (0..100_u8).flat_map(move |x| [x, y, 0])).collect();
        RgbImage { width: 100, height: 60, data }
    }

    #[test]
    fn the_part_is_the_region_as_far_as_it_is_in_the_picture() {
        let mut part = RgbImage::default();
        let corner = cut(&image(), &BBox::new(90.0, -20.0, 130.0, 20.0), &mut part).unwrap();
        assert_eq!((corner, part.width, part.height), (Vec2::new(90.0, 0.0), 10, 20));
        assert_eq!((part.data.len(), &part.data[..3]), (600, &[90, 0, 0][..]));
        assert_eq!(&part.data[597..], [99, 19, 0]);
        for outside in
            [BBox::new(200.0, 0.0, 240.0, 40.0), BBox::new(f32::NAN, 0.0, 1.0, 1.0), BBox::default()]
        {
            assert_eq!(cut(&image(), &outside, &mut part), None);
        }
    }

    #[test]
    fn what_the_detector_sees_in_the_region_is_given_in_the_picture() {
        // The region is the square of 66 pixels around (50, 30), cut off above: its corner is at (17, 0).
        let seen = Detection { bbox: BBox::new(20.0, 20.0, 40.0, 40.0), score: 0.3 };
        let aside = Detection { bbox: BBox::new(0.0, 0.0, 10.0, 10.0), score: 0.9 };
        let mut detector = FakeDetector::new(move |_| vec![aside.clone(), seen.clone()]);
        let mut recoverer = FakeRecoverer::new();
        let scores = ScoreLimits::around(0.4);
        let mut zoom = Zoom::new(&mut detector, &mut recoverer, scores);
        let expected = Expected { bbox: BBox::new(39.0, 20.0, 61.0, 40.0), is_between: false };
        let found = zoom.search(&image(), &expected).unwrap().unwrap();
        assert_eq!(found.detection, Detection { bbox: BBox::new(37.0, 20.0, 57.0, 40.0), score: 0.3 });
    }

    /// A fake whose confidence, the score, says whether anybody is there.
    struct Telling(FakeRecoverer);

    impl MeshRecoverer for Telling {
        fn id(&self) -> &str {
            self.0.id()
        }

        fn device(&self) -> Device {
            self.0.device()
        }

        fn tells_presence(&self) -> bool {
            true
        }

        fn recover(
            &mut self,
            image: &RgbImage,
            detections: &[Detection],
        ) -> Result<Vec<Option<BodyEstimate>>, InferenceError> {
            self.0.recover(image, detections)
        }
    }

    #[test]
    fn weak_landmarks_are_him_only_where_he_was_seen_before_and_after() {
        let mut detector = FakeDetector::scripted(vec![]);
        let mut recoverer = Telling(FakeRecoverer::new());
        let mut found = |weak, is_between| {
            let scores = ScoreLimits { confident: 0.9, weak };
            let expected = Expected { bbox: BBox::new(39.0, 20.0, 61.0, 40.0), is_between };
            let seen = Zoom::new(&mut detector, &mut recoverer, scores).search(&image(), &expected).unwrap();
            seen.map(|seen| seen.detection)
        };
        let detection = |score| Some(Detection { bbox: BBox::new(39.0, 20.0, 61.0, 40.0), score });
        assert_eq!(found(0.5, false), detection(0.5));
        assert_eq!(found(0.35, false), None);
        assert_eq!(found(0.35, true), detection(0.35));
        assert_eq!(found(0.2, true), None);
    }
}
