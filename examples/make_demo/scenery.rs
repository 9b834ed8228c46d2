//! What stands still: snow, spruces, the markers at the lip and the mountains behind.

use std::f32::consts::{PI, TAU};

use glam::Vec3;

use crate::mesh::{Mesh, material};
use crate::noise;
use crate::terrain::{self, KICKER_HALF_WIDTH_M};

/// Spruces tried; those that would stand on the run are left out.
const SPRUCE_TRIES: u64 = 900;

/// The snow: fine where the rider goes, coarse far away.
pub fn snow() -> Mesh {
    let across = spaced(-9.0, 9.0, 0.2, 420.0);
    let along = spaced(-24.0, 40.0, 0.2, 420.0);
    let mut snow = Mesh::default();
    // Rows run up the slope, so that columns (to the left) and rows give an upward normal.
    let place = |column: usize, row: usize| {
        let (x, z) = (across[column], along[along.len() - 1 - row]);
        Vec3::new(x, terrain::height_m(x, z), z)
    };
    snow.add_grid(across.len(), along.len(), material::SNOW, place, place);
    for vertex in &mut snow.vertices {
        vertex.normal = terrain::normal(vertex.position[0], vertex.position[2], 0.12).into();
    }
    snow
}

/// Numbers from `-far` to `far`: `step` apart between `from` and `to`, then ever wider.
fn spaced(from: f32, to: f32, step: f32, far: f32) -> Vec<f32> {
    const GROWTH: f32 = 1.12;
    let widening = |start: f32| {
        let mut out = Vec::new();
        let (mut at, mut gap) = (start, step);
        while at < far {
            gap *= GROWTH;
            at += gap;
            out.push(at);
        }
        out
    };
    let mut all: Vec<f32> = widening(-from).into_iter().rev().map(|at| -at).collect();
    let count = ((to - from) / step).round() as usize;
    all.extend((0..=count).map(|index| from + index as f32 * step));
    all.extend(widening(to));
    all
}

/// Spruces on both sides of the run, denser away from it.
pub fn spruces() -> Mesh {
    let mut forest = Mesh::default();
    for attempt in 0..SPRUCE_TRIES {
        let random = |channel: u64| noise::unit(attempt * 16 + channel + 5000);
        let side = if random(0) < 0.5 { -1.0 } else { 1.0 };
        let x = side * (14.0 + 75.0 * random(1).powf(1.3));
        let z = -120.0 + 165.0 * random(2);
        let clearing = noise::fractal(x * 0.05, z * 0.05, 2, 31);
        if clearing < 0.45 || (x.abs() < 18.0 && random(4) < 0.4) {
            continue;
        }
        let foot = Vec3::new(x, terrain::height_m(x, z) - 0.1, z);
        let near = x.abs() < 32.0 && z > -55.0;
        add_spruce(&mut forest, foot, 4.0 + 6.5 * random(3), attempt, if near { 25 } else { 11 });
    }
    forest
}

/// Tiers of drooping branches with ragged rims of `around` points; they hide the trunk.
fn add_spruce(forest: &mut Mesh, foot: Vec3, height_m: f32, seed: u64, around: usize) {
    let tiers = 9 + (height_m * 0.6) as usize;
    for tier in 0..tiers {
        let part = tier as f32 / tiers as f32;
        let low = height_m * (0.07 + 0.86 * part.powf(0.93));
        let high = (low + height_m * 0.26 * (1.0 - 0.45 * part)).min(height_m);
        let radius_m = height_m * 0.19 * (1.0 - part).powf(0.85) + 0.12;
        let turn = noise::unit(seed * 64 + tier as u64) * TAU;
        let ragged = move |column: usize| {
            let column = (column % (around - 1)) as u64;
            let tooth = if column.is_multiple_of(2) { 1.0 } else { 0.68 };
            tooth * (0.82 + 0.36 * noise::unit((seed * 64 + tier as u64) * 32 + column))
        };
        let point = move |column: usize, row: usize| {
            let angle = column as f32 / (around - 1) as f32 * TAU + turn;
            let reach = radius_m * ragged(column);
            let (out, up) = match row {
                0 => (reach * 0.35, low + 0.10 * radius_m),
                1 => (reach, low - 0.22 * reach),
                2 => (reach * 0.5, low + 0.45 * (high - low)),
                _ => (0.0, high),
            };
            foot + Vec3::new(angle.sin() * out, up, angle.cos() * out)
        };
        let local = move |column: usize, row: usize| Vec3::new(ragged(column), row as f32 / 3.0, seed as f32);
        forest.add_grid(around, 4, material::SPRUCE, point, local);
    }
}

/// A slim flag on each side of the lip, wide enough apart for the camera to pass between.
pub fn markers() -> Mesh {
    let mut markers = Mesh::default();
    for side in [-1.0, 1.0] {
        let foot = Vec3::new(side * (KICKER_HALF_WIDTH_M + 2.4), 0.0, -0.3);
        let foot = foot.with_y(terrain::height_m(foot.x, foot.z) - 0.1);
        let pole = |column: usize, row: usize| {
            let around = column as f32 / 8.0 * TAU;
            foot + Vec3::new(around.sin() * 0.016, row as f32 * 1.25, around.cos() * 0.016)
        };
        markers.add_grid(9, 2, material::POLE, pole, |_, row| Vec3::new(0.0, row as f32 * 1.25, 0.0));
        let flag = |column: usize, row: usize| {
            let along = column as f32 / 6.0;
            let wave = (along * 5.0).sin() * 0.03 * along;
            let height = 0.80 + row as f32 * 0.40 * (1.0 - 0.25 * along);
            foot + Vec3::new(along * 0.34 * side, height, wave + 0.016)
        };
        markers.add_grid(7, 2, material::POLE, flag, |_, _| Vec3::new(1.0, 0.0, 0.0));
    }
    markers
}

/// A ring of peaks up the mountain.
pub fn mountains() -> Mesh {
    const COLUMNS: usize = 520;
    const ROWS: usize = 70;
    let mut mountains = Mesh::default();
    let point = |column: usize, row: usize| {
        // From the rider's left over the way up to his right.
        let around = PI * 0.15 + column as f32 / (COLUMNS - 1) as f32 * PI * 1.7;
        let outward = row as f32 / (ROWS - 1) as f32;
        let distance_m = 650.0 + 2600.0 * outward;
        let (x, z) = (around.sin() * distance_m, around.cos() * distance_m);
        let rise = terrain::smoothstep(0.0, 0.55, outward);
        let crest = noise::ridged(x * 0.00085 + 3.1, z * 0.00085 + 0.4, 6, 41);
        let mass = noise::fractal(x * 0.0005, z * 0.0005, 2, 47);
        let height_m = -40.0 + rise * (160.0 + 900.0 * crest * (0.35 + mass));
        Vec3::new(x, height_m, z)
    };
    // Columns run clockwise seen from above and rows outwards: turned around, the normal points up.
    let flipped = |column: usize, row: usize| point(COLUMNS - 1 - column, row);
    mountains.add_grid(COLUMNS, ROWS, material::MOUNTAIN, flipped, flipped);
    mountains
}
