//! How well riders are tracked in a clip that is made to be hard: four who cross, hide, leave and come back, a whip of
//! the camera, a cut.

use std::process::Command;

use crate::error::Result;
use crate::process::{self, cargo};
use crate::setup::{self, Flavour};
use crate::workspace;

/// Makes the clip and its truth in `target/stress`, analyses it with the starter models and prints the measures.
pub fn run() -> Result<()> {
    setup::run(&[Flavour::Cpu])?;
    process::run(&mut cargo(&["build", "--release", "--bin", "snowmesh", "--example", "make_demo"]))?;
    let release = workspace::target().join("release");
    let folder = workspace::target().join("stress");
    let program = |path: &str| {
        let mut command = Command::new(release.join(format!("{path}{}", std::env::consts::EXE_SUFFIX)));
        command.current_dir(workspace::root());
        command
    };
    process::run(program("examples/make_demo").arg("--stress").arg(&folder))?;
    let (clip, truth) = (folder.join("stress.mp4"), folder.join("stress.txt"));
    process::run(program("snowmesh").arg("analyze").arg(&clip).arg("--restart"))?;
    process::run(program("snowmesh").arg("evaluate").arg(&clip).arg("--truth").arg(&truth))
}
