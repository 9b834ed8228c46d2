//! Getting a detector ready as the settings want it, and what decides what it finds.

use super::EngineError;
use super::models::ModelShelf;
use crate::inference::{
    self, Detector, DetectorOptions, InferenceError, ModelEntry, Registry, Role, Runtime,
};
use crate::settings::ModelSettings;
use crate::types::{Device, WeightsHeld};

/// Threshold of a detector whose manifest entry names none.
const FALLBACK_THRESHOLD: f32 = 0.3;

/// The score from which detections of `entry` are usually right.
pub fn own_threshold(entry: &ModelEntry) -> f32 {
    entry.default_threshold().unwrap_or(FALLBACK_THRESHOLD)
}

/// Loads the detector that `settings` name on the device given, with that many threads and its weights held so; it sees
/// the classes and the part of the picture that `settings` say.
///
/// # Errors
/// When it is unknown, missing or altered, lacks a class that is wanted, or its device is not there.
pub fn load(
    runtime: &Runtime,
    registry: &Registry,
    settings: &ModelSettings,
    (device, threads, weights): (Device, usize, WeightsHeld),
) -> Result<Box<dyn Detector>, InferenceError> {
    let options = DetectorOptions { device, threads, weights, classes: &settings.detector_classes };
    let mut detector = inference::load_detector_of(runtime, registry, &settings.detector, options)?;
    detector.look_at(settings.detector_part);
    Ok(detector)
}

/// Loads the detector that `settings` name with one thread and its weights held so; gives it and its own threshold.
///
/// # Errors
/// As [`load`].
pub fn load_alone(
    shelf: &ModelShelf,
    settings: &ModelSettings,
    (device, weights): (Device, WeightsHeld),
) -> Result<(Box<dyn Detector>, f32), EngineError> {
    let (runtime, registry) = (shelf.runtime()?, shelf.registry()?);
    let threshold = own_threshold(registry.get_as(Role::Detector, &settings.detector)?);
    let detector = load(&runtime, registry, settings, (device, 1, weights))?;
    Ok((detector, threshold))
}

/// All that decides what the detector of `settings` finds, as text: another key, another run.
///
/// # Errors
/// When it is unknown.
pub fn detector_key(shelf: &ModelShelf, settings: &ModelSettings) -> Result<String, EngineError> {
    let mut key = settings.detector_classes.join(",");
    for (part, hash) in shelf.hashes(&[&settings.detector])? {
        key.push_str(&format!(" {part}={hash}"));
    }
    if let Some(contract) = &shelf.registry()?.get(&settings.detector)?.network {
        let text = serde_json::to_string(contract).unwrap_or_default();
        key.push_str(&format!(" {text}"));
    }
    if let Some(part) = settings.detector_part {
        key.push_str(&format!(" {:?}", [part.min.x, part.min.y, part.max.x, part.max.y]));
    }
    Ok(key)
}
