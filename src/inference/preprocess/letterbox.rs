//! The whole picture, or a part of it, brought to a network's input size.

use glam::Vec2;

use super::resample::{Axis, mix_columns, mix_rows};
use super::tensor::InputTensor;
use crate::inference::contract::Fit;
use crate::inference::error::InferenceError;
use crate::types::{BBox, RgbImage};

/// Fits pictures into an input. It keeps its weights and buffers, so that frames of one size cost no allocation.
#[derive(Debug)]
pub(in crate::inference) struct Letterbox {
    fit: Fit,
    pad: u8,
    /// Width and height of the input; the largest where `fit` leaves it open.
    limit: [usize; 2],
    /// The part of the picture that is looked at, from 0 to 1.
    part: Option<BBox>,
    /// Width and height of the last picture; 0 before the first.
    source: (u32, u32),
    /// First column and row, and columns and rows, of the part.
    window: [usize; 4],
    /// Column and row of the input where the picture begins.
    offset: [usize; 2],
    columns: Axis,
    rows: Axis,
    /// As many as bands of rows are made beside each other.
    workers: Vec<Worker>,
}

/// What makes one row after the other.
#[derive(Clone, Debug)]
struct Worker {
    /// One source row, averaged over the rows that make one target row, in 256ths of a code.
    mixed: Vec<u16>,
    /// One target row.
    line: Vec<u8>,
}

/// Pixels of a picture, before or after, from which on it is worth more than one thread.
const MANY_PX: usize = 1 << 18;

/// Most threads that are worth it: then reading the picture takes longest.
const MOST_WORKERS: usize = 8;

/// Where a picture lies in a network's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::inference) struct Placed {
    /// Picture pixels per input pixel.
    pub scale: Vec2,
    /// Where the part that is looked at begins in the input, input pixels.
    pub offset: Vec2,
    /// Where it begins in the picture, picture pixels.
    pub origin: Vec2,
    /// Width and height of the input, pixels.
    pub size: Vec2,
}

impl Placed {
    /// The place in the picture of a box in the input.
    pub fn in_picture(&self, bbox: BBox) -> BBox {
        let point = |p: Vec2| (p - self.offset) * self.scale + self.origin;
        BBox { min: point(bbox.min), max: point(bbox.max) }
    }
}

impl Letterbox {
    /// A letterbox for inputs of `limit` that pads with the code `pad`.
    pub fn new(fit: Fit, pad: u8, limit: [usize; 2]) -> Self {
        Self {
            fit,
            pad,
            limit,
            part: None,
            source: (0, 0),
            window: [0; 4],
            offset: [0; 2],
            columns: Axis::default(),
            rows: Axis::default(),
            workers: Vec::new(),
        }
    }

    /// Looks at `part` of each picture alone, from (0, 0) at its top left to (1, 1) at its bottom right.
    pub fn look_at(&mut self, part: Option<BBox>) {
        self.part = part;
        self.source = (0, 0);
    }

    /// Fills `tensor`, always the same one, with `image`.
    ///
    /// # Errors
    /// [`InferenceError::InvalidImage`].
    pub fn fill(&mut self, image: &RgbImage, tensor: &mut InputTensor) -> Result<Placed, InferenceError> {
        super::check(image)?;
        if self.source != (image.width, image.height) {
            self.prepare(image, tensor);
        }
        let [left, top, width, height] = self.window;
        let stride = image.width as usize * 3;
        let (rows, columns) = (&self.rows, &self.columns);
        tensor.write_rows(self.offset, rows.len(), &mut self.workers, |Worker { mixed, line }, row| {
            let (first, weights) = rows.taps(row);
            let start = (top + first) * stride + left * 3;
            mix_rows(mixed, &image.data[start..], stride, weights);
            mix_columns(line, mixed, columns);
            line
        });
        let vec = |[x, y]: [usize; 2]| Vec2::new(x as f32, y as f32);
        let (window, target) = (vec([width, height]), vec([self.columns.len(), self.rows.len()]));
        let scale = match self.fit {
            // As Ultralytics takes boxes back: one scale for both directions, that of the side that fits exactly.
            Fit::Center => Vec2::splat((window / vec(self.limit)).max_element()),
            Fit::TopLeft | Fit::Stretch | Fit::Scale | Fit::Shrink => window / target,
        };
        Ok(Placed { scale, offset: vec(self.offset), origin: vec([left, top]), size: vec(tensor.size()) })
    }

    /// Sets weights, buffers and padding for pictures of `image`'s size.
    fn prepare(&mut self, image: &RgbImage, tensor: &mut InputTensor) {
        self.window = window(self.part, image.width as usize, image.height as usize);
        let [_, _, width, height] = self.window;
        let target = target(self.fit, [width, height], self.limit);
        let size = if self.fit.is_open() { target } else { self.limit };
        tensor.resize(size);
        self.offset = match self.fit {
            // Half of the padding, as Ultralytics rounds it.
            Fit::Center => {
                std::array::from_fn(|axis| ((size[axis] - target[axis]) as f32 / 2.0 - 0.1).round() as usize)
            }
            Fit::TopLeft | Fit::Stretch | Fit::Scale | Fit::Shrink => [0; 2],
        };
        tensor.clear(self.pad);
        self.columns.set(width, target[0]);
        self.rows.set(height, target[1]);
        let is_large = (width * height).max(target[0] * target[1]) >= MANY_PX;
        let workers = if is_large { rayon::current_num_threads().clamp(1, MOST_WORKERS) } else { 1 };
        let worker = Worker { mixed: vec![0; width * 3], line: vec![0; target[0] * 3] };
        self.workers = vec![worker; workers];
        self.source = (image.width, image.height);
    }
}

/// First column and row, columns and rows of `part` of a picture; at least one pixel of it.
fn window(part: Option<BBox>, width: usize, height: usize) -> [usize; 4] {
    let Some(part) = part else { return [0, 0, width, height] };
    let span = |from: f32, to: f32, size: usize| {
        let at = |fraction: f32| (f64::from(fraction.clamp(0.0, 1.0)) * size as f64).round() as usize;
        let first = at(from).min(size - 1);
        (first, at(to).clamp(first + 1, size) - first)
    };
    let (left, columns) = span(part.min.x, part.max.x, width);
    let (top, rows) = span(part.min.y, part.max.y, height);
    [left, top, columns, rows]
}

/// Width and height that a picture of `source` is resized to for an input of `limit`.
fn target(fit: Fit, source: [usize; 2], limit: [usize; 2]) -> [usize; 2] {
    let ratio = |axis: usize| limit[axis] as f64 / source[axis] as f64;
    let fitting = ratio(0).min(ratio(1));
    let scale = match fit {
        Fit::Stretch => return limit,
        Fit::Shrink => fitting.min(1.0),
        Fit::TopLeft | Fit::Center | Fit::Scale => fitting,
    };
    std::array::from_fn(|axis| ((source[axis] as f64 * scale).round() as usize).clamp(1, limit[axis]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::test_support::{golden_codes, pattern, plain_contract};

    #[test]
    fn pictures_are_fitted_as_opencv_fits_them() {
        for (name, width, height, side) in [
            ("letterbox_shrink", 300, 170, 64),
            ("letterbox_whole", 128, 256, 64),
            ("letterbox_grow", 37, 23, 64),
        ] {
            let mut tensor = InputTensor::new(&plain_contract(side));
            let mut letterbox = Letterbox::new(Fit::TopLeft, 114, [side; 2]);
            // A picture of another shape first: nothing of it may be left.
            letterbox.fill(&pattern(50, 90), &mut tensor).unwrap();
            let scale = letterbox.fill(&pattern(width, height), &mut tensor).unwrap().scale;
            let expected = golden_codes(name);
            let actual = tensor.to_f32();
            assert_eq!(actual.len(), expected.len());
            let worst = actual.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1.0, "{name}: {worst} codes");
            let long = width.max(height) as f32 / side as f32;
            assert!((scale.max_element() - long).abs() < 0.05 * long, "{name}: {scale}");
        }
    }

    #[test]
    fn damaged_pictures_are_refused() {
        let mut tensor = InputTensor::new(&plain_contract(8));
        let mut letterbox = Letterbox::new(Fit::TopLeft, 0, [8; 2]);
        for image in [
            RgbImage::default(),
            RgbImage { width: 0, height: 4, data: vec![] },
            RgbImage { width: 4, height: 4, data: vec![0; 47] },
            RgbImage { width: u32::MAX, height: u32::MAX, data: vec![0; 3] },
        ] {
            let refused = letterbox.fill(&image, &mut tensor);
            assert!(matches!(refused, Err(InferenceError::InvalidImage { .. })));
        }
    }

    #[test]
    fn a_picture_of_one_pixel_height_still_has_a_row() {
        let mut tensor = InputTensor::new(&plain_contract(8));
        let image = RgbImage { width: 100, height: 1, data: vec![200; 300] };
        let placed = Letterbox::new(Fit::TopLeft, 7, [8; 2]).fill(&image, &mut tensor).unwrap();
        assert_eq!(placed.scale, Vec2::new(12.5, 1.0));
        let values = tensor.to_f32();
        assert!(values[..24].iter().all(|&v| v == 200.0) && values[24..].iter().all(|&v| v == 7.0));
    }

    #[test]
    fn a_part_of_a_picture_is_fitted_as_if_it_were_the_whole() {
        let whole = pattern(60, 40);
        let part = BBox::new(0.25, 0.5, 0.75, 1.0);
        let cut: Vec<u8> =
            (20..40).flat_map(|y| &whole.data[(y * 60 + 15) * 3..(y * 60 + 45) * 3]).copied().collect();
        let cut = RgbImage { width: 30, height: 20, data: cut };
        let fitted = |image: &RgbImage, part| {
            let mut tensor = InputTensor::new(&plain_contract(16));
            let mut letterbox = Letterbox::new(Fit::Center, 114, [16; 2]);
            letterbox.look_at(part);
            let placed = letterbox.fill(image, &mut tensor).unwrap();
            (tensor.to_f32(), placed)
        };
        let (values, placed) = fitted(&whole, Some(part));
        let (expected, alone) = fitted(&cut, None);
        assert_eq!(values, expected);
        let bbox = BBox::new(2.0, 6.0, 9.0, 11.0);
        let moved = alone.in_picture(bbox).translated(Vec2::new(15.0, 20.0));
        assert_eq!(placed.in_picture(bbox), moved);
    }

    #[test]
    fn a_part_without_area_or_outside_still_has_a_pixel() {
        for part in [
            BBox::new(0.5, 0.5, 0.5, 0.5),
            BBox::new(2.0, 2.0, 3.0, 3.0),
            BBox::new(f32::NAN, 0.0, f32::NAN, 1.0),
        ] {
            let [left, top, columns, rows] = window(Some(part), 10, 8);
            assert!(columns >= 1 && rows >= 1 && left + columns <= 10 && top + rows <= 8, "{part:?}");
        }
    }

    #[test]
    fn each_fit_makes_the_size_that_its_library_makes() {
        // 1080p into 640: Ultralytics' LetterBox pads (640 - 360) / 2 = 140 rows on both sides.
        assert_eq!(target(Fit::Center, [1920, 1080], [640, 640]), [640, 360]);
        assert_eq!(target(Fit::Stretch, [1920, 1080], [640, 640]), [640, 640]);
        // detectron2's ResizeShortestEdge with both limits 1024.
        assert_eq!(target(Fit::Scale, [640, 480], [1024, 1024]), [1024, 768]);
        assert_eq!(target(Fit::Shrink, [640, 480], [1333, 1333]), [640, 480]);
        assert_eq!(target(Fit::Shrink, [1920, 1080], [1333, 1333]), [1333, 750]);
    }
}
