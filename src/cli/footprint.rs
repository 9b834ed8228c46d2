//! `snowmesh models footprint`.

use clap::Args;

use super::args::Format;
use super::exit::Failure;
use super::{Context, output};
use crate::engine;
use crate::types::{ByteSize, Device};

/// Flags of `models footprint`.
#[derive(Debug, Args)]
pub struct FootprintArgs {
    /// The model.
    pub id: String,
    /// Where it would run.
    #[arg(long, value_name = "DEVICE", default_value_t = Device::Cpu)]
    pub device: Device,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Prints what a model takes in memory.
///
/// # Errors
/// When the model is unknown or its files cannot be read.
pub fn run(args: &FootprintArgs, context: &Context) -> Result<(), Failure> {
    let found = engine::model_footprint(&context.shelf, &args.id, args.device)?;
    if args.format == Format::Json {
        return Ok(output::print_json(&found)?);
    }
    let own = &found.footprint;
    let how = if own.measured { "measured on this machine" } else { "estimated from its files" };
    let held = if own.mappable { "can stay pages of their file" } else { "are copied into memory" };
    let mut lines = vec![
        format!("{} on {}, {how}:", found.id, found.device),
        format!("  weights      {:>10}, {held}", ByteSize(own.weights).to_string()),
        format!("  session      {:>10} once loaded", ByteSize(own.session).to_string()),
        format!(
            "  activations  {:>10} for each picture or person, {} at a time",
            ByteSize(own.activations).to_string(),
            found.batch
        ),
        format!("  loading      {:>10} for a moment", ByteSize(own.load_extra).to_string()),
        format!("  workers      {:>10}", found.workers),
        format!("  in all       {:>10} with its weights copied", ByteSize(found.copied).to_string()),
    ];
    if own.mappable {
        let mapped = ByteSize(found.mapped).to_string();
        lines.push(format!("               {mapped:>10} and the file's pages with its weights mapped"));
    }
    Ok(output::print_text(&lines.join("\n"))?)
}
