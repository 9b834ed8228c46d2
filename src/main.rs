//! The snowmesh program; everything is in the library.

use std::process::ExitCode;

use snowmesh::{cli, ui};

fn main() -> ExitCode {
    cli::run(|clip, settings, places| {
        ui::run(ui::WindowOptions::new(clip, settings, places)).map_err(|error| error.to_string())
    })
}
