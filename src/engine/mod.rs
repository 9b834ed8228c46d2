//! The only room that owns threads: it joins the others into jobs.
//!
//! The window and the command line both drive an [`Engine`]: they ask for jobs and read [`Event`]s. Nothing here
//! blocks its caller.

mod again;
mod analysis;
mod burn_in;
mod cancel;
mod clip_notes;
mod clock;
pub mod compare;
mod confirm;
mod data_export;
mod detect_stage;
mod detector;
mod devices;
mod doctor;
mod edits;
mod error;
mod evaluate;
mod evaluate_bodies;
mod evaluate_doubt;
mod export;
mod finished;
mod follow;
mod footprints;
mod frame_cache;
mod hmr2;
mod holes;
mod import;
mod job;
mod json_file;
mod landmark_fit;
mod load_watch;
mod looker;
mod matte;
mod memory;
mod memory_checks;
mod message;
mod model_files;
mod models;
mod on_demand;
mod one_at_a_time;
mod pictures;
mod pipeline;
mod plan;
mod planning;
mod playback;
mod player;
mod png;
mod proxy;
mod queue;
mod rate;
mod raw_bodies;
mod recover_stage;
mod refine;
mod scene;
mod settle;
mod soundtrack;
mod surfaces;
pub mod thread;
mod thumbnails;
mod user_models;
mod worker;
mod worth;
mod zoom;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use analysis::{analyze, run_stages, store_path};
pub use burn_in::{Moment, burn_in};
pub use cancel::CancelToken;
pub use clip_notes::{load_notes, save_notes};
pub use data_export::{DataExportOutcome, DataExportRequest, check_folder, clips_in, export_data};
pub use devices::{DeviceReport, devices, prove_device};
pub use doctor::{Check, Verdict, examine};
pub use edits::{TrackChange, edit_tracks};
pub use error::{EngineError, ErrorKind};
pub use evaluate::{Evaluation, evaluate};
pub use evaluate_bodies::{BodyErrors, BodyEvaluation, evaluate_bodies};
pub use evaluate_doubt::DoubtQuality;
pub use export::{
    Layout, SCALE_RANGE, SPEED_RANGE as EXPORT_SPEED_RANGE, VideoOptions, default_output, export,
    export_bytes, free_bytes,
};
pub use finished::{finished_store, load_resolved};
pub use footprints::{ModelFootprint, model_footprint};
pub use import::{ImportOutcome, ImportRequest, import};
pub use job::{Reporter, Wake};
pub use memory::{Budget, measure as measure_memory};
pub use message::{
    AnalysisOutcome, Event, ExportOutcome, JobId, JobKind, JobResult, Progress, ResolvedRiders,
};
pub use model_files::{
    BatchTime, Benchmark, FetchRequest, Fetched, ImportedModel, ModelFileError, Offer, Resident, benchmark,
    fetch, import_model, remove_model, verify_model,
};
pub use models::{ModelPlaces, ModelShelf};
pub use pictures::{
    ChosenFrames, PictureKind, PictureOutcome, PictureRequest, PictureRiders, SHEET_LIMIT, default_picture,
    save_picture,
};
pub use pipeline::Stages;
pub use plan::{Footprint, ModelPlan, Plan, Refusal};
pub use planning::{PLANNED_BYTES_PER_FRAME, plan_analysis};
pub use player::{Player, PlayerState, SPEED_RANGE};
pub use proxy::{Proxy, is_large as is_large_clip};
pub use raw_bodies::{read_riders, use_raw_bodies};
pub use scene::SceneBuilder;
pub use surfaces::{Surfaces, Textures};
pub use thumbnails::{Thumbnail, Thumbnails};
pub use worker::{Breadcrumb, Death, ExportFiles, WorkerJob, Workers, serve as serve_worker};
pub use worth::ScoreLimits;

use job::{Jobs, Outbox};
use queue::Queue;

pub use crate::formats::{DataFormat, Inspection};
pub use crate::inference::Role;
use crate::settings::ModelSettings;
use crate::types::{ClipInfo, MemoryWish, OverlayStyle};
use crate::video::{self, DecodeOptions};
pub use crate::video::{Codec, Encoding, FirstPicture, Quality, Rate, codecs, keep_indexes_in};

/// What an analysis is asked for.
#[derive(Clone, Debug)]
pub struct AnalyzeRequest {
    /// The clip.
    pub clip: PathBuf,
    /// The analysis file; `None` for `CLIP.snowmesh` beside the clip.
    pub store: Option<PathBuf>,
    /// Models, devices and thresholds.
    pub models: ModelSettings,
    /// How memory is to be spent.
    pub memory: MemoryWish,
    /// Whether to throw away what is in the analysis file.
    pub restart: bool,
    /// Whether a finished analysis of the clip will do, whatever models it was made with.
    pub accept_existing: bool,
}

/// What an export is asked for.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// The analysis it draws from; made first where it is not finished.
    pub analysis: AnalyzeRequest,
    /// The video to write, `None` for mattes alone.
    pub output: Option<PathBuf>,
    /// Folder for one 8-bit grey PNG a frame, 255 where a mesh covers.
    pub matte_folder: Option<PathBuf>,
    /// What is drawn.
    pub overlay: OverlayStyle,
    /// First and last frame; `None` for the whole clip.
    pub range: Option<(u64, u64)>,
    /// How the video is made.
    pub video: VideoOptions,
}

/// A model as the settings panel and `snowmesh models list` show it.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// Id, as in settings and flags.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// What it does.
    pub role: Role,
    /// Its file, where it is one file.
    pub file: Option<PathBuf>,
    /// Bytes of the file or of all parts.
    pub bytes: u64,
    /// Licence, SPDX.
    pub licence: String,
    /// Package it comes from.
    pub source: String,
    /// Score from which a detector's detections are usually right; `None` for other models.
    pub default_threshold: Option<f32>,
    /// Whether the file is there with the right size.
    pub present: bool,
    /// What to do where it is not; `None` for the program's own.
    pub remedy: Option<String>,
}

/// Memory of this process and machine, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Resident now.
    pub resident: u64,
    /// Highest resident so far.
    pub peak_resident: u64,
    /// Resident and not from a file: what the system cannot drop.
    pub anonymous: u64,
    /// Smallest of the machine's memory and the control group's limit.
    pub limit: u64,
    /// Resident now in the processes that analyse for the window.
    pub workers: u64,
    /// Highest so far in those that run.
    pub workers_peak: u64,
    /// What the plans of those come to.
    pub planned: u64,
}

/// What is known of a clip, without playing or analysing it.
///
/// # Errors
/// When it cannot be read.
pub fn clip_info(clip: &Path) -> Result<ClipInfo, EngineError> {
    Ok(video::open(clip, &DecodeOptions::default())?.info().clone())
}

/// Runs jobs on named background threads and tells what happens.
pub struct Engine {
    jobs: Jobs,
    exports: Queue,
    events: crossbeam_channel::Receiver<Event>,
    shelf: Arc<ModelShelf>,
    workers: Option<Workers>,
    wake: Wake,
}

impl Engine {
    /// An engine with models from `places` that calls `wake` (from its own threads) whenever there is news: an event
    /// or a new player frame. `worker` is the program that analyses and exports in processes of its own, which is
    /// snowmesh; without it they run in this process.
    pub fn new(places: ModelPlaces, worker: Option<PathBuf>, wake: Wake) -> Self {
        // Unbounded, since a job must not wait for a window that is being dragged; a frame's riders are a few KiB.
        let (sender, events) = crossbeam_channel::unbounded();
        let jobs = Jobs::new(Outbox::new(sender, Arc::clone(&wake)));
        let workers = worker.map(|program| Workers::new(program, places.clone()));
        let shelf = Arc::new(ModelShelf::new(places));
        Self { jobs, exports: Queue::default(), events, shelf, workers, wake }
    }

    /// Events since the last call; never waits.
    pub fn drain_events(&self) -> impl Iterator<Item = Event> + '_ {
        self.events.try_iter()
    }

    /// Where models come from.
    pub fn shelf(&self) -> &Arc<ModelShelf> {
        &self.shelf
    }

    /// Looks for devices that decode, beside everything else; clips opened from then on make use of them.
    pub fn find_decoding_devices(&self) {
        let looked_for = thread::spawn("find decoders", || {
            let found = video::find_decoding_devices();
            tracing::debug!("devices that decode: {found:?}");
        });
        if let Err(error) = looked_for {
            tracing::warn!("no devices that decode are looked for: {error}");
        }
    }

    /// Makes a small copy of a large clip for scrubbing, kept in `folder` from then on.
    pub fn make_proxy(&self, clip: &Path, folder: &Path) -> JobId {
        let (clip, folder) = (clip.to_owned(), folder.to_owned());
        self.jobs.start(JobKind::Proxy(clip.clone()), move |cancel, reporter| {
            let proxy = proxy::prepare(&clip, &folder, cancel, reporter)?;
            Ok(JobResult::ProxyReady { clip, proxy })
        })
    }

    /// Opens a clip for playing; where `hardware`, it is decoded by a device that can.
    pub fn open(&self, clip: &Path, hardware: bool) -> JobId {
        let (path, wake) = (clip.to_owned(), Arc::clone(&self.wake));
        self.jobs.start(JobKind::Open(path.clone()), move |_, reporter| {
            let mut first = |picture| reporter.first_picture(picture);
            let options = DecodeOptions { hardware, ..DecodeOptions::default() };
            let source = video::open_showing(&path, &options, &mut first)?;
            let clip = Arc::new(source.info().clone());
            Ok(JobResult::Opened { clip, player: Player::with_sound(source, wake)? })
        })
    }

    /// Analyses a clip, or takes up where it was left; in a process of its own where that is wished and there is a
    /// program for it.
    pub fn analyze(&self, request: AnalyzeRequest, in_worker: bool) -> JobId {
        let shelf = Arc::clone(&self.shelf);
        let workers = self.workers.clone().filter(|_| in_worker);
        self.jobs.start(JobKind::Analyze(request.clip.clone()), move |cancel, reporter| {
            let outcome = match workers {
                Some(workers) => workers.analyze(&request, cancel, reporter),
                None => analyze(&request, &shelf, cancel, reporter),
            };
            outcome.map(JobResult::Analyzed)
        })
    }

    /// Runs several detectors over a clip, those whose results are not kept, and says how they differ.
    pub fn compare(&self, request: compare::CompareRequest) -> JobId {
        let shelf = Arc::clone(&self.shelf);
        self.jobs.start(JobKind::Compare(request.analysis.clip.clone()), move |cancel, reporter| {
            let comparison = Arc::new(compare::compare(&request, &shelf, cancel, reporter)?);
            let measured = comparison.measure(&comparison.thresholds());
            Ok(JobResult::Compared { comparison, measured })
        })
    }

    /// Exports a clip, once the exports that were asked for before have ended; in a process of its own where that is
    /// wished and there is a program for it, so that an encoder or driver that crashes takes nothing else with it.
    pub fn export(&self, request: ExportRequest, in_worker: bool) -> JobId {
        let workers = self.workers.clone().filter(|_| in_worker);
        let (shelf, place) = (Arc::clone(&self.shelf), self.exports.join());
        let output = request.output.clone().or_else(|| request.matte_folder.clone()).unwrap_or_default();
        let kind = JobKind::Export { clip: request.analysis.clip.clone(), output };
        self.jobs.start(kind, move |cancel, reporter| {
            place.wait(cancel, reporter)?;
            let outcome = match workers {
                Some(workers) => workers.export(&request, cancel, reporter),
                None => export(&request, &shelf, cancel, reporter),
            };
            outcome.map(JobResult::Exported)
        })
    }

    /// Writes a clip's data files, once the exports that were asked for before have ended.
    pub fn export_data(&self, request: DataExportRequest) -> JobId {
        let (shelf, place) = (Arc::clone(&self.shelf), self.exports.join());
        let kind = JobKind::Export { clip: request.analysis.clip.clone(), output: request.folder.clone() };
        self.jobs.start(kind, move |cancel, reporter| {
            place.wait(cancel, reporter)?;
            export_data(&request, &shelf, cancel, reporter).map(JobResult::DataExported)
        })
    }

    /// Draws and writes one picture.
    pub fn save_picture(&self, request: PictureRequest) -> JobId {
        let shelf = Arc::clone(&self.shelf);
        let kind = JobKind::Export { clip: request.clip.clone(), output: request.output.clone() };
        self.jobs.start(kind, move |cancel, reporter| {
            save_picture(&request, &shelf, cancel, reporter).map(JobResult::PictureSaved)
        })
    }

    /// Takes in a file of one of the user's own models.
    pub fn import_model(&self, file: &Path) -> JobId {
        let (file, shelf) = (file.to_owned(), Arc::clone(&self.shelf));
        self.jobs.start(JobKind::TakeIn(file.clone()), move |cancel, reporter| {
            let imported = import_model(&file, &shelf, cancel, reporter)?;
            Ok(JobResult::ModelReady { title: format!("{} is ready", imported.id), detail: imported.told })
        })
    }

    /// What can be fetched of a model, and its licence's text.
    ///
    /// # Errors
    /// When nothing can be fetched of it, or its licence cannot be read.
    pub fn licence(&self, id: &str) -> Result<(Offer, String), EngineError> {
        let offer = self.shelf.offer(id)?;
        let text = offer.licence_text(self.shelf.registry()?.folder())?;
        Ok((offer, text))
    }

    /// Fetches the file of a model whose licence the user has accepted.
    pub fn fetch_model(&self, id: &str) -> JobId {
        let request = FetchRequest { id: id.to_owned(), licence_accepted: true };
        let shelf = Arc::clone(&self.shelf);
        self.jobs.start(JobKind::Fetch(request.id.clone()), move |cancel, reporter| {
            let fetched = fetch(&request, &shelf, cancel, reporter)?;
            let detail = format!("{}\nNext, {}", fetched.path.display(), fetched.next);
            Ok(JobResult::ModelReady { title: format!("Fetched {}", request.id), detail })
        })
    }

    /// Asks a job to stop; it ends with [`EngineError::Cancelled`] within a second.
    pub fn cancel(&self, job: JobId) {
        self.jobs.cancel(job);
    }

    /// Known models in the manifest's order. Reads the manifest: call it once, not every frame.
    ///
    /// # Errors
    /// When there is no models folder or its manifest is damaged.
    pub fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        self.shelf.list()
    }

    /// Memory now. Cheap enough for once a second.
    pub fn memory(&self) -> MemoryUse {
        let workers = self.workers.as_ref().map(Workers::memory).unwrap_or_default();
        MemoryUse {
            workers: workers.process.resident,
            workers_peak: workers.process.peak_resident,
            planned: workers.planned,
            ..memory::measure()
        }
    }
}
