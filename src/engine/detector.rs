//! Getting a detector ready as the settings want it, and what decides what it finds.

use super::EngineError;
use super::models::ModelShelf;
use crate::inference::{self, Detector, Role};
use crate::settings::ModelSettings;

/// Threshold of a detector whose manifest entry names none.
const FALLBACK_THRESHOLD: f32 = 0.3;

/// Loads the detector that `settings` name; gives it and its own threshold.
///
/// # Errors
/// When it is unknown, missing or altered, lacks a class that is wanted, or its device is not there.
pub fn load_detector(
    shelf: &ModelShelf,
    settings: &ModelSettings,
) -> Result<(Box<dyn Detector>, f32), EngineError> {
    let (runtime, registry) = (shelf.runtime()?, shelf.registry()?);
    let entry = registry.get_as(Role::Detector, &settings.detector)?;
    let threshold = entry.default_threshold().unwrap_or(FALLBACK_THRESHOLD);
    // Stages run beside each other, so each network gets one thread of the processor.
    let (device, threads) = (settings.detector_device, 1);
    let mut detector = inference::load_detector_of(
        &runtime,
        registry,
        &settings.detector,
        device,
        threads,
        &settings.detector_classes,
    )?;
    detector.look_at(settings.detector_part);
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
