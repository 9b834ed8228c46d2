//! A coarse depth buffer: what lies in front of what in a part of the picture.

use glam::{Vec2, Vec3};

use crate::types::BBox;

/// Cells along the longer side at most; a cell is never finer than a pixel.
const CELLS: f32 = 192.0;

/// Inverse depths of the nearest surface, 1/m; 0 where there is none.
#[derive(Debug, Default)]
pub(super) struct DepthGrid {
    origin_px: Vec2,
    /// Picture pixels of a cell.
    cell_px: f32,
    width: usize,
    height: usize,
    nearest: Vec<f32>,
}

impl DepthGrid {
    /// Empties the grid and lays it over `bounds`, which has an area.
    pub fn cover(&mut self, bounds: &BBox) {
        self.origin_px = bounds.min;
        self.cell_px = (bounds.long_side() / CELLS).max(1.0);
        let cells = (bounds.size() / self.cell_px).ceil().max(Vec2::ONE);
        (self.width, self.height) = (cells.x as usize, cells.y as usize);
        self.nearest.clear();
        self.nearest.resize(self.width * self.height, 0.0);
    }

    /// Draws triangles of `points`: picture pixels and inverse depth, where that is above zero.
    pub fn draw(&mut self, points: &[Vec3], triangles: &[[u32; 3]]) {
        for triangle in triangles {
            let [Some(a), Some(b), Some(c)] = triangle.map(|index| points.get(index as usize)) else {
                continue;
            };
            if a.z > 0.0 && b.z > 0.0 && c.z > 0.0 {
                self.fill([*a, *b, *c].map(|p| self.in_cells(p)));
            }
        }
    }

    fn in_cells(&self, point: Vec3) -> Vec3 {
        ((point.truncate() - self.origin_px) / self.cell_px).extend(point.z)
    }

    /// Marks every cell whose middle a triangle covers. Inverse depth is linear in the picture.
    fn fill(&mut self, [a, b, c]: [Vec3; 3]) {
        let (low, high) = (a.min(b).min(c).truncate(), a.max(b).max(c).truncate());
        let (ab, ac) = ((b - a).truncate(), (c - a).truncate());
        let area = ab.perp_dot(ac);
        if area == 0.0 || !area.is_finite() {
            return;
        }
        // Conversion to whole numbers cuts off, also what is below zero, and costs less than `floor`: cells are counted
        // from the first whose middle is after `low` to the last whose middle is not after `high`.
        let (first, end) = (low + 0.5, high + 0.5);
        for y in first.y as usize..(end.y as usize).min(self.height) {
            for x in first.x as usize..(end.x as usize).min(self.width) {
                let p = Vec2::new(x as f32 + 0.5, y as f32 + 0.5) - a.truncate();
                let (u, v) = (p.perp_dot(ac) / area, ab.perp_dot(p) / area);
                if u >= 0.0 && v >= 0.0 && u + v <= 1.0 {
                    let inverse = a.z + u * (b.z - a.z) + v * (c.z - a.z);
                    let cell = &mut self.nearest[y * self.width + x];
                    *cell = cell.max(inverse);
                }
            }
        }
    }

    /// Whether a point of inverse depth `inverse` at `px` is no farther than `slack_m` behind the nearest surface.
    pub fn shows(&self, px: Vec2, inverse: f32, slack_m: f32) -> bool {
        let cell = (px - self.origin_px) / self.cell_px;
        if cell.cmplt(Vec2::ZERO).any() || cell.x >= self.width as f32 || cell.y >= self.height as f32 {
            return false;
        }
        let nearest = self.nearest[cell.y as usize * self.width + cell.x as usize];
        nearest <= 0.0 || 1.0 / inverse <= 1.0 / nearest + slack_m
    }
}
