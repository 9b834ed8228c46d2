//! Small files of the program's own, replaced whole.

use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::types::temporary::temporary_file;

/// Writes `value` to `path` as JSON: beside it first, then renamed, so that a reader never meets half of it.
pub fn save(path: &Path, value: &impl Serialize) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = temporary_file().tempfile_in(folder)?;
    file.write_all(serde_json::to_string_pretty(value)?.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
