//! Decoded frames of any pixel format as upright pictures, their samples as they were decoded.

use std::sync::Arc;

use ff::ffi;
use ff::format::Pixel;
use ff::frame;
use ff::software::scaling;
use ffmpeg_next as ff;

use super::color;
use super::layout;
use super::orientation::Orientation;
use super::planes::Plane;
use super::tags::Tags;
use crate::types::{Light, Sampling, YuvColor, YuvImage, YuvRange};

/// Pictures kept for reuse; more than these in flight are allocated anew.
const KEPT: usize = 8;

/// Makes pictures out of frames, all of one size.
pub(super) struct Pictures {
    /// Size before turning.
    width: u32,
    height: u32,
    orientation: Orientation,
    tags: Tags,
    scaler: Option<Scaler>,
    kept: Vec<Arc<YuvImage>>,
}

impl Pictures {
    /// Pictures of frames that are `width` × `height` before they are turned.
    pub(super) fn new(width: u32, height: u32, orientation: Orientation, tags: Tags) -> Self {
        Self { width, height, orientation, tags, scaler: None, kept: Vec::new() }
    }

    /// Colour of the picture that `frame` becomes.
    pub(super) fn color(&self, frame: &frame::Video) -> YuvColor {
        color::of_frame(frame, self.tags)
    }

    /// What R'G'B' of the picture means as light.
    pub(super) fn light(&self, frame: &frame::Video) -> Light {
        color::light_of_frame(frame, self.tags)
    }

    /// The picture of a frame. Planes of the right size are copied as they are; packed pixels, R'G'B' and what changed
    /// its size midway go through swscale, which changes neither matrix nor range.
    pub(super) fn picture(&mut self, frame: &frame::Video) -> Result<Arc<YuvImage>, ff::Error> {
        let (color, light) = (self.color(frame), self.light(frame));
        let fits = (frame.width(), frame.height()) == (self.width, self.height);
        let as_it_is = layout::of_frame(frame).filter(|_| fits);
        let picture = match as_it_is.and_then(|layout| self.copied(frame, layout)) {
            Some(picture) => picture,
            None => {
                let scaled = self.scaled(frame, color)?;
                let layout = layout::of_frame(&scaled).ok_or(ff::Error::Bug)?;
                let copied = self.copied(&scaled, layout);
                if let Some(scaler) = &mut self.scaler {
                    scaler.output = scaled;
                }
                copied.ok_or(ff::Error::Bug)?
            }
        };
        let mut picture = picture;
        let target = Arc::get_mut(&mut picture).ok_or(ff::Error::Bug)?;
        (target.color, target.light) = (color, light);
        if self.kept.len() < KEPT {
            self.kept.push(Arc::clone(&picture));
        }
        Ok(picture)
    }

    /// A picture with the planes of `frame`; `None` if it lacks one.
    fn copied(&mut self, frame: &frame::Video, layout: Sampling) -> Option<Arc<YuvImage>> {
        let (width, height) = self.orientation.turned_size(self.width, self.height);
        let sampling = layout::turned(layout, self.orientation);
        let mut picture = take_free(&mut self.kept, width, height, sampling)
            .unwrap_or_else(|| Arc::new(YuvImage::zeroed(width, height, self.color(frame), sampling)));
        let target = Arc::get_mut(&mut picture)?;
        let shapes = layout.planes(self.width, self.height);
        let targets = [&mut target.y, &mut target.u, &mut target.v];
        for (number, (shape, target)) in shapes.into_iter().zip(targets).enumerate() {
            if !target.is_empty() {
                let row_bytes = shape.width as usize * shape.element_bytes as usize;
                let plane = Plane::of_frame(frame, number, row_bytes, shape.height as usize)?;
                self.orientation.copy(plane, shape.element_bytes as usize, target);
            }
        }
        Some(picture)
    }

    /// `frame` in a layout that is taken as it is, in the scaler's own memory, to be given back.
    fn scaled(&mut self, frame: &frame::Video, color: YuvColor) -> Result<frame::Video, ff::Error> {
        let shape = Shape { format: frame.format(), width: frame.width(), height: frame.height(), color };
        let mut scaler = match self.scaler.take() {
            Some(scaler) if scaler.shape == shape => scaler,
            _ => Scaler::new(shape, self.width, self.height)?,
        };
        let mut output = std::mem::replace(&mut scaler.output, frame::Video::empty());
        let ran = scaler.context.run(frame, &mut output);
        self.scaler = Some(scaler);
        ran.map(|()| output)
    }
}

/// A kept picture that nobody else holds any more; those of another size are dropped.
fn take_free(
    kept: &mut Vec<Arc<YuvImage>>,
    width: u32,
    height: u32,
    sampling: Sampling,
) -> Option<Arc<YuvImage>> {
    let free = kept.iter_mut().position(|picture| Arc::get_mut(picture).is_some())?;
    Some(kept.swap_remove(free))
        .filter(|picture| (picture.width, picture.height) == (width, height) && picture.sampling == sampling)
}

/// What swscale reads.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    format: Pixel,
    width: u32,
    height: u32,
    color: YuvColor,
}

struct Scaler {
    shape: Shape,
    context: scaling::Context,
    output: frame::Video,
}

// SAFETY: a SwsContext is plain heap memory without ties to the thread that made it (no multi-threading is asked of
// it, so it owns no threads either), and the Scaler is its only owner; all use is through `&mut self`.
unsafe impl Send for Scaler {}

impl Scaler {
    fn new(shape: Shape, width: u32, height: u32) -> Result<Self, ff::Error> {
        let flags = scaling::Flags::BILINEAR
            | scaling::Flags::ACCURATE_RND
            | scaling::Flags::FULL_CHR_H_INP
            | scaling::Flags::BITEXACT;
        let mut context = scaling::Context::get(
            shape.format,
            shape.width,
            shape.height,
            // Colours that are not subsampled stay so; all else is as fine as 4:2:0 afterwards.
            if color::is_rgb(shape.format) { Pixel::YUV444P } else { Pixel::YUV420P },
            width,
            height,
            flags,
        )?;
        let output_full = i32::from(shape.color.range == YuvRange::Full);
        let input_full = if color::is_rgb(shape.format) { 1 } else { output_full };
        // Brightness, contrast and saturation are neutral: 0, 1 and 1 in 16.16 fixed point. The result only says
        // whether the pair of formats makes use of the tables.
        // SAFETY: the context is live and borrowed mutably; the coefficient tables are constants of swscale.
        unsafe {
            let table = ffi::sws_getCoefficients(color::coefficients(shape.color.matrix));
            ffi::sws_setColorspaceDetails(
                context.as_mut_ptr(),
                table,
                input_full,
                table,
                output_full,
                0,
                1 << 16,
                1 << 16,
            );
        }
        Ok(Self { shape, context, output: frame::Video::empty() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> frame::Video {
        let mut frame = frame::Video::new(Pixel::YUV420P, 6, 4);
        for plane in 0..3 {
            frame.data_mut(plane).fill(100 + plane as u8);
        }
        frame
    }

    fn pictures() -> Pictures {
        let tags = Tags::of_frame(&frame());
        Pictures::new(6, 4, Orientation::default(), tags)
    }

    #[test]
    fn a_picture_nobody_holds_is_used_again() {
        let mut pictures = pictures();
        let first = pictures.picture(&frame()).unwrap();
        let place = first.y.as_ptr();
        let second = pictures.picture(&frame()).unwrap();
        assert_ne!(second.y.as_ptr(), place, "a held picture must not be overwritten");
        drop(first);
        assert_eq!(pictures.picture(&frame()).unwrap().y.as_ptr(), place);
    }

    #[test]
    fn planes_arrive_unchanged() {
        let picture = pictures().picture(&frame()).unwrap();
        assert_eq!((&*picture.y, &*picture.u, &*picture.v), (&[100; 24][..], &[101; 6][..], &[102; 6][..]));
    }
}
