//! The user's notes in the analysis file. They belong to the clip and not to an analysis: one that is made anew keeps
//! them.

use rusqlite::{Connection, TransactionBehavior, params};

use super::error::{OfFile, StoreError};
use super::meta;
use super::open::{Access, AnalysisStore};
use crate::types::moments::{ClipNotes, KeyMoment};

/// Came after the other tables and is not needed to read them, so a file without it is none the worse.
const MOMENTS: &str = "CREATE TABLE IF NOT EXISTS moments (frame INTEGER PRIMARY KEY, name TEXT NOT NULL);";

fn has_moments(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'moments')", [], |row| row.get(0))
}

impl AnalysisStore {
    /// The user's notes; none in a file that was never given any.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where they cannot be understood; SQLite's.
    pub fn notes(&self) -> Result<ClipNotes, StoreError> {
        let capture_fps: Option<Option<f64>> = meta::get(&self.conn, &self.path, meta::CAPTURE_FPS)?;
        let moments = if has_moments(&self.conn).of_file(&self.path)? {
            let mut select = self
                .conn
                .prepare_cached("SELECT frame, name FROM moments WHERE frame >= 0 ORDER BY frame")
                .of_file(&self.path)?;
            let rows = select
                .query_map([], |row| {
                    Ok(KeyMoment { frame: row.get::<_, i64>(0)?.cast_unsigned(), name: row.get(1)? })
                })
                .of_file(&self.path)?;
            rows.collect::<rusqlite::Result<_>>().of_file(&self.path)?
        } else {
            Vec::new()
        };
        Ok(ClipNotes { moments, capture_fps: capture_fps.flatten() })
    }

    /// Replaces the user's notes.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] where the file holds another clip's or key's frames or is open to read; SQLite's.
    pub fn write_notes(&mut self, notes: &ClipNotes) -> Result<(), StoreError> {
        if let Access::Read(reason) = self.access {
            return Err(self.refused(reason));
        }
        let path = &self.path;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).of_file(path)?;
        tx.execute_batch(MOMENTS).of_file(path)?;
        tx.execute("DELETE FROM moments", []).of_file(path)?;
        for moment in &notes.moments {
            let frame = i64::try_from(moment.frame).unwrap_or(i64::MAX);
            tx.execute(
                "INSERT OR REPLACE INTO moments (frame, name) VALUES (?1, ?2)",
                params![frame, moment.name],
            )
            .of_file(path)?;
        }
        meta::set(&tx, path, meta::CAPTURE_FPS, &notes.capture_fps)?;
        tx.commit().of_file(path)
    }
}
