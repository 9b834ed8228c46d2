//! What each detector found that was compared on the clip. The runs stand beside the analysis and are no part of it.

use rusqlite::{OptionalExtension, TransactionBehavior, params};

use super::error::{OfFile, StoreError};
use super::mask_codec;
use super::open::{Access, AnalysisStore};
use super::schema;
use crate::types::detector_run::{DetectedFrame, DetectorRun, DetectorRunInfo};
use crate::types::{BBox, Detection};

/// Bytes of a detection: left, top, right, bottom, score as 32-bit little-endian floating point numbers.
const DETECTION_LEN: usize = 20;

impl AnalysisStore {
    /// Keeps a detector's run in the place of an earlier one of the same detector.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] where the file is open to read or belongs to another content of the clip;
    /// SQLite's.
    pub fn write_detector_run(&mut self, run: &DetectorRun) -> Result<(), StoreError> {
        if let Access::Read(reason) = self.access {
            return Err(self.refused(reason));
        }
        let path = &self.path;
        let info = serde_json::to_string(&run.info)
            .map_err(|error| StoreError::Invalid { path: path.clone(), cause: error.to_string() })?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).of_file(path)?;
        {
            let detector = &run.info.detector;
            tx.execute("DELETE FROM detector_frames WHERE detector = ?1", [detector]).of_file(path)?;
            tx.execute(
                "INSERT OR REPLACE INTO detector_runs (detector, info) VALUES (?1, ?2)",
                params![detector, info],
            )
            .of_file(path)?;
            tx.execute("DELETE FROM detector_masks WHERE detector = ?1", [detector]).of_file(path)?;
            let mut shape = tx
                .prepare_cached("INSERT INTO detector_masks (detector, frame, masks) VALUES (?1, ?2, ?3)")
                .of_file(path)?;
            let mut row = tx
                .prepare_cached(
                    "INSERT INTO detector_frames (detector, frame, latency_ms, found) VALUES (?1, ?2, ?3, ?4)",
                )
                .of_file(path)?;
            let mut found = Vec::new();
            for (frame, seen) in (0_i64..).zip(&run.frames) {
                found.clear();
                for Detection { bbox, score } in &seen.detections {
                    let numbers = [bbox.min.x, bbox.min.y, bbox.max.x, bbox.max.y, *score];
                    found.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
                }
                row.execute(params![detector, frame, f64::from(seen.latency_ms), found]).of_file(path)?;
                if !seen.masks.is_empty() {
                    shape.execute(params![detector, frame, mask_codec::encode(&seen.masks)]).of_file(path)?;
                }
            }
        }
        tx.commit().of_file(path)
    }

    /// The kept run of a detector; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where it cannot be read; SQLite's.
    pub fn detector_run(&self, detector: &str) -> Result<Option<DetectorRun>, StoreError> {
        let path = &self.path;
        let corrupt = |cause: String| StoreError::Corrupt { path: path.clone(), cause };
        if !schema::has_table(&self.conn, "detector_runs").of_file(path)? {
            return Ok(None);
        }
        let info: Option<String> = self
            .conn
            .query_row("SELECT info FROM detector_runs WHERE detector = ?1", [detector], |row| row.get(0))
            .optional()
            .of_file(path)?;
        let Some(info) = info else { return Ok(None) };
        let info: DetectorRunInfo =
            serde_json::from_str(&info).map_err(|error| corrupt(error.to_string()))?;
        let mut rows = self
            .conn
            .prepare("SELECT latency_ms, found FROM detector_frames WHERE detector = ?1 ORDER BY frame")
            .of_file(path)?;
        let frames = rows
            .query_map([detector], |row| Ok((row.get::<_, Option<f64>>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .of_file(path)?;
        let mut run = DetectorRun { info, frames: Vec::new() };
        for frame in frames {
            let (latency_ms, found) = frame.of_file(path)?;
            let (rows, rest) = found.as_chunks::<DETECTION_LEN>();
            if !rest.is_empty() {
                return Err(corrupt(format!("detections of {} bytes", found.len())));
            }
            let detections = rows.iter().map(detection).collect();
            // SQLite keeps what is no number as NULL.
            let latency_ms = latency_ms.map_or(f32::NAN, |ms| ms as f32);
            run.frames.push(DetectedFrame { latency_ms, detections, masks: Vec::new() });
        }
        self.read_masks(&mut run)?;
        Ok(Some(run))
    }

    /// Fills in the masks of a run; a file from before there were any has none.
    fn read_masks(&self, run: &mut DetectorRun) -> Result<(), StoreError> {
        let path = &self.path;
        if !schema::has_table(&self.conn, "detector_masks").of_file(path)? {
            return Ok(());
        }
        let mut rows =
            self.conn.prepare("SELECT frame, masks FROM detector_masks WHERE detector = ?1").of_file(path)?;
        let kept = rows
            .query_map([&run.info.detector], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .of_file(path)?;
        for kept in kept {
            let (index, bytes) = kept.of_file(path)?;
            let corrupt =
                || StoreError::Corrupt { path: path.clone(), cause: format!("masks of frame {index}") };
            let frame = usize::try_from(index).ok().and_then(|index| run.frames.get_mut(index));
            let frame = frame.ok_or_else(corrupt)?;
            frame.masks = mask_codec::decode(&bytes, &frame.detections).ok_or_else(corrupt)?;
        }
        Ok(())
    }
}

fn detection(bytes: &[u8; DETECTION_LEN]) -> Detection {
    let mut numbers = [0.0; 5];
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *number = f32::from_le_bytes(*bytes);
    }
    let [left, top, right, bottom, score] = numbers;
    Detection { bbox: BBox::new(left, top, right, bottom), score }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::super::{AnalysisStore, OpenMode};
    use super::*;
    use crate::types::Mask;

    fn run(detector: &str, frames: usize) -> DetectorRun {
        let frame = |index: usize| DetectedFrame {
            latency_ms: index as f32,
            detections: (0..index)
                .map(|i| Detection {
                    bbox: BBox::new(i as f32, 1.5, 30.0, 40.25),
                    score: 0.9 / (i + 1) as f32,
                })
                .collect(),
            masks: Vec::new(),
        };
        let info = DetectorRunInfo {
            detector: detector.to_owned(),
            key: "k".to_owned(),
            load_s: 0.25,
            ..DetectorRunInfo::default()
        };
        DetectorRun { info, frames: (0..frames).map(frame).collect() }
    }

    #[test]
    fn runs_come_back_as_they_were_and_survive_the_analysis_but_not_another_clip() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.snowmesh");
        let (clip, key) = (samples::fingerprint(), samples::key());
        let (mut store, _) = AnalysisStore::open(&path, &clip, &key, OpenMode::Resume).unwrap();
        store.write_detector_run(&run("a", 7)).unwrap();
        store.write_detector_run(&run("b", 3)).unwrap();
        store.write_detector_run(&run("a", 4)).unwrap();
        drop(store);
        let store = AnalysisStore::open_read_only(&path).unwrap();
        assert_eq!(store.detector_run("a").unwrap(), Some(run("a", 4)));
        assert_eq!(store.detector_run("c").unwrap(), None);
        assert_eq!(store.detector_run("b").unwrap(), Some(run("b", 3)));
        drop(store);
        let (mut store, _) = AnalysisStore::open(&path, &clip, &key, OpenMode::Restart).unwrap();
        assert_eq!(store.detector_run("a").unwrap(), Some(run("a", 4)));
        let other = crate::store::ClipFingerprint { content_sha256_of_samples: "other".to_owned(), ..clip };
        store.restart(&other, &key).unwrap();
        assert_eq!(store.detector_run("a").unwrap(), None);
    }

    #[test]
    fn masks_come_back_with_their_boxes_and_go_with_the_next_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.snowmesh");
        let (mut store, _) =
            AnalysisStore::open(&path, &samples::fingerprint(), &samples::key(), OpenMode::Resume).unwrap();
        let mut kept = run("a", 3);
        let bboxes = kept.frames[2].detections.iter().map(|detection| detection.bbox);
        kept.frames[2].masks = bboxes
            .map(|bbox| Mask { bbox, side: 3, codes: vec![0, 255, 0, 255, 255, 255, 0, 255, 0] })
            .collect();
        store.write_detector_run(&kept).unwrap();
        assert_eq!(store.detector_run("a").unwrap(), Some(kept));
        store.write_detector_run(&run("a", 3)).unwrap();
        assert_eq!(store.detector_run("a").unwrap(), Some(run("a", 3)));
    }

    #[test]
    fn a_frame_without_a_time_keeps_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.snowmesh");
        let (mut store, _) =
            AnalysisStore::open(&path, &samples::fingerprint(), &samples::key(), OpenMode::Resume).unwrap();
        let mut kept = run("a", 2);
        kept.frames[1].latency_ms = f32::NAN;
        store.write_detector_run(&kept).unwrap();
        assert!(store.detector_run("a").unwrap().unwrap().frames[1].latency_ms.is_nan());
    }
}
