//! Analysing a clip: frames through the models, who is who, everything on disk as it comes.
//!
//! What is stored frame by frame is raw: detections and their bodies. Identities are a pure function of those, so a
//! run that was killed takes up at the first frame that is not stored and ends with the same riders.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use glam::Vec2;

use super::detect_stage::DetectStage;
use super::finished::{finished_before, finished_store, tell_resolved};
use super::job::Reporter;
use super::load_watch::Watch;
use super::memory;
use super::models::{self, ModelShelf};
use super::one_at_a_time::LookAtAll;
use super::pipeline::{self, Earlier, FrameResult, Meters, Stages};
use super::planning::{Extent, plan_for};
use super::rate::RateMeter;
use super::settle::{settle, stored_before};
use super::worker::Breadcrumb;
use super::{AnalysisOutcome, AnalyzeRequest, CancelToken, EngineError, Progress};
use crate::store::{self, AnalysisStore, ClipFingerprint, FrameRecord, OpenMode, Opened, RunKey};
use crate::tracking::{Tracker, TrackerSettings, is_cut};
use crate::types::{ClipInfo, MemoryMode, RunSummary, StageTime};
use crate::video::{self, DecodeOptions, FrameSource};

/// Frames are written together when this many wait or the oldest has waited this long: a kill loses no more.
const BATCH_FRAMES: usize = 16;
const BATCH_TIME: Duration = Duration::from_millis(500);

/// Raised whenever the same models would give another analysis.
const ALGORITHM_VERSION: u32 = 5;

/// The analysis file of a request.
pub fn store_path(request: &AnalyzeRequest) -> PathBuf {
    request.store.clone().unwrap_or_else(|| store::default_path(&request.clip))
}

/// Analyses the clip of `request` with models from `shelf`, or takes up where an earlier run stopped.
///
/// # Errors
/// [`EngineError::Cancelled`] when `cancel` was set; what was done until then is in the analysis file.
pub fn analyze(
    request: &AnalyzeRequest,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<AnalysisOutcome, EngineError> {
    let mut source = video::open(&request.clip, &DecodeOptions::default())?;
    let path = store_path(request);
    if request.accept_existing
        && !request.restart
        && let Some(store) = finished_store(&path, &request.clip)?
    {
        return finished_before(path, &store, source.info(), reporter);
    }
    let fingerprint = ClipFingerprint::of(&request.clip)?;
    let key = run_key(request, shelf)?;
    // What cannot fit is refused before there is a file, or before what is there is thrown away.
    let plan = || plan_for(&request.models, &request.memory, shelf, Extent::of(source.info()));
    let early = if path.exists() && !request.restart { None } else { Some(plan()?) };
    let (store, opened) = open_store(&path, &fingerprint, &key, request.restart, &request.clip)?;
    if let Opened::Finished = opened {
        return finished_before(path, &store, source.info(), reporter);
    }
    let plan = early.map_or_else(plan, Ok)?;
    if let Some(crumb) = Breadcrumb::read(&path) {
        reporter.warning(crumb.of_earlier_run(store.next_frame()?));
    }
    reporter.planned(&plan);
    let watch = Watch::new(&path, &plan, reporter);
    let work = Work { request, shelf, watch: &watch, cancel };
    work.run(source.as_mut(), store, path).map_err(|error| error.on_gpu(&plan))
}

/// An analysis that is planned.
struct Work<'a> {
    request: &'a AnalyzeRequest,
    shelf: &'a ModelShelf,
    watch: &'a Watch<'a>,
    cancel: &'a CancelToken,
}

impl Work<'_> {
    fn run(
        &self,
        source: &mut dyn FrameSource,
        mut store: AnalysisStore,
        path: PathBuf,
    ) -> Result<AnalysisOutcome, EngineError> {
        let Self { request: AnalyzeRequest { models, .. }, shelf, watch, cancel } = *self;
        let seen = if watch.plan().mode == MemoryMode::OneAtATime {
            let first = first_frame(&store, source.info().frames.len(), models::detect_every(models))?;
            let look = LookAtAll { models, shelf, watch, cancel };
            Some(look.run(source, &mut store, first)?)
        } else {
            None
        };
        let mut stages = models::load_stages(shelf, models, watch, seen)?;
        run_stages(source, &mut stages, store, path, cancel, watch)
    }
}

/// Everything that decides the result of `request`.
pub(super) fn run_key(request: &AnalyzeRequest, shelf: &ModelShelf) -> Result<RunKey, EngineError> {
    let models = &request.models;
    let mut model_sha256 = shelf.hashes(&[&models.detector, &models.recoverer])?;
    if !models.detector_classes.is_empty() {
        model_sha256.insert("detector classes".to_owned(), models.detector_classes.join(","));
    }
    let part = models.detector_part.map(|part| [part.min.x, part.min.y, part.max.x, part.max.y]);
    let side = |index: usize| part.map(|part| part[index]);
    Ok(RunKey {
        detector: models.detector.clone(),
        recoverer: models.recoverer.clone(),
        thresholds: [
            ("detection".to_owned(), models.detection_threshold),
            ("max_people".to_owned(), Some(models.max_people as f32)),
            ("detect_every".to_owned(), Some(models::detect_every(models) as f32)),
            ("precise".to_owned(), models.precise.then_some(1.0)),
            ("part left".to_owned(), side(0)),
            ("part top".to_owned(), side(1)),
            ("part right".to_owned(), side(2)),
            ("part bottom".to_owned(), side(3)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect(),
        model_sha256,
        algorithm_version: ALGORITHM_VERSION,
    })
}

/// Opens the analysis file; one of another clip or of other settings is replaced only when asked.
fn open_store(
    path: &Path,
    fingerprint: &ClipFingerprint,
    key: &RunKey,
    restart: bool,
    clip: &Path,
) -> Result<(AnalysisStore, Opened), EngineError> {
    let mode = if restart { OpenMode::Restart } else { OpenMode::Resume };
    let (store, opened) = AnalysisStore::open(path, fingerprint, key, mode)?;
    match opened {
        Opened::ClipChanged => {
            Err(EngineError::ClipChanged { clip: clip.to_owned(), store: path.to_owned() })
        }
        Opened::SettingsChanged => Err(EngineError::SettingsChanged { store: path.to_owned() }),
        opened => Ok((store, opened)),
    }
}

/// Runs the frames that `store` lacks, then settles who is who.
pub fn run_stages(
    source: &mut dyn FrameSource,
    stages: &mut Stages,
    store: AnalysisStore,
    path: PathBuf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<AnalysisOutcome, EngineError> {
    let info = source.info().clone();
    let summary = RunSummary {
        detector: stages.detector.id().to_owned(),
        detector_device: stages.detector.device().to_string(),
        recoverer: stages.recoverers.first().map(|r| r.id().to_owned()).unwrap_or_default(),
        recoverer_device: stages.recoverers.first().map(|r| r.device().to_string()).unwrap_or_default(),
        ..store.summary()?.unwrap_or_default()
    };
    let total = info.frames.len();
    let first = first_frame(&store, total, stages.detect_every)?;
    let mut detect = DetectStage::new(stages.scores, stages.max_people, stages.detect_every);
    let mut recording = Recording::new(store, reporter, tracker_settings(&info, stages), first, total);
    for some in stored_before(first) {
        let records = recording.store.observations(some)?;
        detect.remember(&records);
        recording.take_up(&records);
    }
    let earlier = Earlier { meters: go_to(source, first)?, detect };
    let times = pipeline::run(source, stages, earlier, cancel, |result| {
        let pts_s =
            result.pts.map_or_else(|| info.frames.seconds(result.index), |pts| info.frames.seconds_of(pts));
        recording.take(result, pts_s)
    });
    // What was done is kept whatever ended the run.
    recording.flush()?;
    recording.tell();
    let mut times = times?;
    if cancel.is_cancelled() {
        recording.store.mark_wall_s(recording.started.elapsed().as_secs_f64())?;
        return Err(EngineError::Cancelled);
    }
    times.push(recording.time());
    recording.settle(source, stages, cancel, &mut times)?;
    recording.finish(summary, times, path)
}

/// The frame to take up at.
fn first_frame(store: &AnalysisStore, total: u64, detect_every: u64) -> Result<u64, EngineError> {
    let next = store.next_frame()?;
    Ok(if next < total { DetectStage::restart_at(next, detect_every) } else { total })
}

/// Makes frame `first` the next one of `source` and takes in the picture before it.
fn go_to(source: &mut dyn FrameSource, first: u64) -> Result<Meters, EngineError> {
    let mut meters = Meters::default();
    if let Some(before) = first.checked_sub(1) {
        source.seek(before)?;
        // A frame that cannot be decoded has been told of in the sitting that met it.
        if let Ok(Some(frame)) = source.next_frame() {
            meters.changes.take(&frame.image);
            meters.motion.take(&frame.image, []);
        }
        source.seek(first)?;
    }
    Ok(meters)
}

/// How the tracker is to take the detector's scores on this clip.
fn tracker_settings(clip: &ClipInfo, stages: &Stages) -> TrackerSettings {
    TrackerSettings {
        picture_px: Some(Vec2::new(clip.width as f32, clip.height as f32)),
        min_score: stages.scores.weak,
        confident_score: stages.scores.confident,
        ..TrackerSettings::default()
    }
}

/// Tracks and stores results as they come.
struct Recording<'a> {
    store: AnalysisStore,
    reporter: &'a dyn Reporter,
    tracker: Tracker,
    settings: TrackerSettings,
    /// Of each frame so far.
    changes: Vec<Option<f32>>,
    total: u64,
    frames: u64,
    /// Frames that are on disk, counted from the first of the clip.
    stored: u64,
    batch: Vec<FrameRecord>,
    batch_since: Instant,
    meter: RateMeter,
    started: Instant,
    busy: Duration,
    warnings: Vec<(u64, String)>,
}

impl<'a> Recording<'a> {
    /// For what comes from frame `first` on.
    fn new(
        store: AnalysisStore,
        reporter: &'a dyn Reporter,
        settings: TrackerSettings,
        first: u64,
        total: u64,
    ) -> Self {
        let now = Instant::now();
        Self {
            tracker: Tracker::new(settings.clone()),
            settings,
            changes: Vec::new(),
            total,
            frames: 0,
            stored: first,
            batch: Vec::with_capacity(BATCH_FRAMES),
            batch_since: now,
            meter: RateMeter::new(now, first, total),
            started: now,
            busy: Duration::ZERO,
            warnings: Vec::new(),
            reporter,
            store,
        }
    }

    /// Takes up after the next frames of which there are records.
    fn take_up(&mut self, records: &[FrameRecord]) {
        for record in records {
            if let Some(warning) = &record.warning {
                self.warnings.push((record.frame, warning.clone()));
            }
            self.track(record);
        }
    }

    /// Tells who is in a frame, as far as the frames before it tell.
    fn track(&mut self, record: &FrameRecord) {
        self.changes.push(record.change);
        if is_cut(&self.changes, self.changes.len() - 1) {
            self.tracker.cut();
        }
        let riders = self.tracker.advance(record.frame, record.pts_s, &record.observations, &record.evidence);
        self.reporter.riders(record.frame, &riders);
    }

    /// Takes one frame's result.
    fn take(&mut self, result: FrameResult, pts_s: f64) -> Result<(), EngineError> {
        let start = Instant::now();
        let record = FrameRecord {
            frame: result.index,
            pts: result.pts.unwrap_or_default(),
            pts_s,
            change: result.change,
            observations: result.observations,
            evidence: result.evidence,
            warning: result.warning,
        };
        if let Some(warning) = &record.warning {
            self.reporter.warning(format!("frame {}: {warning}", record.frame));
            self.warnings.push((record.frame, warning.clone()));
        }
        self.track(&record);
        if self.batch.is_empty() {
            self.batch_since = start;
        }
        self.batch.push(record);
        if self.batch.len() >= BATCH_FRAMES || self.batch_since.elapsed() >= BATCH_TIME {
            self.flush()?;
        }
        self.frames += 1;
        self.tell();
        self.busy += start.elapsed();
        Ok(())
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        if let Some(last) = self.batch.last() {
            self.stored = last.frame + 1;
            self.store.append(&self.batch)?;
            self.batch.clear();
        }
        Ok(())
    }

    /// Tells how far it is: what is told as done is on disk.
    fn tell(&mut self) {
        if let Some(progress) = self.meter.update(Instant::now(), self.stored, "analysing") {
            self.reporter.progress(progress);
        }
    }

    fn time(&self) -> StageTime {
        StageTime { stage: "track and store".into(), frames: self.frames, busy_s: self.busy.as_secs_f64() }
    }

    /// Settles who is who; see [`settle`].
    fn settle(
        &mut self,
        source: &mut dyn FrameSource,
        stages: &mut Stages,
        cancel: &CancelToken,
        times: &mut Vec<StageTime>,
    ) -> Result<(), EngineError> {
        let settling = Progress { stage: "settling who is who".into(), ..Progress::default() };
        self.reporter.progress(settling);
        let took = settle(&mut self.store, &self.settings, source, stages, cancel)?;
        let time = |stage: &str, took: Duration| StageTime {
            stage: stage.into(),
            frames: self.total,
            busy_s: took.as_secs_f64(),
        };
        times.extend([time("settle and look again", took.settle), time("fit over time", took.fit)]);
        Ok(())
    }

    /// Closes the analysis.
    fn finish(
        mut self,
        mut summary: RunSummary,
        stages: Vec<StageTime>,
        path: PathBuf,
    ) -> Result<AnalysisOutcome, EngineError> {
        self.store.mark_wall_s(self.started.elapsed().as_secs_f64())?;
        summary.wall_s = self.store.wall_s()?;
        summary.fps = if summary.wall_s > 0.0 { self.stored as f64 / summary.wall_s } else { 0.0 };
        summary.peak_rss_bytes = summary.peak_rss_bytes.max(memory::measure().peak_resident);
        summary.stages = stages;
        self.store.clear_looks()?;
        self.store.finish(&summary)?;
        tell_resolved(&self.store, self.total, self.reporter)?;
        Ok(AnalysisOutcome { store: path, summary, reused: false, warnings: self.warnings })
    }
}
