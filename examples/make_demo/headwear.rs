//! Helmet and goggles, stiff on the head: metres from SMPL's head joint, axes of the body at rest.

use std::f32::consts::{PI, TAU};

use glam::Vec3;

use crate::mesh::{Mesh, material};
use crate::terrain::smoothstep;

/// Middle and radii of the shell around the skull.
const SHELL_MIDDLE_M: Vec3 = Vec3::new(0.0, 0.115, 0.028);
const SHELL_RADII_M: Vec3 = Vec3::new(0.108, 0.124, 0.126);

/// Where the shell ends, as an angle from its top: over the brow, and over ears and nape.
const BROW_DEG: f32 = 76.0;
const NAPE_DEG: f32 = 124.0;

/// The shell is this much smaller inside.
const INSIDE: f32 = 0.9;

/// Helmet and goggles.
pub fn mesh() -> Mesh {
    let mut head = Mesh::default();
    add_helmet(&mut head);
    add_goggles(&mut head);
    head
}

fn add_helmet(head: &mut Mesh) {
    const COLUMNS: usize = 49;
    const ROWS: usize = 16;
    let point = |column: usize, row: usize| {
        let around = column as f32 / (COLUMNS - 1) as f32 * TAU - PI;
        let end_deg = BROW_DEG + (NAPE_DEG - BROW_DEG) * smoothstep(0.75, 1.25, around.abs());
        // The last row turns inwards, so that the rim has a thickness.
        let (part, scale) =
            if row == 0 { (1.0, INSIDE) } else { ((ROWS - 1 - row) as f32 / (ROWS - 2) as f32, 1.0) };
        let down = end_deg.to_radians() * part;
        let way = Vec3::new(down.sin() * around.sin(), down.cos(), down.sin() * around.cos());
        SHELL_MIDDLE_M + way * SHELL_RADII_M * scale
    };
    head.add_grid(COLUMNS, ROWS, material::HELMET, point, point);
}

fn add_goggles(head: &mut Mesh) {
    const COLUMNS: usize = 25;
    const ROWS: usize = 11;
    const HALF_ANGLE: f32 = 1.22;
    let part = |column: usize, row: usize| {
        (column as f32 / (COLUMNS - 1) as f32 * 2.0 - 1.0, row as f32 / (ROWS - 1) as f32 * 2.0 - 1.0)
    };
    let point = |column: usize, row: usize| {
        let (across, up) = part(column, row);
        let around = across * HALF_ANGLE;
        // The frame bends back to the face all around, and makes room for the nose.
        let rim = (1.0 - across.powi(8)) * (1.0 - up.powi(6));
        let out = 0.86 + 0.14 * rim;
        let nose = 0.018 * (1.0 - smoothstep(0.0, 0.3, across.abs())) * (1.0 - up) * 0.5;
        let height = 0.103 + 0.044 * up * (1.0 - 0.25 * across.powi(4)) + nose;
        Vec3::new(around.sin() * 0.102 * out, height, 0.022 + around.cos() * 0.136 * out)
    };
    let local = |column: usize, row: usize| {
        let (across, up) = part(column, row);
        Vec3::new(across, up, 0.0)
    };
    head.add_grid(COLUMNS, ROWS, material::GOGGLES, point, local);
}
