//! What the user has chosen: flags win over the saved file, the file over the defaults.
//!
//! The file is JSON in the user's configuration folder. Keys that this version does not know are kept, so that a
//! newer version's choices survive an older one.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::types::temporary::temporary_file;
use crate::types::{BBox, ByteSize, Device, MemoryMode, MemoryWish, OverlayStyle, Rung};

/// Clips remembered for the recent list.
const RECENT_LIMIT: usize = 12;

/// Which models run where, and how they decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelSettings {
    /// Detector id.
    pub detector: String,
    /// Recoverer id.
    pub recoverer: String,
    /// Names or numbers of the detector's classes that count as riders; persons where none is named.
    pub detector_classes: Vec<String>,
    /// The part of the picture that the detector looks at, from 0 to 1; all of it where that is `None`.
    pub detector_part: Option<BBox>,
    /// Device asked for the detector.
    pub detector_device: Device,
    /// Device asked for the recoverer.
    pub recoverer_device: Device,
    /// Lowest detector score that counts, 0 to 1; `None` for the detector's own.
    pub detection_threshold: Option<f32>,
    /// Most people recovered in one frame, best first.
    pub max_people: usize,
    /// Frames from one that the detector looks at to the next, 1 for every frame: people are followed in between where
    /// both show the same ones, and looked for where they are lost.
    pub detect_every: u32,
    /// Whether landmarks are taken from the mirror image too: the mesh nearer to the rider, a third slower.
    pub precise: bool,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            detector: "nanodet".into(),
            recoverer: "landmark-fit".into(),
            detector_classes: Vec::new(),
            detector_part: None,
            detector_device: Device::Cpu,
            recoverer_device: Device::Cpu,
            detection_threshold: None,
            max_people: 4,
            detect_every: 6,
            precise: false,
        }
    }
}

impl ModelSettings {
    /// Whether a model is asked to run on anything but the processor.
    pub fn asks_for_device(&self) -> bool {
        self.detector_device != Device::Cpu || self.recoverer_device != Device::Cpu
    }

    /// Asks for the processor alone.
    pub fn use_processor(&mut self) {
        (self.detector_device, self.recoverer_device) = (Device::Cpu, Device::Cpu);
    }
}

/// How much memory analyses may take, and how they are run for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemorySettings {
    /// Most that an analysis may take; `None` for what the machine gives.
    pub limit: Option<ByteSize>,
    /// Which models are in memory together.
    pub mode: MemoryMode,
    /// Whether the window's analyses run in a process of their own, which the system can end without the window.
    pub worker: bool,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self { limit: None, mode: MemoryMode::default(), worker: true }
    }
}

impl MemorySettings {
    /// What an analysis is asked for, `from` a rung down.
    pub fn wish(&self, from: Rung) -> MemoryWish {
        MemoryWish { limit: self.limit, mode: self.mode, from }
    }
}

/// How clips are decoded for the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DecodingSettings {
    /// Whether a device decodes where there is one that can.
    pub hardware: bool,
    /// Whether large clips are scrubbed by a small copy.
    pub proxies: bool,
}

impl Default for DecodingSettings {
    fn default() -> Self {
        Self { hardware: true, proxies: false }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Light text on dark grey; pictures stand out.
    #[default]
    Dark,
    /// Dark text on light grey; for a screen in the snow.
    Light,
}

/// Everything that outlives the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Models, devices and thresholds.
    pub models: ModelSettings,
    /// How much memory analyses may take.
    pub memory: MemorySettings,
    /// What is drawn over the picture.
    pub overlay: OverlayStyle,
    /// How clips are decoded for the window.
    pub decoding: DecodingSettings,
    /// Whether clips are heard.
    pub sound: bool,
    /// Whether the window analyses a clip as soon as it is open.
    pub analyze_on_open: bool,
    /// Colours of the window.
    pub theme: Theme,
    /// Text size of the window: 0.85, 1 or 1.25.
    pub text_scale: f32,
    /// Clips opened lately, latest first.
    pub recent: Vec<PathBuf>,
    /// Keys of other versions.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            models: ModelSettings::default(),
            memory: MemorySettings::default(),
            overlay: OverlayStyle::default(),
            decoding: DecodingSettings::default(),
            sound: true,
            analyze_on_open: true,
            theme: Theme::default(),
            text_scale: 1.0,
            recent: Vec::new(),
            unknown: BTreeMap::new(),
        }
    }
}

/// The settings file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Reading or writing failed.
    #[error("settings file {path}: {cause}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is not what this program writes.
    #[error("settings file {path} is damaged ({cause}); delete it to start from the defaults", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

impl Settings {
    /// Where the settings file lives; `None` where the system names no configuration folder.
    pub fn default_path() -> Option<PathBuf> {
        let dirs = directories::ProjectDirs::from("", "", "snowmesh")?;
        Some(dirs.config_dir().join("settings.json"))
    }

    /// The settings in `path`; the defaults where there is no such file.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(SettingsError::Io { path: path.to_owned(), cause }),
        };
        serde_json::from_str(&text).map_err(|cause| SettingsError::Damaged { path: path.to_owned(), cause })
    }

    /// Writes the settings beside `path` and renames them into place. A file that is there and cannot be understood is
    /// kept under another name: it may be a person's own work with one comma too many.
    ///
    /// # Errors
    /// When the folder cannot be made or the file not written.
    pub fn save(&self, path: &Path) -> Result<(), SettingsError> {
        let io = |cause| SettingsError::Io { path: path.to_owned(), cause };
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(io)?;
        let text = serde_json::to_string_pretty(self)
            .map_err(|cause| SettingsError::Damaged { path: path.to_owned(), cause })?;
        let mut file = temporary_file().tempfile_in(folder).map_err(io)?;
        file.write_all(text.as_bytes()).map_err(io)?;
        if matches!(Self::load(path), Err(SettingsError::Damaged { .. })) {
            std::fs::rename(path, free_name_for_damaged(path)).map_err(io)?;
        }
        file.persist(path).map_err(|e| io(e.error))?;
        Ok(())
    }

    /// Puts `clip` at the head of the recent list.
    pub fn remember_clip(&mut self, clip: &Path) {
        self.recent.retain(|known| known != clip);
        self.recent.insert(0, clip.to_owned());
        self.recent.truncate(RECENT_LIMIT);
    }
}

/// `settings.damaged.json` beside `settings.json`, or the first of `settings.damaged-2.json`, … that is not taken.
fn free_name_for_damaged(path: &Path) -> PathBuf {
    (1_u32..)
        .map(|n| {
            path.with_extension(if n == 1 { "damaged.json".into() } else { format!("damaged-{n}.json") })
        })
        .find(|name| !name.exists())
        .unwrap_or_else(|| path.with_extension("damaged.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_over_a_damaged_file_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        for (text, kept) in [("{,", "settings.damaged.json"), ("[", "settings.damaged-2.json")] {
            std::fs::write(&path, text).unwrap();
            Settings::default().save(&path).unwrap();
            assert_eq!(Settings::load(&path).unwrap(), Settings::default());
            assert_eq!(std::fs::read_to_string(folder.path().join(kept)).unwrap(), text);
        }
    }

    #[test]
    fn a_missing_file_gives_the_defaults_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        assert_eq!(Settings::load(&path).unwrap(), Settings::default());
        std::fs::write(&path, "{\"models\": 3}").unwrap();
        let error = Settings::load(&path).unwrap_err().to_string();
        assert!(error.contains("settings.json"), "{error}");
    }

    #[test]
    fn keys_of_a_newer_version_survive_a_save() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("settings.json");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, r#"{"theme":"light","hologram":{"on":true}}"#).unwrap();
        let mut settings = Settings::load(&path).unwrap();
        settings.remember_clip(Path::new("a.mp4"));
        settings.save(&path).unwrap();
        let again = Settings::load(&path).unwrap();
        assert_eq!(again.theme, Theme::Light);
        assert_eq!(again.unknown["hologram"]["on"], true);
        assert_eq!(again.recent, [PathBuf::from("a.mp4")]);
    }

    #[test]
    fn the_recent_list_holds_each_clip_once_latest_first() {
        let mut settings = Settings::default();
        for clip in ["a", "b", "a"] {
            settings.remember_clip(Path::new(clip));
        }
        assert_eq!(settings.recent, [PathBuf::from("a"), PathBuf::from("b")]);
    }
}
