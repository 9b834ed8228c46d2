//! Bones and head point towards or away from the camera as the 3D landmarks say.
//!
//! One picture leaves every bone two ways to lean; the landmark network has an opinion. Only depth is taken from it:
//! across the picture the 2D keypoints are better.

use glam::DVec3;

use super::cues::BONE_JOINTS;
use super::equations::Residuals;
use super::targets::Targets;
use crate::body::keypoints::HEAD;
use crate::body::kinematics::Skeleton;

/// Weight of a bone whose ends are both in full view. More brings the silhouette off the rider, none costs 12 mm of
/// joint error over calibrated views.
const BONE_WEIGHT: f64 = 0.2;

/// Share of that for the trunk's two sides, the last bones: on riders who bend forwards the network sees the trunk more
/// upright than it is. On the demo clip half the weight takes 5 mm off the mean joint error, and twice the weight changes
/// nothing.
const TRUNK_SHARE: f64 = 0.5;
const FIRST_TRUNK_BONE: usize = 6;

/// An error of this much of a unit direction counts one.
const BONE_UNIT: f64 = 0.2;

/// Errors far beyond this lose their pull.
const BONE_OUTLIER: f64 = 0.5;

/// Weight of the head's directions, and the error that counts one.
const HEAD_WEIGHT: f64 = 0.02;
const HEAD_UNIT: f64 = 0.3;

/// From between the ears to the nose, in the head's own frame at rest.
const NOSE_IN_HEAD: DVec3 = DVec3::new(0.0, -0.25, 0.97);

pub(super) fn add(sink: &mut impl Residuals, targets: &Targets, skeleton: &Skeleton) {
    bones(sink, targets, skeleton);
    head(sink, targets, skeleton);
}

fn bones(sink: &mut impl Residuals, targets: &Targets, skeleton: &Skeleton) {
    for (bone, [from, to]) in BONE_JOINTS.into_iter().enumerate() {
        let trust = f64::from(targets.cues.bone_trust[bone]);
        if trust <= 0.0 {
            continue;
        }
        let (start, end) = (skeleton.positions[from], skeleton.positions[to]);
        let length = (end - start).length().max(1e-6);
        let direction = (end - start) / length;
        let error = direction.z - f64::from(targets.cues.bone_z[bone]);
        let kept = 1.0 / (1.0 + (error / BONE_OUTLIER).powi(2));
        let share = if bone < FIRST_TRUNK_BONE { 1.0 } else { TRUNK_SHARE };
        let scale = (BONE_WEIGHT * share * trust * kept).sqrt() / BONE_UNIT;
        sink.add(scale * error, |row| {
            // d(√kept·e) = kept^{3/2}·de for one dimension; d(direction.z) is z without its part along the bone.
            let slope = (DVec3::Z - direction * direction.z) * (scale * kept / length);
            row.point(skeleton, to, end, slope);
            row.point(skeleton, from, start, -slope);
        });
    }
}

fn head(sink: &mut impl Residuals, targets: &Targets, skeleton: &Skeleton) {
    let scale = HEAD_WEIGHT.sqrt() / HEAD_UNIT;
    for (in_head, target) in [(NOSE_IN_HEAD, targets.cues.nose), (DVec3::X, targets.cues.ears)] {
        let target = target.as_dvec3();
        if target == DVec3::ZERO {
            continue;
        }
        let direction = skeleton.rotations[HEAD] * in_head;
        for axis in DVec3::AXES {
            sink.add(scale * (direction - target).dot(axis), |row| {
                row.direction(skeleton, HEAD, direction, axis * scale);
            });
        }
    }
}
