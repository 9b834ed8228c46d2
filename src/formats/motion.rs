//! One rider's motion in the y-up world, as skeleton formats want it.

use glam::{Quat, Vec3};

use super::dataset::Dataset;
use crate::types::smpl::{JOINT_COUNT, PARENTS};
use crate::types::{BodyEstimate, TrackId};

/// Half a turn about x: from the camera frame (y down, z forward) to the world (y up, z to the viewer).
pub(super) const WORLD_FROM_CAMERA: Quat = Quat::from_xyzw(1.0, 0.0, 0.0, 0.0);

/// Bones whose lengths differ by less over the clip are taken as rigid, metres: rounding of 32-bit numbers at the
/// distances of a clip.
const RIGID_M: f32 = 2e-5;

/// A point of the camera frame in the world.
pub(super) fn world_from_camera(point: Vec3) -> Vec3 {
    Vec3::new(point.x, -point.y, -point.z)
}

/// A body in one frame.
#[derive(Clone, Debug)]
pub(super) struct Pose {
    /// Joints, world, metres.
    pub joints: [Vec3; JOINT_COUNT],
    /// Rotation of each joint relative to its parent; the root's is world_from_root.
    pub rotations: [Quat; JOINT_COUNT],
    /// Each joint from its parent in the parent's frame, metres; the root's is its place in the world.
    pub offsets: [Vec3; JOINT_COUNT],
}

impl Pose {
    fn of(body: &BodyEstimate) -> Self {
        let joints = body.joints_3d.map(world_from_camera);
        let mut rotations: [Quat; JOINT_COUNT] =
            std::array::from_fn(|joint| body.smpl.local_rotation(joint).normalize());
        rotations[0] = WORLD_FROM_CAMERA * rotations[0];
        let mut world_from_joint = rotations;
        let mut offsets = joints;
        for joint in 1..JOINT_COUNT {
            let parent = PARENTS[joint];
            world_from_joint[joint] = world_from_joint[parent] * rotations[joint];
            offsets[joint] = world_from_joint[parent].inverse() * (joints[joint] - joints[parent]);
        }
        Self { joints, rotations, offsets }
    }

    /// Whether every number is finite.
    fn is_finite(&self) -> bool {
        let whole = |points: &[Vec3]| points.iter().all(|point| point.is_finite());
        whole(&self.joints) && whole(&self.offsets) && self.rotations.iter().all(|turn| turn.is_finite())
    }
}

/// A rider over the clip.
pub(super) struct Motion {
    /// His pose in every frame of the clip, where one is known.
    pub poses: Vec<Option<Pose>>,
    /// Mean bones: each joint from its parent in the parent's frame, metres; zero for the root.
    pub bones: [Vec3; JOINT_COUNT],
    /// Whether the bones keep these lengths over the clip.
    pub is_rigid: bool,
}

impl Motion {
    /// The motion of `rider` in `data`.
    pub fn of(data: &Dataset<'_>, rider: TrackId) -> Self {
        let frames = usize::try_from(data.clip.frames.len()).unwrap_or(usize::MAX);
        let mut poses = vec![None; frames];
        for (frame, state) in data.rows().filter(|(_, state)| state.track == rider) {
            let slot = usize::try_from(frame).ok().and_then(|frame| poses.get_mut(frame));
            if let (Some(slot), Some(body)) = (slot, &state.body) {
                *slot = Some(Pose::of(body)).filter(Pose::is_finite);
            }
        }
        let known = || poses.iter().flatten();
        let count = known().count().max(1) as f32;
        let bones: [Vec3; JOINT_COUNT] = std::array::from_fn(|joint| {
            if joint == 0 {
                Vec3::ZERO
            } else {
                known().map(|pose| pose.offsets[joint]).sum::<Vec3>() / count
            }
        });
        let is_rigid = known()
            .all(|pose| (1..JOINT_COUNT).all(|j| (pose.offsets[j] - bones[j]).abs().max_element() < RIGID_M));
        Self { poses, bones, is_rigid }
    }

    /// Whether nothing is known of him.
    pub fn is_empty(&self) -> bool {
        self.poses.iter().all(Option::is_none)
    }
}
