//! Data formats: what leaves the program as numbers, and what comes back in. Pure readers and writers, without threads
//! or files; `docs/formats.md` describes each for its users.
//!
//! # Frames of reference
//! * **picture** and **camera** as everywhere (see [`crate::types`]): CSV, Parquet, JSON, npz and PHALP keep them.
//! * **world**: metres or millimetres as the format has it, x right, y up, z towards the viewer: the camera frame turned
//!   half a turn about x, (x, −y, −z). BVH, TRC, C3D and GLB are in it, since their readers expect y up. Its origin is
//!   the camera and moves with it; y is up as the camera is held, which is gravity's up only for a level camera.
//!
//! Times are seconds from the clip's first frame; frame numbers are the clip's own, from 0.

pub mod angles;
mod bvh;
mod c3d;
mod csv;
mod dataset;
mod error;
mod glb;
mod inspection;
mod motion;
mod npz;
mod parquet;
mod phalp;
mod pickle;
mod smpl_pickle;
mod table;
mod trc;

use std::io::{self, Write};
use std::str::FromStr;

pub use dataset::{Dataset, Imported, ImportedRider, Origin};
pub use error::FormatError;
pub use glb::{SkinnedMesh, provenance as provenance_runs};
pub use inspection::Inspection;
pub use smpl_pickle::body_from_pickle;

use crate::types::TrackId;

/// A format that an analysis can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataFormat {
    /// One row a rider and frame: box, joints, keypoints, angles.
    Csv,
    /// The same table by columns, with types.
    Parquet,
    /// What `inspect --format json` prints.
    Json,
    /// NumPy arrays of SMPL parameters.
    Npz,
    /// A result file as PHALP writes it.
    Phalp,
    /// A skeleton and its motion, one file a rider.
    Bvh,
    /// Joints as markers, one file a rider (OpenSim).
    Trc,
    /// Joints as points, everyone in one file (biomechanics).
    C3d,
    /// The skinned body and its motion, everyone in one file (glTF 2.0).
    Glb,
}

impl DataFormat {
    /// Every format.
    pub const ALL: [Self; 9] = [
        Self::Csv,
        Self::Parquet,
        Self::Json,
        Self::Npz,
        Self::Phalp,
        Self::Bvh,
        Self::Trc,
        Self::C3d,
        Self::Glb,
    ];

    /// The word that names it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Json => "json",
            Self::Npz => "npz",
            Self::Phalp => "phalp",
            Self::Bvh => "bvh",
            Self::Trc => "trc",
            Self::C3d => "c3d",
            Self::Glb => "glb",
        }
    }

    /// What it is for, in a few words.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Csv => "Table of joints and angles",
            Self::Parquet => "The same table for pandas, Polars and DuckDB",
            Self::Json => "Everything, for programs",
            Self::Npz => "SMPL parameters for NumPy",
            Self::Phalp => "Pickle as PHALP and 4D-Humans write it",
            Self::Bvh => "Skeleton for animation programs",
            Self::Trc => "Markers for OpenSim",
            Self::C3d => "Points for biomechanics",
            Self::Glb => "Animated body for 3D programs",
        }
    }

    /// How its files' names end.
    pub fn extension(self) -> &'static str {
        if self == Self::Phalp { "pkl" } else { self.name() }
    }

    /// Whether each rider has a file of his own.
    pub fn is_per_rider(self) -> bool {
        matches!(self, Self::Bvh | Self::Trc)
    }

    /// Whether there must be a body to write it.
    pub fn needs_bodies(self) -> bool {
        matches!(self, Self::Bvh | Self::Trc | Self::C3d | Self::Glb)
    }
}

impl FromStr for DataFormat {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let known = Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(text));
        known.ok_or_else(|| FormatError::UnknownFormat {
            name: text.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

/// Writes `data` in a format that holds everyone in one file. `mesh` gives a rider's body for the formats that carry
/// one.
///
/// # Errors
/// `out`'s, and [`io::ErrorKind::InvalidInput`] for a format of one rider or numbers that the format cannot hold.
pub fn write_all(
    format: DataFormat,
    data: &Dataset<'_>,
    mesh: &dyn Fn(TrackId) -> SkinnedMesh,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        DataFormat::Csv => csv::write(data, out),
        DataFormat::Parquet => parquet::write(data, out),
        DataFormat::Json => inspection::write(data, out),
        DataFormat::Npz => npz::write(data, out),
        DataFormat::Phalp => phalp::write(data, out),
        DataFormat::C3d => c3d::write(data, out),
        DataFormat::Glb => glb::write(data, mesh, out),
        DataFormat::Bvh | DataFormat::Trc => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("a {} file holds one rider", format.name()),
        )),
    }
}

/// Writes one rider of `data` in a format of one rider a file; `name` is the file's own.
///
/// # Errors
/// As [`write_all`], with the formats exchanged.
pub fn write_rider(
    format: DataFormat,
    data: &Dataset<'_>,
    rider: TrackId,
    name: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        DataFormat::Bvh => bvh::write(data, rider, out),
        DataFormat::Trc => trc::write(data, rider, name, out),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("a {} file holds everyone", format.name()),
        )),
    }
}

/// Reads SMPL results: a PHALP result pickle (plain, zlib-compressed, or as joblib writes it) or an npz archive.
/// Nothing in the file is executed.
///
/// # Errors
/// [`FormatError`] with what is wrong with the file.
pub fn import(bytes: &[u8]) -> Result<Imported, FormatError> {
    let imported = if bytes.starts_with(b"PK") { npz::read(bytes)? } else { phalp::read(bytes)? };
    let broken = |riders: &Vec<ImportedRider>| !riders.iter().all(ImportedRider::is_finite);
    match imported.frames.iter().find(|(_, riders)| broken(riders)) {
        Some((frame, _)) => {
            Err(FormatError::Malformed(format!("frame {frame} holds numbers that make no body")))
        }
        None => Ok(imported),
    }
}
