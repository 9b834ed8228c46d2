//! Small pictures of a clip for whoever points at its timeline: a decoder of their own, the latest request wins.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::job::{Wake, lock};
use super::{EngineError, thread};
use crate::types::{PlaneShape, RgbImage, VideoFrame, YuvImage};
use crate::video::{self, Advance, DecodeOptions, FrameSource};

/// Height of a small picture, pixels.
const HEIGHT: u32 = 90;

/// A picture that takes longer is shown by a frame on the way to it.
const PATIENCE: Duration = Duration::from_millis(80);

/// Small pictures that are kept; 43 KB each at 16:9.
const KEPT: usize = 256;

/// A small picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Thumbnail {
    /// The frame that was asked for.
    pub asked: u64,
    /// The frame that it shows: the one asked for, or one a little before it.
    pub frame: u64,
    /// Its pixels, which are square.
    pub image: Arc<RgbImage>,
}

#[derive(Default)]
struct Request {
    frame: Option<u64>,
    stop: bool,
}

struct Shared {
    request: Mutex<Request>,
    changed: Condvar,
    latest: Mutex<Option<Thumbnail>>,
}

/// Makes the small pictures of one clip. Dropping it stops its thread.
pub struct Thumbnails {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Thumbnails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Thumbnails").finish_non_exhaustive()
    }
}

impl Drop for Thumbnails {
    fn drop(&mut self) {
        lock(&self.shared.request).stop = true;
        self.shared.changed.notify_one();
    }
}

impl Thumbnails {
    /// Small pictures of `clip`, which is opened when the first is asked for. `wake` is called for each.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(clip: PathBuf, wake: Wake) -> Result<Self, EngineError> {
        let shared =
            Arc::new(Shared { request: Mutex::default(), changed: Condvar::new(), latest: Mutex::default() });
        let for_thread = Arc::clone(&shared);
        thread::spawn("thumbnails", move || {
            Maker { shared: for_thread, clip, source: None, kept: HashMap::new() }.run(&*wake);
        })?;
        Ok(Self { shared })
    }

    /// Asks for the picture of a frame, in place of any that was asked for before.
    pub fn ask(&self, frame: u64) {
        lock(&self.shared.request).frame = Some(frame);
        self.shared.changed.notify_one();
    }

    /// The picture that was made last.
    pub fn latest(&self) -> Option<Thumbnail> {
        lock(&self.shared.latest).clone()
    }
}

struct Maker {
    shared: Arc<Shared>,
    clip: PathBuf,
    source: Option<Box<dyn FrameSource>>,
    kept: HashMap<u64, Thumbnail>,
}

impl Maker {
    fn run(mut self, wake: &(dyn Fn() + Send + Sync)) {
        while let Some(frame) = self.next_request() {
            let made = match self.kept.get(&frame) {
                Some(kept) => Some(kept.clone()),
                None => self.make(frame),
            };
            if let Some(thumbnail) = made {
                if self.kept.len() >= KEPT {
                    self.kept.clear();
                }
                self.kept.insert(frame, thumbnail.clone());
                *lock(&self.shared.latest) = Some(thumbnail);
                wake();
            }
        }
    }

    fn next_request(&self) -> Option<u64> {
        let mut request = lock(&self.shared.request);
        loop {
            if request.stop {
                return None;
            }
            if let Some(frame) = request.frame.take() {
                return Some(frame);
            }
            request = self.shared.changed.wait(request).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// `None` where there is nothing to show, or something else is asked for by now. What cannot be read is told by the
    /// player.
    fn make(&mut self, frame: u64) -> Option<Thumbnail> {
        if self.source.is_none() {
            // One thread: the first picture after a jump comes soonest then.
            self.source =
                video::open(&self.clip, &DecodeOptions { threads: 1, ..DecodeOptions::default() }).ok();
        }
        let source = self.source.as_mut()?;
        let aspect = source.info().pixel_aspect;
        source.seek(frame).ok()?;
        let started = Instant::now();
        loop {
            let request = lock(&self.shared.request);
            if request.stop || request.frame.is_some_and(|other| other != frame) {
                return None;
            }
            drop(request);
            match source.advance().ok()? {
                Advance::Frame(found) => return Some(small(frame, &found, aspect)),
                Advance::Passed(_) if started.elapsed() > PATIENCE => {
                    return source.passed().map(|found| small(frame, &found, aspect));
                }
                Advance::Passed(_) => {}
                Advance::End => return None,
            }
        }
    }
}

/// The frame at [`HEIGHT`].
fn small(asked: u64, frame: &VideoFrame, pixel_aspect: f32) -> Thumbnail {
    let (width, height) = (frame.image.width.max(1), frame.image.height.max(1));
    let shape = f64::from(width) * f64::from(pixel_aspect.max(0.01)) / f64::from(height);
    let across = ((f64::from(HEIGHT) * shape).round() as u32).clamp(8, HEIGHT * 4);
    Thumbnail { asked, frame: frame.index, image: Arc::new(shrunk(&frame.image, across, HEIGHT)) }
}

/// A picture made smaller. Each sample is the mean of those that it stands for, at most four each way, before anything
/// is converted: most of a large picture is never looked at.
pub(super) fn shrunk(image: &YuvImage, across: u32, down: u32) -> RgbImage {
    let mut small = YuvImage::zeroed(across, down, image.color, image.sampling);
    small.light = image.light;
    let sample_bytes = image.sampling.sample_bytes();
    let from = image.sampling.planes(image.width, image.height);
    let to = image.sampling.planes(across, down);
    let planes = [(&image.y, &mut small.y), (&image.u, &mut small.u), (&image.v, &mut small.v)];
    for ((source, target), (from, to)) in planes.into_iter().zip(from.into_iter().zip(to)) {
        if sample_bytes == 1 {
            shrink_plane(source, from, target, to, |[code]| code.into(), |mean| [mean as u8]);
        } else {
            let code = |bytes| u16::from_le_bytes(bytes).into();
            shrink_plane(source, from, target, to, code, |mean| (mean as u16).to_le_bytes());
        }
    }
    let mut rgb = RgbImage::default();
    video::yuv_to_rgb(&small, &mut rgb);
    rgb
}

/// One plane of it, of samples of `BYTES` bytes, one or two of them in an element.
fn shrink_plane<const BYTES: usize>(
    source: &[u8],
    from: PlaneShape,
    target: &mut [u8],
    to: PlaneShape,
    code: impl Fn([u8; BYTES]) -> u32,
    stored: impl Fn(u32) -> [u8; BYTES],
) {
    let samples = source.as_chunks::<BYTES>().0;
    let each = from.element_bytes as usize / BYTES;
    let place = |index: usize, tap: u64, count: u32, side: u32| {
        ((index as u64 * 4 + tap) * u64::from(side) / (u64::from(count.max(1)) * 4)) as usize
    };
    let row_samples = to.width as usize * each;
    for (y, row) in target.as_chunks_mut::<BYTES>().0.chunks_mut(row_samples.max(1)).enumerate() {
        let rows = [0, 1, 2, 3].map(|tap| place(y, tap, to.height, from.height) * from.width as usize * each);
        for (number, sample) in row.iter_mut().enumerate() {
            let (x, component) = (number / each, number % each);
            let columns = [0, 1, 2, 3].map(|tap| place(x, tap, to.width, from.width) * each + component);
            let taps = rows.iter().flat_map(|row| columns.iter().map(move |column| row + column));
            let sum: u32 = taps.map(|at| samples.get(at).map_or(0, |bytes| code(*bytes))).sum();
            *sample = stored((sum + 8) / 16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Sampling, YuvColor, YuvMatrix, YuvRange};

    #[test]
    fn a_small_picture_has_the_shape_and_the_colour_of_the_large_one() {
        let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Full };
        let mut image = YuvImage::black(720, 576, color);
        image.y.fill(180);
        let frame = VideoFrame { index: 7, pts: 7, pts_s: 0.0, image: Arc::new(image) };
        let thumbnail = small(9, &frame, 64.0 / 45.0);
        assert_eq!((thumbnail.image.width, thumbnail.image.height), (160, 90));
        assert_eq!((thumbnail.asked, thumbnail.frame), (9, 7));
        assert!(thumbnail.image.data.iter().all(|&code| code == 180));
    }

    #[test]
    fn halves_of_every_layout_keep_their_colours_and_their_sides() {
        let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Full };
        for (bits, padding_bits, interleaved) in [(8, 0, false), (8, 0, true), (10, 0, false), (10, 6, true)]
        {
            for (chroma_x, chroma_y) in [(1, 1), (1, 0), (0, 0)] {
                let sampling =
                    Sampling { bits, padding_bits, interleaved, chroma_x, chroma_y, ..Sampling::default() };
                let mut image = YuvImage::zeroed(320, 160, color, sampling);
                let store = |plane: &mut Vec<u8>, at: usize, code: u32| {
                    let stored = (code << (bits - 8) << padding_bits) as u16;
                    if bits > 8 {
                        plane[2 * at..2 * at + 2].copy_from_slice(&stored.to_le_bytes());
                    } else {
                        plane[at] = stored as u8;
                    }
                };
                for at in 0..320 * 160 {
                    store(&mut image.y, at, if at % 320 < 160 { 200 } else { 60 });
                }
                let (across, down) = (320 >> chroma_x, 160 >> chroma_y);
                for at in 0..across * down {
                    let (blue, red) = if at % across < across / 2 { (128, 128) } else { (160, 100) };
                    if interleaved {
                        store(&mut image.u, 2 * at, blue);
                        store(&mut image.u, 2 * at + 1, red);
                    } else {
                        store(&mut image.u, at, blue);
                        store(&mut image.v, at, red);
                    }
                }
                let (mut whole, small) = (RgbImage::default(), shrunk(&image, 80, 40));
                video::yuv_to_rgb(&image, &mut whole);
                assert_eq!((small.width, small.height, small.data.len()), (80, 40, 80 * 40 * 3));
                for (x, y) in [(4, 4), (30, 20), (50, 9), (75, 36)] {
                    let (ours, truth) = ((y * 80 + x) * 3, (y * 4 * 320 + x * 4) * 3);
                    for channel in 0..3 {
                        let off = small.data[ours + channel].abs_diff(whole.data[truth + channel]);
                        assert!(off <= 1, "{sampling:?} at {x}, {y}");
                    }
                }
            }
        }
    }
}
