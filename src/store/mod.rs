//! The analysis file: the only room that knows SQLite.
//!
//! An analysis is worth minutes to hours of computing, so its frames are on disk as soon as they are known: one
//! SQLite file beside the clip, in write-ahead mode, one transaction per small batch. A process that is killed
//! loses at most the batch it was writing; the next one goes on behind it. Anyone may read while one process
//! writes; a second writer is refused by a lock that the operating system drops with its holder.
//!
//! A file that can't be read (corrupt, foreign, of a newer snowmesh) is reported and left exactly as it is.

mod body_codec;
mod detector_runs;
mod error;
mod evidence;
mod fingerprint;
mod lock;
mod looks;
mod mask_codec;
mod masks;
mod meta;
mod motions;
mod notes;
mod open;
mod read;
mod record;
mod schema;
mod write;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use fingerprint::ClipFingerprint;
pub use looks::{Look, PictureKey, Sight};
pub use open::{AnalysisStore, OpenMode, Opened, default_path};
pub use record::{FrameRecord, RunKey};
