//! The networks against the same networks run from Python with OpenCV's resampling and a separate decoder
//! (`tests/data/make_inference_golden.py`), on a picture of two rendered people.

use glam::{Vec2, Vec3};
use serde::Deserialize;

use super::test_support::{golden_image, golden_path, registry, runtime};
use super::{InferenceError, LandmarkNet, LandmarkOptions, load_detector};
use crate::types::{BBox, Detection, Device, Keypoint, RgbImage};

#[derive(Deserialize)]
struct Golden {
    /// Left, top, right, bottom, score of each detection, best first.
    nanodet: Vec<[f32; 5]>,
    movenet_multipose: Vec<[f32; 5]>,
    /// The box that the landmark networks look at.
    bbox: [f32; 4],
    /// x, y, score.
    keypoints: Vec<[f32; 3]>,
    keypoints_flip_averaged: Vec<[f32; 3]>,
    world_m: Vec<[f32; 3]>,
    visibility: Vec<f32>,
    presence: f32,
}

fn golden() -> Golden {
    serde_json::from_str(&std::fs::read_to_string(golden_path("golden.json")).unwrap()).unwrap()
}

fn check_detector(id: &str, threshold: f32, expected: &[[f32; 5]]) {
    let Some(runtime) = runtime() else { return };
    let mut detector = load_detector(&runtime, &registry(), id, Device::Cpu, 1).unwrap();
    assert_eq!((detector.id(), detector.device()), (id, Device::Cpu));
    let found = detector.detect(&golden_image("people"), threshold).unwrap();
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (Detection { bbox, score }, expected) in found.iter().zip(expected) {
        let actual = [bbox.min.x, bbox.min.y, bbox.max.x, bbox.max.y, *score];
        for (actual, (expected, tolerance)) in
            actual.iter().zip(expected.iter().zip([0.3, 0.3, 0.3, 0.3, 0.005]))
        {
            assert!((actual - expected).abs() < tolerance, "{found:?} instead of {expected:?}");
        }
    }
}

#[test]
fn nanodet_finds_what_its_reference_finds() {
    check_detector("nanodet", 0.3, &golden().nanodet);
}

#[test]
fn movenet_finds_what_its_reference_finds() {
    check_detector("movenet-multipose", 0.2, &golden().movenet_multipose);
}

#[test]
fn a_detector_sees_each_picture_as_if_it_were_the_first() {
    let Some(runtime) = runtime() else { return };
    let mut detector = load_detector(&runtime, &registry(), "nanodet", Device::Cpu, 1).unwrap();
    let people = golden_image("people");
    let first = detector.detect(&people, 0.3).unwrap();
    let grey = RgbImage { width: 200, height: 350, data: vec![128; 200 * 350 * 3] };
    assert_eq!(detector.detect(&grey, 0.3).unwrap(), []);
    assert_eq!(detector.detect(&people, 0.3).unwrap(), first);
    assert!(matches!(detector.detect(&RgbImage::default(), 0.3), Err(InferenceError::InvalidImage { .. })));
}

fn check_keypoints(actual: &[Keypoint], expected: &[[f32; 3]]) {
    assert_eq!(actual.len(), expected.len());
    for (index, (keypoint, [x, y, score])) in actual.iter().zip(expected).enumerate() {
        let off = keypoint.position.distance(Vec2::new(*x, *y));
        // Of a person of 217 pixels. In 8 bits a last bit of the crop, in which samplers differ, moves an eye by a pixel.
        assert!(off < 2.0, "keypoint {index} is {off} px off");
        assert!((keypoint.score - score).abs() < 0.1, "keypoint {index}: {} and {score}", keypoint.score);
    }
}

#[test]
fn landmarks_are_those_of_the_reference() {
    let Some(runtime) = runtime() else { return };
    let golden = golden();
    let [left, top, right, bottom] = golden.bbox;
    let bbox = BBox::new(left, top, right, bottom);
    let people = golden_image("people");
    let load = |flip_average| {
        LandmarkNet::load(&runtime, &registry(), Device::Cpu, 1, LandmarkOptions { flip_average }).unwrap()
    };
    let mut net = load(false);
    let seen = net.observe(&people, bbox).unwrap();
    check_keypoints(&seen.keypoints, &golden.keypoints);
    // The circle that the keypoints give saves a run, and is not quite the one that BlazePose draws itself.
    for (index, (point, expected)) in seen.world_m.iter().zip(&golden.world_m).enumerate() {
        let off = point.distance(Vec3::from_array(*expected));
        assert!(off < 0.08, "landmark {index} is {off} m off");
    }
    let seen = net.with_landmarks(seen.keypoints, &people, &bbox, None).unwrap();
    for (index, (point, expected)) in seen.world_m.iter().zip(&golden.world_m).enumerate() {
        let off = point.distance(Vec3::from_array(*expected));
        assert!(off < 0.003, "landmark {index} is {off} m off");
    }
    for (actual, expected) in seen.visibility.iter().zip(&golden.visibility) {
        assert!((actual - expected).abs() < 0.005, "{actual} {expected}");
    }
    assert!((seen.presence - golden.presence).abs() < 0.005);

    let averaged = load(true).observe(&people, bbox).unwrap();
    check_keypoints(&averaged.keypoints, &golden.keypoints_flip_averaged);
}

#[test]
fn a_box_outside_the_picture_is_answered_and_none_is_refused() {
    let Some(runtime) = runtime() else { return };
    let options = LandmarkOptions::default();
    let mut net = LandmarkNet::load(&runtime, &registry(), Device::Cpu, 1, options).unwrap();
    let people = golden_image("people");
    let seen = net.observe(&people, BBox::new(-500.0, -500.0, -400.0, -300.0)).unwrap();
    assert!(seen.world_m.iter().all(|point| point.is_finite()));
    let refused = net.observe(&people, BBox::new(10.0, 10.0, 10.0, 50.0));
    assert!(matches!(refused, Err(InferenceError::InvalidBox { .. })));
}

#[test]
fn an_unknown_detector_is_answered_with_those_there_are() {
    let Some(runtime) = runtime() else { return };
    let error = load_detector(&runtime, &registry(), "yolo", Device::Cpu, 1).err().unwrap().to_string();
    assert!(error.contains("'yolo'") && error.contains("nanodet, movenet-multipose"), "{error}");
}

#[test]
fn a_gpu_that_is_not_there_is_an_error_and_not_the_processor() {
    let Some(runtime) = runtime() else { return };
    if runtime.offers().contains(&Device::Cuda(0)) {
        println!("skipped: this ONNX Runtime has CUDA");
        return;
    }
    let error = load_detector(&runtime, &registry(), "nanodet", Device::Cuda(0), 1).err().unwrap();
    assert!(
        matches!(&error, InferenceError::DeviceUnavailable { device: Device::Cuda(0), why } if !why.is_empty()),
        "{error}"
    );
}

#[test]
fn a_broken_model_is_never_handed_to_the_runtime() {
    let Some(runtime) = runtime() else { return };
    let folder = tempfile::tempdir().unwrap();
    let own = registry();
    std::fs::create_dir(folder.path().join("starter")).unwrap();
    std::fs::copy(own.folder().join("manifest.json"), folder.path().join("manifest.json")).unwrap();
    let copy = super::Registry::open(Some(folder.path())).unwrap();
    let load = || load_detector(&runtime, &copy, "nanodet", Device::Cpu, 1).err().unwrap();
    assert!(matches!(load(), InferenceError::ModelMissing { .. }));
    let mut bytes = own.read_verified("nanodet").unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(copy.path("nanodet").unwrap(), &bytes).unwrap();
    assert!(matches!(load(), InferenceError::ModelAltered { .. }));
    std::fs::write(copy.path("nanodet").unwrap(), &bytes[..middle]).unwrap();
    assert!(matches!(load(), InferenceError::ModelTruncated { .. }));
}

#[test]
fn a_network_that_does_not_match_its_entry_is_refused() {
    let Some(runtime) = runtime() else { return };
    let own = registry();
    let manifest = std::fs::read_to_string(own.folder().join("manifest.json")).unwrap();
    for (from, to, complaint) in [
        ("\"input_1:0\"", "\"pixels\"", "not 'pixels'"),
        ("\"Identity_5:0\"", "\"Identity_9:0\"", "no output 'Identity_9:0'"),
        ("\"side\": 416", "\"side\": 320", "its input is"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("starter")).unwrap();
        std::fs::write(folder.path().join("manifest.json"), manifest.replacen(from, to, 1)).unwrap();
        let copy = super::Registry::open(Some(folder.path())).unwrap();
        std::fs::copy(own.path("nanodet").unwrap(), copy.path("nanodet").unwrap()).unwrap();
        let error = load_detector(&runtime, &copy, "nanodet", Device::Cpu, 1).err().unwrap();
        assert!(
            matches!(&error, InferenceError::Contract { cause, .. } if cause.contains(complaint)),
            "{error}"
        );
    }
}
