//! The bodies on the GPU: one triangle list shared by all, positions and normals packed one body after the other.

use std::mem::offset_of;
use std::ops::Range;

use glam::{Vec2, Vec3};

use super::buffer::FrameBuffer;
use super::error::RenderError;
use super::gpu::Gpu;
use super::scene::MeshInstance;
use super::view::ViewTransform;
use crate::types::{BBox, Camera, OverlayStyle};

/// Nearest depth drawn, metres; the same constant is in `common.wgsl`.
const NEAR_M: f32 = 0.05;

/// Per-body attributes of the mesh, wireframe and matte shaders.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct BodyAttributes {
    /// Focal length and principal point (x, y), target pixels.
    pub camera_px: Vec3,
    pub opacity: f32,
    /// Gamma-coded.
    pub color: Vec3,
    /// 1 where hatched, else 0.
    pub ghost: f32,
    /// Index of the body's first vertex in the packed positions.
    pub first_vertex: u32,
}

/// How a [`BodyAttributes`] is fed to a shader, at locations 2 to 6.
pub(super) const BODY_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<BodyAttributes>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &[
        attribute(wgpu::VertexFormat::Float32x3, offset_of!(BodyAttributes, camera_px), 2),
        attribute(wgpu::VertexFormat::Float32, offset_of!(BodyAttributes, opacity), 3),
        attribute(wgpu::VertexFormat::Float32x3, offset_of!(BodyAttributes, color), 4),
        attribute(wgpu::VertexFormat::Float32, offset_of!(BodyAttributes, ghost), 5),
        attribute(wgpu::VertexFormat::Uint32, offset_of!(BodyAttributes, first_vertex), 6),
    ],
};

/// Positions, at location 0.
pub(super) const POSITION_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Vec3>() as u64,
    step_mode: wgpu::VertexStepMode::Vertex,
    attributes: &[attribute(wgpu::VertexFormat::Float32x3, 0, 0)],
};

/// Normals, at location 1.
pub(super) const NORMAL_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Vec3>() as u64,
    step_mode: wgpu::VertexStepMode::Vertex,
    attributes: &[attribute(wgpu::VertexFormat::Float32x3, 0, 1)],
};

/// Own colours, at location 7.
pub(super) const COLOR_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<[u8; 4]>() as u64,
    step_mode: wgpu::VertexStepMode::Vertex,
    attributes: &[attribute(wgpu::VertexFormat::Unorm8x4, 0, 7)],
};

/// One entry of a vertex layout.
pub(super) const fn attribute(
    format: wgpu::VertexFormat,
    offset: usize,
    shader_location: u32,
) -> wgpu::VertexAttribute {
    wgpu::VertexAttribute { format, offset: offset as u64, shader_location }
}

/// Buffers of the bodies of the current frame.
#[derive(Debug)]
pub(super) struct Geometry {
    indices: Option<wgpu::Buffer>,
    index_count: u32,
    vertices_needed: usize,
    positions: FrameBuffer,
    normals: FrameBuffer,
    colors: FrameBuffer,
    /// Stands for colours that a body does not have.
    no_colors: Vec<[u8; 4]>,
    bodies: FrameBuffer,
    attributes: Vec<BodyAttributes>,
    spans: Vec<Range<u64>>,
}

impl Geometry {
    pub fn new() -> Self {
        Self {
            indices: None,
            index_count: 0,
            vertices_needed: 0,
            positions: FrameBuffer::new("body positions", wgpu::BufferUsages::VERTEX),
            normals: FrameBuffer::new("body normals", wgpu::BufferUsages::VERTEX),
            colors: FrameBuffer::new("body colours", wgpu::BufferUsages::VERTEX),
            no_colors: Vec::new(),
            bodies: FrameBuffer::new("body attributes", wgpu::BufferUsages::VERTEX),
            attributes: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// Replaces the triangle list of all bodies.
    pub fn set_topology(&mut self, gpu: &Gpu, triangles: &[[u32; 3]]) -> Result<(), RenderError> {
        let bytes: &[u8] = bytemuck::cast_slice(triangles);
        let too_many = || RenderError::OutOfMemory { doing: "uploading the triangles of the body" };
        let index_count = u32::try_from(triangles.len() * 3).map_err(|_| too_many())?;
        gpu.scoped("uploading the triangles of the body", || {
            let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("triangles"),
                size: bytes.len() as u64,
                // The wireframe reads the indices as a vertex attribute.
                usage: wgpu::BufferUsages::INDEX | wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            gpu.queue.write_buffer(&buffer, 0, bytes);
            self.indices = (index_count > 0).then_some(buffer);
            self.index_count = index_count;
            self.vertices_needed = triangles.iter().flatten().max().map_or(0, |&last| last as usize + 1);
            Ok(())
        })
    }

    /// Uploads the bodies of a frame.
    pub fn upload(
        &mut self,
        gpu: &Gpu,
        meshes: &[MeshInstance],
        style: &OverlayStyle,
        view: &ViewTransform,
    ) -> Result<(), RenderError> {
        self.attributes.clear();
        self.spans.clear();
        let mut total = 0;
        for mesh in meshes {
            let (vertices, normals, needed) = (mesh.vertices.len(), mesh.normals.len(), self.vertices_needed);
            if vertices < needed || normals != vertices {
                return Err(RenderError::BadMesh { vertices, normals, needed });
            }
            self.attributes.push(BodyAttributes {
                camera_px: camera_in_target(&mesh.camera, view),
                opacity: mesh.opacity.unwrap_or(style.opacity).clamp(0.0, 1.0),
                color: Vec3::from(mesh.color),
                ghost: f32::from(u8::from(mesh.ghost)),
                first_vertex: u32::try_from(total)
                    .map_err(|_| RenderError::OutOfMemory { doing: "uploading the bodies" })?,
            });
            self.spans.push(byte_offset(total)..byte_offset(total + vertices));
            total += vertices;
        }
        if total == 0 {
            self.spans.clear();
            return Ok(());
        }
        self.bodies.write(gpu, &self.attributes);
        let positions = self.positions.reserve(gpu, byte_offset(total));
        let normals = self.normals.reserve(gpu, byte_offset(total));
        let colors = self.colors.reserve(gpu, color_offset(byte_offset(total)));
        for (mesh, span) in meshes.iter().zip(&self.spans) {
            gpu.queue.write_buffer(positions, span.start, bytemuck::cast_slice(&mesh.vertices));
            gpu.queue.write_buffer(normals, span.start, bytemuck::cast_slice(&mesh.normals));
            let own = if mesh.colors.len() == mesh.vertices.len() {
                &mesh.colors
            } else {
                self.no_colors.resize(mesh.vertices.len(), [0; 4]);
                &self.no_colors
            };
            gpu.queue.write_buffer(colors, color_offset(span.start), bytemuck::cast_slice(own));
        }
        Ok(())
    }

    /// Draws each body with its vertices in the pass's current pipeline: positions in slot 0, normals in slot 1,
    /// [`BODY_LAYOUT`] in slot 2, own colours in slot 3.
    pub fn draw_indexed(&self, pass: &mut wgpu::RenderPass<'_>) {
        let (Some(indices), Some(positions), Some(normals), Some(colors), Some(bodies)) =
            (&self.indices, self.positions.get(), self.normals.get(), self.colors.get(), self.bodies.get())
        else {
            return;
        };
        pass.set_index_buffer(indices.slice(..), wgpu::IndexFormat::Uint32);
        for (body, span) in self.spans.iter().enumerate() {
            pass.set_vertex_buffer(0, positions.slice(span.clone()));
            pass.set_vertex_buffer(1, normals.slice(span.clone()));
            pass.set_vertex_buffer(2, bodies.slice(attribute_range(body)));
            pass.set_vertex_buffer(3, colors.slice(color_offset(span.start)..color_offset(span.end)));
            pass.draw_indexed(0..self.index_count, 0, 0..1);
        }
    }

    /// Draws each triangle's corners as vertices of their own, without an index buffer: vertex indices in slot 0,
    /// [`BODY_LAYOUT`] in slot 1.
    pub fn draw_corners(&self, pass: &mut wgpu::RenderPass<'_>) {
        let (Some(indices), Some(bodies)) = (&self.indices, self.bodies.get()) else {
            return;
        };
        pass.set_vertex_buffer(0, indices.slice(..));
        for body in 0..self.spans.len() {
            pass.set_vertex_buffer(1, bodies.slice(attribute_range(body)));
            pass.draw(0..self.index_count, 0..1);
        }
    }
}

fn byte_offset(vertex: usize) -> u64 {
    vertex as u64 * size_of::<Vec3>() as u64
}

/// Where in the colours a vertex is that lies at `position_offset` in the positions, bytes.
fn color_offset(position_offset: u64) -> u64 {
    position_offset / size_of::<Vec3>() as u64 * size_of::<[u8; 4]>() as u64
}

fn attribute_range(body: usize) -> Range<u64> {
    let stride = size_of::<BodyAttributes>() as u64;
    let start = body as u64 * stride;
    start..start + stride
}

/// Focal length and principal point of a picture camera, target pixels.
fn camera_in_target(camera: &Camera, view: &ViewTransform) -> Vec3 {
    let center_px = view.target_from_picture(camera.center_px);
    Vec3::new(camera.focal_px * view.scale, center_px.x, center_px.y)
}

/// The target pixels that the bodies can touch, within `target_px`; `None` where none is in view.
pub(super) fn bounds_in_target(
    meshes: &[MeshInstance],
    view: &ViewTransform,
    target_px: Vec2,
) -> Option<BBox> {
    let whole = BBox { min: Vec2::ZERO, max: target_px };
    let mut low = Vec2::INFINITY;
    let mut high = Vec2::NEG_INFINITY;
    for mesh in meshes {
        let camera_px = camera_in_target(&mesh.camera, view);
        let center_px = Vec2::new(camera_px.y, camera_px.z);
        for vertex_m in mesh.vertices.iter().filter(|vertex_m| vertex_m.is_finite()) {
            if vertex_m.z < NEAR_M {
                // Clipped triangles may reach any edge of the picture.
                return Some(whole);
            }
            let at_px = vertex_m.truncate() * (camera_px.x / vertex_m.z) + center_px;
            low = low.min(at_px);
            high = high.max(at_px);
        }
    }
    let touched = BBox { min: low.floor(), max: high.ceil() }.intersection(&whole);
    (touched.area() > 0.0).then_some(touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(vertices: Vec<Vec3>) -> MeshInstance {
        let camera = Camera::centered(100.0, 200, 100);
        MeshInstance {
            normals: vec![Vec3::NEG_Z; vertices.len()],
            vertices,
            ..MeshInstance::new(camera, [1.0; 3])
        }
    }

    #[test]
    fn bounds_follow_camera_and_view_and_end_at_the_target() {
        let view = ViewTransform { scale: 2.0, offset_px: Vec2::new(-150.0, 0.0) };
        let target_px = Vec2::new(200.0, 200.0);
        let meshes = [body(vec![Vec3::new(0.0, 0.1, 1.0), Vec3::new(0.9, 0.25, 1.0)])];
        // Picture (100, 60) to (190, 75): target (50, 120) to (230, 150).
        let bounds = bounds_in_target(&meshes, &view, target_px).unwrap();
        assert_eq!(bounds, BBox::new(50.0, 120.0, 200.0, 150.0));
        let outside = [body(vec![Vec3::new(9.0, 0.0, 1.0), Vec3::new(9.5, 0.1, 1.0)])];
        assert_eq!(bounds_in_target(&outside, &view, target_px), None);
        assert_eq!(bounds_in_target(&[], &view, target_px), None);
        let behind = [body(vec![Vec3::new(0.0, 0.0, -1.0)])];
        assert_eq!(bounds_in_target(&behind, &view, target_px), Some(BBox::new(0.0, 0.0, 200.0, 200.0)));
        assert_eq!(bounds_in_target(&[body(vec![Vec3::NAN])], &view, target_px), None);
    }
}
