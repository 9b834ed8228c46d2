//! Writing an analysis, batch by batch.

use std::path::Path;

use rusqlite::{TransactionBehavior, params};

use super::body_codec;
use super::error::{OfFile, StoreError};
use super::evidence;
use super::masks;
use super::meta;
use super::open::{Access, AnalysisStore};
use super::record::FrameRecord;
use crate::types::edits::EditLog;
use crate::types::{BBox, BodyEstimate, RiderFrame, RunSummary, Track};

impl AnalysisStore {
    /// Adds `records` in one transaction: all of them are on disk afterwards, or none. A frame that is already
    /// there is replaced.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] unless the store was opened new, resumed or restarted;
    /// [`StoreError::DiskFull`]; [`StoreError::Invalid`] for a time that is no number; SQLite's.
    pub fn append(&mut self, records: &[FrameRecord]) -> Result<(), StoreError> {
        match self.access {
            Access::Append => {}
            Access::Finished => return Err(self.refused("is finished")),
            Access::Read(reason) => return Err(self.refused(reason)),
        }
        let path = &self.path;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).of_file(path)?;
        {
            let mut frame_row = tx
                .prepare_cached(
                    "INSERT OR REPLACE INTO frames (frame, pts, pts_s, warning) VALUES (?1, ?2, ?3, ?4)",
                )
                .of_file(path)?;
            let mut change_row = tx
                .prepare_cached("INSERT OR REPLACE INTO changes (frame, difference) VALUES (?1, ?2)")
                .of_file(path)?;
            let mut no_change = tx.prepare_cached("DELETE FROM changes WHERE frame = ?1").of_file(path)?;
            let mut clear = tx.prepare_cached("DELETE FROM observations WHERE frame = ?1").of_file(path)?;
            let mut observation_row = tx
                .prepare_cached(
                    "INSERT INTO observations (frame, ord, score, x0, y0, x1, y1, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )
                .of_file(path)?;
            let mut blob = Vec::new();
            for record in records {
                if !record.pts_s.is_finite() {
                    let cause = format!("frame {} has no valid time", record.frame);
                    return Err(StoreError::Invalid { path: path.clone(), cause });
                }
                let frame = integer(record.frame, path)?;
                frame_row.execute(params![frame, record.pts, record.pts_s, record.warning]).of_file(path)?;
                match record.change.filter(|change| change.is_finite()) {
                    Some(change) => change_row.execute(params![frame, f64::from(change)]).of_file(path)?,
                    None => no_change.execute([frame]).of_file(path)?,
                };
                evidence::write(&tx, frame, &record.evidence, path)?;
                masks::write(&tx, frame, &record.evidence.masks, path)?;
                clear.execute([frame]).of_file(path)?;
                for (ord, observation) in (0_i64..).zip(&record.observations) {
                    let [x0, y0, x1, y1] = corners(&observation.detection.bbox);
                    let body = encoded(observation.body.as_ref(), &mut blob);
                    let score = f64::from(observation.detection.score);
                    observation_row
                        .execute(params![frame, ord, score, x0, y0, x1, y1, body])
                        .of_file(path)?;
                }
            }
        }
        tx.commit().of_file(path)
    }

    /// Replaces all tracks in one transaction; riders are written by themselves ([`Self::write_riders`]).
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] where the file holds another clip's or key's frames or is open to read; SQLite's.
    pub fn write_tracks(&mut self, tracks: &[Track]) -> Result<(), StoreError> {
        if let Access::Read(reason) = self.access {
            return Err(self.refused(reason));
        }
        let path = &self.path;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).of_file(path)?;
        {
            tx.execute_batch("DELETE FROM tracks;").of_file(path)?;
            let mut track_row = tx
                .prepare_cached(
                    "INSERT INTO tracks (id, first_frame, last_frame, detected_frames, is_main)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )
                .of_file(path)?;
            for track in tracks {
                let span = [track.first_frame, track.last_frame, track.detected_frames];
                let [first, last, detected] = span.map(|number| integer(number, path));
                track_row
                    .execute(params![track.id.0, first?, last?, detected?, track.is_main])
                    .of_file(path)?;
            }
        }
        tx.commit().of_file(path)
    }

    /// Replaces the riders of the frames with these `numbers`, which ascend, in one transaction: `riders[i]` are those of
    /// `numbers[i]`, and of numbers past their end there are none.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] as [`Self::write_tracks`]; [`StoreError::Invalid`] where there are more `riders` than
    /// `numbers`; SQLite's.
    pub fn write_riders(&mut self, numbers: &[u64], riders: &[Vec<RiderFrame>]) -> Result<(), StoreError> {
        if let Access::Read(reason) = self.access {
            return Err(self.refused(reason));
        }
        let path = &self.path;
        if riders.len() > numbers.len() {
            let cause = format!("riders of {} frames for {}", riders.len(), numbers.len());
            return Err(StoreError::Invalid { path: path.clone(), cause });
        }
        let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) else { return Ok(()) };
        let ends = [integer(first, path)?, integer(last, path)?];
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).of_file(path)?;
        {
            tx.prepare_cached("DELETE FROM riders WHERE frame BETWEEN ?1 AND ?2")
                .and_then(|mut clear| clear.execute(ends))
                .of_file(path)?;
            let mut rider_row = tx
                .prepare_cached(
                    "INSERT INTO riders (frame, track, provenance, score, x0, y0, x1, y1, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )
                .of_file(path)?;
            let mut blob = Vec::new();
            for (frame, riders) in numbers.iter().zip(riders) {
                let frame = integer(*frame, path)?;
                for rider in riders {
                    let [x0, y0, x1, y1] = corners(&rider.bbox);
                    let body = encoded(rider.body.as_ref(), &mut blob);
                    let (provenance, score) = (rider.provenance.name(), f64::from(rider.score));
                    rider_row
                        .execute(params![frame, rider.track.0, provenance, score, x0, y0, x1, y1, body])
                        .of_file(path)?;
                }
            }
        }
        tx.commit().of_file(path)
    }

    /// Replaces what the user has changed about the tracks.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] as [`Self::write_tracks`]; SQLite's.
    pub fn write_edits(&mut self, edits: &EditLog) -> Result<(), StoreError> {
        if let Access::Read(reason) = self.access {
            return Err(self.refused(reason));
        }
        meta::set(&self.conn, &self.path, meta::EDITS, edits)
    }

    /// Notes that this sitting has taken `sitting_s` seconds of wall time so far; earlier sittings' time is added
    /// to it, so that [`Self::wall_s`] is the total even where a sitting was killed.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] as [`Self::write_tracks`]; [`StoreError::Invalid`] for a time that is no
    /// number; SQLite's.
    pub fn mark_wall_s(&mut self, sitting_s: f64) -> Result<(), StoreError> {
        if let Access::Read(reason) = self.access {
            return Err(self.refused(reason));
        }
        if !sitting_s.is_finite() {
            let cause = format!("a wall time of {sitting_s} s");
            return Err(StoreError::Invalid { path: self.path.clone(), cause });
        }
        meta::set(&self.conn, &self.path, meta::WALL_S, &(self.earlier_wall_s + sitting_s))
    }

    /// Marks the analysis complete and keeps `summary`, whose `wall_s` is the total over all sittings (see
    /// [`Self::wall_s`]). Afterwards the file is whole by itself and takes no more frames.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] as [`Self::write_tracks`]; SQLite's.
    pub fn finish(&mut self, summary: &RunSummary) -> Result<(), StoreError> {
        if let Access::Read(reason) = self.access {
            return Err(self.refused(reason));
        }
        let path = &self.path;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).of_file(path)?;
        meta::set(&tx, path, meta::SUMMARY, summary)?;
        meta::set(&tx, path, meta::WALL_S, &summary.wall_s)?;
        meta::set(&tx, path, meta::FINISHED, &true)?;
        tx.commit().of_file(path)?;
        self.access = Access::Finished;
        // Leaves write-ahead logging: the file is whole by itself, and reading it makes no companions beside the clip.
        // The analysis is complete without that: where a reader or a full disk is in the way, the log stays.
        let _ = self.conn.pragma_update(None, "journal_mode", "delete");
        Ok(())
    }
}

pub(super) fn integer(number: u64, path: &Path) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Invalid {
        path: path.to_owned(),
        cause: format!("a frame number of {number}"),
    })
}

fn corners(bbox: &BBox) -> [f64; 4] {
    [bbox.min.x, bbox.min.y, bbox.max.x, bbox.max.y].map(f64::from)
}

fn encoded<'a>(body: Option<&BodyEstimate>, blob: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    body_codec::encode(body?, blob);
    Some(blob)
}
