//! Reading and writing video: the only room that knows FFmpeg.
//!
//! [`open`] gives the frames of a clip, upright, in presentation order and numbered exactly; [`create`] makes a new
//! clip beside its target and puts it in place when it is whole. [`fake`] has both seams without files.

mod audio;
mod audio_encode;
mod blend;
mod coded_frame;
mod color;
mod decoder;
mod demux;
mod disposable;
mod encoding;
mod error;
#[doc(hidden)]
pub mod fake;
mod ffmpeg;
mod hardware;
mod index_cache;
mod input;
mod layout;
mod muxer;
mod orientation;
mod pcm;
mod picture_encoder;
mod pictures;
mod planes;
mod quick_index;
mod rgb;
mod rgb_any;
mod sink;
mod sound;
mod source;
mod tags;
mod timeline;
mod tone;

use std::path::Path;
use std::sync::Arc;

use crate::types::{ClipInfo, RgbImage, VideoFrame, YuvImage};

pub use blend::{Patch, blend};
pub use encoding::{Codec, Encoding, Quality, Rate, codecs, h264_encoder};
pub use error::{Severity, VideoError};
pub use ffmpeg::{initialize, version};
pub use hardware::{find_decoding_devices, offered_decoding_devices};
pub use index_cache::keep_indexes_in;
pub use pcm::{SOUND_CHANNELS, SoundBlock, SoundReader};
pub use rgb::{rgba_to_yuv, yuv_to_rgb};
pub use sink::SinkOptions;
pub use source::DecodeOptions;

/// One decoding step of a [`FrameSource`].
#[derive(Debug)]
pub enum Advance {
    /// The frame that was sought.
    Frame(VideoFrame),
    /// A frame before the one that is sought was decoded on the way to it.
    Passed(u64),
    /// There is no more.
    End,
}

/// What can be shown of a clip before its frames are counted.
#[derive(Clone, Debug)]
pub struct FirstPicture {
    /// The picture.
    pub image: Arc<YuvImage>,
    /// Width of a pixel divided by its height.
    pub pixel_aspect: f32,
}

/// Something that gives the frames of one clip.
///
/// Frames come upright, in presentation order, each with its own timestamp and its index in
/// [`ClipInfo::frames`].
pub trait FrameSource: Send {
    /// What is known of the clip.
    fn info(&self) -> &ClipInfo;

    /// The next frame, or `None` after the last.
    ///
    /// # Errors
    /// A frame that cannot be decoded is [`VideoError::BadFrame`] (a warning: call again for the one after it);
    /// anything else ends the clip.
    fn next_frame(&mut self) -> Result<Option<VideoFrame>, VideoError>;

    /// Decodes one frame on the way to the next one, so that a long way can be left or shown.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame).
    fn advance(&mut self) -> Result<Advance, VideoError> {
        Ok(self.next_frame()?.map_or(Advance::End, Advance::Frame))
    }

    /// The frame that was [passed](Advance::Passed) last, where it can be shown.
    fn passed(&mut self) -> Option<VideoFrame> {
        None
    }

    /// The device that decodes; `None` in software. It may change at any jump.
    fn device(&self) -> Option<&'static str> {
        None
    }

    /// Most frames that have to be decoded on the way to one.
    fn longest_group(&self) -> u64 {
        1
    }

    /// Makes frame `index` the next one that [`next_frame`](Self::next_frame) gives; past the end, there is none.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    fn seek(&mut self, index: u64) -> Result<(), VideoError>;
}

/// Something that takes the frames of a new clip. Dropped before [`finish`](Self::finish), it leaves no file.
pub trait FrameSink: Send {
    /// What the user should know of how the clip is written: sound that is encoded again, for instance.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// Adds one frame: packed 8-bit R'G'B'A (not multiplied by alpha, which only codecs that have one keep), rows
    /// without padding, at timestamp `pts` of the
    /// source's time base. Timestamps must rise.
    ///
    /// # Errors
    /// When the frame cannot be encoded or written (a full disk, for instance).
    fn write(&mut self, rgba: &[u8], pts: i64) -> Result<(), VideoError>;

    /// Adds one frame as [`write`](Self::write) does, from a decoded picture of the sink's size.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn write_picture(&mut self, picture: &YuvImage, pts: i64) -> Result<(), VideoError> {
        self.write(&opaque(picture), pts)
    }

    /// Writes a part of what is still held back; `true` once nothing is. No frame may be written after it.
    ///
    /// # Errors
    /// When it cannot be encoded or written.
    fn flush(&mut self) -> Result<bool, VideoError> {
        Ok(true)
    }

    /// The half-written file, where there is one: whoever cannot wait for an encoder to end removes it himself.
    fn half_written(&self) -> Option<&Path> {
        None
    }

    /// Writes what is still held back, closes the file and puts it in its place.
    ///
    /// # Errors
    /// When something cannot be written; nothing is left behind then.
    fn finish(self: Box<Self>) -> Result<(), VideoError>;
}

/// A decoded picture as packed R'G'B'A without transparency.
fn opaque(picture: &YuvImage) -> Vec<u8> {
    let mut rgb = RgbImage::default();
    yuv_to_rgb(picture, &mut rgb);
    rgb.data.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect()
}

/// Opens a clip for reading.
///
/// The times of all packets of the video stream are learnt first, so that frame numbers are exact: from the tables of an
/// MP4 or MOV, from an earlier reading, or by reading the file once (see [`keep_indexes_in`]).
///
/// # Errors
/// See [`VideoError`]: missing, unreadable, no video in it, no frames.
pub fn open(path: &Path, options: &DecodeOptions) -> Result<Box<dyn FrameSource>, VideoError> {
    open_showing(path, options, &mut |_| {})
}

/// Opens a clip for reading, as [`open`] does; `first` gets the first picture of a large one before its frames are
/// counted.
///
/// # Errors
/// As [`open`].
pub fn open_showing(
    path: &Path,
    options: &DecodeOptions,
    first: &mut dyn FnMut(FirstPicture),
) -> Result<Box<dyn FrameSource>, VideoError> {
    Ok(Box::new(source::FfmpegSource::open(path, options, first)?))
}

/// Begins a new clip. Nothing appears under its name before [`FrameSink::finish`].
///
/// # Errors
/// See [`VideoError`]: a format, folder or sound that does not do, or the clip itself as target.
pub fn create(options: &SinkOptions) -> Result<Box<dyn FrameSink>, VideoError> {
    Ok(Box::new(sink::FfmpegSink::create(options)?))
}
