//! The shapes of those whom the detector saw, in the analysis: a row for each frame that has any.
//!
//! A row holds for each mask its box as four 32-bit floating point numbers and what [`mask_codec`] makes of it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::error::{OfFile, StoreError};
use super::open::AnalysisStore;
use super::record::FrameRecord;
use super::{mask_codec, schema};
use crate::types::{BBox, Detection, Mask};

/// Came after the first tables and is not needed to read them.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS masks (frame INTEGER PRIMARY KEY, count INTEGER NOT NULL, masks BLOB NOT NULL);";

/// Bytes of a box.
const BOX_LEN: usize = 16;

/// Replaces what is stored of frame `frame`.
pub(super) fn write(tx: &Transaction<'_>, frame: i64, masks: &[Mask], path: &Path) -> Result<(), StoreError> {
    if masks.is_empty() {
        return tx
            .prepare_cached("DELETE FROM masks WHERE frame = ?1")
            .and_then(|mut row| row.execute([frame]))
            .map(|_| ())
            .of_file(path);
    }
    let corners = |mask: &Mask| [mask.bbox.min.x, mask.bbox.min.y, mask.bbox.max.x, mask.bbox.max.y];
    let mut bytes: Vec<u8> = masks.iter().flat_map(corners).flat_map(f32::to_le_bytes).collect();
    bytes.extend(mask_codec::encode(masks));
    tx.prepare_cached("INSERT OR REPLACE INTO masks (frame, count, masks) VALUES (?1, ?2, ?3)")
        .and_then(|mut row| row.execute(params![frame, masks.len() as i64, bytes]))
        .map(|_| ())
        .of_file(path)
}

/// Adds what is stored of the frames of `records`, which ascend.
pub(super) fn read(conn: &Connection, records: &mut [FrameRecord], path: &Path) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
    for (frame, masks) in between(conn, [first.frame, last.frame], path)? {
        if let Ok(at) = records.binary_search_by_key(&frame, |record| record.frame) {
            records[at].evidence.masks = masks;
        }
    }
    Ok(())
}

impl AnalysisStore {
    /// The masks of every frame that has any.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where they can't be decoded; SQLite's.
    pub fn masks(&self) -> Result<BTreeMap<u64, Vec<Mask>>, StoreError> {
        between(&self.conn, [0, u64::MAX], &self.path)
    }
}

fn between(conn: &Connection, range: [u64; 2], path: &Path) -> Result<BTreeMap<u64, Vec<Mask>>, StoreError> {
    if !schema::has_table(conn, "masks").of_file(path)? {
        return Ok(BTreeMap::new());
    }
    let range = range.map(|frame| i64::try_from(frame).unwrap_or(i64::MAX));
    let mut select = conn
        .prepare_cached("SELECT frame, count, masks FROM masks WHERE frame BETWEEN ?1 AND ?2")
        .of_file(path)?;
    let mut rows = select.query(range).of_file(path)?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next().of_file(path)? {
        let frame = row.get::<_, i64>(0).of_file(path)?.unsigned_abs();
        let count = usize::try_from(row.get::<_, i64>(1).of_file(path)?).unwrap_or(0);
        let blob = row.get_ref(2).of_file(path)?.as_blob().unwrap_or_default();
        let masks = decode(blob, count).ok_or_else(|| StoreError::Corrupt {
            path: path.to_owned(),
            cause: format!("masks of {} bytes in frame {frame}", blob.len()),
        })?;
        found.insert(frame, masks);
    }
    Ok(found)
}

fn decode(blob: &[u8], count: usize) -> Option<Vec<Mask>> {
    let (boxes, masks) = blob.split_at_checked(count.checked_mul(BOX_LEN)?)?;
    let bbox = |bytes: &[u8; BOX_LEN]| {
        let mut corners = [0.0; 4];
        for (corner, bytes) in corners.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *corner = f32::from_le_bytes(*bytes);
        }
        let [left, top, right, bottom] = corners;
        Detection { bbox: BBox::new(left, top, right, bottom), score: 1.0 }
    };
    let boxes: Vec<Detection> = boxes.as_chunks::<BOX_LEN>().0.iter().map(bbox).collect();
    mask_codec::decode(masks, &boxes)
}

#[cfg(test)]
mod tests {
    use super::super::{OpenMode, samples};
    use super::*;

    fn mask(left: f32, side: usize) -> Mask {
        let codes = (0..side * side).map(|place| if place % 3 == 0 { 255 } else { 0 }).collect();
        Mask { bbox: BBox::new(left, 1.25, left + 20.0, 60.5), side, codes }
    }

    #[test]
    fn masks_are_kept_with_their_frames_and_go_with_the_analysis() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.snowmesh");
        let (clip, key) = (samples::fingerprint(), samples::key());
        let (mut store, _) = AnalysisStore::open(&path, &clip, &key, OpenMode::Resume).unwrap();
        let mut record = samples::record(0);
        record.evidence.masks = vec![mask(3.5, 28), mask(-7.0, 5)];
        store.append(&[record.clone(), samples::record(1)]).unwrap();
        drop(store);
        let (store, _) = AnalysisStore::open(&path, &clip, &key, OpenMode::Resume).unwrap();
        assert_eq!(store.masks().unwrap(), BTreeMap::from([(0, record.evidence.masks.clone())]));
        assert_eq!(store.observations(0..2).unwrap()[0], record);
        drop(store);
        let (store, _) = AnalysisStore::open(&path, &clip, &key, OpenMode::Restart).unwrap();
        assert!(store.masks().unwrap().is_empty());
    }

    #[test]
    fn bytes_that_are_no_masks_are_told() {
        assert!(decode(&[0; 15], 1).is_none() && decode(&[0; 17], 1).is_none());
        assert!(decode(&[], usize::MAX).is_none());
        assert_eq!(decode(&[], 0), Some(Vec::new()));
    }
}
