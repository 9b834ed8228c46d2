//! Where COCO's keypoints sit on the body.

use glam::Vec3;

use super::model::BodyModel;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::smpl::BETA_COUNT;

/// SMPL's head joint.
pub(super) const HEAD: usize = 15;

/// The SMPL joint that carries each COCO keypoint: the head for the face, then the limbs' own joints.
pub(super) const CARRIERS: [usize; COCO_KEYPOINT_COUNT] =
    [HEAD, HEAD, HEAD, HEAD, HEAD, 16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8];

/// COCO keypoints of the face come first.
pub(super) const FACE_KEYPOINT_COUNT: usize = 5;

/// Keypoints of the body's left from the joints that carry them, at rest, metres. People who mark keypoints mark what
/// they see of a joint, through clothes: a shoulder's outer edge, a hip at the front of the thigh's top, a kneecap, an
/// ankle on its boot, a wrist at the glove's cuff. The lengths were searched for, one coordinate at a time, on one clip
/// with a mesh network's silhouette, two with rider masks and the demo clip's joints together; most help the silhouette,
/// and hip and wrist cost the demo's joints a millimetre.
const LIMB_OFFSETS_M: [(usize, Vec3); 5] = [
    (5, Vec3::new(0.03, 0.02, 0.0)),
    (9, Vec3::new(0.02, 0.0, 0.0)),
    (11, Vec3::new(0.0, -0.08, 0.03)),
    (13, Vec3::new(0.0, -0.05, 0.0)),
    (15, Vec3::new(0.0, -0.03, -0.02)),
];

/// The nose's tip above the foremost vertex, and the ear's opening below and behind the head's widest point, metres.
const NOSE_ABOVE_M: f32 = 0.015;
const EAR_BELOW_M: f32 = 0.025;
const EAR_BEHIND_M: f32 = 0.035;

/// Half the distance between the eyes, metres (mean of adults: 63 mm, Dodgson, 2004).
const EYE_HALF_SPAN_M: f32 = 0.032;

/// The eyes above and behind the tip of the nose, metres.
const EYE_ABOVE_NOSE_M: f32 = 0.045;
const EYE_BEHIND_NOSE_M: f32 = 0.03;

/// A vertex carried by the head by at least this share belongs to the head.
const HEAD_VERTEX_WEIGHT: f32 = 0.9;

/// Each keypoint's offset from its carrier in the rest pose of the mean shape, body frame, metres.
///
/// The nose is the foremost vertex of the head, the ear its leftmost; a model without head vertices has its whole
/// face in the head joint.
pub(super) fn offsets(model: &BodyModel) -> [Vec3; COCO_KEYPOINT_COUNT] {
    let head = model.rest_joints(&[0.0; BETA_COUNT])[HEAD];
    let on_head = |vertex: &usize| {
        let of_head = model.influences_of(*vertex).iter().find(|influence| influence.joint as usize == HEAD);
        of_head.is_some_and(|influence| influence.weight > HEAD_VERTEX_WEIGHT)
    };
    let extreme = |axis: Vec3| {
        (0..model.vertex_count())
            .filter(on_head)
            .map(|vertex| model.template()[vertex])
            .max_by(|a, b| a.dot(axis).total_cmp(&b.dot(axis)))
    };
    let mut offsets = [Vec3::ZERO; COCO_KEYPOINT_COUNT];
    let mirrored = |offset: Vec3| Vec3::new(-offset.x, offset.y, offset.z);
    if let (Some(nose), Some(ear)) = (extreme(Vec3::Z), extreme(Vec3::X)) {
        let eye = Vec3::new(EYE_HALF_SPAN_M, nose.y + EYE_ABOVE_NOSE_M, nose.z - EYE_BEHIND_NOSE_M) - head;
        let ear = ear - head - Vec3::new(0.0, EAR_BELOW_M, EAR_BEHIND_M);
        offsets[..FACE_KEYPOINT_COUNT].copy_from_slice(&[
            nose - head + Vec3::Y * NOSE_ABOVE_M,
            eye,
            mirrored(eye),
            ear,
            mirrored(ear),
        ]);
    }
    for (left, offset) in LIMB_OFFSETS_M {
        offsets[left] = offset;
        offsets[left + 1] = mirrored(offset);
    }
    offsets
}

#[cfg(test)]
mod tests {
    use crate::body::testing;

    #[test]
    fn the_starters_face_looks_forwards_with_its_left_on_the_left() {
        let [nose, left_eye, right_eye, left_ear, right_ear] =
            testing::starter_model().keypoint_offsets()[..5].try_into().unwrap();
        assert!(nose.x.abs() < 0.01 && (0.05..0.2).contains(&nose.z), "{nose}");
        assert!(left_eye.y > nose.y && left_eye.z < nose.z && left_eye.x > 0.0, "{left_eye}");
        assert!((0.05..0.12).contains(&left_ear.x), "{left_ear}");
        assert_eq!((left_eye.x, left_ear.x), (-right_eye.x, -right_ear.x));
    }
}
