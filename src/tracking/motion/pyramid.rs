//! A grey picture in several sizes.

use glam::Vec2;

use crate::types::YuvImage;

/// Longest side of the finest level, pixels: enough to follow a mountain to a fraction of a pixel, small enough to
/// cost next to nothing beside a network.
const LONGEST_PX: usize = 320;
/// Levels; each has half the size of the one before.
pub(super) const LEVELS: usize = 4;

/// A grey picture; grey levels of 0 to 255, rows without padding.
#[derive(Clone, Debug, Default)]
pub(super) struct Grey {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

impl Grey {
    /// The grey levels of `N` × `N` places, a pixel apart, from `corner` on; pixel centres are at whole numbers.
    /// Bilinear, edges go on.
    pub fn patch<const N: usize>(&self, corner: Vec2) -> [[f32; N]; N] {
        let floor = corner.floor();
        let part = corner - floor;
        let (left, top) = (floor.x as isize, floor.y as isize);
        let mut patch = [[0.0; N]; N];
        let mut above: [f32; N] = self.line(left, top, part.x);
        for (y, row) in (1..).zip(&mut patch) {
            let below: [f32; N] = self.line(left, top.saturating_add(y), part.x);
            for ((value, a), b) in row.iter_mut().zip(above).zip(below) {
                *value = a + (b - a) * part.y;
            }
            above = below;
        }
        patch
    }

    /// `N` grey levels of row `y`, a pixel apart, from `part` of a pixel right of `left` on.
    fn line<const N: usize>(&self, left: isize, y: isize, part: f32) -> [f32; N] {
        let row = y.clamp(0, self.height as isize - 1) as usize * self.width;
        let row = &self.data[row..row + self.width];
        let inside = usize::try_from(left).ok().and_then(|left| row.get(left..=left + N));
        if let Some(pixels) = inside {
            return std::array::from_fn(|x| pixels[x] + (pixels[x + 1] - pixels[x]) * part);
        }
        let pixel =
            |x: usize| row[left.saturating_add(x as isize).clamp(0, self.width as isize - 1) as usize];
        std::array::from_fn(|x| pixel(x) + (pixel(x + 1) - pixel(x)) * part)
    }

    /// Fills this with means of blocks of `step` × `step` pixels of a plane.
    fn shrink(&mut self, width: usize, height: usize, step: usize, value: impl Fn(usize) -> f32) {
        (self.width, self.height) = (width / step, height / step);
        self.data.clear();
        let area = (step * step) as f32;
        for y in 0..self.height {
            for x in 0..self.width {
                let block = (0..step).flat_map(|dy| {
                    let start = (y * step + dy) * width + x * step;
                    start..start + step
                });
                self.data.push(block.map(&value).sum::<f32>() / area);
            }
        }
    }
}

/// The same picture from fine to coarse; without levels where there is no picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Pyramid {
    levels: Vec<Grey>,
    /// Picture pixels of a pixel of the finest level.
    pub step: usize,
}

impl Pyramid {
    /// Takes the luma of `picture` in. Levels too small to follow anything in are left out.
    pub fn fill(&mut self, picture: &YuvImage) {
        let (width, height) = (picture.width as usize, picture.height as usize);
        self.step = width.max(height).div_ceil(LONGEST_PX).max(1);
        self.levels.resize_with(LEVELS, Grey::default);
        if !picture.is_whole() || width.min(height) / self.step < 16 {
            self.levels.clear();
            return;
        }
        self.levels[0].shrink(width, height, self.step, |at| picture.luma(at));
        for level in 1..LEVELS {
            let (fine, coarse) = self.levels.split_at_mut(level);
            let finer = &fine[level - 1];
            coarse[0].shrink(finer.width, finer.height, 2, |at| finer.data[at]);
            if coarse[0].width.min(coarse[0].height) < 8 {
                self.levels.truncate(level);
                break;
            }
        }
    }

    /// From fine to coarse.
    pub fn levels(&self) -> &[Grey] {
        &self.levels
    }

    /// Whether both are of the same size, and there is a picture at all.
    pub fn matches(&self, other: &Self) -> bool {
        let size = |p: &Self| p.levels.first().map(|level| (level.width, level.height, p.step));
        size(self).is_some() && size(self) == size(other)
    }
}
