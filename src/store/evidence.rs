//! What a picture tells of who is who, as rows.
//!
//! Surface colours are a blob: version byte 1; 64 bytes of bits, one a patch, the lowest first, set where the patch is
//! seen; then red, green, blue and weight of each patch that is, in order.

use std::path::Path;

use glam::Vec2;
use rusqlite::{Connection, Transaction, params};

use super::error::{OfFile, StoreError};
use super::open::AnalysisStore;
use super::read;
use super::record::FrameRecord;
use crate::types::appearance::{PATCH_COUNT, Patch};
use crate::types::{BBox, CameraMotion, FrameEvidence, Similarity, SurfaceColors};

/// Came after the first tables and is not needed to read them, as the table of changes. A frame whose camera motion is
/// not known has no row.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS motions (
        frame INTEGER PRIMARY KEY, a REAL NOT NULL, b REAL NOT NULL, x REAL NOT NULL, y REAL NOT NULL
    );
    CREATE TABLE IF NOT EXISTS appearances (
        frame INTEGER NOT NULL, ord INTEGER NOT NULL, colors BLOB NOT NULL, PRIMARY KEY (frame, ord)
    );";

const VERSION: u8 = 1;
const MASK_BYTES: usize = PATCH_COUNT / 8;

/// Replaces what is stored of frame `frame`.
pub(super) fn write(
    tx: &Transaction<'_>,
    frame: i64,
    evidence: &FrameEvidence,
    path: &Path,
) -> Result<(), StoreError> {
    match evidence.motion.known().filter(|motion| motion.is_usable()) {
        Some(Similarity { a, b, shift_px }) => tx
            .prepare_cached("INSERT OR REPLACE INTO motions (frame, a, b, x, y) VALUES (?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut row| {
                let [a, b, x, y] = [*a, *b, shift_px.x, shift_px.y].map(f64::from);
                row.execute(params![frame, a, b, x, y])
            }),
        None => {
            tx.prepare_cached("DELETE FROM motions WHERE frame = ?1").and_then(|mut row| row.execute([frame]))
        }
    }
    .of_file(path)?;
    tx.prepare_cached("DELETE FROM appearances WHERE frame = ?1")
        .and_then(|mut row| row.execute([frame]))
        .of_file(path)?;
    let mut blob = Vec::new();
    for (ord, colors) in (0_i64..).zip(&evidence.appearances) {
        let Some(colors) = colors else { continue };
        encode(colors, &mut blob);
        tx.prepare_cached("INSERT INTO appearances (frame, ord, colors) VALUES (?1, ?2, ?3)")
            .and_then(|mut row| row.execute(params![frame, ord, blob]))
            .of_file(path)?;
    }
    Ok(())
}

/// Adds what is stored of the frames of `records`, which ascend and have their observations.
pub(super) fn read(conn: &Connection, records: &mut [FrameRecord], path: &Path) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
    if !has_tables(conn).of_file(path)? {
        return Ok(());
    }
    // Numbers that came out of the file fit into it.
    let range = [first.frame, last.frame].map(|frame| i64::try_from(frame).unwrap_or(i64::MAX));
    let mut select = conn
        .prepare_cached("SELECT frame, a, b, x, y FROM motions WHERE frame BETWEEN ?1 AND ?2")
        .of_file(path)?;
    let mut rows = select.query(range).of_file(path)?;
    while let Some(row) = rows.next().of_file(path)? {
        let number = |column| row.get::<_, f64>(column).map(|number| number as f32).of_file(path);
        let motion = Similarity { a: number(1)?, b: number(2)?, shift_px: Vec2::new(number(3)?, number(4)?) };
        if let Some(record) = find(records, row.get(0).of_file(path)?).filter(|_| motion.is_usable()) {
            record.evidence.motion = CameraMotion::Known(motion);
        }
    }
    let mut select = conn
        .prepare_cached("SELECT frame, ord, colors FROM appearances WHERE frame BETWEEN ?1 AND ?2")
        .of_file(path)?;
    let mut rows = select.query(range).of_file(path)?;
    while let Some(row) = rows.next().of_file(path)? {
        let (frame, ord): (i64, i64) = (row.get(0).of_file(path)?, row.get(1).of_file(path)?);
        let Some(record) = find(records, frame) else { continue };
        record.evidence.appearances.resize(record.observations.len(), None);
        let slot = usize::try_from(ord).ok().and_then(|ord| record.evidence.appearances.get_mut(ord));
        let blob = row.get_ref(2).of_file(path)?.as_blob().unwrap_or_default();
        if let Some(slot) = slot {
            *slot = Some(colors(blob, frame.unsigned_abs(), path)?);
        }
    }
    Ok(())
}

impl AnalysisStore {
    /// Hands every frame's surface colours to `take`, ascending, each with its frame and the box of its observation.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where colours can't be decoded; SQLite's.
    pub fn each_appearance(
        &self,
        mut take: impl FnMut(u64, &BBox, &SurfaceColors),
    ) -> Result<(), StoreError> {
        let path = &self.path;
        if !has_tables(&self.conn).of_file(path)? {
            return Ok(());
        }
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT frame, x0, y0, x1, y1, colors FROM appearances JOIN observations USING (frame, ord)
                 ORDER BY frame, ord",
            )
            .of_file(path)?;
        let mut rows = select.query([]).of_file(path)?;
        while let Some(row) = rows.next().of_file(path)? {
            let frame = row.get::<_, i64>(0).of_file(path)?.unsigned_abs();
            let bbox = read::bbox(row, 1).of_file(path)?;
            take(
                frame,
                &bbox,
                &colors(row.get_ref(5).of_file(path)?.as_blob().unwrap_or_default(), frame, path)?,
            );
        }
        Ok(())
    }
}

/// The colours in `blob`.
fn colors(blob: &[u8], frame: u64, path: &Path) -> Result<SurfaceColors, StoreError> {
    decode(blob).ok_or_else(|| StoreError::Corrupt {
        path: path.to_owned(),
        cause: format!("surface colours of {} bytes in frame {frame}", blob.len()),
    })
}

fn find(records: &mut [FrameRecord], frame: i64) -> Option<&mut FrameRecord> {
    let at = records.binary_search_by_key(&frame.unsigned_abs(), |record| record.frame).ok()?;
    records.get_mut(at)
}

fn has_tables(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row(
        "SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('motions', 'appearances')",
        [],
        |row| row.get(0),
    )
}

fn encode(colors: &SurfaceColors, out: &mut Vec<u8>) {
    out.clear();
    out.resize(1 + MASK_BYTES, 0);
    out[0] = VERSION;
    for (index, patch) in colors.patches().iter().enumerate() {
        if patch.weight > 0 {
            out[1 + index / 8] |= 1 << (index % 8);
            out.extend_from_slice(&patch.rgb);
            out.push(patch.weight);
        }
    }
}

fn decode(bytes: &[u8]) -> Option<SurfaceColors> {
    let (mask, seen) = bytes.strip_prefix(&[VERSION])?.split_at_checked(MASK_BYTES)?;
    let (mut words, rest) = {
        let (words, rest) = seen.as_chunks::<4>();
        (words.iter(), rest)
    };
    let mut colors = SurfaceColors::default();
    for (index, patch) in colors.patches_mut().iter_mut().enumerate() {
        if mask[index / 8] >> (index % 8) & 1 == 1 {
            let [r, g, b, weight] = *words.next()?;
            *patch = Patch { rgb: [r, g, b], weight };
        }
    }
    (words.len() == 0 && rest.is_empty()).then_some(colors)
}

#[cfg(test)]
mod tests {
    use super::super::OpenMode;
    use super::super::samples::{fingerprint, key, record, records};
    use super::*;

    #[test]
    fn a_file_from_before_evidence_was_kept_is_read_and_completed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.snowmesh");
        let open = || AnalysisStore::open(&path, &fingerprint(), &key(), OpenMode::Resume).unwrap().0;
        let mut store = open();
        store.append(&records(0..5)).unwrap();
        store.conn.execute_batch("DROP TABLE motions; DROP TABLE appearances;").unwrap();
        drop(store);
        let read = AnalysisStore::open_read_only(&path).unwrap().observations(..).unwrap();
        assert_eq!(read[4], FrameRecord { evidence: FrameEvidence::default(), ..record(4) });
        let mut store = open();
        store.append(&records(5..8)).unwrap();
        assert_eq!(store.observations(5..).unwrap(), records(5..8));
        // A frame written again leaves nothing of what was known before.
        store.append(&[FrameRecord { evidence: FrameEvidence::default(), ..record(5) }]).unwrap();
        assert_eq!(store.observations(5..6).unwrap()[0].evidence, FrameEvidence::default());
    }

    #[test]
    fn colours_are_laid_out_as_documented_and_no_other_bytes_are_read() {
        let mut colors = SurfaceColors::default();
        colors.patches_mut()[9] = Patch { rgb: [1, 2, 3], weight: 4 };
        let mut bytes = Vec::new();
        encode(&colors, &mut bytes);
        let mut expected = vec![0; 65];
        (expected[0], expected[2]) = (1, 0b10);
        expected.extend([1, 2, 3, 4]);
        assert_eq!(bytes, expected);
        assert_eq!(decode(&bytes), Some(colors));
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len]), None);
        }
        bytes.push(0);
        assert_eq!(decode(&bytes), None);
    }

    #[test]
    fn every_appearance_comes_with_its_frame_and_box() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.snowmesh");
        let (mut store, _) = AnalysisStore::open(&path, &fingerprint(), &key(), OpenMode::Resume).unwrap();
        store.append(&records(0..6)).unwrap();
        let mut found = Vec::new();
        store.each_appearance(|frame, bbox, colors| found.push((frame, *bbox, colors.clone()))).unwrap();
        let expected: Vec<_> = records(0..6)
            .iter()
            .filter_map(|r| {
                Some((r.frame, r.observations.first()?.detection.bbox, r.evidence.appearance(0)?.clone()))
            })
            .collect();
        assert_eq!((found.len(), found == expected), (4, true));
    }

    #[test]
    fn damaged_colours_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.snowmesh");
        let (mut store, _) = AnalysisStore::open(&path, &fingerprint(), &key(), OpenMode::Resume).unwrap();
        store.append(&records(0..3)).unwrap();
        store.conn.execute("UPDATE appearances SET colors = x'0102'", []).unwrap();
        assert!(matches!(store.observations(..), Err(StoreError::Corrupt { .. })));
    }
}
