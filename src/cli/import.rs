//! `snowmesh import`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use super::exit::Failure;
use crate::engine::{self, AnalyzeRequest, ImportRequest};
use crate::types::MemoryWish;

/// Flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// PHALP or 4D-Humans result (.pkl), or .npz of SMPL parameters.
    pub file: PathBuf,
    /// The clip that it was made from; without it the one beside FILE of the same name (PHALP's demo_ left off).
    #[arg(long, value_name = "CLIP")]
    pub clip: Option<PathBuf>,
    /// Analysis file instead of CLIP.snowmesh beside the clip.
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Replace an analysis that is there.
    #[arg(long)]
    pub restart: bool,
}

/// Makes an analysis file from another program's result.
///
/// # Errors
/// The failure's exit code and message.
pub fn run(args: &ImportArgs, context: &Context) -> Result<(), Failure> {
    let clip = match &args.clip {
        Some(clip) => clip.clone(),
        None => clip_beside(&args.file)?,
    };
    let request = ImportRequest {
        file: args.file.clone(),
        analysis: AnalyzeRequest {
            clip,
            store: args.store.clone(),
            models: context.settings.models.clone(),
            memory: MemoryWish::default(),
            restart: args.restart,
            accept_existing: false,
        },
    };
    let outcome = engine::import(&request, &context.shelf)?;
    eprintln!(
        "{}: {} riders in {} frames, in {}",
        args.file.display(),
        outcome.riders,
        outcome.frames,
        outcome.store.display()
    );
    Ok(())
}

/// The clip in the folder of `file` whose name is the file's.
fn clip_beside(file: &Path) -> Result<PathBuf, Failure> {
    let stem = file.file_stem().unwrap_or_default();
    let without_demo = stem.to_str().and_then(|stem| stem.strip_prefix("demo_"));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = |clip: &PathBuf| {
        let name = clip.file_stem().unwrap_or_default();
        name == stem || without_demo.is_some_and(|stem| name == stem)
    };
    let found = engine::clips_in(folder)?.into_iter().find(named);
    found.ok_or_else(|| {
        Failure::usage(format!(
            "there is no clip of its name beside {}; say which with --clip",
            file.display()
        ))
    })
}
