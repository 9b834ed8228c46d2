//! Single values of the analysis file, kept as JSON.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{OfFile, StoreError};

/// [`super::ClipFingerprint`] of the clip analysed.
pub(super) const CLIP: &str = "clip";
/// [`super::RunKey`] of the analysis.
pub(super) const RUN_KEY: &str = "run_key";
/// [`crate::types::RunSummary`], once finished.
pub(super) const SUMMARY: &str = "summary";
/// Whether every frame of the clip is there.
pub(super) const FINISHED: &str = "finished";
/// Wall time over all sittings, seconds.
pub(super) const WALL_S: &str = "wall_s";
/// [`crate::types::edits::EditLog`]; outlives a restart ([`super::schema::clear`]).
pub(super) const EDITS: &str = "track_edits";
/// Frames a second while recording, of [`crate::types::moments::ClipNotes`]; outlives a restart.
pub(super) const CAPTURE_FPS: &str = "capture_fps";
/// Version of the application that began the analysis; for whoever looks into the file.
pub(super) const APP_VERSION: &str = "app_version";

/// The value of `key`, or `None` where it was never set.
pub(super) fn get<T: DeserializeOwned>(
    conn: &Connection,
    path: &Path,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = conn
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")
        .and_then(|mut select| select.query_row([key], |row| row.get(0)).optional())
        .of_file(path)?;
    text.map(|text| {
        serde_json::from_str(&text)
            .map_err(|e| StoreError::Corrupt { path: path.to_owned(), cause: format!("{key}: {e}") })
    })
    .transpose()
}

/// Sets `key` to `value`.
pub(super) fn set<T: Serialize>(
    conn: &Connection,
    path: &Path,
    key: &str,
    value: &T,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(value)
        .map_err(|e| StoreError::Invalid { path: path.to_owned(), cause: format!("{key}: {e}") })?;
    conn.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")
        .and_then(|mut insert| insert.execute(params![key, text]))
        .of_file(path)?;
    Ok(())
}
