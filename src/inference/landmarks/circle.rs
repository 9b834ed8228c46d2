//! The circle around a body, by which BlazePose's crop is cut: its centre in the middle of the hips, its topmost point
//! above the head of an upright body.

use glam::Vec2;

use crate::types::Keypoint;
use crate::types::person::COCO_KEYPOINT_COUNT;

/// Score from which a keypoint of the trunk tells where it is.
const TRUNK_SCORE: f32 = 0.3;

/// Score from which another keypoint belongs to the body.
const LIMB_SCORE: f32 = 0.2;

/// Keypoints end at ankles, wrists and eyes: the circle that BlazePose itself draws is this much wider than the
/// furthest of them is away from the hips (the median over four clips is 1.18 to 1.22).
const BEYOND_KEYPOINTS: f32 = 1.2;

/// A trunk seen end on, shorter than this share of the circle, does not tell which way is up.
const SHORTEST_TRUNK: f32 = 0.15;

/// Shoulders and hips among the COCO keypoints.
const SHOULDERS: [usize; 2] = [5, 6];
const HIPS: [usize; 2] = [11, 12];

/// Centre and topmost point of the circle around the body with these keypoints, picture pixels; `None` where its trunk
/// is not seen well enough.
pub(super) fn body_circle(keypoints: &[Keypoint; COCO_KEYPOINT_COUNT]) -> Option<[Vec2; 2]> {
    let middle = |ends: [usize; 2]| {
        let [a, b] = ends.map(|index| keypoints[index]);
        (a.score.min(b.score) >= TRUNK_SCORE).then_some((a.position + b.position) / 2.0)
    };
    let (shoulders, hips) = (middle(SHOULDERS)?, middle(HIPS)?);
    let of_body = keypoints.iter().filter(|keypoint| keypoint.score >= LIMB_SCORE);
    let furthest = of_body.map(|keypoint| keypoint.position.distance(hips)).fold(0.0, f32::max);
    let radius = BEYOND_KEYPOINTS * furthest;
    let trunk = shoulders - hips;
    (trunk.length() >= SHORTEST_TRUNK * radius)
        .then(|| trunk.try_normalize().map(|up| [hips, hips + up * radius]))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hips at the origin, shoulders 50 above, ankles 90 below, everything else at the hips and unsure.
    fn upright() -> [Keypoint; COCO_KEYPOINT_COUNT] {
        let mut keypoints = [Keypoint::default(); COCO_KEYPOINT_COUNT];
        for (indices, y, half) in [(SHOULDERS, -50.0, 15.0), (HIPS, 0.0, 10.0), ([15, 16], 90.0, 0.0)] {
            for (index, x) in indices.into_iter().zip([half, -half]) {
                keypoints[index] = Keypoint { position: Vec2::new(x, y), score: 0.8 };
            }
        }
        keypoints
    }

    #[test]
    fn the_circle_is_centred_in_the_hips_and_reaches_beyond_the_feet() {
        let [center, top] = body_circle(&upright()).unwrap();
        assert_eq!(center, Vec2::ZERO);
        assert!(top.distance(Vec2::new(0.0, -108.0)) < 1e-3, "{top}");
    }

    #[test]
    fn a_trunk_that_is_not_seen_or_seen_end_on_gives_no_circle() {
        let mut unseen = upright();
        unseen[HIPS[0]].score = 0.1;
        assert_eq!(body_circle(&unseen), None);
        let mut end_on = upright();
        for index in SHOULDERS {
            end_on[index].position.y = -2.0;
        }
        assert_eq!(body_circle(&end_on), None);
        let mut point = upright();
        for keypoint in &mut point {
            keypoint.position = Vec2::ONE;
        }
        assert_eq!(body_circle(&point), None);
    }
}
