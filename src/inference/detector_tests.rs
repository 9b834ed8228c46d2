//! The families against their own libraries' post-processing, on tiny networks with random weights and true signatures
//! (`tests/data/make_detector_golden.py`), and against files and outputs that are not as they should be.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::contract::{Fit, NetworkContract};
use super::test_support::{pattern, runtime};
use super::{
    Detector, DetectorOptions, InferenceError, OnnxFile, Recognized, Registry, Runtime, family_name,
    load_detector_of, recognize,
};
use crate::types::{BBox, Device, RgbImage, WeightsHeld};

/// Score from which the golden detections were kept.
const THRESHOLD: f32 = 0.3;

/// Each network, its family, and how many classes it has where its file does not say.
const NETWORKS: [(&str, &str, Option<usize>); 12] = [
    ("yolox_grid", "YOLOX", None),
    ("yolox_decoded", "YOLOX", None),
    ("yolo_raw", "YOLO (Ultralytics)", None),
    ("yolo_end_to_end", "YOLO (Ultralytics)", None),
    ("ssd_torchvision", "SSD", Some(4)),
    ("ssd_tensorflow", "SSD", None),
    ("faster_rcnn", "Faster R-CNN", Some(4)),
    ("vitdet", "ViTDet", None),
    ("detr_queries", "DETR (RT-DETR, RF-DETR, D-FINE)", None),
    ("detr_sized", "DETR (RT-DETR, RF-DETR, D-FINE)", None),
    ("rf_detr", "DETR (RT-DETR, RF-DETR, D-FINE)", None),
    ("rtmdet", "RTMDet", None),
];

/// A models folder with one network and the entry that recognition proposes, changed by `change`.
struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn with(name: &str, change: impl FnOnce(&mut serde_json::Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bytes = network(name);
        let path = folder.path().join("net.onnx");
        std::fs::write(&path, &bytes).unwrap();
        let contract = recognise(&OnnxFile::open(&path).unwrap()).unwrap();
        let mut contract = serde_json::to_value(contract).unwrap();
        change(&mut contract);
        let sha256: String =
            sha2::Digest::finalize(sha2::Digest::chain_update(<sha2::Sha256 as sha2::Digest>::new(), &bytes))
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
        let manifest = serde_json::json!({ "format": 1, "models": [{
            "id": name, "title": name, "role": "detector", "licence": "MIT", "source": "test", "network": contract,
            "file": { "path": "net.onnx", "bytes": bytes.len(), "sha256": sha256 },
        }] });
        std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
        Self { folder }
    }

    fn load(
        &self,
        runtime: &Runtime,
        name: &str,
        classes: &[String],
    ) -> Result<Box<dyn Detector>, InferenceError> {
        let registry = Registry::open(Some(self.folder.path()))?;
        let options =
            DetectorOptions { device: Device::Cpu, threads: 1, weights: WeightsHeld::Copied, classes };
        load_detector_of(runtime, &registry, name, options)
    }
}

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/detectors").join(name)
}

fn network(name: &str) -> Vec<u8> {
    let file = std::fs::File::open(data(&format!("{name}.onnx.gz"))).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

fn signature(name: &str) -> OnnxFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    std::fs::write(&path, network(name)).unwrap();
    OnnxFile::open(&path).unwrap()
}

/// The contract that recognition proposes.
fn recognise(file: &OnnxFile) -> Result<NetworkContract, String> {
    match recognize(file)? {
        Recognized::Detector(contract) => Ok(*contract),
        Recognized::Hmr2(_) => Err("it is HMR2".to_owned()),
    }
}

fn golden() -> HashMap<String, serde_json::Value> {
    serde_json::from_str(&std::fs::read_to_string(data("golden.json")).unwrap()).unwrap()
}

/// What an export does not say, as its user would put it into the manifest.
fn tell(name: &str, classes: Option<usize>, contract: &mut serde_json::Value) {
    if name == "yolox_decoded" {
        contract["decoded"] = true.into();
    }
    if let Some(count) = classes {
        contract["classes"]["count"] = count.into();
    }
    // The networks are for pictures of 64 × 48 pixels, where they take any.
    if contract["picture"]["fit"] == "shrink" || contract["picture"]["fit"] == "scale" {
        contract["picture"]["width"] = 64.into();
        contract["picture"]["height"] = 64.into();
    }
    if name == "ssd_tensorflow" {
        contract["picture"]["width"] = 64.into();
        contract["picture"]["height"] = 48.into();
    }
    if name == "vitdet" {
        contract["min_box_px"] = serde_json::json!([0.0, 0.0]);
    }
}

#[test]
fn every_family_is_recognised_by_its_signature() {
    for (name, family, _) in NETWORKS {
        let contract = recognise(&signature(name)).unwrap();
        assert_eq!(family_name(&contract), family, "{name}");
    }
}

#[test]
fn every_family_finds_what_its_own_library_finds() {
    let Some(runtime) = runtime() else { return };
    let golden = golden();
    for (name, _, classes) in NETWORKS {
        let folder = Folder::with(name, |contract| tell(name, classes, contract));
        let mut detector = folder.load(&runtime, name, &[]).unwrap();
        let found = detector.detect(&pattern(128, 96), THRESHOLD).unwrap();
        let expected: Vec<[f32; 5]> = serde_json::from_value(golden[name].clone()).unwrap();
        assert_eq!(found.len(), expected.len(), "{name}: {found:?} instead of {expected:?}");
        for (found, expected) in found.iter().zip(&expected) {
            let BBox { min, max } = found.bbox;
            for (actual, expected) in [min.x, min.y, max.x, max.y].iter().zip(expected) {
                assert!((actual - expected).abs() < 0.5, "{name}: {found:?} instead of {expected:?}");
            }
            assert!((found.score - expected[4]).abs() < 1e-4, "{name}: {found:?} instead of {expected:?}");
        }
    }
}

#[test]
fn masks_lie_over_their_boxes_and_are_the_networks() {
    let Some(runtime) = runtime() else { return };
    let folder = Folder::with("vitdet", |contract| tell("vitdet", None, contract));
    let mut detector = folder.load(&runtime, "vitdet", &[]).unwrap();
    let found = detector.detect(&pattern(128, 96), THRESHOLD).unwrap();
    let masks = detector.masks();
    assert!(found.iter().map(|d| d.bbox).eq(masks.iter().map(|m| m.bbox)));
    let expected: Vec<u8> = serde_json::from_value(golden()["vitdet_first_mask"].clone()).unwrap();
    let actual: Vec<u8> = masks[0].codes.iter().copied().step_by(29).collect();
    assert_eq!(masks[0].side, 28);
    let close = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= 1;
    assert!(actual.len() == expected.len() && actual.iter().zip(&expected).all(close));
    detector.detect(&pattern(128, 96), 1.1).unwrap();
    assert!(detector.masks().is_empty());
}

#[test]
fn a_part_of_the_picture_is_looked_at_and_answered_in_picture_pixels() {
    let Some(runtime) = runtime() else { return };
    let folder = Folder::with("detr_queries", |_| ());
    let mut detector = folder.load(&runtime, "detr_queries", &[]).unwrap();
    let inner = detector.detect(&pattern(128, 96), THRESHOLD).unwrap();
    // The same pixels as the lower right quarter of a larger picture.
    let small = pattern(128, 96);
    let mut large = RgbImage { width: 256, height: 192, data: vec![9; 256 * 192 * 3] };
    for row in 0..96 {
        let start = ((row + 96) * 256 + 128) * 3;
        large.data[start..start + 128 * 3].copy_from_slice(&small.data[row * 128 * 3..(row + 1) * 128 * 3]);
    }
    detector.look_at(Some(BBox::new(0.5, 0.5, 1.0, 1.0)));
    let found = detector.detect(&large, THRESHOLD).unwrap();
    assert!(!found.is_empty() && found.len() == inner.len());
    for (found, inner) in found.iter().zip(&inner) {
        let moved = inner.bbox.translated(glam::Vec2::new(128.0, 96.0));
        assert!((found.bbox.min - moved.min).length() < 1e-3 && (found.bbox.max - moved.max).length() < 1e-3);
    }
}

#[test]
fn other_classes_count_where_they_are_asked_for() {
    let Some(runtime) = runtime() else { return };
    let folder = Folder::with("yolo_end_to_end", |_| ());
    let found = |classes: &[&str]| {
        let classes: Vec<String> = classes.iter().map(|class| (*class).to_owned()).collect();
        let mut detector = folder.load(&runtime, "yolo_end_to_end", &classes)?;
        detector.detect(&pattern(128, 96), THRESHOLD)
    };
    let all: Vec<String> = (0..80).map(|class| class.to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let persons = found(&["person"]).unwrap();
    assert_eq!(persons, found(&[]).unwrap());
    assert!(found(&all).unwrap().len() > persons.len());
    let error = found(&["marmot"]).err().unwrap().to_string();
    assert!(error.contains("'marmot'"), "{error}");
}

#[test]
fn a_layout_that_is_not_the_families_is_named_and_nobody_is_made_up() {
    let Some(runtime) = runtime() else { return };
    for (name, change, complaint) in [
        ("yolo_raw", ("/classes/count", 79), "its shape is [1, 84, 84], not [1, 83, any]"),
        ("yolox_grid", ("/classes/count", 20), "its shape is [1, 84, 85], not [1, 84, 25]"),
        ("detr_queries", ("/classes/count", 91), "its shape is [1, 60, 80], not [1, any, 91]"),
    ] {
        let folder = Folder::with(name, |contract| {
            *contract.pointer_mut(change.0).unwrap() = change.1.into();
            contract["classes"]["names"] = serde_json::json!([]);
        });
        let mut detector = folder.load(&runtime, name, &[]).unwrap();
        let error = detector.detect(&pattern(128, 96), THRESHOLD).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(complaint), "{error}");
    }
    // An entry of another family names outputs that the network does not have.
    let folder = Folder::with("rtmdet", |contract| contract["boxes"] = "boxes".into());
    let error = folder.load(&runtime, "rtmdet", &[]).err().unwrap().to_string();
    assert!(error.contains("no output 'boxes'"), "{error}");
}

#[test]
fn a_file_of_no_family_is_told_with_what_it_has() {
    let mut file = signature("yolo_raw");
    file.outputs.truncate(0);
    let error = recognise(&file).unwrap_err();
    assert!(error.contains("images 1×3×64×64 (float32)"), "{error}");
    assert!(recognise(&OnnxFile::default()).is_err());
}

#[test]
fn dimensions_that_are_left_open_get_the_families_usual_size() {
    use super::onnx_file::Dimension;
    for (name, side) in [("yolo_raw", 64), ("yolox_grid", 640), ("detr_queries", 640), ("rtmdet", 640)] {
        let mut file = signature(name);
        for value in file.inputs.iter_mut().chain(&mut file.outputs) {
            for dimension in value
                .shape
                .iter_mut()
                .flatten()
                .filter(|d| ![3, 4, 5, 80, 84, 85].map(Dimension::Known).contains(d))
            {
                *dimension = Dimension::Open;
            }
        }
        if name == "yolo_raw" {
            file.outputs[0].shape = Some(vec![Dimension::Known(1), Dimension::Known(84), Dimension::Open]);
        }
        if name == "yolox_grid" {
            file.outputs[0].shape = Some(vec![Dimension::Open, Dimension::Open, Dimension::Known(85)]);
        }
        let contract = recognise(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let feed = contract.feed();
        assert_eq!((feed.size, feed.is_open), ([side, side], false), "{name}");
    }
    let NetworkContract::Vitdet(vitdet) = recognise(&signature("vitdet")).unwrap() else {
        panic!("no ViTDet")
    };
    assert_eq!((vitdet.picture.fit, vitdet.picture.width), (Fit::Scale, 1024));
}
