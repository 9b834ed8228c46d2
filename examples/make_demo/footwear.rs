//! Snowboard boots: stiff on the feet, in the place and axes of the body at rest, metres.

use std::f32::consts::TAU;

use glam::Vec3;

use crate::curve;
use crate::mesh::{Mesh, material};

/// Under the sole, height at rest.
const SOLE_M: f32 = -1.042;

/// Along a boot (z at rest): half width, and height of its top.
const HALF_WIDTH_M: [(f32, f32); 6] =
    [(-0.118, 0.004), (-0.105, 0.038), (-0.04, 0.050), (0.08, 0.056), (0.165, 0.046), (0.200, 0.004)];
const TOP_M: [(f32, f32); 7] = [
    (-0.118, -0.97),
    (-0.105, -0.84),
    (-0.02, -0.82),
    (0.035, -0.885),
    (0.09, -0.945),
    (0.165, -0.968),
    (0.200, -1.02),
];

/// The boot around a foot whose ankle is `ankle` at rest.
pub fn boot(ankle: Vec3) -> Mesh {
    const AROUND: usize = 25;
    const ALONG: usize = 27;
    let mut boot = Mesh::default();
    let point = |column: usize, row: usize| {
        let (heel, toe) = (HALF_WIDTH_M[0].0, HALF_WIDTH_M[HALF_WIDTH_M.len() - 1].0);
        // Finer towards both ends, where it is round.
        let part = 0.5 - 0.5 * (row as f32 / (ALONG - 1) as f32 * TAU * 0.5).cos();
        let z = heel + (toe - heel) * part;
        let around = column as f32 / (AROUND - 1) as f32 * TAU;
        let rounded = |value: f32| value.signum() * value.abs().powf(0.62);
        let (middle, half_height) = {
            let top = curve::sample(&TOP_M, z);
            (0.5 * (top + SOLE_M), 0.5 * (top - SOLE_M))
        };
        let half_width = curve::sample(&HALF_WIDTH_M, z);
        Vec3::new(
            ankle.x + rounded(around.cos()) * half_width,
            middle + rounded(around.sin()) * half_height,
            z,
        )
    };
    boot.add_grid(AROUND, ALONG, material::BOOT, point, point);
    boot
}
