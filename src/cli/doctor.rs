//! `snowmesh doctor`.

use std::process::ExitCode;

use clap::Args;

use super::args::Format;
use super::exit::{Exit, fail};
use super::output;
use crate::engine::{self, ModelPlaces, Verdict};
use crate::settings::MemorySettings;

/// Flags of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Prints what this machine has; fails where something needed is missing.
pub fn run(args: &DoctorArgs, places: ModelPlaces, memory: &MemorySettings) -> ExitCode {
    let checks = engine::examine(places, memory.limit, std::env::current_exe().ok().as_deref());
    let printed = match args.format {
        Format::Json => output::print_json(&checks),
        Format::Text => checks.iter().try_for_each(|check| {
            let mark = match check.verdict {
                Verdict::Ok => "ok     ",
                Verdict::Note => "note   ",
                Verdict::Problem => "PROBLEM",
            };
            let advice = check.advice.as_ref().map_or_else(String::new, |advice| {
                format!("\n          → {}", advice.replace('\n', "\n            "))
            });
            output::print_text(&format!("{mark}  {}: {}{advice}", check.name, check.detail))
        }),
    };
    if let Err(error) = printed {
        return fail(Exit::Failed, &format!("standard output cannot be written: {error}"));
    }
    if checks.iter().any(|check| check.verdict == Verdict::Problem) {
        return Exit::Failed.into();
    }
    ExitCode::SUCCESS
}
