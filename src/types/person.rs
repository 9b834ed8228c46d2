//! What is known of a person in one frame, and who he is over time.

use glam::{Vec2, Vec3};
use serde::{Deserialize, Serialize};

use super::camera::Camera;
use super::geometry::BBox;
use super::landmarks::DepthCues;
use super::smpl::{JOINT_COUNT, SmplParams};

/// Keypoints of the COCO person layout: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; left first.
pub const COCO_KEYPOINT_COUNT: usize = 17;

/// Pairs of COCO keypoints that a drawn skeleton joins.
pub const COCO_BONES: [(usize, usize); 16] = [
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 4),
    (5, 6),
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (5, 11),
    (6, 12),
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
];

/// A point in the picture and how sure its model is of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Keypoint {
    /// Picture pixels.
    pub position: Vec2,
    /// Confidence, 0 to 1.
    pub score: f32,
}

/// A person found by a detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Where, picture pixels.
    pub bbox: BBox,
    /// The detector's score, 0 to 1.
    pub score: f32,
}

/// A body recovered from one detection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BodyEstimate {
    /// COCO keypoints in the picture.
    pub joints_2d: [Keypoint; COCO_KEYPOINT_COUNT],
    /// SMPL joints, camera frame, metres.
    pub joints_3d: [Vec3; JOINT_COUNT],
    /// Pose and shape.
    pub smpl: SmplParams,
    /// Added to the posed body's points to bring them into the camera frame, metres.
    pub translation_m: Vec3,
    /// The camera that `translation_m` and `joints_3d` are seen through.
    pub camera: Camera,
    /// What the recoverer knew of depth, where the body can be fitted again; `None` for bodies of a mesh network and for
    /// those that were not seen.
    pub depth_cues: Option<DepthCues>,
    /// Standard deviation of each joint's place relative to the root joint, metres, as far as the recoverer can tell it.
    pub joint_sigma_m: Option<[f32; JOINT_COUNT]>,
    /// How sure the recoverer is that a body is there and its pose is right, 0 to 1.
    pub confidence: f32,
}

/// A detection and, where one could be recovered, its body: what is stored of a frame before anyone is tracked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What the detector said.
    pub detection: Detection,
    /// What the recoverer said.
    pub body: Option<BodyEstimate>,
}

/// Where a rider's state in a frame comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// Seen in this frame's picture: by the detector, or, in a frame between two in which the detector saw him, by the
    /// landmark networks, whose keypoints lie where he must be.
    Detected,
    /// Lost at first, then seen in this frame's picture all the same, where the frames around it say that he must be: by
    /// the detector at higher zoom or by the landmark networks.
    #[serde(rename = "re-detected")]
    ReDetected,
    /// Carried on from earlier frames only: the rider was not seen here or since.
    Predicted,
    /// Filled in between two frames in which he was seen.
    Interpolated,
    /// Not known.
    Missing,
}

impl Provenance {
    /// Every value, in the order of falling trust.
    pub const ALL: [Self; 5] =
        [Self::Detected, Self::ReDetected, Self::Interpolated, Self::Predicted, Self::Missing];

    /// The lower-case word used in files and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::ReDetected => "re-detected",
            Self::Predicted => "predicted",
            Self::Interpolated => "interpolated",
            Self::Missing => "missing",
        }
    }

    /// The number used in files of arrays.
    pub fn code(self) -> u8 {
        match self {
            Self::Detected => 0,
            Self::Interpolated => 1,
            Self::Predicted => 2,
            Self::Missing => 3,
            Self::ReDetected => 4,
        }
    }

    /// Whether the rider was seen in the frame's own picture.
    pub fn is_seen(self) -> bool {
        matches!(self, Self::Detected | Self::ReDetected)
    }
}

/// Identity of a rider within one clip; counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrackId(pub u32);

impl TrackId {
    /// "Rider 1".
    pub fn title(self) -> String {
        format!("Rider {}", self.0)
    }
}

/// One rider in one frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiderFrame {
    /// Who.
    pub track: TrackId,
    /// Where this state comes from.
    pub provenance: Provenance,
    /// The detector's score where detected (between two detections the mean of both), the landmarks' confidence where
    /// they alone saw him, falling confidence where predicted or interpolated; 0 to 1.
    pub score: f32,
    /// Where, picture pixels.
    pub bbox: BBox,
    /// The body, where one was recovered.
    pub body: Option<BodyEstimate>,
}

impl Track {
    /// The user's name for him, or "Rider 1".
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.id.title())
    }
}

/// One rider over the clip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Who.
    pub id: TrackId,
    /// First frame index with a state.
    pub first_frame: u64,
    /// Last frame index with a state.
    pub last_frame: u64,
    /// Frames in which he was detected or re-detected.
    pub detected_frames: u64,
    /// Whether he is the one whom his shot is about. At most one track of a shot is.
    pub is_main: bool,
    /// What the user calls him; `None` for his number.
    pub name: Option<String>,
    /// Whether the user has left him out of pictures and exports.
    pub hidden: bool,
}
