//! Models that the program may not come with: HMR2's weights and the SMPL body, put by the user into a folder of his own
//! under their licences.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::{EngineError, ModelInfo, ModelPlaces};
use crate::body::{BodyModel, SmplBody};
use crate::inference::{self, HMR2, OnnxFile, Recognized, Role, Weights};

/// Id of the SMPL body.
pub(super) const SMPL: &str = "smpl";

/// The user's models folder.
#[derive(Clone, Debug)]
pub(super) struct UserModels {
    folder: PathBuf,
}

impl UserModels {
    /// The folder of `places`, else `models` in the user's data folder.
    pub fn new(places: &ModelPlaces) -> Self {
        let own = || Some(directories::ProjectDirs::from("", "", "snowmesh")?.data_dir().join("models"));
        let folder = places.user_folder.clone().or_else(own).unwrap_or_else(|| PathBuf::from("user-models"));
        Self { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The graph of HMR2 `id`; the weights lie beside it. Each precision but the first has a folder of its own, since
    /// exports give all of them the same names.
    pub fn hmr2_path(&self, id: &str) -> PathBuf {
        let folder = if id == HMR2 { self.folder.clone() } else { self.folder.join(id) };
        folder.join("hmr2.onnx")
    }

    /// The weights of HMR2 `id`, where the exporter puts them.
    pub fn weights_path(&self, id: &str) -> PathBuf {
        self.hmr2_path(id).with_file_name("hmr2.onnx.data")
    }

    /// The SMPL body's file.
    pub fn smpl_path(&self) -> PathBuf {
        self.folder.join("smpl.npz")
    }

    /// The SMPL body.
    ///
    /// # Errors
    /// When its file is missing, or is another body.
    pub fn smpl(&self) -> Result<SmplBody, EngineError> {
        let path = self.smpl_path();
        let bytes = read(SMPL, &path)?;
        let model = BodyModel::from_npz(&bytes, &path.display().to_string())?;
        Ok(SmplBody::new(Arc::new(model))?)
    }

    /// What tells this body from others: its SHA-256.
    ///
    /// # Errors
    /// When its file is missing.
    pub fn body_identity(&self) -> Result<BTreeMap<String, String>, EngineError> {
        Ok(BTreeMap::from([(SMPL.to_owned(), sha256(SMPL, &self.smpl_path())?)]))
    }

    /// What tells HMR2 `id` and this body from others: SHA-256 of graph and body; of the weights, which would take
    /// seconds to hash, their size and age.
    ///
    /// # Errors
    /// When a file is missing.
    pub fn identity(&self, id: &str) -> Result<BTreeMap<String, String>, EngineError> {
        let mut identity = BTreeMap::from([(id.to_owned(), sha256(HMR2, &self.hmr2_path(id))?)]);
        identity.extend(self.body_identity()?);
        // A network of a few megabytes has its weights in the graph.
        if let Ok(weights) = self.weights_path(id).metadata() {
            identity.insert(format!("{id}-weights"), size_and_age(&weights));
        }
        Ok(identity)
    }

    /// HMR2 and the body, there or not, and HMR2 in other precisions where they are.
    pub fn list(&self) -> Vec<ModelInfo> {
        let smpl = self.smpl_path();
        let size = |path: &Path| path.metadata().map_or(0, |file| file.len());
        let folder = self.folder.display();
        let hmr2 = |id: &str| {
            let graph = self.hmr2_path(id);
            ModelInfo {
                id: id.to_owned(),
                title: format!("HMR2 (4D-Humans), your own weights{}", variant(&graph)),
                role: Role::Recoverer,
                bytes: size(&graph) + size(&self.weights_path(id)),
                licence: "MIT".to_owned(),
                source: "your 4D-Humans checkpoint".to_owned(),
                default_threshold: None,
                present: graph.is_file() && smpl.is_file(),
                remedy: Some(format!(
                    "Not there: fetch the checkpoint, export it with models/export, import the hmr2.onnx that it makes, \
                     and the SMPL body; they are kept in {folder}"
                )),
                file: Some(graph),
            }
        };
        let ids = Weights::ALL.map(Weights::model_id);
        let shown = ids.into_iter().filter(|id| *id == HMR2 || self.hmr2_path(id).is_file());
        let body = ModelInfo {
            id: SMPL.to_owned(),
            title: "SMPL body, your own copy".to_owned(),
            role: Role::Body,
            bytes: size(&smpl),
            licence: "SMPL".to_owned(),
            source: "smpl.is.tue.mpg.de".to_owned(),
            default_threshold: None,
            present: smpl.is_file(),
            remedy: Some(format!(
                "Not there: get the neutral model (.npz or .pkl) at smpl.is.tue.mpg.de and import it; it is kept in \
                     {folder}"
            )),
            file: Some(smpl.clone()),
        };
        shown.map(hmr2).chain([body]).collect()
    }
}

/// The numbers that a network's weights are kept in, in brackets.
fn variant(graph: &Path) -> String {
    let file = OnnxFile::open(graph).ok();
    match file.and_then(|file| inference::recognize(&file).ok()) {
        Some(Recognized::Hmr2(signature)) => format!(" ({})", signature.weights),
        Some(Recognized::Detector(_)) | None => String::new(),
    }
}

fn sha256(id: &'static str, path: &Path) -> Result<String, EngineError> {
    Ok(Sha256::digest(read(id, path)?).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn read(id: &'static str, path: &Path) -> Result<Vec<u8>, EngineError> {
    std::fs::read(path).map_err(|cause| EngineError::UserModel { id, path: path.to_owned(), cause })
}

fn size_and_age(file: &Metadata) -> String {
    let modified = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{} bytes of {}", file.len(), modified.map_or(0, |time| time.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_models_are_listed_with_what_to_do_and_missed_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let user_folder = Some(folder.path().to_owned());
        let models = UserModels::new(&ModelPlaces { user_folder, ..ModelPlaces::default() });
        for model in models.list() {
            assert!(!model.present);
            assert!(model.remedy.unwrap().contains(&folder.path().display().to_string()));
        }
        let error = models.identity(HMR2).unwrap_err().to_string();
        assert!(error.contains("hmr2.onnx"), "{error}");
        std::fs::write(models.hmr2_path(HMR2), b"graph").unwrap();
        assert!(!models.list()[0].present, "HMR2 without its body is of no use");
        assert!(models.smpl().unwrap_err().to_string().contains("smpl.npz"));
    }
}
