//! Whether landmarks say that somebody is where he is supposed to be.
//!
//! The landmark networks answer whether or not there is a person. On snow without one their keypoints are unsure,
//! scattered over the crop, or lie on somebody beside it.

use glam::Vec2;

use crate::types::{BBox, BodyEstimate, Observation};

/// Mean confidence of a body that is there: riders whom the detector finds lie above it in nine frames of ten, empty
/// snow and trees below it.
const LEAST_CONFIDENCE: f32 = 0.3;

/// Keypoints that say nothing.
const LEAST_SCORE: f32 = 0.2;

/// How far the middle of the keypoints may lie from the middle of the box, in box sides.
const MOST_OFF: f32 = 0.35;

/// Size of the box around the keypoints, in box sides: less is a speck, more is somebody else's limbs.
const EXTENT: std::ops::RangeInclusive<f32> = 0.35..=1.5;

/// Whether the body of `observation` is the person in its box.
pub fn is_confirmed(observation: &Observation) -> bool {
    observation.body.as_ref().is_some_and(|body| is_there(body, &observation.detection.bbox))
}

/// Whether `body` is sure enough, and in `bbox`.
pub fn is_there(body: &BodyEstimate, bbox: &BBox) -> bool {
    let Some(around) = keypoint_box(body) else { return false };
    let side = bbox.long_side();
    let off = around.center().distance(bbox.center()) / side;
    body.confidence >= LEAST_CONFIDENCE && off <= MOST_OFF && EXTENT.contains(&(around.long_side() / side))
}

/// The box around the keypoints that say something; `None` where there are none.
pub fn keypoint_box(body: &BodyEstimate) -> Option<BBox> {
    let sure = body.joints_2d.iter().filter(|k| k.score >= LEAST_SCORE).map(|k| k.position);
    BBox::around(sure.filter(|position: &Vec2| position.is_finite()))
}
