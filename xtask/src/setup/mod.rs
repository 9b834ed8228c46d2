//! What a fresh machine lacks: system packages and ONNX Runtime.
//!
//! Nothing is remembered between runs: what is there is looked at each time, which takes a fraction of a
//! second, so the set-up cannot be wrong about a machine that changed under it.

mod onnx_runtime;
mod packages;
mod platform;

use std::process::Command;

use crate::error::Result;
use crate::process::succeeds;

/// Which ONNX Runtime is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// For the processor alone.
    Cpu,
    /// With the CUDA and TensorRT providers.
    Gpu,
}

/// Brings what is missing, with an ONNX Runtime of each flavour; says in one line when nothing is.
pub fn run(flavours: &[Flavour]) -> Result<()> {
    let mut builds = Vec::new();
    for &flavour in flavours {
        builds.extend(onnx_runtime::missing(flavour)?);
    }
    let mut packages = packages::missing()?;
    if !builds.is_empty() && !succeeds(Command::new("python3").args(["-m", "pip", "--version"])) {
        packages.push(&packages::PIP);
    }
    if packages.is_empty() && builds.is_empty() {
        println!("set-up: nothing to do");
        return Ok(());
    }
    if !packages.is_empty() {
        packages::install(&packages)?;
    }
    for build in builds {
        onnx_runtime::bring(build)?;
    }
    println!("set-up: done");
    Ok(())
}
