//! Everything a user can do. Buttons, menus and keys all say it in these words, so that each exists once.

use std::cell::RefCell;
use std::path::PathBuf;

use super::comparing::CompareChange;
use super::export_form::ExportForm;
use super::notes::NoteId;
use super::second::SecondChange;
use super::zoom::Zoom;
use crate::engine::{JobId, TrackChange};
use crate::settings::{DecodingSettings, MemorySettings, ModelSettings, Theme};
use crate::types::memory::UnknownSize;
use crate::types::{Rung, TrackId};

/// The pages of the inspector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Who was found.
    #[default]
    Riders,
    /// What is drawn over the picture.
    Overlay,
    /// Models, devices, memory and the window's looks.
    Models,
    /// Every job.
    Activity,
    /// Detectors beside each other; there while they are compared.
    Compare,
}

/// A part of the overlay that can be shown or hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The lit body mesh.
    Mesh,
    /// The mesh in the rider's own colours.
    Texture,
    /// The mesh faded where it is guessed.
    Doubt,
    /// The mesh's edges.
    Wireframe,
    /// The 2D keypoints, joined.
    Skeleton,
    /// A box around each rider.
    Boxes,
    /// Name and provenance beside the box.
    Labels,
    /// The outline of each rider as the detector saw it.
    Masks,
    /// The ways of the riders.
    Trails,
    /// The ways of their heads, hands and feet.
    JointTrails,
    /// Angles beside the joints.
    Angles,
    /// Time and frame number.
    Clock,
    /// Everyone, not only the main rider.
    Others,
    /// Bodies as each frame alone gave them.
    Raw,
}

/// A file or folder to choose in the system's dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// A clip to open.
    Clip,
    /// A clip to open beside it.
    SecondClip,
    /// Where the exported video goes.
    ExportVideo,
    /// Where the mattes go.
    ExportMattes,
    /// Where the data files go.
    ExportData,
    /// A model to take in.
    Model,
    /// Where the contact sheet goes.
    ContactSheet,
    /// Where the chrono picture goes.
    Chrono,
    /// Where the shown frame is saved.
    Picture,
    /// Who really is where, to hold detectors against.
    Truth,
}

/// Something the user asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Shows the system's file dialog.
    Browse(Pick),
    /// Opens a clip.
    Open(PathBuf),
    /// Opens a second clip beside the first.
    OpenSecond(PathBuf),
    /// Closes the second clip.
    CloseSecond,
    /// Lines the second clip up, or arranges it otherwise.
    ChangeSecond(SecondChange),
    /// Shows detectors beside each other, or the clip alone again.
    ToggleCompare,
    /// Chooses, runs and looks through what is compared.
    Compare(CompareChange),
    /// Opens the clip that comes with the program.
    OpenDemo,
    /// Plays or pauses.
    TogglePlay,
    /// Plays in a direction, doubling the speed when it already does.
    Shuttle {
        /// Whether backwards.
        reverse: bool,
    },
    /// Pauses.
    Pause,
    /// Moves by a number of frames.
    Step(i64),
    /// Goes to a frame.
    Seek(u64),
    /// Goes to the first frame of the clip.
    SeekStart,
    /// Goes to the last frame of the clip.
    SeekEnd,
    /// Sets the playing speed.
    SetSpeed(f64),
    /// Lets clips be heard, or not.
    ToggleSound,
    /// Plays the range over and over, or stops doing so.
    ToggleLoop,
    /// Starts the range at the playhead.
    MarkIn,
    /// Ends the range at the playhead.
    MarkOut,
    /// Sets the first and last frame of the range.
    SetRange(u64, u64),
    /// Makes the range the whole clip.
    ClearRange,
    /// Marks the frame at the playhead as a key moment, or takes its mark away.
    ToggleMoment,
    /// Goes to the next key moment.
    NextMoment,
    /// Goes to the key moment before.
    PreviousMoment,
    /// Names a key moment.
    NameMoment {
        /// Its frame.
        frame: u64,
        /// Its name; may be empty.
        name: String,
    },
    /// Moves a key moment.
    MoveMoment {
        /// Its frame.
        from: u64,
        /// Its new frame.
        to: u64,
    },
    /// Takes a key moment away.
    RemoveMoment(u64),
    /// Sets at how many frames a second the clip was recorded; `None` where its own time is real.
    SetCaptureRate(Option<f64>),
    /// Sets how the picture lies in the view.
    SetZoom(Zoom),
    /// Keeps the rider in the middle of the view, or stops doing so.
    ToggleFollow,
    /// Gives the window the whole screen, or takes it back.
    ToggleFullScreen,
    /// One picture pixel on one screen pixel.
    ZoomActual,
    /// Shows or hides the inspector.
    ToggleInspector,
    /// Shows a page of the inspector.
    ShowTab(Tab),
    /// Marks a rider in the list and the timeline.
    SelectRider(TrackId),
    /// Changes who is who.
    ChangeTracks(TrackChange),
    /// Goes to the next frame from which on a rider was not detected.
    NextWeakSpot(TrackId),
    /// Shows or hides a part of the overlay.
    ToggleLayer(Layer),
    /// Sets the opacity of the mesh, 0 to 1.
    SetOpacity(f32),
    /// Sets models, devices and thresholds for the next analysis.
    SetModels(ModelSettings),
    /// Sets how much memory the next analysis may take.
    SetMemory(MemorySettings),
    /// Says why what was typed is no memory limit.
    RefuseLimit(UnknownSize),
    /// Takes in a file of one of the user's own models.
    ImportModel(PathBuf),
    /// Shows the licence of a model that can be fetched.
    ShowLicence(String),
    /// Fetches the file of a model whose licence has been accepted.
    FetchModel(String),
    /// Sets how clips are decoded for the window.
    SetDecoding(DecodingSettings),
    /// Sets whether a clip is analysed as soon as it is open.
    SetAnalyzeOnOpen(bool),
    /// Sets the colours of the window.
    SetTheme(Theme),
    /// Sets the text size of the window.
    SetTextScale(f32),
    /// Analyses the open clip, taking up what is there, or from the start.
    Analyze {
        /// Whether what is there is thrown away.
        restart: bool,
    },
    /// Takes the analysis of the open clip up again, a rung down.
    AnalyzeLighter(Rung),
    /// Analyses on the processor, now and later, after a device failed.
    AnalyzeOnProcessor,
    /// Stops a job.
    Cancel(JobId),
    /// Takes ended jobs off the list.
    ClearEndedJobs,
    /// Shows the export dialog.
    ShowExport,
    /// Changes what the export dialog says.
    EditExport(Box<ExportForm>),
    /// Exports what the dialog says.
    StartExport,
    /// Shows the list of keys.
    ShowHelp,
    /// Closes the dialog in front.
    CloseDialog,
    /// Closes the window.
    Quit,
    /// Takes a notification away.
    DismissNote(NoteId),
    /// Copies text to the clipboard.
    Copy(String),
}

/// Collects what the user asks for while the window is drawn. Every panel shares it.
#[derive(Debug, Default)]
pub struct Commands(RefCell<Vec<Command>>);

impl Commands {
    /// Adds one.
    pub fn push(&self, command: Command) {
        self.0.borrow_mut().push(command);
    }

    /// Takes all that have come together.
    pub fn take(&self) -> Vec<Command> {
        self.0.take()
    }
}
