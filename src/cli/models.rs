//! `snowmesh models`.

use serde::Serialize;

use super::args::{Format, ModelsAction, ModelsArgs};
use super::exit::Failure;
use super::{Context, devices, footprint, model_benchmark, model_files, output};

/// A model in `models list --format json`.
#[derive(Serialize)]
struct ModelLine<'a> {
    id: &'a str,
    role: &'a str,
    present: bool,
    bytes: u64,
    licence: &'a str,
    source: &'a str,
    file: Option<String>,
    device: Option<devices::Asked>,
}

/// Lists or checks the models.
///
/// # Errors
/// When there is no manifest, or a file is not the one in it.
pub fn run(args: &ModelsArgs, context: &Context) -> Result<(), Failure> {
    match &args.action {
        ModelsAction::List { format } => list(*format, context),
        ModelsAction::Footprint(args) => footprint::run(args, context),
        ModelsAction::Import(args) => model_files::import(args, context),
        ModelsAction::Fetch(args) => model_files::fetch(args, context),
        ModelsAction::Verify(args) => model_files::verify(args, context),
        ModelsAction::Remove(args) => model_files::remove(args, context),
        ModelsAction::Benchmark(args) => model_benchmark::run(args, context),
    }
}

fn list(format: Format, context: &Context) -> Result<(), Failure> {
    let (models, asked) = (context.shelf.list()?, devices::asked(context));
    if format == Format::Json {
        let lines: Vec<ModelLine<'_>> = models
            .iter()
            .map(|model| ModelLine {
                id: &model.id,
                role: model.role.name(),
                present: model.present,
                bytes: model.bytes,
                licence: &model.licence,
                source: &model.source,
                file: model.file.as_ref().map(|file| file.display().to_string()),
                device: asked(&model.id),
            })
            .collect();
        return Ok(output::print_json(&lines)?);
    }
    for model in &models {
        let state = match (model.present, &model.remedy) {
            (true, _) => "present",
            (false, None) => "MISSING",
            (false, Some(_)) => "absent",
        };
        let size = model.bytes as f64 / f64::from(1u32 << 20);
        output::print_text(&format!(
            "{:<20} {:<20} {state:<8} {size:>7.1} MiB  {:<12} {}",
            model.id,
            model.role.name(),
            model.licence,
            model.source
        ))?;
        if let Some(asked) = asked(&model.id) {
            output::print_text(&format!("    {}", asked.words()))?;
        }
        if let Some(remedy) = model.remedy.as_ref().filter(|_| !model.present) {
            output::print_text(&format!("    {remedy}"))?;
        }
    }
    Ok(())
}
