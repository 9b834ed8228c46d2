//! Detectors of people, chosen by their id in the manifest.

mod movenet;
mod nanodet;
mod suppress;

use super::Detector;
use super::contract::NetworkContract;
use super::error::InferenceError;
use super::manifest::Role;
use super::placement::Placement;
use super::registry::Registry;
use super::runtime::Runtime;
use super::session::Network;
use crate::types::{Detection, Device, WeightsHeld};

/// As [`load_detector_held`], with the weights copied.
///
/// # Errors
/// As there.
pub fn load_detector(
    runtime: &Runtime,
    registry: &Registry,
    id: &str,
    device: Device,
    threads: usize,
) -> Result<Box<dyn Detector>, InferenceError> {
    load_detector_held(runtime, registry, id, device, threads, WeightsHeld::Copied)
}

/// Loads the detector `id` on `device`, with `threads` threads within an operator where it runs on the processor;
/// `weights` is for networks that have them in a file of their own.
///
/// # Errors
/// [`InferenceError::UnknownModel`] with the ids there are; [`InferenceError::DeviceUnavailable`] where `device` cannot
/// be used; and what [`Registry::verify`] and loading can give.
pub fn load_detector_held(
    runtime: &Runtime,
    registry: &Registry,
    id: &str,
    device: Device,
    threads: usize,
    weights: WeightsHeld,
) -> Result<Box<dyn Detector>, InferenceError> {
    let entry = registry.get_as(Role::Detector, id)?;
    let load =
        |contract| Network::load(runtime, registry, entry, contract, Placement { device, threads, weights });
    match &entry.network {
        Some(contract @ NetworkContract::Nanodet(own)) => {
            Ok(Box::new(nanodet::Nanodet::new(load(contract)?, own.clone())))
        }
        Some(contract @ NetworkContract::MovenetMultipose(own)) => {
            Ok(Box::new(movenet::MovenetMultipose::new(load(contract)?, own.clone())))
        }
        _ => Err(InferenceError::Contract {
            model: id.to_owned(),
            cause: "its network is of no family that detects people".to_owned(),
        }),
    }
}

/// Puts the best first.
fn sort_by_score(detections: &mut [Detection]) {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
}
