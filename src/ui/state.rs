//! All that the window shows, as plain data. It changes in `update` (what the user does) and `news` (what the engine
//! says) alone; drawing reads it.

use std::path::PathBuf;
use std::sync::Arc;

use super::analysis::Analysis;
use super::command::Tab;
use super::comparing::Comparing;
use super::export_form::{ExportForm, Verdict};
use super::jobs::{JobState, Jobs};
use super::licence_dialog::Licence;
use super::notes::{Notes, Severity};
use super::planning::{NextPlan, PlanKey};
use super::second::Second;
use super::zoom::Zoom;
use crate::engine::{DeviceReport, FirstPicture, JobId, MemoryUse, ModelFootprint, ModelInfo, PlayerState};
use crate::settings::{ModelSettings, Settings};
use crate::types::moments::ClipNotes;
use crate::types::{ClipInfo, TrackId};

/// The clip in the window and what is known of it.
#[derive(Debug)]
pub struct OpenClip {
    /// The clip.
    pub info: Arc<ClipInfo>,
    /// Its riders.
    pub analysis: Analysis,
    /// What the user notes about it.
    pub notes: ClipNotes,
    /// Whether the notes have yet to be written.
    pub notes_changed: bool,
}

impl OpenClip {
    /// A clip of which only the file is known.
    pub fn new(info: Arc<ClipInfo>) -> Self {
        let analysis = Analysis::blank(info.frames.len());
        Self { info, analysis, notes: ClipNotes::default(), notes_changed: false }
    }

    /// Index of the last frame.
    pub fn last_frame(&self) -> u64 {
        self.info.frames.len().saturating_sub(1)
    }
}

/// The dialog in front of everything.
#[derive(Debug)]
pub enum Dialog {
    /// What to export, and what was found about it.
    Export(Box<ExportForm>, Verdict),
    /// The list of keys.
    Help,
    /// The licence of a model that can be fetched.
    Licence(Box<Licence>),
    /// A path to type, where the system has no file dialog.
    TypePath,
    /// The path of a second clip to type.
    TypeSecond,
}

/// How the window is arranged.
#[derive(Debug)]
pub struct View {
    /// Page of the inspector.
    pub tab: Tab,
    /// Whether the inspector is there.
    pub inspector_open: bool,
    /// How the picture lies in the view.
    pub zoom: Zoom,
    /// Whether the view follows the rider; `zoom` is for where he is not.
    pub follow: bool,
    /// Whether the window has the whole screen, with nothing but the picture, the transport and the timeline on it.
    pub full_screen: bool,
    /// Rider marked in list and timeline.
    pub selected: Option<TrackId>,
    /// Dialog in front.
    pub dialog: Option<Dialog>,
    /// Screen pixels per point.
    pub pixels_per_point: f32,
}

/// All that the window shows.
#[derive(Debug)]
pub struct State {
    /// Seconds since the start, for what goes by itself.
    pub now_s: f64,
    /// What outlives the program.
    pub settings: Settings,
    /// The clip that comes with the program, where it is there.
    pub demo: Option<PathBuf>,
    /// Known models.
    pub models: Vec<ModelInfo>,
    /// What each device is good for; empty until they have been tried.
    pub devices: Vec<DeviceReport>,
    /// The clip in the window.
    pub clip: Option<OpenClip>,
    /// A clip beside the first or over it.
    pub second: Option<Second>,
    /// Detectors beside each other, where they are compared.
    pub comparing: Option<Comparing>,
    /// The opening of a second clip whose result is taken.
    pub opening_second: Option<JobId>,
    /// The making of the open clip's small copy.
    pub making_proxy: Option<JobId>,
    /// The opening whose result is taken; results of any other are stale.
    pub opening: Option<JobId>,
    /// What can be seen already of a clip that takes long to open.
    pub preview: Option<FirstPicture>,
    /// What the player does.
    pub playback: PlayerState,
    /// What the engine does and has done.
    pub jobs: Jobs,
    /// Notifications.
    pub notes: Notes,
    /// Memory in use, as of the last second.
    pub memory: MemoryUse,
    /// How the next analysis would run, where it has been asked.
    pub next_plan: Option<NextPlan>,
    /// What that plan was asked for.
    pub plan_of: Option<PlanKey>,
    /// What its models take.
    pub footprints: Vec<ModelFootprint>,
    /// How the window is arranged.
    pub view: View,
}

impl State {
    /// An empty window.
    pub fn new(settings: Settings, demo: Option<PathBuf>) -> Self {
        Self {
            now_s: 0.0,
            settings,
            demo,
            models: Vec::new(),
            devices: Vec::new(),
            clip: None,
            second: None,
            comparing: None,
            opening_second: None,
            making_proxy: None,
            opening: None,
            preview: None,
            playback: PlayerState {
                playhead: 0,
                playing: false,
                reverse: false,
                speed: 1.0,
                range: (0, 0),
                looping: false,
                device: None,
            },
            jobs: Jobs::default(),
            notes: Notes::default(),
            memory: MemoryUse::default(),
            next_plan: None,
            plan_of: None,
            footprints: Vec::new(),
            view: View {
                tab: Tab::default(),
                inspector_open: true,
                zoom: Zoom::default(),
                follow: false,
                full_screen: false,
                selected: None,
                dialog: None,
                pixels_per_point: 1.0,
            },
        }
    }

    /// Adds a notification.
    pub fn note(&mut self, severity: Severity, title: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(self.now_s, severity, title, detail);
    }

    /// Takes note that the engine opens a clip, in place of any other that was being opened.
    pub fn opening_started(&mut self, job: JobId) {
        (self.opening, self.preview) = (Some(job), None);
    }

    /// Takes note that the engine analyses the open clip; what was shown of its riders is let go.
    pub fn analysis_started(&mut self, job: JobId, asked: ModelSettings) {
        if let Some(clip) = &mut self.clip {
            clip.analysis = Analysis::blank(clip.info.frames.len());
            clip.analysis.job = Some(job);
            clip.analysis.asked = Some(asked);
        }
    }

    /// Why the analysis of the open clip failed, and whether starting over would help.
    pub fn analysis_failure(&self) -> Option<(&str, bool)> {
        let id = self.clip.as_ref()?.analysis.job?;
        match &self.jobs.list().iter().find(|job| job.id == id)?.state {
            JobState::Failed { why, restart_helps, .. } => Some((why, *restart_helps)),
            _ => None,
        }
    }

    /// Whether an analysis of the open clip runs.
    pub fn is_analyzing(&self) -> bool {
        let job = self.clip.as_ref().and_then(|clip| clip.analysis.job);
        job.is_some_and(|id| self.jobs.list().iter().any(|job| job.id == id && job.is_running()))
    }
}
