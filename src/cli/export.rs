//! `snowmesh export`.

use serde::Serialize;

use super::args::{ExportArgs, ProgressStyle};
use super::exit::Failure;
use super::progress::TerminalReporter;
use super::{Context, output};
use crate::engine::{self, ExportFiles, ExportOutcome, ExportRequest, WorkerJob};

/// The last JSON line.
#[derive(Serialize)]
struct DoneLine {
    event: &'static str,
    output: Option<String>,
    matte: Option<String>,
    frames: u64,
    frames_with_mesh: u64,
    wall_s: f64,
}

/// Exports the clip.
///
/// # Errors
/// The failure's exit code and message.
pub fn run(args: &ExportArgs, context: &Context) -> Result<(), Failure> {
    if args.worker {
        return worker(args, context);
    }
    let range = if args.video.is_part() {
        Some(args.video.range(&engine::clip_info(&args.clip)?).map_err(Failure::usage)?)
    } else {
        None
    };
    let request = ExportRequest {
        analysis: args.analysis.request(&args.clip, &context.settings),
        output: args.output.clone(),
        matte_folder: args.matte.clone(),
        overlay: args.overlay_style(&context.settings.overlay),
        range,
        video: args.video.options(),
    };
    let reporter = TerminalReporter::new(args.clip.display().to_string(), args.analysis.progress);
    let outcome = engine::export(&request, &context.shelf, &context.cancel, &reporter)?;
    drop(reporter);
    tell(&outcome, args.analysis.progress)
}

/// Does the export that standard input orders, telling everything on standard output.
fn worker(args: &ExportArgs, context: &Context) -> Result<(), Failure> {
    let job = WorkerJob {
        clip: args.clip.clone(),
        store: args.analysis.store.clone(),
        restart: args.analysis.restart,
        files: Some(ExportFiles { output: args.output.clone(), matte_folder: args.matte.clone() }),
    };
    let input = std::io::BufReader::new(std::io::stdin());
    Ok(engine::serve_worker(job, &context.shelf, &context.cancel, input, std::io::stdout())?)
}

fn tell(outcome: &ExportOutcome, style: Option<ProgressStyle>) -> Result<(), Failure> {
    let shown = |path: &std::path::PathBuf| path.display().to_string();
    match style {
        Some(ProgressStyle::Json) => output::print_json(&DoneLine {
            event: "done",
            output: outcome.video.as_ref().map(shown),
            matte: outcome.matte_folder.as_ref().map(shown),
            frames: outcome.frames,
            frames_with_mesh: outcome.frames_with_mesh,
            wall_s: outcome.wall_s,
        })?,
        Some(ProgressStyle::None) => {}
        _ => {
            let places: Vec<String> =
                [&outcome.video, &outcome.matte_folder].into_iter().flatten().map(shown).collect();
            eprintln!(
                "{}: {} frames, {} with a mesh, {:.1} s",
                places.join(" and "),
                outcome.frames,
                outcome.frames_with_mesh,
                outcome.wall_s
            );
        }
    }
    Ok(())
}
