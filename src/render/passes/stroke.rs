//! Straight strokes: what skeletons and boxes are made of.
//!
//! Each stroke is one instanced quad whose shader measures the distance to the line, so edges are antialiased at any
//! width without multisampling.

use std::mem::offset_of;

use glam::{Vec2, Vec3};

use crate::render::buffer::FrameBuffer;
use crate::render::geometry::attribute;
use crate::render::gpu::Gpu;
use crate::render::scene::{LinePattern, Srgb};
use crate::render::shader::{self, GlobalsBinding, PipelineSpec};

/// `Stroke` of stroke.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(in crate::render) struct StrokeInstance {
    pub from_px: Vec2,
    pub to_px: Vec2,
    /// Gamma-coded, not premultiplied.
    pub color: [f32; 4],
    /// Half the width, dash period (0: solid), dash length between its round ends.
    pub shape_px: Vec3,
}

pub(in crate::render) const STROKE_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<StrokeInstance>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &[
        attribute(wgpu::VertexFormat::Float32x2, offset_of!(StrokeInstance, from_px), 0),
        attribute(wgpu::VertexFormat::Float32x2, offset_of!(StrokeInstance, to_px), 1),
        attribute(wgpu::VertexFormat::Float32x4, offset_of!(StrokeInstance, color), 2),
        attribute(wgpu::VertexFormat::Float32x3, offset_of!(StrokeInstance, shape_px), 3),
    ],
};

/// Under every line, so that it shows on snow.
const OUTLINE: [f32; 4] = [0.04, 0.05, 0.07, 0.6];

/// A colour of a given opacity, not premultiplied.
pub(in crate::render) fn with_alpha([red, green, blue]: Srgb, alpha: f32) -> [f32; 4] {
    [red, green, blue, alpha]
}

/// A line to be drawn with an outline.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) struct Line {
    pub from_px: Vec2,
    pub to_px: Vec2,
    pub half_width_px: f32,
    pub pattern: LinePattern,
}

/// Strokes of a frame, in painter's order.
#[derive(Debug, Default)]
pub(in crate::render) struct StrokeList {
    pub strokes: Vec<StrokeInstance>,
}

impl StrokeList {
    /// Adds the lines of one figure: all outlines first, so that none lies over another line of the figure.
    pub fn push_outlined(&mut self, lines: &[Line], color: Srgb, outline_px: f32) {
        let finite = lines.iter().filter(|line| line.from_px.is_finite() && line.to_px.is_finite());
        for line in finite.clone() {
            self.strokes.push(line.stroke(line.half_width_px + outline_px, OUTLINE));
        }
        for line in finite {
            self.strokes.push(line.stroke(line.half_width_px, with_alpha(color, 1.0)));
        }
    }
}

impl Line {
    fn stroke(&self, half_width_px: f32, color: [f32; 4]) -> StrokeInstance {
        let (period_px, dash_px) = self.dashes();
        let shape_px = Vec3::new(half_width_px, period_px, dash_px);
        StrokeInstance { from_px: self.from_px, to_px: self.to_px, color, shape_px }
    }

    /// Period and dash length such that a whole number of periods fills the line: both ends look the same.
    fn dashes(&self) -> (f32, f32) {
        let width_px = 2.0 * self.half_width_px;
        let (period_px, dash_px) = match self.pattern {
            LinePattern::Solid => return (0.0, 0.0),
            LinePattern::Dashed => (7.0 * width_px, 3.0 * width_px),
            LinePattern::Dotted => (3.0 * width_px, 0.0),
        };
        let length_px = self.from_px.distance(self.to_px);
        (length_px / (length_px / period_px).round().max(1.0), dash_px)
    }
}

/// Pipeline and instances.
#[derive(Debug)]
pub(in crate::render) struct StrokePass {
    pipeline: wgpu::RenderPipeline,
    instances: FrameBuffer,
    count: u32,
}

impl StrokePass {
    pub fn new(gpu: &Gpu, globals: &GlobalsBinding) -> Self {
        let pipeline =
            PipelineSpec::over_target(shader::STROKE, &[&globals.layout], &[Some(STROKE_LAYOUT)]).build(gpu);
        Self { pipeline, instances: FrameBuffer::new("strokes", wgpu::BufferUsages::VERTEX), count: 0 }
    }

    pub fn upload(&mut self, gpu: &Gpu, list: &StrokeList) {
        self.count = u32::try_from(list.strokes.len()).unwrap_or(u32::MAX);
        if self.count > 0 {
            self.instances.write(gpu, &list.strokes);
        }
    }

    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        let Some(instances) = self.instances.get().filter(|_| self.count > 0) else { return };
        pass.set_pipeline(&self.pipeline);
        pass.set_vertex_buffer(0, instances.slice(..));
        pass.draw(0..4, 0..self.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_of_dashes_fills_a_line() {
        let line = |pattern, length| Line {
            from_px: Vec2::ZERO,
            to_px: Vec2::new(length, 0.0),
            half_width_px: 1.0,
            pattern,
        };
        for pattern in [LinePattern::Dashed, LinePattern::Dotted] {
            for length in [3.0, 50.0, 333.3] {
                let (period, dash) = line(pattern, length).dashes();
                let count = length / period;
                assert!((count - count.round()).abs() < 1e-3 && count >= 1.0, "{pattern:?} {length} {count}");
                assert!(dash < period || length < 7.0);
            }
        }
        assert_eq!(line(LinePattern::Solid, 50.0).dashes().0, 0.0);
    }

    #[test]
    fn outlines_lie_under_all_lines_of_a_figure_and_broken_lines_are_left_out() {
        let line =
            Line { from_px: Vec2::ZERO, to_px: Vec2::ONE, half_width_px: 2.0, pattern: LinePattern::Solid };
        let broken = Line { to_px: Vec2::NAN, ..line };
        let mut list = StrokeList::default();
        list.push_outlined(&[line, broken, line], [1.0, 0.0, 0.0], 1.5);
        let widths: Vec<_> = list.strokes.iter().map(|stroke| stroke.shape_px.x).collect();
        assert_eq!(widths, [3.5, 3.5, 2.0, 2.0]);
    }
}
