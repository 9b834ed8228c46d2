//! Clothes: the body's own surface, made thicker by garment and smoothed, so that it reads as cloth and not as skin.
//!
//! Garments are told apart by where a point lies on the body at rest, arms spread: each has a range of height or of
//! reach. The shader draws their borders from the same place.

use glam::{Affine3A, Vec3};
use snowmesh::body::{BodyModel, PosedBody};
use snowmesh::types::smpl::BETA_COUNT;

use crate::mesh::{Mesh, Vertex, material};
use crate::noise;
use crate::rig::Posed;
use crate::terrain::smoothstep;
use crate::{footwear, headwear};

const HEAD: usize = 15;
const ANKLES: [usize; 2] = [7, 8];

/// Rounds of smoothing; each evens out bumps of about one triangle more.
const SMOOTHING_ROUNDS: usize = 12;

/// Where the jacket ends on the body at rest, metres of height; as in `rider.wgsl`.
const WAIST_M: f32 = -0.075;

/// How a point of the body is dressed.
#[derive(Clone, Copy, Debug)]
struct Fabric {
    /// From skin to the outside, metres.
    thickness_m: f32,
    /// How far each round of smoothing moves the point to the middle of its neighbours, 0 to 1.
    slack: f32,
}

/// All that the rider wears.
pub struct Outfit {
    fabrics: Vec<Fabric>,
    neighbours: Vec<Vec<u32>>,
    head: Mesh,
    /// Each boot, and the ankle that it turns about, at rest.
    boots: [(Mesh, Vec3); 2],
}

impl Outfit {
    /// Clothes cut for `model`.
    pub fn new(model: &BodyModel) -> Self {
        let mut neighbours = vec![Vec::new(); model.vertex_count()];
        for &[a, b, c] in model.triangles() {
            for (from, to) in [(a, b), (b, c), (c, a)] {
                neighbours[from as usize].push(to);
                neighbours[to as usize].push(from);
            }
        }
        for ring in &mut neighbours {
            ring.sort_unstable();
            ring.dedup();
        }
        let fabrics = model.template().iter().map(|rest| fabric(*rest)).collect();
        let rest = model.rest_joints(&[0.0; BETA_COUNT]);
        let boots = ANKLES.map(|ankle| (footwear::boot(rest[ankle]), rest[ankle]));
        Self { fabrics, neighbours, head: headwear::mesh(), boots }
    }

    /// The dressed rider in the world; `body` is posed in the world too.
    pub fn dress(&self, model: &BodyModel, body: &PosedBody, posed: &Posed) -> Mesh {
        let mut surface: Vec<Vec3> = body
            .vertices
            .iter()
            .zip(&body.normals)
            .zip(&self.fabrics)
            .map(|((vertex, normal), fabric)| *vertex + *normal * fabric.thickness_m)
            .collect();
        for _ in 0..SMOOTHING_ROUNDS {
            surface = self.smoothed(&surface);
        }
        let normals = normals(&surface, model.triangles());
        let vertices = surface
            .iter()
            .zip(normals)
            .zip(model.template())
            .map(|((position, normal), rest)| Vertex {
                position: (*position).into(),
                normal: normal.into(),
                local: (*rest).into(),
                material: material::BODY,
            })
            .collect();
        let mut mesh = Mesh { vertices, indices: model.triangles().as_flattened().to_vec() };
        let world_from_head =
            Affine3A::from_rotation_translation(posed.world_from_joint[HEAD], body.joints[HEAD]);
        mesh.append_moved(&self.head, &world_from_head);
        for ((boot, ankle), joint) in self.boots.iter().zip(ANKLES) {
            let world_from_rest =
                Affine3A::from_rotation_translation(posed.world_from_joint[joint], body.joints[joint])
                    * Affine3A::from_translation(-*ankle);
            mesh.append_moved(boot, &world_from_rest);
        }
        mesh
    }

    fn smoothed(&self, surface: &[Vec3]) -> Vec<Vec3> {
        let middle = |ring: &[u32]| {
            ring.iter().map(|&index| surface[index as usize]).sum::<Vec3>() / ring.len() as f32
        };
        surface
            .iter()
            .zip(&self.neighbours)
            .zip(&self.fabrics)
            .map(|((point, ring), fabric)| {
                if fabric.slack == 0.0 || ring.is_empty() {
                    *point
                } else {
                    point.lerp(middle(ring), fabric.slack)
                }
            })
            .collect()
    }
}

/// What is worn at a place of the body at rest. The borders are the ones in `rider.wgsl`.
fn fabric(rest: Vec3) -> Fabric {
    let (reach, height) = (rest.x.abs(), rest.y);
    let folds = noise::fractal(rest.x * 9.0 + rest.z * 3.0, rest.y * 13.0, 2, 7) - 0.5;
    if height > 0.57 && reach < 0.15 {
        return Fabric { thickness_m: 0.0, slack: 0.0 };
    }
    if height > 0.50 && reach < 0.12 {
        return Fabric { thickness_m: 0.022, slack: 0.5 };
    }
    if reach > 0.70 {
        return Fabric { thickness_m: 0.014, slack: 0.4 };
    }
    if height < -0.885 {
        // Inside the boots.
        return Fabric { thickness_m: 0.0, slack: 0.3 };
    }
    if height < WAIST_M {
        let flare = 0.022 * smoothstep(-0.55, -0.86, height);
        let knee = 0.012 * smoothstep(0.16, 0.02, (height + 0.5).abs());
        return Fabric { thickness_m: 0.036 + flare + knee + 0.05 * folds, slack: 0.5 };
    }
    let cuff = 0.016 * smoothstep(0.42, 0.66, reach);
    let hem = 0.030 * smoothstep(0.25, -0.02, height) * smoothstep(0.45, 0.2, reach);
    Fabric { thickness_m: 0.034 + cuff + hem + 0.05 * folds, slack: 0.5 }
}

/// Area-weighted vertex normals.
fn normals(surface: &[Vec3], triangles: &[[u32; 3]]) -> Vec<Vec3> {
    let mut normals = vec![Vec3::ZERO; surface.len()];
    for triangle in triangles {
        let [a, b, c] = triangle.map(|index| surface[index as usize]);
        let weighted = (b - a).cross(c - a);
        for &index in triangle {
            normals[index as usize] += weighted;
        }
    }
    normals.into_iter().map(|normal| normal.normalize_or(Vec3::Y)).collect()
}
