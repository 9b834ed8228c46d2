//! A first pose from 3D landmarks: inverse kinematics in closed form, bone by bone from the trunk outwards.
//!
//! Landmarks carry noise and other proportions than the body's, so only their directions are used. It is exact enough
//! to start the fit in the right valley, and the fit does the rest.

use glam::{DMat3, DVec3};

use super::blazepose::{
    LEFT_ANKLE, LEFT_EAR, LEFT_ELBOW, LEFT_HEEL, LEFT_HIP, LEFT_INDEX, LEFT_KNEE, LEFT_PINKY, LEFT_SHOULDER,
    LEFT_TOE, LEFT_WRIST, NOSE, RIGHT_ANKLE, RIGHT_EAR, RIGHT_ELBOW, RIGHT_HEEL, RIGHT_HIP, RIGHT_INDEX,
    RIGHT_KNEE, RIGHT_PINKY, RIGHT_SHOULDER, RIGHT_TOE, RIGHT_WRIST,
};
use super::keypoints::HEAD;
use super::rotation::{between, direction, frame, slerp};
use crate::types::landmarks::BLAZEPOSE_COUNT;
use crate::types::smpl::{JOINT_COUNT, PARENTS};

/// The nose sits this far below the line from the ears forwards in a neutral head, radians.
const NOSE_BELOW_EARS_RAD: f64 = 0.25;

/// Below this sine of its bend a limb is too straight to tell which way its hinge points.
const STRAIGHT_SINE: f64 = 0.25;

/// No upper limb is twisted further than this to bring its hinge into the plane of its bend, radians.
const MAX_TWIST_RAD: f64 = 1.4;

/// How far the sole drops from heel to toe in the rest pose, metres.
const SOLE_DROP_M: f64 = 0.02;

/// Two bones with a hinge between: thigh and shank, or upper arm and forearm.
struct Limb {
    /// Hip, knee, ankle; or shoulder, elbow, wrist.
    joints: [usize; 3],
    landmarks: [usize; 3],
    /// Which way upper × lower bone points when the hinge bends, in the rest pose.
    hinge: DVec3,
}

const LEGS: [Limb; 2] = [
    Limb { joints: [1, 4, 7], landmarks: [LEFT_HIP, LEFT_KNEE, LEFT_ANKLE], hinge: DVec3::X },
    Limb { joints: [2, 5, 8], landmarks: [RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE], hinge: DVec3::X },
];

const ARMS: [Limb; 2] = [
    Limb { joints: [16, 18, 20], landmarks: [LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST], hinge: DVec3::NEG_Y },
    Limb { joints: [17, 19, 21], landmarks: [RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST], hinge: DVec3::Y },
];

/// Foot joints (ankle, foot) and their landmarks (heel, toe).
const FEET: [[usize; 4]; 2] = [[7, 10, LEFT_HEEL, LEFT_TOE], [8, 11, RIGHT_HEEL, RIGHT_TOE]];

/// Hand joints (wrist, hand) and their landmarks (wrist, knuckles of the little and the index finger).
const HANDS: [[usize; 5]; 2] =
    [[20, 22, LEFT_WRIST, LEFT_PINKY, LEFT_INDEX], [21, 23, RIGHT_WRIST, RIGHT_PINKY, RIGHT_INDEX]];

/// Local rotations (the root's is camera_from_body) that turn the bones of `rest_joints` along `landmarks` (metres,
/// camera axes, any origin). `None` where the trunk cannot be told; a limb that cannot follows its parent.
pub(super) fn solve(
    rest_joints: &[DVec3; JOINT_COUNT],
    landmarks: &[DVec3; BLAZEPOSE_COUNT],
) -> Option<[DMat3; JOINT_COUNT]> {
    let at = |landmark: usize| landmarks[landmark];
    let bone = |from: usize, to: usize| rest_joints[to] - rest_joints[from];
    let up = (at(LEFT_SHOULDER) + at(RIGHT_SHOULDER) - at(LEFT_HIP) - at(RIGHT_HIP)) / 2.0;
    let pelvis = frame(at(LEFT_HIP) - at(RIGHT_HIP), up)?;
    let chest = frame(at(LEFT_SHOULDER) - at(RIGHT_SHOULDER), up)?;

    // camera_from_joint; only turned into local rotations at the end.
    let mut turned = [pelvis; JOINT_COUNT];
    turned[3] = slerp(&pelvis, &chest, 1.0 / 3.0);
    turned[6] = slerp(&pelvis, &chest, 2.0 / 3.0);
    for joint in [9, 13, 14] {
        turned[joint] = chest;
    }
    turned[HEAD] = head(landmarks).unwrap_or(chest);
    turned[12] = slerp(&chest, &turned[HEAD], 0.5);
    for (limbs, trunk) in [(&LEGS, pelvis), (&ARMS, chest)] {
        for limb in limbs {
            let [upper, lower] = bend(limb, trunk, rest_joints, landmarks);
            turned[limb.joints[0]] = upper;
            turned[limb.joints[1]] = lower;
        }
    }
    for [ankle, foot, heel, toe] in FEET {
        let rest = bone(ankle, foot);
        let sole = DVec3::new(rest.x, -SOLE_DROP_M, rest.z);
        let shank = turned[PARENTS[ankle]];
        turned[ankle] = between(shank * sole, at(toe) - at(heel)) * shank;
        turned[foot] = turned[ankle];
    }
    for [wrist, hand, base, pinky, index] in HANDS {
        let forearm = turned[PARENTS[wrist]];
        let knuckles = (at(pinky) + at(index)) / 2.0;
        turned[wrist] = between(forearm * bone(wrist, hand), knuckles - at(base)) * forearm;
        turned[hand] = turned[wrist];
    }
    let local = std::array::from_fn(|joint| match joint {
        0 => turned[0],
        _ => turned[PARENTS[joint]].transpose() * turned[joint],
    });
    local.iter().all(DMat3::is_finite).then_some(local)
}

/// camera_from_head, from the ears and the nose.
fn head(landmarks: &[DVec3; BLAZEPOSE_COUNT]) -> Option<DMat3> {
    let [nose, left_ear, right_ear] = [NOSE, LEFT_EAR, RIGHT_EAR].map(|landmark| landmarks[landmark]);
    let across = left_ear - right_ear;
    let forwards = nose - (left_ear + right_ear) / 2.0;
    Some(frame(across, forwards.cross(across))? * DMat3::from_rotation_x(-NOSE_BELOW_EARS_RAD))
}

/// camera_from_joint of a limb's upper and lower bone, starting from its trunk's.
fn bend(
    limb: &Limb,
    trunk: DMat3,
    rest_joints: &[DVec3; JOINT_COUNT],
    landmarks: &[DVec3; BLAZEPOSE_COUNT],
) -> [DMat3; 2] {
    let [a, b, c] = limb.joints.map(|joint| rest_joints[joint]);
    let [from, hinge, to] = limb.landmarks.map(|landmark| landmarks[landmark]);
    let mut upper = between(trunk * (b - a), hinge - from) * trunk;
    if let (Some(along), Some(beyond)) = (direction(hinge - from), direction(to - hinge)) {
        let normal = along.cross(beyond);
        let sine = normal.length();
        if sine > STRAIGHT_SINE {
            // Twist about the upper bone brings the hinge's axis onto the plane's normal, gently while nearly straight.
            let axis = (upper * limb.hinge).reject_from_normalized(along);
            let twist = axis.cross(normal).dot(along).atan2(axis.dot(normal));
            let trust = ((sine - STRAIGHT_SINE) / STRAIGHT_SINE).min(1.0);
            upper = DMat3::from_axis_angle(along, twist.clamp(-MAX_TWIST_RAD, MAX_TWIST_RAD) * trust) * upper;
        }
    }
    [upper, between(upper * (c - b), to - hinge) * upper]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::kinematics::Skeleton;
    use crate::body::rotation::exp;
    use crate::body::testing;
    use crate::types::smpl::BETA_COUNT;

    fn rest_joints() -> [DVec3; JOINT_COUNT] {
        testing::starter_model().rest_joints(&[0.0; BETA_COUNT]).map(|joint| joint.as_dvec3())
    }

    /// A crouching body's joints where BlazePose has the same ones; ears and nose of an upright head.
    fn crouching(rest: &[DVec3; JOINT_COUNT]) -> (Skeleton, [DVec3; BLAZEPOSE_COUNT]) {
        let mut local = [DMat3::IDENTITY; JOINT_COUNT];
        local[0] = DMat3::from_rotation_x(std::f64::consts::PI) * DMat3::from_rotation_y(0.7);
        local[1] = exp(DVec3::new(-0.9, 0.2, 0.1));
        local[2] = exp(DVec3::new(-0.7, 0.0, -0.3));
        local[4] = DMat3::from_rotation_x(1.1);
        local[5] = DMat3::from_rotation_x(0.8);
        local[16] = exp(DVec3::new(0.1, -0.3, -0.8));
        local[17] = exp(DVec3::new(0.2, 0.5, 0.6));
        local[18] = DMat3::from_rotation_y(-0.9);
        local[19] = DMat3::from_rotation_y(0.6);
        let skeleton = Skeleton::posed(rest, &local, DVec3::ZERO);
        let mut landmarks = [DVec3::ZERO; BLAZEPOSE_COUNT];
        for limb in LEGS.iter().chain(&ARMS) {
            for (joint, landmark) in limb.joints.into_iter().zip(limb.landmarks) {
                landmarks[landmark] = skeleton.positions[joint];
            }
        }
        let head = |offset: DVec3| skeleton.positions[HEAD] + skeleton.rotations[HEAD] * offset;
        landmarks[NOSE] = head(DVec3::new(0.0, -0.025, 0.1));
        landmarks[LEFT_EAR] = head(DVec3::new(0.07, 0.0, 0.0));
        landmarks[RIGHT_EAR] = head(DVec3::new(-0.07, 0.0, 0.0));
        (skeleton, landmarks)
    }

    #[test]
    fn bones_point_where_the_landmarks_do() {
        let rest = rest_joints();
        let (truth, landmarks) = crouching(&rest);
        let local = solve(&rest, &landmarks).unwrap();
        let found = Skeleton::posed(&rest, &local, DVec3::ZERO);
        for limb in LEGS.iter().chain(&ARMS) {
            for pair in limb.joints.windows(2) {
                let along = |skeleton: &Skeleton| {
                    (skeleton.positions[pair[1]] - skeleton.positions[pair[0]]).normalize()
                };
                assert!(along(&found).dot(along(&truth)) > 0.999_99, "bone {pair:?}");
            }
        }
        let facing = |skeleton: &Skeleton| skeleton.rotations[HEAD] * DVec3::Z;
        assert!(facing(&found).dot(facing(&truth)) > 0.99);
        for knee in [4, 5] {
            let hinge = local[knee].x_axis;
            assert!(hinge.x > 0.97, "a knee bends about x: {hinge}");
            assert!(local[knee].y_axis.z > 0.0, "and backwards");
        }
    }

    #[test]
    fn a_limb_without_a_length_follows_its_trunk_and_no_trunk_is_nobody() {
        let rest = rest_joints();
        let (_, mut landmarks) = crouching(&rest);
        landmarks[LEFT_KNEE] = landmarks[LEFT_HIP];
        landmarks[LEFT_ANKLE] = landmarks[LEFT_HIP];
        let local = solve(&rest, &landmarks).unwrap();
        assert!(local[1].abs_diff_eq(DMat3::IDENTITY, 1e-9));
        landmarks[LEFT_HIP] = landmarks[RIGHT_HIP];
        assert!(solve(&rest, &landmarks).is_none());
        assert!(solve(&rest, &[DVec3::NAN; BLAZEPOSE_COUNT]).is_none());
    }
}
