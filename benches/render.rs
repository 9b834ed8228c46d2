//! What a frame costs: drawing and reading back a body of 13.5k vertices at 1280 × 720.
//!
//! Runs on the processor's adapter, so that figures of different machines can be compared by their cores alone, and
//! then on the graphics card where there is one.

#![allow(clippy::expect_used, reason = "a bench that cannot draw has nothing to measure")]

use std::f32::consts::{PI, TAU};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use glam::{Vec2, Vec3};
use snowmesh::render::{
    AdapterPreference, AdapterReport, Gpu, LabelledBox, LinePattern, OverlayRenderer, OverlayScene, Readback,
    RenderTarget, ViewTransform,
};
use snowmesh::types::{BBox, Camera, YuvColor, YuvImage, YuvMatrix, YuvRange};

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;

/// A closed surface with as many vertices and triangles as the starter body.
fn sphere() -> (Vec<Vec3>, Vec<[u32; 3]>) {
    let (rings, sectors) = (82_u32, 164_u32);
    let mut normals = Vec::new();
    for ring in 0..=rings {
        let (sin, cos) = (PI * ring as f32 / rings as f32).sin_cos();
        for sector in 0..sectors {
            let (y, x) = (TAU * sector as f32 / sectors as f32).sin_cos();
            normals.push(Vec3::new(x * sin, -cos, y * sin));
        }
    }
    let mut triangles = Vec::new();
    for ring in 0..rings {
        for sector in 0..sectors {
            let next = (sector + 1) % sectors;
            let [a, b] = [ring * sectors + sector, ring * sectors + next];
            let [c, d] = [a + sectors, b + sectors];
            triangles.extend([[a, c, b], [b, c, d]]);
        }
    }
    (normals, triangles)
}

/// A frame with one body of a rider's size in it: about 200 × 400 pixels.
fn scene(normals: &[Vec3]) -> OverlayScene {
    let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };
    let mut image = YuvImage::black(WIDTH, HEIGHT, color);
    for (i, luma) in image.y.iter_mut().enumerate() {
        *luma = (i % 200) as u8 + 20;
    }
    let mut scene = OverlayScene::new(Some(Arc::new(image)));
    scene.style.boxes = true;
    scene.style.labels = true;
    let camera = Camera::centered(1200.0, WIDTH, HEIGHT);
    let mesh = scene.push_mesh(camera, [0.93, 0.45, 0.13]);
    let radii_m = Vec3::new(0.33, 0.67, 0.33);
    mesh.vertices.extend(normals.iter().map(|normal| *normal * radii_m + Vec3::new(0.0, 0.0, 4.0)));
    mesh.normals.extend(normals.iter().map(|normal| (*normal / radii_m).normalize()));
    scene.boxes.push(LabelledBox {
        bbox: BBox::from_center(Vec2::new(640.0, 360.0), Vec2::new(200.0, 400.0)),
        color: [0.93, 0.45, 0.13],
        label: "Rider 1  0.93".to_owned(),
        pattern: LinePattern::Solid,
    });
    scene
}

fn bench(criterion: &mut Criterion) {
    match Gpu::headless(AdapterPreference::Software) {
        Ok(gpu) => bench_on(&gpu, "software_720p", criterion),
        Err(reason) => println!("skipped: {reason}"),
    }
    match Gpu::headless(AdapterPreference::Fastest) {
        Ok(gpu) if AdapterReport::new(&gpu.info).device_type != "CPU" => {
            bench_on(&gpu, "card_720p", criterion);
        }
        Ok(_) => println!("skipped: no graphics card here"),
        Err(reason) => println!("skipped: {reason}"),
    }
}

fn bench_on(gpu: &Gpu, group: &str, criterion: &mut Criterion) {
    let adapter = AdapterReport::new(&gpu.info);
    println!("{group}: {} ({})", adapter.name, adapter.driver);
    let (normals, triangles) = sphere();
    let body = scene(&normals);
    let mut renderer = OverlayRenderer::new(gpu).expect("a renderer");
    renderer.set_topology(&triangles).expect("a topology");
    let target = RenderTarget::new(gpu, WIDTH, HEIGHT).expect("a target");
    let mut rgba = Vec::new();
    let mut group = criterion.benchmark_group(group);

    let mut frame_alone = OverlayScene::new(body.picture.clone());
    frame_alone.style = body.style;
    let mut wireframe = body.clone();
    wireframe.style.wireframe = true;
    for (name, scene) in
        [("frame", &frame_alone), ("frame_body", &body), ("frame_body_wireframe", &wireframe)]
    {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                renderer.render(scene, &target, &ViewTransform::IDENTITY).expect("a frame");
                renderer.read_rgba(&target, &mut rgba).expect("its pixels");
            });
        });
    }
    group.bench_function("frame_body_pipelined", |bencher| {
        let mut readback = Readback::new(gpu);
        bencher.iter(|| {
            renderer.render(&body, &target, &ViewTransform::IDENTITY).expect("a frame");
            readback.submit(&target).expect("a submission");
            if readback.in_flight() == Readback::DEPTH {
                readback.take(&mut rgba).expect("its pixels");
            }
        });
    });
    group.bench_function("matte", |bencher| {
        bencher.iter(|| renderer.render_matte(&body, WIDTH, HEIGHT, &mut rgba).expect("a matte"));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
