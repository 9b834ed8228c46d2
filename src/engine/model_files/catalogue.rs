//! What can be fetched: `fetch.json` in the models folder.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ModelFileError;
use crate::engine::EngineError;

/// The format that this program reads.
const FORMAT: u32 = 1;

/// The catalogue's name within the models folder.
const NAME: &str = "fetch.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    format: u32,
    models: Vec<Offer>,
}

/// A file that can be fetched, or that the user has to bring himself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Id of the model that it makes.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Where it is, the first that answers; empty where its licence wants the user to fetch it himself.
    pub urls: Vec<String>,
    /// Name of the file.
    pub file: String,
    /// Its length, where its makers tell.
    pub bytes: Option<u64>,
    /// Its SHA-256, where its makers tell.
    pub sha256: Option<String>,
    /// Licence, SPDX where there is one.
    pub licence: String,
    /// The licence's text, within the models folder.
    pub licence_file: Option<String>,
    /// How to get it without this program.
    pub by_hand: String,
    /// What is to be done with it; `{file}` and `{folder}` stand for the file and the folder of the user's models. Empty
    /// where it can be taken in as it is.
    pub next: String,
}

impl Offer {
    /// Everything on offer in the models folder `folder`.
    ///
    /// # Errors
    /// When the catalogue is missing or damaged.
    pub fn all(folder: &Path) -> Result<Vec<Self>, EngineError> {
        let path = folder.join(NAME);
        let damaged = |cause: String| ModelFileError::Catalogue { path: path.clone(), cause };
        let json = std::fs::read_to_string(&path).map_err(|error| damaged(error.to_string()))?;
        let catalogue: Catalogue = serde_json::from_str(&json).map_err(|error| damaged(error.to_string()))?;
        if catalogue.format != FORMAT {
            return Err(damaged(format!("format {} is not {FORMAT}", catalogue.format)).into());
        }
        if let Some(bad) = catalogue.models.iter().find(|offer| !is_plain_name(&offer.file)) {
            return Err(damaged(format!("'{}' is no file name", bad.file)).into());
        }
        Ok(catalogue.models)
    }

    /// The licence's text.
    ///
    /// # Errors
    /// When it cannot be read: nothing may be fetched then.
    pub fn licence_text(&self, folder: &Path) -> Result<String, EngineError> {
        let Some(file) = &self.licence_file else { return Ok(self.licence.clone()) };
        let path = folder.join(file);
        std::fs::read_to_string(&path).map_err(|cause| EngineError::Io {
            doing: "reading the licence",
            path,
            cause,
        })
    }

    /// Where the file goes within the folder of the user's models.
    pub fn target(&self, user_folder: &Path) -> PathBuf {
        user_folder.join("downloads").join(&self.file)
    }

    /// What is to be done once it is there.
    pub fn next_step(&self, user_folder: &Path) -> String {
        let file = self.target(user_folder).display().to_string();
        if self.next.is_empty() {
            return format!("take it in: snowmesh models import {file}");
        }
        self.next.replace("{file}", &file).replace("{folder}", &user_folder.display().to_string())
    }
}

/// Whether a name stays in the folder that it is put into, on every system.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':'])
}
