//! What the body of one frame is fitted to.

use glam::DVec2;

use crate::body::blazepose::BODY_KEYPOINTS;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::{BBox, Camera, DepthCues, Keypoint};

/// Keypoints with a lower score say nothing: below it a network's guess is a mean pose.
const MIN_SCORE: f32 = 0.05;

/// Fewest trunk and limb keypoints that a body can be placed by.
const MIN_BODY_KEYPOINTS: usize = 4;

/// Keypoints further outside the person's box than this many of its sides are nobody's: the networks do not look there.
const MAX_OUTSIDE_SIDES: f32 = 1.0;

/// Everything that the residuals of one frame compare a body with.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    /// Picture positions; meaningless where the score is zero.
    pub keypoints: [DVec2; COCO_KEYPOINT_COUNT],
    /// 0 for a keypoint that is not to be used.
    pub scores: [f64; COCO_KEYPOINT_COUNT],
    /// The longer side of the person's box, pixels: the unit of errors in the picture.
    pub side_px: f64,
    pub focal_px: f64,
    pub center_px: DVec2,
    pub cues: DepthCues,
}

impl Targets {
    /// `None` where box or camera are not usable or too few keypoints are.
    pub fn new(
        keypoints: &[Keypoint; COCO_KEYPOINT_COUNT],
        bbox: &BBox,
        camera: &Camera,
        cues: DepthCues,
    ) -> Option<Self> {
        let margin = bbox.long_side() * MAX_OUTSIDE_SIDES;
        let usable = |keypoint: &Keypoint| {
            let near = keypoint.position.clamp(bbox.min - margin, bbox.max + margin);
            keypoint.position == near && keypoint.score >= MIN_SCORE
        };
        let usable_camera =
            camera.focal_px > 0.0 && camera.focal_px.is_finite() && camera.center_px.is_finite();
        let enough = keypoints[BODY_KEYPOINTS].iter().filter(|k| usable(k)).count() >= MIN_BODY_KEYPOINTS;
        (bbox.is_valid() && usable_camera && enough).then(|| Self {
            keypoints: keypoints.map(|keypoint| keypoint.position.as_dvec2()),
            scores: keypoints.map(|k| if usable(&k) { f64::from(k.score.min(1.0)) } else { 0.0 }),
            side_px: f64::from(bbox.long_side()),
            focal_px: f64::from(camera.focal_px),
            center_px: camera.center_px.as_dvec2(),
            cues,
        })
    }

    /// The same with left and right exchanged for the keypoints from `first` on.
    pub fn mirrored_from(&self, first: usize) -> Self {
        let mut other = self.clone();
        exchange_sides(&mut other.keypoints, first);
        exchange_sides(&mut other.scores, first);
        other
    }

    /// The ray through a pixel: (x, y) at one metre's depth.
    pub fn ray(&self, pixel: DVec2) -> DVec2 {
        (pixel - self.center_px) / self.focal_px
    }
}

/// Exchanges left and right for COCO's keypoints from the left one `first` on, which come in pairs.
pub(super) fn exchange_sides<T>(values: &mut [T; COCO_KEYPOINT_COUNT], first: usize) {
    for left in (first..COCO_KEYPOINT_COUNT - 1).step_by(2) {
        values.swap(left, left + 1);
    }
}
