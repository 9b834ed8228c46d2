//! Fitting the body to landmarks: the recovery that works without a mesh network.
//!
//! A first pose from inverse kinematics, then Levenberg–Marquardt on the body's keypoints in the picture, the depth of
//! its bones and the habits of its joints; over a track, also on its neighbours. Weights and units are the ones that
//! did best on real snowboarding, silhouette against a mesh network's; errors in the picture are in sides of the
//! person's box, so they serve near and far alike.

mod anatomy;
mod board;
mod continuity;
mod cues;
mod depth;
mod equations;
#[cfg(test)]
mod hard_cases;
mod initial;
mod pose;
mod refine;
mod reprojection;
mod solver;
#[cfg(test)]
mod synthetic;
mod targets;
#[cfg(test)]
mod tests;
mod uncertainty;

use std::sync::Arc;

use glam::DQuat;

use super::blazepose::BODY_KEYPOINTS;
use super::kinematics::Skeleton;
use super::model::BodyModel;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::{BBox, BodyEstimate, Camera, Keypoint, Landmarks, SmplParams};
use pose::{Pose, Rest};
use solver::{Problem, Solver};
use targets::Targets;

pub use refine::TrackFrame;

/// Steps for a frame on its own.
const FRAME_STEPS: usize = 10;

/// Fits bodies of one model to landmarks. It owns the memory for it: keep one per thread.
#[derive(Debug)]
pub struct LandmarkFit {
    model: Arc<BodyModel>,
    rest: Rest,
    solver: Solver,
}

impl LandmarkFit {
    /// A fit of `model`'s mean shape in winter clothes.
    pub fn new(model: Arc<BodyModel>) -> Self {
        let rest = Rest::of(&model);
        Self { model, rest, solver: Solver::new() }
    }

    /// The model that is fitted.
    pub fn model(&self) -> &Arc<BodyModel> {
        &self.model
    }

    /// The body of the person with these landmarks, in `bbox`, seen through `camera`.
    ///
    /// `None` where the landmarks do not tell: fewer than four keypoints of trunk and limbs, landmarks that are not
    /// finite or make no trunk, a box without an area.
    pub fn fit(&mut self, landmarks: &Landmarks, bbox: &BBox, camera: &Camera) -> Option<BodyEstimate> {
        let cues = cues::depth_cues(landmarks);
        let targets = Targets::new(&landmarks.keypoints, bbox, camera, cues)?;
        let mut pose = initial::pose(&self.rest, &targets, landmarks)?;
        let problem = Problem { rest: &self.rest, targets: &targets, between: None, board: None };
        self.solver.minimise(problem, &mut pose, FRAME_STEPS);
        self.estimate(&pose, &targets, &landmarks.keypoints, camera)
    }

    /// The fitted pose as everyone else writes it; `None` where it is not finite.
    fn estimate(
        &self,
        pose: &Pose,
        targets: &Targets,
        keypoints: &[Keypoint; COCO_KEYPOINT_COUNT],
        camera: &Camera,
    ) -> Option<BodyEstimate> {
        let skeleton = pose.skeleton(&self.rest);
        let joints_3d = skeleton.positions.map(|position| position.as_vec3());
        let local = pose.rotations.map(|rotation| DQuat::from_mat3(&rotation).normalize().as_quat());
        let finite = joints_3d.iter().all(|joint| joint.is_finite()) && local.iter().all(|r| r.is_finite());
        finite.then(|| BodyEstimate {
            joints_2d: *keypoints,
            joints_3d,
            smpl: SmplParams {
                global_orient: local[0],
                body_pose: std::array::from_fn(|joint| local[joint + 1]),
                betas: self.rest.betas,
            },
            translation_m: (pose.root_m - self.rest.joints[0]).as_vec3(),
            camera: *camera,
            depth_cues: Some(targets.cues),
            joint_sigma_m: None,
            confidence: self.confidence(&skeleton, targets),
        })
    }

    /// The mean score of trunk and limb keypoints, times the share of them that the body reaches: a keypoint further
    /// off than the outlier distance is a contradiction, and one that was not seen is no support.
    fn confidence(&self, skeleton: &Skeleton, targets: &Targets) -> f32 {
        let (mut score, mut reached) = (0.0, 0.0);
        for keypoint in BODY_KEYPOINTS {
            let (pixel, _) = reprojection::project(targets, self.rest.keypoint(skeleton, keypoint));
            let error = (pixel - targets.keypoints[keypoint]).length() / targets.side_px;
            score += targets.scores[keypoint];
            if targets.scores[keypoint] > 0.0 && error < reprojection::OUTLIER_SIDES {
                reached += 1.0;
            }
        }
        let count = BODY_KEYPOINTS.len() as f64;
        (score / count * (reached / count)) as f32
    }
}
