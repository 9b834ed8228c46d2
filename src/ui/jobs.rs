//! What the engine is doing and has done, for the activity list.

use crate::engine::{ExportOutcome, JobId, JobKind, Plan, Progress};
use crate::types::Rung;

use super::{text, time};

/// Most ended jobs kept in the list.
const LIMIT: usize = 40;

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It runs.
    Running,
    /// It was asked to stop and has not yet.
    Stopping,
    /// It is done; what came of it.
    Done(String),
    /// The user stopped it.
    Cancelled,
    /// It failed.
    Failed {
        /// Why, and what to do.
        why: String,
        /// Whether starting over would help, and not just trying again.
        restart_helps: bool,
        /// The way to save memory that it can go on with, where that may help.
        lighter: Option<Rung>,
        /// Whether a device failed, so that the processor may be used in its place.
        on_device: bool,
    },
}

/// One job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub progress: Progress,
    /// How it stands.
    pub state: JobState,
    /// How an analysis fits into memory, once that is known.
    pub plan: Option<Box<Plan>>,
    /// What went wrong without ending it.
    pub warnings: Vec<String>,
}

impl Job {
    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        matches!(self.state, JobState::Running | JobState::Stopping)
    }
}

/// All jobs, oldest first.
#[derive(Debug, Default)]
pub struct Jobs(Vec<Job>);

impl Jobs {
    /// Adds a job that began.
    pub fn start(&mut self, id: JobId, kind: JobKind) {
        if self.0.len() >= LIMIT
            && let Some(oldest_ended) = self.0.iter().position(|job| !job.is_running())
        {
            self.0.remove(oldest_ended);
        }
        let (progress, state) = (Progress::default(), JobState::Running);
        self.0.push(Job { id, kind, progress, state, plan: None, warnings: Vec::new() });
    }

    /// The job with this number.
    pub fn get_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.0.iter_mut().find(|job| job.id == id)
    }

    /// Takes a job off the list.
    pub fn remove(&mut self, id: JobId) {
        self.0.retain(|job| job.id != id);
    }

    /// Takes off the list what has ended.
    pub fn clear_ended(&mut self) {
        self.0.retain(Job::is_running);
    }

    /// The job to tell of where there is room for one: an export before an analysis before an opening, the newest of
    /// these.
    pub fn headline(&self) -> Option<&Job> {
        let rank = |job: &&Job| match job.kind {
            JobKind::Export { .. } => 2,
            JobKind::Analyze(_) | JobKind::Compare(_) => 1,
            JobKind::TakeIn(_) | JobKind::Fetch(_) | JobKind::Open(_) | JobKind::Proxy(_) => 0,
        };
        self.0.iter().filter(|job| job.is_running()).max_by_key(rank)
    }

    /// Whether an export runs, behind which another one would wait.
    pub fn is_exporting(&self) -> bool {
        self.0.iter().any(|job| job.is_running() && matches!(job.kind, JobKind::Export { .. }))
    }

    /// Number of jobs that run.
    pub fn running(&self) -> usize {
        self.0.iter().filter(|job| job.is_running()).count()
    }

    /// All of them, oldest first.
    pub fn list(&self) -> &[Job] {
        &self.0
    }
}

/// What a job does, in one word.
pub fn verb(kind: &JobKind) -> &'static str {
    match kind {
        JobKind::TakeIn(_) => "Taking in",
        JobKind::Fetch(_) => "Fetching",
        JobKind::Open(_) => "Opening",
        JobKind::Proxy(_) => "Copying",
        JobKind::Analyze(_) => "Analysing",
        JobKind::Compare(_) => "Comparing",
        JobKind::Export { .. } => "Exporting",
    }
}

/// A finished export in words.
pub fn export_summary(outcome: &ExportOutcome) -> String {
    let mut parts = vec![format!("{} frames, {} with a mesh", outcome.frames, outcome.frames_with_mesh)];
    if let Some(folder) = &outcome.matte_folder {
        parts.push(format!("mattes in {}", text::file_name(folder)));
    }
    parts.push(format!("took {}", time::words(outcome.wall_s)));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_is_an_export_that_runs() {
        let mut jobs = Jobs::default();
        jobs.start(JobId(1), JobKind::Export { clip: "a".into(), output: "b".into() });
        jobs.start(JobId(2), JobKind::Analyze("a".into()));
        assert_eq!(jobs.headline().map(|job| job.id), Some(JobId(1)));
        jobs.get_mut(JobId(1)).unwrap().state = JobState::Cancelled;
        assert_eq!(jobs.headline().map(|job| job.id), Some(JobId(2)));
        jobs.clear_ended();
        assert_eq!(jobs.list().len(), 1);
    }

    #[test]
    fn a_long_history_forgets_ended_jobs_and_no_running_one() {
        let mut jobs = Jobs::default();
        jobs.start(JobId(0), JobKind::Analyze("a".into()));
        for id in 1..100 {
            jobs.start(JobId(id), JobKind::Open("a".into()));
            jobs.get_mut(JobId(id)).unwrap().state = JobState::Cancelled;
        }
        assert!(jobs.list().len() <= LIMIT);
        assert_eq!(jobs.list()[0].id, JobId(0));
    }
}
