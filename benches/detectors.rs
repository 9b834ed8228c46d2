//! What a detector of each family costs for one 1920 × 1080 picture beside its network: bringing the picture
//! into its input, and all that is done with the picture and the boxes.
//!
//! The second is measured with networks that do nothing but have the true inputs and outputs
//! (`tests/data/make_idle_detectors.py`), on one thread; the first is done on all cores. The second contains what ONNX Runtime takes for handing the outputs over.

#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a benchmark that cannot go on has nothing to tell"
)]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use snowmesh::inference::{
    NetworkContract, OnnxFile, PictureInput, Recognized, Registry, Runtime, load_detector_file, recognize,
};
use snowmesh::types::{Device, RgbImage};

const IDLE: [&str; 7] = ["yolox", "yolo", "rt_detr", "rtmdet", "ssd", "faster_rcnn", "vitdet"];

/// What stands for a frame of a clip.
fn picture() -> RgbImage {
    let (width, height) = (1920, 1080);
    let data = (0..width as usize * height as usize * 3).map(|i| ((i * 7919) >> 5) as u8).collect();
    RgbImage { width, height, data }
}

fn detectors(criterion: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runtime = Runtime::start(None).expect("cargo xtask setup brings ONNX Runtime");
    let registry =
        Registry::open(Some(&root.join("models"))).expect("the starter models are in the repository");
    let image = picture();
    let mut input_of = |name: &str, contract: &NetworkContract| {
        let mut input = PictureInput::of(contract).expect("it is a detector");
        let name = format!("{name}: picture into the input");
        criterion.bench_function(&name, |b| b.iter(|| input.fill(black_box(&image)).expect("it fits")));
    };
    for id in ["nanodet", "movenet-multipose"] {
        let entry = registry.get(id).expect("it is in the manifest");
        input_of(id, entry.network.as_ref().expect("it is a network"));
    }
    let folder = tempfile::tempdir().expect("there is room");
    let contract_of = |name: &str| {
        let path = folder.path().join(format!("{name}.onnx"));
        let packed = root.join(format!("tests/data/detectors/idle_{name}.onnx.gz"));
        let packed = std::fs::File::open(packed).expect("it is in the repository");
        let mut file = std::fs::File::create(&path).expect("there is room");
        std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut file).expect("it is whole");
        let signature = OnnxFile::open(&path).expect("it is a network");
        let Ok(Recognized::Detector(contract)) = recognize(&signature) else {
            panic!("{name} is not recognised")
        };
        (path, contract)
    };
    let networks = IDLE.map(|name| (name, contract_of(name)));
    for (name, (_, contract)) in &networks {
        input_of(name, contract);
    }
    for (name, (path, contract)) in &networks {
        let mut detector = load_detector_file(&runtime, path, contract, Device::Cpu, 1).expect("it loads");
        let mut found = Vec::new();
        criterion.bench_function(&format!("{name}: all but the network"), |b| {
            b.iter(|| detector.detect_into(black_box(&image), 0.3, &mut found).expect("it runs"));
        });
        assert!(!found.is_empty(), "{name} finds somebody");
    }
}

criterion_group!(benches, detectors);
criterion_main!(benches);
