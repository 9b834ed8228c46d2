//! Opening an analysis file: new, to go on with, or to read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::{OfFile, StoreError};
use super::fingerprint::ClipFingerprint;
use super::lock::WriterLock;
use super::meta;
use super::record::RunKey;
use super::schema::{self, Content};
use crate::types::edits::EditLog;

/// How long a statement waits for another process' short lock (a checkpoint, a backup program).
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// The analysis file of `clip` unless another is named: `jump.mp4` has `jump.mp4.snowmesh` beside it. The clip's
/// extension stays, so that `a.mp4` and `a.mov` do not share one.
pub fn default_path(clip: &Path) -> PathBuf {
    let mut name = OsString::from(clip);
    name.push(".snowmesh");
    PathBuf::from(name)
}

/// What to do with an analysis that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Keep it and go on behind it.
    Resume,
    /// Empty it. This is one transaction that also writes the new clip and key: until it is committed the old
    /// analysis is whole, and whoever reads meanwhile keeps seeing it.
    Restart,
}

/// What [`AnalysisStore::open`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Nothing, or what was there has been emptied as asked: begin at frame 0.
    New,
    /// An unfinished analysis of the same clip under the same key.
    Resumed {
        /// The first frame that is not stored.
        next_frame: u64,
    },
    /// A finished one of the same clip under the same key.
    Finished,
    /// An analysis of what the clip was before it changed on disk. It can be read; to write,
    /// [`AnalysisStore::restart`] it.
    ClipChanged,
    /// An analysis of the same clip under another key. It can be read; to write, [`AnalysisStore::restart`] it.
    SettingsChanged,
}

/// What a store may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Everything.
    Append,
    /// Tracks may be replaced, frames not added.
    Finished,
    /// Reading only, for the reason given.
    Read(&'static str),
}

/// An open analysis file. One process may have it open for writing, any number for reading.
#[derive(Debug)]
pub struct AnalysisStore {
    // Fields are dropped in this order: the connection is closed before the lock is given up.
    pub(super) conn: Connection,
    pub(super) path: PathBuf,
    pub(super) access: Access,
    /// Wall time of the sittings before this one.
    pub(super) earlier_wall_s: f64,
    /// Held while open for writing.
    lock: Option<WriterLock>,
}

impl AnalysisStore {
    /// Opens `path` for writing, making it where it is missing, and says what is in it. Nothing that is there is
    /// altered unless `mode` is [`OpenMode::Restart`].
    ///
    /// A clip that differs in its time of change alone is the same clip; the stored time is then brought up.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another writer has it; [`StoreError::NotWritable`] in a read-only place;
    /// [`StoreError::Corrupt`], [`StoreError::Foreign`] or [`StoreError::Newer`] for a file that can't be used,
    /// even to restart: it may be worth something to its owner.
    pub fn open(
        path: &Path,
        clip: &ClipFingerprint,
        key: &RunKey,
        mode: OpenMode,
    ) -> Result<(Self, Opened), StoreError> {
        let lock = WriterLock::take(path)?;
        // Opening for writing may already write (recovery, a checkpoint at close): look first.
        if std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() > 0) {
            schema::recognise(&connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?, path)?;
        }
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let content = schema::recognise(&conn, path)?;
        conn.pragma_update(None, "synchronous", "normal").of_file(path)?;

        let mut store = Self {
            conn,
            path: path.to_owned(),
            access: Access::Append,
            earlier_wall_s: 0.0,
            lock: Some(lock),
        };
        let opened = match content {
            Content::Empty => {
                store.begin(clip, key, schema::create)?;
                Opened::New
            }
            Content::Analysis(version) => {
                schema::migrate(path, version)?;
                schema::complete(&store.conn).of_file(path)?;
                match mode {
                    OpenMode::Restart => {
                        store.restart(clip, key)?;
                        Opened::New
                    }
                    OpenMode::Resume => store.compare(clip, key)?,
                }
            }
        };
        store.access = match opened {
            Opened::New | Opened::Resumed { .. } => Access::Append,
            Opened::Finished => Access::Finished,
            Opened::ClipChanged => Access::Read("belongs to an earlier content of the clip"),
            Opened::SettingsChanged => Access::Read("was made with other models or settings"),
        };
        if store.access == Access::Append {
            store.log_ahead()?;
        }
        Ok((store, opened))
    }

    /// Opens `path` to read what is there, finished or still being written.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is nothing yet; else as [`AnalysisStore::open`].
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        if !std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() > 0) {
            return Err(StoreError::NotFound { path: path.to_owned() });
        }
        let open = |connection: Result<Connection, StoreError>| {
            let conn = connection?;
            let content = schema::recognise(&conn, path)?;
            Ok((conn, content))
        };
        let (conn, content) = match open(connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)) {
            // A file in write-ahead mode needs companions that can't be made in a read-only folder. Without a log
            // beside it nobody writes it and it is whole by itself.
            Err(StoreError::NotWritable { .. }) if !companion(path, "-wal").exists() => {
                open(connect_immutable(path))?
            }
            other => other?,
        };
        match content {
            Content::Empty => Err(StoreError::NotFound { path: path.to_owned() }),
            Content::Analysis(version) => {
                schema::migrate(path, version)?;
                let access = Access::Read("is open for reading only");
                Ok(Self { conn, path: path.to_owned(), access, earlier_wall_s: 0.0, lock: None })
            }
        }
    }

    /// Lets others read while frames are added. Where write-ahead logging is impossible (some network file systems)
    /// SQLite keeps its rollback journal, which is as safe and only makes readers wait.
    fn log_ahead(&self) -> Result<(), StoreError> {
        self.conn.pragma_update(None, "journal_mode", "wal").of_file(&self.path)
    }

    /// Empties the analysis and begins one of `clip` under `key`; see [`OpenMode::Restart`]. What the user has
    /// changed about the tracks is kept where it is the same clip.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] on a store that was opened to read; SQLite's, with the old analysis intact.
    pub fn restart(&mut self, clip: &ClipFingerprint, key: &RunKey) -> Result<(), StoreError> {
        if self.lock.is_none() {
            return Err(self.refused("is open for reading only"));
        }
        let same_clip = self.clip().is_ok_and(|stored| stored.same_clip(clip));
        self.begin(clip, key, schema::clear)?;
        if !same_clip {
            meta::set(&self.conn, &self.path, meta::EDITS, &EditLog::default())?;
            schema::clear_detector_runs(&self.conn).of_file(&self.path)?;
        }
        self.access = Access::Append;
        self.log_ahead()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn refused(&self, reason: &'static str) -> StoreError {
        StoreError::NotAppendable { path: self.path.clone(), reason }
    }

    /// Runs `prepare` and writes who and what the analysis is of, in one transaction.
    fn begin(
        &mut self,
        clip: &ClipFingerprint,
        key: &RunKey,
        prepare: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let path = &self.path;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).of_file(path)?;
        prepare(&tx).of_file(path)?;
        meta::set(&tx, path, meta::CLIP, clip)?;
        meta::set(&tx, path, meta::RUN_KEY, key)?;
        meta::set(&tx, path, meta::FINISHED, &false)?;
        meta::set(&tx, path, meta::WALL_S, &0.0)?;
        meta::set(&tx, path, meta::APP_VERSION, &env!("CARGO_PKG_VERSION"))?;
        tx.commit().of_file(path)?;
        self.earlier_wall_s = 0.0;
        Ok(())
    }

    /// Holds the stored analysis against what is wanted now.
    fn compare(&mut self, clip: &ClipFingerprint, key: &RunKey) -> Result<Opened, StoreError> {
        self.earlier_wall_s = self.wall_s()?;
        let stored = self.clip()?;
        if !stored.same_clip(clip) {
            return Ok(Opened::ClipChanged);
        }
        if stored.mtime_ns != clip.mtime_ns {
            meta::set(&self.conn, &self.path, meta::CLIP, clip)?;
        }
        if self.run_key()? != *key {
            return Ok(Opened::SettingsChanged);
        }
        if self.is_finished()? {
            return Ok(Opened::Finished);
        }
        Ok(Opened::Resumed { next_frame: self.next_frame()? })
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).of_file(path)?;
    conn.busy_timeout(BUSY_WAIT).of_file(path)?;
    Ok(conn)
}

/// Opens a file that nobody writes, without locks or companions (<https://www.sqlite.org/uri.html>).
fn connect_immutable(path: &Path) -> Result<Connection, StoreError> {
    let absolute = std::path::absolute(path)
        .map_err(|e| StoreError::NotWritable { path: path.to_owned(), cause: e.to_string() })?;
    let escaped = absolute.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Connection::open_with_flags(
        format!("file:{escaped}?immutable=1"),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
    )
    .of_file(path)
}

/// A file that SQLite keeps beside the database.
fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn the_default_file_keeps_the_clips_extension() {
        assert_eq!(default_path(Path::new("a b/jump.mp4")), Path::new("a b/jump.mp4.snowmesh"));
        assert_ne!(default_path(Path::new("a.mp4")), default_path(Path::new("a.mov")));
    }

    #[test]
    fn a_file_that_nobody_writes_reads_without_companions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("50% of #1?.snowmesh");
        let (mut store, _) =
            AnalysisStore::open(&path, &samples::fingerprint(), &samples::key(), OpenMode::Resume).unwrap();
        store.append(&samples::records(0..4)).unwrap();
        drop(store);
        let conn = connect_immutable(&path).unwrap();
        let frames: i64 = conn.query_row("SELECT count(*) FROM frames", [], |row| row.get(0)).unwrap();
        assert_eq!(frames, 4);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
