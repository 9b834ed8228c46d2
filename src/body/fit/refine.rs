//! Fitting a track again as a whole, once its frames have been fitted one by one.
//!
//! A frame alone may settle in a wrong valley: legs swapped, a knee through the board. Its neighbours often know
//! better, so each frame is tried again from either neighbour's pose and the cheaper one is kept. Then all frames are
//! swept a few times, each drawn to the middle of its neighbours (Jacobi's method, so the order does not matter).

use super::LandmarkFit;
use super::continuity::Between;
use super::pose::Pose;
use super::solver::Problem;
use super::targets::Targets;
use crate::body::kinematics::{self, Skeleton};
use crate::types::{BBox, BodyEstimate};

/// Frames over which the box's side, the unit of picture errors, is averaged: half of them on either side.
const SIDE_HALF_WINDOW: usize = 4;

/// Steps when a frame starts from a neighbour's pose.
const RESTART_STEPS: usize = 6;

/// A restart has to bring the cost below this share to be kept.
const RESTART_GAIN: f64 = 0.98;

/// Sweeps over the track, and steps per frame in each.
const SWEEPS: usize = 6;
const SWEEP_STEPS: usize = 2;

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
    cost: f64,
}

impl LandmarkFit {
    /// The bodies of consecutive frames of one rider, fitted together; one for each of `frames`, in their order. A
    /// track with holes is given in pieces. A frame that cannot be fitted, a mesh network's for instance, comes
    /// back as it was.
    pub fn refine_track(&mut self, frames: &[TrackFrame]) -> Vec<BodyEstimate> {
        let mut members: Vec<Member> = (0..frames.len()).map(|index| self.member(frames, index)).collect();
        for member in &mut members {
            self.minimise(member, None, RESTART_STEPS);
        }
        for index in 1..members.len() {
            self.restart(&mut members, index, index - 1);
        }
        for index in (1..members.len()).rev() {
            self.restart(&mut members, index - 1, index);
        }
        for _ in 0..SWEEPS {
            self.sweep(&mut members);
        }
        members.iter().zip(frames).map(|(member, frame)| self.refined(member, frame)).collect()
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
        let side_px = total / sides().count() as f64;
        Member { pose, targets: targets.map(|targets| Targets { side_px, ..targets }), cost: f64::INFINITY }
    }

    fn minimise(&mut self, member: &mut Member, between: Option<&Between>, steps: usize) {
        if let Some(targets) = &member.targets {
            let problem = Problem { rest: &self.rest, targets, between };
            member.cost = self.solver.minimise(problem, &mut member.pose, steps);
        }
    }

    /// Tries frame `index` from the rotations of frame `from`.
    fn restart(&mut self, members: &mut [Member], index: usize, from: usize) {
        let (Some(targets), Some(_)) = (&members[index].targets, &members[from].targets) else { return };
        let mut pose = Pose { rotations: members[from].pose.rotations, root_m: members[index].pose.root_m };
        let problem = Problem { rest: &self.rest, targets, between: None };
        let cost = self.solver.minimise(problem, &mut pose, RESTART_STEPS);
        if cost < RESTART_GAIN * members[index].cost {
            members[index].pose = pose;
            members[index].cost = cost;
        }
    }

    /// One sweep: every inner frame moves towards the middle of what its neighbours were before the sweep.
    fn sweep(&mut self, members: &mut [Member]) {
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
            self.minimise(member, between.as_ref(), SWEEP_STEPS);
        }
    }

    fn refined(&self, member: &Member, frame: &TrackFrame) -> BodyEstimate {
        let targets = member.targets.as_ref();
        let estimate =
            targets.and_then(|t| self.estimate(&member.pose, t, &frame.body.joints_2d, &frame.body.camera));
        estimate.unwrap_or_else(|| frame.body.clone())
    }
}
