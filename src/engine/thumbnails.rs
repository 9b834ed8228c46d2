//! Small pictures of a clip for whoever points at its timeline: a decoder of their own, the latest request wins.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::job::{Wake, lock};
use super::{EngineError, thread};
use crate::types::{RgbImage, VideoFrame, YuvImage};
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

/// A picture made smaller, each pixel the mean of the pixels that it stands for, at most four each way.
pub(super) fn shrunk(image: &YuvImage, across: u32, down: u32) -> RgbImage {
    let mut whole = RgbImage::default();
    video::yuv_to_rgb(image, &mut whole);
    let (width, height) = (whole.width.max(1), whole.height.max(1));
    let place = |index: u32, tap: u32, count: u32, side: u32| {
        (u64::from(index * 4 + tap) * u64::from(side) / u64::from(count * 4)) as usize
    };
    let mut data = Vec::with_capacity((across * down * 3) as usize);
    for y in 0..down {
        for x in 0..across {
            let mut sum = [0_u32; 3];
            for (tap_y, tap_x) in (0..4).flat_map(|tap_y| (0..4).map(move |tap_x| (tap_y, tap_x))) {
                let row = place(y, tap_y, down, height);
                let start = (row * width as usize + place(x, tap_x, across, width)) * 3;
                for (sum, code) in sum.iter_mut().zip(whole.data.get(start..start + 3).unwrap_or(&[0; 3])) {
                    *sum += u32::from(*code);
                }
            }
            data.extend(sum.map(|sum| (sum / 16) as u8));
        }
    }
    RgbImage { width: across, height: down, data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{YuvColor, YuvMatrix, YuvRange};

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
}
