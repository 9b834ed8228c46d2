//! An analysis in a process of its own: when the system ends it for its memory, or a native library crashes, the window
//! stays, says what happened, and goes on from the analysis file.

mod breadcrumb;
mod child;
mod death;
mod protocol;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

pub use breadcrumb::Breadcrumb;
pub use child::{WorkerJob, serve};
pub use death::{Cause, Death};

use super::job::lock;
use super::memory::{self, ProcessMemory, WorkerGroup};
use super::plan::Plan;
use super::{
    AnalysisOutcome, AnalyzeRequest, CancelToken, EngineError, ErrorKind, ModelPlaces, Reporter, analysis,
    clip_info, finished, thread,
};
use crate::store::AnalysisStore;
use crate::types::Rung;
use protocol::{CANCEL, Line, Order};

/// Lines that may wait: what a worker says is a few KiB a frame.
const QUEUE_LINES: usize = 64;

/// Between two looks at whether the job was cancelled.
const LOOK: Duration = Duration::from_millis(100);

/// How long a worker may take to end after it was asked to, before it is ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// Analyses in processes of their own.
#[derive(Clone, Debug)]
pub struct Workers {
    program: PathBuf,
    places: ModelPlaces,
    running: Arc<Mutex<BTreeMap<u32, Option<Plan>>>>,
}

/// Memory of the workers that run, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkersMemory {
    /// Of all of them.
    pub process: ProcessMemory,
    /// What their plans come to.
    pub planned: u64,
}

impl Workers {
    /// Workers that run `program`, which is snowmesh, with models from `places`.
    pub fn new(program: PathBuf, places: ModelPlaces) -> Self {
        Self { program, places, running: Arc::default() }
    }

    /// Memory of those that run.
    pub fn memory(&self) -> WorkersMemory {
        let running = lock(&self.running);
        running.iter().fold(WorkersMemory::default(), |mut sum, (process, plan)| {
            let one = memory::of_process(*process);
            sum.process.resident += one.resident;
            sum.process.peak_resident += one.peak_resident;
            sum.process.anonymous += one.anonymous;
            sum.planned += plan.as_ref().map_or(0, |plan| plan.needed);
            sum
        })
    }

    /// Analyses as [`analyze`](super::analyze) does, in a process of its own.
    ///
    /// # Errors
    /// As `analyze`; [`EngineError::WorkerDied`] where the process ended without its last word.
    pub fn analyze(
        &self,
        request: &AnalyzeRequest,
        cancel: &CancelToken,
        reporter: &dyn Reporter,
    ) -> Result<AnalysisOutcome, EngineError> {
        let mut worker = Worker::start(self, request)?;
        let said = worker.listen(cancel, reporter);
        let store = analysis::store_path(request);
        match said.end {
            Some(End::Done(outcome)) => {
                let saved = AnalysisStore::open_read_only(&store)?;
                let frames = clip_info(&request.clip)?.frames.len();
                finished::tell_resolved(&saved, frames, reporter)?;
                Ok(AnalysisOutcome { store, ..outcome })
            }
            Some(End::Failed(error)) => Err(error),
            None => Err(worker.death(&store, said.next)),
        }
    }
}

/// The last word of a worker.
enum End {
    Done(AnalysisOutcome),
    Failed(EngineError),
}

/// What a worker has said, all in all.
#[derive(Default)]
struct Said {
    end: Option<End>,
    /// The rung below the one that it runs on.
    next: Option<Rung>,
}

/// A running worker; dropping it ends it.
struct Worker<'a> {
    workers: &'a Workers,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    group: Option<WorkerGroup>,
    total: u64,
}

impl<'a> Worker<'a> {
    fn start(workers: &'a Workers, request: &AnalyzeRequest) -> Result<Self, EngineError> {
        let failed = |cause| EngineError::WorkerNotStarted { program: workers.program.clone(), cause };
        let mut command = Command::new(&workers.program);
        // Before a subcommand no flag is taken.
        command.args(["analyze", "--worker", "--progress", "json"]);
        let places = &workers.places;
        for (flag, path) in [
            ("--onnxruntime", &places.runtime_library),
            ("--models-dir", &places.models_folder),
            ("--user-models-dir", &places.user_folder),
        ] {
            command.args(path.iter().flat_map(|path| [flag.as_ref(), path.as_os_str()]));
        }
        if let Some(store) = &request.store {
            command.arg("--store").arg(store);
        }
        if request.restart {
            command.arg("--restart");
        }
        // A name that begins with a dash is no flag.
        command.arg("--").arg(&request.clip);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        // The worker waits for its order, so it is in its group before it loads anything.
        let group = request.memory.limit.and_then(|limit| {
            let name = format!("snowmesh-worker-{}", child.id());
            WorkerGroup::make(Path::new("/"), &name, limit.0).filter(|group| group.take(child.id()).is_ok())
        });
        let (sender, lines) = bounded(QUEUE_LINES);
        let output = child.stdout.take();
        let input = child.stdin.take();
        lock(&workers.running).insert(child.id(), None);
        let mut worker = Self { workers, child, input, lines, group, total: 0 };
        thread::spawn("worker lines", move || {
            let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        })?;
        let order = Order {
            models: request.models.clone(),
            memory: request.memory,
            accept_existing: request.accept_existing,
        };
        let order = serde_json::to_string(&order).map_err(|cause| failed(cause.into()))?;
        worker.tell(&order);
        Ok(worker)
    }

    /// Says a line. One that is gone says so itself, by its end.
    fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = writeln!(input, "{line}").and_then(|()| input.flush());
        }
    }

    /// Passes on what it says, until it ends.
    fn listen(&mut self, cancel: &CancelToken, reporter: &dyn Reporter) -> Said {
        let mut said = Said::default();
        let mut asked: Option<Instant> = None;
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => self.take(&line, &mut said, reporter),
                Err(RecvTimeoutError::Disconnected) => return said,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match asked {
                None if cancel.is_cancelled() => {
                    self.tell(CANCEL);
                    asked = Some(Instant::now());
                }
                Some(since) if since.elapsed() > PATIENCE => {
                    let _ = self.child.kill();
                    said.end = Some(End::Failed(EngineError::Cancelled));
                    return said;
                }
                _ => {}
            }
        }
    }

    fn take(&mut self, line: &str, said: &mut Said, reporter: &dyn Reporter) {
        let line = match serde_json::from_str(line) {
            Ok(line) => line,
            // A frame with a value that is no number cannot be told in JSON; it is in the analysis file.
            Err(error) => return tracing::debug!("a worker's line is not understood: {error}"),
        };
        match line {
            Line::Planned { plan } => {
                said.next = plan.next;
                reporter.planned(&plan);
                lock(&self.workers.running).insert(self.child.id(), Some(*plan));
            }
            Line::Progress { progress } => {
                self.total = self.total.max(progress.total);
                if progress.done > 0 {
                    tracing::debug!(done = progress.done, total = progress.total, "the worker has told");
                }
                reporter.progress(progress);
            }
            Line::Warning { message } => reporter.warning(message),
            Line::Riders { frame, riders } => reporter.riders(frame, &riders),
            Line::Done { reused, run: summary, warnings } => {
                let store = PathBuf::new();
                said.end = Some(End::Done(AnalysisOutcome { store, summary, reused, warnings }));
            }
            Line::Failed { kind: ErrorKind::Cancelled, .. } => {
                said.end = Some(End::Failed(EngineError::Cancelled));
            }
            Line::Failed { kind, message, restart_helps, next } => {
                said.end = Some(End::Failed(EngineError::Worker { kind, message, restart_helps, next }));
            }
        }
    }

    /// Why it ended without a last word; it can go on from rung `next`.
    fn death(&mut self, store: &Path, next: Option<Rung>) -> EngineError {
        self.input = None;
        let status = match self.child.wait() {
            Ok(status) => status,
            Err(cause) => {
                return EngineError::WorkerNotStarted { program: self.workers.program.clone(), cause };
            }
        };
        let kills = self.group.as_ref().and_then(WorkerGroup::kills);
        let done = AnalysisStore::open_read_only(store).and_then(|saved| saved.next_frame()).unwrap_or(0);
        EngineError::WorkerDied(Box::new(Death {
            cause: Cause::of(status, kills),
            crumb: Breadcrumb::read(store),
            kept: (done, self.total.max(done)),
            next,
        }))
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        // Its input ends, so it does; the group goes once it is empty.
        self.input = None;
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < PATIENCE {
            std::thread::sleep(LOOK / 10);
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        lock(&self.workers.running).remove(&self.child.id());
    }
}
