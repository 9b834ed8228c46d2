//! Residuals, their derivatives, and the normal equations that they add up to.
//!
//! A term hands each of its residuals to a [`Residuals`] together with a closure for its derivative, so that one piece
//! of code serves the cost alone (a step on trial) and the equations of the next step. No Jacobian is ever stored: a
//! residual touches a joint's chain of ancestors, and its outer product goes straight into the equations.
//!
//! The unknowns are a small rotation w_j of every joint, R_j ← R_j·exp(w_j), and the root's movement (x and y divided
//! by its depth, and the logarithm of its depth). They are zero at every step's start, where the derivative of exp is
//! exact: a point p carried by joint j moves by (G_j w_j) × (p − p_j), with G_j the joint's rotation to the camera.

use glam::{DMat3, DVec3};
use nalgebra::{Cholesky, Const, SMatrix, SVector};

use crate::body::kinematics::Skeleton;
use crate::types::smpl::{JOINT_COUNT, PARENTS};

/// Unknowns of one frame: three for each joint, three for the root's position.
pub(super) const UNKNOWN_COUNT: usize = 3 * JOINT_COUNT + 3;

/// A vector of the unknowns.
pub(super) type Unknowns = SVector<f64, UNKNOWN_COUNT>;

/// Takes residuals, already multiplied by the square root of their weight.
pub(super) trait Residuals {
    /// Takes one; `derivative` fills in how it changes with the unknowns, and need not be called.
    fn add(&mut self, value: f64, derivative: impl FnOnce(&mut Row));
}

/// The derivative of one residual.
#[derive(Clone, Debug)]
pub(super) struct Row {
    rotations: [DVec3; JOINT_COUNT],
    /// Bit j is set where the residual depends on joint j; the others of `rotations` are stale.
    touched: u32,
    root: DVec3,
}

impl Default for Row {
    fn default() -> Self {
        Self { rotations: [DVec3::ZERO; JOINT_COUNT], touched: 0, root: DVec3::ZERO }
    }
}

impl Row {
    /// Adds a derivative with respect to the rotation of `joint`.
    pub fn rotation(&mut self, joint: usize, gradient: DVec3) {
        if self.touched & (1 << joint) == 0 {
            self.touched |= 1 << joint;
            self.rotations[joint] = gradient;
        } else {
            self.rotations[joint] += gradient;
        }
    }

    /// Adds a derivative with respect to the root's position, per metre.
    pub fn root(&mut self, gradient: DVec3) {
        self.root += gradient;
    }

    /// Adds the chain rule for a point (camera frame) fixed to `joint`, by the derivative with respect to the point.
    pub fn point(&mut self, skeleton: &Skeleton, joint: usize, point: DVec3, gradient: DVec3) {
        self.root += gradient;
        self.along_chain(skeleton, joint, |ancestor| (point - skeleton.positions[ancestor]).cross(gradient));
    }

    /// The same for a direction fixed to `joint`.
    pub fn direction(&mut self, skeleton: &Skeleton, joint: usize, direction: DVec3, gradient: DVec3) {
        self.along_chain(skeleton, joint, |_| direction.cross(gradient));
    }

    fn along_chain(&mut self, skeleton: &Skeleton, joint: usize, torque_at: impl Fn(usize) -> DVec3) {
        let mut ancestor = joint;
        loop {
            self.rotation(ancestor, skeleton.rotations[ancestor].transpose_mul_vec3(torque_at(ancestor)));
            if ancestor == 0 {
                break;
            }
            ancestor = PARENTS[ancestor];
        }
    }

    /// Adds the derivative of the entry (`row`, `column`) of `joint`'s own rotation, `rotation`, times `scale`.
    pub fn entry(&mut self, joint: usize, rotation: &DMat3, (row, column): (usize, usize), scale: f64) {
        self.rotation(joint, DVec3::AXES[column].cross(rotation.row(row)) * scale);
    }

    /// Forgets everything added.
    pub fn clear(&mut self) {
        self.touched = 0;
        self.root = DVec3::ZERO;
    }

    /// Calls `each` with every unknown that the residual depends on, in ascending order; `root_depth_m` makes the
    /// root's metres into its unknowns.
    pub fn for_each(&self, root_depth_m: f64, mut each: impl FnMut(usize, f64)) {
        for joint in (0..JOINT_COUNT).filter(|joint| self.touched & (1 << joint) != 0) {
            for (axis, value) in self.rotations[joint].to_array().into_iter().enumerate() {
                each(3 * joint + axis, value);
            }
        }
        if self.root != DVec3::ZERO {
            for (axis, value) in self.root.to_array().into_iter().enumerate() {
                each(3 * JOINT_COUNT + axis, value * root_depth_m);
            }
        }
    }
}

/// The sum of squared residuals, without derivatives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost(pub f64);

impl Residuals for Cost {
    fn add(&mut self, value: f64, _: impl FnOnce(&mut Row)) {
        self.0 += value * value;
    }
}

/// JᵀJ and Jᵀr of the residuals taken, and their cost.
#[derive(Clone, Debug)]
pub(super) struct NormalEquations {
    /// JᵀJ, the lower triangle.
    hessian: Box<SMatrix<f64, UNKNOWN_COUNT, UNKNOWN_COUNT>>,
    gradient: Unknowns,
    cost: f64,
    root_depth_m: f64,
    row: Row,
}

impl NormalEquations {
    pub fn new() -> Self {
        Self {
            hessian: Box::new(SMatrix::zeros()),
            gradient: SVector::zeros(),
            cost: 0.0,
            root_depth_m: 1.0,
            row: Row::default(),
        }
    }

    /// Forgets all residuals, for a new step from a root at `root_depth_m`.
    pub fn restart(&mut self, root_depth_m: f64) {
        self.hessian.fill(0.0);
        self.gradient.fill(0.0);
        self.cost = 0.0;
        self.root_depth_m = root_depth_m;
    }

    /// The sum of squared residuals.
    pub fn cost(&self) -> f64 {
        self.cost
    }

    /// The step down, with every diagonal entry d of JᵀJ raised by `damping`·(d + 10⁻³) + 10⁻⁴ (Marquardt's scaling,
    /// with a floor for unknowns that no residual depends on). `None` where the equations are not finite.
    pub fn solve(&self, damping: f64) -> Option<Unknowns> {
        const SCALE_FLOOR: f64 = 1e-3;
        const RIDGE: f64 = 1e-4;
        let mut step = self.gradient;
        self.factor(|diagonal| damping * (diagonal + SCALE_FLOOR) + RIDGE)?.solve_mut(&mut step);
        step.neg_mut();
        step.iter().all(|value| value.is_finite()).then_some(step)
    }

    /// The Cholesky factor of JᵀJ with every diagonal entry raised by what `raise` gives for it.
    pub fn factor(&self, raise: impl Fn(f64) -> f64) -> Option<Cholesky<f64, Const<UNKNOWN_COUNT>>> {
        let mut damped = *self.hessian;
        for unknown in 0..UNKNOWN_COUNT {
            let diagonal = &mut damped[(unknown, unknown)];
            *diagonal += raise(*diagonal);
        }
        Cholesky::new(damped)
    }
}

impl Residuals for NormalEquations {
    fn add(&mut self, value: f64, derivative: impl FnOnce(&mut Row)) {
        self.cost += value * value;
        self.row.clear();
        derivative(&mut self.row);
        let mut entries = [(0, 0.0); UNKNOWN_COUNT];
        let mut count = 0;
        self.row.for_each(self.root_depth_m, |unknown, slope| {
            entries[count] = (unknown, slope);
            count += 1;
        });
        let entries = &entries[..count];
        for (before, &(column, slope)) in entries.iter().enumerate() {
            self.gradient[column] += slope * value;
            let mut lower = self.hessian.column_mut(column);
            for &(row, other) in &entries[before..] {
                lower[row] += slope * other;
            }
        }
    }
}
