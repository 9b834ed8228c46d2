//! COCO's object keypoint similarity.

use glam::Vec2;

use crate::types::Keypoint;
use crate::types::person::COCO_KEYPOINT_COUNT;

/// Spread of annotators about each keypoint, relative to the root of the person's area (COCO keypoint evaluation).
const SIGMAS: [f32; COCO_KEYPOINT_COUNT] = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087,
    0.089, 0.089,
];

/// Mean over the annotated keypoints of exp(−d² / (2 · area · (2σ)²)), 0 to 1; `None` where nothing is annotated.
///
/// `truth` holds the picture positions of the keypoints that are annotated, `area_px` the area of the person's outline.
pub fn object_keypoint_similarity(
    found: &[Keypoint; COCO_KEYPOINT_COUNT],
    truth: &[Option<Vec2>; COCO_KEYPOINT_COUNT],
    area_px: f32,
) -> Option<f32> {
    let (mut sum, mut count) = (0.0, 0u8);
    for ((keypoint, position), sigma) in found.iter().zip(truth).zip(SIGMAS) {
        let Some(position) = position else { continue };
        let variance = (2.0 * sigma).powi(2) * area_px.max(f32::EPSILON);
        sum += (-keypoint.position.distance_squared(*position) / (2.0 * variance)).exp();
        count += 1;
    }
    (count > 0).then(|| sum / f32::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_is_one_and_one_deviation_away_is_exp_of_minus_a_half() {
        let mut found = [Keypoint::default(); COCO_KEYPOINT_COUNT];
        let mut truth = [None; COCO_KEYPOINT_COUNT];
        assert_eq!(object_keypoint_similarity(&found, &truth, 100.0), None);
        truth[0] = Some(Vec2::ZERO);
        assert_eq!(object_keypoint_similarity(&found, &truth, 100.0), Some(1.0));
        // The left hip, over an area of 100²: 2 · .107 · 100 = 21.4 pixels are one deviation.
        truth[11] = Some(Vec2::new(3.0, 4.0));
        found[11].position = Vec2::new(24.4, 4.0);
        let similarity = object_keypoint_similarity(&found, &truth, 10_000.0).unwrap();
        assert!((similarity - (1.0 + (-0.5f32).exp()) / 2.0).abs() < 1e-5, "{similarity}");
    }
}
