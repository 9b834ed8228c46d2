//! Triangle meshes and the solids that the scene is built from.

use bytemuck::{Pod, Zeroable};
use glam::{Affine3A, Vec3};

/// A point of a surface as the shaders read it.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Vertex {
    /// World, metres.
    pub position: [f32; 3],
    /// World, unit.
    pub normal: [f32; 3],
    /// The same point on the thing at rest, metres: what patterns are drawn in.
    pub local: [f32; 3],
    /// One of [`material`].
    pub material: f32,
}

/// What a surface is made of; the shaders' `MATERIAL_` constants.
pub mod material {
    pub const SNOW: f32 = 0.0;
    pub const MOUNTAIN: f32 = 1.0;
    pub const SPRUCE: f32 = 2.0;
    pub const POLE: f32 = 3.0;
    pub const BODY: f32 = 4.0;
    pub const HELMET: f32 = 5.0;
    pub const GOGGLES: f32 = 6.0;
    pub const BOARD: f32 = 7.0;
    pub const BOOT: f32 = 8.0;
    /// Added to a rider's materials once for each outfit after the first.
    pub const OUTFIT: f32 = 16.0;
}

/// Triangles, counter-clockwise seen from outside.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    pub vertices: Vec<Vertex>,
    pub indices: Vec<u32>,
}

impl Mesh {
    /// Adds a grid of `columns` × `rows` points; rows run counter-clockwise of columns seen from outside. Normals are
    /// the grid's own.
    pub fn add_grid(
        &mut self,
        columns: usize,
        rows: usize,
        material: f32,
        point: impl Fn(usize, usize) -> Vec3,
        local: impl Fn(usize, usize) -> Vec3,
    ) {
        let first = self.vertices.len() as u32;
        let at = |column: usize, row: usize| point(column.min(columns - 1), row.min(rows - 1));
        for row in 0..rows {
            for column in 0..columns {
                let along = at(column + 1, row) - at(column.saturating_sub(1), row);
                let across = at(column, row + 1) - at(column, row.saturating_sub(1));
                self.vertices.push(Vertex {
                    position: point(column, row).into(),
                    normal: along.cross(across).normalize_or(Vec3::Y).into(),
                    local: local(column, row).into(),
                    material,
                });
            }
        }
        for row in 0..rows as u32 - 1 {
            for column in 0..columns as u32 - 1 {
                let corner = first + row * columns as u32 + column;
                let above = corner + columns as u32;
                self.indices.extend([corner, corner + 1, above + 1, corner, above + 1, above]);
            }
        }
    }

    /// Adds all of `other`.
    pub fn append(&mut self, other: &Self) {
        let first = self.vertices.len() as u32;
        self.vertices.extend_from_slice(&other.vertices);
        self.indices.extend(other.indices.iter().map(|index| index + first));
    }

    /// Adds all of `other`, moved without stretching.
    pub fn append_moved(&mut self, other: &Self, world_from_local: &Affine3A) {
        let first = self.vertices.len();
        self.append(other);
        for vertex in &mut self.vertices[first..] {
            vertex.position = world_from_local.transform_point3(vertex.position.into()).into();
            vertex.normal = world_from_local.transform_vector3(vertex.normal.into()).into();
        }
    }
}
