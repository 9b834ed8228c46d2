//! HMR2 and the drawing of its mesh beside what is done in Python: the environment and models that it takes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::process::{cargo, run};
use crate::setup::{self, Flavour};
use crate::workspace;

/// What is installed.
const REQUIREMENTS: [&str; 2] = ["models/export/requirements.txt", "benches/against_python/requirements.txt"];

/// Makes what is missing in `target/against-python`, and runs the benchmark.
pub fn run_all() -> Result<()> {
    setup::run(&[Flavour::Cpu])?;
    let root = workspace::root();
    let folder = workspace::target().join("against-python");
    let venv = folder.join("venv");
    fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
    let wanted: Vec<String> = REQUIREMENTS.iter().flat_map(|name| read(&root.join(name))).collect();
    // What was installed last, so that other requirements bring another environment.
    let note = folder.join("installed.txt");
    if read(&note).ne(&wanted) {
        println!("installing PyTorch, ONNX Runtime and pyrender into {}", venv.display());
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut install = Command::new(venv.join("bin/python"));
        run(install.args(["-m", "pip", "install", "--quiet"]).args(&wanted))?;
        fs::write(&note, wanted.join("\n")).map_err(Error::file("write", &note))?;
    }
    for variant in ["fp32", "int8"] {
        let out = folder.join(variant);
        if !out.join("hmr2.onnx").is_file() {
            let mut export = Command::new(venv.join("bin/python"));
            export.arg(root.join("models/export/export_hmr2.py"));
            run(export.args(["--random", "--variant", variant, "--out"]).arg(&out))?;
        }
    }
    let mut bench = cargo(&["bench", "--bench", "against_python"]);
    run(bench.env("SNOWMESH_AGAINST_PYTHON", &folder))
}

/// The lines of a file that are neither empty nor comments; none where there is no file.
fn read(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}
