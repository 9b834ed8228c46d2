//! Detectors of people, chosen by their id in the manifest; one file for each family.

mod detr;
mod faster_rcnn;
mod listed;
mod movenet;
mod nanodet;
mod picture;
mod rtmdet;
mod ssd;
mod suppress;
mod vitdet;
mod wanted;
mod yolo;
mod yolox;

use std::path::Path;

use self::picture::{Candidate, PictureDetector};
use self::wanted::Wanted;
use super::Detector;
use super::contract::{Classes, NetworkContract};
use super::error::InferenceError;
use super::manifest::Role;
use super::placement::Placement;
use super::preprocess::PictureInput;
use super::registry::Registry;
use super::runtime::Runtime;
use super::session::Network;
use crate::types::{Device, WeightsHeld};

/// Where a detector runs and what of it counts.
#[derive(Clone, Copy, Debug)]
pub struct DetectorOptions<'a> {
    /// The device.
    pub device: Device,
    /// Threads within an operator where it runs on the processor.
    pub threads: usize,
    /// How weights in a file of their own are held.
    pub weights: WeightsHeld,
    /// Names of the classes that count; persons where there is none.
    pub classes: &'a [String],
}

/// Loads the detector `id` on `device`, with `threads` threads within an operator where it runs on the processor and
/// with its weights copied. Its persons count.
///
/// # Errors
/// As [`load_detector_of`].
pub fn load_detector(
    runtime: &Runtime,
    registry: &Registry,
    id: &str,
    device: Device,
    threads: usize,
) -> Result<Box<dyn Detector>, InferenceError> {
    let options = DetectorOptions { device, threads, weights: WeightsHeld::Copied, classes: &[] };
    load_detector_of(runtime, registry, id, options)
}

/// Loads the detector `id` as `options` say.
///
/// # Errors
/// [`InferenceError::UnknownModel`] with the ids there are; [`InferenceError::DeviceUnavailable`] where the device cannot
/// be used; [`InferenceError::UnknownClass`] where the network has no such class; and what [`Registry::verify`] and
/// loading can give.
pub fn load_detector_of(
    runtime: &Runtime,
    registry: &Registry,
    id: &str,
    options: DetectorOptions<'_>,
) -> Result<Box<dyn Detector>, InferenceError> {
    let DetectorOptions { device, threads, weights, classes } = options;
    let entry = registry.get_as(Role::Detector, id)?;
    let Some(contract) = &entry.network else { return Err(no_detector(id)) };
    let network = Network::load(runtime, registry, entry, contract, Placement { device, threads, weights })?;
    assemble(network, contract, id, classes)
}

/// Loads a detector that is in no manifest; its persons count.
///
/// # Errors
/// When the file does not load, or is not as `contract` says.
pub fn load_detector_file(
    runtime: &Runtime,
    path: &Path,
    contract: &NetworkContract,
    device: Device,
    threads: usize,
) -> Result<Box<dyn Detector>, InferenceError> {
    let id = path.display().to_string();
    let placement = Placement { device, threads, weights: WeightsHeld::Mapped };
    let network = Network::load_file(runtime, path, &id, contract, placement)?;
    assemble(network, contract, &id, &[])
}

/// Joins a network with what reads its family.
fn assemble(
    network: Network,
    contract: &NetworkContract,
    id: &str,
    classes: &[String],
) -> Result<Box<dyn Detector>, InferenceError> {
    let wanted = |own: &Classes| Wanted::new(id, own, classes);
    let Some(input) = PictureInput::of(contract) else { return Err(no_detector(id)) };
    Ok(match contract {
        NetworkContract::Nanodet(own) => {
            Box::new(PictureDetector::new(network, input, nanodet::Nanodet(own.clone())))
        }
        NetworkContract::MovenetMultipose(own) => {
            Box::new(PictureDetector::new(network, input, movenet::MovenetMultipose(own.clone())))
        }
        NetworkContract::Yolox(own) => {
            let decoder = yolox::Yolox::new(own.clone(), wanted(&own.classes)?);
            Box::new(PictureDetector::new(network, input, decoder))
        }
        NetworkContract::Yolo(own) => {
            let decoder = yolo::Yolo::new(own.clone(), wanted(&own.classes)?);
            Box::new(PictureDetector::new(network, input, decoder))
        }
        NetworkContract::Ssd(own) => {
            let decoder = ssd::Ssd::new(own.clone(), wanted(&own.classes)?);
            Box::new(PictureDetector::new(network, input, decoder))
        }
        NetworkContract::FasterRcnn(own) => {
            let decoder = faster_rcnn::FasterRcnn::new(own.clone(), wanted(&own.classes)?);
            Box::new(PictureDetector::new(network, input, decoder))
        }
        NetworkContract::Vitdet(own) => {
            let decoder = vitdet::Vitdet::new(own.clone(), wanted(&own.classes)?);
            Box::new(PictureDetector::new(network, input, decoder))
        }
        NetworkContract::Detr(own) => {
            let decoder = detr::Detr::new(own.clone(), wanted(&own.classes)?);
            Box::new(PictureDetector::new(network, input, decoder))
        }
        NetworkContract::Rtmdet(own) => {
            let decoder = rtmdet::Rtmdet::new(own.clone(), wanted(&own.classes)?);
            Box::new(PictureDetector::new(network, input, decoder))
        }
        NetworkContract::MovenetSinglepose(_) | NetworkContract::Blazepose(_) => {
            return Err(no_detector(id));
        }
    })
}

fn no_detector(id: &str) -> InferenceError {
    InferenceError::Contract {
        model: id.to_owned(),
        cause: "its network is of no family that detects people".to_owned(),
    }
}

/// Puts the best first; of equals, the one that the network gave first.
fn sort_by_score(candidates: &mut [Candidate]) {
    candidates.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
}
