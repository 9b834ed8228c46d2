//! Opens the window on a clip and loses its graphics device while it runs, as a driver that is reset does:
//! `lose_device CLIP SECONDS`. The window comes again where it was.

#![allow(clippy::panic, reason = "a trial that cannot go on has failed")]

use std::time::Duration;

use snowmesh::engine::ModelPlaces;
use snowmesh::settings::Settings;
use snowmesh::ui::{self, WindowOptions};

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let clip = arguments.next().map(Into::into);
    let seconds = arguments.next().and_then(|text| text.to_str()?.parse().ok());
    let (Some(clip), Some(seconds)) = (clip, seconds) else { panic!("lose_device CLIP SECONDS") };
    let options = WindowOptions {
        // This program is not one that analyses.
        worker: None,
        lose_device_after: Some(Duration::from_secs_f64(seconds)),
        ..WindowOptions::new(Some(clip), Settings::default(), ModelPlaces::default())
    };
    if let Err(error) = ui::run(options) {
        panic!("{error}");
    }
}
