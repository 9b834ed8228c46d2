//! A rider moves on from frame to frame: the terms that join a frame to its neighbours.

use glam::{DMat3, DVec2, DVec3};

use super::equations::Residuals;
use super::pose::Pose;
use super::reprojection::project;
use super::targets::Targets;
use crate::body::kinematics::Skeleton;
use crate::types::smpl::JOINT_COUNT;

/// Weight of joint rotations against the neighbours' mean. More smooths away the movement itself.
const ROTATION_WEIGHT: f64 = 8.0;

/// Weight of joints in the picture against the neighbours' mean, in squared box sides.
const PIXEL_WEIGHT: f64 = 300.0;

/// Weight of the logarithm of depth against the neighbours' mean.
const DEPTH_WEIGHT: f64 = 200.0;

/// The middle between the frame before and the frame after.
#[derive(Clone, Debug)]
pub(super) struct Between {
    /// Entry by entry, so not a rotation.
    rotations: [DMat3; JOINT_COUNT],
    pixels: [DVec2; JOINT_COUNT],
    log_depth: f64,
}

impl Between {
    /// The middle of two frames' poses, seen through the camera of the frame between them.
    pub fn new([before, after]: [(&Pose, &Skeleton); 2], targets: &Targets) -> Self {
        let pixel = |skeleton: &Skeleton, joint: usize| project(targets, skeleton.positions[joint]).0;
        Self {
            rotations: std::array::from_fn(|joint| {
                (before.0.rotations[joint] + after.0.rotations[joint]) * 0.5
            }),
            pixels: std::array::from_fn(|joint| (pixel(before.1, joint) + pixel(after.1, joint)) / 2.0),
            log_depth: (before.0.root_m.z.ln() + after.0.root_m.z.ln()) / 2.0,
        }
    }
}

pub(super) fn add(
    sink: &mut impl Residuals,
    between: &Between,
    targets: &Targets,
    pose: &Pose,
    skeleton: &Skeleton,
) {
    let scale = ROTATION_WEIGHT.sqrt();
    for (joint, (rotation, target)) in pose.rotations.iter().zip(&between.rotations).enumerate() {
        for (column, row) in (0..3).flat_map(|column| (0..3).map(move |row| (column, row))) {
            sink.add(scale * (rotation.col(column)[row] - target.col(column)[row]), |derivative| {
                derivative.entry(joint, rotation, (row, column), scale);
            });
        }
    }
    let scale = PIXEL_WEIGHT.sqrt() / targets.side_px;
    for (joint, target) in between.pixels.iter().enumerate() {
        let point = skeleton.positions[joint];
        let (pixel, slopes) = project(targets, point);
        for (axis, slope) in slopes.into_iter().enumerate() {
            sink.add(scale * (pixel - *target)[axis], |row| {
                row.point(skeleton, joint, point, slope * scale);
            });
        }
    }
    let scale = DEPTH_WEIGHT.sqrt();
    sink.add(scale * (pose.root_m.z.ln() - between.log_depth), |row| {
        row.root(DVec3::Z * (scale / pose.root_m.z));
    });
}
