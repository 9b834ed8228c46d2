//! A long session in the window's engine: whether it grows.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::process::Memory;
use super::{flag, scratch};
use crate::error::{Error, Result};
use crate::process::cargo;
use crate::setup::{self, Flavour};

/// Minutes without `--minutes`.
const MINUTES: u64 = 30;

/// Between two looks at the process.
const LOOK: Duration = Duration::from_secs(1);

/// Share of the session after which it is expected not to grow any more.
const WARM_UP: f64 = 0.2;

/// Analyses, seeks and exports over and over in one process for a while, and tells how its memory went.
pub fn run(arguments: &[String]) -> Result<()> {
    let minutes = flag(arguments, "--minutes", MINUTES)?;
    setup::run(&[Flavour::Cpu])?;
    let (home, clip) = scratch("soak")?;
    crate::process::run(&mut cargo(&["build", "--release", "--example", "soak"]))?;
    let program = crate::workspace::target().join("release/examples/soak");
    let mut child = super::snowmesh(&program, &home)
        .arg(&clip)
        .arg((minutes * 60).to_string())
        .stdout(Stdio::inherit())
        .spawn()
        .map_err(|cause| Error::NotStarted { command: "soak".to_owned(), cause })?;
    let (started, mut looks) = (Instant::now(), Vec::new());
    let status = loop {
        let look = Memory::of(child.id());
        if look.resident > 0 {
            looks.push((started.elapsed(), look.resident));
        }
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => std::thread::sleep(LOOK),
            Err(cause) => return Err(Error::NotStarted { command: "soak".to_owned(), cause }),
        }
    };
    if !status.success() {
        return Err(Error::Failed { command: "soak".to_owned(), status });
    }
    let whole = started.elapsed();
    let warm: Vec<_> = looks.into_iter().filter(|(at, _)| *at >= whole.mul_f64(WARM_UP)).collect();
    let [first, last] = [0.0, 0.75].map(|from| {
        let range = (warm.len() as f64 * from) as usize..(warm.len() as f64 * (from + 0.25)) as usize;
        let quarter = warm.get(range).unwrap_or_default();
        quarter.iter().map(|(_, bytes)| *bytes).sum::<u64>() / (quarter.len().max(1) as u64)
    });
    println!(
        "{:.1} minutes; mean resident memory {} MiB in the first quarter after warming up, {} MiB in the last: {:+.1} %",
        whole.as_secs_f64() / 60.0,
        first >> 20,
        last >> 20,
        (last as f64 / first.max(1) as f64 - 1.0) * 100.0
    );
    Ok(())
}
