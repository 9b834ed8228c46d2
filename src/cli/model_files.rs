//! `snowmesh models import`, `fetch`, `verify` and `remove`.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle as BarStyle};

use super::exit::{Exit, Failure};
use super::{Context, output};
use crate::engine::{self, FetchRequest, Progress, Reporter, ResolvedRiders};
use crate::types::RiderFrame;

/// Flags of `models import`.
#[derive(Debug, Args)]
pub struct ImportModelArgs {
    /// An .onnx network with its weights beside it, or an SMPL body as .npz. It is copied, never moved.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Flags of `models fetch`.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// The model.
    pub id: String,
    /// Accept the model's licence, which is printed first.
    #[arg(long)]
    pub accept_licence: bool,
}

/// Flags of `models verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The model; all that are there where none is named.
    pub id: Option<String>,
}

/// Flags of `models remove`.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// One of your own models.
    pub id: String,
}

/// Takes a file in.
///
/// # Errors
/// When it is no model, or another is in its place.
pub fn import(args: &ImportModelArgs, context: &Context) -> Result<(), Failure> {
    let bar = ByteBar::new();
    let imported = engine::import_model(&args.file, &context.shelf, &context.cancel, &bar);
    drop(bar);
    let imported = imported?;
    output::print_text(&format!("{}: {}", imported.id, imported.told))?;
    for file in &imported.files {
        output::print_text(&format!("    {}", file.display()))?;
    }
    Ok(())
}

/// Fetches a model's file.
///
/// # Errors
/// When its licence is not accepted, or it does not come.
pub fn fetch(args: &FetchArgs, context: &Context) -> Result<(), Failure> {
    let offer = context.shelf.offer(&args.id)?;
    let mut accepted = args.accept_licence;
    if !offer.urls.is_empty() {
        eprintln!("{}\n", offer.licence_text(context.shelf.registry().map_err(Failure::from)?.folder())?);
        if !accepted && std::io::stdin().is_terminal() {
            eprint!("Type yes to accept this licence and fetch {}: ", offer.file);
            let mut answer = String::new();
            // An answer that cannot be read is no yes.
            let _ = std::io::stdin().lock().read_line(&mut answer);
            accepted = answer.trim() == "yes";
        }
    }
    let bar = ByteBar::new();
    let request = FetchRequest { id: args.id.clone(), licence_accepted: accepted };
    let fetched = engine::fetch(&request, &context.shelf, &context.cancel, &bar);
    drop(bar);
    let fetched = fetched?;
    let known = if fetched.is_known { "as it should be" } else { "its makers tell none to hold it against" };
    output::print_text(&format!("{}\nSHA-256 {} ({known})", fetched.path.display(), fetched.sha256))?;
    output::print_text(&format!("next, {}", fetched.next))?;
    Ok(())
}

/// Checks one model's files, or all.
///
/// # Errors
/// When one is missing, altered or no model.
pub fn verify(args: &VerifyArgs, context: &Context) -> Result<(), Failure> {
    let ids = match &args.id {
        Some(id) => vec![id.clone()],
        None => {
            let there = context.shelf.list()?.into_iter();
            // What the user has not brought is not missing; what belongs to the program is.
            there
                .filter(|model| model.file.is_some() && (model.present || model.remedy.is_none()))
                .map(|model| model.id)
                .collect()
        }
    };
    let mut bad = 0;
    for id in &ids {
        match engine::verify_model(id, &context.shelf, &context.cancel) {
            Ok(words) => output::print_text(&format!("{id}: {words}"))?,
            Err(error) => {
                bad += 1;
                output::print_text(&format!("{id}: {error}"))?;
            }
        }
    }
    match bad {
        0 => Ok(()),
        bad => Err(Failure { exit: Exit::Model, message: format!("{bad} models are missing or altered") }),
    }
}

/// Removes one of the user's own models.
///
/// # Errors
/// When it is not there or comes with the program.
pub fn remove(args: &RemoveArgs, context: &Context) -> Result<(), Failure> {
    for path in engine::remove_model(&args.id, &context.shelf)? {
        output::print_text(&format!("deleted {}", path.display()))?;
    }
    Ok(())
}

/// Tells how many bytes are done, on a terminal.
struct ByteBar(Option<ProgressBar>);

impl ByteBar {
    fn new() -> Self {
        Self(std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let template = "{msg} {wide_bar} {bytes_per_sec}, {eta} left";
            if let Ok(look) = BarStyle::with_template(template) {
                bar.set_style(look);
            }
            bar
        }))
    }
}

impl Drop for ByteBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Reporter for ByteBar {
    fn progress(&self, progress: Progress) {
        if let Some(bar) = &self.0 {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
            bar.set_message(progress.stage);
        }
    }

    fn warning(&self, message: String) {
        eprintln!("snowmesh: {message}");
    }

    fn riders(&self, _frame: u64, _riders: &[RiderFrame]) {}

    fn resolved(&self, _riders: ResolvedRiders) {}
}
