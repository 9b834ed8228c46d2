//! Several detectors over one clip, or over labelled pictures: what each finds, and what that is worth.
//!
//! What each detector found is kept beside the analysis, raw, so that looking again at another threshold, or after a
//! restart, runs no network.

mod coco;
mod differences;
mod measure;
mod report;
mod run;
mod side_by_side;
mod truth;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use glam::Vec2;

pub use coco::{CocoComparison, DetectorScore, compare_on_labels};
pub use differences::{Difference, differences, next_disagreement, previous_disagreement};
pub use measure::{DetectorFigures, Latency, Measured, SAME_IOU, above, agreement, found_alone, measure};
pub use report::{html_report, json_report};
pub use side_by_side::write_side_by_side;

use super::analysis;
use super::detector::detector_key;
use super::models::ModelShelf;
use super::planning::Extent;
use super::{AnalyzeRequest, CancelToken, EngineError, Progress, Reporter};
use crate::inference::AveragePrecision;
use crate::settings::ModelSettings;
use crate::store::{AnalysisStore, ClipFingerprint, OpenMode, StoreError};
use crate::types::detector_run::DetectorRun;
use crate::types::{ClipInfo, Detection};
use crate::video::{self, DecodeOptions};

/// Most detectors that are compared at once.
pub const MAX_DETECTORS: usize = 4;

/// How often a comparison looks whether an analysis that writes into the same file has ended.
const WAIT_FOR_ANALYSIS: Duration = Duration::from_millis(300);

/// What a comparison is asked for.
#[derive(Clone, Debug)]
pub struct CompareRequest {
    /// The clip, its analysis file, and devices, classes and part of the picture for all detectors.
    pub analysis: AnalyzeRequest,
    /// The detectors' ids.
    pub detectors: Vec<String>,
    /// Whether to run them again that have been run already.
    pub again: bool,
    /// Who really is where: MOTChallenge's text format, or the truth of a demo clip.
    pub truth: Option<PathBuf>,
}

/// What several detectors found in one clip.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The clip.
    pub clip: Arc<ClipInfo>,
    /// By detector, in the order asked for.
    pub runs: Vec<Arc<DetectorRun>>,
    /// By detector, against the truth; empty where there is none.
    pub precision: Vec<AveragePrecision>,
}

impl Comparison {
    /// Each detector's own threshold.
    pub fn thresholds(&self) -> Vec<f32> {
        self.runs.iter().map(|run| run.info.threshold).collect()
    }

    /// Everything that is said of the detectors at `thresholds`, one for each.
    pub fn measure(&self, thresholds: &[f32]) -> Measured {
        let runs: Vec<&DetectorRun> = self.runs.iter().map(Arc::as_ref).collect();
        let picture_px = Vec2::new(self.clip.width as f32, self.clip.height as f32);
        let mut measured = measure(&runs, thresholds, &self.clip.frames, picture_px);
        for (figures, precision) in measured.detectors.iter_mut().zip(&self.precision) {
            figures.ap = Some(precision.ap);
            figures.ap50 = Some(precision.ap50);
        }
        measured
    }

    /// What each detector found in `frame` with a score of its threshold of `thresholds` on.
    pub fn found(&self, thresholds: &[f32], frame: u64) -> Vec<&[Detection]> {
        let index = usize::try_from(frame).unwrap_or(usize::MAX);
        let runs = self.runs.iter().zip(thresholds);
        runs.map(|(run, &threshold)| {
            run.frames.get(index).map_or(&[][..], |seen| above(&seen.detections, threshold))
        })
        .collect()
    }
}

/// Runs the detectors of `request` over its clip, those that have not been run with these models and settings, and keeps
/// what they found.
///
/// # Errors
/// [`EngineError::Cancelled`]: the detectors that were done until then are kept; when a detector cannot be loaded or run, or
/// the analysis file not be written.
pub fn compare(
    request: &CompareRequest,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<Comparison, EngineError> {
    let clip_path = &request.analysis.clip;
    let truth = request.truth.as_deref().map(truth::read).transpose()?;
    let mut source = video::open(clip_path, &DecodeOptions::default())?;
    let clip = Arc::new(source.info().clone());
    let path = analysis::store_path(&request.analysis);
    let mut runs = Vec::with_capacity(request.detectors.len());
    for detector in &request.detectors {
        let settings = ModelSettings { detector: detector.clone(), ..request.analysis.models.clone() };
        let key = detector_key(shelf, &settings)?;
        if !request.again
            && let Some(run) = kept(&path, clip_path, detector, &key)?
        {
            runs.push(Arc::new(run));
            continue;
        }
        let memory = (&request.analysis.memory, Extent::of(&clip));
        let ready = run::Ready::load(shelf, &settings, memory, reporter)?;
        source.seek(0)?;
        let run = run::run(ready, source.as_mut(), cancel, reporter)?;
        let mut store = loop {
            match open_store(&path, &request.analysis, shelf) {
                Err(EngineError::Store(StoreError::InUse { .. })) if !cancel.is_cancelled() => {
                    let stage = "waiting for the analysis".to_owned();
                    reporter.progress(Progress { stage, ..Progress::default() });
                    std::thread::sleep(WAIT_FOR_ANALYSIS);
                }
                store => break store?,
            }
        };
        store.write_detector_run(&run)?;
        runs.push(Arc::new(run));
    }
    let precision = truth.map(|truth| truth::precision(&truth, &runs)).transpose()?.unwrap_or_default();
    Ok(Comparison { clip, runs, precision })
}

/// The runs of `request`'s detectors that are kept for its clip, made with these models and settings; no network is run.
///
/// # Errors
/// When the clip or its analysis file cannot be read.
pub fn kept_comparison(request: &CompareRequest, shelf: &ModelShelf) -> Result<Comparison, EngineError> {
    let clip_path = &request.analysis.clip;
    let clip = Arc::new(super::clip_info(clip_path)?);
    let path = analysis::store_path(&request.analysis);
    let mut runs = Vec::new();
    for detector in &request.detectors {
        let settings = ModelSettings { detector: detector.clone(), ..request.analysis.models.clone() };
        // A detector whose file has gone has no key, and nothing to show.
        if let Ok(key) = detector_key(shelf, &settings)
            && let Some(run) = kept(&path, clip_path, detector, &key)?
        {
            runs.push(Arc::new(run));
        }
    }
    Ok(Comparison { clip, runs, precision: Vec::new() })
}

/// A detector's kept run over the clip as it is now, made with the same `key`.
fn kept(path: &Path, clip: &Path, detector: &str, key: &str) -> Result<Option<DetectorRun>, EngineError> {
    if !path.exists() {
        return Ok(None);
    }
    let store = AnalysisStore::open_read_only(path)?;
    if !store.clip()?.same_clip(&ClipFingerprint::of(clip)?) {
        return Ok(None);
    }
    Ok(store.detector_run(detector)?.filter(|run| run.info.key == key))
}

/// The analysis file to keep runs in; a new one begins the analysis that `request` asks for, without a frame.
fn open_store(
    path: &Path,
    request: &AnalyzeRequest,
    shelf: &ModelShelf,
) -> Result<AnalysisStore, EngineError> {
    let fingerprint = ClipFingerprint::of(&request.clip)?;
    let key = if path.exists() {
        let store = AnalysisStore::open_read_only(path)?;
        if !store.clip()?.same_clip(&fingerprint) {
            return Err(EngineError::ClipChanged { clip: request.clip.clone(), store: path.to_owned() });
        }
        store.run_key()?
    } else {
        analysis::run_key(request, shelf)?
    };
    Ok(AnalysisStore::open(path, &fingerprint, &key, OpenMode::Resume)?.0)
}
