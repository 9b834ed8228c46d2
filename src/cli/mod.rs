//! The command line: the same engine as the window, one file per subcommand.
//!
//! Raw flags become resolved settings before any work starts. Results go to standard output, everything for people to
//! standard error.

mod analyze;
mod args;
mod compare;
mod devices;
mod doctor;
mod evaluate;
mod exit;
mod export;
mod export_data;
mod footprint;
mod import;
mod inspect;
mod memory_args;
mod model_benchmark;
mod model_files;
mod models;
mod output;
mod progress;
mod stills;
mod tracks;
mod video_args;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

pub use args::{Cli, Command};
pub use exit::Exit;

use crate::engine::{CancelToken, ModelPlaces, ModelShelf};
use crate::settings::Settings;

/// What every subcommand works with.
struct Context {
    shelf: ModelShelf,
    settings: Settings,
    cancel: CancelToken,
}

/// Reads the command line and does what it says; `window` opens the window.
pub fn run(window: impl FnOnce(Option<PathBuf>, Settings, ModelPlaces) -> Result<(), String>) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come here too, and are no failure. Nowhere to print to is nowhere to complain to.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    output::start_logging();
    let settings = load_settings();
    let places = ModelPlaces {
        runtime_library: cli.onnxruntime,
        models_folder: cli.models,
        user_folder: cli.user_models,
    };
    let Some(command) = cli.command else {
        // A mistyped command looks like a clip; better told here than by a window that opens first.
        if let Some(clip) = cli.window.clip.as_ref().filter(|clip| !clip.exists()) {
            let message =
                format!("{}: no such clip, and no such command; see snowmesh --help", clip.display());
            return exit::fail(Exit::UnreadableInput, &message);
        }
        return match window(cli.window.clip, settings, places) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => exit::fail(Exit::Failed, &message),
        };
    };
    if let Command::Doctor(args) = &command {
        return doctor::run(args, places, &settings.memory);
    }
    let cancel = CancelToken::default();
    let on_signal = cancel.clone();
    // A second signal, or no handler at all, still ends the process; only the tidy end is lost then.
    if let Err(error) = ctrlc::set_handler(move || on_signal.cancel()) {
        tracing::warn!("Ctrl-C cannot be caught: {error}");
    }
    let context = Context { shelf: ModelShelf::new(places), settings, cancel };
    let result = match command {
        Command::Analyze(args) => analyze::run(&args, &context),
        Command::Export(args) if !args.format.is_empty() => export_data::run(&args, &context),
        Command::Export(args) if args.stills.is_given() => stills::run(&args, &context),
        Command::Export(args) => export::run(&args, &context),
        Command::Import(args) => import::run(&args, &context),
        Command::Inspect(args) => inspect::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Compare(args) => compare::run(&args, &context),
        Command::Tracks(args) => tracks::run(&args),
        Command::Models(args) => models::run(&args, &context),
        Command::ProveDevice(args) => devices::prove(&args, &context),
        Command::Doctor(_) => Ok(()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => exit::fail(failure.exit, &failure.message),
    }
}

/// The saved settings; a damaged file is told and the defaults are used.
fn load_settings() -> Settings {
    let Some(path) = Settings::default_path() else { return Settings::default() };
    Settings::load(&path).unwrap_or_else(|error| {
        eprintln!("snowmesh: {error}");
        Settings::default()
    })
}
