//! The real [`FrameSource`]: a file through FFmpeg.

use std::path::Path;
use std::sync::Arc;

use ff::frame;
use ff::packet::side_data::Type;
use ffmpeg_next as ff;

use super::color::on_screen;
use super::decoder::Decoder;
use super::demux::Demuxer;
use super::orientation::Orientation;
use super::pictures::Pictures;
use super::tags::Tags;
use super::{Advance, FirstPicture, FrameSource, VideoError};
use crate::types::{ClipInfo, VideoFrame};

/// How far ahead decoding on is cheaper than emptying the decoder and jumping, in frames.
const NEAR: u64 = 8;

/// How to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Threads of the decoder, at least 1. More of them are faster in sequence, but each delays the first frame
    /// after a jump by one frame's time.
    pub threads: usize,
    /// Whether a device decodes where there is one that can (see [`find_decoding_devices`](super::find_decoding_devices)).
    pub hardware: bool,
}

impl Default for DecodeOptions {
    /// Two threads where the machine has two processors, in software: the same pictures to the last bit everywhere.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads: processors.min(2), hardware: false }
    }
}

/// A clip in a file.
pub(super) struct FfmpegSource {
    info: ClipInfo,
    decoder: Decoder,
    pictures: Pictures,
    /// The frame that the caller gets next.
    next: u64,
    /// A decoded frame, still in the decoder, that comes after `next`.
    held: Option<u64>,
    /// Where the last jump went, until a frame shows that it went far enough back.
    landing: Option<Landing>,
}

#[derive(Clone, Copy)]
struct Landing {
    /// Key frame of the timeline, or `None` for the start of the file.
    key: Option<usize>,
    /// Key frames to go back if the jump turns out too short; doubles each time.
    step: usize,
}

impl FfmpegSource {
    pub(super) fn open(
        path: &Path,
        options: &DecodeOptions,
        first: &mut dyn FnMut(FirstPicture),
    ) -> Result<Self, VideoError> {
        let mut early = |demuxer: &Demuxer, codec: &ff::decoder::Video, frame: &frame::Video| {
            if let Ok(orientation) = orientation_of(demuxer, path)
                && let Ok(image) = pictures_of(frame, codec, orientation).picture(frame)
            {
                first(FirstPicture { image, pixel_aspect: pixel_aspect(frame, codec, orientation) });
            }
        };
        let mut decoder = Decoder::open(path, options, &mut early)?;
        // Only a decoded frame tells size and format for certain; a file without one is not worth opening.
        let first = loop {
            match decoder.decode()? {
                Some(first) if decoder.fetch().is_ok() => break first,
                _ if decoder.fall_back()? => decoder.rewind()?,
                _ => return Err(VideoError::NoFrames { path: path.to_owned() }),
            }
        };
        let orientation = orientation_of(decoder.demuxer(), path)?;
        let (codec, frame) = (decoder.codec(), decoder.frame());
        let pictures = pictures_of(frame, codec, orientation);
        let (width, height) = orientation.turned_size(frame.width(), frame.height());
        let info = ClipInfo {
            path: path.to_owned(),
            width,
            height,
            pixel_aspect: pixel_aspect(frame, codec, orientation),
            rotation_deg: orientation.rotation_deg(),
            duration_s: decoder.timeline().duration_s,
            color: on_screen(pictures.color(frame), pictures.light(frame)),
            codec: codec.id().name().to_owned(),
            has_audio: decoder.demuxer().input().streams().best(ff::media::Type::Audio).is_some(),
            frames: Arc::clone(&decoder.timeline().frames),
        };
        Ok(Self { info, decoder, pictures, next: 0, held: Some(first), landing: None })
    }

    /// Jumps to where decoding towards frame `index` can start.
    fn jump(&mut self, mut landing: Landing) -> Result<(), VideoError> {
        self.held = None;
        while let Some(key) = landing.key {
            if self.decoder.land(key)? {
                self.landing = Some(landing);
                return Ok(());
            }
            landing = further_back(key, landing.step);
        }
        self.decoder.rewind()?;
        self.landing = Some(landing);
        Ok(())
    }

    /// Whether the last jump might have to go further back, because nothing before the frame sought came out; if
    /// so, it does.
    fn jump_further_back(&mut self) -> Result<bool, VideoError> {
        match self.landing.take() {
            Some(Landing { key: Some(key), step }) => {
                self.jump(further_back(key, step))?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether decoding on leads to frame `index` at least as fast as a jump.
    fn leads_to(&self, index: u64) -> bool {
        let key = self.decoder.timeline().key_for(index);
        let Some(last) = self.held.or(self.decoder.last()) else {
            return self.landing.is_some_and(|landing| landing.key == key);
        };
        let no_key_between = match key {
            Some(key) => self.decoder.timeline().key_pts(key) <= self.info.frames.pts(last),
            None => true,
        };
        self.held == Some(index) || (index > last && (index - last <= NEAR || no_key_between))
    }

    fn missing(&mut self) -> VideoError {
        let index = self.next;
        self.next += 1;
        VideoError::BadFrame { index, cause: self.decoder.take_complaint() }
    }

    /// The picture in the decoder as frame `index`.
    fn frame(&mut self, index: u64) -> Result<Option<VideoFrame>, VideoError> {
        let (Some(pts), frames) = (self.info.frames.pts(index), &self.info.frames) else { return Ok(None) };
        let image = self
            .pictures
            .picture(self.decoder.frame())
            .map_err(|error| VideoError::BadFrame { index, cause: error.to_string() })?;
        Ok(Some(VideoFrame { index, pts, pts_s: frames.seconds_of(pts), image }))
    }
}

impl FrameSource for FfmpegSource {
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
        while self.next < self.info.frames.len() {
            self.decoder.want_from(self.next);
            let arrived = match self.held.take() {
                Some(index) => Some(index),
                None => self.decoder.decode().inspect_err(|_| self.next = self.info.frames.len())?,
            };
            match arrived {
                Some(index) if index < self.next => {
                    self.landing = None;
                    return Ok(Advance::Passed(index));
                }
                Some(index) if index == self.next && self.decoder.fetch().is_ok() => {
                    self.landing = None;
                    self.next += 1;
                    return Ok(self.frame(index)?.map_or(Advance::End, Advance::Frame));
                }
                _ if self.jump_further_back()? => {}
                _ if self.decoder.fall_back()? => {
                    self.jump(Landing { key: self.decoder.timeline().key_for(self.next), step: 1 })?;
                }
                later => {
                    self.held = later;
                    return Err(self.missing());
                }
            }
        }
        Ok(Advance::End)
    }

    fn passed(&mut self) -> Option<VideoFrame> {
        let index = self.decoder.last().filter(|&index| index < self.next)?;
        self.decoder.fetch().ok()?;
        self.frame(index).ok().flatten()
    }

    fn device(&self) -> Option<&'static str> {
        self.decoder.device()
    }

    fn longest_group(&self) -> u64 {
        self.decoder.timeline().longest_group()
    }

    fn seek(&mut self, index: u64) -> Result<(), VideoError> {
        self.next = index.min(self.info.frames.len());
        if self.next == self.info.frames.len() || self.leads_to(self.next) {
            return Ok(());
        }
        self.jump(Landing { key: self.decoder.timeline().key_for(self.next), step: 1 })
    }
}

fn orientation_of(demuxer: &Demuxer, path: &Path) -> Result<Orientation, VideoError> {
    Ok(demuxer
        .stream(path)?
        .side_data()
        .find(|data| data.kind() == Type::DisplayMatrix)
        .and_then(|data| display_matrix(data.data()))
        .map_or_else(Orientation::default, |matrix| Orientation::from_display_matrix(&matrix)))
}

fn pictures_of(frame: &frame::Video, codec: &ff::decoder::Video, orientation: Orientation) -> Pictures {
    let tags = Tags::of_codec(codec);
    Pictures::new(frame.width(), frame.height(), orientation, tags)
}

fn further_back(key: usize, step: usize) -> Landing {
    Landing { key: key.checked_sub(step), step: step.saturating_mul(2) }
}

fn display_matrix(bytes: &[u8]) -> Option<[i32; 9]> {
    let (places, _) = bytes.as_chunks::<4>();
    let mut matrix = [0; 9];
    for (value, bytes) in matrix.iter_mut().zip(places.get(..9)?) {
        *value = i32::from_ne_bytes(*bytes);
    }
    Some(matrix)
}

/// Width of an upright pixel divided by its height; square where the file does not say.
fn pixel_aspect(frame: &frame::Video, codec: &ff::decoder::Video, orientation: Orientation) -> f32 {
    let stated = [frame.aspect_ratio(), codec.aspect_ratio()]
        .into_iter()
        .find(|aspect| aspect.numerator() > 0 && aspect.denominator() > 0)
        .map_or(1.0, |aspect| f64::from(aspect) as f32);
    if orientation.swaps_axes() { stated.recip() } else { stated }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::YuvImage;
    use crate::video::find_decoding_devices;

    fn demo(options: DecodeOptions) -> FfmpegSource {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.mp4");
        FfmpegSource::open(&path, &options, &mut |_| {}).unwrap()
    }

    fn same(ours: &YuvImage, truth: &YuvImage) -> bool {
        (&ours.y, &ours.u, &ours.v) == (&truth.y, &truth.u, &truth.v)
    }

    /// Frames `from..to` of both are the same, to the last bit.
    fn assert_same(ours: &mut FfmpegSource, truth: &mut FfmpegSource, frames: std::ops::Range<u64>) {
        for index in frames {
            let (ours, truth) = (ours.next_frame().unwrap().unwrap(), truth.next_frame().unwrap().unwrap());
            assert_eq!((ours.index, truth.index), (index, index));
            assert!(same(&ours.image, &truth.image), "frame {index}");
        }
    }

    #[test]
    fn software_goes_on_where_a_device_leaves_off() {
        let (mut source, mut truth) = (demo(DecodeOptions::default()), demo(DecodeOptions::default()));
        assert_same(&mut source, &mut truth, 0..7);
        source.decoder.pretend_device();
        assert_eq!(source.device(), Some("pretended"));
        assert_same(&mut source, &mut truth, 7..20);
        assert_eq!(source.device(), None);
    }

    #[test]
    fn a_jump_that_a_device_does_not_take_is_taken_by_software() {
        let (mut source, mut truth) = (demo(DecodeOptions::default()), demo(DecodeOptions::default()));
        let last = source.info().frames.len() - 1;
        for index in [last / 2, 3, last - 1, last / 3] {
            source.decoder.pretend_device();
            source.seek(index).unwrap();
            truth.seek(index).unwrap();
            assert_same(&mut source, &mut truth, index..index + 2);
            assert_eq!(source.device(), None, "the device has failed at frame {index}");
        }
        source.decoder.pretend_device();
        source.seek(last).unwrap();
        assert_eq!(source.next_frame().unwrap().unwrap().index, last);
        assert!(source.next_frame().unwrap().is_none());
    }

    #[test]
    fn a_device_changes_nothing_of_what_is_decoded_and_none_is_needed() {
        let found = find_decoding_devices();
        let options = DecodeOptions { hardware: true, ..DecodeOptions::default() };
        let (mut source, mut truth) = (demo(options), demo(DecodeOptions::default()));
        assert!(source.device().is_none_or(|device| found.contains(&device)));
        for start in [0, 40, 5] {
            source.seek(start).unwrap();
            truth.seek(start).unwrap();
            for _ in 0..4 {
                let (ours, truth) =
                    (source.next_frame().unwrap().unwrap(), truth.next_frame().unwrap().unwrap());
                // A device gives its differences interleaved; the luma is as it is.
                assert!(ours.index == truth.index && ours.image.y == truth.image.y, "frame {}", truth.index);
            }
        }
    }
}
