//! `snowmesh tracks`: who is who, and changing it by hand.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::Format;
use super::exit::Failure;
use super::{inspect, output};
use crate::engine::{self, ResolvedRiders, TrackChange};
use crate::types::TrackId;

/// Flags of `tracks`.
#[derive(Debug, Args)]
pub struct TracksArgs {
    /// The clip, analysed already.
    pub clip: PathBuf,
    /// What to do; lists the riders without it.
    #[command(subcommand)]
    pub action: Option<TracksAction>,
    /// Analysis file instead of CLIP.snowmesh beside the clip.
    #[arg(long, value_name = "FILE", global = true)]
    pub store: Option<PathBuf>,
    /// How to print the riders afterwards.
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    pub format: Format,
}

/// What to do with the tracks. Riders are named by the numbers that `list` prints.
#[derive(Debug, Subcommand)]
pub enum TracksAction {
    /// List the riders.
    List,
    /// Make a rider the main one of his shot.
    Main {
        /// Who.
        rider: u32,
    },
    /// Make tracks one rider, under the first one's number and name.
    Merge {
        /// Who.
        rider: u32,
        /// Who is the same rider.
        #[arg(required = true)]
        with: Vec<u32>,
    },
    /// Make a rider somebody else from a frame on.
    Split {
        /// Who.
        rider: u32,
        /// First frame of the second rider.
        frame: u64,
    },
    /// Delete a track.
    Drop {
        /// Who.
        rider: u32,
    },
    /// Name a rider; without a name he goes by his number again.
    Rename {
        /// Who.
        rider: u32,
        /// His name.
        name: Option<String>,
    },
    /// Leave a rider out of pictures and exports.
    Hide {
        /// Who.
        rider: u32,
    },
    /// Take a hidden rider in again.
    Show {
        /// Who.
        rider: u32,
    },
    /// Take the last change back.
    Undo,
    /// Make the change again that was taken back last.
    Redo,
}

#[derive(Serialize)]
struct TrackLine<'a> {
    track: TrackId,
    name: Option<&'a str>,
    main: bool,
    hidden: bool,
    first_frame: u64,
    last_frame: u64,
    detected_frames: u64,
}

#[derive(Serialize)]
struct Listing<'a> {
    tracks: Vec<TrackLine<'a>>,
    /// First frame of every shot but the first.
    cuts: &'a [u64],
    changes: usize,
    /// Changes that no longer find their rider.
    lost_changes: usize,
}

/// Changes the tracks and prints them.
///
/// # Errors
/// When the clip has not been analysed, or the change cannot be made.
pub fn run(args: &TracksArgs) -> Result<(), Failure> {
    let info = engine::clip_info(&args.clip)?;
    let path = inspect::store_of(&args.clip, args.store.as_deref());
    let store = engine::finished_store(&path, &args.clip)?
        .ok_or_else(|| engine::EngineError::not_analysed(&args.clip))?;
    let frames = info.frames.len();
    let mut riders = engine::load_resolved(&store, frames)?;
    drop(store);
    for change in changes(args.action.as_ref()) {
        riders = engine::edit_tracks(&path, frames, &change)?;
    }
    match args.format {
        Format::Text => output::print_text(&text(&riders))?,
        Format::Json => output::print_json(&listing(&riders))?,
    }
    Ok(())
}

fn changes(action: Option<&TracksAction>) -> Vec<TrackChange> {
    let id = |rider: &u32| TrackId(*rider);
    match action {
        None | Some(TracksAction::List) => Vec::new(),
        Some(TracksAction::Main { rider }) => vec![TrackChange::Main(id(rider))],
        Some(TracksAction::Merge { rider, with }) => {
            with.iter().map(|other| TrackChange::Merge(id(rider), id(other))).collect()
        }
        Some(TracksAction::Split { rider, frame }) => vec![TrackChange::Split(id(rider), *frame)],
        Some(TracksAction::Drop { rider }) => vec![TrackChange::Drop(id(rider))],
        Some(TracksAction::Rename { rider, name }) => {
            vec![TrackChange::Rename(id(rider), name.clone().unwrap_or_default())]
        }
        Some(TracksAction::Hide { rider }) => vec![TrackChange::Hide(id(rider), true)],
        Some(TracksAction::Show { rider }) => vec![TrackChange::Hide(id(rider), false)],
        Some(TracksAction::Undo) => vec![TrackChange::Undo],
        Some(TracksAction::Redo) => vec![TrackChange::Redo],
    }
}

fn listing(riders: &ResolvedRiders) -> Listing<'_> {
    let tracks = riders
        .tracks
        .iter()
        .map(|track| TrackLine {
            track: track.id,
            name: track.name.as_deref(),
            main: track.is_main,
            hidden: track.hidden,
            first_frame: track.first_frame,
            last_frame: track.last_frame,
            detected_frames: track.detected_frames,
        })
        .collect();
    let changes = riders.edits.done().len();
    Listing { tracks, cuts: &riders.cuts, changes, lost_changes: riders.lost_edits }
}

fn text(riders: &ResolvedRiders) -> String {
    let mut lines: Vec<String> =
        riders.tracks.iter().map(|track| inspect::track_line(track, &riders.frames)).collect();
    if lines.is_empty() {
        lines.push("no riders".into());
    }
    if !riders.cuts.is_empty() {
        let cuts: Vec<String> = riders.cuts.iter().map(u64::to_string).collect();
        lines.push(format!("cuts at frames {}", cuts.join(", ")));
    }
    let changes = riders.edits.done().len();
    if changes > 0 {
        lines.push(format!("changes by hand: {changes}"));
    }
    if riders.lost_edits > 0 {
        lines.push(format!("changes that no longer find their rider: {}", riders.lost_edits));
    }
    lines.join("\n")
}
