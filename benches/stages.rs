//! What each stage of an analysis costs for one frame of the demo clip, on one thread.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot go on has nothing to tell")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use snowmesh::body::{BodyModel, LandmarkFit, PosedBody, TrackFrame};
use snowmesh::inference::{LandmarkNet, LandmarkOptions, Registry, Runtime, load_detector};
use snowmesh::types::{BBox, Camera, Device, RgbImage};
use snowmesh::video::{self, DecodeOptions, FrameSource};

/// A frame in which the rider is in full view.
const FRAME: u64 = 30;

fn stages(criterion: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runtime = Runtime::start(None).expect("cargo xtask setup brings ONNX Runtime");
    let registry =
        Registry::open(Some(&root.join("models"))).expect("the starter models are in the repository");
    let mut source =
        video::open(&root.join("assets/demo.mp4"), &DecodeOptions::default()).expect("the demo clip opens");
    source.seek(FRAME).expect("the demo clip can be sought");
    let frame = source.next_frame().expect("it decodes").expect("it is long enough");
    let mut image = RgbImage::default();
    criterion
        .bench_function("yuv to rgb", |b| b.iter(|| video::yuv_to_rgb(black_box(&frame.image), &mut image)));

    for id in ["nanodet", "movenet-multipose"] {
        let mut detector = load_detector(&runtime, &registry, id, Device::Cpu, 1).expect("it loads");
        criterion
            .bench_function(id, |b| b.iter(|| detector.detect(black_box(&image), 0.3).expect("it runs")));
    }
    let mut detector = load_detector(&runtime, &registry, "nanodet", Device::Cpu, 1).expect("it loads");
    let bbox = detector.detect(&image, 0.3).expect("it runs").first().expect("the rider is found").bbox;

    for (name, flip_average) in [("landmarks", false), ("landmarks, mirrored too", true)] {
        let options = LandmarkOptions { flip_average };
        let mut net = LandmarkNet::load(&runtime, &registry, Device::Cpu, 1, options).expect("it loads");
        criterion.bench_function(name, |b| b.iter(|| net.observe(black_box(&image), bbox).expect("it runs")));
    }
    let mut net =
        LandmarkNet::load(&runtime, &registry, Device::Cpu, 1, LandmarkOptions::default()).expect("it loads");
    let landmarks = net.observe(&image, bbox).expect("it runs");
    let bytes = registry.read_verified("body-cc0").expect("the body is there");
    let model = Arc::new(BodyModel::from_npz(&bytes, "body-cc0").expect("it is a body"));
    let mut fit = LandmarkFit::new(Arc::clone(&model));
    let long_side = image.width.max(image.height) as f32;
    let camera = Camera::centered(1.2 * long_side, image.width, image.height);
    criterion.bench_function("body fit", |b| b.iter(|| fit.fit(black_box(&landmarks), &bbox, &camera)));

    track_fit(criterion, source.as_mut(), &mut net, &mut fit, bbox);

    let body = fit.fit(&landmarks, &bbox, &camera).expect("the rider is in full view");
    let mut posed = PosedBody::default();
    criterion.bench_function("pose and skin", |b| {
        b.iter(|| model.pose(black_box(&body.smpl), body.translation_m, &mut posed));
    });
}

/// Frames of the track that is fitted; the time divided by them is that of a frame.
const TRACK_FRAMES: usize = 16;

fn track_fit(
    criterion: &mut Criterion,
    source: &mut dyn FrameSource,
    net: &mut LandmarkNet,
    fit: &mut LandmarkFit,
    bbox: BBox,
) {
    let mut image = RgbImage::default();
    let mut bodies = Vec::new();
    source.seek(FRAME).expect("the demo clip can be sought");
    while bodies.len() < TRACK_FRAMES {
        let frame = source.next_frame().expect("it decodes").expect("it is long enough");
        video::yuv_to_rgb(&frame.image, &mut image);
        let landmarks = net.observe(&image, bbox).expect("it runs");
        let long_side = image.width.max(image.height) as f32;
        let camera = Camera::centered(1.2 * long_side, image.width, image.height);
        bodies.push(fit.fit(&landmarks, &bbox, &camera).expect("the rider is in full view"));
    }
    let track: Vec<TrackFrame> = bodies.iter().map(|body| TrackFrame { body, bbox }).collect();
    criterion.bench_function("track fit of 16 frames", |b| b.iter(|| fit.refine_track(black_box(&track))));
}

criterion_group!(benches, stages);
criterion_main!(benches);
