//! Footprints that were measured on this machine, kept in the user's data folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::json_file;
use crate::engine::plan::Footprint;
use crate::types::Device;

/// Measured footprints by model, size and device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    footprints: BTreeMap<String, Footprint>,
    #[serde(skip)]
    path: Option<PathBuf>,
}

impl Remembered {
    /// Those of this machine; none where nothing was measured or the file is damaged.
    pub fn load() -> Self {
        let dirs = directories::ProjectDirs::from("", "", "snowmesh");
        dirs.map_or_else(Self::default, |dirs| Self::load_from(dirs.data_local_dir().join("footprints.json")))
    }

    fn load_from(path: PathBuf) -> Self {
        // A damaged file is measured anew.
        let read = std::fs::read_to_string(&path).ok();
        let found: Self = read.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self { path: Some(path), ..found }
    }

    /// The footprint of model `id` with `weights` bytes of weights on `device`: a file of another size is another
    /// model.
    pub fn get(&self, id: &str, device: Device, weights: u64) -> Option<Footprint> {
        self.footprints.get(&key(id, device, weights)).copied()
    }

    /// Keeps a measured footprint; what cannot be written is told in the log and measured again next time.
    pub fn keep(&mut self, id: &str, device: Device, footprint: Footprint) {
        self.footprints.insert(key(id, device, footprint.weights), Footprint { measured: true, ..footprint });
        if let Some(path) = &self.path
            && let Err(error) = json_file::save(path, self)
        {
            tracing::warn!("{}: {error}", path.display());
        }
    }
}

fn key(id: &str, device: Device, weights: u64) -> String {
    format!("{id} ({weights} bytes) on {device}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_known_again_for_that_file_and_device_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/footprints.json");
        let measured = Footprint { weights: 7, session: 3, ..Footprint::default() };
        Remembered::load_from(path.clone()).keep("nanodet", Device::Cpu, measured);
        let again = Remembered::load_from(path.clone());
        assert_eq!(again.get("nanodet", Device::Cpu, 7), Some(Footprint { measured: true, ..measured }));
        assert_eq!(again.get("nanodet", Device::Cpu, 8), None);
        assert_eq!(again.get("nanodet", Device::Cuda(0), 7), None);
        std::fs::write(&path, "{\"footprints\": 3").unwrap();
        assert_eq!(Remembered::load_from(path).get("nanodet", Device::Cpu, 7), None);
    }
}
