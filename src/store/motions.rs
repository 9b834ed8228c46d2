//! How the camera moved, frame by frame, without all else that is stored of a frame.

use glam::Vec2;

use super::error::{OfFile, StoreError};
use super::open::AnalysisStore;
use crate::types::{CameraMotion, Similarity};

impl AnalysisStore {
    /// How the camera moved into each of the clip's first `frames` frames; unavailable where no analysis has told.
    ///
    /// # Errors
    /// SQLite's.
    pub fn motions(&self, frames: usize) -> Result<Vec<CameraMotion>, StoreError> {
        let mut motions = vec![CameraMotion::Unavailable; frames];
        let table = "SELECT count(*) FROM sqlite_schema WHERE name = 'motions'";
        if self.conn.query_row(table, [], |row| row.get::<_, i64>(0)).of_file(&self.path)? == 0 {
            return Ok(motions);
        }
        let mut select =
            self.conn.prepare_cached("SELECT frame, a, b, x, y FROM motions").of_file(&self.path)?;
        let mut rows = select.query([]).of_file(&self.path)?;
        while let Some(row) = rows.next().of_file(&self.path)? {
            let number = |column| row.get::<_, f64>(column).map(|number| number as f32).of_file(&self.path);
            let frame = row.get::<_, i64>(0).of_file(&self.path)?;
            let motion =
                Similarity { a: number(1)?, b: number(2)?, shift_px: Vec2::new(number(3)?, number(4)?) };
            let slot = usize::try_from(frame).ok().and_then(|frame| motions.get_mut(frame));
            if let Some(slot) = slot.filter(|_| motion.is_usable()) {
                *slot = CameraMotion::Known(motion);
            }
        }
        Ok(motions)
    }
}

#[cfg(test)]
mod tests {
    use super::super::OpenMode;
    use super::super::samples::{fingerprint, key, records};
    use super::*;

    #[test]
    fn motions_come_back_by_frame_and_are_unknown_in_files_without_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.snowmesh");
        let (mut store, _) = AnalysisStore::open(&path, &fingerprint(), &key(), OpenMode::Resume).unwrap();
        let records = records(0..5);
        store.append(&records).unwrap();
        let motions = store.motions(7).unwrap();
        assert_eq!(motions.len(), 7);
        for record in &records {
            assert_eq!(motions[record.frame as usize], record.evidence.motion);
        }
        assert_eq!(motions[5..], [CameraMotion::Unavailable; 2]);
        store.conn.execute_batch("DROP TABLE motions").unwrap();
        assert_eq!(store.motions(2).unwrap(), [CameraMotion::Unavailable; 2]);
    }
}
