//! Taking in a detector that the user has.

use std::path::Path;

use super::import::{Copied, ImportedModel, copy, refused, say};
use super::{ModelFileError, checksums};
use crate::engine::footprints::{self, Remembered};
use crate::engine::load_watch::measured;
use crate::engine::plan::{Footprint, ModelPlan};
use crate::engine::user_models::{SMPL, UserModels};
use crate::engine::{CancelToken, EngineError, ModelShelf, Reporter};
use crate::inference::{
    self, Detector, InferenceError, ModelEntry, ModelFile, NetworkContract, Role, WeightFile, is_hmr2,
    own_detectors, write_own_detectors,
};
use crate::types::{Device, RgbImage, WeightsHeld};

/// Id of a detector whose file's name has no letter or digit.
const NAMELESS: &str = "detector";

/// Takes in the detector `file`: runs it, copies it and its weights, and notes how it is fed and read.
///
/// # Errors
/// [`ModelFileError::NotTakenIn`] where it does not run as its family does, [`ModelFileError::Occupied`]; nothing is
/// changed then.
pub fn import_detector(
    file: &Path,
    contract: NetworkContract,
    weights: &[WeightFile],
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<ImportedModel, EngineError> {
    let models = UserModels::new(shelf.places());
    let id = id_of(file);
    let name = format!("{id}.onnx");
    let taken = shelf.fresh_registry()?.models().iter().any(|model| model.id == id);
    if taken || is_hmr2(&id) || id == SMPL {
        return Err(ModelFileError::Occupied { path: models.folder().join(&name), id }.into());
    }
    say(reporter, "running it once");
    let (found, footprint) = try_detector(file, &id, &contract, shelf)?;
    let family = inference::family_name(&contract);
    let mut unseen = |_: u64| ();
    let sha256 = checksums::hash_into(file, &mut std::io::sink(), cancel, &mut unseen)?;
    let bytes = file.metadata().map_or(0, |found| found.len());
    let from = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let threshold = contract.default_threshold().unwrap_or_default();
    let entry = ModelEntry {
        id: id.clone(),
        title: format!("{family}, {from}"),
        role: Role::Detector,
        licence: "your own".to_owned(),
        source: from,
        file: Some(ModelFile {
            path: name.clone(),
            bytes,
            sha256,
            weights: weights.iter().map(|file| file.location.clone()).collect(),
        }),
        network: Some(contract),
        parts: Vec::new(),
    };
    let graph = Copied { from: file, name, expected: None };
    let weights =
        weights.iter().map(|file| Copied { from: &file.path, name: file.location.clone(), expected: None });
    let copied: Vec<Copied<'_>> = weights.chain([graph]).collect();
    let files = copy(&copied, &id, models.folder(), cancel, reporter)?;
    let mut entries = own_detectors(models.folder())?;
    entries.push(entry);
    write_own_detectors(models.folder(), &entries)?;
    Remembered::load().keep(&id, Device::Cpu, footprint);
    let told = format!(
        "{family} detector; it ran once and {found}; detections count from a score of {threshold}; how it is fed and \
         read stands in {}",
        inference::own_manifest_path(models.folder()).display()
    );
    Ok(ImportedModel { id, told, files })
}

/// The id of a file: its name's letters and digits in lower case, with hyphens between.
fn id_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let words: Vec<&str> =
        stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    if words.is_empty() { NAMELESS.to_owned() } else { words.join("-") }
}

/// Runs a detector on a picture of nothing in particular: what matters is that its outputs are its family's, and how much
/// memory it takes, so that the first plan with it knows.
fn try_detector(
    file: &Path,
    id: &str,
    contract: &NetworkContract,
    shelf: &ModelShelf,
) -> Result<(String, Footprint), EngineError> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let (width, height) = (320, 240);
    let data = (0..width * height * 3).map(|at| (at % 251) as u8).collect();
    let picture = RgbImage { width, height, data };
    let threshold = contract.default_threshold().unwrap_or_default();
    let told = |error| match error {
        InferenceError::Load { cause, .. }
        | InferenceError::Contract { cause, .. }
        | InferenceError::Run { cause, .. } => refused(file, cause),
        InferenceError::Output { output, cause, .. } => {
            refused(file, format!("its output {output} is not its family's: {cause}"))
        }
        other => other.into(),
    };
    let (runtime, mut found) = (shelf.runtime()?, Vec::new());
    let [width, height] = contract.feed().size;
    let estimate = footprints::of_network(file, width as u64 * height as u64);
    let plan = ModelPlan {
        id: id.to_owned(),
        device: Device::Cpu,
        weights: if estimate.mappable { WeightsHeld::Mapped } else { WeightsHeld::Copied },
        batch: 1,
        anonymous: estimate.anonymous(WeightsHeld::Mapped, 1),
        mapped: estimate.mapped(WeightsHeld::Mapped),
        gpu: 0,
    };
    let load = || inference::load_detector_file(&runtime, file, contract, Device::Cpu, threads).map_err(told);
    let run = |detector: &mut Box<dyn Detector>| {
        detector.detect_into(&picture, threshold, &mut found).map_err(told)
    };
    let (_, footprint) = measured(&estimate, &plan, 1, load, run)?;
    let found = match found.len() {
        0 => "found nobody in a picture of nobody".to_owned(),
        count => format!("found {count} people in a picture of nobody"),
    };
    Ok((found, footprint))
}

/// Deletes the entry of one of the user's own detectors; gives it.
///
/// # Errors
/// When the manifest cannot be read or written.
pub fn take_entry(folder: &Path, id: &str) -> Result<Option<ModelEntry>, EngineError> {
    let mut entries = own_detectors(folder)?;
    let Some(index) = entries.iter().position(|entry| entry.id == id) else { return Ok(None) };
    let entry = entries.remove(index);
    write_own_detectors(folder, &entries)?;
    Ok(Some(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_what_every_shell_takes() {
        assert_eq!(id_of(Path::new("a/YOLO11 n (best).onnx")), "yolo11-n-best");
        assert_eq!(id_of(Path::new("检测.onnx")), NAMELESS);
    }
}
