//! Taking in a file that the user has, checking it again later, and removing it.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::ModelFileError;
use super::checksums::{self, hash_into};
use super::detector::{import_detector, take_entry};
use crate::body::{BodyModel, SmplBody};
use crate::engine::user_models::{SMPL, UserModels};
use crate::engine::{CancelToken, EngineError, ModelShelf, Progress, Reporter};
use crate::formats::body_from_pickle;
use crate::inference::{
    Hmr2, Hmr2Options, InferenceError, OnnxFile, Recognized, WeightFile, is_hmr2, recognize,
};
use crate::types::{BBox, Device, RgbImage, WeightsHeld};

/// Largest body file that is read, bytes: SMPL with 300 shape components takes 150 MB.
const MAX_BODY_BYTES: u64 = 1 << 30;

/// What the exporter notes in the graph, and what is said where it does not fit.
const WEIGHTS_SHA256: &str = "snowmesh.weights_sha256";
const OTHER_WEIGHTS: &str =
    "these weights were not exported with this network; copy both files of one export";

/// What a checkpoint is told.
const CHECKPOINT: &str = "it is a checkpoint or an archive of one; models/export makes a model of it, see \
                          models/export/README.md";

/// A model that was taken in.
#[derive(Clone, Debug)]
pub struct ImportedModel {
    /// Its id, as in settings and flags.
    pub id: String,
    /// What it is, in words.
    pub told: String,
    /// Its files in the folder of the user's models.
    pub files: Vec<PathBuf>,
}

/// What an ONNX file is and needs.
struct Looked {
    recognized: Recognized,
    weights: Vec<WeightFile>,
    /// SHA-256 of the one file of weights, where the exporter has noted it.
    weights_sha256: Option<String>,
}

/// A file and the name that it gets.
pub(super) struct Copied<'a> {
    pub from: &'a Path,
    pub name: String,
    /// SHA-256 that it should have, where that is known.
    pub expected: Option<&'a str>,
}

/// Takes in a file: tells what it is, runs it once, and copies it into the folder of the user's models.
///
/// # Errors
/// [`ModelFileError::NotTakenIn`] with every mismatch, [`ModelFileError::Occupied`]; nothing is changed then.
pub fn import_model(
    file: &Path,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<ImportedModel, EngineError> {
    let mut first = [0; 4];
    let read = |path: &Path, first: &mut [u8]| fs::File::open(path)?.read(first);
    let count = read(file, &mut first).map_err(|cause| EngineError::Io {
        doing: "reading the model",
        path: file.to_owned(),
        cause,
    })?;
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match (&first[..count], extension.to_ascii_lowercase().as_str()) {
        (_, "onnx") => import_network(file, shelf, cancel, reporter),
        (b"PK\x03\x04", "npz") => import_body(file, file, shelf, cancel, reporter),
        ([0x80, ..], "pkl" | "pickle") => import_pickle(file, shelf, cancel, reporter),
        (b"PK\x03\x04" | [0x1f, 0x8b, ..], _) => Err(refused(file, CHECKPOINT)),
        _ => Err(refused(file, "it is neither an .onnx network nor an .npz or .pkl body")),
    }
}

pub(super) fn refused(path: &Path, cause: impl Into<String>) -> EngineError {
    ModelFileError::NotTakenIn { path: path.to_owned(), cause: cause.into() }.into()
}

pub(super) fn say(reporter: &dyn Reporter, stage: &str) {
    reporter.progress(Progress { stage: stage.to_owned(), ..Progress::default() });
}

fn import_network(
    file: &Path,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<ImportedModel, EngineError> {
    let Looked { recognized, weights, weights_sha256 } = look_at(file)?;
    let signature = match recognized {
        Recognized::Hmr2(signature) => signature,
        Recognized::Detector(contract) => {
            return import_detector(file, *contract, &weights, shelf, cancel, reporter);
        }
    };
    say(reporter, "running it once");
    try_hmr2(file, shelf)?;
    let models = UserModels::new(shelf.places());
    let id = signature.weights.model_id();
    let target = models.hmr2_path(id);
    let graph = Copied { from: file, name: file_name(&target), expected: None };
    let expected = weights_sha256.as_deref();
    let weights =
        weights.iter().map(|file| Copied { from: &file.path, name: file.location.clone(), expected });
    // The graph last: without it, weights are nothing that is looked at.
    let copied: Vec<Copied<'_>> = weights.chain([graph]).collect();
    let files = copy(&copied, id, target.parent().unwrap_or(models.folder()), cancel, reporter)?;
    let told = format!("HMR2 with {} weights; it ran once and gave a body", signature.weights);
    Ok(ImportedModel { id: id.to_owned(), told, files })
}

/// Tells what a network is, and finds its weights.
fn look_at(file: &Path) -> Result<Looked, EngineError> {
    let read = OnnxFile::open(file)?;
    let recognized = recognize(&read).map_err(|cause| refused(file, cause))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let weights = read.weight_files(folder).map_err(|cause| refused(file, cause))?;
    let weights_sha256 = read.metadata.get(WEIGHTS_SHA256).filter(|_| weights.len() == 1).cloned();
    Ok(Looked { recognized, weights, weights_sha256 })
}

/// Runs a network on a picture in which anybody may be: what matters is that numbers come out.
fn try_hmr2(file: &Path, shelf: &ModelShelf) -> Result<(), EngineError> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let (width, height) = (192, 256);
    let data = (0..width * height * 3).map(|at| (at % 251) as u8).collect();
    let picture = RgbImage { width, height, data };
    let person = BBox::new(0.0, 0.0, width as f32, height as f32);
    let options = Hmr2Options { device: Device::Cpu, threads, weights: WeightsHeld::Mapped, batch: 1 };
    let bodies = Hmr2::load(&shelf.runtime()?, file, options)
        .and_then(|mut net| net.observe(&picture, &[person]))
        .map_err(|error| match error {
            InferenceError::Load { cause, .. } | InferenceError::Contract { cause, .. } => {
                refused(file, cause)
            }
            other => other.into(),
        })?;
    match bodies.as_slice() {
        [Some(_)] => Ok(()),
        _ => Err(refused(
            file,
            "it gives values that are no numbers or no body: its weights are damaged or those of another network",
        )),
    }
}

/// Takes in the body at `file`, which the user knows as `named`.
fn import_body(
    file: &Path,
    named: &Path,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<ImportedModel, EngineError> {
    say(reporter, "reading the body");
    let body = read_body(file, named)?;
    let models = UserModels::new(shelf.places());
    let copied = [Copied { from: file, name: file_name(&models.smpl_path()), expected: None }];
    let files = copy(&copied, SMPL, models.folder(), cancel, reporter)?;
    let (vertices, triangles) = (body.model().vertex_count(), body.model().triangles().len());
    Ok(ImportedModel {
        id: SMPL.to_owned(),
        told: format!("SMPL body, {vertices} vertices, {triangles} triangles"),
        files,
    })
}

/// Takes in the body as its makers give it: unwrapped, and checked as any other.
fn import_pickle(
    file: &Path,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<ImportedModel, EngineError> {
    say(reporter, "reading the body");
    let npz = body_from_pickle(&read_file(file)?).map_err(|error| refused(file, error.to_string()))?;
    let failed = |cause| EngineError::Io { doing: "unpacking the body", path: file.to_owned(), cause };
    let mut unpacked = tempfile::Builder::new().suffix(".npz").tempfile().map_err(failed)?;
    unpacked.write_all(&npz).map_err(failed)?;
    import_body(unpacked.path(), file, shelf, cancel, reporter)
}

fn read_file(file: &Path) -> Result<Vec<u8>, EngineError> {
    let failed = |cause| EngineError::Io { doing: "reading the body", path: file.to_owned(), cause };
    let bytes = fs::metadata(file).map_err(failed)?.len();
    if bytes > MAX_BODY_BYTES {
        return Err(refused(file, format!("{bytes} bytes are more than a body takes")));
    }
    fs::read(file).map_err(failed)
}

fn read_body(file: &Path, named: &Path) -> Result<SmplBody, EngineError> {
    let bytes = read_file(file)?;
    let model = BodyModel::from_npz(&bytes, &named.display().to_string())?;
    Ok(SmplBody::new(Arc::new(model))?)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Copies files into `folder` and notes their SHA-256 beside the last of them. All of them are there afterwards, or none.
pub(super) fn copy(
    copied: &[Copied<'_>],
    id: &str,
    folder: &Path,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<Vec<PathBuf>, EngineError> {
    let total = copied.iter().map(|file| file.from.metadata().map_or(0, |found| found.len())).sum();
    let mut done = 0;
    let mut seen = |count: u64| {
        done += count;
        let stage = "copying it into the models folder".to_owned();
        reporter.progress(Progress { stage, done, total, ..Progress::default() });
    };
    let targets: Vec<PathBuf> = copied.iter().map(|file| folder.join(&file.name)).collect();
    if let Some(path) = targets.iter().find(|path| path.exists()) {
        return Err(ModelFileError::Occupied { path: path.clone(), id: id.to_owned() }.into());
    }
    let mut written = Vec::new();
    let mut sums = Vec::new();
    for (file, target) in copied.iter().zip(&targets) {
        let failed = |cause| EngineError::Io { doing: "writing the model", path: target.clone(), cause };
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(failed)?;
        // What is not named in the end is deleted when it goes out of scope.
        let mut temporary = NamedTempFile::new_in(parent).map_err(failed)?;
        let sha256 = hash_into(file.from, &mut temporary, cancel, &mut seen)?;
        if file.expected.is_some_and(|expected| expected != sha256) {
            return Err(refused(file.from, OTHER_WEIGHTS));
        }
        sums.push((sha256, file.name.clone()));
        written.push((temporary, target));
    }
    let mut named = Vec::new();
    for (temporary, target) in written {
        if let Err(error) = temporary.persist_noclobber(target) {
            for path in named {
                // Whatever is left is named by the next import.
                let _ = fs::remove_file(path);
            }
            let (path, cause) = (target.clone(), error.error);
            return Err(EngineError::Io { doing: "writing the model", path, cause });
        }
        named.push(target);
    }
    if let Some(last) = targets.last() {
        let path = checksum_path(last);
        fs::write(&path, checksums::format(&sums)).map_err(|cause| EngineError::Io {
            doing: "writing the checksums",
            path,
            cause,
        })?;
    }
    Ok(targets)
}

fn checksum_path(model: &Path) -> PathBuf {
    let mut path = model.as_os_str().to_owned();
    path.push(".sha256");
    path.into()
}

/// The main file of one of the user's own models.
fn main_file(id: &str, models: &UserModels) -> Option<PathBuf> {
    match id {
        id if is_hmr2(id) => Some(models.hmr2_path(id)),
        SMPL => Some(models.smpl_path()),
        _ => None,
    }
}

/// Checks a model's files: those of the program against its manifest, the user's own against what was taken in and
/// against each other. Gives how it went, in words.
///
/// # Errors
/// The first file that is missing, altered or no model.
pub fn verify_model(id: &str, shelf: &ModelShelf, cancel: &CancelToken) -> Result<String, EngineError> {
    let models = UserModels::new(shelf.places());
    let Some(main) = main_file(id, &models) else {
        shelf.fresh_registry()?.verify(id)?;
        return Ok("ok".to_owned());
    };
    if !main.is_file() {
        return Err(InferenceError::ModelMissing { path: main }.into());
    }
    if id == SMPL {
        read_body(&main, &main)?;
    } else if let Looked { weights, weights_sha256: Some(expected), .. } = look_at(&main)? {
        for file in weights {
            if hash_into(&file.path, &mut std::io::sink(), cancel, &mut |_| ())? != expected {
                return Err(
                    ModelFileError::Altered { path: file.path, cause: OTHER_WEIGHTS.to_owned() }.into()
                );
            }
        }
    }
    let Ok(text) = fs::read_to_string(checksum_path(&main)) else {
        return Ok(
            "ok in its make; it was put there by hand, so there is no SHA-256 to hold it against".to_owned()
        );
    };
    for (expected, name) in checksums::parse(&text) {
        let path = main.with_file_name(name);
        let found = hash_into(&path, &mut std::io::sink(), cancel, &mut |_| ())?;
        if found != expected {
            let cause = format!("its SHA-256 is {found}, and was {expected} when it was taken in");
            return Err(ModelFileError::Altered { path, cause }.into());
        }
    }
    Ok("ok, as it was taken in".to_owned())
}

/// Deletes the files of one of the user's own models; gives their paths.
///
/// # Errors
/// [`ModelFileError::NotTheUsers`]; when there is no such model, or a file cannot be deleted.
pub fn remove_model(id: &str, shelf: &ModelShelf) -> Result<Vec<PathBuf>, EngineError> {
    let models = UserModels::new(shelf.places());
    let Some(main) = main_file(id, &models) else {
        let registry = shelf.fresh_registry()?;
        registry.get(id)?;
        if registry.is_own(id) {
            return remove_detector(id, &models);
        }
        return Err(ModelFileError::NotTheUsers { id: id.to_owned() }.into());
    };
    if !main.is_file() {
        return Err(InferenceError::ModelMissing { path: main }.into());
    }
    // Weights are found by the graph; where it is damaged, by the name that exports give them.
    let weights = look_at(&main).map(|looked| looked.weights.into_iter().map(|file| file.path).collect());
    let weights: Vec<PathBuf> =
        weights.unwrap_or_else(|_: EngineError| vec![main.with_file_name("hmr2.onnx.data")]);
    let folder = main.parent().filter(|folder| *folder != models.folder()).map(Path::to_owned);
    let removed = delete(weights.into_iter().chain([checksum_path(&main), main]))?;
    if let Some(folder) = folder {
        // One in which something else lies stays.
        let _ = fs::remove_dir(folder);
    }
    Ok(removed)
}

/// Deletes one of the user's own detectors. Its entry goes first: without it, files are nothing that is looked at.
fn remove_detector(id: &str, models: &UserModels) -> Result<Vec<PathBuf>, EngineError> {
    let files = take_entry(models.folder(), id)?.and_then(|entry| entry.file);
    let names = files.into_iter().flat_map(|file| file.weights.into_iter().chain([file.path]));
    let paths: Vec<PathBuf> = names.map(|name| models.folder().join(name)).collect();
    let sums: Vec<PathBuf> = paths.iter().map(|path| checksum_path(path)).collect();
    delete(paths.into_iter().chain(sums))
}

/// Deletes those of `files` that are there; gives their paths.
fn delete(files: impl Iterator<Item = PathBuf>) -> Result<Vec<PathBuf>, EngineError> {
    let mut removed = Vec::new();
    for path in files.filter(|path| path.is_file()) {
        fs::remove_file(&path).map_err(|cause| EngineError::Io {
            doing: "deleting the model",
            path: path.clone(),
            cause,
        })?;
        removed.push(path);
    }
    Ok(removed)
}
