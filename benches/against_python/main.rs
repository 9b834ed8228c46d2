//! HMR2 and the drawing of its mesh beside what 4D-Humans does in Python: the same weights, inputs and machine, in turns.
//!
//! `cargo xtask bench --against-python` makes the environment and the models (random weights of the full size) and runs
//! this. It also holds the outputs against PyTorch's, and fails where they differ.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot go on has nothing to tell")]

mod body;
mod python;

use std::path::{Path, PathBuf};
use std::time::Instant;

use glam::{Mat3, Quat, Vec3};
use python::Python;
use snowmesh::body::PosedBody;
use snowmesh::inference::{Hmr2, Hmr2Body, Hmr2Options, Runtime};
use snowmesh::render::{AdapterPreference, Gpu, OverlayRenderer, OverlayScene, RenderTarget, ViewTransform};
use snowmesh::types::{
    BBox, Camera, Device, RgbImage, SmplParams, WeightsHeld, YuvColor, YuvImage, YuvMatrix, YuvRange,
};

/// Folder that `cargo xtask bench --against-python` fills: `venv`, `fp32` and `int8`.
const FOLDER: &str = "SNOWMESH_AGAINST_PYTHON";

/// Rounds that count, after one that does not.
const ROUNDS: usize = 3;

/// People at once.
const BATCH: usize = 4;

/// 1,000,000,000 operations of the network for one person (ViT-H, 192 tokens, and the decoder).
const GIGA_OPERATIONS: f64 = 243.0;

/// Largest difference of an entry of a rotation matrix, a shape component, or of a place, in its distance.
const TOLERANCE: f32 = 1e-4;

/// Sides of the picture that the people are in.
const PICTURE: (u32, u32) = (1920, 1080);

fn main() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        println!("skipped: run it by `cargo xtask bench --against-python`");
        return;
    };
    let arrays = folder.join("arrays");
    std::fs::create_dir_all(&arrays).expect("a folder");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = Runtime::start(None).expect("cargo xtask setup brings ONNX Runtime");
    let load = |variant: &str, weights| {
        let options = Hmr2Options { device: Device::Cpu, threads, weights, batch: BATCH };
        Hmr2::load(&runtime, &folder.join(variant).join("hmr2.onnx"), options).expect("the model loads")
    };
    let (begun, before) = (Instant::now(), anonymous_mb());
    let fp32 = load("fp32", WeightsHeld::Mapped);
    let (load_s, load_mb) = (begun.elapsed().as_secs_f64(), anonymous_mb() - before);
    let mut ours = [
        ("fp32", 2.2, fp32),
        ("int8, mapped", 6.0, load("int8", WeightsHeld::Mapped)),
        ("int8, in memory", 6.0, load("int8", WeightsHeld::Copied)),
    ];

    let (picture, people) = crowd();
    let crops = ours[0].2.crops(&picture, &people).expect("crops");
    write(&arrays, "crops", bytes(crops));
    let corners: Vec<f32> = people.iter().flat_map(|b| [b.min.x, b.min.y, b.max.x, b.max.y]).collect();
    write(&arrays, "boxes", bytes(&corners));
    let mut drawing = Drawing::new(&arrays);
    let mut python = Python::start(&folder.join("venv/bin/python"), &arrays);
    python.ask(&format!("size {} {}", PICTURE.0, PICTURE.1));

    println!("fp32 file: loaded in {load_s:.2} s (target 1), {load_mb:.0} MB anonymous (target 200)");
    let crop = typical(|| ours[0].2.crops(&picture, &people).map(<[f32]>::len).expect("crops"));
    println!("crop and normalise a person of 1920×1080: {:.3} ms (target 0.3)", crop / BATCH as f64);
    let model = body::body();
    let (mut posed, mut params) = (PosedBody::default(), SmplParams::facing_camera());
    params.body_pose.iter_mut().for_each(|joint| *joint = Quat::from_rotation_x(0.3));
    let skin = typical(|| model.pose(&params, Vec3::Z, &mut posed));
    println!("pose and skin 6,890 vertices with normals, one core: {skin:.2} ms (target 1)");

    println!(
        "{:44} {:>10} {:>10} {:>7} {:>15} {:>8}",
        "ms", "Python", "snowmesh", "ratio", "by round", "target"
    );
    if let Some(drawing) = &mut drawing {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..=4 * ROUNDS {
            times[0].push(python.ask("draw")[0]);
            times[1].push((0..5).map(|_| milliseconds(|| drawing.draw())).sum::<f64>() / 5.0);
        }
        let [pyrender, drawn] = &times;
        row("a mesh over 1280×720, drawn and read back", &pyrender[1..], &drawn[1..], 10.0);
    }
    let peaks = python.ask("peak");
    let mut reference = Vec::new();
    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        reference.push(python.ask("run")[0] / BATCH as f64);
        for (times, (_, _, net)) in times.iter_mut().zip(&mut ours) {
            times.push(milliseconds(|| net.observe(&picture, &people).expect("it runs")) / BATCH as f64);
        }
        if round == 0 {
            compare(&arrays, &ours[0].2.observe(&picture, &people).expect("it runs"));
            reference.clear();
            times.iter_mut().for_each(Vec::clear);
        }
    }
    for (times, (name, target, _)) in times.iter().zip(&ours) {
        row(&format!("HMR2 {name}, a person of {BATCH} at once"), &reference, times, *target);
    }
    for (name, peak) in ["32-bit floats", "8-bit integers"].iter().zip(&peaks) {
        let least = GIGA_OPERATIONS / peak * 1e3;
        println!(
            "matrix products of {name} reach {peak:.0} Gop/s here: HMR2 cannot take less than {least:.0} ms, {:.1}× \
             PyTorch's speed",
            median(&reference) / least
        );
    }
}

/// Four people of the sizes that riders have, in a picture of noise.
fn crowd() -> (RgbImage, [BBox; BATCH]) {
    let (width, height) = PICTURE;
    let data = (0..width * height * 3).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let person = |x: f32, tall: f32| BBox::new(x, 200.0, x + 0.45 * tall, 200.0 + tall);
    let people = [person(100.0, 300.0), person(500.0, 420.0), person(900.0, 240.0), person(1400.0, 520.0)];
    (RgbImage { width, height, data }, people)
}

/// One body of a rider's size over a frame, as [`OverlayRenderer`] draws it for an export.
struct Drawing {
    renderer: OverlayRenderer,
    target: RenderTarget,
    scene: OverlayScene,
    rgba: Vec<u8>,
}

impl Drawing {
    /// `None`, with a word on it, where nothing draws on the processor.
    fn new(arrays: &Path) -> Option<Self> {
        let gpu = Gpu::headless(AdapterPreference::Software);
        let gpu = gpu.inspect_err(|reason| println!("skipped: drawing, {reason}")).ok()?;
        let (width, height) = (1280, 720);
        let (normals, triangles) = body::ball();
        let radii_m = Vec3::new(0.33, 0.67, 0.33);
        let vertices: Vec<Vec3> =
            normals.iter().map(|normal| *normal * radii_m + Vec3::new(0.0, 0.0, 4.0)).collect();
        let normals: Vec<Vec3> = normals.iter().map(|normal| (*normal / radii_m).normalize()).collect();
        let flat = |points: &[Vec3]| points.iter().flat_map(Vec3::to_array).collect::<Vec<f32>>();
        write(arrays, "vertices", bytes(&flat(&vertices)));
        write(arrays, "normals", bytes(&flat(&normals)));
        let corners: Vec<u8> = triangles.iter().flatten().flat_map(|corner| corner.to_ne_bytes()).collect();
        write(arrays, "triangles", corners);
        let mut renderer = OverlayRenderer::new(&gpu).expect("a renderer");
        renderer.set_topology(&triangles).expect("a topology");
        let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };
        let mut scene = OverlayScene::new(Some(YuvImage::black(width, height, color).into()));
        let mesh = scene.push_mesh(Camera::centered(1200.0, width, height), [0.93, 0.45, 0.13]);
        (mesh.vertices, mesh.normals) = (vertices, normals);
        let target = RenderTarget::new(&gpu, width, height).expect("a target");
        Some(Self { renderer, target, scene, rgba: Vec::new() })
    }

    fn draw(&mut self) {
        self.renderer.render(&self.scene, &self.target, &ViewTransform::IDENTITY).expect("a frame");
        self.renderer.read_rgba(&self.target, &mut self.rgba).expect("its pixels");
    }
}

/// Holds bodies against what PyTorch left for the same people.
fn compare(arrays: &Path, bodies: &[Option<Hmr2Body>]) {
    let read = |name: &str| -> Vec<f32> {
        let bytes = std::fs::read(arrays.join(name)).expect("python has written it");
        bytes.as_chunks().0.iter().copied().map(f32::from_ne_bytes).collect()
    };
    let (root, pose, betas) = (read("global_orient"), read("body_pose"), read("betas"));
    let places = read("translation");
    let mut worst = [0.0_f32; 3];
    for (person, body) in bodies.iter().enumerate() {
        let body = body.as_ref().expect("a body");
        let expected = root[person * 9..].iter().take(9).chain(pose[person * 207..].iter().take(207));
        let rotations = std::iter::once(&body.smpl.global_orient).chain(&body.smpl.body_pose);
        let found = rotations.flat_map(|rotation| Mat3::from_quat(*rotation).transpose().to_cols_array());
        worst[0] = found.zip(expected).map(|(a, b)| (a - b).abs()).fold(worst[0], f32::max);
        let shape = body.smpl.betas.iter().zip(&betas[person * 10..]);
        worst[1] = shape.map(|(a, b)| (a - b).abs()).fold(worst[1], f32::max);
        let expected = Vec3::from_slice(&places[person * 3..]);
        worst[2] = worst[2].max(body.translation_m.distance(expected) / expected.length());
    }
    println!(
        "largest difference from PyTorch over {} people, fp32: rotations {:.1e}, shape {:.1e}, place {:.1e} of its distance",
        bodies.len(),
        worst[0],
        worst[1],
        worst[2]
    );
    assert!(worst.iter().all(|worst| *worst < TOLERANCE), "over {TOLERANCE}");
}

fn row(name: &str, python: &[f64], ours: &[f64], target: f64) {
    let mut ratios: Vec<f64> = python.iter().zip(ours).map(|(a, b)| a / b).collect();
    ratios.sort_by(f64::total_cmp);
    let (a, b) = (median(python), median(ours));
    let spread = format!("{:.2} to {:.2}", ratios[0], ratios[ratios.len() - 1]);
    println!("{name:44} {a:10.1} {b:10.1} {:7.2} {spread:>15} {target:8.1}", a / b);
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn milliseconds<T>(work: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    std::hint::black_box(work());
    begun.elapsed().as_secs_f64() * 1e3
}

/// Median time of many runs, milliseconds.
fn typical<T>(mut work: impl FnMut() -> T) -> f64 {
    median(&(0..200).map(|_| milliseconds(&mut work)).collect::<Vec<_>>())
}

/// Pages of this process that nothing but swap can hold (proc_pid_status(5)), megabytes.
fn anonymous_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib * 1024.0 / 1e6)
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

fn write(folder: &Path, name: &str, bytes: Vec<u8>) {
    std::fs::write(folder.join(name), bytes).expect("room on the disk");
}
