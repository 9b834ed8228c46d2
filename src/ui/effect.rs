//! What a change of state asks of the world outside: the engine, the player, the desktop.
//!
//! State changes are pure and give these; the application carries them out. So every rule of the window can be tested
//! without a window.

use std::path::PathBuf;
use std::sync::Arc;

use super::command::Pick;
use crate::engine::compare::{CompareRequest, Comparison};
use crate::engine::{AnalyzeRequest, DataExportRequest, ExportRequest, JobId, PictureRequest, TrackChange};
use crate::types::moments::ClipNotes;

/// An order to the player.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is the call of the same name on engine::Player")]
pub enum PlayerOrder {
    Play { reverse: bool },
    Pause,
    Seek(u64),
    Step(i64),
    Speed(f64),
    Looping(bool),
    Sound(bool),
    Range(u64, u64),
}

/// Something to be done outside of the state.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Ask the engine to open a clip.
    Open(PathBuf),
    /// Ask the engine to look for devices that decode.
    FindDecoders,
    /// Ask the engine for a small copy of a clip.
    MakeProxy(PathBuf),
    /// Ask the engine to open a clip beside the one that is open.
    OpenSecond(PathBuf),
    /// Let go of the second clip.
    CloseSecond,
    /// Copy the demo clip to where its analysis can be kept, and open it there.
    OpenDemo(PathBuf),
    /// Ask the engine for an analysis.
    Analyze(AnalyzeRequest),
    /// Read what an earlier analysis of the clip found, where there is one.
    LoadSaved {
        /// The analysis that would otherwise be asked for.
        request: AnalyzeRequest,
        /// Frames of the clip.
        frames: u64,
    },
    /// Change the tracks in the analysis file.
    ChangeTracks {
        /// The clip.
        clip: PathBuf,
        /// Its analysis file.
        store: PathBuf,
        /// Frames of the clip.
        frames: u64,
        /// What is changed.
        change: TrackChange,
    },
    /// Read the riders of a finished analysis again: what is shown of them has changed.
    ReadRiders {
        /// The clip.
        clip: PathBuf,
        /// Its analysis file.
        store: PathBuf,
        /// Frames of the clip.
        frames: u64,
    },
    /// Ask the engine to compare detectors.
    Compare(CompareRequest),
    /// Look up which detectors have been run over the clip.
    LookUpRuns(CompareRequest),
    /// Say how detectors differ at these thresholds.
    Measure {
        /// What they found.
        comparison: Arc<Comparison>,
        /// A threshold for each.
        thresholds: Vec<f32>,
    },
    /// Ask the engine for an export.
    Export(ExportRequest),
    /// Ask the engine for a picture.
    SavePicture(PictureRequest),
    /// Ask the engine for data files.
    ExportData(DataExportRequest),
    /// Ask the engine to take in a model's file.
    ImportModel(PathBuf),
    /// Read the licence of a model and show it.
    ShowLicence(String),
    /// Ask the engine to fetch a model's file.
    FetchModel(String),
    /// List the models anew.
    ListModels,
    /// Ask the engine to stop a job.
    Cancel(JobId),
    /// Tell the player.
    Player(PlayerOrder),
    /// Show the system's file dialog.
    Browse {
        /// What is chosen.
        pick: Pick,
        /// Folder and name to start from.
        start: PathBuf,
    },
    /// Read the notes of a clip from its analysis file.
    LoadNotes(PathBuf),
    /// Write the notes of a clip into its analysis file.
    SaveNotes {
        /// The clip.
        clip: PathBuf,
        /// Its notes.
        notes: ClipNotes,
    },
    /// Give the window the whole screen, or take it back.
    FullScreen(bool),
    /// Copy text to the clipboard.
    Copy(String),
    /// Close the window. Running jobs stop where they are; what was done is kept.
    Quit,
}
