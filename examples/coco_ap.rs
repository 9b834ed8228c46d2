//! Measures the starter networks on a COCO folder: person AP of each detector, mean OKS of the keypoints, and the time
//! each takes.
//!
//! ```text
//! cargo run --release --example coco_ap -- [FOLDER]
//! ```
//!
//! FOLDER holds `person_val79.json` in COCO's annotation format and `images/`; it is `../shared/data/coco-mini` unless
//! named.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use glam::Vec2;
use serde::Deserialize;
use snowmesh::inference::{
    ImageResult, LandmarkNet, LandmarkOptions, Registry, Role, Runtime, Truth, average_precision,
    load_detector, object_keypoint_similarity,
};
use snowmesh::types::{BBox, Device, RgbImage};

/// Score from which detections enter the precision curve.
const THRESHOLD: f32 = 0.01;

/// Annotated keypoints that a person must have to be compared.
const MIN_KEYPOINTS: usize = 6;

/// Threads within an operator.
const THREADS: usize = 1;

#[derive(Deserialize)]
struct Coco {
    images: Vec<CocoImage>,
    annotations: Vec<CocoPerson>,
}

#[derive(Deserialize)]
struct CocoImage {
    id: u64,
    file_name: String,
}

#[derive(Deserialize)]
struct CocoPerson {
    image_id: u64,
    /// Left, top, width, height.
    bbox: [f32; 4],
    area: f32,
    iscrowd: u8,
    /// 17 × (x, y, visibility); visibility 0 where the point is not annotated.
    keypoints: Vec<f32>,
    num_keypoints: usize,
}

impl CocoPerson {
    fn bbox(&self) -> BBox {
        let [left, top, width, height] = self.bbox;
        BBox::new(left, top, left + width, top + height)
    }
}

struct Picture {
    pixels: RgbImage,
    people: Vec<CocoPerson>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/coco-mini"),
        PathBuf::from,
    );
    let pictures = read(&folder)?;
    let runtime = Runtime::start(None)?;
    let registry = Registry::open(None)?;
    println!("{} pictures, ONNX Runtime {}, {THREADS} thread(s)", pictures.len(), runtime.version());
    for detector in registry.with_role(Role::Detector) {
        measure_detector(&runtime, &registry, &detector.id, &pictures)?;
    }
    for flip_average in [false, true] {
        measure_landmarks(&runtime, &registry, LandmarkOptions { flip_average }, &pictures)?;
    }
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<Picture>, Box<dyn Error>> {
    let coco: Coco = serde_json::from_str(&std::fs::read_to_string(folder.join("person_val79.json"))?)?;
    let mut people: HashMap<u64, Vec<CocoPerson>> = HashMap::new();
    for person in coco.annotations {
        people.entry(person.image_id).or_default().push(person);
    }
    let picture = |image: CocoImage| -> Result<Picture, Box<dyn Error>> {
        let pixels = image::open(folder.join("images").join(&image.file_name))?.to_rgb8();
        let pixels = RgbImage { width: pixels.width(), height: pixels.height(), data: pixels.into_raw() };
        Ok(Picture { pixels, people: people.remove(&image.id).unwrap_or_default() })
    };
    coco.images.into_iter().map(picture).collect()
}

fn measure_detector(
    runtime: &Runtime,
    registry: &Registry,
    id: &str,
    pictures: &[Picture],
) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let mut detector = load_detector(runtime, registry, id, Device::Cpu, THREADS)?;
    let load = started.elapsed();
    let (mut results, mut times) = (Vec::new(), Vec::new());
    for picture in pictures {
        let started = Instant::now();
        let detections = detector.detect(&picture.pixels, THRESHOLD)?;
        times.push(started.elapsed());
        let truth = picture.people.iter().map(|p| Truth { bbox: p.bbox(), is_crowd: p.iscrowd != 0 });
        results.push(ImageResult { truth: truth.collect(), detections });
    }
    let result = average_precision(&results).ok_or("nobody is annotated")?;
    println!(
        "{id}: AP {:.3}, AP50 {:.3}; load {load:.0?}, median {:.1?} a picture",
        result.ap,
        result.ap50,
        median(&mut times)
    );
    Ok(())
}

fn measure_landmarks(
    runtime: &Runtime,
    registry: &Registry,
    options: LandmarkOptions,
    pictures: &[Picture],
) -> Result<(), Box<dyn Error>> {
    let mut net = LandmarkNet::load(runtime, registry, Device::Cpu, THREADS, options)?;
    let (mut similarities, mut times) = (Vec::new(), Vec::new());
    for picture in pictures {
        let people = picture.people.iter().filter(|p| p.iscrowd == 0 && p.num_keypoints >= MIN_KEYPOINTS);
        for person in people {
            let started = Instant::now();
            let seen = net.observe(&picture.pixels, person.bbox())?;
            times.push(started.elapsed());
            let mut truth = [None; 17];
            for (position, &[x, y, visibility]) in truth.iter_mut().zip(person.keypoints.as_chunks().0) {
                *position = (visibility > 0.0).then_some(Vec2::new(x, y));
            }
            similarities.extend(object_keypoint_similarity(&seen.keypoints, &truth, person.area));
        }
    }
    println!(
        "landmarks, {options:?}: mean OKS {:.3} over {} people; median {:.1?} a person",
        similarities.iter().sum::<f32>() / similarities.len().max(1) as f32,
        similarities.len(),
        median(&mut times)
    );
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
