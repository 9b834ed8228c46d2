//! The window: the only room that knows egui.
//!
//! State changes in two places alone: [`state::State::update`] for what the user does and
//! [`state::State::take_event`] for what the engine says. Both are pure and give effects, which [`App`] carries out.
//! Panels draw the state and emit commands. Nothing here waits: slow work goes through the engine.

mod analysis;
mod app;
mod background;
mod clip_notes;
mod command;
mod compare_view;
mod comparing;
mod decoding;
mod dialog;
mod effect;
mod export_dialog;
mod export_form;
mod export_pictures;
mod export_video;
mod files;
mod follow;
mod help;
mod inspector;
mod jobs;
mod keys;
mod lane;
mod licence_dialog;
mod news;
mod notes;
mod notifications;
mod open_menu;
mod pace;
mod peek;
mod picture;
mod planning;
mod provenance;
mod rider_changes;
mod rider_menu;
mod second;
mod second_view;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod time;
mod timeline;
mod top_bar;
mod transport;
mod update;
mod viewport;
mod welcome;
mod widgets;
mod window;
mod zoom;

use std::path::PathBuf;
use std::time::Duration;

pub use app::App;

use crate::engine::{self, ModelPlaces};
use crate::settings::Settings;

/// What the window starts with.
#[derive(Clone, Debug, Default)]
pub struct WindowOptions {
    /// A clip to open at once.
    pub clip: Option<PathBuf>,
    /// What the user has chosen earlier.
    pub settings: Settings,
    /// Where the settings are kept; `None` to keep none.
    pub settings_path: Option<PathBuf>,
    /// The demo clip, where it is there.
    pub demo: Option<PathBuf>,
    /// Where models and the runtime are.
    pub places: ModelPlaces,
    /// The program that analyses and exports in processes of its own; `None` to do so in this one.
    pub worker: Option<PathBuf>,
    /// Loses the graphics device so long after the start: a trial of what comes then.
    pub lose_device_after: Option<Duration>,
}

impl WindowOptions {
    /// The usual window: settings are kept in the user's folder, and the demo clip is looked for beside the program.
    pub fn new(clip: Option<PathBuf>, settings: Settings, places: ModelPlaces) -> Self {
        let worker = std::env::current_exe().ok();
        Self {
            clip,
            settings,
            settings_path: Settings::default_path(),
            demo: demo_clip(),
            places,
            worker,
            lose_device_after: None,
        }
    }
}

/// The demo clip in the folder of the executable or one above it: an installed program has it there, and one that
/// runs from `target/release` finds the checkout's.
fn demo_clip() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    executable.ancestors().skip(1).map(|folder| folder.join("assets/demo.mp4")).find(|clip| clip.is_file())
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// There is no display.
    #[error(
        "no window can be opened ({cause}); run it on a desktop, or use `snowmesh analyze` and `snowmesh export`"
    )]
    NoDisplay {
        /// What the system said.
        cause: String,
    },
    /// There is nothing to draw with.
    #[error(
        "no graphics device can draw the window ({cause}); install a Vulkan or OpenGL driver, for example the \
         package mesa-vulkan-drivers"
    )]
    NoGraphics {
        /// What the system said.
        cause: String,
    },
    /// The window could not be made for another reason.
    #[error("the window cannot be made: {cause}")]
    Failed {
        /// What the system said.
        cause: String,
    },
}

impl From<eframe::Error> for UiError {
    fn from(error: eframe::Error) -> Self {
        let cause = error.to_string();
        match error {
            eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => Self::NoDisplay { cause },
            eframe::Error::Wgpu(_) => Self::NoGraphics { cause },
            _ => Self::Failed { cause },
        }
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When there is no display or no graphics device.
pub fn run(options: WindowOptions) -> Result<(), UiError> {
    if let Some(folders) = directories::ProjectDirs::from("", "", "snowmesh") {
        engine::keep_indexes_in(folders.cache_dir().join("indexes"));
    }
    window::run(options)
}
