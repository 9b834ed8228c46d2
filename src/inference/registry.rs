//! The models folder: what is in it, and whether it is what it should be.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::InferenceError;
use super::manifest::{Manifest, ModelEntry, ModelFile, Role};
use super::own_detectors::{own_detectors, own_manifest_path};
use super::search;

/// Environment variable that names the models folder.
const FOLDER_VARIABLE: &str = "SNOWMESH_MODELS";

/// The manifest's name within the folder.
const MANIFEST_NAME: &str = "manifest.json";

/// Bytes that are read and hashed at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// The models that this program can use.
#[derive(Clone, Debug)]
pub struct Registry {
    folder: PathBuf,
    models: Vec<ModelEntry>,
    /// The folder of the user's own models, and the place in `models` from which on they are those.
    own: Option<(PathBuf, usize)>,
}

impl Registry {
    /// Reads the manifest in `folder`, else in the folder that SNOWMESH_MODELS names, else in the nearest `models`
    /// beside the executable or in a folder above it.
    ///
    /// # Errors
    /// [`InferenceError::ManifestMissing`] or [`InferenceError::ManifestInvalid`].
    pub fn open(folder: Option<&Path>) -> Result<Self, InferenceError> {
        let named = folder.map(Path::to_path_buf).or_else(|| search::path_from_env(FOLDER_VARIABLE));
        let looked = match named {
            Some(folder) => vec![folder],
            None => search::folders_above_executable().iter().map(|f| f.join("models")).collect(),
        };
        let Some(folder) = looked.iter().find(|folder| folder.join(MANIFEST_NAME).is_file()) else {
            return Err(InferenceError::ManifestMissing { looked });
        };
        let path = folder.join(MANIFEST_NAME);
        let invalid = |cause| InferenceError::ManifestInvalid { path: path.clone(), cause };
        let json = std::fs::read_to_string(&path).map_err(|e| invalid(e.to_string()))?;
        let manifest = Manifest::parse(&json).map_err(invalid)?;
        Ok(Self { folder: folder.clone(), models: manifest.models, own: None })
    }

    /// Adds the user's own detectors of `folder`.
    ///
    /// # Errors
    /// [`InferenceError::OwnManifestInvalid`], also where an id is one of the program's own.
    pub fn add_own(&mut self, folder: &Path) -> Result<(), InferenceError> {
        let own = own_detectors(folder)?;
        if let Some(twice) = own.iter().find(|entry| self.models.iter().any(|model| model.id == entry.id)) {
            let cause = format!("'{}' is the id of one of the program's own models", twice.id);
            return Err(InferenceError::OwnManifestInvalid { path: own_manifest_path(folder), cause });
        }
        self.own = Some((folder.to_owned(), self.models.len()));
        self.models.extend(own);
        Ok(())
    }

    /// Whether a model is one of the user's own.
    pub fn is_own(&self, id: &str) -> bool {
        let place = self.models.iter().position(|model| model.id == id);
        matches!((place, &self.own), (Some(place), Some((_, first))) if place >= *first)
    }

    /// The models folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every model, in the manifest's order.
    pub fn models(&self) -> &[ModelEntry] {
        &self.models
    }

    /// The models with a role, in the manifest's order.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &ModelEntry> {
        self.models.iter().filter(move |model| model.role == role)
    }

    /// The model with this id.
    ///
    /// # Errors
    /// [`InferenceError::UnknownModel`], which lists the ids there are.
    pub fn get(&self, id: &str) -> Result<&ModelEntry, InferenceError> {
        self.models.iter().find(|model| model.id == id).ok_or_else(|| InferenceError::UnknownModel {
            wanted: "model".to_owned(),
            id: id.to_owned(),
            known: self.models.iter().map(|model| model.id.clone()).collect(),
        })
    }

    /// The model with this id and role.
    ///
    /// # Errors
    /// [`InferenceError::UnknownModel`], which lists the ids that have the role.
    pub fn get_as(&self, role: Role, id: &str) -> Result<&ModelEntry, InferenceError> {
        self.with_role(role).find(|model| model.id == id).ok_or_else(|| InferenceError::UnknownModel {
            wanted: role.name().to_owned(),
            id: id.to_owned(),
            known: self.with_role(role).map(|model| model.id.clone()).collect(),
        })
    }

    /// The part of model `id` that has `role`.
    ///
    /// # Errors
    /// [`InferenceError::UnknownModel`] where there is no such model; [`InferenceError::Contract`] where it has no
    /// such part.
    pub fn part(&self, id: &str, role: Role) -> Result<&ModelEntry, InferenceError> {
        let parts = &self.get(id)?.parts;
        self.with_role(role).find(|model| parts.contains(&model.id)).ok_or_else(|| InferenceError::Contract {
            model: id.to_owned(),
            cause: format!("it has no {} among its parts", role.name()),
        })
    }

    /// Where a model's file is, whether or not it is there.
    ///
    /// # Errors
    /// [`InferenceError::UnknownModel`]; [`InferenceError::Contract`] where the model is made of parts.
    pub fn path(&self, id: &str) -> Result<PathBuf, InferenceError> {
        let folder = match &self.own {
            Some((own, _)) if self.is_own(id) => own,
            _ => &self.folder,
        };
        Ok(folder.join(&self.file(id)?.path))
    }

    /// Checks that a model's file, or each of its parts', is the one in the manifest: the size first, then the
    /// SHA-256.
    ///
    /// # Errors
    /// [`InferenceError::ModelMissing`], [`InferenceError::ModelTruncated`], [`InferenceError::ModelAltered`] or
    /// [`InferenceError::ModelUnreadable`] for the first file that is not.
    pub fn verify(&self, id: &str) -> Result<(), InferenceError> {
        let entry = self.get(id)?;
        if entry.file.is_some() {
            return self.open_file(id)?.read(|_| ());
        }
        entry.parts.iter().try_for_each(|part| self.open_file(part)?.read(|_| ()))
    }

    /// The bytes of a model's file, checked as [`verify`](Self::verify) does: what was checked is what is returned,
    /// even if the file changes meanwhile.
    ///
    /// # Errors
    /// As `verify`.
    pub fn read_verified(&self, id: &str) -> Result<Vec<u8>, InferenceError> {
        let file = self.open_file(id)?;
        let mut bytes = Vec::new();
        let size = usize::try_from(file.entry.bytes).unwrap_or(usize::MAX);
        bytes.try_reserve_exact(size).map_err(|_| unreadable(&file.path, ErrorKind::OutOfMemory.into()))?;
        file.read(|chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }

    fn file(&self, id: &str) -> Result<&ModelFile, InferenceError> {
        self.get(id)?.file.as_ref().ok_or_else(|| InferenceError::Contract {
            model: id.to_owned(),
            cause: "it has no file of its own".to_owned(),
        })
    }

    /// Opens a model's file, which is at least as long as it should be.
    fn open_file(&self, id: &str) -> Result<OpenFile<'_>, InferenceError> {
        let (entry, path) = (self.file(id)?, self.path(id)?);
        let file = File::open(&path).map_err(|cause| unreadable(&path, cause))?;
        let actual = file.metadata().map_err(|cause| unreadable(&path, cause))?.len();
        if actual < entry.bytes {
            return Err(InferenceError::ModelTruncated { path, expected: entry.bytes, actual });
        }
        Ok(OpenFile { entry, path, file })
    }
}

/// A model's file that is about to be read.
struct OpenFile<'r> {
    entry: &'r ModelFile,
    path: PathBuf,
    file: File,
}

impl OpenFile<'_> {
    /// Hands the file to `take` piece by piece, and fails unless it was the right one.
    fn read(self, mut take: impl FnMut(&[u8])) -> Result<(), InferenceError> {
        let Self { entry, path, file } = self;
        // One byte more than there should be is enough to tell that the file is another one.
        let mut rest = file.take(entry.bytes.saturating_add(1));
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match rest.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => {
                    hash.update(&chunk[..count]);
                    take(&chunk[..count]);
                }
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => return Err(unreadable(&path, cause)),
            }
        }
        let actual: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if actual == entry.sha256 {
            return Ok(());
        }
        Err(InferenceError::ModelAltered { path, expected: entry.sha256.clone(), actual })
    }
}

fn unreadable(path: &Path, cause: std::io::Error) -> InferenceError {
    let path = path.to_path_buf();
    match cause.kind() {
        ErrorKind::NotFound => InferenceError::ModelMissing { path },
        _ => InferenceError::ModelUnreadable { path, cause },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::test_support::registry;

    /// SHA-256 of "abc", from FIPS 180-4.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn folder_with(contents: Option<&[u8]>) -> (tempfile::TempDir, Registry) {
        let folder = tempfile::tempdir().unwrap();
        let manifest = serde_json::json!({ "format": 1, "models": [
            { "id": "abc", "title": "", "role": "body", "licence": "", "source": "",
              "file": { "path": "sub/abc.bin", "bytes": 3, "sha256": ABC } },
            { "id": "fit", "title": "", "role": "recoverer", "licence": "", "source": "", "parts": ["abc"] },
        ] });
        std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        if let Some(contents) = contents {
            std::fs::write(folder.path().join("sub/abc.bin"), contents).unwrap();
        }
        let registry = Registry::open(Some(folder.path())).unwrap();
        (folder, registry)
    }

    #[test]
    fn the_right_file_is_read_and_verified_also_as_a_part() {
        let (_folder, registry) = folder_with(Some(b"abc"));
        assert_eq!(registry.read_verified("abc").unwrap(), b"abc");
        registry.verify("abc").unwrap();
        registry.verify("fit").unwrap();
        assert_eq!(registry.part("fit", Role::Body).unwrap().id, "abc");
        assert!(matches!(registry.part("fit", Role::Detector), Err(InferenceError::Contract { .. })));
    }

    #[test]
    fn missing_cut_and_altered_files_are_told_apart_and_named() {
        let fails = |contents| {
            let (_folder, registry) = folder_with(contents);
            let error = registry.read_verified("abc").unwrap_err();
            assert_eq!(registry.verify("fit").unwrap_err().to_string(), error.to_string());
            assert!(error.to_string().contains("abc.bin"), "{error}");
            error
        };
        assert!(matches!(fails(None), InferenceError::ModelMissing { .. }));
        assert!(matches!(fails(Some(b"ab")), InferenceError::ModelTruncated { actual: 2, expected: 3, .. }));
        assert!(matches!(fails(Some(b"abd")), InferenceError::ModelAltered { .. }));
        assert!(matches!(fails(Some(b"abcabc")), InferenceError::ModelAltered { .. }));
    }

    #[test]
    fn an_unknown_model_is_answered_with_those_there_are() {
        let (_folder, registry) = folder_with(None);
        let error = registry.get("abd").unwrap_err().to_string();
        assert!(error.contains("'abd'") && error.contains("abc, fit"), "{error}");
        let error = registry.get_as(Role::Recoverer, "abc").unwrap_err().to_string();
        assert!(error.contains("recoverer 'abc'") && error.ends_with("fit"), "{error}");
    }

    #[test]
    fn a_folder_without_a_manifest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Registry::open(Some(folder.path())).unwrap_err();
        assert!(matches!(&error, InferenceError::ManifestMissing { looked } if looked == &[folder.path()]));
    }

    #[test]
    fn every_model_of_the_program_is_what_its_manifest_says() {
        let registry = registry();
        assert!(registry.models().len() >= 6);
        for model in registry.models() {
            registry.verify(&model.id).unwrap();
            assert!(!model.licence.is_empty() && !model.source.is_empty(), "{}", model.id);
        }
    }
}
