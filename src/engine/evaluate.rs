//! An analysis against the truth.

use std::path::Path;

use super::{EngineError, clip_info, finished_store, load_resolved};
pub use crate::tracking::evaluate::Evaluation;
use crate::tracking::evaluate::{self, Placed, Sequence};
use crate::types::Provenance;

/// Holds the riders of the finished analysis `store` of `clip` against the file `truth`. Everybody counts whom the
/// user has not hidden, in every frame in which he is known.
///
/// # Errors
/// [`EngineError::Tracks`] where the clip has not been analysed; [`EngineError::Truth`] or [`EngineError::Io`] where
/// the truth cannot be read.
pub fn evaluate(clip: &Path, store: &Path, truth: &Path) -> Result<Evaluation, EngineError> {
    let text = std::fs::read_to_string(truth).map_err(|cause| EngineError::Io {
        doing: "reading the truth",
        path: truth.to_owned(),
        cause,
    })?;
    let truth =
        evaluate::read_truth(&text).map_err(|cause| EngineError::Truth { path: truth.to_owned(), cause })?;
    let frames = clip_info(clip)?.frames.len();
    let store = finished_store(store, clip)?.ok_or_else(|| EngineError::not_analysed(clip))?;
    let riders = load_resolved(&store, frames)?;
    let found: Sequence = (0..)
        .zip(&riders.frames)
        .map(|(frame, here)| {
            let known = here.iter().filter(|rider| {
                rider.provenance != Provenance::Missing && riders.is_shown(rider.track, true)
            });
            (frame, known.map(|rider| Placed { id: u64::from(rider.track.0), bbox: rider.bbox }).collect())
        })
        .collect();
    Ok(evaluate::evaluate(&truth, &found))
}
