//! Frames of a moving camera in one plane.

use glam::Vec2;
use rayon::prelude::*;

use crate::types::{BBox, RgbImage, Similarity};

/// Difference from the background, in codes over all channels, from which on a pixel may belong to the rider and does.
const DIFFERENCE: (f32, f32) = (36.0, 96.0);

/// Soft edge around a rider's box, as a share of its shorter side.
const FEATHER: f32 = 0.12;

/// Radius that differences are averaged over, as a share of the box's longer side: noise is not a rider, and a rider has
/// no holes.
const SMOOTHING: f32 = 0.012;

/// A picture in the making: R'G'B'A, alpha 0 where nothing is known.
pub struct Plane {
    rgba: Vec<u8>,
    /// The same before anyone was laid over it.
    empty: Vec<u8>,
    width: usize,
    height: usize,
    plane_from_reference: Similarity,
    /// What of `rgba` was taken from behind somebody, for want of better.
    spare: Vec<[u8; 3]>,
    has_spare: Vec<bool>,
}

impl Plane {
    /// A plane that holds frames of `size` that lie as `reference_from_frame` says, made smaller where it would be longer
    /// or larger than `most` (pixels of the longer side, pixels in all).
    pub fn around(
        reference_from_frame: impl Iterator<Item = Similarity>,
        size: Vec2,
        most: (f32, f32),
    ) -> Self {
        let corners = [Vec2::ZERO, Vec2::new(size.x, 0.0), Vec2::new(0.0, size.y), size];
        let (mut low, mut high) = (Vec2::ZERO, size);
        for place in reference_from_frame {
            for corner in corners {
                low = low.min(place.apply(corner));
                high = high.max(place.apply(corner));
            }
        }
        let span = (high - low).max(Vec2::ONE);
        let scale = (most.0 / span.max_element()).min((most.1 / (span.x * span.y)).sqrt()).min(1.0);
        let [width, height] = (span * scale).ceil().to_array().map(|side| side.clamp(1.0, most.0) as usize);
        Self {
            rgba: vec![0; width * height * 4],
            empty: Vec::new(),
            width,
            height,
            plane_from_reference: Similarity { a: scale, b: 0.0, shift_px: -low * scale },
            spare: vec![[0; 3]; width * height],
            has_spare: vec![false; width * height],
        }
    }

    /// Width and height, pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }

    /// The pixels.
    pub fn into_rgba(self) -> Vec<u8> {
        self.rgba
    }

    /// Lays a frame behind what is there; what is in one of `hidden` (frame pixels) is kept for holes alone.
    pub fn lay_behind(&mut self, frame: &RgbImage, reference_from_frame: &Similarity, hidden: &[BBox]) {
        let Some(frame_from_plane) = self.plane_from_reference.after(reference_from_frame).inverse() else {
            return;
        };
        let width = self.width;
        let rows = self.rgba.par_chunks_mut(width * 4).zip(self.spare.par_chunks_mut(width));
        let rows = rows.zip(self.has_spare.par_chunks_mut(width)).enumerate();
        rows.for_each(|(y, ((row, spare), has_spare))| {
            for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                if pixel[3] != 0 {
                    continue;
                }
                let at = frame_from_plane.apply(Vec2::new(x as f32 + 0.5, y as f32 + 0.5));
                let Some(color) = sample::<3>(&frame.data, frame.width, frame.height, at) else { continue };
                if hidden.iter().any(|bbox| at.cmpge(bbox.min).all() && at.cmple(bbox.max).all()) {
                    if !has_spare[x] {
                        (spare[x], has_spare[x]) = (color, true);
                    }
                } else {
                    *pixel = [color[0], color[1], color[2], 255];
                }
            }
        });
    }

    /// Fills what only frames with somebody before it have shown; the background is done then.
    pub fn close_holes(&mut self) {
        let pixels = self.rgba.as_chunks_mut::<4>().0.iter_mut();
        for ((pixel, color), has_spare) in pixels.zip(&self.spare).zip(&self.has_spare) {
            if pixel[3] == 0 && *has_spare {
                *pixel = [color[0], color[1], color[2], 255];
            }
        }
        (self.spare, self.has_spare) = (Vec::new(), Vec::new());
        self.empty.clone_from(&self.rgba);
    }

    /// Lays over it what differs from the empty background within `part` (frame pixels) of a drawn frame.
    pub fn lay_over(
        &mut self,
        rgba: &[u8],
        (width, height): (u32, u32),
        reference_from_frame: &Similarity,
        part: &BBox,
    ) {
        let plane_from_frame = self.plane_from_reference.after(reference_from_frame);
        let Some(frame_from_plane) = plane_from_frame.inverse() else { return };
        let corners =
            [part.min, Vec2::new(part.max.x, part.min.y), Vec2::new(part.min.x, part.max.y), part.max];
        let corners = corners.map(|corner| plane_from_frame.apply(corner));
        let whole = Vec2::new(self.width as f32, self.height as f32);
        let fold = |f: fn(Vec2, Vec2) -> Vec2| corners.into_iter().reduce(f).unwrap_or(Vec2::ZERO);
        let low = fold(Vec2::min).floor().clamp(Vec2::ZERO, whole).as_uvec2();
        let high = fold(Vec2::max).ceil().clamp(Vec2::ZERO, whole).as_uvec2();
        let (across, down) = ((high.x - low.x) as usize, (high.y - low.y) as usize);
        let mut colors = vec![None; across * down];
        let mut differences = vec![0.0_f32; across * down];
        for y in 0..down {
            for x in 0..across {
                let at = frame_from_plane.apply((low + glam::UVec2::new(x as u32, y as u32)).as_vec2() + 0.5);
                let Some(color) = sample::<4>(rgba, width, height, at) else { continue };
                let ground = &self.empty[((low.y as usize + y) * self.width + low.x as usize + x) * 4..][..4];
                let off: u32 = (0..3).map(|c| u32::from(color[c].abs_diff(ground[c]))).sum();
                differences[y * across + x] = if ground[3] == 0 { DIFFERENCE.1 } else { off as f32 };
                colors[y * across + x] = Some((color, softness(part, at)));
            }
        }
        let radius = (part.max - part.min).max_element() * plane_from_frame.scale() * SMOOTHING;
        smooth(&mut differences, across, radius.round().max(1.0) as usize);
        for (index, (color, difference)) in colors.iter().zip(&differences).enumerate() {
            let Some((color, softness)) = color else { continue };
            let share = ((difference - DIFFERENCE.0) / (DIFFERENCE.1 - DIFFERENCE.0)).clamp(0.0, 1.0);
            let alpha = share * share * (3.0 - 2.0 * share) * softness;
            let place = (low.y as usize + index / across) * self.width + low.x as usize + index % across;
            let ground = &mut self.rgba[place * 4..place * 4 + 4];
            for (under, over) in ground.iter_mut().zip(color).take(3) {
                *under = (f32::from(*under) + (f32::from(*over) - f32::from(*under)) * alpha).round() as u8;
            }
            ground[3] = ground[3].max((alpha * 255.0) as u8);
        }
    }
}

/// 1 inside a box, falling to 0 at its edge.
fn softness(part: &BBox, at: Vec2) -> f32 {
    let inside = (at - part.min).min(part.max - at).min_element();
    let feather = ((part.max - part.min).min_element() * FEATHER).max(1.0);
    (inside / feather).clamp(0.0, 1.0)
}

/// The colour at a place, between its four neighbours; `None` outside of the picture.
fn sample<const CHANNELS: usize>(data: &[u8], width: u32, height: u32, at: Vec2) -> Option<[u8; CHANNELS]> {
    if !(at.x >= 0.0 && at.y >= 0.0 && at.x < width as f32 && at.y < height as f32) {
        return None;
    }
    let last = Vec2::new(width as f32 - 1.0, height as f32 - 1.0);
    let at = (at - 0.5).clamp(Vec2::ZERO, last);
    let (corner, share) = (at.floor(), at - at.floor());
    let (x, y) = (corner.x as usize, corner.y as usize);
    let (right, below) = ((x + 1).min(width as usize - 1), (y + 1).min(height as usize - 1));
    let pixel = |x: usize, y: usize, c: usize| f32::from(data[(y * width as usize + x) * CHANNELS + c]);
    Some(std::array::from_fn(|c| {
        let upper = pixel(x, y, c) * (1.0 - share.x) + pixel(right, y, c) * share.x;
        let lower = pixel(x, below, c) * (1.0 - share.x) + pixel(right, below, c) * share.x;
        (upper * (1.0 - share.y) + lower * share.y).round() as u8
    }))
}

/// Replaces each value of rows `across` long by the mean of a square around it.
fn smooth(values: &mut [f32], across: usize, radius: usize) {
    if across == 0 {
        return;
    }
    let down = values.len() / across;
    let mean = |line: &dyn Fn(usize) -> f32, length: usize, out: &mut dyn FnMut(usize, f32)| {
        let mut sum: f32 = (0..radius.min(length)).map(line).sum();
        for at in 0..length {
            sum += if at + radius < length { line(at + radius) } else { 0.0 };
            sum -= if at > radius { line(at - radius - 1) } else { 0.0 };
            let count = (at + radius).min(length - 1) - at.saturating_sub(radius) + 1;
            out(at, sum / count as f32);
        }
    };
    let mut rows = vec![0.0; values.len()];
    for y in 0..down {
        mean(&|x| values[y * across + x], across, &mut |x, value| rows[y * across + x] = value);
    }
    for x in 0..across {
        mean(&|y| rows[y * across + x], down, &mut |y, value| values[y * across + x] = value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ground that is different everywhere, in the reference's pixels.
    fn ground(at: Vec2) -> [u8; 3] {
        let wave = |x: f32, y: f32| (128.0 + 50.0 * ((x * 0.11).sin() + (y * 0.13).cos())) as u8;
        [wave(at.x, at.y), wave(at.y, at.x), wave(at.x + 30.0, at.y)]
    }

    /// What a camera at `reference_from_frame` sees, with a black rider in `rider` (reference pixels).
    fn seen(reference_from_frame: &Similarity, rider: &BBox) -> RgbImage {
        let (width, height) = (120, 80);
        let mut data = Vec::new();
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let at = reference_from_frame.apply(Vec2::new(x as f32 + 0.5, y as f32 + 0.5));
            let hit = at.cmpge(rider.min).all() && at.cmple(rider.max).all();
            data.extend(if hit { [0; 3] } else { ground(at) });
        }
        RgbImage { width, height, data }
    }

    fn rgba(image: &RgbImage) -> Vec<u8> {
        image.data.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect()
    }

    #[test]
    fn a_panning_and_zooming_camera_gives_one_ground_with_the_rider_at_each_moment() {
        let (sin, cos) = 0.03_f32.sin_cos();
        let cameras = [
            Similarity::IDENTITY,
            Similarity { a: 1.0, b: 0.0, shift_px: Vec2::new(40.0, 6.0) },
            Similarity { a: 1.1 * cos, b: 1.1 * sin, shift_px: Vec2::new(90.0, -4.0) },
        ];
        let riders = [30.0, 90.0, 150.0].map(|x| BBox::new(x, 25.0, x + 16.0, 55.0));
        let in_frame = |camera: &Similarity, bbox: &BBox| {
            let back = camera.inverse().unwrap();
            let size = (bbox.max - bbox.min) / camera.scale();
            let middle = back.apply((bbox.min + bbox.max) * 0.5);
            BBox { min: middle - size * 0.5 - 8.0, max: middle + size * 0.5 + 8.0 }
        };
        let mut plane = Plane::around(cameras.into_iter(), Vec2::new(120.0, 80.0), (1000.0, 1e6));
        let corner = plane.plane_from_reference.shift_px;
        for (camera, rider) in cameras.iter().zip(&riders) {
            plane.lay_behind(&seen(camera, rider), camera, &[in_frame(camera, rider)]);
        }
        plane.close_holes();
        for (camera, rider) in cameras.iter().zip(&riders) {
            plane.lay_over(&rgba(&seen(camera, rider)), (120, 80), camera, &in_frame(camera, rider));
        }
        let at = |place: Vec2| {
            let place = (place + corner).as_uvec2();
            let index = (place.y as usize * plane.width + place.x as usize) * 4;
            [plane.rgba[index], plane.rgba[index + 1], plane.rgba[index + 2]]
        };
        for rider in &riders {
            assert!(at((rider.min + rider.max) * 0.5).iter().all(|code| *code < 8), "{rider:?}");
        }
        for x in (4..200).step_by(6) {
            for y in [10.5, 66.5] {
                let place = Vec2::new(x as f32 + 0.5, y);
                let off = at(place).iter().zip(ground(place)).map(|(a, b)| a.abs_diff(b)).max().unwrap();
                assert!(off < 12, "{place}: {off}");
            }
        }
    }

    #[test]
    fn a_long_pan_is_made_smaller() {
        let far = Similarity { shift_px: Vec2::new(100_000.0, 0.0), ..Similarity::IDENTITY };
        let plane = Plane::around([far].into_iter(), Vec2::new(1000.0, 500.0), (2000.0, 1e6));
        assert_eq!(plane.size().0, 2000);
    }

    #[test]
    fn smoothing_keeps_the_mean_of_what_is_even_and_spreads_what_is_not() {
        let mut values = vec![3.0; 35];
        smooth(&mut values, 7, 2);
        assert!(values.iter().all(|value| (value - 3.0).abs() < 1e-5));
        values = vec![0.0; 49];
        values[3 * 7 + 3] = 9.0;
        smooth(&mut values, 7, 1);
        assert!((values[2 * 7 + 2] - 1.0).abs() < 1e-5 && values[7 + 1] == 0.0);
    }
}
