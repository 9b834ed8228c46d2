//! Keypoints of the body appear where the 2D network saw them.

use glam::{DVec2, DVec3};

use super::equations::Residuals;
use super::pose::Rest;
use super::targets::Targets;
use crate::body::keypoints::{CARRIERS, FACE_KEYPOINT_COUNT};
use crate::body::kinematics::Skeleton;

/// Weight of a keypoint with a score of one.
const WEIGHT: f64 = 3.0;

/// Share of that for the face: its points are the least sure on helmets and goggles.
const FACE_SHARE: f64 = 0.08;

/// An error of this many box sides counts one.
const UNIT_SIDES: f64 = 0.03;

/// Errors far beyond this many box sides are taken for a keypoint on the wrong limb and lose their pull (Geman and
/// McClure, 1985).
pub(super) const OUTLIER_SIDES: f64 = 0.15;

/// Nothing is projected from nearer than this, metres.
const NEAR_M: f64 = 0.3;

/// Where a point appears, pixels, and how the two coordinates change with it.
pub(super) fn project(targets: &Targets, point_m: DVec3) -> (DVec2, [DVec3; 2]) {
    let depth_m = point_m.z.max(NEAR_M);
    let scale = targets.focal_px / depth_m;
    let by_depth = if point_m.z > NEAR_M { -scale / depth_m } else { 0.0 };
    let pixel = targets.center_px + point_m.truncate() * scale;
    (pixel, [DVec3::new(scale, 0.0, point_m.x * by_depth), DVec3::new(0.0, scale, point_m.y * by_depth)])
}

pub(super) fn add(sink: &mut impl Residuals, rest: &Rest, targets: &Targets, skeleton: &Skeleton) {
    for (keypoint, &score) in targets.scores.iter().enumerate().filter(|(_, score)| **score > 0.0) {
        let point = rest.keypoint(skeleton, keypoint);
        let (pixel, slopes) = project(targets, point);
        let error = (pixel - targets.keypoints[keypoint]) / targets.side_px;
        let inverse_square = 1.0 / (OUTLIER_SIDES * OUTLIER_SIDES);
        let kept = 1.0 / (1.0 + error.length_squared() * inverse_square);
        let share = if keypoint < FACE_KEYPOINT_COUNT { FACE_SHARE } else { 1.0 };
        let scale = (WEIGHT * score * share * kept).sqrt() / UNIT_SIDES;
        for axis in 0..2 {
            sink.add(scale * error[axis], |row| {
                // d(√kept·e) = √kept·(de − e·kept/σ²·(e·de))
                let along = slopes[0] * error.x + slopes[1] * error.y;
                let slope = slopes[axis] - along * (error[axis] * kept * inverse_square);
                row.point(skeleton, CARRIERS[keypoint], point, slope * (scale / targets.side_px));
            });
        }
    }
}
