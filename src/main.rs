//! The snowmesh program; everything is in the library.

use std::process::ExitCode;

use snowmesh::{cli, ui};

fn main() -> ExitCode {
    // SVT-AV1 takes from its environment alone what it writes to the terminal: errors are enough.
    if std::env::var_os("SVT_LOG").is_none() {
        // SAFETY: no other thread runs yet that could read the environment.
        unsafe { std::env::set_var("SVT_LOG", "1") };
    }
    cli::run(|clip, settings, places| {
        ui::run(ui::WindowOptions::new(clip, settings, places)).map_err(|error| error.to_string())
    })
}
