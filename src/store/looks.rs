//! What the detector said of each picture, kept while only one model fits into memory: the detector sees the whole clip
//! first, and the recoverer comes to a file that answers for it.

use std::collections::HashMap;

use rusqlite::{TransactionBehavior, params};

use super::error::{OfFile, StoreError};
use super::open::{Access, AnalysisStore};
use super::{mask_codec, schema};
use crate::types::{BBox, Detection, Mask};

/// The table; files have it from the first analysis of one model at a time on.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS looks (
    frame INTEGER PRIMARY KEY, picture BLOB NOT NULL, detections BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS look_masks (picture BLOB PRIMARY KEY, masks BLOB NOT NULL) WITHOUT ROWID;";

/// Bytes of a detection: corners and score, 32-bit floats, little endian.
const DETECTION_BYTES: usize = 20;

/// What identifies a picture.
pub type PictureKey = [u8; 16];

/// Who is seen in a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    /// Everybody, best first.
    pub detections: Vec<Detection>,
    /// Their shapes, in the same order; empty where the network gives none.
    pub masks: Vec<Mask>,
}

/// One look.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The frame.
    pub frame: u64,
    /// The picture that the detector was given.
    pub picture: PictureKey,
    /// What it said.
    pub sight: Sight,
}

impl AnalysisStore {
    /// Adds looks in one transaction.
    ///
    /// # Errors
    /// [`StoreError::NotAppendable`] unless the store was opened new, resumed or restarted; SQLite's.
    pub fn append_looks(&mut self, looks: &[Look]) -> Result<(), StoreError> {
        match self.access {
            Access::Append => {}
            Access::Finished => return Err(self.refused("is finished")),
            Access::Read(reason) => return Err(self.refused(reason)),
        }
        let path = &self.path;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).of_file(path)?;
        tx.execute_batch(TABLE).of_file(path)?;
        {
            let mut row = tx
                .prepare_cached(
                    "INSERT OR REPLACE INTO looks (frame, picture, detections) VALUES (?1, ?2, ?3)",
                )
                .of_file(path)?;
            for look in looks {
                let frame = super::write::integer(look.frame, path)?;
                row.execute(params![frame, look.picture, encode(&look.sight.detections)]).of_file(path)?;
            }
            let mut row = tx
                .prepare_cached("INSERT OR REPLACE INTO look_masks (picture, masks) VALUES (?1, ?2)")
                .of_file(path)?;
            for Look { picture, sight, .. } in looks.iter().filter(|look| !look.sight.masks.is_empty()) {
                row.execute(params![picture, mask_codec::encode(&sight.masks)]).of_file(path)?;
            }
        }
        tx.commit().of_file(path)
    }

    /// The first frame from `from` on that was not looked at.
    ///
    /// # Errors
    /// SQLite's.
    pub fn next_look(&self, from: u64) -> Result<u64, StoreError> {
        if !self.has_looks()? {
            return Ok(from);
        }
        let first = super::write::integer(from, &self.path)?;
        // Looks are written in order, so the highest one that is there has all others before it.
        let last: Option<i64> = self
            .conn
            .query_row("SELECT max(frame) FROM looks WHERE frame >= ?1", [first], |row| row.get(0))
            .of_file(&self.path)?;
        Ok(last.map_or(from, |last| last.unsigned_abs() + 1))
    }

    /// What was said of each picture.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a row cannot be read; SQLite's.
    pub fn looks(&self) -> Result<HashMap<PictureKey, Sight>, StoreError> {
        let mut found = HashMap::new();
        if !self.has_looks()? {
            return Ok(found);
        }
        let mut select =
            self.conn.prepare_cached("SELECT picture, detections FROM looks").of_file(&self.path)?;
        let mut rows = select.query([]).of_file(&self.path)?;
        while let Some(row) = rows.next().of_file(&self.path)? {
            let picture: PictureKey = row.get(0).of_file(&self.path)?;
            let blob = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).of_file(&self.path)?;
            let detections = decode(blob).ok_or_else(|| StoreError::Corrupt {
                path: self.path.clone(),
                cause: format!("a look of {} bytes", blob.len()),
            })?;
            found.insert(picture, Sight { detections, masks: Vec::new() });
        }
        self.read_look_masks(&mut found)?;
        Ok(found)
    }

    fn read_look_masks(&self, found: &mut HashMap<PictureKey, Sight>) -> Result<(), StoreError> {
        let path = &self.path;
        // Looks from before there were masks have no such table.
        if !schema::has_table(&self.conn, "look_masks").of_file(path)? {
            return Ok(());
        }
        let mut select = self.conn.prepare_cached("SELECT picture, masks FROM look_masks").of_file(path)?;
        let mut rows = select.query([]).of_file(path)?;
        while let Some(row) = rows.next().of_file(path)? {
            let picture: PictureKey = row.get(0).of_file(path)?;
            let blob = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).of_file(path)?;
            let Some(sight) = found.get_mut(&picture) else { continue };
            sight.masks = mask_codec::decode(blob, &sight.detections).ok_or_else(|| StoreError::Corrupt {
                path: path.clone(),
                cause: format!("the masks of a look, {} bytes", blob.len()),
            })?;
        }
        Ok(())
    }

    /// Removes them: the analysis is finished.
    ///
    /// # Errors
    /// As [`Self::append_looks`].
    pub fn clear_looks(&mut self) -> Result<(), StoreError> {
        if let Access::Read(reason) = self.access {
            return Err(self.refused(reason));
        }
        let drop = "DROP TABLE IF EXISTS looks; DROP TABLE IF EXISTS look_masks";
        self.conn.execute_batch(drop).of_file(&self.path)
    }

    fn has_looks(&self) -> Result<bool, StoreError> {
        schema::has_table(&self.conn, "looks").of_file(&self.path)
    }
}

fn encode(detections: &[Detection]) -> Vec<u8> {
    let values = detections
        .iter()
        .flat_map(|Detection { bbox, score }| [bbox.min.x, bbox.min.y, bbox.max.x, bbox.max.y, *score]);
    values.flat_map(f32::to_le_bytes).collect()
}

fn decode(blob: &[u8]) -> Option<Vec<Detection>> {
    let (rows, rest) = blob.as_chunks::<DETECTION_BYTES>();
    let detection = |row: &[u8; DETECTION_BYTES]| {
        let (values, _) = row.as_chunks::<4>();
        let value = |at: usize| f32::from_le_bytes(values[at]);
        Detection { bbox: BBox::new(value(0), value(1), value(2), value(3)), score: value(4) }
    };
    rest.is_empty().then(|| rows.iter().map(detection).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{ClipFingerprint, OpenMode, RunKey};

    #[test]
    fn looks_come_back_to_the_bit_and_go_when_they_are_not_needed() {
        let folder = tempfile::tempdir().unwrap();
        let clip = folder.path().join("clip");
        std::fs::write(&clip, b"clip").unwrap();
        let open = |mode| {
            let fingerprint = ClipFingerprint::of(&clip).unwrap();
            AnalysisStore::open(&folder.path().join("a"), &fingerprint, &RunKey::default(), mode).unwrap().0
        };
        let mut store = open(OpenMode::Resume);
        assert_eq!((store.next_look(3).unwrap(), store.looks().unwrap().len()), (3, 0));
        let found = vec![Detection { bbox: BBox::new(0.1, -2.5, 1e-7, 4e6), score: 0.3 }];
        let masks = vec![Mask { bbox: found[0].bbox, side: 2, codes: vec![0, 255, 255, 0] }];
        let look = |frame, detections: &[Detection]| {
            let masks = if detections.is_empty() { Vec::new() } else { masks.clone() };
            let sight = Sight { detections: detections.to_vec(), masks };
            Look { frame, picture: [u8::try_from(frame).unwrap(); 16], sight }
        };
        store.append_looks(&[look(3, &found), look(4, &[])]).unwrap();
        drop(store);
        let mut store = open(OpenMode::Resume);
        assert_eq!(store.next_look(3).unwrap(), 5);
        assert_eq!(store.next_look(5).unwrap(), 5);
        let looks = store.looks().unwrap();
        assert_eq!(looks[&[3; 16]], Sight { detections: found.clone(), masks: masks.clone() });
        assert_eq!(looks[&[4; 16]], Sight::default());
        store.clear_looks().unwrap();
        assert!(store.looks().unwrap().is_empty());
        store.append_looks(&[look(3, &found)]).unwrap();
        drop(store);
        assert!(open(OpenMode::Restart).looks().unwrap().is_empty(), "another analysis has nothing to say");
    }
}
