//! `snowmesh models benchmark`.

use clap::Args;

use super::args::Format;
use super::exit::Failure;
use super::{Context, output};
use crate::engine;
use crate::types::Device;

/// Flags of `models benchmark`.
#[derive(Debug, Args)]
pub struct BenchmarkArgs {
    /// A detector, or hmr2.
    pub id: String,
    /// Where it runs: cpu, cuda, tensorrt, directml, coreml, openvino or webgpu; cuda:N is another GPU.
    #[arg(long, default_value = "cpu")]
    pub device: Device,
    /// Threads within an operator; as many as there are cores where none are given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Times a model.
///
/// # Errors
/// When it cannot be loaded or run.
pub fn run(args: &BenchmarkArgs, context: &Context) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let threads = args.threads.map_or(cores, usize::from);
    let found = engine::benchmark(&args.id, args.device, threads, &context.shelf, &context.cancel)?;
    if args.format == Format::Json {
        return Ok(output::print_json(&found)?);
    }
    output::print_text(&format!("{} on {}, {} threads", found.id, found.device, found.threads))?;
    output::print_text(&format!("load: {:.2} s", found.load_s))?;
    for time in &found.times {
        output::print_text(&format!("batch of {}: {:.1} ms each", time.batch, time.each_ms))?;
    }
    for (when, memory) in [("loaded", found.loaded), ("run", found.run)] {
        if let Some(memory) = memory {
            let mebibytes = |bytes: u64| bytes as f64 / f64::from(1u32 << 20);
            let (anonymous, file) = (mebibytes(memory.anonymous), mebibytes(memory.file_backed));
            output::print_text(&format!(
                "memory once {when}: {anonymous:.0} MiB anonymous, {file:.0} MiB file-backed"
            ))?;
        }
    }
    Ok(())
}
