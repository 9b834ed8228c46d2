//! Jobs: what runs on a background thread, how it reports, how it is stopped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::plan::Plan;
use super::{CancelToken, EngineError, Event, JobId, JobKind, JobResult, Progress, memory, thread};
use crate::types::RiderFrame;
use crate::video::FirstPicture;

/// Longest wait for jobs to end when the program does.
const TIDY_UP: Duration = Duration::from_secs(2);

/// Called from the engine's threads when there is news.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Where a running job reports to. A command-line run and a background job use the same one.
pub trait Reporter: Send + Sync {
    /// How it will run, before anything is loaded.
    fn planned(&self, _plan: &Plan) {}
    /// How far it is.
    fn progress(&self, progress: Progress);
    /// Something that does not end it.
    fn warning(&self, message: String);
    /// A clip that takes long to open can be seen already.
    fn first_picture(&self, _picture: FirstPicture) {}
    /// More is known of one frame.
    fn riders(&self, frame: u64, riders: &[RiderFrame]);
    /// Whether the riders are to be read for [`Self::resolved`]: those of a long clip take memory.
    fn wants_riders(&self) -> bool {
        true
    }
    /// It is settled who is who.
    fn resolved(&self, riders: super::ResolvedRiders);
}

/// Sends a job's reports as events.
struct EventReporter {
    job: JobId,
    outbox: Outbox,
}

impl Reporter for EventReporter {
    fn planned(&self, plan: &Plan) {
        self.outbox.send(Event::Planned { job: self.job, plan: Box::new(plan.clone()) });
    }

    fn progress(&self, progress: Progress) {
        self.outbox.send(Event::Progress { job: self.job, progress });
    }

    fn warning(&self, message: String) {
        self.outbox.send(Event::Warning { job: self.job, message });
    }

    fn first_picture(&self, picture: FirstPicture) {
        self.outbox.send(Event::FirstPicture { job: self.job, picture });
    }

    fn riders(&self, frame: u64, riders: &[RiderFrame]) {
        self.outbox.send(Event::Riders { job: self.job, frame, riders: riders.to_vec() });
    }

    fn resolved(&self, riders: super::ResolvedRiders) {
        self.outbox.send(Event::Resolved { job: self.job, riders: Arc::new(riders) });
    }
}

/// Sends events and wakes whoever reads them.
#[derive(Clone)]
pub struct Outbox {
    events: Sender<Event>,
    wake: Wake,
}

impl Outbox {
    pub fn new(events: Sender<Event>, wake: Wake) -> Self {
        Self { events, wake }
    }

    fn send(&self, event: Event) {
        // The reader is gone only while the program closes; there is nobody left to tell then.
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }
}

/// The running jobs of an engine.
pub struct Jobs {
    outbox: Outbox,
    next: AtomicU64,
    running: Arc<Mutex<HashMap<JobId, CancelToken>>>,
}

impl Jobs {
    pub fn new(outbox: Outbox) -> Self {
        Self { outbox, next: AtomicU64::new(1), running: Arc::default() }
    }

    /// Starts `work` on a thread of its own.
    pub fn start(
        &self,
        kind: JobKind,
        work: impl FnOnce(&CancelToken, &dyn Reporter) -> Result<JobResult, EngineError> + Send + 'static,
    ) -> JobId {
        let job = JobId(self.next.fetch_add(1, Ordering::Relaxed));
        let cancel = CancelToken::default();
        lock(&self.running).insert(job, cancel.clone());
        self.outbox.send(Event::Started { job, kind });
        let running = Arc::clone(&self.running);
        let outbox = self.outbox.clone();
        let started = thread::spawn(&format!("job-{}", job.0), move || {
            let reporter = EventReporter { job, outbox: outbox.clone() };
            let result = work(&cancel, &reporter);
            memory::give_back();
            lock(&running).remove(&job);
            outbox.send(Event::Finished { job, result });
        });
        if let Err(error) = started {
            lock(&self.running).remove(&job);
            self.outbox.send(Event::Finished { job, result: Err(error) });
        }
        job
    }

    /// Asks one job to stop.
    pub fn cancel(&self, job: JobId) {
        if let Some(token) = lock(&self.running).get(&job) {
            token.cancel();
        }
    }
}

impl Drop for Jobs {
    /// Stops what runs and gives it the time to tidy up: an export takes its half-written file with it.
    fn drop(&mut self) {
        lock(&self.running).values().for_each(CancelToken::cancel);
        let asked = Instant::now();
        while !lock(&self.running).is_empty() && asked.elapsed() < TIDY_UP {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Locks `mutex`; a panic elsewhere while it was held leaves the data usable, since each change is one step.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::engine::ErrorKind;

    fn jobs() -> (Jobs, crossbeam_channel::Receiver<Event>) {
        let (sender, events) = crossbeam_channel::unbounded();
        (Jobs::new(Outbox::new(sender, Arc::new(|| {}))), events)
    }

    /// Works until it is cancelled, then tidies up.
    fn until_cancelled(
        tidied: Arc<AtomicBool>,
    ) -> impl FnOnce(&CancelToken, &dyn Reporter) -> Result<JobResult, EngineError> + Send + 'static {
        move |cancel, _| {
            while !cancel.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(30));
            tidied.store(true, Ordering::SeqCst);
            Err(EngineError::Cancelled)
        }
    }

    #[test]
    fn closing_the_program_lets_running_jobs_tidy_up() {
        let (jobs, _events) = jobs();
        let tidied = Arc::new(AtomicBool::new(false));
        jobs.start(JobKind::Open("clip.mp4".into()), until_cancelled(Arc::clone(&tidied)));
        drop(jobs);
        assert!(tidied.load(Ordering::SeqCst));
    }

    #[test]
    fn only_the_job_that_is_cancelled_ends() {
        let (jobs, events) = jobs();
        let [first, second] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let id = jobs.start(JobKind::Open("a.mp4".into()), until_cancelled(Arc::clone(&first)));
        jobs.start(JobKind::Open("b.mp4".into()), until_cancelled(Arc::clone(&second)));
        jobs.cancel(id);
        let ended = events.iter().find_map(|event| match event {
            Event::Finished { job, result } => Some((job, result)),
            _ => None,
        });
        let (job, result) = ended.unwrap();
        assert_eq!((job, result.unwrap_err().kind()), (id, ErrorKind::Cancelled));
        assert!(first.load(Ordering::SeqCst) && !second.load(Ordering::SeqCst));
    }
}
