//! Slow things that the window does beside the engine's jobs, each on a thread of its own.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::engine::compare::{self, CompareRequest, Comparison, Measured};
use crate::engine::{
    self, AnalyzeRequest, DeviceReport, Engine, EngineError, ModelFootprint, Plan, ResolvedRiders,
    SceneBuilder, TrackChange, Wake, thread,
};
use crate::types::moments::ClipNotes;

use super::planning::PlanKey;

/// What came of it.
pub enum Arrival {
    /// Riders of an earlier analysis of a clip, where there is one.
    Saved(PathBuf, Result<Option<ResolvedRiders>, EngineError>),
    /// Riders of a clip after a change of the tracks.
    Changed(PathBuf, Result<ResolvedRiders, EngineError>),
    /// The body that the meshes of a recoverer are made of.
    Body(String, Result<Box<SceneBuilder>, EngineError>),
    /// How an analysis would fit into memory, and what its models take.
    Plan(Box<PlanKey>, Result<Plan, EngineError>, Vec<ModelFootprint>),
    /// The notes of a clip.
    Notes(PathBuf, Result<ClipNotes, EngineError>),
    /// The notes of a clip were written, or not.
    NotesSaved(Result<(), EngineError>),
    /// The detectors that have been run over a clip, and how they differ.
    KeptRuns(PathBuf, Result<(Arc<Comparison>, Measured), EngineError>),
    /// How detectors differ at other thresholds.
    Measured(Arc<Comparison>, Measured),
    /// What each device is good for.
    Devices(Result<Vec<DeviceReport>, EngineError>),
    /// The demo clip, ready to be opened.
    Demo(Result<PathBuf, String>),
}

/// Longest that a window which closes waits for its threads.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts threads and collects what comes of them.
pub struct Background {
    sender: Sender<Arrival>,
    receiver: Receiver<Arrival>,
    threads: RefCell<Vec<JoinHandle<()>>>,
}

impl Default for Background {
    fn default() -> Self {
        // Each arrival was asked for once, by a start or a click: they cannot pile up.
        let (sender, receiver) = unbounded();
        Self { sender, receiver, threads: RefCell::default() }
    }
}

impl Background {
    /// Does `work`; what comes of it arrives in a later frame.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        &self,
        wake: Wake,
        name: &str,
        work: impl FnOnce() -> Arrival + Send + 'static,
    ) -> Result<(), EngineError> {
        let sender = self.sender.clone();
        let started = thread::spawn(name, move || {
            // Nobody listens any more once the window is closed.
            let _ = sender.send(work());
            wake();
        })?;
        let mut threads = self.threads.borrow_mut();
        threads.retain(|thread| !thread.is_finished());
        threads.push(started);
        Ok(())
    }

    /// Something that has arrived, if anything has.
    pub fn arrival(&self) -> Option<Arrival> {
        self.receiver.try_recv().ok()
    }
}

impl Drop for Background {
    /// Waits a little: a program that ends while ONNX Runtime is being started by a thread takes away what that thread
    /// works with, and crashes.
    fn drop(&mut self) {
        let begun = Instant::now();
        let threads = self.threads.get_mut();
        while threads.iter().any(|thread| !thread.is_finished()) && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Loads the body that the meshes of `recoverer` are made of.
pub fn body(engine: &Engine, recoverer: String) -> Arrival {
    let body = engine.shelf().body_of(&recoverer);
    Arrival::Body(recoverer, body.map(|body| Box::new(SceneBuilder::new(body))))
}

/// Plans the analysis that `key` stands for.
pub fn plan(engine: &Engine, key: Box<PlanKey>) -> Arrival {
    let request = key.request();
    let models = &request.models;
    // A model that is not there is told by the plan.
    let footprints =
        [(&models.detector, models.detector_device), (&models.recoverer, models.recoverer_device)]
            .into_iter()
            .filter_map(|(id, device)| engine::model_footprint(engine.shelf(), id, device).ok())
            .collect();
    Arrival::Plan(key, engine::plan_analysis(&request, engine.shelf()), footprints)
}

/// Looks up which of the detectors of `request` have been run over its clip.
pub fn kept_runs(engine: &Engine, request: &CompareRequest) -> Arrival {
    let kept = compare::kept_comparison(request, engine.shelf()).map(|comparison| {
        let measured = comparison.measure(&comparison.thresholds());
        (Arc::new(comparison), measured)
    });
    Arrival::KeptRuns(request.analysis.clip.clone(), kept)
}

/// How detectors differ at these thresholds.
pub fn measured(comparison: Arc<Comparison>, thresholds: &[f32]) -> Arrival {
    let measured = comparison.measure(thresholds);
    Arrival::Measured(comparison, measured)
}

/// Reads the notes of a clip.
pub fn notes(clip: PathBuf) -> Arrival {
    let notes = engine::load_notes(&clip);
    Arrival::Notes(clip, notes)
}

/// Changes the tracks of a clip of `frames` frames in its analysis file; `raw` for bodies that are not fitted over time.
pub fn changed_riders(clip: PathBuf, store: &Path, frames: u64, raw: bool, change: &TrackChange) -> Arrival {
    let changed = engine::edit_tracks(store, frames, change);
    if raw && changed.is_ok() {
        return riders_again(clip, store, frames, raw);
    }
    Arrival::Changed(clip, changed)
}

/// Reads the riders of a clip of `frames` frames from its finished analysis file, `store`.
pub fn riders_again(clip: PathBuf, store: &Path, frames: u64, raw: bool) -> Arrival {
    Arrival::Changed(clip, engine::read_riders(store, frames, raw))
}

/// Reads the riders of a finished analysis of a clip of `frames` frames.
pub fn saved_riders(request: AnalyzeRequest, frames: u64, raw: bool) -> Arrival {
    let path = engine::store_path(&request);
    let riders = engine::finished_store(&path, &request.clip)
        .and_then(|store| store.map(|_| engine::read_riders(&path, frames, raw)).transpose());
    Arrival::Saved(request.clip, riders)
}
