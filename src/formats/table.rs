//! The table of CSV and Parquet: one row a rider and frame.
//!
//! Columns: frame, time_s, rider, main, provenance, score, bbox_left_px to bbox_bottom_px (picture); for each SMPL joint
//! NAME_x_m, NAME_y_m, NAME_z_m (camera); for each COCO keypoint kp_NAME_x_px, …_y_px, …_score (picture); the angles of
//! [`super::angles`]; program and models in the last columns, the same in every row.

use super::angles;
use super::dataset::Dataset;
use crate::types::RiderFrame;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::smpl::{JOINT_COUNT, JOINT_NAMES};

/// COCO's keypoints, left first.
const COCO_NAMES: [&str; COCO_KEYPOINT_COUNT] = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
];

/// Columns that say which row it is, before the numbers.
pub(super) const KEYS: [&str; 5] = ["frame", "time_s", "rider", "main", "provenance"];

/// Columns with the same text in every row, after the numbers.
pub(super) const ORIGINS: [&str; 2] = ["written_by", "models"];

/// Names of the columns that hold measured numbers, in the order of [`Row::numbers`] and then [`Row::angles`].
pub(super) fn number_names() -> Vec<String> {
    let box_names = ["score", "bbox_left_px", "bbox_top_px", "bbox_right_px", "bbox_bottom_px"];
    let mut names: Vec<String> = box_names.map(str::to_owned).into();
    names.extend(JOINT_NAMES.iter().flat_map(|name| ["x", "y", "z"].map(|axis| format!("{name}_{axis}_m"))));
    let of_keypoint = |name: &&str| ["x_px", "y_px", "score"].map(|what| format!("kp_{name}_{what}"));
    names.extend(COCO_NAMES.iter().flat_map(of_keypoint));
    names
}

/// One rider in one frame.
pub(super) struct Row<'a> {
    pub frame: u64,
    pub time_s: f64,
    pub is_main: bool,
    pub state: &'a RiderFrame,
}

impl Row<'_> {
    /// The measured numbers; `None` where one is not known.
    pub fn numbers(&self) -> impl Iterator<Item = Option<f32>> {
        let bbox = &self.state.bbox;
        let known = [self.state.score, bbox.min.x, bbox.min.y, bbox.max.x, bbox.max.y];
        let of_body = JOINT_COUNT * 3 + COCO_KEYPOINT_COUNT * 3;
        let body = self.state.body.as_ref();
        let measured = body.into_iter().flat_map(|body| {
            let joints = body.joints_3d.iter().flat_map(glam::Vec3::to_array);
            joints.chain(body.joints_2d.iter().flat_map(|k| [k.position.x, k.position.y, k.score]))
        });
        let empty = if body.is_some() { 0 } else { of_body };
        let numbers = known.into_iter().chain(measured).map(|number| Some(number).filter(|n| n.is_finite()));
        numbers.chain(std::iter::repeat_n(None, empty))
    }

    /// The joint angles, degrees.
    pub fn angles(&self) -> [Option<f64>; angles::ANGLE_COUNT] {
        self.state
            .body
            .as_ref()
            .map_or([None; angles::ANGLE_COUNT], |body| angles::of_joints(&body.joints_3d))
    }
}

/// The rows, by frame.
pub(super) fn rows<'a>(data: &'a Dataset<'_>) -> impl Iterator<Item = Row<'a>> + use<'a> {
    data.rows().map(|(frame, state)| Row {
        frame,
        time_s: data.clip.frames.seconds(frame),
        is_main: data.tracks.iter().any(|track| track.id == state.track && track.is_main),
        state,
    })
}

/// What the columns [`ORIGINS`] say.
pub(super) fn origins(data: &Dataset<'_>) -> [String; 2] {
    let origin = data.origin;
    [format!("{} {}", origin.program, origin.version), format!("{} + {}", origin.detector, origin.recoverer)]
}
