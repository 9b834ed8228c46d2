//! Detectors beside each other on the open clip: which are compared, what they found, and how they differ.
//!
//! What each found is kept whole, however weak, so that a threshold can be moved while the clip plays: the boxes follow at
//! once, the figures as fast as they are worked out beside the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command::{Command, Tab};
use super::effect::Effect;
use super::notes::Severity;
use super::state::State;
use crate::engine::compare::{
    CompareRequest, Comparison, MAX_DETECTORS, Measured, next_disagreement, previous_disagreement,
};
use crate::engine::{EngineError, JobId, Role};
use crate::types::Rung;

/// Fewest detectors that can be compared.
pub const MIN_DETECTORS: usize = 2;

/// Lowest and highest threshold.
pub const THRESHOLDS: (f32, f32) = (0.05, 0.95);

/// What is compared.
#[derive(Debug, Default)]
pub struct Comparing {
    /// Ids of the detectors to be compared, in the order of the panes.
    pub chosen: Vec<String>,
    /// Who really is where.
    pub truth: Option<PathBuf>,
    /// Whether earlier results are being looked up.
    pub looking: bool,
    /// What runs them.
    pub job: Option<JobId>,
    /// Why they could not be compared.
    pub failure: Option<String>,
    /// What they found.
    pub shown: Option<Shown>,
}

impl Comparing {
    /// Whether as many are chosen as can be compared.
    pub fn can_start(&self) -> bool {
        (MIN_DETECTORS..=MAX_DETECTORS).contains(&self.chosen.len()) && self.job.is_none() && !self.looking
    }

    /// Whether what is shown is of the detectors that are chosen.
    pub fn is_shown(&self) -> bool {
        let shown = self.shown.as_ref().map(|shown| &shown.comparison.runs);
        shown.is_some_and(|runs| runs.iter().map(|run| &run.info.detector).eq(&self.chosen))
    }
}

/// What detectors found, and how it is looked at.
#[derive(Debug)]
pub struct Shown {
    /// What they found.
    pub comparison: Arc<Comparison>,
    /// The score from which each detection counts, by detector.
    pub thresholds: Vec<f32>,
    /// How they differ; at the thresholds of a moment ago while these move.
    pub measured: Measured,
    /// Whether other figures are being worked out.
    measuring: bool,
}

/// What the user does with a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareChange {
    /// Takes a detector in, or leaves it out.
    Choose(String, bool),
    /// Runs the chosen detectors; those whose results are kept only where all are to run again.
    Start {
        /// Whether all are to run again.
        again: bool,
    },
    /// Sets the score from which the detections of one of them count.
    Threshold(usize, f32),
    /// Sets all of them back to the detectors' own.
    OwnThresholds,
    /// Holds them against a file that tells who really is where.
    Truth(Option<PathBuf>),
    /// Goes to the next frame in which they begin to differ.
    NextDisagreement,
    /// Goes to the last one before.
    PreviousDisagreement,
}

/// A comparison in a line.
pub fn summary(measured: &Measured) -> String {
    let mean = measured.agreement.iter().sum::<f64>() / measured.agreement.len().max(1) as f64;
    format!("{} detectors agree to {:.1} %", measured.detectors.len(), 100.0 * mean)
}

impl State {
    /// Carries out what concerns the comparison; `None` for all other commands.
    pub(super) fn change_comparison(&mut self, command: &Command) -> Option<Vec<Effect>> {
        match command {
            Command::ToggleCompare if self.comparing.is_some() => Some(self.close_comparison()),
            Command::ToggleCompare => Some(self.open_comparison()),
            Command::Compare(change) => Some(self.compare(change)),
            _ => None,
        }
    }

    /// Goes back to the clip alone; what was done so far is kept.
    pub(super) fn close_comparison(&mut self) -> Vec<Effect> {
        if self.view.tab == Tab::Compare {
            self.view.tab = Tab::Riders;
        }
        let running = self.comparing.take().and_then(|comparing| comparing.job);
        running.map(Effect::Cancel).into_iter().collect()
    }

    fn open_comparison(&mut self) -> Vec<Effect> {
        let known: Vec<String> = self.known_detectors().map(str::to_owned).collect();
        if self.clip.is_none() || known.len() < MIN_DETECTORS {
            let why =
                if self.clip.is_none() { "Open a clip first." } else { "Take in a second detector first." };
            self.note(Severity::Warning, "Nothing to compare yet", why);
            return Vec::new();
        }
        self.view.tab = Tab::Compare;
        self.view.inspector_open = true;
        let mut effects = self.set_full_screen(false);
        self.comparing = Some(Comparing { looking: true, ..Comparing::default() });
        effects.extend(self.compare_request(known, false).map(Effect::LookUpRuns));
        effects
    }

    /// Ids of the detectors whose files are there.
    fn known_detectors(&self) -> impl Iterator<Item = &str> {
        let present = self.models.iter().filter(|model| model.role == Role::Detector && model.present);
        present.map(|model| model.id.as_str())
    }

    fn compare_request(&self, detectors: Vec<String>, again: bool) -> Option<CompareRequest> {
        let clip = self.clip.as_ref()?;
        let truth = self.comparing.as_ref().and_then(|comparing| comparing.truth.clone());
        let analysis = self.analysis_request(clip, false, Rung::default());
        Some(CompareRequest { analysis, detectors, again, truth })
    }

    fn compare(&mut self, change: &CompareChange) -> Vec<Effect> {
        match change {
            CompareChange::Choose(id, on) => {
                let is_known = self.known_detectors().any(|known| known == id);
                if let Some(comparing) = &mut self.comparing {
                    comparing.chosen.retain(|chosen| chosen != id);
                    if *on && is_known && comparing.chosen.len() < MAX_DETECTORS {
                        comparing.chosen.push(id.clone());
                    }
                }
                Vec::new()
            }
            CompareChange::Start { again } => self.start_comparison(*again),
            CompareChange::Threshold(index, threshold) => {
                let shown = self.comparing.as_mut().and_then(|comparing| comparing.shown.as_mut());
                let place = shown.and_then(|shown| shown.thresholds.get_mut(*index));
                if let Some(place) = place.filter(|_| threshold.is_finite()) {
                    *place = threshold.clamp(THRESHOLDS.0, THRESHOLDS.1);
                }
                self.measure_again()
            }
            CompareChange::OwnThresholds => {
                if let Some(shown) = self.comparing.as_mut().and_then(|comparing| comparing.shown.as_mut()) {
                    shown.thresholds = shown.comparison.thresholds();
                }
                self.measure_again()
            }
            CompareChange::Truth(path) => {
                let Some(comparing) = &mut self.comparing else { return Vec::new() };
                comparing.truth.clone_from(path);
                // The networks have run: only the precision is new.
                if comparing.is_shown() { self.start_comparison(false) } else { Vec::new() }
            }
            CompareChange::NextDisagreement => self.go_to_disagreement(next_disagreement),
            CompareChange::PreviousDisagreement => self.go_to_disagreement(previous_disagreement),
        }
    }

    fn start_comparison(&mut self, again: bool) -> Vec<Effect> {
        if self.comparing.is_none() {
            return self.open_comparison();
        }
        let Some(comparing) = self.comparing.as_mut().filter(|comparing| comparing.can_start()) else {
            return Vec::new();
        };
        comparing.failure = None;
        let chosen = comparing.chosen.clone();
        self.compare_request(chosen, again).map(Effect::Compare).into_iter().collect()
    }

    fn go_to_disagreement(&mut self, find: fn(&[f64], u64) -> Option<u64>) -> Vec<Effect> {
        let Some(shown) = self.comparing.as_ref().and_then(|comparing| comparing.shown.as_ref()) else {
            return Vec::new();
        };
        match find(&shown.measured.agreement, self.playback.playhead) {
            Some(frame) => self.update(Command::Seek(frame)),
            None => {
                self.note(
                    Severity::Success,
                    "No further disagreement",
                    "From here on they agree as they do here.",
                );
                Vec::new()
            }
        }
    }

    /// Asks for the figures at the thresholds as they are now, unless some are being worked out: those are asked for when
    /// these have come.
    fn measure_again(&mut self) -> Vec<Effect> {
        let Some(shown) = self.comparing.as_mut().and_then(|comparing| comparing.shown.as_mut()) else {
            return Vec::new();
        };
        let measured = shown.measured.detectors.iter().map(|figures| figures.threshold);
        if shown.measuring || measured.eq(shown.thresholds.iter().copied()) {
            return Vec::new();
        }
        shown.measuring = true;
        let comparison = Arc::clone(&shown.comparison);
        vec![Effect::Measure { comparison, thresholds: shown.thresholds.clone() }]
    }

    /// Takes note that the engine compares.
    pub(super) fn comparison_started(&mut self, job: JobId) {
        if let Some(comparing) = &mut self.comparing {
            comparing.job = Some(job);
        }
    }

    fn comparing_by(&mut self, job: JobId) -> Option<&mut Comparing> {
        self.comparing.as_mut().filter(|comparing| comparing.job == Some(job))
    }

    /// Takes what detectors found.
    pub(super) fn take_comparison(
        &mut self,
        job: JobId,
        comparison: Arc<Comparison>,
        measured: Measured,
    ) -> Vec<Effect> {
        let Some(comparing) = self.comparing_by(job) else { return Vec::new() };
        comparing.job = None;
        comparing.show(comparison, measured);
        self.measure_again()
    }

    /// Takes note why detectors could not be compared.
    pub(super) fn comparison_failed(&mut self, job: JobId, error: &EngineError) {
        if let Some(comparing) = self.comparing_by(job) {
            (comparing.job, comparing.failure) = (None, Some(error.to_string()));
        }
    }

    /// Takes note that comparing was stopped.
    pub(super) fn comparison_cancelled(&mut self, job: JobId) {
        if let Some(comparing) = self.comparing_by(job) {
            comparing.job = None;
        }
    }

    /// Takes what is kept of earlier comparisons: with two or more it is shown, and otherwise two are proposed.
    pub(super) fn take_kept_runs(
        &mut self,
        clip: &Path,
        kept: Result<(Arc<Comparison>, Measured), EngineError>,
    ) -> Vec<Effect> {
        let proposed = self.proposed();
        let is_open = self.is_open(clip);
        let Some(comparing) = self.comparing.as_mut().filter(|comparing| is_open && comparing.looking) else {
            return Vec::new();
        };
        comparing.looking = false;
        comparing.chosen = proposed;
        match kept {
            Ok((comparison, _)) if comparison.runs.len() > MAX_DETECTORS => {
                comparing.chosen = comparison.runs.iter().map(|run| run.info.detector.clone()).collect();
                comparing.chosen.truncate(MAX_DETECTORS);
                return self.start_comparison(false);
            }
            Ok((comparison, measured)) if comparison.runs.len() >= MIN_DETECTORS => {
                comparing.show(comparison, measured);
            }
            Ok(_) => {}
            // What cannot be read is not in the way of running them anew.
            Err(error) => comparing.failure = Some(error.to_string()),
        }
        Vec::new()
    }

    /// The detector of the settings and the first other one.
    fn proposed(&self) -> Vec<String> {
        let own = &self.settings.models.detector;
        let mut known: Vec<String> = self.known_detectors().map(str::to_owned).collect();
        known.sort_by_key(|id| id != own);
        known.truncate(MIN_DETECTORS);
        known
    }

    /// Takes the figures at other thresholds; where these have moved on meanwhile, the next ones are asked for.
    pub(super) fn take_measured(&mut self, comparison: &Arc<Comparison>, measured: Measured) -> Vec<Effect> {
        let shown = self.comparing.as_mut().and_then(|comparing| comparing.shown.as_mut());
        let Some(shown) = shown.filter(|shown| Arc::ptr_eq(&shown.comparison, comparison)) else {
            return Vec::new();
        };
        (shown.measured, shown.measuring) = (measured, false);
        self.measure_again()
    }
}

impl Comparing {
    /// Shows what detectors found; a detector that was shown before keeps its threshold.
    fn show(&mut self, comparison: Arc<Comparison>, measured: Measured) {
        self.chosen = comparison.runs.iter().map(|run| run.info.detector.clone()).collect();
        let mut thresholds = comparison.thresholds();
        if let Some(before) = &self.shown {
            for (place, run) in thresholds.iter_mut().zip(&comparison.runs) {
                let runs = before.comparison.runs.iter();
                let same =
                    runs.zip(&before.thresholds).find(|(own, _)| own.info.detector == run.info.detector);
                *place = same.map_or(*place, |(_, &moved)| moved);
            }
        }
        self.shown = Some(Shown { comparison, thresholds, measured, measuring: false });
    }
}
