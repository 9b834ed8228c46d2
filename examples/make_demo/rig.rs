//! From handles to joint rotations: the legs are solved to the bindings and the arms to the hands' goals.

use std::f32::consts::FRAC_PI_2;

use glam::{Affine3A, EulerRot, Mat3, Quat, Vec3};
use snowmesh::types::SmplParams;
use snowmesh::types::smpl::{BETA_COUNT, JOINT_COUNT, PARENTS};

use crate::stance::Stance;

/// SMPL joints of one limb: where it hangs, its root, hinge and end.
struct Limb {
    parent: usize,
    root: usize,
    hinge: usize,
    end: usize,
}

const LEFT_LEG: Limb = Limb { parent: 0, root: 1, hinge: 4, end: 7 };
const RIGHT_LEG: Limb = Limb { parent: 0, root: 2, hinge: 5, end: 8 };
const LEFT_ARM: Limb = Limb { parent: 13, root: 16, hinge: 18, end: 20 };
const RIGHT_ARM: Limb = Limb { parent: 14, root: 17, hinge: 19, end: 21 };
const PELVIS: usize = 0;
const SPINE: [usize; 3] = [3, 6, 9];
const NECK_AND_HEAD: [usize; 2] = [12, 15];

/// Ankles above the deck (boot sole and heel), and behind the board's long axis, metres.
const ANKLE_HEIGHT_M: f32 = 0.115;
const ANKLE_SETBACK_M: f32 = 0.055;

/// Half the distance between the bindings, metres.
pub const HALF_STANCE_M: f32 = 0.27;

/// How far each foot's toes turn outwards, degrees.
pub const FRONT_FOOT_DEG: f32 = 18.0;
pub const REAR_FOOT_DEG: f32 = 9.0;

/// How far the knees open beyond the toes, degrees.
const KNEE_OPENING_DEG: f32 = 14.0;

/// The most of its length that a limb stretches to; fully straight, its bend has no direction.
const MAX_REACH: f32 = 0.985;

/// The rider's skeleton at rest.
pub struct Rig {
    betas: [f32; BETA_COUNT],
    rest: [Vec3; JOINT_COUNT],
}

/// A posed rider in the world.
pub struct Posed {
    /// Pose and shape; the orientation is world_from_body.
    pub params: SmplParams,
    /// The root joint's place in the world less its place at rest, metres: what a body is posed with.
    pub translation_m: Vec3,
    /// world_from_joint rotations.
    pub world_from_joint: [Quat; JOINT_COUNT],
}

impl Rig {
    /// A rig for a body of shape `betas` whose joints at rest are `rest`.
    pub fn new(betas: [f32; BETA_COUNT], rest: [Vec3; JOINT_COUNT]) -> Self {
        Self { betas, rest }
    }

    /// Solves `stance` on a board that lies at `world_from_board`.
    pub fn solve(&self, stance: &Stance, world_from_board: &Affine3A) -> Posed {
        let mut global = [Quat::IDENTITY; JOINT_COUNT];
        let mut at = [Vec3::ZERO; JOINT_COUNT];
        global[PELVIS] = turn(stance.pelvis_turn);
        at[PELVIS] = self.reachable_pelvis(stance.pelvis_m, global[PELVIS]);

        self.follow(&mut global, &mut at, &SPINE, stance.spine_turn);
        self.follow(&mut global, &mut at, &NECK_AND_HEAD, stance.head_turn);
        self.follow(&mut global, &mut at, &[LEFT_ARM.parent, RIGHT_ARM.parent], Vec3::ZERO);

        for (limb, side, toes_out_deg) in
            [(&LEFT_LEG, 1.0, FRONT_FOOT_DEG), (&RIGHT_LEG, -1.0, REAR_FOOT_DEG)]
        {
            let foot = Quat::from_rotation_y(side * toes_out_deg.to_radians());
            let knee_way =
                Quat::from_rotation_y(side * (toes_out_deg + KNEE_OPENING_DEG).to_radians()) * Vec3::Z;
            self.bend(&mut global, &mut at, limb, ankle_m(side), knee_way, Vec3::Z);
            global[limb.end] = foot;
            global[limb.end + 3] = foot;
        }
        let chest = global[SPINE[2]];
        for (limb, side, goal) in
            [(&LEFT_ARM, 1.0, stance.left_wrist_m), (&RIGHT_ARM, -1.0, stance.right_wrist_m)]
        {
            let elbow_way = chest * Vec3::new(side * 0.25, -0.75, -0.6);
            self.bend(&mut global, &mut at, limb, goal, elbow_way, Vec3::NEG_Z);
            global[limb.end] = global[limb.hinge];
            global[limb.end + 2] = global[limb.hinge];
        }

        let world_from_board_turn = Quat::from_mat3a(&world_from_board.matrix3);
        Posed {
            params: SmplParams {
                global_orient: (world_from_board_turn * global[PELVIS]).normalize(),
                body_pose: std::array::from_fn(|index| {
                    (global[PARENTS[index + 1]].conjugate() * global[index + 1]).normalize()
                }),
                betas: self.betas,
            },
            translation_m: world_from_board.transform_point3(at[PELVIS]) - self.rest[PELVIS],
            world_from_joint: global.map(|joint| world_from_board_turn * joint),
        }
    }

    /// The pelvis, lowered until both legs reach their bindings.
    fn reachable_pelvis(&self, wanted_m: Vec3, pelvis: Quat) -> Vec3 {
        let mut at = wanted_m;
        for _ in 0..4 {
            for (limb, side) in [(&LEFT_LEG, 1.0), (&RIGHT_LEG, -1.0)] {
                let hip = at + pelvis * (self.rest[limb.root] - self.rest[PELVIS]);
                let reach =
                    MAX_REACH * (self.bone(limb.root, limb.hinge) + self.bone(limb.hinge, limb.end)).length();
                at.y -= (hip.distance(ankle_m(side)) - reach).max(0.0);
            }
        }
        at
    }

    fn bone(&self, from: usize, to: usize) -> Vec3 {
        self.rest[to] - self.rest[from]
    }

    /// Turns the joints of a chain by equal shares of `total_turn`, each from its parent.
    fn follow(
        &self,
        global: &mut [Quat; JOINT_COUNT],
        at: &mut [Vec3; JOINT_COUNT],
        joints: &[usize],
        total_turn: Vec3,
    ) {
        let share = turn(total_turn / joints.len() as f32);
        for &joint in joints {
            let parent = PARENTS[joint];
            at[joint] = at[parent] + global[parent] * self.bone(parent, joint);
            global[joint] = global[parent] * share;
        }
    }

    /// Bends a limb so that its end comes to `goal_m`, the hinge pointing to `hinge_way` (`rest_way` at rest): the law
    /// of cosines in the plane of root, goal and hinge.
    fn bend(
        &self,
        global: &mut [Quat; JOINT_COUNT],
        at: &mut [Vec3; JOINT_COUNT],
        limb: &Limb,
        goal_m: Vec3,
        hinge_way: Vec3,
        rest_way: Vec3,
    ) {
        let (upper, lower) = (self.bone(limb.root, limb.hinge), self.bone(limb.hinge, limb.end));
        let (a, b) = (upper.length(), lower.length());
        let root = at[limb.parent] + global[limb.parent] * self.bone(limb.parent, limb.root);
        let reach = (goal_m - root).length().clamp((a - b).abs() + 1e-3, (a + b) * MAX_REACH);
        let way = (goal_m - root).normalize_or(Vec3::NEG_Y);
        let aside = hinge_way.reject_from(way).normalize_or(hinge_way.any_orthonormal_vector());
        let along = (a * a - b * b + reach * reach) / (2.0 * reach);
        let out = (a * a - along * along).max(0.0).sqrt();
        let hinge = root + way * along + aside * out;
        let end = root + way * reach;
        at[limb.root] = root;
        at[limb.hinge] = hinge;
        at[limb.end] = end;
        global[limb.root] = between(upper, rest_way, hinge - root, aside);
        global[limb.hinge] = between(lower, rest_way, end - hinge, aside);
    }
}

/// Where an ankle is held by its binding; `side` is 1 for the left.
fn ankle_m(side: f32) -> Vec3 {
    Vec3::new(side * HALF_STANCE_M, ANKLE_HEIGHT_M, -ANKLE_SETBACK_M)
}

/// (pitch, yaw, roll) in degrees to a rotation.
fn turn(degrees: Vec3) -> Quat {
    let [pitch, yaw, roll] = degrees.to_array().map(f32::to_radians);
    Quat::from_euler(EulerRot::YXZ, yaw, pitch.clamp(-FRAC_PI_2, FRAC_PI_2), roll)
}

/// The rotation that brings `bone` to `target` and keeps `way` as near to `target_way` as that allows.
fn between(bone: Vec3, way: Vec3, target: Vec3, target_way: Vec3) -> Quat {
    let frame = |axis: Vec3, way: Vec3| {
        let x = axis.normalize();
        let y = way.reject_from(x).normalize_or(x.any_orthonormal_vector());
        Mat3::from_cols(x, y, x.cross(y))
    };
    Quat::from_mat3(&(frame(target, target_way) * frame(bone, way).transpose()))
}
