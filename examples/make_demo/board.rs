//! The snowboard and its bindings, in the board's own frame: x to the nose, y up from the deck, z to the toe edge.

use std::f32::consts::TAU;

use glam::{Quat, Vec3};

use crate::choreography::BOARD_THICKNESS_M;
use crate::mesh::{Mesh, material};
use crate::rig::{FRONT_FOOT_DEG, HALF_STANCE_M, REAR_FOOT_DEG};
use crate::terrain::smoothstep;

/// Half the length, and half the width at the widest, metres.
pub const HALF_LENGTH_M: f32 = 0.78;
const HALF_WIDTH_M: f32 = 0.15;

/// A board with upturned ends, a waist and rounded edges.
pub fn mesh() -> Mesh {
    const COLUMNS: usize = 61;
    const RING: usize = 17;
    let mut board = Mesh::default();
    let point = |column: usize, row: usize| {
        let x = (column as f32 / (COLUMNS - 1) as f32 * 2.0 - 1.0) * HALF_LENGTH_M;
        let around = row as f32 / (RING - 1) as f32 * TAU;
        let end = smoothstep(0.52, HALF_LENGTH_M, x.abs());
        let tip = ((x.abs() - 0.6) / (HALF_LENGTH_M - 0.6)).clamp(0.0, 1.0);
        let waist = 0.86 + 0.14 * smoothstep(0.0, 0.6, x.abs());
        let half_width = HALF_WIDTH_M * waist * (1.0 - tip * tip).max(0.0).sqrt();
        // A superellipse: flat deck and base, round rail.
        let rounded = |value: f32| value.signum() * value.abs().powf(0.35);
        let y = rounded(around.sin()) * 0.5 * BOARD_THICKNESS_M * 0.8 - 0.5 * BOARD_THICKNESS_M
            + 0.11 * end * end;
        Vec3::new(x, y, rounded(around.cos()) * half_width)
    };
    board.add_grid(COLUMNS, RING, material::BOARD, point, point);
    for (side, toes_out_deg) in [(1.0, FRONT_FOOT_DEG), (-1.0, REAR_FOOT_DEG)] {
        let turn = Quat::from_rotation_y(side * toes_out_deg.to_radians());
        add_binding(&mut board, Vec3::new(side * HALF_STANCE_M, 0.0, 0.0), turn);
    }
    board
}

/// A base plate with a high back behind the calf.
fn add_binding(board: &mut Mesh, middle_m: Vec3, turn: Quat) {
    let marked = |_: usize, _: usize| Vec3::new(0.0, 1.0, 0.0);
    let plate = |column: usize, row: usize| {
        let (around, height) = (column as f32 / 16.0 * TAU, row as f32);
        let inside = if row == 2 { 0.0 } else { 1.0 };
        let out = Vec3::new(around.sin() * 0.062, height.min(1.0) * 0.025, around.cos() * 0.13)
            * Vec3::new(inside, 1.0, inside);
        middle_m + turn * out
    };
    board.add_grid(17, 3, material::BOARD, plate, marked);
    for facing in [1.0, -1.0] {
        let back = |column: usize, row: usize| {
            let (across, height) = ((column as f32 / 8.0 * 2.0 - 1.0) * facing, row as f32 / 4.0);
            let bow = across * 0.95;
            let half_width = 0.062 - 0.014 * height;
            let out = Vec3::new(
                bow.sin() * half_width,
                0.02 + 0.19 * height,
                -0.092 - 0.035 * bow.cos() + 0.02 * height + facing * 0.006,
            );
            middle_m + turn * out
        };
        board.add_grid(9, 5, material::BOARD, back, marked);
    }
}
