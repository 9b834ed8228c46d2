//! Levenberg–Marquardt over one frame (Marquardt, 1963).

use super::board::{self, Board};
use super::continuity::{self, Between};
use super::equations::{Cost, NormalEquations, Residuals};
use super::pose::{Pose, Rest};
use super::targets::Targets;
use super::{anatomy, depth, reprojection, uncertainty};
use crate::types::smpl::JOINT_COUNT;

/// Damping at the start, its change on a step that helps and on one that does not, and its bounds.
const DAMPING_START: f64 = 1e-2;
const DAMPING_FALL: f64 = 0.3;
const DAMPING_RISE: f64 = 4.0;
const DAMPING_RANGE: [f64; 2] = [1e-6, 1e4];

/// No unknown moves further in one step (radians for rotations): beyond it the linear model is fiction.
const MAX_STEP: f64 = 0.6;

/// A step that moves no unknown further than this has arrived.
const ARRIVED_STEP: f64 = 1e-4;

/// The residuals of one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Problem<'a> {
    pub rest: &'a Rest,
    pub targets: &'a Targets,
    /// What its neighbours say, where they are asked.
    pub between: Option<&'a Between>,
    /// What he stands on, where it is known.
    pub board: Option<Board>,
}

impl Problem<'_> {
    pub fn residuals(&self, pose: &Pose, sink: &mut impl Residuals) {
        let skeleton = pose.skeleton(self.rest);
        reprojection::add(sink, self.rest, self.targets, &skeleton);
        depth::add(sink, self.targets, &skeleton);
        anatomy::add(sink, pose);
        if let Some(board) = self.board {
            board::add(sink, board, &skeleton);
        }
        if let Some(between) = self.between {
            continuity::add(sink, between, self.targets, pose, &skeleton);
        }
    }

    pub fn cost(&self, pose: &Pose) -> f64 {
        let mut cost = Cost::default();
        self.residuals(pose, &mut cost);
        cost.0
    }
}

/// Memory for solving, used again from frame to frame.
#[derive(Clone, Debug)]
pub(super) struct Solver {
    equations: NormalEquations,
}

impl Solver {
    pub fn new() -> Self {
        Self { equations: NormalEquations::new() }
    }

    /// Takes at most `max_steps` steps down from `pose` and returns the cost reached; `pose` only ever gets better.
    pub fn minimise(&mut self, problem: Problem, pose: &mut Pose, max_steps: usize) -> f64 {
        let mut damping = DAMPING_START;
        self.linearise(problem, pose);
        for step_number in 1..=max_steps {
            let Some(mut step) = self.equations.solve(damping) else { break };
            let longest = step.amax();
            if longest < ARRIVED_STEP {
                break;
            }
            step *= (MAX_STEP / longest).min(1.0);
            let trial = pose.stepped(&step);
            let cost = problem.cost(&trial);
            if cost < self.equations.cost() {
                *pose = trial;
                if step_number == max_steps {
                    return cost;
                }
                self.linearise(problem, pose);
                damping *= DAMPING_FALL;
            } else {
                damping *= DAMPING_RISE;
            }
            damping = damping.clamp(DAMPING_RANGE[0], DAMPING_RANGE[1]);
        }
        self.equations.cost()
    }

    /// As [`uncertainty::joint_sigma_m`], at `pose`.
    pub fn joint_sigma_m(&mut self, problem: Problem, pose: &Pose) -> Option<[f32; JOINT_COUNT]> {
        self.linearise(problem, pose);
        uncertainty::joint_sigma_m(&self.equations, &pose.skeleton(problem.rest))
    }

    fn linearise(&mut self, problem: Problem, pose: &Pose) {
        self.equations.restart(pose.root_m.z);
        problem.residuals(pose, &mut self.equations);
    }
}
