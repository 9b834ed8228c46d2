//! Analyses that are whole already: found, told and read.

use std::path::{Path, PathBuf};

use super::job::Reporter;
use super::{AnalysisOutcome, EngineError, ResolvedRiders, edits};
use crate::store::{AnalysisStore, ClipFingerprint};
use crate::types::ClipInfo;

/// The analysis file at `path`, where it is a finished analysis of `clip` as it is now.
///
/// # Errors
/// When there is such a file and it cannot be read.
pub fn finished_store(path: &Path, clip: &Path) -> Result<Option<AnalysisStore>, EngineError> {
    if !path.exists() {
        return Ok(None);
    }
    let store = AnalysisStore::open_read_only(path)?;
    let same = store.clip()?.same_clip(&ClipFingerprint::of(clip)?);
    Ok((same && store.is_finished()?).then_some(store))
}

/// The outcome of an analysis that is whole already.
pub(super) fn finished_before(
    path: PathBuf,
    store: &AnalysisStore,
    clip: &ClipInfo,
    reporter: &dyn Reporter,
) -> Result<AnalysisOutcome, EngineError> {
    tell_resolved(store, clip.frames.len(), reporter)?;
    let summary = store.summary()?.unwrap_or_default();
    Ok(AnalysisOutcome { store: path, summary, reused: true, warnings: Vec::new() })
}

/// Tells who is who in a clip of `frame_count` frames, and which changes of the user's no longer find their rider.
pub(super) fn tell_resolved(
    store: &AnalysisStore,
    frame_count: u64,
    reporter: &dyn Reporter,
) -> Result<(), EngineError> {
    if !reporter.wants_riders() && store.edits()?.done().is_empty() {
        return Ok(());
    }
    let riders = load_resolved(store, frame_count)?;
    if riders.lost_edits > 0 {
        reporter.warning(format!(
            "{} of the changes made to the tracks no longer find their rider and are left out",
            riders.lost_edits
        ));
    }
    reporter.resolved(riders);
    Ok(())
}

/// The riders that a finished analysis file holds, as the user has changed them, for each of the clip's `frame_count`
/// frames.
///
/// # Errors
/// When it cannot be read.
pub fn load_resolved(store: &AnalysisStore, frame_count: u64) -> Result<ResolvedRiders, EngineError> {
    let mut frames = vec![Vec::new(); usize::try_from(frame_count).unwrap_or(0)];
    for (frame, riders) in store.riders_range(0..frame_count)? {
        if let Some(slot) = usize::try_from(frame).ok().and_then(|index| frames.get_mut(index)) {
            *slot = riders;
        }
    }
    edits::edited(store, store.tracks()?, frames)
}
