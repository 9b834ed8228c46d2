//! Bodies as each frame alone gave them, beside those that were fitted over time.
//!
//! An analysis keeps both: what each frame gave with its detections, and the fit over the track with the riders. Riders
//! are read with the latter; this puts the former in their place.

use std::path::Path;

use super::{EngineError, ResolvedRiders, load_resolved};
use crate::store::AnalysisStore;
use crate::types::{Observation, Provenance};

/// Gives every rider of `riders`, read from `store`, the body of his own detection where he was detected. Bodies between
/// detections stay: they belong to no frame's own estimate.
///
/// # Errors
/// When the analysis file cannot be read.
pub fn use_raw_bodies(store: &AnalysisStore, riders: &mut ResolvedRiders) -> Result<(), EngineError> {
    for record in store.observations(..)? {
        let here = usize::try_from(record.frame).ok().and_then(|frame| riders.frames.get_mut(frame));
        let Some(here) = here else { continue };
        for rider in here.iter_mut().filter(|rider| rider.provenance == Provenance::Detected) {
            let own = |seen: &&Observation| seen.detection.bbox == rider.bbox;
            if let Some(body) = record.observations.iter().find(own).and_then(|seen| seen.body.clone()) {
                rider.body = Some(body);
            }
        }
    }
    Ok(())
}

/// The riders of a finished analysis file of a clip of `frame_count` frames; `raw` for bodies that are not fitted over
/// time.
///
/// # Errors
/// When the analysis file cannot be read.
pub fn read_riders(store: &Path, frame_count: u64, raw: bool) -> Result<ResolvedRiders, EngineError> {
    let store = AnalysisStore::open_read_only(store)?;
    let mut riders = load_resolved(&store, frame_count)?;
    if raw {
        use_raw_bodies(&store, &mut riders)?;
    }
    Ok(riders)
}
