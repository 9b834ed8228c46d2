//! The worker's side: does one analysis or export and tells everything on standard output.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Mutex;

use super::protocol::{CANCEL, ExportOrder, Line, Order};
use crate::engine::job::lock;
use crate::engine::plan::Plan;
use crate::engine::{
    AnalyzeRequest, CancelToken, EngineError, ExportRequest, ModelShelf, Progress, Reporter, ResolvedRiders,
    analyze, export, thread,
};
use crate::types::RiderFrame;

/// Added to this process' badness by the kernel's out-of-memory killer (proc_pid_oom_score_adj(5), at most 1000): it
/// goes before the window and other programs.
const OOM_SCORE: &str = "800";

/// What a worker works on; the rest comes with its first line of input.
#[derive(Clone, Debug)]
pub struct WorkerJob {
    /// The clip.
    pub clip: PathBuf,
    /// The analysis file.
    pub store: Option<PathBuf>,
    /// Whether to throw away what is in it.
    pub restart: bool,
    /// What is written, for an export.
    pub files: Option<ExportFiles>,
}

/// What an export writes.
#[derive(Clone, Debug)]
pub struct ExportFiles {
    /// The video.
    pub output: Option<PathBuf>,
    /// The folder of mattes.
    pub matte_folder: Option<PathBuf>,
}

/// Does what the first line of `input` orders, until it is done or the input ends. All that is to be said goes to
/// `output`; the result is for the exit code.
///
/// # Errors
/// What ended the analysis or export, or an order that cannot be understood.
pub fn serve(
    job: WorkerJob,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    mut input: impl BufRead + Send + 'static,
    output: impl Write + Send,
) -> Result<(), EngineError> {
    if cfg!(target_os = "linux")
        && let Err(error) = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE)
    {
        tracing::warn!("the out-of-memory score cannot be raised: {error}");
    }
    let lines = Lines(Mutex::new(output));
    let result = order(&mut input).and_then(|Order { models, memory, accept_existing, export }| {
        let on_order = cancel.clone();
        thread::spawn("lifeline", move || wait_for_cancel(input, &on_order))?;
        let WorkerJob { clip, store, restart, files } = job;
        let request = AnalyzeRequest { clip, store, models, memory, restart, accept_existing };
        match (files, export) {
            (None, _) => analyzed(&request, shelf, cancel, &lines),
            (Some(files), Some(order)) => exported(request, files, order, shelf, cancel, &lines),
            (Some(_), None) => Err(EngineError::Order("it does not say what is exported".into())),
        }
    });
    match result {
        Ok(last) => {
            lines.say(&last);
            Ok(())
        }
        Err(error) => {
            let (kind, restart_helps, next) = (error.kind(), error.restart_helps(), error.next_rung());
            lines.say(&Line::Failed { kind, message: error.to_string(), restart_helps, next });
            Err(error)
        }
    }
}

fn analyzed(
    request: &AnalyzeRequest,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<Line, EngineError> {
    let outcome = analyze(request, shelf, cancel, reporter)?;
    Ok(Line::Done { reused: outcome.reused, run: outcome.summary, warnings: outcome.warnings })
}

fn exported(
    analysis: AnalyzeRequest,
    ExportFiles { output, matte_folder }: ExportFiles,
    ExportOrder { overlay, range, video }: ExportOrder,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<Line, EngineError> {
    let request = ExportRequest { analysis, output, matte_folder, overlay, range, video };
    let outcome = export(&request, shelf, cancel, reporter)?;
    Ok(Line::Exported {
        frames: outcome.frames,
        frames_with_mesh: outcome.frames_with_mesh,
        wall_s: outcome.wall_s,
    })
}

fn order(input: &mut impl BufRead) -> Result<Order, EngineError> {
    let mut line = String::new();
    let read = input.read_line(&mut line).map_err(serde_json::Error::io);
    read.and_then(|_| serde_json::from_str(&line)).map_err(|cause| EngineError::Order(cause.to_string()))
}

/// Whoever started the worker holds its input open for as long as he wants the result.
fn wait_for_cancel(input: impl BufRead, cancel: &CancelToken) {
    for line in input.lines() {
        match line {
            Ok(line) if line.trim() == CANCEL => break,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    cancel.cancel();
}

/// Writes lines; once nobody reads them the work goes on in silence until it is cancelled.
struct Lines<W>(Mutex<W>);

impl<W: Write> Lines<W> {
    fn say(&self, line: &Line) {
        let Ok(mut text) = serde_json::to_string(line) else { return };
        text.push('\n');
        let mut output = lock(&self.0);
        let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    }
}

impl<W: Write + Send> Reporter for Lines<W> {
    fn planned(&self, plan: &Plan) {
        self.say(&Line::Planned { plan: Box::new(plan.clone()) });
    }

    fn progress(&self, progress: Progress) {
        self.say(&Line::Progress { progress });
    }

    fn warning(&self, message: String) {
        self.say(&Line::Warning { message });
    }

    fn riders(&self, frame: u64, riders: &[RiderFrame]) {
        self.say(&Line::Riders { frame, riders: riders.to_vec() });
    }

    fn wants_riders(&self) -> bool {
        false
    }

    // They are in the analysis file.
    fn resolved(&self, _riders: ResolvedRiders) {}
}
