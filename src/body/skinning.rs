//! From pose and shape to a surface: SMPL's blend shapes and linear blend skinning.

use glam::{Affine3A, DMat3, DVec3, Vec3, Vec3A};

use super::kinematics::{self, Skeleton};
use super::model::BodyModel;
use crate::types::SmplParams;
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT};

/// A posed surface and its skeleton. Keep one and pose into it again: it holds its memory and the shape that it was
/// last posed with, so that a rider's frames after the first cost the pose alone.
#[derive(Clone, Debug, Default)]
pub struct PosedBody {
    /// Surface points, camera frame, metres.
    pub vertices: Vec<Vec3>,
    /// Unit surface normals, outwards, camera frame; zero where a vertex belongs to no triangle with an area.
    pub normals: Vec<Vec3>,
    /// Joints, camera frame, metres.
    pub joints: [Vec3; JOINT_COUNT],
    shaped: Option<Shaped>,
    /// The shaped template with this pose's blend shapes; only used where the model has them.
    corrected: Vec<Vec3>,
}

/// A shaped template in the rest pose, and what it was shaped from.
#[derive(Clone, Debug)]
struct Shaped {
    model_id: u64,
    betas: [f32; BETA_COUNT],
    vertices: Vec<Vec3>,
    joints: [DVec3; JOINT_COUNT],
}

impl BodyModel {
    /// Poses the body with all of SMPL (Loper et al., 2015, equations 2 to 9) into `posed`, in the camera frame.
    pub fn pose(&self, params: &SmplParams, translation_m: Vec3, posed: &mut PosedBody) {
        let PosedBody { vertices, normals, joints, shaped, corrected } = posed;
        let shaped = self.shaped(&params.betas, shaped);
        let local_rotations = kinematics::local_rotations(params);
        let root_m = shaped.joints[0] + translation_m.as_dvec3();
        let skeleton = Skeleton::posed(&shaped.joints, &local_rotations, root_m);
        let rest = if self.has_pose_blend_shapes() {
            self.correct_for_pose(&shaped.vertices, &local_rotations, corrected);
            &*corrected
        } else {
            &shaped.vertices
        };
        self.skin(rest, &shaped.joints, &skeleton, vertices);
        self.accumulate_normals(vertices, normals);
        *joints = skeleton.positions.map(|position| position.as_vec3());
    }

    /// The template of shape `betas`, made anew only where `cache` holds another.
    fn shaped<'a>(&self, betas: &[f32; BETA_COUNT], cache: &'a mut Option<Shaped>) -> &'a Shaped {
        let kept = cache.take().filter(|shaped| shaped.model_id == self.id && shaped.betas == *betas);
        cache.insert(kept.unwrap_or_else(|| Shaped {
            model_id: self.id,
            betas: *betas,
            vertices: self.rest_vertices(betas),
            joints: self.rest_joints(betas).map(|joint| joint.as_dvec3()),
        }))
    }

    /// Adds the pose blend shapes: each entry of R − I of every joint but the root moves every vertex.
    ///
    /// The directions are far larger than a cache, so this is bound by reading them once: a row of three entries at a
    /// time keeps the sums from being read and written as often.
    fn correct_for_pose(&self, shaped: &[Vec3], rotations: &[DMat3; JOINT_COUNT], corrected: &mut Vec<Vec3>) {
        corrected.clear();
        corrected.extend_from_slice(shaped);
        let sums: &mut [f32] = bytemuck::cast_slice_mut(corrected);
        let directions: &[f32] = bytemuck::cast_slice(&self.pose_directions);
        let rows = rotations[1..].iter().flat_map(|rotation| {
            let turned = *rotation - DMat3::IDENTITY;
            [turned.row(0), turned.row(1), turned.row(2)].map(|row| row.as_vec3())
        });
        for (amount, of_row) in rows.zip(directions.chunks_exact(3 * sums.len())) {
            let (x, yz) = of_row.split_at(sums.len());
            let (y, z) = yz.split_at(sums.len());
            for (((sum, x), y), z) in sums.iter_mut().zip(x).zip(y).zip(z) {
                *sum += x * amount.x + y * amount.y + z * amount.z;
            }
        }
    }

    /// Linear blend skinning: each vertex moves with the weighted mean of its joints' transforms.
    fn skin(
        &self,
        rest: &[Vec3],
        rest_joints: &[DVec3; JOINT_COUNT],
        skeleton: &Skeleton,
        vertices: &mut Vec<Vec3>,
    ) {
        let camera_from_rest: [Affine3A; JOINT_COUNT] = std::array::from_fn(|joint| {
            let rotation = skeleton.rotations[joint];
            let origin = skeleton.positions[joint] - rotation * rest_joints[joint];
            Affine3A::from_mat3_translation(rotation.as_mat3(), origin.as_vec3())
        });
        vertices.clear();
        let mut start = 0;
        vertices.extend(rest.iter().zip(&self.influence_ends).map(|(vertex, &end)| {
            let influences = &self.influences[start..end as usize];
            start = end as usize;
            let mut columns = [Vec3A::ZERO; 4];
            for influence in influences {
                let joint = &camera_from_rest[influence.joint as usize];
                let parts =
                    [joint.matrix3.x_axis, joint.matrix3.y_axis, joint.matrix3.z_axis, joint.translation];
                for (column, part) in columns.iter_mut().zip(parts) {
                    *column += part * influence.weight;
                }
            }
            let [x, y, z, origin] = columns;
            Vec3::from(x * vertex.x + y * vertex.y + z * vertex.z + origin)
        }));
    }

    /// Vertex normals: the sum of the adjoining triangles' normals, each weighted by its area.
    fn accumulate_normals(&self, vertices: &[Vec3], normals: &mut Vec<Vec3>) {
        normals.clear();
        normals.resize(vertices.len(), Vec3::ZERO);
        for triangle in self.triangles() {
            let [a, b, c] = triangle.map(|index| index as usize);
            let weighted = (vertices[b] - vertices[a]).cross(vertices[c] - vertices[a]);
            for index in [a, b, c] {
                normals[index] += weighted;
            }
        }
        for normal in normals {
            *normal = normal.normalize_or_zero();
        }
    }
}

#[cfg(test)]
mod tests {
    use glam::{Mat3, Quat};
    use ndarray::{Array2, Array3, Array4, s};
    use ndarray_npy::NpzReader;

    use super::super::testing;
    use super::*;

    /// Values from the `smplx` package.
    struct Golden {
        betas: Array2<f32>,
        rotations: Array4<f32>,
        vertices: Array3<f32>,
        joints: Array3<f32>,
    }

    fn golden() -> Golden {
        let bytes = include_bytes!("../../tests/data/smpl_small_poses.npz");
        let mut npz = NpzReader::new(std::io::Cursor::new(&bytes[..])).unwrap();
        Golden {
            betas: npz.by_name("betas").unwrap(),
            rotations: npz.by_name("rotations").unwrap(),
            vertices: npz.by_name("vertices").unwrap(),
            joints: npz.by_name("joints").unwrap(),
        }
    }

    fn params(golden: &Golden, case: usize) -> SmplParams {
        let rotation = |joint: usize| {
            let rows: Vec<f32> = golden.rotations.slice(s![case, joint, .., ..]).iter().copied().collect();
            Quat::from_mat3(&Mat3::from_cols_slice(&rows).transpose())
        };
        SmplParams {
            global_orient: rotation(0),
            body_pose: std::array::from_fn(|joint| rotation(joint + 1)),
            betas: std::array::from_fn(|component| golden.betas[(case, component)]),
        }
    }

    fn worst(ours: &[Vec3], golden: &ndarray::ArrayView2<f32>) -> f32 {
        assert_eq!(ours.len(), golden.nrows());
        let theirs = golden.outer_iter().map(|row| Vec3::new(row[0], row[1], row[2]));
        ours.iter().zip(theirs).map(|(a, b)| (*a - b).abs().max_element()).fold(0.0, f32::max)
    }

    #[test]
    fn vertices_and_joints_equal_the_reference_implementation() {
        let (model, golden) = (testing::small_model(), golden());
        assert!(model.has_pose_blend_shapes());
        let mut posed = PosedBody::default();
        for case in 0..golden.betas.nrows() {
            let params = params(&golden, case);
            model.pose(&params, Vec3::ZERO, &mut posed);
            let joints = golden.joints.slice(s![case, .., ..]);
            assert!(worst(&posed.vertices, &golden.vertices.slice(s![case, .., ..])) < 1e-5, "case {case}");
            assert!(worst(&posed.joints, &joints) < 1e-5, "case {case}");
            assert!(worst(&model.pose_joints(&params, Vec3::ZERO), &joints) < 1e-5, "case {case}");
        }
    }

    #[test]
    fn the_body_turns_about_its_root_joint_and_moves_by_the_translation() {
        let model = testing::small_model();
        let mut params = SmplParams::facing_camera();
        params.betas[0] = 1.0;
        let moved = Vec3::new(0.3, -0.2, 4.0);
        let root = model.rest_joints(&params.betas)[0] + moved;
        let mut posed = PosedBody::default();
        model.pose(&params, moved, &mut posed);
        assert!((posed.joints[0] - root).length() < 1e-6);
        params.global_orient = Quat::from_rotation_y(1.0);
        model.pose(&params, moved, &mut posed);
        assert!((posed.joints[0] - root).length() < 1e-6);
    }

    #[test]
    fn a_body_posed_again_does_not_remember_an_older_shape_or_model() {
        let (small, starter) = (testing::small_model(), testing::starter_model());
        let mut tall = SmplParams::facing_camera();
        tall.betas[0] = 2.0;
        let mean = SmplParams::facing_camera();
        let mut fresh = PosedBody::default();
        small.pose(&mean, Vec3::ZERO, &mut fresh);
        let mut reused = PosedBody::default();
        starter.pose(&mean, Vec3::ZERO, &mut reused);
        assert_eq!(reused.vertices.len(), starter.vertex_count());
        small.pose(&tall, Vec3::ZERO, &mut reused);
        assert_ne!(fresh.vertices, reused.vertices);
        small.pose(&mean, Vec3::ZERO, &mut reused);
        assert_eq!(fresh.vertices, reused.vertices);
        assert_eq!(fresh.normals, reused.normals);
    }

    #[test]
    fn the_starter_body_stands_upright_before_the_camera_with_normals_outwards() {
        let model = testing::starter_model();
        assert!(!model.has_pose_blend_shapes());
        let mut posed = PosedBody::default();
        model.pose(&SmplParams::facing_camera(), Vec3::new(0.0, 0.0, 3.0), &mut posed);
        let (head, foot, left_hand) = (posed.joints[15], posed.joints[10], posed.joints[22]);
        assert!(head.y < foot.y, "the camera's y points down");
        assert!(left_hand.x > 0.5, "his left is the picture's right");
        assert!(posed.joints[10].z < posed.joints[7].z, "toes point at the camera");
        let volume: f32 = model
            .triangles()
            .iter()
            .map(|triangle| {
                let [a, b, c] = triangle.map(|index| posed.vertices[index as usize] - posed.joints[0]);
                a.dot(b.cross(c)) / 6.0
            })
            .sum();
        assert!((0.04..0.12).contains(&volume), "{volume} m³: triangles are wound outwards");
        let front = posed.vertices.iter().zip(&posed.normals).min_by(|a, b| a.0.z.total_cmp(&b.0.z)).unwrap();
        assert!(front.1.z < 0.0, "the foremost point faces the camera");
        assert!(posed.normals.iter().all(|normal| (normal.length() - 1.0).abs() < 1e-4));
    }
}
