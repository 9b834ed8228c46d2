//! What the landmark networks see of one person.

use glam::Vec3;
use serde::{Deserialize, Serialize};

use super::person::{COCO_KEYPOINT_COUNT, Keypoint};

/// Landmarks of BlazePose's body topology (Bazarevsky et al., BlazePose, 2020).
pub const BLAZEPOSE_COUNT: usize = 33;

/// 2D keypoints and 3D landmarks of one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Landmarks {
    /// COCO keypoints in the picture.
    pub keypoints: [Keypoint; COCO_KEYPOINT_COUNT],
    /// BlazePose landmarks, metres from the middle of the hips, x right, y down, z away from the camera.
    pub world_m: [Vec3; BLAZEPOSE_COUNT],
    /// Whether each landmark is in view and not hidden, 0 to 1.
    pub visibility: [f32; BLAZEPOSE_COUNT],
    /// BlazePose's belief that there is a person, 0 to 1.
    pub presence: f32,
}

/// Bones whose direction in depth is taken from landmarks: thighs, shanks, pelvis, shoulder line and both sides of the
/// trunk.
pub const DEPTH_BONE_COUNT: usize = 8;

/// What 3D landmarks say of depth. With the 2D keypoints, the box and the camera it is all that fitting a frame again
/// needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthCues {
    /// How far each bone points away from the camera: the z component of its unit direction, −1 to 1. In the order of
    /// left thigh and shank, right thigh and shank, pelvis and shoulder line (both from left to right), left and right
    /// side of the trunk (from hip to shoulder).
    pub bone_z: [f32; DEPTH_BONE_COUNT],
    /// How far each of `bone_z` is to be trusted, 0 to 1: the lesser visibility of its ends.
    pub bone_trust: [f32; DEPTH_BONE_COUNT],
    /// Unit direction from between the ears to the nose, camera axes; zero where it is not known.
    pub nose: Vec3,
    /// Unit direction from the right ear to the left, camera axes; zero where it is not known.
    pub ears: Vec3,
}
