//! The models' manifest: which files there are, whose they are, and what each is for.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::contract::NetworkContract;

/// The manifest's format that this program reads.
const FORMAT: u32 = 1;

/// `models/manifest.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format.
    pub format: u32,
    /// Every model.
    pub models: Vec<ModelEntry>,
}

/// One model: a file, or several other models that do one job together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Name on the command line and in saved files.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// What it does.
    pub role: Role,
    /// SPDX expression of the licence.
    pub licence: String,
    /// Package and version that it was made from.
    pub source: String,
    /// The file; absent where the model is made of `parts`.
    pub file: Option<ModelFile>,
    /// What the network takes and gives; absent where the model is no network.
    pub network: Option<NetworkContract>,
    /// Ids of the models that this one is made of; empty where it is a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Finds people.
    Detector,
    /// Finds COCO keypoints of one person.
    #[serde(rename = "keypoints_2d")]
    Keypoints2d,
    /// Finds BlazePose landmarks of one person.
    #[serde(rename = "landmarks_3d")]
    Landmarks3d,
    /// A body in SMPL's layout.
    Body,
    /// Recovers the body of one person.
    Recoverer,
}

impl Role {
    /// The role in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Keypoints2d => "2D keypoint network",
            Self::Landmarks3d => "3D landmark network",
            Self::Body => "body model",
            Self::Recoverer => "recoverer",
        }
    }
}

/// A file in the models folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Path within the models folder, with forward slashes.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Files in the same folder with weights that are too large for it; they are mapped, and not held against a hash
    /// when they are loaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<String>,
}

impl ModelEntry {
    /// Score from which a detector's detections are usually right; `None` where the model is no detector.
    pub fn default_threshold(&self) -> Option<f32> {
        self.network.as_ref()?.default_threshold()
    }

    fn check(&self) -> Result<(), String> {
        let fail = |what: &str| Err(format!("model '{}': {what}", self.id));
        if self.file.is_some() != self.parts.is_empty() {
            return fail("it must have either a file or parts");
        }
        if let Some(file) = &self.file {
            if !file.weights.iter().chain([&file.path]).all(|path| stays_inside(path)) {
                return fail("its path leaves the models folder");
            }
            if file.sha256.len() != 64 || !file.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            {
                return fail("its sha256 is not 64 lower-case hexadecimal digits");
            }
        }
        self.network.as_ref().map_or(Ok(()), NetworkContract::check).or_else(|what| fail(&what))
    }
}

impl Manifest {
    /// A manifest of `models`.
    pub fn of(models: &[ModelEntry]) -> Self {
        Self { format: FORMAT, models: models.to_vec() }
    }

    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(json: &str) -> Result<Self, String> {
        let manifest: Self = serde_json::from_str(json).map_err(|e| e.to_string())?;
        if manifest.format != FORMAT {
            return Err(format!(
                "format {} is not {FORMAT}, the one that this program reads",
                manifest.format
            ));
        }
        for (index, model) in manifest.models.iter().enumerate() {
            model.check()?;
            if manifest.models[..index].iter().any(|other| other.id == model.id) {
                return Err(format!("two models are called '{}'", model.id));
            }
            let is_file = |id: &String| manifest.models.iter().any(|m| m.id == *id && m.file.is_some());
            if let Some(part) = model.parts.iter().find(|part| !is_file(part)) {
                return Err(format!("model '{}': its part '{part}' is not a model with a file", model.id));
            }
        }
        Ok(manifest)
    }
}

/// Whether a path names something below the folder that it is joined to, on every system.
fn stays_inside(path: &str) -> bool {
    let plain = !path.is_empty() && !path.contains(['\\', ':']);
    plain && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(change: impl Fn(&mut serde_json::Value)) -> Result<Manifest, String> {
        let mut json = serde_json::json!({ "format": 1, "models": [{
            "id": "b", "title": "B", "role": "body", "licence": "CC0-1.0", "source": "s",
            "file": { "path": "a/b.npz", "bytes": 1, "sha256": "0".repeat(64) },
        }] });
        change(&mut json);
        Manifest::parse(&json.to_string())
    }

    #[test]
    fn a_plain_entry_is_read() {
        assert_eq!(body(|_| ()).unwrap().models[0].role, Role::Body);
    }

    #[test]
    fn paths_out_of_the_folder_are_refused() {
        for path in ["../b.npz", "a/../../b", "/etc/passwd", "C:\\b", "C:b", "a\\b", ""] {
            let error = body(|json| json["models"][0]["file"]["path"] = path.into()).unwrap_err();
            assert!(error.contains("leaves the models folder"), "{path}: {error}");
        }
    }

    #[test]
    fn contradictions_are_refused_with_the_models_name() {
        let cases: [(&str, &str, serde_json::Value); 4] = [
            ("/models/0/file/sha256", "sha256", "xyz".into()),
            ("/models/0/file", "either a file or parts", serde_json::Value::Null),
            ("/models/0/role", "unknown variant", "dancer".into()),
            ("/format", "format 2", 2.into()),
        ];
        for (pointer, complaint, value) in cases {
            let error = body(|json| *json.pointer_mut(pointer).unwrap() = value.clone()).unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
        let twice = body(|json| {
            let model = json["models"][0].clone();
            json["models"].as_array_mut().unwrap().push(model);
        });
        assert!(twice.unwrap_err().contains("two models are called 'b'"));
    }

    #[test]
    fn parts_must_exist() {
        let error = body(|json| {
            json["models"].as_array_mut().unwrap().push(serde_json::json!({
                "id": "fit", "title": "F", "role": "recoverer", "licence": "MIT", "source": "s", "parts": ["b", "gone"],
            }));
        });
        assert!(error.unwrap_err().contains("'gone'"));
    }
}
