//! Where the fit of a frame starts: inverse kinematics, then the place that the keypoints ask for.

use glam::{DVec2, DVec3};

use super::pose::{Pose, Rest};
use super::targets::Targets;
use crate::body::blazepose::{
    BODY_KEYPOINTS, BODY_LANDMARKS, EXTREMITIES, LEFT_ELBOW, LEFT_INDEX, LEFT_PINKY, LEFT_SHOULDER,
    LEFT_WRIST, RIGHT_ELBOW, RIGHT_INDEX, RIGHT_PINKY, RIGHT_SHOULDER, RIGHT_WRIST,
};
use crate::body::camera_solve::{Sighting, root_position};
use crate::body::ik;
use crate::body::keypoints::CARRIERS;
use crate::types::Landmarks;
use crate::types::landmarks::BLAZEPOSE_COUNT;
use crate::types::smpl::JOINT_COUNT;

/// A keypoint counts this much at least when placing the body: a body is where its least sure points are, too.
const MIN_PLACE_WEIGHT: f64 = 0.05;

/// A first pose, or `None` where the landmarks do not tell a trunk.
pub(super) fn pose(rest: &Rest, targets: &Targets, landmarks: &Landmarks) -> Option<Pose> {
    let mut world_m = limbs_from_keypoints(targets, &landmarks.world_m.map(|point| point.as_dvec3()));
    spread_arms(&mut world_m);
    let rotations = ik::solve(&rest.joints, &world_m)?;
    let mut pose = Pose { rotations, root_m: DVec3::ZERO };
    pose.root_m = place(&pose, rest, targets)?;
    Some(pose)
}

/// The landmarks with x and y of trunk and limbs from the 2D keypoints, which are the better of the two, and depth as
/// it was. The keypoints' pixels become metres by the scale that brings them nearest to the landmarks.
fn limbs_from_keypoints(targets: &Targets, world_m: &[DVec3; BLAZEPOSE_COUNT]) -> [DVec3; BLAZEPOSE_COUNT] {
    let pairs = || {
        BODY_KEYPOINTS
            .zip(BODY_LANDMARKS)
            .filter(|(keypoint, _)| targets.scores[*keypoint] > 0.0)
            .map(|(keypoint, landmark)| (targets.keypoints[keypoint], landmark))
    };
    let count = pairs().count().max(1) as f64;
    let mean_px = pairs().map(|(pixel, _)| pixel).sum::<DVec2>() / count;
    let mean_m = pairs().map(|(_, landmark)| world_m[landmark].truncate()).sum::<DVec2>() / count;
    let (mut spread, mut covariance) = (0.0, 0.0);
    for (pixel, landmark) in pairs() {
        spread += (pixel - mean_px).length_squared();
        covariance += (pixel - mean_px).dot(world_m[landmark].truncate() - mean_m);
    }
    let mut moved = *world_m;
    let metres_per_px = covariance / spread;
    if !metres_per_px.is_finite() || metres_per_px <= 0.0 {
        return moved;
    }
    for (pixel, landmark) in pairs() {
        let target = ((pixel - mean_px) * metres_per_px + mean_m).extend(world_m[landmark].z);
        let offset = target - world_m[landmark];
        let carried =
            EXTREMITIES.iter().find(|(end, _)| *end == landmark).map_or(&[][..], |(_, others)| others);
        for &point in std::iter::once(&landmark).chain(carried) {
            moved[point] += offset;
        }
    }
    moved
}

/// Lays the arms into the plane of the picture through their shoulders: their depth in the landmarks is worth nothing
/// (see [`BONE_JOINTS`](super::cues::BONE_JOINTS)), and from there the fit finds either way.
fn spread_arms(world_m: &mut [DVec3; BLAZEPOSE_COUNT]) {
    for arm in [
        [LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_PINKY, LEFT_INDEX],
        [RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_PINKY, RIGHT_INDEX],
    ] {
        for point in &arm[1..] {
            world_m[*point].z = world_m[arm[0]].z;
        }
    }
}

/// Where the root has to be for the pose to appear on the trunk's and limbs' keypoints.
pub(super) fn place(pose: &Pose, rest: &Rest, targets: &Targets) -> Option<DVec3> {
    let at_origin = Pose { rotations: pose.rotations, root_m: DVec3::ZERO };
    let skeleton = at_origin.skeleton(rest);
    let mut sightings = [Sighting { point_m: DVec3::ZERO, ray: DVec2::ZERO, weight: 0.0 }; JOINT_COUNT];
    let mut count = 0;
    for keypoint in BODY_KEYPOINTS.filter(|keypoint| targets.scores[*keypoint] > 0.0) {
        let weight = targets.scores[keypoint].max(MIN_PLACE_WEIGHT);
        sightings[count] = Sighting {
            point_m: skeleton.positions[CARRIERS[keypoint]],
            ray: targets.ray(targets.keypoints[keypoint]),
            weight: weight * weight,
        };
        count += 1;
    }
    root_position(&sightings[..count], targets.focal_px, targets.side_px)
}
