//! `snowmesh analyze`.

use serde::Serialize;

use super::args::{AnalysisArgs, AnalyzeArgs, ProgressStyle};
use super::exit::Failure;
use super::progress::TerminalReporter;
use super::{Context, output};
use crate::engine::{self, AnalysisOutcome, AnalyzeRequest, Plan, WorkerJob};
use crate::types::RunSummary;

/// The last JSON line of a clip.
#[derive(Serialize)]
struct DoneLine<'a> {
    event: &'static str,
    clip: &'a str,
    store: String,
    reused: bool,
    run: &'a RunSummary,
}

/// The JSON line of a plan.
#[derive(Serialize)]
struct PlanLine<'a> {
    event: &'static str,
    clip: &'a str,
    #[serde(flatten)]
    plan: &'a Plan,
}

/// Analyses each clip in turn; the first failure ends it, what was done stays.
///
/// # Errors
/// The failure's exit code and message.
pub fn run(args: &AnalyzeArgs, context: &Context) -> Result<(), Failure> {
    if args.analysis.store.is_some() && args.clips.len() > 1 {
        return Err(Failure::usage("--store names one file; analyse one clip at a time with it"));
    }
    if args.worker {
        return worker(args, context);
    }
    for clip in &args.clips {
        let name = clip.display().to_string();
        let request = args.analysis.request(clip, &context.settings);
        if args.plan {
            print_plan(&name, &request, args.analysis.progress, context)?;
            continue;
        }
        let reporter = TerminalReporter::new(name.clone(), args.analysis.progress);
        let outcome = engine::analyze(&request, &context.shelf, &context.cancel, &reporter)?;
        drop(reporter);
        tell(&name, &outcome, args.analysis.progress)?;
    }
    Ok(())
}

/// Does the analysis that standard input orders, telling everything on standard output.
fn worker(args: &AnalyzeArgs, context: &Context) -> Result<(), Failure> {
    let [clip] = args.clips.as_slice() else {
        return Err(Failure::usage("--worker takes one clip"));
    };
    let AnalysisArgs { store, restart, .. } = &args.analysis;
    let job = WorkerJob { clip: clip.clone(), store: store.clone(), restart: *restart, files: None };
    let input = std::io::BufReader::new(std::io::stdin());
    Ok(engine::serve_worker(job, &context.shelf, &context.cancel, input, std::io::stdout())?)
}

/// Prints how a clip would be analysed.
fn print_plan(
    clip: &str,
    request: &AnalyzeRequest,
    style: Option<ProgressStyle>,
    context: &Context,
) -> Result<(), Failure> {
    let plan = engine::plan_analysis(request, &context.shelf)?;
    if style == Some(ProgressStyle::Json) {
        return Ok(output::print_json(&PlanLine { event: "plan", clip, plan: &plan })?);
    }
    let lines: Vec<String> = plan.lines().iter().map(|line| format!("  {line}")).collect();
    Ok(output::print_text(&format!("{clip}:\n{}", lines.join("\n")))?)
}

fn tell(clip: &str, outcome: &AnalysisOutcome, style: Option<ProgressStyle>) -> Result<(), Failure> {
    let run = &outcome.summary;
    let store = outcome.store.display().to_string();
    match style {
        Some(ProgressStyle::Json) => {
            output::print_json(&DoneLine { event: "done", clip, store, reused: outcome.reused, run })?;
        }
        Some(ProgressStyle::None) => {}
        _ if outcome.reused => eprintln!("{clip}: analysed already ({store}); --restart does it again"),
        _ => eprintln!(
            "{clip}: {:.1} s, {:.1} frames/s, peak memory {} MiB, in {store}",
            run.wall_s,
            run.fps,
            run.peak_rss_bytes >> 20
        ),
    }
    Ok(())
}
