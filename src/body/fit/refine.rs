//! Fitting a track again as a whole, once its frames have been fitted one by one.
//!
//! A frame alone may settle in a wrong valley: legs swapped, a knee through the board. Its neighbours often know
//! better, so each frame is tried again from either neighbour's pose and the cheaper one is kept. Then all frames are
//! swept a few times, each drawn to the middle of its neighbours (Jacobi's method, so the order does not matter).
//! Halfway, where a rider moves evenly already, legs that the keypoint network took for each other stand out: a frame
//! that fits its neighbours better with left and right exchanged is exchanged.

use super::LandmarkFit;
use super::board::Board;
use super::continuity::Between;
use super::pose::Pose;
use super::solver::Problem;
use super::targets::{Targets, exchange_sides};
use crate::body::kinematics::{self, Skeleton};
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::{BBox, BodyEstimate, Keypoint};

/// Frames over which the box's side, the unit of picture errors, is averaged: half of them on either side.
const SIDE_HALF_WINDOW: usize = 4;
/// How much longer the sides of a detector's boxes are, by which the weights were chosen, than those that detector and body
/// agree on.
const SIDE_FACTOR: f64 = 1.03;

/// Steps when a frame starts from a neighbour's pose.
const RESTART_STEPS: usize = 6;

/// A restart has to bring the cost below this share to be kept.
const RESTART_GAIN: f64 = 0.98;

/// Sweeps over the track, and steps per frame in each.
const SWEEPS: usize = 6;
const SWEEP_STEPS: usize = 2;

/// Sweeps before legs are exchanged.
const SWEEPS_BEFORE_EXCHANGE: usize = 3;

/// The first keypoint of what is exchanged: legs with the hips, or from the knees down.
const EXCHANGED_FROM: [usize; 2] = [11, 13];

/// Exchanging has to bring the cost, neighbours included, below this share to be kept.
const EXCHANGE_GAIN: f64 = 0.95;

/// One frame of a track: what a fit gave, and what fitting it again needs.
#[derive(Clone, Copy, Debug)]
pub struct TrackFrame<'a> {
    /// The body found so far, with the keypoints it was fitted to.
    pub body: &'a BodyEstimate,
    /// The person's box, picture pixels.
    pub bbox: BBox,
}

/// A frame under way.
struct Member {
    pose: Pose,
    /// `None` for a frame that cannot be fitted and stays as it is.
    targets: Option<Targets>,
    /// The keypoints behind the targets, legs exchanged where they were.
    keypoints: [Keypoint; COCO_KEYPOINT_COUNT],
    cost: f64,
}

impl LandmarkFit {
    /// The bodies of consecutive frames of one rider, fitted together; one for each of `frames`, in their order. A
    /// track with holes is given in pieces. A frame that cannot be fitted, a mesh network's for instance, comes
    /// back as it was.
    pub fn refine_track(&mut self, frames: &[TrackFrame]) -> Vec<BodyEstimate> {
        let mut members: Vec<Member> = (0..frames.len()).map(|index| self.member(frames, index)).collect();
        for member in &mut members {
            self.minimise(member, None, None, RESTART_STEPS);
        }
        for index in 1..members.len() {
            self.restart(&mut members, index, index - 1);
        }
        for index in (1..members.len()).rev() {
            self.restart(&mut members, index - 1, index);
        }
        let fitted = members.iter().filter(|member| member.targets.is_some()).map(|member| &member.pose);
        let board = Board::under(fitted, &self.rest);
        for sweep in 0..SWEEPS {
            if sweep == SWEEPS_BEFORE_EXCHANGE {
                for index in 1..members.len() {
                    self.exchange_legs(&mut members, index, board);
                }
            }
            self.sweep(&mut members, board);
        }
        members.iter().zip(frames).map(|(member, frame)| self.refined(member, frame, board)).collect()
    }

    fn member(&self, frames: &[TrackFrame], index: usize) -> Member {
        let TrackFrame { body, bbox } = frames[index];
        let pose =
            Pose { rotations: kinematics::local_rotations(&body.smpl), root_m: body.joints_3d[0].as_dvec3() };
        let fits =
            pose.root_m.is_finite() && pose.root_m.z > 0.0 && pose.rotations.iter().all(|r| r.is_finite());
        let targets = body
            .depth_cues
            .filter(|_| fits)
            .and_then(|cues| Targets::new(&body.joints_2d, &bbox, &body.camera, cues));
        let around = index.saturating_sub(SIDE_HALF_WINDOW)..=index + SIDE_HALF_WINDOW;
        let sides =
            || frames.iter().enumerate().filter(|(at, frame)| around.contains(at) && frame.bbox.is_valid());
        let total: f64 = sides().map(|(_, frame)| f64::from(frame.bbox.long_side())).sum();
        let side_px = SIDE_FACTOR * total / sides().count() as f64;
        Member {
            pose,
            targets: targets.map(|targets| Targets { side_px, ..targets }),
            keypoints: body.joints_2d,
            cost: f64::INFINITY,
        }
    }

    fn minimise(
        &mut self,
        member: &mut Member,
        between: Option<&Between>,
        board: Option<Board>,
        steps: usize,
    ) {
        if let Some(targets) = &member.targets {
            let problem = Problem { rest: &self.rest, targets, between, board };
            member.cost = self.solver.minimise(problem, &mut member.pose, steps);
        }
    }

    /// Tries frame `index` from the rotations of frame `from`.
    fn restart(&mut self, members: &mut [Member], index: usize, from: usize) {
        let (Some(targets), Some(_)) = (&members[index].targets, &members[from].targets) else { return };
        let mut pose = Pose { rotations: members[from].pose.rotations, root_m: members[index].pose.root_m };
        let problem = Problem { rest: &self.rest, targets, between: None, board: None };
        let cost = self.solver.minimise(problem, &mut pose, RESTART_STEPS);
        if cost < RESTART_GAIN * members[index].cost {
            members[index].pose = pose;
            members[index].cost = cost;
        }
    }

    /// Exchanges left and right of the legs' keypoints in frame `index` where that agrees better with its neighbours.
    fn exchange_legs(&mut self, members: &mut [Member], index: usize, board: Option<Board>) {
        let Some([before, member, after]) = members.get_mut(index - 1..=index + 1) else { return };
        let (Some(_), Some(targets), Some(_)) = (&before.targets, &member.targets, &after.targets) else {
            return;
        };
        let neighbours = [before, after].map(|m| (&m.pose, m.pose.skeleton(&self.rest)));
        let between = Between::new([0, 1].map(|side| (neighbours[side].0, &neighbours[side].1)), targets);
        let problem = Problem { rest: &self.rest, targets, between: Some(&between), board };
        let mut least =
            EXCHANGE_GAIN * self.solver.minimise(problem, &mut member.pose.clone(), RESTART_STEPS);
        let starts = [neighbours[0].0, neighbours[1].0, &member.pose].map(|pose| pose.rotations);
        let mut best = None;
        for first in EXCHANGED_FROM {
            let exchanged = targets.mirrored_from(first);
            let problem = Problem { targets: &exchanged, ..problem };
            for rotations in starts {
                let mut pose = Pose { rotations, root_m: member.pose.root_m };
                let cost = self.solver.minimise(problem, &mut pose, RESTART_STEPS);
                if cost < least {
                    least = cost;
                    best = Some((pose, first));
                }
            }
        }
        if let Some((pose, first)) = best {
            member.targets = Some(targets.mirrored_from(first));
            exchange_sides(&mut member.keypoints, first);
            member.pose = pose;
        }
    }

    /// One sweep: every inner frame moves towards the middle of what its neighbours were before the sweep.
    fn sweep(&mut self, members: &mut [Member], board: Option<Board>) {
        let skeletons: Vec<Skeleton> =
            members.iter().map(|member| member.pose.skeleton(&self.rest)).collect();
        let middles: Vec<Option<Between>> = (0..members.len())
            .map(|index| {
                let (before, after) = (index.checked_sub(1)?, index + 1);
                let neighbours = [before, after].map(|at| members.get(at).filter(|m| m.targets.is_some()));
                let [Some(a), Some(b)] = neighbours else { return None };
                let targets = members[index].targets.as_ref()?;
                Some(Between::new([(&a.pose, &skeletons[before]), (&b.pose, &skeletons[after])], targets))
            })
            .collect();
        for (member, between) in members.iter_mut().zip(&middles) {
            self.minimise(member, between.as_ref(), board, SWEEP_STEPS);
        }
    }

    /// The fitted body with how far its joints may be off by what is seen in this frame alone: neighbours make it
    /// steadier, but they guess from the same keypoints.
    fn refined(&mut self, member: &Member, frame: &TrackFrame, board: Option<Board>) -> BodyEstimate {
        let estimate = member.targets.as_ref().and_then(|targets| {
            let problem = Problem { rest: &self.rest, targets, between: None, board };
            let joint_sigma_m = self.solver.joint_sigma_m(problem, &member.pose);
            let body = self.estimate(&member.pose, targets, &member.keypoints, &frame.body.camera)?;
            Some(BodyEstimate { joint_sigma_m, ..body })
        });
        estimate.unwrap_or_else(|| frame.body.clone())
    }
}
