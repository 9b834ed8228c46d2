//! How files are begun that are renamed into their place when they are whole.
//!
//! A process that is killed leaves what it had begun. So a file of an export is locked for as long as it is written
//! (the system drops the lock however the process ends), and the next export into the folder removes those that
//! nobody holds.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// How the names of files begin that an export has not finished.
const UNFINISHED: &str = ".snowmesh-unfinished-";

/// Times that a file is begun anew because another export took it for a forgotten one before it was locked.
const ATTEMPTS: usize = 16;

/// A builder of temporary files. What becomes of them is a file like any other, not for its owner's eyes alone; the
/// system's mask still applies.
pub fn temporary_file<'a, 'b>() -> Builder<'a, 'b> {
    let mut builder = Builder::new();
    builder.prefix(".snowmesh-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Begins a file of an export in `folder`, whose name ends with `suffix`.
///
/// # Errors
/// When it cannot be made.
pub fn unfinished_file(folder: &Path, suffix: &str) -> io::Result<NamedTempFile> {
    let mut builder = temporary_file();
    builder.prefix(UNFINISHED).suffix(suffix);
    for _ in 1..ATTEMPTS {
        let file = builder.tempfile_in(folder)?;
        // Where the file system has no locks nothing is ever taken for forgotten, so that none is needed.
        if cfg!(not(unix)) || (lock(&file) && is_file_at(file.as_file(), file.path())) {
            return Ok(file);
        }
    }
    builder.tempfile_in(folder)
}

fn lock(file: &NamedTempFile) -> bool {
    !matches!(file.as_file().try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

/// Removes from `folder` what killed exports left. Elsewhere than on Unix it stays, since a lock would keep the
/// libraries that write the file out; its name says what it is.
pub fn remove_forgotten(folder: &Path) {
    if cfg!(not(unix)) {
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            continue;
        }
        let path = entry.path();
        // Held until it is removed: nobody can take it up meanwhile.
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!("{} cannot be removed: {error}", path.display());
        }
    }
}

/// Whether the file that is open is the one of this name.
#[cfg(unix)]
pub fn is_file_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(there)) => ours.dev() == there.dev() && ours.ino() == there.ino(),
        _ => false,
    }
}

/// Where files have no inode number they cannot be removed while they are open, so it is the same one.
#[cfg(not(unix))]
pub fn is_file_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_export_left_goes_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let forgotten = folder.path().join(".snowmesh-unfinished-abc.mp4");
        let others = folder.path().join(".snowmesh-notes");
        std::fs::write(&forgotten, "half").unwrap();
        std::fs::write(&others, "a user's own").unwrap();
        let written = unfinished_file(folder.path(), ".mp4").unwrap();
        remove_forgotten(folder.path());
        assert!(!forgotten.exists() && others.exists() && written.path().exists());
        let place = folder.path().join("film.mp4");
        written.persist(&place).unwrap();
        remove_forgotten(folder.path());
        assert!(place.exists());
    }
}
