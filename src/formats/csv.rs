//! Comma-separated values (RFC 4180, UTF-8, decimal points): one row a rider and frame, header first.
//!
//! Columns: frame, time_s, rider, main (1 or 0), provenance, score, bbox_left_px to bbox_bottom_px (picture); for each
//! SMPL joint NAME_x_m, NAME_y_m, NAME_z_m (camera); for each COCO keypoint NAME_x_px, NAME_y_px, NAME_score (picture);
//! the angles of [`super::angles`]; clip and models in the last columns, the same in every row. What is not known is
//! empty. 32-bit numbers are written so that they read back exactly.

use std::fmt::{self, Display};
use std::io::{self, Write};

use super::angles;
use super::dataset::Dataset;
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

/// Writes the table.
pub(super) fn write(data: &Dataset<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(header().as_bytes())?;
    let origin = quoted(&format!("{} {}", data.origin.program, data.origin.version));
    let models = quoted(&format!("{} + {}", data.origin.detector, data.origin.recoverer));
    for (frame, rider) in data.rows() {
        let is_main = data.tracks.iter().any(|track| track.id == rider.track && track.is_main);
        let time_s = data.clip.frames.seconds(frame);
        write!(out, "{frame},{time_s:.6},{},{},", rider.track.0, u8::from(is_main))?;
        write!(out, "{},{}", rider.provenance.name(), Cell(rider.score))?;
        for side in [rider.bbox.min.x, rider.bbox.min.y, rider.bbox.max.x, rider.bbox.max.y] {
            write!(out, ",{}", Cell(side))?;
        }
        match &rider.body {
            Some(body) => {
                for number in body.joints_3d.iter().flat_map(glam::Vec3::to_array) {
                    write!(out, ",{}", Cell(number))?;
                }
                for keypoint in &body.joints_2d {
                    let place = keypoint.position;
                    write!(out, ",{},{},{}", Cell(place.x), Cell(place.y), Cell(keypoint.score))?;
                }
                for angle in angles::of_joints(&body.joints_3d) {
                    match angle {
                        Some(angle) => write!(out, ",{angle:.3}")?,
                        None => out.write_all(b",")?,
                    }
                }
            }
            None => {
                let empty = JOINT_COUNT * 3 + COCO_KEYPOINT_COUNT * 3 + angles::NAMES.len();
                out.write_all(&vec![b','; empty])?;
            }
        }
        write!(out, ",{origin},{models}\r\n")?;
    }
    Ok(())
}

fn header() -> String {
    let mut columns: Vec<String> = [
        "frame",
        "time_s",
        "rider",
        "main",
        "provenance",
        "score",
        "bbox_left_px",
        "bbox_top_px",
        "bbox_right_px",
        "bbox_bottom_px",
    ]
    .map(str::to_owned)
    .into();
    columns
        .extend(JOINT_NAMES.iter().flat_map(|name| ["x", "y", "z"].map(|axis| format!("{name}_{axis}_m"))));
    let of_keypoint = |name: &&str| ["x_px", "y_px", "score"].map(|what| format!("kp_{name}_{what}"));
    columns.extend(COCO_NAMES.iter().flat_map(of_keypoint));
    columns.extend(angles::NAMES.map(str::to_owned));
    columns.extend(["written_by", "models"].map(str::to_owned));
    columns.join(",") + "\r\n"
}

/// A text as one cell.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A number, empty where it is none.
struct Cell(f32);

impl Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() { write!(f, "{}", self.0) } else { Ok(()) }
    }
}
