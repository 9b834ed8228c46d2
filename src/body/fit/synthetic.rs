//! People made up for tests: plausible random poses, and what perfect or noisy networks would see of them.

use glam::{DVec2, DVec3};

use super::pose::{Pose, Rest};
use crate::body::blazepose as bp;
use crate::body::keypoints::CARRIERS;
use crate::body::rotation::exp;
use crate::types::landmarks::BLAZEPOSE_COUNT;
use crate::types::{BBox, Camera, Keypoint, Landmarks};

/// A small reproducible source of random numbers (SplitMix64, Steele et al., 2014).
pub(super) struct Random(pub u64);

impl Random {
    /// Uniform between the bounds.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (high - low) * ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Each coordinate uniform within ± `reach`.
    pub fn vector(&mut self, reach: f64) -> DVec3 {
        DVec3::new(self.between(-reach, reach), self.between(-reach, reach), self.between(-reach, reach))
    }

    /// A rider: crouched or upright, any way round, tilted, arms out.
    pub fn pose(&mut self) -> Pose {
        let mut pose = Pose {
            rotations: std::array::from_fn(|_| exp(self.vector(0.06))),
            root_m: DVec3::new(self.between(-1.0, 1.0), self.between(-0.5, 0.5), self.between(4.0, 9.0)),
        };
        let facing = exp(DVec3::X * std::f64::consts::PI) * exp(DVec3::Y * self.between(-3.1, 3.1));
        pose.rotations[0] = facing * exp(self.vector(0.4));
        for hip in [1, 2] {
            pose.rotations[hip] = exp(DVec3::NEG_X * self.between(0.0, 1.1)) * exp(self.vector(0.2));
        }
        for knee in [4, 5] {
            pose.rotations[knee] = exp(DVec3::X * self.between(0.1, 1.6));
        }
        for shoulder in [16, 17] {
            pose.rotations[shoulder] = exp(self.vector(0.6));
        }
        pose.rotations[18] = exp(DVec3::NEG_Y * self.between(0.1, 1.2));
        pose.rotations[19] = exp(DVec3::Y * self.between(0.1, 1.2));
        pose
    }
}

/// The camera that everybody here is seen through.
pub(super) fn camera() -> Camera {
    Camera::centered(768.0, 640, 360)
}

/// What networks with errors of up to `noise_px` in the picture and `noise_m` in space see of a pose.
pub(super) fn seen(
    pose: &Pose,
    rest: &Rest,
    random: &mut Random,
    noise_px: f64,
    noise_m: f64,
) -> (Landmarks, BBox) {
    let skeleton = pose.skeleton(rest);
    let keypoint_m: [DVec3; 17] = std::array::from_fn(|keypoint| rest.keypoint(&skeleton, keypoint));
    let keypoints = keypoint_m.map(|point| {
        let pixel = camera().project(point.as_vec3()).unwrap();
        let noise = DVec2::new(random.between(-noise_px, noise_px), random.between(-noise_px, noise_px));
        Keypoint { position: pixel + noise.as_vec2(), score: 0.8 }
    });
    let middle = (skeleton.positions[1] + skeleton.positions[2]) / 2.0;
    let mut world = [middle; BLAZEPOSE_COUNT];
    world[bp::NOSE] = keypoint_m[0];
    world[bp::LEFT_EAR] = keypoint_m[3];
    world[bp::RIGHT_EAR] = keypoint_m[4];
    for (keypoint, landmark) in bp::BODY_KEYPOINTS.zip(bp::BODY_LANDMARKS) {
        world[landmark] = skeleton.positions[CARRIERS[keypoint]];
    }
    for (ankle, foot, heel, toe) in
        [(7, 10, bp::LEFT_HEEL, bp::LEFT_TOE), (8, 11, bp::RIGHT_HEEL, bp::RIGHT_TOE)]
    {
        let bone = rest.joints[foot] - rest.joints[ankle];
        world[heel] = skeleton.positions[ankle];
        world[toe] = world[heel] + skeleton.rotations[ankle] * DVec3::new(bone.x, -0.02, bone.z);
    }
    for (hand, knuckles) in [(22, [bp::LEFT_PINKY, bp::LEFT_INDEX]), (23, [bp::RIGHT_PINKY, bp::RIGHT_INDEX])]
    {
        for knuckle in knuckles {
            world[knuckle] = skeleton.positions[hand];
        }
    }
    let landmarks = Landmarks {
        keypoints,
        world_m: world.map(|point| (point - middle + random.vector(noise_m)).as_vec3()),
        visibility: [0.9; BLAZEPOSE_COUNT],
        presence: 1.0,
    };
    let bbox = BBox::around(keypoints.map(|keypoint| keypoint.position)).unwrap();
    (landmarks, bbox)
}
