//! Both seams without files, for tests of what is built on them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Advance, FrameSink, FrameSource, VideoError};
use crate::types::{ClipInfo, FrameIndex, Rational, VideoFrame, YuvColor, YuvImage, YuvMatrix, YuvRange};

/// Bits of the frame number that a picture carries.
const BITS: u32 = 16;
const BLACK: u8 = 16;
const WHITE: u8 = 235;

/// A clip that is painted as it is read. Each picture carries its number, which [`number_in`] reads back.
#[derive(Clone, Debug)]
pub struct FakeSource {
    info: ClipInfo,
    next: u64,
    bad: BTreeSet<u64>,
    delay: Duration,
    /// Frames from one key frame to the next.
    group: u64,
    /// The frame that is decoded next, `next` or one before it.
    position: u64,
}

impl FakeSource {
    /// A clip of `width` × `height` pixels, at least 16 across and 2 down, with a frame at each of `pts`.
    pub fn new(width: u32, height: u32, pts: Vec<i64>, time_base: Rational) -> Self {
        let frames = FrameIndex::new(pts, time_base);
        let last = frames.len().saturating_sub(1);
        let step_s = if last > 0 { frames.seconds(last) / last as f64 } else { 1.0 };
        let info = ClipInfo {
            path: PathBuf::from("fake.mp4"),
            width,
            height,
            pixel_aspect: 1.0,
            rotation_deg: 0,
            duration_s: frames.seconds(last) + step_s,
            color: YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited },
            codec: "fake".to_owned(),
            has_audio: false,
            frames: Arc::new(frames),
        };
        Self { info, next: 0, bad: BTreeSet::new(), delay: Duration::ZERO, group: 1, position: 0 }
    }

    /// A clip of `count` frames, 30 a second.
    pub fn with_constant_rate(width: u32, height: u32, count: u32) -> Self {
        Self::new(width, height, (0..i64::from(count)).collect(), Rational { num: 1, den: 30 })
    }

    /// The clip with these frames damaged.
    #[must_use]
    pub fn with_bad_frames(mut self, indices: impl IntoIterator<Item = u64>) -> Self {
        self.bad.extend(indices);
        self
    }

    /// The clip with a key frame every `frames` frames only: what lies between is decoded from there.
    #[must_use]
    pub fn with_key_frames_every(mut self, frames: u64) -> Self {
        self.group = frames.max(1);
        self
    }

    fn numbered(&self, index: u64) -> Option<VideoFrame> {
        let frames = &self.info.frames;
        let pts = frames.pts(index)?;
        let image = Arc::new(numbered(self.info.width, self.info.height, self.info.color, index));
        Some(VideoFrame { index, pts, pts_s: frames.seconds_of(pts), image })
    }

    /// The clip with each frame taking this long to decode.
    #[must_use]
    pub fn with_delay(mut self, per_frame: Duration) -> Self {
        self.delay = per_frame;
        self
    }
}

impl FrameSource for FakeSource {
    fn info(&self) -> &ClipInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<VideoFrame>, VideoError> {
        loop {
            match self.advance()? {
                Advance::Frame(frame) => return Ok(Some(frame)),
                Advance::Passed(_) => {}
                Advance::End => return Ok(None),
            }
        }
    }

    fn advance(&mut self) -> Result<Advance, VideoError> {
        if self.next >= self.info.frames.len() {
            return Ok(Advance::End);
        }
        let index = self.position;
        self.position += 1;
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay);
        }
        if index < self.next {
            return Ok(Advance::Passed(index));
        }
        self.next += 1;
        if self.bad.contains(&index) {
            return Err(VideoError::BadFrame { index, cause: "made to fail".to_owned() });
        }
        Ok(self.numbered(index).map_or(Advance::End, Advance::Frame))
    }

    fn passed(&mut self) -> Option<VideoFrame> {
        self.numbered(self.position.checked_sub(1)?)
    }

    fn seek(&mut self, index: u64) -> Result<(), VideoError> {
        let key = index / self.group * self.group;
        if !(key..=index).contains(&self.position) {
            self.position = key;
        }
        self.next = index;
        Ok(())
    }
}

/// A picture that carries a number: 16 black or white cells across the upper half, the highest bit first, over a
/// grey that changes from frame to frame.
pub fn numbered(width: u32, height: u32, color: YuvColor, number: u64) -> YuvImage {
    let mut image = YuvImage::black(width, height, color);
    let (across, down) = (width as usize, height as usize);
    for (y, row) in image.y.chunks_exact_mut(across.max(1)).enumerate() {
        for (x, code) in row.iter_mut().enumerate() {
            let bit = BITS - 1 - (x * BITS as usize / across) as u32;
            *code = match (2 * y < down, number >> bit & 1) {
                (true, 0) => BLACK,
                (true, _) => WHITE,
                (false, _) => 64 + (number % 128) as u8,
            };
        }
    }
    image
}

/// The number that a picture of [`numbered`] carries, modulo 2^16. Survives compression and scaling.
pub fn number_in(image: &YuvImage) -> u64 {
    let (width, height) = (image.width as usize, image.height as usize);
    (0..BITS as usize).fold(0, |number, cell| {
        let x = (2 * cell + 1) * width / (2 * BITS as usize);
        let white = image.luma_sum(height / 4, x..x + 1) > 125.0;
        number << 1 | u64::from(white)
    })
}

/// What a [`MemorySink`] was given.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Timestamp and R'G'B'A pixels of each frame.
    pub frames: Vec<(i64, Vec<u8>)>,
    /// Whether the clip was finished.
    pub finished: bool,
}

/// A sink that keeps its frames in memory.
#[derive(Debug)]
pub struct MemorySink {
    written: Arc<Mutex<Written>>,
}

impl MemorySink {
    /// A sink, and a handle to look at what it was given.
    pub fn new() -> (Self, Arc<Mutex<Written>>) {
        let written = Arc::default();
        (Self { written: Arc::clone(&written) }, written)
    }
}

impl FrameSink for MemorySink {
    fn write(&mut self, rgba: &[u8], pts: i64) -> Result<(), VideoError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&(previous, _)) = written.frames.last().filter(|(previous, _)| *previous >= pts) {
            return Err(VideoError::FramesNotRising { path: PathBuf::from("memory"), previous, pts });
        }
        written.frames.push((pts, rgba.to_vec()));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), VideoError> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).finished = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back() {
        for (width, height) in [(16, 2), (427, 241), (640, 360)] {
            let mut source = FakeSource::with_constant_rate(width, height, 300).with_bad_frames([7]);
            assert!(matches!(
                (0..8).map(|_| source.next_frame()).last(),
                Some(Err(VideoError::BadFrame { index: 7, .. }))
            ));
            source.seek(257).unwrap();
            let frame = source.next_frame().unwrap().unwrap();
            assert_eq!((frame.index, number_in(&frame.image)), (257, 257));
            source.seek(300).unwrap();
            assert!(source.next_frame().unwrap().is_none());
        }
    }
}
