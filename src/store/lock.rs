//! One writer per analysis file.
//!
//! SQLite's own locks last for one transaction, and its exclusive mode would shut readers out. So the writer holds
//! an operating-system lock on an empty file beside the analysis. The system drops that lock however the process
//! ends: a lock file left behind by a killed process locks nothing.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use crate::types::temporary::is_file_at;

/// Times that a lock file is opened anew because its last holder was just removing it.
const ATTEMPTS: usize = 16;

/// The right to write one analysis file, until dropped.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
    #[cfg(unix)]
    path: PathBuf,
}

impl WriterLock {
    /// Takes the lock of the analysis file `store`, without waiting.
    pub(super) fn take(store: &Path) -> Result<Self, StoreError> {
        let path = lock_path(store);
        let not_writable = |cause: std::io::Error| StoreError::NotWritable {
            path: store.to_owned(),
            cause: cause.to_string(),
        };
        for _ in 0..ATTEMPTS {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(not_writable)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path: store.to_owned() }),
                Err(TryLockError::Error(cause)) => return Err(not_writable(cause)),
            }
            // A writer that ended just now may have removed the file between our opening and locking it; a lock on
            // a removed file excludes nobody.
            if is_file_at(&file, &path) {
                return Ok(Self {
                    _file: file,
                    #[cfg(unix)]
                    path,
                });
            }
        }
        Err(StoreError::InUse { path: store.to_owned() })
    }
}

#[cfg(unix)]
impl Drop for WriterLock {
    fn drop(&mut self) {
        // Left-over lock files are harmless, so a failure is of no account.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn lock_path(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push("-lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_excludes_a_second_holder_and_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("clip.mp4.snowmesh");
        let lock = WriterLock::take(&store).unwrap();
        assert!(matches!(WriterLock::take(&store), Err(StoreError::InUse { .. })));
        drop(lock);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), usize::from(cfg!(not(unix))));
        WriterLock::take(&store).unwrap();
    }

    #[test]
    fn a_lock_file_that_nobody_holds_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("clip.mp4.snowmesh");
        std::fs::write(lock_path(&store), b"").unwrap();
        WriterLock::take(&store).unwrap();
    }
}
