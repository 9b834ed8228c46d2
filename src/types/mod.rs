//! Plain data that every room shares: no I/O, no threads, no foreign library types except `glam`'s.
//!
//! Frames of reference, used by name everywhere:
//! * **picture**: pixels of the upright decoded frame, x right, y down, (0, 0) the outer corner of the top-left pixel;
//! * **camera**: metres, x right, y down, z forward, the origin at the pinhole;
//! * **body**: SMPL's own frame in metres, y up, +z out of the chest, +x to the body's left.

pub mod appearance;
pub mod camera;
pub mod detector_run;
pub mod device;
pub mod edits;
pub mod frame;
pub mod geometry;
pub mod landmarks;
pub mod light;
pub mod mask;
pub mod memory;
pub mod metrics;
pub mod moments;
pub mod motion;
pub mod overlay;
pub mod person;
pub mod sampling;
pub mod smpl;
pub mod temporary;

pub use appearance::{FrameEvidence, SurfaceColors};
pub use camera::Camera;
pub use device::Device;
pub use frame::{
    ClipInfo, FrameIndex, Rational, RgbImage, VideoFrame, YuvColor, YuvImage, YuvMatrix, YuvRange, YuvToRgb,
};
pub use geometry::BBox;
pub use landmarks::{DepthCues, Landmarks};
pub use light::{Light, Primaries, Transfer};
pub use mask::Mask;
pub use memory::{ByteSize, MemoryMode, MemoryWish, Rung, WeightsHeld};
pub use metrics::{RunSummary, StageTime};
pub use motion::{CameraMotion, Similarity};
pub use overlay::OverlayStyle;
pub use person::{BodyEstimate, Detection, Keypoint, Observation, Provenance, RiderFrame, Track, TrackId};
pub use sampling::{PlaneShape, Sampling};
pub use smpl::SmplParams;
