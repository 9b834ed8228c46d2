//! `snowmesh inspect`: the clip, the run and every frame's riders, for people or programs.

use std::path::Path;

use super::args::{Format, InspectArgs};
use super::exit::Failure;
use super::output;
use crate::engine::{self, AnalyzeRequest, Inspection, ResolvedRiders};
use crate::settings::ModelSettings;
use crate::types::{ClipInfo, MemoryWish, Provenance, RiderFrame, RunSummary, Track};

/// Prints what is known of the clip.
///
/// # Errors
/// When the clip or its analysis file cannot be read.
pub fn run(args: &InspectArgs) -> Result<(), Failure> {
    let info = engine::clip_info(&args.clip)?;
    let store = store_of(&args.clip, args.store.as_deref());
    let found = engine::finished_store(&store, &args.clip)?;
    let (run, mut riders) = match &found {
        Some(store) => (
            store.summary().map_err(engine::EngineError::from)?,
            engine::load_resolved(store, info.frames.len())?,
        ),
        None => (None, ResolvedRiders::default()),
    };
    if let Some(store) = found.as_ref().filter(|_| args.raw) {
        engine::use_raw_bodies(store, &mut riders)?;
    }
    match args.format {
        Format::Json => {
            output::print_json(&Inspection::new(&info, run.as_ref(), &riders.tracks, &riders.frames))?;
        }
        Format::Text => output::print_text(&text(&info, run.as_ref(), &riders, &store))?,
    }
    Ok(())
}

/// The analysis file of `clip`.
pub(super) fn store_of(clip: &Path, store: Option<&Path>) -> std::path::PathBuf {
    engine::store_path(&AnalyzeRequest {
        clip: clip.to_owned(),
        store: store.map(Path::to_owned),
        models: ModelSettings::default(),
        memory: MemoryWish::default(),
        restart: false,
        accept_existing: true,
    })
}

fn text(info: &ClipInfo, run: Option<&RunSummary>, riders: &ResolvedRiders, store: &Path) -> String {
    let rate = if info.frames.is_variable_rate() { "variable" } else { "constant" };
    let mut lines = vec![format!(
        "{}: {} frames, {} × {}, {:.2} s, {:.2} frames/s ({rate}), {}",
        info.path.display(),
        info.frames.len(),
        info.width,
        info.height,
        info.duration_s,
        info.average_fps(),
        info.codec
    )];
    let Some(run) = run else {
        lines.push("not analysed yet; `snowmesh analyze` does it".into());
        return lines.join("\n");
    };
    lines.push(format!(
        "analysed with {} on {} and {} on {}: {:.1} s, {:.1} frames/s, peak memory {} MiB ({})",
        run.detector,
        run.detector_device,
        run.recoverer,
        run.recoverer_device,
        run.wall_s,
        run.fps,
        run.peak_rss_bytes >> 20,
        store.display()
    ));
    lines.extend(riders.tracks.iter().map(|track| track_line(track, &riders.frames)));
    lines.join("\n")
}

/// One rider in words.
pub(super) fn track_line(track: &Track, frames: &[Vec<RiderFrame>]) -> String {
    let counts = Provenance::ALL.map(|provenance| {
        let of_track = frames.iter().flatten().filter(|rider| rider.track == track.id);
        (provenance, of_track.filter(|rider| rider.provenance == provenance).count())
    });
    let counts: Vec<String> =
        counts.iter().filter(|c| c.1 > 0).map(|(p, n)| format!("{n} {}", p.name())).collect();
    let name = track.name.as_ref().map_or_else(String::new, |name| format!(" “{name}”"));
    format!(
        "rider {}{name}{}{}: frames {} to {}, {}",
        track.id.0,
        if track.is_main { " (main)" } else { "" },
        if track.hidden { " (hidden)" } else { "" },
        track.first_frame,
        track.last_frame,
        counts.join(", ")
    )
}
