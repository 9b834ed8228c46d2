//! Picture tests: what is drawn, against closed forms.

mod bodies;
mod frame;
mod layouts;
mod limits;
mod lines;
mod shaders;
mod snapshots;

use std::f32::consts::{PI, TAU};
use std::sync::Arc;

use glam::{Vec2, Vec3};

use super::{
    AdapterPreference, Gpu, MeshInstance, OverlayRenderer, OverlayScene, RenderError, RenderTarget, Srgb,
    ViewTransform,
};
use crate::types::{Camera, YuvColor, YuvImage, YuvMatrix, YuvRange};

/// A renderer on the processor (the same pixels on every machine) and the shared sphere as its topology.
struct Studio {
    gpu: Gpu,
    renderer: OverlayRenderer,
    sphere: Sphere,
}

impl Studio {
    /// `None`, with the reason printed, where the machine has no software adapter.
    fn open() -> Option<Self> {
        let gpu = match Gpu::headless(AdapterPreference::Software) {
            Ok(gpu) => gpu,
            Err(reason @ (RenderError::NoAdapter | RenderError::NoDevice { .. })) => {
                println!("skipped: {reason}");
                return None;
            }
            Err(other) => panic!("{other}"),
        };
        Some(Self::on(gpu))
    }

    fn on(gpu: Gpu) -> Self {
        let sphere = Sphere::new(96, 192);
        let mut renderer = OverlayRenderer::new(&gpu).unwrap();
        renderer.set_topology(&sphere.triangles).unwrap();
        Self { gpu, renderer, sphere }
    }

    /// The pixels of `scene` at `width` × `height`.
    fn draw(&mut self, scene: &OverlayScene, width: u32, height: u32, view: ViewTransform) -> Picture {
        let target = RenderTarget::new(&self.gpu, width, height).unwrap();
        self.renderer.render(scene, &target, &view).unwrap();
        let mut rgba = Vec::new();
        self.renderer.read_rgba(&target, &mut rgba).unwrap();
        assert_eq!(rgba.len(), (width * height * 4) as usize);
        Picture { width, height, rgba }
    }

    fn ball(&self, center_m: Vec3, radius_m: f32, camera: Camera, color: Srgb) -> MeshInstance {
        let normals = self.sphere.normals.clone();
        let vertices = normals.iter().map(|normal| center_m + *normal * radius_m).collect();
        MeshInstance { vertices, normals, ..MeshInstance::new(camera, color) }
    }
}

/// Drawn pixels.
struct Picture {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Picture {
    fn at(&self, x: u32, y: u32) -> [u8; 4] {
        assert!(x < self.width && y < self.height);
        let start = ((y * self.width + x) * 4) as usize;
        self.rgba[start..start + 4].try_into().unwrap()
    }

    fn rgb(&self, x: u32, y: u32) -> [i32; 3] {
        let [r, g, b, _] = self.at(x, y);
        [r, g, b].map(i32::from)
    }
}

/// Largest difference of two colours' components.
fn difference(a: [i32; 3], b: [i32; 3]) -> i32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).max().unwrap_or(0)
}

/// A unit sphere of latitude and longitude.
struct Sphere {
    normals: Vec<Vec3>,
    triangles: Vec<[u32; 3]>,
}

impl Sphere {
    fn new(rings: u32, sectors: u32) -> Self {
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
        Self { normals, triangles }
    }
}

const BT709: YuvColor = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };

/// A grey picture of luma code `y`.
fn grey(width: u32, height: u32, y: u8) -> Arc<YuvImage> {
    let mut image = YuvImage::black(width, height, BT709);
    image.y.fill(y);
    Arc::new(image)
}

/// The middle of a `width` × `height` picture.
fn middle(width: u32, height: u32) -> Vec2 {
    Vec2::new(width as f32, height as f32) * 0.5
}
