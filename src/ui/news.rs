//! What each of the engine's events does to the state. Events of jobs that nobody waits for any more are dropped.

use std::path::Path;

use super::analysis::Analysis;
use super::comparing;
use super::effect::Effect;
use super::jobs::{self, JobState};
use super::notes::Severity;
use super::state::{OpenClip, State};
use super::text;
use super::zoom::Zoom;
use crate::engine::{
    AnalysisOutcome, EngineError, ErrorKind, Event, JobId, JobKind, JobResult, Player, Proxy, ResolvedRiders,
};
use crate::types::Rung;

/// Frames that could not be decoded named in one notification.
const WARNINGS_TOLD: usize = 3;

/// What the application does with an event beside the state.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What the change asks of the world.
    pub effects: Vec<Effect>,
    /// The player of a clip that has been opened.
    pub player: Option<Player>,
    /// The player of a second clip that has been opened.
    pub second: Option<Player>,
    /// A small copy of the open clip.
    pub proxy: Option<Proxy>,
}

impl State {
    /// Takes an event in.
    pub fn take_event(&mut self, event: Event) -> Outcome {
        match event {
            Event::Started { job, kind } => self.jobs.start(job, kind),
            Event::Progress { job, progress } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.progress = progress;
                }
            }
            Event::Planned { job, plan } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.plan = Some(plan);
                }
            }
            Event::FirstPicture { job, picture } => {
                if self.opening == Some(job) {
                    self.preview = Some(picture);
                }
            }
            Event::Riders { job, frame, riders } => {
                if let Some(analysis) = self.analysis_of(job) {
                    analysis.take_frame(frame, riders);
                }
            }
            Event::Resolved { job, riders } => {
                if let Some(analysis) = self.analysis_of(job) {
                    analysis.take_whole(riders);
                }
            }
            Event::Warning { job, message } => {
                let title = self.jobs.get_mut(job).map(|job| {
                    job.warnings.push(message.clone());
                    job.kind.title()
                });
                self.note(Severity::Warning, title.unwrap_or_else(|| "Warning".into()), message);
            }
            Event::Finished { job, result } => return self.finish(job, result),
        }
        Outcome::default()
    }

    /// Takes riders that were read from an earlier analysis, unless another has been started meanwhile.
    pub fn take_saved(&mut self, clip: &Path, riders: ResolvedRiders) {
        if let Some(open) = self.clip.as_mut().filter(|open| open.info.path == clip)
            && open.analysis.job.is_none()
        {
            open.analysis.take_whole(riders.into());
        }
    }

    /// Takes the riders after a change that the user made, or why it could not be made.
    pub fn take_changed(&mut self, clip: &Path, riders: Result<ResolvedRiders, EngineError>) {
        let is_analyzing = self.is_analyzing();
        if let Some(open) = self.clip.as_mut().filter(|open| open.info.path == clip) {
            open.analysis.changing = false;
            match riders {
                Ok(riders) if !is_analyzing => {
                    if self.view.selected.is_some_and(|id| riders.track(id).is_none()) {
                        self.view.selected = None;
                    }
                    open.analysis.take_whole(riders.into());
                }
                // What the analysis that was started meanwhile finds is shown with the change made.
                Ok(_) => {}
                Err(error) => self.note(Severity::Error, "The riders were not changed", error.to_string()),
            }
        }
    }

    fn analysis_of(&mut self, job: JobId) -> Option<&mut Analysis> {
        self.clip.as_mut().map(|clip| &mut clip.analysis).filter(|analysis| analysis.job == Some(job))
    }

    fn finish(&mut self, job: JobId, result: Result<JobResult, EngineError>) -> Outcome {
        match result {
            Ok(JobResult::Opened { clip, player }) => {
                self.jobs.remove(job);
                if self.opening_second == Some(job) {
                    self.opening_second = None;
                    self.show_second(clip);
                    return Outcome { second: Some(player), ..Outcome::default() };
                }
                if self.opening != Some(job) {
                    return Outcome::default();
                }
                (self.opening, self.preview) = (None, None);
                let effects = self.show_clip(OpenClip::new(clip));
                self.playback = player.state();
                Outcome { effects, player: Some(player), ..Outcome::default() }
            }
            Ok(JobResult::Analyzed(outcome)) => {
                self.analysis_done(job, outcome);
                // Notes made meanwhile have waited for the file.
                let mut effects = self.save_notes();
                if self.settings.overlay.raw {
                    effects.extend(self.read_riders_again());
                }
                Outcome { effects, ..Outcome::default() }
            }
            Ok(JobResult::Compared { comparison, measured }) => {
                self.end(job, JobState::Done(comparing::summary(&measured)));
                let effects = self.take_comparison(job, comparison, measured);
                Outcome { effects, ..Outcome::default() }
            }
            Ok(JobResult::Exported(outcome)) => {
                let summary = jobs::export_summary(&outcome);
                let written = outcome.video.or(outcome.matte_folder).unwrap_or_default();
                self.end(job, JobState::Done(summary.clone()));
                let title = format!("Exported {}", text::file_name(&written));
                self.note(Severity::Success, title, format!("{summary}\n{}", written.display()));
                Outcome::default()
            }
            Ok(JobResult::ModelReady { title, detail }) => {
                self.end(job, JobState::Done(detail.clone()));
                self.note(Severity::Success, title, detail);
                Outcome { effects: vec![Effect::ListModels], ..Outcome::default() }
            }
            Ok(JobResult::ProxyReady { clip, proxy }) => {
                Outcome { proxy: self.take_proxy(job, &clip, proxy), ..Outcome::default() }
            }
            Ok(JobResult::DataExported(outcome)) => {
                let files = outcome.files.len();
                let summary = format!("{files} files");
                self.end(job, JobState::Done(summary.clone()));
                let folder = outcome.files.first().and_then(|file| file.parent()).unwrap_or(Path::new(""));
                self.note(Severity::Success, "Exported data", format!("{summary}\n{}", folder.display()));
                Outcome::default()
            }
            Ok(JobResult::PictureSaved(outcome)) => {
                let (width, height) = outcome.size;
                self.end(job, JobState::Done(format!("{width} × {height} pixels")));
                let title = format!("Saved {}", text::file_name(&outcome.output));
                self.note(Severity::Success, title, outcome.output.display().to_string());
                Outcome::default()
            }
            Err(error) => {
                self.failed(job, &error);
                Outcome::default()
            }
        }
    }

    /// Puts a clip into the window in place of the one that was there.
    pub(super) fn show_clip(&mut self, clip: OpenClip) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_analyzing() {
            effects.extend(self.clip.as_ref().and_then(|old| old.analysis.job).map(Effect::Cancel));
        }
        let frames = clip.info.frames.len();
        self.settings.remember_clip(&clip.info.path);
        let notes = Effect::LoadNotes(clip.info.path.clone());
        self.playback.playhead = 0;
        self.playback.range = (0, clip.last_frame());
        self.clip = Some(clip);
        self.view.zoom = Zoom::Fit;
        self.view.follow = false;
        if self.second.take().is_some() {
            effects.push(Effect::CloseSecond);
        }
        effects.extend(self.close_comparison());
        self.view.selected = None;
        let analyze = self.settings.analyze_on_open;
        effects.extend(self.analyze(false, Rung::default()).into_iter().map(|effect| match effect {
            Effect::Analyze(request) if !analyze => Effect::LoadSaved { request, frames },
            effect => effect,
        }));
        effects.push(notes);
        effects.extend(self.stop_proxy());
        effects.extend(self.wish_proxy());
        effects
    }

    fn analysis_done(&mut self, job: JobId, outcome: AnalysisOutcome) {
        let summary = if outcome.reused {
            "Taken from the analysis file; nothing had to be done".to_owned()
        } else {
            format!(
                "{:.1} frames a second, at most {}",
                outcome.summary.fps,
                text::bytes(outcome.summary.peak_rss_bytes)
            )
        };
        self.end(job, JobState::Done(summary));
        if !outcome.warnings.is_empty() {
            let told = outcome.warnings.iter().take(WARNINGS_TOLD).map(|(_, why)| why.as_str());
            let mut detail = told.collect::<Vec<_>>().join("\n");
            if outcome.warnings.len() > WARNINGS_TOLD {
                detail.push_str(&format!("\nand {} more", outcome.warnings.len() - WARNINGS_TOLD));
            }
            let title = format!("{} frames could not be analysed", outcome.warnings.len());
            self.note(Severity::Warning, title, detail);
        }
        if let Some(analysis) = self.analysis_of(job) {
            analysis.take_outcome(outcome);
        }
    }

    fn failed(&mut self, job: JobId, error: &EngineError) {
        let kind = self.jobs.get_mut(job).map(|job| job.kind.clone());
        let is_open = matches!(kind, Some(JobKind::Open(_)));
        let is_second = self.opening_second == Some(job);
        if is_second {
            self.opening_second = None;
        }
        let is_stale_open = is_open && self.opening != Some(job) && !is_second;
        if self.opening == Some(job) {
            (self.opening, self.preview) = (None, None);
        }
        if error.kind() == ErrorKind::Cancelled {
            if is_open {
                self.jobs.remove(job);
            } else {
                self.end(job, JobState::Cancelled);
                self.comparison_cancelled(job);
            }
            return;
        }
        self.comparison_failed(job, error);
        let lighter = error.next_rung();
        let (why, restart_helps) = (error.to_string(), error.restart_helps());
        let on_device = error.kind() == ErrorKind::Device && self.settings.models.asks_for_device();
        self.end(job, JobState::Failed { why, restart_helps, lighter, on_device });
        if !is_stale_open {
            let title = match &kind {
                Some(JobKind::Open(path)) => format!("Could not open {}", text::file_name(path)),
                Some(JobKind::Analyze(path)) => format!("Could not analyse {}", text::file_name(path)),
                Some(JobKind::Compare(path)) => {
                    format!("Could not compare detectors on {}", text::file_name(path))
                }
                Some(JobKind::Export { output, .. }) => {
                    format!("Could not export {}", text::file_name(output))
                }
                Some(JobKind::TakeIn(file)) => format!("{} was not taken in", text::file_name(file)),
                Some(JobKind::Fetch(id)) => format!("{id} was not fetched"),
                Some(JobKind::Proxy(clip)) => format!("No small copy of {}", text::file_name(clip)),
                None => "A job failed".to_owned(),
            };
            self.note(Severity::Error, title, error.to_string());
        }
    }

    fn end(&mut self, job: JobId, state: JobState) {
        if let Some(job) = self.jobs.get_mut(job) {
            job.state = state;
            job.progress.eta_s = None;
        }
    }
}
