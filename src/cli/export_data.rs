//! `snowmesh export CLIP --format LIST -o DIR`.

use std::path::PathBuf;

use serde::Serialize;

use super::args::{ExportArgs, ProgressStyle, Riders};
use super::exit::Failure;
use super::progress::TerminalReporter;
use super::{Context, output};
use crate::engine::{self, DataExportOutcome, DataExportRequest};

/// The last JSON line of a clip.
#[derive(Serialize)]
struct DoneLine<'a> {
    event: &'static str,
    clip: String,
    riders: usize,
    files: &'a [PathBuf],
}

/// Writes the data files of the clip, or of every clip in the folder; the first failure ends it, what was written
/// stays.
///
/// # Errors
/// The failure's exit code and message.
pub fn run(args: &ExportArgs, context: &Context) -> Result<(), Failure> {
    let Some(folder) = &args.output else {
        return Err(Failure::usage("--format needs a folder to write into: -o DIR"));
    };
    if folder.is_file() {
        return Err(Failure::usage(format!(
            "{} is a file; with --format, -o names a folder",
            folder.display()
        )));
    }
    let clips = clips(args)?;
    for clip in &clips {
        let name = clip.display().to_string();
        let request = DataExportRequest {
            analysis: args.analysis.request(clip, &context.settings),
            formats: args.format.clone(),
            folder: folder.clone(),
            everyone: args.riders == Riders::All,
            raw: args.raw,
        };
        let reporter = TerminalReporter::new(name.clone(), args.analysis.progress);
        let outcome = engine::export_data(&request, &context.shelf, &context.cancel, &reporter)?;
        drop(reporter);
        tell(name, &outcome, args.analysis.progress)?;
    }
    Ok(())
}

/// The clip, or the clips of the folder.
fn clips(args: &ExportArgs) -> Result<Vec<PathBuf>, Failure> {
    if !args.clip.is_dir() {
        return Ok(vec![args.clip.clone()]);
    }
    if args.analysis.store.is_some() {
        return Err(Failure::usage("--store names one file; export one clip at a time with it"));
    }
    let clips = engine::clips_in(&args.clip)?;
    if clips.is_empty() {
        return Err(Failure::usage(format!("there is no clip in {}", args.clip.display())));
    }
    if let Some(pair) = clips.windows(2).find(|pair| pair[0].file_stem() == pair[1].file_stem()) {
        let [a, b] = [&pair[0], &pair[1]].map(|clip| clip.display());
        return Err(Failure::usage(format!(
            "{a} and {b} would write files of the same names; export them apart"
        )));
    }
    Ok(clips)
}

fn tell(clip: String, outcome: &DataExportOutcome, style: Option<ProgressStyle>) -> Result<(), Failure> {
    match style {
        Some(ProgressStyle::Json) => {
            let (riders, files) = (outcome.riders, outcome.files.as_slice());
            output::print_json(&DoneLine { event: "done", clip, riders, files })?;
        }
        Some(ProgressStyle::None) => {}
        _ => {
            for file in &outcome.files {
                eprintln!("{}", file.display());
            }
        }
    }
    Ok(())
}
