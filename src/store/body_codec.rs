//! A body as bytes.
//!
//! Version byte 2, then little-endian f32 in this order, 236 (945 bytes in all), 22 more for a body with depth cues and
//! 24 more for one with uncertain joints; the length tells which there are: joints_2d 17 × (x, y, score);
//! joints_3d 24 × (x, y, z); global_orient (x, y, z, w); body_pose 23 × (x, y, z, w); betas 10; translation_m 3;
//! camera focal, centre x, centre y; confidence; depth cues bone_z 8, bone_trust 8, nose 3, ears 3;
//! joint_sigma_m 24.
//! Units are those of [`BodyEstimate`]. Every bit pattern survives, NaN included.

use glam::{Quat, Vec2, Vec3};

use crate::types::landmarks::DEPTH_BONE_COUNT;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT};
use crate::types::{BodyEstimate, Camera, DepthCues, Keypoint, SmplParams};

const VERSION: u8 = 2;
const FLOATS: usize = COCO_KEYPOINT_COUNT * 3 + JOINT_COUNT * 3 + JOINT_COUNT * 4 + BETA_COUNT + 3 + 3 + 1;

const CUE_FLOATS: usize = DEPTH_BONE_COUNT * 2 + 6;

/// Bytes of a body with neither depth cues nor uncertain joints, and of either.
const SHORT_LEN: usize = 1 + FLOATS * 4;
const CUE_LEN: usize = CUE_FLOATS * 4;
const SIGMA_LEN: usize = JOINT_COUNT * 4;

/// Every length there is.
const LENGTHS: [usize; 4] =
    [SHORT_LEN, SHORT_LEN + CUE_LEN, SHORT_LEN + SIGMA_LEN, SHORT_LEN + CUE_LEN + SIGMA_LEN];

/// Replaces `out`'s content with the bytes of `body`.
pub(super) fn encode(body: &BodyEstimate, out: &mut Vec<u8>) {
    out.clear();
    out.reserve(LENGTHS[3]);
    out.push(VERSION);
    let mut put = |values: &[f32]| {
        for value in values {
            out.extend_from_slice(&value.to_le_bytes());
        }
    };
    for k in &body.joints_2d {
        put(&[k.position.x, k.position.y, k.score]);
    }
    for joint in &body.joints_3d {
        put(&joint.to_array());
    }
    put(&body.smpl.global_orient.to_array());
    for rotation in &body.smpl.body_pose {
        put(&rotation.to_array());
    }
    put(&body.smpl.betas);
    put(&body.translation_m.to_array());
    put(&[body.camera.focal_px, body.camera.center_px.x, body.camera.center_px.y, body.confidence]);
    if let Some(cues) = &body.depth_cues {
        put(&cues.bone_z);
        put(&cues.bone_trust);
        put(&cues.nose.to_array());
        put(&cues.ears.to_array());
    }
    if let Some(sigma_m) = &body.joint_sigma_m {
        put(sigma_m);
    }
}

/// The body in `bytes`, or what is wrong with them.
pub(super) fn decode(bytes: &[u8]) -> Result<BodyEstimate, String> {
    let Some((&version, payload)) = bytes.split_first() else {
        return Err("an empty body".to_owned());
    };
    if version != VERSION {
        return Err(format!("a body of unknown version {version}"));
    }
    let Some(form) = LENGTHS.iter().position(|len| *len == bytes.len()) else {
        return Err(format!("a body of {} bytes, not one of {LENGTHS:?}", bytes.len()));
    };
    let (has_cues, has_sigma) = (form % 2 == 1, form >= 2);
    let (words, _) = payload.as_chunks::<4>();
    let mut floats = words.iter().map(|word| f32::from_le_bytes(*word));
    // The length is checked above, so that the iterator never runs dry.
    let mut next = || floats.next().unwrap_or(f32::NAN);
    let joints_2d = std::array::from_fn(|_| Keypoint { position: Vec2::new(next(), next()), score: next() });
    let joints_3d = std::array::from_fn(|_| Vec3::new(next(), next(), next()));
    let mut quat = || Quat::from_xyzw(next(), next(), next(), next());
    let global_orient = quat();
    let body_pose = std::array::from_fn(|_| quat());
    let betas = std::array::from_fn(|_| next());
    let translation_m = Vec3::new(next(), next(), next());
    let camera = Camera { focal_px: next(), center_px: Vec2::new(next(), next()) };
    let confidence = next();
    let depth_cues = has_cues.then(|| DepthCues {
        bone_z: std::array::from_fn(|_| next()),
        bone_trust: std::array::from_fn(|_| next()),
        nose: Vec3::new(next(), next(), next()),
        ears: Vec3::new(next(), next(), next()),
    });
    let joint_sigma_m = has_sigma.then(|| std::array::from_fn(|_| next()));
    let smpl = SmplParams { global_orient, body_pose, betas };
    Ok(BodyEstimate {
        joints_2d,
        joints_3d,
        smpl,
        translation_m,
        camera,
        depth_cues,
        joint_sigma_m,
        confidence,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn bytes_are_laid_out_as_documented() {
        let body = samples::body(1);
        let mut bytes = Vec::new();
        encode(&body, &mut bytes);
        assert_eq!(bytes.len(), 945);
        assert_eq!(bytes[0], 2);
        let float = |index: usize| {
            let at = 1 + index * 4;
            f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
        };
        assert_eq!(float(2), body.joints_2d[0].score);
        assert_eq!(float(51), body.joints_3d[0].x);
        assert_eq!(float(123 + 3), body.smpl.global_orient.w);
        assert_eq!(float(127), body.smpl.body_pose[0].x);
        assert_eq!(float(219), body.smpl.betas[0]);
        assert_eq!(float(229), body.translation_m.x);
        assert_eq!(float(232), body.camera.focal_px);
        assert_eq!(float(235), body.confidence);
        let body = samples::body(4);
        encode(&body, &mut bytes);
        assert_eq!(bytes.len(), 1033);
        let ears = f32::from_le_bytes(bytes[1029..].try_into().unwrap());
        assert_eq!(Some(ears), body.depth_cues.map(|cues| cues.ears.z));
        for (seed, len) in [(3, 1041), (6, 1129)] {
            let body = samples::body(seed);
            encode(&body, &mut bytes);
            assert_eq!(bytes.len(), len);
            let last = f32::from_le_bytes(bytes[len - 4..].try_into().unwrap());
            assert_eq!(Some(last), body.joint_sigma_m.map(|sigma_m| sigma_m[23]));
        }
    }

    #[test]
    fn every_bit_survives() {
        for seed in [11, 14, 15, 12] {
            let mut body = samples::body(seed);
            body.confidence = f32::NAN;
            body.translation_m.y = -0.0;
            body.smpl.betas[9] = f32::from_bits(1);
            let (mut bytes, mut again) = (Vec::new(), Vec::new());
            encode(&body, &mut bytes);
            encode(&decode(&bytes).unwrap(), &mut again);
            assert_eq!(bytes, again);
            let decoded = decode(&bytes).unwrap();
            assert!(
                decoded.confidence.is_nan()
                    && decoded.smpl == body.smpl
                    && decoded.depth_cues == body.depth_cues
                    && decoded.joint_sigma_m == body.joint_sigma_m
            );
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut seed = 0x2545_F491_u32;
        for len in (0..1200).chain(LENGTHS.repeat(50)) {
            let mut bytes: Vec<u8> = (0..len)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            if let Some(first) = bytes.first_mut() {
                *first %= 3;
            }
            let well_formed = LENGTHS.contains(&bytes.len()) && bytes[0] == VERSION;
            assert_eq!(decode(&bytes).is_ok(), well_formed);
        }
    }
}
