//! Changing the tracks of a finished analysis by hand.
//!
//! The changes are kept in the analysis file beside what was found; riders are always read with the changes made. So
//! each can be taken back, and all are made again when the clip is analysed anew.

use std::path::Path;
use std::sync::Arc;

use super::{EngineError, ResolvedRiders, load_resolved, surfaces};
use crate::store::{AnalysisStore, OpenMode};
use crate::tracking::{self, Moments};
use crate::types::edits::{RiderAt, TrackEdit};
use crate::types::{RiderFrame, Track, TrackId};

/// Something done to the tracks; riders by their present numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum TrackChange {
    /// Makes him the main rider of his shot.
    Main(TrackId),
    /// Makes the second the same rider as the first.
    Merge(TrackId, TrackId),
    /// Makes him somebody else from a frame on.
    Split(TrackId, u64),
    /// Gives him a name; an empty one takes it away.
    Rename(TrackId, String),
    /// Leaves him out of pictures and exports, or takes him in again.
    Hide(TrackId, bool),
    /// Deletes the track.
    Drop(TrackId),
    /// Takes the last change back.
    Undo,
    /// Makes the change again that was taken back last.
    Redo,
}

/// Makes `change` in the finished analysis file `store` of a clip of `frame_count` frames; gives the riders after it.
///
/// # Errors
/// [`EngineError::Tracks`] where the change cannot be made, [`EngineError::Store`] where the file is not there or is
/// being written.
pub fn edit_tracks(
    store: &Path,
    frame_count: u64,
    change: &TrackChange,
) -> Result<ResolvedRiders, EngineError> {
    let reader = AnalysisStore::open_read_only(store)?;
    let (clip, key) = (reader.clip()?, reader.run_key()?);
    drop(reader);
    let (mut store, _) = AnalysisStore::open(store, &clip, &key, OpenMode::Resume)?;
    if !store.is_finished()? {
        return Err(EngineError::Tracks("the analysis is not finished; finish it first".into()));
    }
    let before = load_resolved(&store, frame_count)?;
    let mut log = store.edits()?;
    match change {
        TrackChange::Undo if !log.can_undo() => {
            return Err(EngineError::Tracks("there is no change to take back".into()));
        }
        TrackChange::Redo if !log.can_redo() => {
            return Err(EngineError::Tracks("there is no change to make again".into()));
        }
        TrackChange::Undo => log.undo(),
        TrackChange::Redo => log.redo(),
        _ => log.push(edit_of(change, &before)?),
    }
    store.write_edits(&log)?;
    load_resolved(&store, frame_count)
}

/// The lasting form of a change, which names riders by their place. Undo and redo have none.
fn edit_of(change: &TrackChange, riders: &ResolvedRiders) -> Result<TrackEdit, EngineError> {
    let place = |id: TrackId| -> Result<RiderAt, EngineError> {
        let found = riders.track(id).and_then(|_| tracking::rider_at(&riders.frames, id));
        found.ok_or_else(|| EngineError::Tracks(format!("there is no rider {}", id.0)))
    };
    Ok(match change {
        TrackChange::Main(id) => TrackEdit::Main { rider: place(*id)? },
        TrackChange::Merge(id, other) if id == other => {
            return Err(EngineError::Tracks(format!("rider {} cannot be merged with himself", id.0)));
        }
        TrackChange::Merge(id, other) => TrackEdit::Merge { rider: place(*id)?, with: place(*other)? },
        TrackChange::Split(id, from) => {
            let rider = place(*id)?;
            if riders.track(*id).is_none_or(|track| *from <= track.first_frame || *from > track.last_frame) {
                let message = format!("rider {} is not there before and at frame {from}", id.0);
                return Err(EngineError::Tracks(message));
            }
            TrackEdit::Split { rider, from: *from }
        }
        TrackChange::Rename(id, name) => {
            let name = name.trim();
            TrackEdit::Rename { rider: place(*id)?, name: (!name.is_empty()).then(|| name.to_owned()) }
        }
        TrackChange::Hide(id, hidden) => TrackEdit::Hide { rider: place(*id)?, hidden: *hidden },
        TrackChange::Drop(id) => TrackEdit::Drop { rider: place(*id)? },
        TrackChange::Undo | TrackChange::Redo => {
            return Err(EngineError::Tracks("undo and redo are no changes of their own".into()));
        }
    })
}

/// What `store` has found, `tracks` and `frames`, with the user's changes made.
pub(super) fn edited(
    store: &AnalysisStore,
    mut tracks: Vec<Track>,
    mut frames: Vec<Vec<RiderFrame>>,
) -> Result<ResolvedRiders, EngineError> {
    let mut times_s = Vec::with_capacity(frames.len());
    let mut changes = Vec::with_capacity(frames.len());
    for record in store.frames(..)? {
        times_s.push(record.pts_s);
        changes.push(record.change);
    }
    let shots = tracking::shots(&changes);
    let cuts: Vec<u64> = shots.iter().skip(1).map(|shot| shot.start as u64).collect();
    let edits = store.edits()?;
    let moments = Moments { times_s: &times_s, cuts: &cuts };
    let lost_edits = tracking::apply_edits(&mut tracks, &mut frames, &moments, edits.done()).len();
    let motions = store.motions(frames.len())?;
    let recoverer = store.summary()?.map(|summary| summary.recoverer).unwrap_or_default();
    let textures = Arc::new(surfaces::textures(store, &frames)?);
    let masks = Arc::new(store.masks()?);
    Ok(ResolvedRiders { recoverer, tracks, frames, textures, masks, cuts, motions, edits, lost_edits })
}
