//! The landmarks of BlazePose's topology that posing a body uses, and how they match COCO's keypoints.

use std::ops::Range;

pub(super) const NOSE: usize = 0;
pub(super) const LEFT_EAR: usize = 7;
pub(super) const RIGHT_EAR: usize = 8;
pub(super) const LEFT_SHOULDER: usize = 11;
pub(super) const RIGHT_SHOULDER: usize = 12;
pub(super) const LEFT_ELBOW: usize = 13;
pub(super) const RIGHT_ELBOW: usize = 14;
pub(super) const LEFT_WRIST: usize = 15;
pub(super) const RIGHT_WRIST: usize = 16;
pub(super) const LEFT_PINKY: usize = 17;
pub(super) const RIGHT_PINKY: usize = 18;
pub(super) const LEFT_INDEX: usize = 19;
pub(super) const RIGHT_INDEX: usize = 20;
pub(super) const LEFT_THUMB: usize = 21;
pub(super) const RIGHT_THUMB: usize = 22;
pub(super) const LEFT_HIP: usize = 23;
pub(super) const RIGHT_HIP: usize = 24;
pub(super) const LEFT_KNEE: usize = 25;
pub(super) const RIGHT_KNEE: usize = 26;
pub(super) const LEFT_ANKLE: usize = 27;
pub(super) const RIGHT_ANKLE: usize = 28;
pub(super) const LEFT_HEEL: usize = 29;
pub(super) const RIGHT_HEEL: usize = 30;
pub(super) const LEFT_TOE: usize = 31;
pub(super) const RIGHT_TOE: usize = 32;

/// COCO keypoints of the trunk and limbs: shoulders to ankles.
pub(super) const BODY_KEYPOINTS: Range<usize> = 5..17;

/// The landmark of each of [`BODY_KEYPOINTS`].
pub(super) const BODY_LANDMARKS: [usize; 12] = [
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    LEFT_ELBOW,
    RIGHT_ELBOW,
    LEFT_WRIST,
    RIGHT_WRIST,
    LEFT_HIP,
    RIGHT_HIP,
    LEFT_KNEE,
    RIGHT_KNEE,
    LEFT_ANKLE,
    RIGHT_ANKLE,
];

/// Landmarks that move with the end of a limb: the landmark of the limb's end, and the others.
pub(super) const EXTREMITIES: [(usize, &[usize]); 4] = [
    (LEFT_WRIST, &[LEFT_PINKY, LEFT_INDEX, LEFT_THUMB]),
    (RIGHT_WRIST, &[RIGHT_PINKY, RIGHT_INDEX, RIGHT_THUMB]),
    (LEFT_ANKLE, &[LEFT_HEEL, LEFT_TOE]),
    (RIGHT_ANKLE, &[RIGHT_HEEL, RIGHT_TOE]),
];
