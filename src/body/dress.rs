//! The shape of someone in winter clothes.
//!
//! A body model is a nude one. Its mean shape leaves more than a third of a rider uncovered. So the fit works with the
//! shape whose surface lies further out while the joints stay in place, as far as the model's shape components can do
//! that: they move by some millimetres, which costs accuracy on a rider whose true shape is slim.

use glam::Vec3;
use nalgebra::{Cholesky, SMatrix, SVector};

use super::model::BodyModel;
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT};

/// Joints that carry what clothes cover: trunk, arms and legs, without head, hands and feet.
const DRESSED_JOINTS: [usize; 14] = [0, 1, 2, 3, 4, 5, 6, 9, 13, 14, 16, 17, 18, 19];

/// Weight of joints that move, against the surface.
const JOINT_WEIGHT: f64 = 3.0;

/// Weight of the components themselves, metres² for a square of one standard deviation: keeps unlike people unlikely.
const RIDGE_M2: f64 = 1e-5;

/// No component leaves this many standard deviations: beyond them the shapes are nobody's.
const MAX_BETA: f64 = 4.0;

impl BodyModel {
    /// The shape that lies `thickness_m` further out than the mean one where clothes are, on average, with joints where
    /// they are, by least squares over the surface. Zero where the model has no surface to dress.
    pub(super) fn dressed_shape(&self, thickness_m: f64) -> [f32; BETA_COUNT] {
        let mut system: SMatrix<f64, BETA_COUNT, BETA_COUNT> = SMatrix::zeros();
        let mut outwards: SVector<f64, BETA_COUNT> = SVector::zeros();
        let mut total_area = 0.0;
        for (vertex, normal) in self.area_normals().into_iter().enumerate() {
            let area = f64::from(normal.length());
            if area <= 0.0 || !self.is_dressed(vertex) {
                continue;
            }
            let unit = normal / normal.length();
            let moves = self.shape_directions[vertex].map(|direction| f64::from(direction.dot(unit)));
            let moves = SVector::from(moves);
            system += moves * moves.transpose() * area;
            outwards += moves * area;
            total_area += area;
        }
        if total_area <= 0.0 {
            return [0.0; BETA_COUNT];
        }
        let outwards = outwards / total_area;
        let mut system = system / total_area + SMatrix::identity() * RIDGE_M2;
        for directions in self.joint_shape_directions() {
            for axis in 0..3 {
                let moves = SVector::from(directions.map(|direction| f64::from(direction[axis])));
                system += moves * moves.transpose() * (JOINT_WEIGHT / JOINT_COUNT as f64);
            }
        }
        let Some(shape) = Cholesky::new(system).map(|solved| solved.solve(&outwards)) else {
            return [0.0; BETA_COUNT];
        };
        // Least squares against the ridge falls short; the direction is right, so only its length is mended.
        let reached = shape.dot(&outwards);
        let scaled = shape * (thickness_m / reached);
        if !scaled.iter().all(|beta| beta.is_finite()) {
            return [0.0; BETA_COUNT];
        }
        std::array::from_fn(|component| scaled[component].clamp(-MAX_BETA, MAX_BETA) as f32)
    }

    /// Each vertex's outward normal in the mean shape at rest, as long as the area around it (times six).
    fn area_normals(&self) -> Vec<Vec3> {
        let mut normals = vec![Vec3::ZERO; self.vertex_count()];
        for triangle in self.triangles() {
            let [a, b, c] = triangle.map(|vertex| self.template()[vertex as usize]);
            let normal = (b - a).cross(c - a);
            for vertex in triangle {
                normals[*vertex as usize] += normal;
            }
        }
        normals
    }

    /// Whether clothes lie over a vertex: the joint that carries most of it is one of trunk and limbs.
    fn is_dressed(&self, vertex: usize) -> bool {
        let main = self.influences_of(vertex).iter().max_by(|a, b| a.weight.total_cmp(&b.weight));
        main.is_some_and(|influence| DRESSED_JOINTS.contains(&(influence.joint as usize)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing;

    /// Girth of the trunk at the height of joint `at`: the mean distance from the body's axis, metres.
    fn trunk_radius_m(model: &BodyModel, betas: &[f32; BETA_COUNT], at: usize) -> f32 {
        let axis = model.rest_joints(betas)[at];
        let ring: Vec<f32> = model
            .rest_vertices(betas)
            .into_iter()
            .filter(|vertex| (vertex.y - axis.y).abs() < 0.02 && (vertex.x - axis.x).abs() < 0.25)
            .map(|vertex| Vec3::new(vertex.x - axis.x, 0.0, vertex.z - axis.z).length())
            .collect();
        ring.iter().sum::<f32>() / ring.len() as f32
    }

    #[test]
    fn clothes_widen_the_trunk_and_leave_stature_and_joints() {
        let model = testing::starter_model();
        let nude = [0.0; BETA_COUNT];
        let dressed = model.dressed_shape(0.012);
        let grown = trunk_radius_m(&model, &dressed, 3) - trunk_radius_m(&model, &nude, 3);
        assert!((0.008..0.03).contains(&grown), "{grown}");
        let height = |betas: &[f32; BETA_COUNT]| {
            let vertices = model.rest_vertices(betas);
            let bounds =
                vertices.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v.y), high.max(v.y)));
            bounds.1 - bounds.0
        };
        assert!((height(&dressed) - height(&nude)).abs() < 0.015);
        for (a, b) in model.rest_joints(&dressed).into_iter().zip(model.rest_joints(&nude)) {
            assert!(a.distance(b) < 0.02, "{a} {b}");
        }
        assert_eq!(model.dressed_shape(0.0), nude);
    }
}
