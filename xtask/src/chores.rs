//! Short chores: checks, benchmarks, the demo clip.

use crate::error::Result;
use crate::process::{cargo, run};
use crate::setup::{self, Flavour};
use crate::workspace;

/// Formatting and lints, warnings being errors.
pub fn check() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    setup::run(&[Flavour::Cpu])?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// The benchmarks; `arguments` go to Criterion.
pub fn bench(arguments: &[String]) -> Result<()> {
    setup::run(&[Flavour::Cpu])?;
    // Bench targets only: the test harness of the library would not understand Criterion's arguments.
    run(cargo(&["bench", "--bench", "*", "--"]).args(arguments))?;
    println!(
        "reports: {}/criterion; figures only mean something with their machine ({}, {} threads) at rest",
        workspace::target().display(),
        processor().unwrap_or_else(|| "unknown processor".to_owned()),
        std::thread::available_parallelism().map_or(1, usize::from),
    );
    Ok(())
}

/// Renders the demo clip and its true parameters into `assets/`.
pub fn make_demo() -> Result<()> {
    setup::run(&[Flavour::Cpu])?;
    run(&mut cargo(&["run", "--release", "--example", "make_demo", "--", "assets"]))
}

/// The processor's name, where Linux tells it.
fn processor() -> Option<String> {
    let information = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = information.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}
