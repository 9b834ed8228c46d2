//! Who is who over time: pure and deterministic.
//!
//! [`Tracker`] works online, frame by frame, for the picture that fills in while an analysis runs. [`resolve()`] looks
//! at the whole clip afterwards and knows better: what came before a rider was certain, which pieces are the same
//! rider, what lies between two detections, and whom the clip is about. Observations are never altered; both are
//! views over them that can be made again without any inference.
//!
//! Time is the presentation time in seconds throughout, so that clips of variable rate need no care.

mod association;
mod candidates;
mod carry;
mod cast;
mod covered;
mod edit;
pub mod evaluate;
mod fill;
mod join;
mod kalman;
mod looks;
mod main_rider;
mod motion;
mod parts;
mod places;
mod recognition;
mod resolve;
mod ridge;
mod settings;
mod shots;
mod terms;
mod tracker;
mod tracklet;

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod by_looks;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod tests;

pub use carry::carried;
pub use cast::Cast;
pub use edit::{Moments, apply_edits, rider_at};
pub use looks::Looks;
pub use motion::MotionMeter;
pub use parts::{PART_FRAMES, Part, parts};
pub use resolve::{FrameObservations, Resolved, resolve, resolve_part};
pub use settings::TrackerSettings;
pub use shots::{ChangeMeter, is_cut, shots};
pub use tracker::Tracker;
