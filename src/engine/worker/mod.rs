//! An analysis or an export in a process of its own: when the system ends it for its memory, or a native library
//! crashes, the window stays, says what happened, and an analysis goes on from its file.

mod breadcrumb;
mod child;
mod death;
mod protocol;
mod task;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

pub use breadcrumb::Breadcrumb;
pub use child::{ExportFiles, WorkerJob, serve};
pub use death::{Cause, Death};

use super::job::lock;
use super::memory::{self, ProcessMemory, WorkerGroup};
use super::plan::Plan;
use super::{
    AnalysisOutcome, AnalyzeRequest, CancelToken, EngineError, ErrorKind, ExportOutcome, ExportRequest,
    ModelPlaces, Reporter, analysis, clip_info, finished, thread,
};
use crate::store::AnalysisStore;
use crate::types::Rung;
use crate::types::temporary::remove_forgotten;
use protocol::{CANCEL, Line};
use task::Task;

/// Lines that may wait: what a worker says is a few KiB a frame.
const QUEUE_LINES: usize = 64;

/// Between two looks at whether the job was cancelled.
const LOOK: Duration = Duration::from_millis(100);

/// How long a worker may take to end after it was asked to, before it is ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// Analyses and exports in processes of their own.
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

    /// What they run.
    pub(super) fn program(&self) -> &Path {
        &self.program
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
        let mut worker = Worker::start(self, &Task::analysis(request)?)?;
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
            Some(End::Exported(_)) | None => Err(worker.death(&store, said.next)),
        }
    }

    /// Exports as [`export`](super::export()) does, in a process of its own.
    ///
    /// # Errors
    /// As `export`; [`EngineError::ExportDied`] where the process ended without its last word.
    pub fn export(
        &self,
        request: &ExportRequest,
        cancel: &CancelToken,
        reporter: &dyn Reporter,
    ) -> Result<ExportOutcome, EngineError> {
        let mut worker = Worker::start(self, &Task::export(request)?)?;
        let end = match worker.listen(cancel, reporter).end {
            Some(End::Exported(outcome)) => {
                let (video, matte_folder) = (request.output.clone(), request.matte_folder.clone());
                return Ok(ExportOutcome { video, matte_folder, ..outcome });
            }
            Some(End::Failed(error)) => error,
            Some(End::Done(_)) | None => worker.cause().map_or_else(
                |error| error,
                |cause| EngineError::ExportDied { cause, hardware: request.video.encoding.hardware },
            ),
        };
        drop(worker);
        // One that was ended has left what it had begun.
        let folders = [request.output.as_deref().and_then(Path::parent), request.matte_folder.as_deref()];
        folders.into_iter().flatten().for_each(remove_forgotten);
        Err(end)
    }
}

/// The last word of a worker.
enum End {
    Done(AnalysisOutcome),
    Exported(ExportOutcome),
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
    fn start(workers: &'a Workers, task: &Task) -> Result<Self, EngineError> {
        let failed = |cause| EngineError::WorkerNotStarted { program: workers.program.clone(), cause };
        let mut command = Command::new(&workers.program);
        // Before a subcommand no flag is taken.
        command.args([task.subcommand, "--worker", "--progress", "json"]);
        let places = &workers.places;
        for (flag, path) in [
            ("--onnxruntime", &places.runtime_library),
            ("--models-dir", &places.models_folder),
            ("--user-models-dir", &places.user_folder),
        ] {
            command.args(path.iter().flat_map(|path| [flag.as_ref(), path.as_os_str()]));
        }
        command.args(&task.arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        // The worker waits for its order, so it is in its group before it loads anything.
        let group = task.limit.and_then(|limit| {
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
        worker.tell(&task.order);
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
            Line::Exported { frames, frames_with_mesh, wall_s } => {
                let (video, matte_folder) = (None, None);
                let outcome = ExportOutcome { video, matte_folder, frames, frames_with_mesh, wall_s };
                said.end = Some(End::Exported(outcome));
            }
            Line::Failed { kind: ErrorKind::Cancelled, .. } => {
                said.end = Some(End::Failed(EngineError::Cancelled));
            }
            Line::Failed { kind, message, restart_helps, next } => {
                said.end = Some(End::Failed(EngineError::Worker { kind, message, restart_helps, next }));
            }
        }
    }

    /// What ended it.
    fn cause(&mut self) -> Result<Cause, EngineError> {
        self.input = None;
        let program = &self.workers.program;
        let status = self.child.wait();
        let status =
            status.map_err(|cause| EngineError::WorkerNotStarted { program: program.clone(), cause })?;
        Ok(Cause::of(status, self.group.as_ref().and_then(WorkerGroup::kills)))
    }

    /// Why an analysis ended without a last word; it can go on from rung `next`.
    fn death(&mut self, store: &Path, next: Option<Rung>) -> EngineError {
        let cause = match self.cause() {
            Ok(cause) => cause,
            Err(error) => return error,
        };
        let done = AnalysisStore::open_read_only(store).and_then(|saved| saved.next_frame()).unwrap_or(0);
        EngineError::WorkerDied(Box::new(Death {
            cause,
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
