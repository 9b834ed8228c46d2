//! The program's icon: a peak as a mesh, the low sun and a track.

use glam::{Vec2, Vec3};
use image::{Rgba, RgbaImage};

/// Side of the icon, pixels.
const SIDE: u32 = 256;

/// Samples along a pixel's side.
const SAMPLES: u32 = 4;

/// Radius of the corners, as a share of the side.
const CORNER: f32 = 0.22;

/// Corners of the peak's facets, 0 to 1 from the top left.
const POINTS: [Vec2; 11] = [
    Vec2::new(0.52, 0.20),
    Vec2::new(0.36, 0.43),
    Vec2::new(0.56, 0.46),
    Vec2::new(0.70, 0.44),
    Vec2::new(0.20, 0.66),
    Vec2::new(0.43, 0.69),
    Vec2::new(0.67, 0.66),
    Vec2::new(0.88, 0.68),
    Vec2::new(-0.05, 1.02),
    Vec2::new(0.50, 1.05),
    Vec2::new(1.08, 1.02),
];

/// Facets and how bright each is, 0 to 1: the sun stands on the right.
const FACETS: [([usize; 3], f32); 11] = [
    ([0, 1, 2], 0.62),
    ([0, 2, 3], 1.00),
    ([1, 4, 5], 0.36),
    ([1, 5, 2], 0.50),
    ([2, 5, 6], 0.74),
    ([2, 6, 3], 0.90),
    ([3, 6, 7], 0.97),
    ([4, 8, 5], 0.26),
    ([8, 9, 5], 0.38),
    ([5, 9, 6], 0.60),
    ([6, 9, 10], 0.80),
];

/// The last facet, which closes the right foot.
const FOOT: ([usize; 3], f32) = ([6, 10, 7], 0.92);

/// Draws the icon.
pub fn draw() -> RgbaImage {
    RgbaImage::from_fn(SIDE, SIDE, |column, row| {
        let mut sum = Vec3::ZERO;
        let mut covered = 0.0;
        for sample in 0..SAMPLES * SAMPLES {
            let inside = Vec2::new((sample % SAMPLES) as f32 + 0.5, (sample / SAMPLES) as f32 + 0.5);
            let at = (Vec2::new(column as f32, row as f32) + inside / SAMPLES as f32) / SIDE as f32;
            if in_rounded_square(at) {
                sum += color(at);
                covered += 1.0;
            }
        }
        let mean = if covered > 0.0 { sum / covered } else { Vec3::ZERO };
        let [red, green, blue] = mean.to_array().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8);
        let alpha = covered / (SAMPLES * SAMPLES) as f32;
        Rgba([red, green, blue, (alpha * 255.0).round() as u8])
    })
}

fn in_rounded_square(at: Vec2) -> bool {
    let from_middle = (at - 0.5).abs() - (0.5 - CORNER);
    from_middle.max(Vec2::ZERO).length() <= CORNER
}

/// R'G'B' at a place of the icon.
fn color(at: Vec2) -> Vec3 {
    const CORAL: Vec3 = Vec3::new(0.98, 0.42, 0.30);
    let track = 0.54 + 0.10 * ((at.y - 0.46) * 11.0).sin() * (at.y - 0.40);
    for (corners, light) in FACETS.iter().chain([&FOOT]) {
        let [a, b, c] = corners.map(|corner| POINTS[corner]);
        let edges = [(a, b), (b, c), (c, a)].map(|(from, to)| (to - from).perp_dot(at - from));
        let inside = edges.iter().all(|side| *side >= 0.0) || edges.iter().all(|side| *side <= 0.0);
        if inside {
            let width = 0.010 + 0.030 * (at.y - 0.46).max(0.0);
            if at.y > 0.46 && (at.x - track).abs() < width {
                return CORAL;
            }
            let near = [(a, b), (b, c), (c, a)]
                .map(|(from, to)| distance_to(at, from, to))
                .into_iter()
                .fold(1.0, f32::min);
            let facet = Vec3::new(0.20, 0.36, 0.62).lerp(Vec3::new(0.97, 0.98, 1.0), *light);
            let line = if near < 0.0045 { 0.55 } else { 0.0 };
            return facet.lerp(Vec3::new(0.10, 0.20, 0.42), line);
        }
    }
    let sky = Vec3::new(0.05, 0.13, 0.32).lerp(Vec3::new(0.30, 0.55, 0.86), at.y.clamp(0.0, 1.0));
    let sun = at.distance(Vec2::new(0.78, 0.24));
    if sun < 0.085 {
        Vec3::new(1.0, 0.80, 0.45)
    } else {
        sky.lerp(Vec3::new(1.0, 0.80, 0.45), 0.35 * (-(sun - 0.085) * 14.0).exp())
    }
}

fn distance_to(at: Vec2, from: Vec2, to: Vec2) -> f32 {
    let along = ((at - from).dot(to - from) / from.distance_squared(to)).clamp(0.0, 1.0);
    at.distance(from + (to - from) * along)
}
