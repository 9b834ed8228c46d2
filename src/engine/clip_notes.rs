//! The user's notes on a clip, in its analysis file.

use std::path::Path;

use super::EngineError;
use crate::store::{self, AnalysisStore, OpenMode};
use crate::types::moments::ClipNotes;

/// The notes in the analysis file of `clip`; none where there is no such file.
///
/// # Errors
/// [`EngineError::Store`] where it cannot be read.
pub fn load_notes(clip: &Path) -> Result<ClipNotes, EngineError> {
    let store = store::default_path(clip);
    if !store.exists() {
        return Ok(ClipNotes::default());
    }
    Ok(AnalysisStore::open_read_only(&store)?.notes()?)
}

/// Writes the notes into the analysis file of `clip`, which must be there.
///
/// # Errors
/// [`EngineError::Store`] where it is not there or is being written.
pub fn save_notes(clip: &Path, notes: &ClipNotes) -> Result<(), EngineError> {
    let store = store::default_path(clip);
    let reader = AnalysisStore::open_read_only(&store)?;
    let (clip, key) = (reader.clip()?, reader.run_key()?);
    drop(reader);
    let (mut store, _) = AnalysisStore::open(&store, &clip, &key, OpenMode::Resume)?;
    Ok(store.write_notes(notes)?)
}
