//! The looks, kept as pictures in `tests/snapshots`. `UPDATE_SNAPSHOTS=1` writes them anew.

use std::path::PathBuf;
use std::sync::Arc;

use glam::{Vec2, Vec3};
use image::RgbaImage;

use super::{BT709, Picture, Studio};
use crate::render::{Gpu, LabelledBox, LinePattern, OverlayScene, Skeleton, ViewTransform};
use crate::types::{BBox, Camera, Keypoint, YuvImage};

/// Share of pixels that may differ by more than [`CODES`]: driver versions round edges differently.
const SHARE: f64 = 0.002;
const CODES: u8 = 6;

fn compare(name: &str, drawn: Picture) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/render/{name}.png"));
    let drawn = RgbaImage::from_raw(drawn.width, drawn.height, drawn.rgba).unwrap();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        drawn.save(&path).unwrap();
        return;
    }
    let golden =
        image::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into_rgba8();
    assert_eq!(golden.dimensions(), drawn.dimensions(), "{name}");
    let share = share_of_difference(&golden, &drawn);
    if share > SHARE {
        let beside = std::env::temp_dir().join(format!("snowmesh-{name}.png"));
        drawn.save(&beside).unwrap();
        panic!(
            "{name}: {:.2} % of the pixels differ; what was drawn is in {}",
            share * 100.0,
            beside.display()
        );
    }
}

fn share_of_difference(a: &RgbaImage, b: &RgbaImage) -> f64 {
    let differs = |(a, b): &(&image::Rgba<u8>, &image::Rgba<u8>)| {
        a.0.iter().zip(&b.0).any(|(a, b)| a.abs_diff(*b) > CODES)
    };
    let different = a.pixels().zip(b.pixels()).filter(differs).count();
    different as f64 / f64::from(a.width() * a.height())
}

/// A slope under a sky.
fn slope(width: u32, height: u32) -> YuvImage {
    let mut image = YuvImage::black(width, height, BT709);
    for (i, luma) in image.y.iter_mut().enumerate() {
        let (x, y) = (i as u32 % width, i as u32 / width);
        let horizon = height / 3 + x / 6;
        *luma = if y < horizon { 120 } else { 222 };
    }
    let [_, chroma, _] = image.sampling.planes(width, height);
    let (columns, rows) = (chroma.width, chroma.height);
    for y in 0..rows {
        for x in 0..columns {
            let sky = y * 2 < height / 3 + x / 3;
            image.u[(y * columns + x) as usize] = if sky { 158 } else { 130 };
            image.v[(y * columns + x) as usize] = if sky { 104 } else { 127 };
        }
    }
    image
}

/// Two balls, one of them a ghost, with boxes and a skeleton.
fn scene(studio: &Studio) -> OverlayScene {
    let mut scene = OverlayScene::new(Some(Arc::new(slope(640, 360))));
    let camera = Camera::centered(600.0, 640, 360);
    let orange = [0.93, 0.45, 0.13];
    let blue = [0.16, 0.47, 0.84];
    scene.meshes.push(studio.ball(Vec3::new(-0.6, 0.1, 4.0), 0.55, camera, orange));
    let mut ghost = studio.ball(Vec3::new(0.25, 0.2, 5.0), 0.6, camera, blue);
    ghost.ghost = true;
    scene.meshes.push(ghost);
    scene.boxes.push(LabelledBox {
        bbox: BBox::new(142.0, 106.0, 320.0, 282.0),
        color: orange,
        label: "Rider 1  0.93".to_owned(),
        pattern: LinePattern::Solid,
    });
    scene.boxes.push(LabelledBox {
        bbox: BBox::new(274.0, 126.0, 426.0, 282.0),
        color: blue,
        label: "Zoë Ž ж 日 interpolated".to_owned(),
        pattern: LinePattern::Dashed,
    });
    scene.boxes.push(LabelledBox {
        bbox: BBox::new(500.0, 60.0, 600.0, 200.0),
        color: [0.75, 0.75, 0.78],
        label: "predicted".to_owned(),
        pattern: LinePattern::Dotted,
    });
    let figure = [
        (0.5, 0.08),
        (0.54, 0.06),
        (0.46, 0.06),
        (0.6, 0.08),
        (0.4, 0.08),
        (0.7, 0.25),
        (0.3, 0.25),
        (0.85, 0.42),
        (0.12, 0.38),
        (0.95, 0.58),
        (0.02, 0.52),
        (0.62, 0.56),
        (0.4, 0.56),
        (0.75, 0.74),
        (0.3, 0.76),
        (0.7, 0.95),
        (0.24, 0.95),
    ];
    let points = figure
        .map(|(x, y)| Keypoint { position: Vec2::new(500.0 + 100.0 * x, 60.0 + 140.0 * y), score: 1.0 });
    scene.skeletons.push(Skeleton { points, color: [0.95, 0.8, 0.2], ghost: false });
    scene.style.skeleton = true;
    scene.style.boxes = true;
    scene.style.labels = true;
    scene
}

#[test]
fn the_overlay_looks_as_it_did() {
    let Some(mut studio) = Studio::open() else { return };
    let scene = scene(&studio);
    compare("overlay_360p", studio.draw(&scene, 640, 360, ViewTransform::IDENTITY));
    let zoomed = ViewTransform { scale: 4.0, offset_px: Vec2::new(-760.0, -400.0) };
    compare("overlay_zoomed", studio.draw(&scene, 720, 720, zoomed));
}

#[test]
fn the_wireframe_looks_as_it_did() {
    let Some(mut studio) = Studio::open() else { return };
    let sphere = super::Sphere::new(20, 40);
    studio.renderer.set_topology(&sphere.triangles).unwrap();
    studio.sphere = sphere;
    let mut scene = scene(&studio);
    scene.boxes.clear();
    scene.skeletons.clear();
    scene.style.wireframe = true;
    compare("wireframe_360p", studio.draw(&scene, 640, 360, ViewTransform::IDENTITY));
    scene.style.mesh = false;
    let view = ViewTransform { scale: 2.0, offset_px: Vec2::ZERO };
    compare("wireframe_alone_720p", studio.draw(&scene, 960, 720, view));
}

#[test]
fn vulkan_and_opengl_draw_the_same() {
    let mut software = crate::render::adapter::all();
    software.retain(|adapter| adapter.get_info().device_type == wgpu::DeviceType::Cpu);
    if software.len() < 2 {
        println!("skipped: {} software adapters, not one of Vulkan and one of OpenGL", software.len());
        return;
    }
    let pictures = software.iter().map(|adapter| {
        let mut studio = Studio::on(Gpu::from_adapter(adapter).unwrap());
        let mut scene = scene(&studio);
        scene.style.wireframe = true;
        let mut matte = Vec::new();
        studio.renderer.render_matte(&scene, 640, 360, &mut matte).unwrap();
        let picture = studio.draw(&scene, 960, 540, ViewTransform { scale: 1.5, offset_px: Vec2::ZERO });
        (RgbaImage::from_raw(960, 540, picture.rgba).unwrap(), matte)
    });
    let pictures: Vec<_> = pictures.collect();
    for (picture, matte) in &pictures[1..] {
        assert!(share_of_difference(&pictures[0].0, picture) <= SHARE);
        let pixels = matte.iter().zip(&pictures[0].1).filter(|(a, b)| a != b).count();
        assert!(pixels <= 8, "{pixels} pixels of the mattes differ");
    }
}
