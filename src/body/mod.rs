//! SMPL bodies: arrays, skinning and fitting; pure maths, without I/O or threads.
//!
//! A [`BodyModel`] is read from the bytes of an array file in SMPL's layout (Loper et al., *SMPL: A Skinned
//! Multi-Person Linear Model*, 2015). [`BodyModel::pose`] turns pose and shape into vertices, and
//! [`LandmarkFit`] finds pose and place from what the landmark networks see of a person.
//!
//! Everything posed is in the camera frame: the root joint of a posed body lies at its rest position plus the
//! estimate's translation and the body turns about it, which is what SMPL and HMR2 do.

mod blazepose;
mod camera_solve;
mod certainty;
mod depth_grid;
mod dress;
mod error;
mod fit;
mod ik;
mod interpolate;
pub mod joint_error;
mod keypoints;
mod kinematics;
mod load;
mod model;
mod rotation;
mod skinning;
mod smpl;
mod surface_colors;
#[cfg(test)]
pub(crate) mod testing;

pub use error::BodyError;
pub use fit::{LandmarkFit, TrackFrame};
pub use model::BodyModel;
pub use skinning::PosedBody;
pub use smpl::SmplBody;
pub use surface_colors::{SurfacePatches, SurfaceSampler};
