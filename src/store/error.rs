//! What can go wrong with an analysis file, and what the user can do.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Errors of the store room. None of them leaves the file altered.
#[derive(Debug, thiserror::Error)]
#[allow(
    missing_docs,
    reason = "path is the analysis file, or the clip in Clip; cause is what the system said"
)]
pub enum StoreError {
    /// The clip could not be read for its fingerprint.
    #[error("cannot read the clip {path}: {cause}")]
    Clip { path: PathBuf, cause: io::Error },
    /// The folder or the file may not be written.
    #[error("cannot write the analysis file {path}: {cause}. Choose a writable place with --store FILE")]
    NotWritable { path: PathBuf, cause: String },
    /// There is no file to read.
    #[error("there is no analysis file {path}: analyse the clip first")]
    NotFound { path: PathBuf },
    /// Another process, or another job of this one, writes this file.
    #[error("the analysis file {path} is being written by another analysis: wait for it or cancel it first")]
    InUse { path: PathBuf },
    /// No room left.
    #[error(
        "the disk is full while writing {path}: free some space, then run again to go on where it stopped"
    )]
    DiskFull { path: PathBuf },
    /// Damaged content.
    #[error("the analysis file {path} is damaged ({cause}): move or delete it, then analyse again")]
    Corrupt { path: PathBuf, cause: String },
    /// Some other kind of file has this name.
    #[error(
        "{path} is not a snowmesh analysis file: move it away, or choose another place with --store FILE"
    )]
    Foreign { path: PathBuf },
    /// Written by a later version.
    #[error(
        "the analysis file {path} was written by a newer snowmesh (format {found}, this one reads up to \
         {supported}): update snowmesh, or choose another place with --store FILE"
    )]
    Newer { path: PathBuf, found: i64, supported: i64 },
    /// Frames were offered to a file that holds something else.
    #[error("the analysis file {path} {reason}: restart the analysis to replace it")]
    NotAppendable { path: PathBuf, reason: &'static str },
    /// A caller's numbers do not fit what is stored.
    #[error("cannot store in {path}: {cause}")]
    Invalid { path: PathBuf, cause: String },
    /// Anything else that SQLite reports.
    #[error("the analysis file {path} failed: {cause}")]
    Sqlite { path: PathBuf, cause: rusqlite::Error },
}

impl StoreError {
    /// The error that SQLite's result code stands for (<https://www.sqlite.org/rescode.html>).
    pub(super) fn from_sqlite(path: &Path, cause: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match cause.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, cause: cause.to_string() },
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { path },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::NotWritable { path, cause: cause.to_string() }
            }
            _ => Self::Sqlite { path, cause },
        }
    }
}

/// Names the file in SQLite's errors.
pub(super) trait OfFile<T> {
    /// The value, or the error as a [`StoreError`] about `path`.
    fn of_file(self, path: &Path) -> Result<T, StoreError>;
}

impl<T> OfFile<T> for rusqlite::Result<T> {
    fn of_file(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|cause| StoreError::from_sqlite(path, cause))
    }
}
