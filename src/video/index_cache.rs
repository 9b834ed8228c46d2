//! Indexes of clips that took long to read, kept between sittings.
//!
//! An entry belongs to a path, a size and a time of change: a file that was changed is read anew. An entry that cannot
//! be read or written is as good as none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

/// Entries that are kept, the youngest.
const KEPT: usize = 200;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Keeps the indexes of clips in `folder` from now on; without this call they are kept nowhere. The first call counts.
pub fn keep_indexes_in(folder: PathBuf) {
    // A second folder would only split what is known.
    let _ = FOLDER.set(folder);
}

/// What is kept of the clip at `path`.
pub(super) fn load(path: &Path) -> Option<Vec<u8>> {
    fs::read(entry(FOLDER.get()?, path)?).ok()
}

/// Keeps `bytes` for the clip at `path`.
pub(super) fn save(path: &Path, bytes: &[u8]) {
    let Some(folder) = FOLDER.get() else { return };
    let Some(entry) = entry(folder, path) else { return };
    if let Err(error) = write(folder, &entry, bytes) {
        tracing::debug!("the index of {} is not kept: {error}", path.display());
    }
}

fn write(folder: &Path, entry: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(entry)?;
    let mut entries: Vec<_> = fs::read_dir(folder)?
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .filter(|(_, path)| path.extension().is_some_and(|extension| extension == "index"))
        .collect();
    entries.sort();
    for (_, old) in entries.iter().rev().skip(KEPT) {
        fs::remove_file(old)?;
    }
    Ok(())
}

fn entry(folder: &Path, path: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    let metadata = fs::metadata(&path).ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let mut hash = Sha256::new();
    hash.update(path.as_os_str().as_encoded_bytes());
    hash.update(metadata.len().to_le_bytes());
    hash.update(changed.as_nanos().to_le_bytes());
    let name: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(folder.join(name).with_extension("index"))
}
