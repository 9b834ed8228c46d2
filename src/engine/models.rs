//! Getting models ready: the shelf they are taken from, and the stages made of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::detector;
use super::footprints::{self, Remembered};
use super::hmr2::Hmr2Recoverer;
use super::landmark_fit::LandmarkFitRecoverer;
use super::load_watch::Watch;
use super::on_demand::{Load, OnDemandDetector};
use super::pipeline::Stages;
use super::plan::ModelPlan;
use super::refine::TrackRefiner;
use super::surfaces::Surfaces;
use super::thread;
use super::user_models::{SMPL, UserModels};
use super::worth::ScoreLimits;
use super::{EngineError, ModelFileError, ModelInfo, Offer};
use crate::body::{BodyModel, LandmarkFit, SmplBody};
use crate::inference::{
    Detector, Hmr2, Hmr2Options, InferenceError, LandmarkNet, LandmarkOptions, MeshRecoverer, ModelEntry,
    ModelFile, Registry, Role, Runtime, is_hmr2,
};
use crate::settings::ModelSettings;
use crate::types::{BBox, Detection, MemoryMode, RgbImage};

/// Id of the starter body in the manifest.
const STARTER_BODY: &str = "body-cc0";

/// Stages run beside each other, so each network gets one thread of the processor; one that runs alone gets all.
const DETECTOR_THREADS: usize = 1;

/// Where models and the runtime are looked for.
#[derive(Clone, Debug, Default)]
pub struct ModelPlaces {
    /// ONNX Runtime's library, `None` to look in the usual places.
    pub runtime_library: Option<PathBuf>,
    /// The models folder, `None` to look in the usual places.
    pub models_folder: Option<PathBuf>,
    /// The folder of the user's own models, `None` for `models` in the user's data folder.
    pub user_folder: Option<PathBuf>,
}

/// The models folder, opened when first needed, and what was loaded from it for good.
#[derive(Default)]
pub struct ModelShelf {
    places: ModelPlaces,
    registry: OnceLock<Registry>,
    body: OnceLock<Arc<BodyModel>>,
    smpl: OnceLock<SmplBody>,
}

impl ModelShelf {
    /// A shelf over `places`; nothing is read yet.
    pub fn new(places: ModelPlaces) -> Self {
        Self { places, ..Self::default() }
    }

    /// The manifest.
    ///
    /// # Errors
    /// When there is no models folder or its manifest is damaged.
    pub fn registry(&self) -> Result<&Registry, EngineError> {
        if let Some(registry) = self.registry.get() {
            return Ok(registry);
        }
        let registry = self.fresh_registry()?;
        Ok(self.registry.get_or_init(|| registry))
    }

    /// The manifests as they are now, the program's and the user's.
    ///
    /// # Errors
    /// When there is no models folder or a manifest is damaged.
    pub(super) fn fresh_registry(&self) -> Result<Registry, EngineError> {
        let mut registry = Registry::open(self.places.models_folder.as_deref())?;
        registry.add_own(UserModels::new(&self.places).folder())?;
        Ok(registry)
    }

    /// ONNX Runtime.
    ///
    /// # Errors
    /// When its library cannot be found or loaded.
    pub fn runtime(&self) -> Result<Runtime, EngineError> {
        Ok(Runtime::start(self.places.runtime_library.as_deref())?)
    }

    /// The starter body, loaded once.
    ///
    /// # Errors
    /// When its file is missing, altered or not a body.
    pub fn body(&self) -> Result<Arc<BodyModel>, EngineError> {
        if let Some(body) = self.body.get() {
            return Ok(Arc::clone(body));
        }
        let bytes = self.registry()?.read_verified(STARTER_BODY)?;
        let body = Arc::new(BodyModel::from_npz(&bytes, STARTER_BODY)?);
        Ok(Arc::clone(self.body.get_or_init(|| body)))
    }

    /// The body that `recoverer`'s estimates belong to: no other may be posed with them.
    ///
    /// # Errors
    /// As [`body`](Self::body); for HMR2 also when the user's SMPL body is not there.
    pub fn body_of(&self, recoverer: &str) -> Result<Arc<BodyModel>, EngineError> {
        if is_hmr2(recoverer) { Ok(Arc::clone(self.smpl()?.model())) } else { self.body() }
    }

    /// The user's SMPL body, loaded once.
    pub(super) fn smpl(&self) -> Result<SmplBody, EngineError> {
        if let Some(body) = self.smpl.get() {
            return Ok(body.clone());
        }
        let body = UserModels::new(&self.places).smpl()?;
        Ok(self.smpl.get_or_init(|| body).clone())
    }

    /// The user's own models.
    pub(super) fn user_models(&self) -> UserModels {
        UserModels::new(&self.places)
    }

    /// Where models come from.
    pub(super) fn places(&self) -> &ModelPlaces {
        &self.places
    }

    /// The folder of the user's own models.
    pub fn user_folder(&self) -> PathBuf {
        UserModels::new(&self.places).folder().to_owned()
    }

    /// What can be fetched of model `id`.
    ///
    /// # Errors
    /// When nothing can, or the list of what can is damaged.
    pub fn offer(&self, id: &str) -> Result<Offer, EngineError> {
        let offers = Offer::all(self.registry()?.folder())?;
        let known = offers.iter().map(|offer| offer.id.clone()).collect();
        let found = offers.into_iter().find(|offer| offer.id == id);
        Ok(found.ok_or_else(|| ModelFileError::Unknown { id: id.to_owned(), what: "fetch", known })?)
    }

    /// SHA-256 of the files behind `ids`, by the id of each part.
    ///
    /// # Errors
    /// When an id is not in the manifest.
    pub fn hashes(&self, ids: &[&str]) -> Result<BTreeMap<String, String>, EngineError> {
        let registry = self.registry()?;
        let mut hashes = BTreeMap::new();
        for id in ids {
            let user = UserModels::new(&self.places);
            if is_hmr2(id) {
                hashes.extend(user.identity(id)?);
                continue;
            }
            if *id == SMPL {
                hashes.extend(user.body_identity()?);
                continue;
            }
            for (part, file) in files_of(registry, registry.get(id)?)? {
                hashes.insert(part.to_owned(), file.sha256.clone());
            }
        }
        Ok(hashes)
    }

    /// Every model of the manifest and of the user, as shown to the user.
    ///
    /// # Errors
    /// When there is no models folder or its manifest is damaged.
    pub fn list(&self) -> Result<Vec<ModelInfo>, EngineError> {
        let registry = &self.fresh_registry()?;
        let mut models = Vec::new();
        for entry in registry.models() {
            let files = files_of(registry, entry)?;
            let is_own = registry.is_own(&entry.id);
            let whole = |(id, file): &(&str, &ModelFile)| {
                let path = registry.path(id).unwrap_or_default();
                let has = |name: &String| path.with_file_name(name).is_file();
                path.metadata().is_ok_and(|found| found.len() == file.bytes) && file.weights.iter().all(has)
            };
            models.push(ModelInfo {
                id: entry.id.clone(),
                title: entry.title.clone(),
                role: entry.role,
                file: registry.path(&entry.id).ok(),
                bytes: files.iter().map(|(_, file)| file.bytes).sum(),
                licence: entry.licence.clone(),
                source: entry.source.clone(),
                default_threshold: entry.default_threshold(),
                present: files.iter().all(whole),
                remedy: is_own.then(|| format!("Not there: take it in again with snowmesh models import, after snowmesh models remove {}", entry.id)),
            });
        }
        models.extend(UserModels::new(&self.places).list());
        Ok(models)
    }
}

/// The files that a model is made of, its own or its parts', each with the id it belongs to.
fn files_of<'r>(
    registry: &'r Registry,
    entry: &'r ModelEntry,
) -> Result<Vec<(&'r str, &'r ModelFile)>, InferenceError> {
    let mut files: Vec<_> = entry.file.iter().map(|file| (entry.id.as_str(), file)).collect();
    for part in &entry.parts {
        files.extend(files_of(registry, registry.get(part)?)?);
    }
    Ok(files)
}

/// Loads the detector of the plan of `watch`.
///
/// # Errors
/// When it is unknown, missing or altered, or its device is not there.
pub(super) fn load_detector(
    shelf: &ModelShelf,
    settings: &ModelSettings,
    watch: &Watch<'_>,
) -> Result<Box<dyn Detector>, EngineError> {
    let (runtime, registry) = (shelf.runtime()?, shelf.registry()?);
    let plan = &watch.plan().detector;
    let own = footprints::need(shelf, &plan.id, plan.device, &Remembered::load())?;
    let scores = scores(shelf, settings)?;
    let threads = match watch.plan().mode {
        MemoryMode::OneAtATime => all_threads(),
        _ => DETECTOR_THREADS,
    };
    watch.load(
        plan,
        &own.footprint,
        own.workers,
        || {
            let placement = (plan.device, threads, plan.weights);
            Ok(detector::load(&runtime, registry, settings, placement)?)
        },
        |detector| Ok(detector.detect(&trial().0, scores.weak).map(drop)?),
    )
}

/// The detector of the plan of `watch`, to be loaded when a frame needs it.
///
/// # Errors
/// When it is unknown.
fn detector_on_demand(
    shelf: &ModelShelf,
    settings: &ModelSettings,
    watch: &Watch<'_>,
) -> Result<Box<dyn Detector>, EngineError> {
    let (runtime, registry) = (shelf.runtime()?, shelf.registry()?.clone());
    let plan = watch.plan().detector.clone();
    registry.get_as(Role::Detector, &plan.id)?;
    let (crumbs, id, device) = (watch.crumbs(), plan.id.clone(), plan.device);
    let settings = settings.clone();
    let load: Load = Box::new(move || {
        crumbs.loading(&plan);
        detector::load(&runtime, &registry, &settings, (plan.device, DETECTOR_THREADS, plan.weights))
    });
    Ok(Box::new(OnDemandDetector::new(id, device, load)))
}

/// Scores of the detector that count.
pub(super) fn scores(shelf: &ModelShelf, settings: &ModelSettings) -> Result<ScoreLimits, EngineError> {
    let entry = shelf.registry()?.get_as(Role::Detector, &settings.detector)?;
    let own = detector::own_threshold(entry);
    Ok(ScoreLimits::around(settings.detection_threshold.unwrap_or(own)))
}

/// Loads the models that `settings` name as the plan of `watch` says; `seen` stands for a detector that has looked at
/// the whole clip already.
///
/// # Errors
/// When a model is unknown, missing or altered, or its device is not there.
pub(super) fn load_stages(
    shelf: &ModelShelf,
    settings: &ModelSettings,
    watch: &Watch<'_>,
    seen: Option<Box<dyn Detector>>,
) -> Result<Stages, EngineError> {
    let runtime = shelf.runtime()?;
    let registry = shelf.registry()?;
    if !is_hmr2(&settings.recoverer) {
        // An unknown id is told with the ones there are.
        registry.get_as(Role::Recoverer, &settings.recoverer)?;
    }
    let scores = scores(shelf, settings)?;
    let plan = watch.plan();
    let detector = match (seen, plan.mode) {
        (Some(seen), _) => seen,
        (None, MemoryMode::OnDemand) => detector_on_demand(shelf, settings, watch)?,
        (None, _) => load_detector(shelf, settings, watch)?,
    };
    let own = footprints::need(shelf, &plan.recoverer.id, plan.recoverer.device, &Remembered::load())?;
    let (picture, person) = trial();
    let people = vec![person; plan.recoverer.batch as usize];
    let (recoverers, body) = watch.load(
        &plan.recoverer,
        &own.footprint,
        own.workers,
        || match is_hmr2(&settings.recoverer) {
            true => load_hmr2(&runtime, shelf, &plan.recoverer),
            false => load_landmark_fit(&runtime, shelf, settings),
        },
        |(recoverers, _)| match recoverers.first_mut() {
            Some(recoverer) => Ok(recoverer.recover(&picture, &people).map(drop)?),
            None => Ok(()),
        },
    )?;
    // Bodies without cues for depth pass through it, bridged over the gaps between them.
    let refiner = Some(TrackRefiner::new(Arc::clone(&body)));
    let surfaces = Some(Surfaces::new(body));
    let (max_people, detect_every) = (settings.max_people, detect_every(settings));
    Ok(Stages { detector, recoverers, surfaces, refiner, scores, max_people, detect_every })
}

/// Frames from one that the detector looks at to the next. HMR2 does not tell whether anybody is in a box, so with it
/// the detector has to look at every frame.
pub fn detect_every(settings: &ModelSettings) -> u64 {
    if is_hmr2(&settings.recoverer) { 1 } else { u64::from(settings.detect_every.max(1)) }
}

/// A grey picture and a person in it, to see what a model takes.
fn trial() -> (RgbImage, Detection) {
    let (width, height) = (640, 360);
    let data = vec![127; width as usize * height as usize * 3];
    let bbox = BBox::new(240.0, 30.0, 400.0, 330.0);
    (RgbImage { width, height, data }, Detection { bbox, score: 1.0 })
}

/// Recoverers, one for each worker, and the body that their estimates belong to.
type Recovery = (Vec<Box<dyn MeshRecoverer>>, Arc<BodyModel>);

fn load_landmark_fit(
    runtime: &Runtime,
    shelf: &ModelShelf,
    settings: &ModelSettings,
) -> Result<Recovery, EngineError> {
    let body = shelf.body()?;
    let registry = shelf.registry()?;
    let load = || -> Result<Box<dyn MeshRecoverer>, EngineError> {
        let options = LandmarkOptions { flip_average: settings.precise };
        let net = LandmarkNet::load(runtime, registry, settings.recoverer_device, 1, options)?;
        Ok(Box::new(LandmarkFitRecoverer::new(net, LandmarkFit::new(Arc::clone(&body)))))
    };
    // Side by side: with a short clip loading is a tenth of the time.
    let recoverers = std::thread::scope(|scope| {
        let others: Vec<_> = (1..recover_workers())
            .map(|_| thread::spawn_scoped(scope, "load", load))
            .collect::<Result<_, _>>()?;
        let first = std::iter::once(load());
        let lost = |_| Err(EngineError::StageLost { stage: "load" });
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(lost));
        first.chain(others).collect::<Result<_, _>>()
    })?;
    Ok((recoverers, body))
}

/// One worker with all threads: each further one would keep activations of its own for no more speed.
fn load_hmr2(runtime: &Runtime, shelf: &ModelShelf, plan: &ModelPlan) -> Result<Recovery, EngineError> {
    let body = shelf.smpl()?;
    let path = UserModels::new(&shelf.places).hmr2_path(&plan.id);
    let threads = all_threads();
    let options =
        Hmr2Options { device: plan.device, threads, weights: plan.weights, batch: plan.batch as usize };
    let net = Hmr2::load(runtime, &path, options)?;
    let model = Arc::clone(body.model());
    Ok((vec![Box::new(Hmr2Recoverer::new(net, body, &plan.id))], model))
}

fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

/// Workers that recover bodies: recovery takes about twice as long as detection, so with few cores it gets as many
/// workers as there are, and the system shares them out.
pub(super) fn recover_workers() -> usize {
    all_threads().clamp(1, 4)
}
