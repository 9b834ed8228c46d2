//! Taking in files that are right, and files that are wrong in every way there is.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::engine::{CancelToken, EngineError, ModelPlaces, ModelShelf, Progress, Reporter, ResolvedRiders};
use crate::types::RiderFrame;

struct Quiet;

impl Reporter for Quiet {
    fn progress(&self, _progress: Progress) {}
    fn warning(&self, _message: String) {}
    fn riders(&self, _frame: u64, _riders: &[RiderFrame]) {}
    fn resolved(&self, _riders: ResolvedRiders) {}
}

struct Bench {
    folder: tempfile::TempDir,
    shelf: ModelShelf,
}

impl Bench {
    /// A shelf with a folder of its own for the user's models; `None` where there is no ONNX Runtime.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let shelf = ModelShelf::new(ModelPlaces {
            user_folder: Some(folder.path().join("own")),
            ..ModelPlaces::default()
        });
        if let Err(error) = shelf.runtime() {
            println!("skipped: {error}");
            return None;
        }
        Some(Self { folder, shelf })
    }

    fn import(&self, file: &Path) -> Result<ImportedModel, EngineError> {
        import_model(file, &self.shelf, &CancelToken::default(), &Quiet)
    }

    /// Writes `bytes` as a file to take in, and gives what is said against it.
    fn refusal(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = self.import(&path).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
        let own = self.folder.path().join("own");
        assert!(!own.exists() || fs::read_dir(own).unwrap().count() == 0, "nothing is left behind");
        error
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn tiny() -> PathBuf {
    root().join("tests/data/hmr2/hmr2_tiny.onnx")
}

/// `bytes` with the one place where `old` stands replaced.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        (0..=bytes.len() - old.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + old.len()].copy_from_slice(new);
    }
    bytes
}

#[test]
fn precisions_lie_side_by_side() {
    let Some(bench) = Bench::new() else { return };
    bench.import(&tiny()).unwrap();
    let half = bench.import(&root().join("tests/data/hmr2/camera_fp16.onnx")).unwrap();
    assert_eq!(half.id, "hmr2-fp16");
    let listed: Vec<String> = bench.shelf.user_models().list().into_iter().map(|model| model.id).collect();
    assert_eq!(listed, ["hmr2", "hmr2-fp16", "smpl"]);
    let verified = verify_model("hmr2-fp16", &bench.shelf, &CancelToken::default()).unwrap();
    assert_eq!(verified, "ok, as it was taken in");
    assert_ne!(bench.shelf.user_models().hmr2_path("hmr2"), bench.shelf.user_models().hmr2_path("hmr2-fp16"));
    remove_model("hmr2-fp16", &bench.shelf).unwrap();
    assert!(!half.files[0].parent().unwrap().exists());
    assert!(verify_model("hmr2", &bench.shelf, &CancelToken::default()).is_ok(), "the other one stays");
}

#[test]
fn a_network_is_recognised_run_copied_verified_and_removed() {
    let Some(bench) = Bench::new() else { return };
    let imported = bench.import(&tiny()).unwrap();
    assert_eq!(imported.id, "hmr2");
    assert!(imported.told.contains("fp32"), "{}", imported.told);
    assert_eq!(fs::read(&imported.files[0]).unwrap(), fs::read(tiny()).unwrap());
    let cancel = CancelToken::default();
    assert_eq!(verify_model("hmr2", &bench.shelf, &cancel).unwrap(), "ok, as it was taken in");
    let again = bench.import(&tiny()).unwrap_err().to_string();
    assert!(again.contains("is kept") && again.contains("models remove hmr2"), "{again}");
    // Another network of the same make in its place is told.
    let mut other = fs::read(&imported.files[0]).unwrap();
    let name = b"smpl_head.deccam.bias";
    let last_weight = other.windows(name.len()).rposition(|found| found == name).unwrap() + name.len() + 5;
    other[last_weight] ^= 0x10;
    fs::write(&imported.files[0], other).unwrap();
    let error = verify_model("hmr2", &bench.shelf, &cancel).unwrap_err().to_string();
    assert!(error.contains("was altered"), "{error}");
    let removed = remove_model("hmr2", &bench.shelf).unwrap();
    assert_eq!(removed.len(), 2, "{removed:?}");
    assert!(verify_model("hmr2", &bench.shelf, &cancel).is_err());
    assert!(
        remove_model("nanodet", &bench.shelf).unwrap_err().to_string().contains("comes with the program")
    );
}

#[test]
fn networks_that_are_wrong_are_refused_with_every_mismatch() {
    let Some(bench) = Bench::new() else { return };
    let tiny = fs::read(tiny()).unwrap();
    let other = fs::read(root().join("models/starter/nanodet_g_416.onnx")).unwrap();
    let error = bench.refusal("other.onnx", &other);
    assert!(error.contains("no network that this program knows") && error.contains("×416"), "{error}");
    let error = bench.refusal("renamed.onnx", &replaced(&tiny, b"pred_cam", b"pred_cat"));
    assert!(error.contains("no pred_cam"), "{error}");
    let error = bench.refusal("cut.onnx", &tiny[..tiny.len() / 2]);
    assert!(error.contains("cut short"), "{error}");
    // Its opset import: a message of two bytes, version 17, for version 99.
    let error = bench.refusal("opset.onnx", &replaced(&tiny, b"\x42\x02\x10\x11", b"\x42\x02\x10\x63"));
    assert!(error.contains("version 99"), "{error}");
    for (name, bytes, words) in [
        ("page.onnx", &b"<html>not found</html>"[..], "cannot be read"),
        ("weights.ckpt", b"PK\x03\x04....", "models/export"),
        ("hmr2_data.tar.gz", b"\x1f\x8b\x08\x00", "models/export"),
        ("empty.onnx", b"", "cannot be read"),
        ("notes.txt", b"hello", "neither"),
    ] {
        let error = bench.refusal(name, bytes);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn weights_that_give_no_numbers_are_refused() {
    let Some(bench) = Bench::new() else { return };
    let mut bytes = fs::read(tiny()).unwrap();
    // The name of a weight stands before its values.
    let name = b"smpl_head.deccam.bias";
    let at = bytes.windows(name.len()).rposition(|found| found == name).unwrap() + name.len() + 2;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let error = bench.refusal("nan.onnx", &bytes);
    assert!(error.contains("no numbers"), "{error}");
}

#[test]
fn bodies_that_are_not_smpl_are_refused() {
    let Some(bench) = Bench::new() else { return };
    let small = fs::read(root().join("tests/data/smpl_small.npz")).unwrap();
    let error = bench.refusal("small.npz", &small);
    assert!(error.contains("400 vertices"), "{error}");
    let pickle = fs::read(root().join("tests/data/smpl_pickle/body.pkl")).unwrap();
    let error = bench.refusal("small.pkl", &pickle);
    assert!(error.contains("6 vertices"), "{error}");
    let error = bench.refusal("cut.pkl", &pickle[..pickle.len() / 2]);
    assert!(error.contains("not an SMPL body"), "{error}");
    // pickle.dumps of an object whose __reduce__ is (os.system, ("touch x",)), protocol 2.
    let evil = b"\x80\x02cposix\nsystem\nq\x00X\x07\x00\x00\x00touch xq\x01\x85q\x02Rq\x03.";
    let error = bench.refusal("evil.pkl", evil);
    assert!(error.contains("posix.system") && error.contains("nothing in it was run"), "{error}");
    let error = bench.refusal("cut.npz", &small[..small.len() / 2]);
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn weights_in_other_files_stay_in_their_folder() {
    use crate::inference::{ElementType, Initializer, OnnxFile, Storage};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir_all(path.join("model/sub")).unwrap();
    let model = path.join("model");
    for name in ["secret.bin", "model/right.bin", "model/sub/right.bin"] {
        fs::write(path.join(name), vec![0; 4096 + 400]).unwrap();
    }
    fs::write(model.join("short.bin"), vec![0; 4096 + 399]).unwrap();
    fs::write(model.join("long.bin"), vec![0; 3 << 20]).unwrap();
    let weights = |location: &str, length: Option<u64>| {
        let storage = Storage::External { location: location.to_owned(), offset: 4096, length };
        let tensor = Initializer {
            name: "w".into(),
            element: ElementType::FLOAT,
            dims: vec![100],
            bytes: 400,
            storage,
        };
        OnnxFile { initializers: vec![tensor.clone(), tensor], ..OnnxFile::default() }.weight_files(&model)
    };
    for location in ["right.bin", "sub/right.bin"] {
        let found = weights(location, Some(400)).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_path(), found[0].bytes), (&*model.join(location), 4496));
    }
    let absolute = path.join("secret.bin").display().to_string();
    for (location, words) in [
        ("../secret.bin", "not inside"),
        ("sub/../../secret.bin", "not inside"),
        (absolute.as_str(), "not inside"),
        ("C:\\secret.bin", "not inside"),
        ("", "not inside"),
        ("absent.bin", "not there"),
        ("short.bin", "cut short (4495 of 4496 bytes)"),
        ("long.bin", "another network"),
        ("sub", "not a file"),
    ] {
        let error = weights(location, None).unwrap_err();
        assert!(error.contains(words), "{location}: {error}");
    }
    assert!(weights("right.bin", Some(399)).unwrap_err().contains("400 bytes by their shape and 399"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.bin", model.join("link.bin")).unwrap();
        std::os::unix::fs::symlink("..", model.join("up")).unwrap();
        assert!(weights("link.bin", None).unwrap_err().contains("are a link"));
        assert!(weights("up/secret.bin", None).unwrap_err().contains("are a link"));
    }
}
