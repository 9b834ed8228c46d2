//! Tables of the analysis file and how a file is recognised.

use std::path::Path;

use rusqlite::{Connection, Transaction};

use super::error::{OfFile, StoreError};
use super::{evidence, masks};

/// "SNMS", in the header field that SQLite keeps for the application (<https://www.sqlite.org/fileformat2.html>).
const APPLICATION_ID: i64 = 0x534E_4D53;

/// Version of the tables, in the header's `user_version`. [`migrate`] brings older ones up.
const VERSION: i64 = 1;

/// Numbers are in the units of `crate::types`; a NULL in a nullable REAL stands for NaN, which SQLite can't hold;
/// `body` is laid out by `body_codec`; `meta` holds JSON.
const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE frames (
        frame INTEGER PRIMARY KEY, pts INTEGER NOT NULL, pts_s REAL NOT NULL, warning TEXT
    );
    CREATE TABLE observations (
        frame INTEGER NOT NULL, ord INTEGER NOT NULL,
        score REAL, x0 REAL, y0 REAL, x1 REAL, y1 REAL, body BLOB,
        PRIMARY KEY (frame, ord)
    );
    CREATE TABLE tracks (
        id INTEGER PRIMARY KEY, first_frame INTEGER NOT NULL, last_frame INTEGER NOT NULL,
        detected_frames INTEGER NOT NULL, is_main INTEGER NOT NULL
    );
    CREATE TABLE riders (
        frame INTEGER NOT NULL, track INTEGER NOT NULL, provenance TEXT NOT NULL,
        score REAL, x0 REAL, y0 REAL, x1 REAL, y1 REAL, body BLOB,
        PRIMARY KEY (frame, track)
    );";

/// How much each picture differs from the one before it. Came after the other tables and is not needed to read them,
/// so a file without it is none the worse and no other version.
const CHANGES: &str =
    "CREATE TABLE IF NOT EXISTS changes (frame INTEGER PRIMARY KEY, difference REAL NOT NULL);";

/// What detectors found that were compared; the layout of `found` is `detector_runs`'. As the changes, not needed by the
/// rest.
const DETECTOR_RUNS: &str = "
    CREATE TABLE IF NOT EXISTS detector_runs (detector TEXT PRIMARY KEY, info TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS detector_frames (
        detector TEXT NOT NULL, frame INTEGER NOT NULL, latency_ms REAL, found BLOB NOT NULL,
        PRIMARY KEY (detector, frame)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS detector_masks (
        detector TEXT NOT NULL, frame INTEGER NOT NULL, masks BLOB NOT NULL, PRIMARY KEY (detector, frame)
    ) WITHOUT ROWID;";

/// What an openable file turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing at all: just created, or left by a process that was killed while creating it.
    Empty,
    /// An analysis in the given version of the tables.
    Analysis(i64),
}

/// Recognises the file behind `conn` and checks its structure, changing nothing.
pub(super) fn recognise(conn: &Connection, path: &Path) -> Result<Content, StoreError> {
    let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).of_file(path);
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    if application != APPLICATION_ID {
        let tables: i64 =
            conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).of_file(path)?;
        return if application == 0 && version == 0 && tables == 0 {
            Ok(Content::Empty)
        } else {
            Err(StoreError::Foreign { path: path.to_owned() })
        };
    }
    if version > VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, supported: VERSION });
    }
    let verdict: String = conn.pragma_query_value(None, "quick_check", |row| row.get(0)).of_file(path)?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt { path: path.to_owned(), cause: verdict });
    }
    Ok(Content::Analysis(version))
}

/// Makes the tables in an empty file.
pub(super) fn create(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch(TABLES)?;
    complete(tx)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", VERSION)
}

/// Brings the tables of version `from` up to the present one.
pub(super) fn migrate(path: &Path, from: i64) -> Result<(), StoreError> {
    // Version 1 is the first: anything below it was never released.
    if from == VERSION {
        Ok(())
    } else {
        Err(StoreError::Corrupt { path: path.to_owned(), cause: format!("table version {from}") })
    }
}

/// Adds the tables that a file of the present version may lack.
pub(super) fn complete(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(CHANGES)?;
    conn.execute_batch(DETECTOR_RUNS)?;
    conn.execute_batch(masks::TABLE)?;
    conn.execute_batch(evidence::TABLES)
}

/// Whether the file has the table of changes.
pub(super) fn has_changes(conn: &Connection) -> rusqlite::Result<bool> {
    has_table(conn, "changes")
}

/// Whether the file has a table.
pub(super) fn has_table(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)", [name], |row| row.get(0))
}

/// Removes what detectors found in another content of the clip.
pub(super) fn clear_detector_runs(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch("DELETE FROM detector_frames; DELETE FROM detector_masks; DELETE FROM detector_runs;")
}

/// Removes every row of an analysis. The user's changes and notes stay: they are not the analysis' to lose.
pub(super) fn clear(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch(
        "DELETE FROM riders; DELETE FROM tracks; DELETE FROM observations; DELETE FROM changes; DELETE FROM frames;
         DELETE FROM motions; DELETE FROM appearances; DELETE FROM masks;
         DROP TABLE IF EXISTS looks; DROP TABLE IF EXISTS look_masks;
         DELETE FROM meta WHERE key NOT IN ('track_edits', 'capture_fps');",
    )
}
