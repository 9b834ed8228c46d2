//! What each model takes in memory: estimated from its file, and measured when it is first used on this machine.

mod estimate;
mod remembered;

use serde::Serialize;

pub use estimate::of_network;
pub use remembered::Remembered;

use super::EngineError;
use super::models::{ModelShelf, recover_workers};
use super::plan::{Footprint, Need};
use crate::inference::{HMR2_BATCH, Role, is_hmr2};
use crate::types::{Device, WeightsHeld};

/// A model's footprint, for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelFootprint {
    /// The model's id.
    pub id: String,
    /// Where it would run.
    pub device: String,
    /// Copies that run beside each other in an analysis.
    pub workers: u64,
    /// People or pictures in one run, at most.
    pub batch: u32,
    /// One copy of it.
    pub footprint: Footprint,
    /// What the process holds of it in an analysis, weights copied, bytes.
    pub copied: u64,
    /// The same with its weights mapped: what the system cannot drop, bytes.
    pub mapped: u64,
}

/// The footprint of model `id` on `device`: as measured on this machine, estimated where it was not used yet.
///
/// # Errors
/// When the model is unknown or its file cannot be read.
pub fn model_footprint(shelf: &ModelShelf, id: &str, device: Device) -> Result<ModelFootprint, EngineError> {
    let need = need(shelf, id, device, &Remembered::load())?;
    let all = |held| need.footprint.anonymous(held, need.batch).saturating_mul(need.workers);
    Ok(ModelFootprint {
        device: device.to_string(),
        workers: need.workers,
        batch: need.batch,
        copied: all(WeightsHeld::Copied),
        mapped: all(WeightsHeld::Mapped),
        footprint: need.footprint,
        id: need.id,
    })
}

/// What an analysis needs of model `id`.
pub(super) fn need(
    shelf: &ModelShelf,
    id: &str,
    device: Device,
    remembered: &Remembered,
) -> Result<Need, EngineError> {
    let estimated = estimate::of_model(shelf, id)?;
    let footprint = remembered.get(id, device, estimated.weights).map_or(estimated, |measured| Footprint {
        // What can be done with the file does not change by measuring.
        mappable: estimated.mappable,
        ..measured
    });
    let is_recoverer = is_hmr2(id) || shelf.registry()?.get(id)?.role == Role::Recoverer;
    let (workers, batch) = match (is_hmr2(id), is_recoverer) {
        (true, _) => (1, HMR2_BATCH as u32),
        (false, true) => (recover_workers() as u64, 1),
        (false, false) => (1, 1),
    };
    Ok(Need { id: id.to_owned(), device, footprint, workers, batch })
}
