//! A detector that gives masks: they go with its boxes into the analysis file and come back out of it, whether the models run
//! beside each other or one at a time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::path::Path;

use snowmesh::engine::{
    CancelToken, Progress, Reporter, ResolvedRiders, ScoreLimits, Stages, load_resolved, run_stages,
};
use snowmesh::inference::fake::FakeRecoverer;
use snowmesh::inference::{Detector, OnnxFile, Recognized, Runtime, load_detector_file, recognize};
use snowmesh::store::{AnalysisStore, ClipFingerprint, OpenMode, RunKey};
use snowmesh::types::{Device, RgbImage, RiderFrame};
use snowmesh::video::fake::FakeSource;
use snowmesh::video::{self, FrameSource};

struct Silent;

impl Reporter for Silent {
    fn progress(&self, _: Progress) {}
    fn warning(&self, _: String) {}
    fn riders(&self, _: u64, _: &[RiderFrame]) {}
    fn resolved(&self, _: ResolvedRiders) {}
}

/// The tiny ViTDet; boxes of every size count. What its random weights take for people in the fake clip is no matter, so
/// the first class that it finds in it stands for them.
fn vitdet(folder: &Path) -> Option<Box<dyn Detector>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("runtime/onnxruntime").exists() {
        println!("skipped: ONNX Runtime is not there");
        return None;
    }
    let path = folder.join("vitdet.onnx");
    let packed = std::fs::File::open(root.join("tests/data/detectors/vitdet.onnx.gz")).unwrap();
    let mut file = std::fs::File::create(&path).unwrap();
    std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut file).unwrap();
    let Ok(Recognized::Detector(contract)) = recognize(&OnnxFile::open(&path).unwrap()) else { panic!() };
    let mut contract = serde_json::to_value(contract).unwrap();
    contract["min_box_px"] = serde_json::json!([0.0, 0.0]);
    (contract["picture"]["width"], contract["picture"]["height"]) = (64.into(), 64.into());
    let mut image = RgbImage::default();
    let frame = FakeSource::with_constant_rate(128, 96, 6).next_frame().unwrap().unwrap();
    video::yuv_to_rgb(&frame.image, &mut image);
    let runtime = Runtime::start(None).unwrap();
    let found = (0..80).find_map(|class| {
        contract["classes"]["person"] = class.into();
        let contract = serde_json::from_value(contract.clone()).unwrap();
        let mut detector = load_detector_file(&runtime, &path, &contract, Device::Cpu, 1).unwrap();
        let is_found = !detector.detect(&image, 0.4).unwrap().is_empty();
        is_found.then_some(detector)
    });
    Some(found.unwrap())
}

#[test]
fn masks_are_kept_with_the_observations_that_they_are_of() {
    let folder = tempfile::tempdir().unwrap();
    let Some(detector) = vitdet(folder.path()) else { return };
    let clip = folder.path().join("clip");
    std::fs::write(&clip, b"stands for a clip").unwrap();
    let fingerprint = ClipFingerprint::of(&clip).unwrap();
    let path = folder.path().join("clip.snowmesh");
    let (store, _) = AnalysisStore::open(&path, &fingerprint, &RunKey::default(), OpenMode::Resume).unwrap();
    let mut stages = Stages {
        detector,
        recoverers: vec![Box::new(FakeRecoverer::new())],
        surfaces: None,
        refiner: None,
        scores: ScoreLimits::around(0.3),
        max_people: 4,
        detect_every: 1,
    };
    let mut source = FakeSource::with_constant_rate(128, 96, 6);
    run_stages(&mut source, &mut stages, store, path.clone(), &CancelToken::default(), &Silent).unwrap();

    let store = AnalysisStore::open_read_only(&path).unwrap();
    let masks = store.masks().unwrap();
    assert!(!masks.is_empty(), "somebody was found");
    for record in store.observations(..).unwrap() {
        let seen = masks.get(&record.frame).map_or(&[][..], Vec::as_slice);
        assert!(seen.len() <= record.observations.len(), "frame {}", record.frame);
        for mask in seen {
            assert_eq!((mask.side, mask.codes.len()), (28, 28 * 28));
            assert!(record.observations.iter().any(|observation| observation.detection.bbox == mask.bbox));
        }
    }
    let riders = load_resolved(&store, 6).unwrap();
    assert_eq!(*riders.masks, masks, "the window and exports get them with the riders");
    let drawn = (0..6).any(|frame| {
        let masks = riders.masks_at(frame);
        riders.at(frame).iter().any(|rider| masks.iter().any(|mask| mask.bbox == rider.bbox))
    });
    assert!(drawn, "a rider has the shape of the observation that he was detected by");
}
