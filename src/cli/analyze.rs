//! `snowmesh analyze`.

use serde::Serialize;

use super::args::{AnalyzeArgs, ProgressStyle};
use super::exit::Failure;
use super::progress::TerminalReporter;
use super::{Context, output};
use crate::engine::{self, AnalysisOutcome};
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

/// Analyses each clip in turn; the first failure ends it, what was done stays.
///
/// # Errors
/// The failure's exit code and message.
pub fn run(args: &AnalyzeArgs, context: &Context) -> Result<(), Failure> {
    if args.analysis.store.is_some() && args.clips.len() > 1 {
        return Err(Failure::usage("--store names one file; analyse one clip at a time with it"));
    }
    for clip in &args.clips {
        let name = clip.display().to_string();
        let request = args.analysis.request(clip, &context.settings.models);
        let reporter = TerminalReporter::new(name.clone(), args.analysis.progress);
        let outcome = engine::analyze(&request, &context.shelf, &context.cancel, &reporter)?;
        drop(reporter);
        tell(&name, &outcome, args.analysis.progress)?;
    }
    Ok(())
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
