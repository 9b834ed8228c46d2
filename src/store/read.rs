//! Reading an analysis, also while it is being written.

use std::ops::{Bound, RangeBounds};
use std::path::Path;

use rusqlite::{Connection, Row, params};

use super::body_codec;
use super::error::{OfFile, StoreError};
use super::evidence;
use super::fingerprint::ClipFingerprint;
use super::masks;
use super::meta;
use super::open::AnalysisStore;
use super::record::{FrameRecord, RunKey};
use super::schema;
use crate::types::edits::EditLog;
use crate::types::{
    BBox, BodyEstimate, Detection, FrameEvidence, Observation, Provenance, RiderFrame, RunSummary, Track,
    TrackId,
};

impl AnalysisStore {
    /// The clip that was analysed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the file can't say; SQLite's.
    pub fn clip(&self) -> Result<ClipFingerprint, StoreError> {
        self.required(meta::CLIP)
    }

    /// The key under which it was analysed.
    ///
    /// # Errors
    /// As [`Self::clip`].
    pub fn run_key(&self) -> Result<RunKey, StoreError> {
        self.required(meta::RUN_KEY)
    }

    /// Whether the analysis is complete.
    ///
    /// # Errors
    /// As [`Self::clip`].
    pub fn is_finished(&self) -> Result<bool, StoreError> {
        self.required(meta::FINISHED)
    }

    /// Wall time recorded over all sittings, seconds.
    ///
    /// # Errors
    /// As [`Self::clip`].
    pub fn wall_s(&self) -> Result<f64, StoreError> {
        self.required(meta::WALL_S)
    }

    /// How the run went; `None` before it is finished.
    ///
    /// # Errors
    /// As [`Self::clip`].
    pub fn summary(&self) -> Result<Option<RunSummary>, StoreError> {
        meta::get(&self.conn, &self.path, meta::SUMMARY)
    }

    /// What the user has changed about the tracks.
    ///
    /// # Errors
    /// As [`Self::clip`].
    pub fn edits(&self) -> Result<EditLog, StoreError> {
        Ok(meta::get(&self.conn, &self.path, meta::EDITS)?.unwrap_or_default())
    }

    /// The first frame index, counted from 0, that is not stored.
    ///
    /// # Errors
    /// SQLite's.
    pub fn next_frame(&self) -> Result<u64, StoreError> {
        let next: i64 = self
            .conn
            .query_row(
                "SELECT CASE WHEN EXISTS (SELECT 1 FROM frames WHERE frame = 0) THEN (
                     SELECT min(f.frame) + 1 FROM frames f
                     WHERE NOT EXISTS (SELECT 1 FROM frames g WHERE g.frame = f.frame + 1)
                 ) ELSE 0 END",
                [],
                |row| row.get(0),
            )
            .of_file(&self.path)?;
        Ok(next.unsigned_abs())
    }

    /// The stored frames in `range`, ascending, without what was seen in them.
    ///
    /// # Errors
    /// SQLite's.
    pub fn frames(&self, range: impl RangeBounds<u64>) -> Result<Vec<FrameRecord>, StoreError> {
        let (first, last) = bounds(&range);
        frame_rows(&self.conn, first, last).of_file(&self.path)
    }

    /// The stored frames in `range`, ascending, with all that was seen in them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a body can't be decoded; SQLite's.
    pub fn observations(&self, range: impl RangeBounds<u64>) -> Result<Vec<FrameRecord>, StoreError> {
        let (first, last) = bounds(&range);
        // One snapshot for both queries, so that a writer between them is not half seen.
        let tx = self.conn.unchecked_transaction().of_file(&self.path)?;
        let mut records = frame_rows(&tx, first, last).of_file(&self.path)?;

        let mut select = tx
            .prepare_cached(
                "SELECT frame, score, x0, y0, x1, y1, body FROM observations
                 WHERE frame BETWEEN ?1 AND ?2 ORDER BY frame, ord",
            )
            .of_file(&self.path)?;
        let mut rows = select.query(params![first, last]).of_file(&self.path)?;
        let mut at = 0;
        while let Some(row) = rows.next().of_file(&self.path)? {
            let frame = row.get::<_, i64>(0).of_file(&self.path)?.unsigned_abs();
            while records.get(at).is_some_and(|record| record.frame < frame) {
                at += 1;
            }
            let Some(record) = records.get_mut(at).filter(|record| record.frame == frame) else {
                let cause = format!("observations of frame {frame}, which is not stored");
                return Err(StoreError::Corrupt { path: self.path.clone(), cause });
            };
            let detection = Detection {
                score: real(row, 1).of_file(&self.path)?,
                bbox: bbox(row, 2).of_file(&self.path)?,
            };
            record.observations.push(Observation { detection, body: body(row, 6, &self.path)? });
        }
        evidence::read(&tx, &mut records, &self.path)?;
        masks::read(&tx, &mut records, &self.path)?;
        Ok(records)
    }

    /// Everyone who was tracked, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tracks(&self) -> Result<Vec<Track>, StoreError> {
        self.conn
            .prepare_cached(
                "SELECT id, first_frame, last_frame, detected_frames, is_main FROM tracks ORDER BY id",
            )
            .and_then(|mut select| {
                select
                    .query_map([], |row| {
                        Ok(Track {
                            id: TrackId(row.get(0)?),
                            first_frame: row.get::<_, i64>(1)?.unsigned_abs(),
                            last_frame: row.get::<_, i64>(2)?.unsigned_abs(),
                            detected_frames: row.get::<_, i64>(3)?.unsigned_abs(),
                            is_main: row.get(4)?,
                            name: None,
                            hidden: false,
                        })
                    })?
                    .collect()
            })
            .of_file(&self.path)
    }

    /// The riders of one frame, by track id.
    ///
    /// # Errors
    /// As [`Self::observations`].
    pub fn riders(&self, frame: u64) -> Result<Vec<RiderFrame>, StoreError> {
        Ok(self.riders_range(frame..=frame)?.pop().map_or_else(Vec::new, |(_, riders)| riders))
    }

    /// The frames in `range` that have riders, ascending, each with its riders by track id.
    ///
    /// # Errors
    /// As [`Self::observations`].
    pub fn riders_range(
        &self,
        range: impl RangeBounds<u64>,
    ) -> Result<Vec<(u64, Vec<RiderFrame>)>, StoreError> {
        let (first, last) = bounds(&range);
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT frame, track, provenance, score, x0, y0, x1, y1, body FROM riders
                 WHERE frame BETWEEN ?1 AND ?2 ORDER BY frame, track",
            )
            .of_file(&self.path)?;
        let mut rows = select.query(params![first, last]).of_file(&self.path)?;
        let mut frames: Vec<(u64, Vec<RiderFrame>)> = Vec::new();
        while let Some(row) = rows.next().of_file(&self.path)? {
            let frame = row.get::<_, i64>(0).of_file(&self.path)?.unsigned_abs();
            let rider = RiderFrame {
                track: TrackId(row.get(1).of_file(&self.path)?),
                provenance: self.provenance(row)?,
                score: real(row, 3).of_file(&self.path)?,
                bbox: bbox(row, 4).of_file(&self.path)?,
                body: body(row, 8, &self.path)?,
            };
            match frames.last_mut() {
                Some((number, riders)) if *number == frame => riders.push(rider),
                _ => frames.push((frame, vec![rider])),
            }
        }
        Ok(frames)
    }

    fn provenance(&self, row: &Row<'_>) -> Result<Provenance, StoreError> {
        let name = row.get_ref(2).of_file(&self.path)?.as_str().unwrap_or_default();
        Provenance::ALL.into_iter().find(|p| p.name() == name).ok_or_else(|| StoreError::Corrupt {
            path: self.path.clone(),
            cause: format!("unknown provenance '{name}'"),
        })
    }

    fn required<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<T, StoreError> {
        meta::get(&self.conn, &self.path, key)?.ok_or_else(|| StoreError::Corrupt {
            path: self.path.clone(),
            cause: format!("{key} is missing"),
        })
    }
}

/// The frames `first` to `last`, without observations.
fn frame_rows(conn: &Connection, first: i64, last: i64) -> rusqlite::Result<Vec<FrameRecord>> {
    let query = if schema::has_changes(conn)? {
        "SELECT f.frame, f.pts, f.pts_s, f.warning, c.difference
         FROM frames f LEFT JOIN changes c ON c.frame = f.frame
         WHERE f.frame BETWEEN ?1 AND ?2 ORDER BY f.frame"
    } else {
        "SELECT frame, pts, pts_s, warning, NULL FROM frames WHERE frame BETWEEN ?1 AND ?2 ORDER BY frame"
    };
    conn.prepare_cached(query)?
        .query_map(params![first, last], |row| {
            Ok(FrameRecord {
                frame: row.get::<_, i64>(0)?.unsigned_abs(),
                pts: row.get(1)?,
                pts_s: row.get(2)?,
                change: row.get::<_, Option<f64>>(4)?.map(|difference| difference as f32),
                observations: Vec::new(),
                evidence: FrameEvidence::default(),
                warning: row.get(3)?,
            })
        })?
        .collect()
}

/// First and last frame of `range` in SQLite's integers; the last is before the first where it is empty.
fn bounds(range: &impl RangeBounds<u64>) -> (i64, i64) {
    let clamp = |frame: u64| i64::try_from(frame).unwrap_or(i64::MAX);
    let first = match range.start_bound() {
        Bound::Included(&frame) => clamp(frame),
        Bound::Excluded(&frame) => clamp(frame).saturating_add(1),
        Bound::Unbounded => 0,
    };
    let last = match range.end_bound() {
        Bound::Included(&frame) => clamp(frame),
        Bound::Excluded(&frame) => clamp(frame) - 1,
        Bound::Unbounded => i64::MAX,
    };
    (first, last)
}

/// A number that was a NaN where it is NULL.
fn real(row: &Row<'_>, column: usize) -> rusqlite::Result<f32> {
    // Written from an f32, so that nothing is lost.
    Ok(row.get::<_, Option<f64>>(column)?.map_or(f32::NAN, |value| value as f32))
}

pub(super) fn bbox(row: &Row<'_>, column: usize) -> rusqlite::Result<BBox> {
    Ok(BBox::new(real(row, column)?, real(row, column + 1)?, real(row, column + 2)?, real(row, column + 3)?))
}

fn body(row: &Row<'_>, column: usize, path: &Path) -> Result<Option<BodyEstimate>, StoreError> {
    let bytes = row.get_ref(column).and_then(|value| Ok(value.as_blob_or_null()?)).of_file(path)?;
    bytes
        .map(|bytes| {
            body_codec::decode(bytes).map_err(|cause| StoreError::Corrupt { path: path.to_owned(), cause })
        })
        .transpose()
}
