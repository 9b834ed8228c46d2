//! The slow things on the desktop's side: file dialogs and the settings file. Both wait on threads of their own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use egui::Context;

use super::command::Pick;
use super::export_form::WRITTEN_EXTENSIONS;
use crate::engine::{EngineError, thread};
use crate::settings::Settings;

/// Endings of the videos that the dialog offers first.
const VIDEO_EXTENSIONS: [&str; 10] = ["mp4", "mov", "mkv", "avi", "webm", "m4v", "mts", "mpg", "mpeg", "ts"];

/// A dialog that is answered sooner than any hand can is not there: without a desktop portal the answer is the same
/// as a cancelled dialog's, only at once.
const FASTEST_HAND: Duration = Duration::from_millis(400);

/// The system has no file dialog.
#[derive(Debug)]
pub struct NoDialog;

/// What a file dialog answered: a path, or nothing when it was cancelled.
pub type Answer = Result<Option<PathBuf>, NoDialog>;

/// The system's file dialog, one at a time.
#[derive(Default)]
pub struct FileDialogs {
    open: Option<(Pick, Receiver<Answer>)>,
}

impl FileDialogs {
    /// Shows a dialog that starts at `start`, unless one is open already.
    ///
    /// # Errors
    /// When no thread can be started for it.
    pub fn show(&mut self, ctx: &Context, pick: Pick, start: &Path) -> Result<(), EngineError> {
        if self.open.is_some() {
            return Ok(());
        }
        let (sender, receiver) = bounded(1);
        let (dialog, wake) = (dialog(pick, start), ctx.clone());
        thread::spawn("file dialog", move || {
            let shown_at = Instant::now();
            let chosen = match pick {
                Pick::Clip | Pick::SecondClip | Pick::Model | Pick::Truth => {
                    pollster::block_on(dialog.pick_file())
                }
                Pick::ExportVideo | Pick::ContactSheet | Pick::Chrono | Pick::Picture => {
                    pollster::block_on(dialog.save_file())
                }
                Pick::ExportMattes | Pick::ExportData => pollster::block_on(dialog.pick_folder()),
            };
            let answer = match chosen {
                None if shown_at.elapsed() < FASTEST_HAND => Err(NoDialog),
                chosen => Ok(chosen.map(|file| file.path().to_owned())),
            };
            // Nobody listens any more once the window is closed.
            let _ = sender.send(answer);
            wake.request_repaint();
        })?;
        self.open = Some((pick, receiver));
        Ok(())
    }

    /// The answer, once it is there.
    pub fn answer(&mut self) -> Option<(Pick, Answer)> {
        let (pick, receiver) = self.open.as_ref()?;
        let answer = (*pick, receiver.try_recv().ok()?);
        self.open = None;
        Some(answer)
    }
}

fn dialog(pick: Pick, start: &Path) -> rfd::AsyncFileDialog {
    let mut dialog = rfd::AsyncFileDialog::new();
    if let Some(folder) = start.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        dialog = dialog.set_directory(folder);
    }
    match pick {
        Pick::Clip | Pick::SecondClip => dialog
            .set_title("Open a clip")
            .add_filter("Videos", &VIDEO_EXTENSIONS)
            .add_filter("All files", &["*"]),
        Pick::Model => dialog
            .set_title("Import a model")
            .add_filter("Networks and bodies", &["onnx", "npz", "pkl"])
            .add_filter("All files", &["*"]),
        Pick::Truth => dialog
            .set_title("Who really is where")
            .add_filter("Truths", &["txt", "json"])
            .add_filter("All files", &["*"]),
        Pick::ExportVideo => {
            let name = start.file_name().unwrap_or_default().to_string_lossy();
            dialog.set_title("Export to").set_file_name(name).add_filter("Video", &WRITTEN_EXTENSIONS)
        }
        Pick::ContactSheet | Pick::Chrono | Pick::Picture => {
            let name = start.file_name().unwrap_or_default().to_string_lossy();
            dialog.set_title("Save the picture").set_file_name(name).add_filter("PNG", &["png"])
        }
        Pick::ExportMattes => dialog.set_title("Folder for the mattes"),
        Pick::ExportData => dialog.set_title("Folder for the data files"),
    }
}

/// Where small copies of large clips are kept; `None` where the system names no cache folder.
pub fn proxy_folder() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "snowmesh")?.cache_dir().join("proxies"))
}

/// A copy of the demo clip in the user's cache folder: the place that it comes from may be read-only, and its
/// analysis is kept beside it.
pub fn working_copy(demo: &Path) -> Result<PathBuf, String> {
    let folders =
        directories::ProjectDirs::from("", "", "snowmesh").ok_or("there is no home folder to copy it to")?;
    let copy = folders.cache_dir().join("demo.mp4");
    let told = |cause: std::io::Error| format!("{}: {cause}", copy.display());
    let same_size = |a: &Path, b: &Path| Some(a.metadata().ok()?.len() == b.metadata().ok()?.len());
    if same_size(demo, &copy) != Some(true) {
        std::fs::create_dir_all(folders.cache_dir()).map_err(told)?;
        std::fs::copy(demo, &copy).map_err(told)?;
    }
    Ok(copy)
}

/// Keeps the settings file in line with the settings.
pub struct SettingsWriter {
    path: Option<PathBuf>,
    written: Settings,
    writing: Option<Receiver<Option<String>>>,
    error: Option<String>,
}

impl SettingsWriter {
    /// Settings as they are in the file; without a path nothing is written.
    pub fn new(path: Option<PathBuf>, settings: &Settings) -> Self {
        Self { path, written: settings.clone(), writing: None, error: None }
    }

    /// Writes what has changed, once the pointer is up and the last writing has ended.
    pub fn write_changes(&mut self, ctx: &Context, settings: &Settings) {
        if let Some(writing) = &self.writing {
            match writing.try_recv() {
                Ok(error) => {
                    self.error = error;
                    self.writing = None;
                }
                Err(crossbeam_channel::TryRecvError::Disconnected) => self.writing = None,
                Err(crossbeam_channel::TryRecvError::Empty) => return,
            }
        }
        let Some(path) = self.path.clone() else { return };
        if *settings == self.written || ctx.input(|i| i.pointer.any_down()) {
            return;
        }
        self.written = settings.clone();
        let (sender, receiver) = bounded(1);
        let (settings, wake) = (settings.clone(), ctx.clone());
        let started = thread::spawn("write settings", move || {
            let error = settings.save(&path).err().map(|error| error.to_string());
            // Nobody listens any more once the window is closed.
            let _ = sender.send(error);
            wake.request_repaint();
        });
        match started {
            Ok(_) => self.writing = Some(receiver),
            Err(error) => self.error = Some(error.to_string()),
        }
    }

    /// Writes what has changed and waits: for the end of the program.
    pub fn write_now(&mut self, settings: &Settings) {
        if let Some(writing) = self.writing.take() {
            let _ = writing.recv();
        }
        if let Some(path) = self.path.as_ref().filter(|_| *settings != self.written)
            && let Err(error) = settings.save(path)
        {
            tracing::warn!(%error, "the settings could not be saved");
        }
    }

    /// Why the last writing failed, once.
    pub fn take_error(&mut self) -> Option<String> {
        self.error.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Theme;

    #[test]
    fn changed_settings_are_on_disk_when_the_program_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let mut settings = Settings::default();
        let mut writer = SettingsWriter::new(Some(path.clone()), &settings);
        writer.write_now(&settings);
        assert!(!path.exists(), "nothing has changed");
        settings.theme = Theme::Light;
        writer.write_changes(&Context::default(), &settings);
        settings.text_scale = 1.25;
        writer.write_now(&settings);
        assert_eq!(Settings::load(&path).unwrap(), settings);
    }
}
