//! PHALP's terms: how far a detection lies from what a track leads to expect, in looks, pose, place and depth.
//!
//! Rajasegaran et al., Tracking People by Predicting 3D Appearance, Location and Pose (2022), with the constants of its
//! published program. The cost is the negative logarithm of a likelihood in the paper; the program multiplies the
//! terms, and so does [`cost`].

use glam::{Quat, Vec2};

use crate::types::SmplParams;

/// Weights and scales of the terms (PHALP's betas).
const APPEARANCE_WEIGHT: f32 = 4.0536;
const POSE_WEIGHT: f32 = 1.3070;
const LOCATION_SCALE: f32 = 0.3792;
const DEPTH_SCALE: f32 = 4.1658;
/// Least uncertainty of place and depth.
const LEAST_WIDTH: f32 = 0.1;
/// Largest pose distance that counts.
const MAX_POSE_DISTANCE: f32 = 1.5;

/// Cost above which a pair is no pair.
pub(super) const MAX_COST: f32 = 100.0;

/// Squared distance of the 226 pose numbers: the entries of 24 rotation matrices, and the shape; at most 1.5.
pub(super) fn pose_distance(a: &SmplParams, b: &SmplParams) -> f32 {
    let roots = rotation_distance(a.global_orient, b.global_orient);
    let joints: f32 = a.body_pose.iter().zip(&b.body_pose).map(|(p, q)| rotation_distance(*p, *q)).sum();
    let shape: f32 = a.betas.iter().zip(&b.betas).map(|(p, q)| (p - q).powi(2)).sum();
    (roots + joints + shape).min(MAX_POSE_DISTANCE)
}

/// Squared distance of the entries of two rotation matrices: 8 sin²(θ/2) for an angle θ between them.
fn rotation_distance(a: Quat, b: Quat) -> f32 {
    8.0 * (1.0 - a.dot(b).powi(2)).max(0.0)
}

/// Distance of two places, pixels, in the unit square that a picture of `picture_px` is padded to.
pub(super) fn location_distance(a: Vec2, b: Vec2, picture_px: Vec2) -> f32 {
    a.distance(b) / picture_px.max_element()
}

/// How differently far two people are: the logarithm of the ratio of their depths, without sign.
pub(super) fn depth_distance(a: f32, b: f32) -> f32 {
    (a - b).abs()
}

/// The terms of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Terms {
    /// How unlike the surface colours seen on both are, 0 to 2; `None` where too few are.
    pub appearance: Option<f32>,
    /// [`pose_distance`]; `None` where a body is missing.
    pub pose: Option<f32>,
    /// [`location_distance`].
    pub location: f32,
    /// Half width of the place's prediction interval, in the unit square.
    pub location_width: f32,
    /// [`depth_distance`].
    pub depth: f32,
    /// Half width of the depth's prediction interval, of ln depth.
    pub depth_width: f32,
}

/// (1 + 4.0536 A)(1 + 1.3070 P) · exp(XY / (0.1 + tanh c_xy) / 0.3792) · exp(N / (0.1 + tanh c_n) / 4.1658), at least 1.
/// What is not known costs nothing.
pub(super) fn cost(terms: &Terms) -> f32 {
    let known = |distance: Option<f32>, weight: f32| 1.0 + weight * distance.unwrap_or(0.0);
    let spread = |distance: f32, width: f32, scale: f32| distance / (LEAST_WIDTH + width.tanh()) / scale;
    let location = spread(terms.location, terms.location_width, LOCATION_SCALE);
    let depth = spread(terms.depth, terms.depth_width, DEPTH_SCALE);
    known(terms.appearance, APPEARANCE_WEIGHT) * known(terms.pose, POSE_WEIGHT) * (location + depth).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f32, expected: f32) {
        assert!((found - expected).abs() < 1e-4 * expected.abs().max(1.0), "{found} instead of {expected}");
    }

    const NOTHING: Terms = Terms {
        appearance: None,
        pose: None,
        location: 0.0,
        location_width: 0.0,
        depth: 0.0,
        depth_width: 0.0,
    };

    #[test]
    fn pose_numbers_are_those_of_the_matrices() {
        let a = SmplParams::facing_camera();
        assert_eq!(pose_distance(&a, &a), 0.0);
        let mut b = a.clone();
        b.body_pose[3] = Quat::from_axis_angle(glam::Vec3::new(0.6, 0.0, 0.8), 0.4);
        b.betas[2] += 0.5;
        let entries = |q: Quat| glam::Mat3::from_quat(q).to_cols_array();
        let matrices: f32 =
            entries(a.body_pose[3]).iter().zip(entries(b.body_pose[3])).map(|(p, q)| (p - q).powi(2)).sum();
        close(pose_distance(&a, &b), matrices + 0.25);
        // The sign of a quaternion means nothing.
        b.body_pose[3] = -b.body_pose[3];
        close(pose_distance(&a, &b), matrices + 0.25);
        b.global_orient = Quat::IDENTITY;
        assert_eq!(pose_distance(&a, &b), 1.5);
    }

    #[test]
    fn places_and_depths() {
        // 3-4-5 pixels in a picture whose longer side is 640.
        let picture = Vec2::new(640.0, 360.0);
        close(location_distance(Vec2::new(30.0, 40.0), Vec2::new(33.0, 44.0), picture), 5.0 / 640.0);
        close(depth_distance(8.0_f32.ln(), 4.0_f32.ln()), std::f32::consts::LN_2);
        close(depth_distance(4.0_f32.ln(), 8.0_f32.ln()), std::f32::consts::LN_2);
    }

    #[test]
    fn the_cost_by_hand() {
        close(cost(&NOTHING), 1.0);
        close(cost(&Terms { appearance: Some(0.5), ..NOTHING }), 3.0268);
        close(cost(&Terms { pose: Some(1.0), ..NOTHING }), 2.3070);
        // 0.0 3792 / 0.1 / 0.3792 = 1.
        close(cost(&Terms { location: 0.037_92, ..NOTHING }), std::f32::consts::E);
        // tanh(∞) = 1: 0.41712 / 1.1 / 0.3792 = 1.
        let open = Terms { location: 0.417_12, location_width: f32::INFINITY, ..NOTHING };
        close(cost(&open), std::f32::consts::E);
        close(cost(&Terms { depth: 0.416_58, ..NOTHING }), std::f32::consts::E);
        let all =
            Terms { appearance: Some(0.5), pose: Some(1.0), location: 0.037_92, depth: 0.416_58, ..NOTHING };
        close(cost(&all), 3.0268 * 2.3070 * std::f32::consts::E.powi(2));
    }
}
