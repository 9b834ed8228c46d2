//! A snowboarder's feet do not part: while he is strapped in, the board holds his ankles at one distance.
//!
//! One picture hides a leg behind the other, and a fit without this term puts both feet on one spot. The distance is the
//! rider's own, taken from the whole track; whoever strides out further than any board allows is not strapped in, and no
//! board is laid under him.

use super::equations::Residuals;
use super::pose::Pose;
use super::pose::Rest;
use crate::body::kinematics::Skeleton;

/// The two ankles.
const ANKLES: [usize; 2] = [7, 8];

/// Weight of the link.
const LINK_WEIGHT: f64 = 3.0;

/// An error of this much counts one, metres.
const LINK_UNIT_M: f64 = 0.05;

/// Errors far beyond this lose their pull (Geman and McClure, 1985), metres.
const LINK_OUTLIER_M: f64 = 0.2;

/// Distances between the ankles that bindings allow, metres: makers' stance widths run from 0.46 to 0.60 for adults and
/// down to 0.38 for children, and ankles stand a little closer than the bindings' centres.
const STANCE_M: [f64; 2] = [0.42, 0.58];

/// Ankles further apart than this are on no board, metres.
const PARTED_M: f64 = 0.75;

/// Share of frames with parted ankles up to which they are taken for errors.
const PARTED_SHARE: f64 = 0.15;

/// The distance that this share of frames stays below is taken: of two legs in line with the viewer the fit sees too
/// small a distance, hardly ever too large a one.
const QUANTILE: f64 = 0.75;

/// What joins the feet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Board {
    /// Between the ankles, metres.
    pub stance_m: f64,
}

impl Board {
    /// The board under a rider who was seen in these poses; `None` where he is not strapped in.
    pub fn under<'p>(poses: impl Iterator<Item = &'p Pose>, rest: &Rest) -> Option<Self> {
        let mut distances_m: Vec<f64> = poses.map(|pose| ankle_distance_m(&pose.skeleton(rest))).collect();
        distances_m.sort_by(f64::total_cmp);
        let parted = distances_m.iter().filter(|distance| **distance > PARTED_M).count();
        if parted as f64 > PARTED_SHARE * distances_m.len() as f64 {
            return None;
        }
        let at = (QUANTILE * distances_m.len() as f64) as usize;
        let stance_m = distances_m.get(at)?.clamp(STANCE_M[0], STANCE_M[1]);
        Some(Self { stance_m })
    }
}

fn ankle_distance_m(skeleton: &Skeleton) -> f64 {
    let [left, right] = ANKLES.map(|ankle| skeleton.positions[ankle]);
    left.distance(right)
}

pub(super) fn add(sink: &mut impl Residuals, board: Board, skeleton: &Skeleton) {
    let [left, right] = ANKLES.map(|ankle| skeleton.positions[ankle]);
    let apart = left - right;
    let distance_m = apart.length();
    let error = distance_m - board.stance_m;
    let kept = 1.0 / (1.0 + (error / LINK_OUTLIER_M).powi(2));
    let scale = (LINK_WEIGHT * kept).sqrt() / LINK_UNIT_M;
    sink.add(scale * error, |row| {
        // d(√kept·e) = kept^{3/2}·de, as for bones.
        let slope = apart / distance_m.max(1e-6) * (scale * kept);
        row.point(skeleton, ANKLES[0], left, slope);
        row.point(skeleton, ANKLES[1], right, -slope);
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use glam::DMat3;

    use super::super::synthetic::{Random, camera, seen};
    use super::super::{LandmarkFit, TrackFrame};
    use super::*;
    use crate::body::testing;
    use crate::types::BodyEstimate;

    /// A rider on a board as the track shows him: crouched, turning, with his feet `stance_m` apart.
    fn ride(rest: &Rest, spread_rad: f64) -> Vec<Pose> {
        let start = Random(5).pose();
        let frame = |index: i32| {
            let mut pose = start.clone();
            pose.rotations[0] = DMat3::from_rotation_x(std::f64::consts::PI)
                * DMat3::from_rotation_y(1.2 + 0.06 * f64::from(index));
            for (hip, side) in [(1, 1.0), (2, -1.0)] {
                pose.rotations[hip] =
                    DMat3::from_rotation_z(side * spread_rad) * DMat3::from_rotation_x(-0.6);
            }
            for knee in [4, 5] {
                pose.rotations[knee] = DMat3::from_rotation_x(0.9);
            }
            for ankle in [7, 8] {
                pose.rotations[ankle] = DMat3::IDENTITY;
            }
            pose
        };
        let poses: Vec<Pose> = (0..12).map(frame).collect();
        assert!(poses.iter().all(|pose| ankle_distance_m(&pose.skeleton(rest)) > 0.3));
        poses
    }

    #[test]
    fn a_track_keeps_the_feet_of_a_rider_on_his_board() {
        let model = Arc::new(testing::starter_model());
        let rest = Rest::of(&model);
        let mut fit = LandmarkFit::new(model);
        let mut random = Random(9);
        let truths = ride(&rest, 0.15);
        let frames: Vec<_> = truths
            .iter()
            .map(|truth| {
                let (landmarks, bbox) = seen(truth, &rest, &mut random, 4.0, 0.08);
                (fit.fit(&landmarks, &bbox, &camera()).unwrap(), bbox)
            })
            .collect();
        let track: Vec<TrackFrame> =
            frames.iter().map(|(body, bbox)| TrackFrame { body, bbox: *bbox }).collect();
        let apart_m = |body: &BodyEstimate| body.joints_3d[7].distance(body.joints_3d[8]);
        let spread_m = |apart: Vec<f32>| {
            apart.iter().fold(f32::MIN, |a, &b| a.max(b)) - apart.iter().fold(f32::MAX, |a, &b| a.min(b))
        };
        let alone_m = spread_m(frames.iter().map(|(body, _)| apart_m(body)).collect());
        let refined_m = spread_m(fit.refine_track(&track).iter().map(apart_m).collect());
        assert!(refined_m < 0.6 * alone_m, "{refined_m} m together, {alone_m} m alone");
    }

    #[test]
    fn the_stance_is_the_riders_own_and_whoever_strides_has_no_board() {
        let rest = Rest::of(&testing::starter_model());
        let riding = ride(&rest, 0.15);
        let stance_m = ankle_distance_m(&riding[0].skeleton(&rest));
        let board = Board::under(riding.iter(), &rest).unwrap();
        assert!((board.stance_m - stance_m).abs() < 0.02, "{} for {stance_m}", board.stance_m);
        let mut narrow = riding;
        // Legs that a fit has laid into one in a third of the frames do not narrow the stance.
        for pose in narrow.iter_mut().take(4) {
            pose.rotations[1] = pose.rotations[2];
        }
        assert!((Board::under(narrow.iter(), &rest).unwrap().stance_m - stance_m).abs() < 0.05);
        assert!(Board::under(ride(&rest, 0.7).iter(), &rest).is_none());
        assert!(Board::under(std::iter::empty(), &rest).is_none());
    }
}
