//! The real [`FrameSink`]: H.264 and the clip's own sound, through FFmpeg.

use std::path::{Path, PathBuf};

use ff::codec::{self, threading};
use ff::format::{self, Pixel};
use ff::frame;
use ff::{Dictionary, Packet, ffi};
use ffmpeg_next as ff;

use super::audio::AudioCopy;
use super::color::written_tags;
use super::ffmpeg::{find_h264_encoder, initialize};
use super::muxer::{Muxer, failed};
use super::rgb::rgba_to_yuv;
use super::{FrameSink, VideoError};
use crate::types::{Rational, YuvColor, YuvImage};

/// Seconds between key frames: short enough to scrub, long enough to stay small.
const KEY_INTERVAL_S: f64 = 2.0;

/// Bits per pixel for encoders that know no constant quality.
const FALLBACK_BITS_PER_PIXEL: f64 = 0.15;

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct SinkOptions {
    /// The file; .mp4, .mov or .mkv says the format.
    pub path: PathBuf,
    /// Pixels across. H.264 in 4:2:0 has even sizes: the last column of an odd width is written twice.
    pub width: u32,
    /// Pixels down. As the width.
    pub height: u32,
    /// Width of a pixel divided by its height.
    pub pixel_aspect: f32,
    /// Matrix and range to encode in.
    pub color: YuvColor,
    /// Seconds per tick of the timestamps. Kept exactly in .mp4 and .mov; .mkv rounds to milliseconds.
    pub time_base: Rational,
    /// Frames a second, for rate control; frames may come at any distance.
    pub average_fps: f64,
    /// The clip whose sound is copied, if it has any. It is never overwritten.
    pub audio_from: Option<PathBuf>,
    /// Constant rate factor of x264: 0 is lossless (which few players read), 18 looks like it, 51 is worst.
    pub crf: u8,
}

/// A clip being written.
pub(super) struct FfmpegSink {
    muxer: Muxer,
    encoder: ff::encoder::video::Encoder,
    audio: Option<AudioCopy>,
    image: YuvImage,
    frame: frame::Video,
    encoder_base: ff::Rational,
    stream: usize,
    stream_base: ff::Rational,
    /// Added to all timestamps, so that a clip that starts before zero starts at zero.
    shift: i64,
    previous: Option<i64>,
}

impl FfmpegSink {
    pub(super) fn create(options: &SinkOptions) -> Result<Self, VideoError> {
        initialize();
        let target = &options.path;
        refuse_source(options)?;
        let reject = |cause: &str| VideoError::Encode { path: target.clone(), cause: cause.to_owned() };
        if options.width == 0 || options.height == 0 || options.width > 16384 || options.height > 16384 {
            return Err(reject("H.264 pictures are 1 to 16384 pixels wide and high"));
        }
        if options.time_base.num <= 0 || options.time_base.den <= 0 {
            return Err(reject("the time base is not positive"));
        }
        let mut muxer = Muxer::create(target)?;
        let global_header = muxer.output().format().flags().contains(format::Flags::GLOBAL_HEADER);
        let encoder = open_encoder(options, global_header)?;
        let encoder_base = ff::Rational(options.time_base.num, options.time_base.den);
        let mut stream =
            muxer.output().add_stream(find_h264_encoder()).map_err(|error| failed(target, error))?;
        stream.set_parameters(&encoder);
        stream.set_time_base(encoder_base);
        stream.set_avg_frame_rate(frame_rate(options));
        // SAFETY: the stream is live and borrowed mutably.
        unsafe { (*stream.as_mut_ptr()).sample_aspect_ratio = pixel_aspect(options).into() };
        let index = stream.index();
        let mut audio = match &options.audio_from {
            Some(clip) => AudioCopy::add(&mut muxer, clip)?,
            None => None,
        };
        let sound_base = audio.as_ref().map(AudioCopy::source_base);
        write_header(&mut muxer, encoder_base, sound_base).map_err(|error| failed(target, error))?;
        if let Some(audio) = &mut audio {
            audio.header_written(&mut muxer);
        }
        let stream_base = muxer.output().stream(index).map_or(encoder_base, |stream| stream.time_base());
        let (width, height) = even_size(options);
        Ok(Self {
            muxer,
            encoder,
            audio,
            image: YuvImage::black(options.width, options.height, options.color),
            frame: frame::Video::new(Pixel::YUV420P, width, height),
            encoder_base,
            stream: index,
            stream_base,
            shift: 0,
            previous: None,
        })
    }

    /// Takes the packets that the encoder has ready, each after the sound that comes before it.
    fn drain(&mut self) -> Result<(), VideoError> {
        loop {
            let mut packet = Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {}
                Err(ff::Error::Eof | ff::Error::Other { errno: ff::error::EAGAIN }) => return Ok(()),
                Err(error) => return Err(failed(self.muxer.target(), error)),
            }
            packet.set_stream(self.stream);
            packet.rescale_ts(self.encoder_base, self.stream_base);
            if let (Some(audio), Some(dts)) = (&mut self.audio, packet.dts()) {
                audio.write_until(&mut self.muxer, Some((dts, self.stream_base)))?;
            }
            self.muxer.write(&packet)?;
        }
    }

    /// Copies the picture into the frame, with the last row and column again where the size is odd.
    fn fill_frame(&mut self) -> Result<(), ff::Error> {
        // SAFETY: the frame is owned and its buffers are reference counted; this allocates new ones if the encoder
        // still holds them.
        let code = unsafe { ffi::av_frame_make_writable(self.frame.as_mut_ptr()) };
        if code < 0 {
            return Err(ff::Error::from(code));
        }
        let image = &self.image;
        let chroma_width = image.width.div_ceil(2);
        for (plane, (samples, width)) in
            [(&image.y, image.width), (&image.u, chroma_width), (&image.v, chroma_width)]
                .into_iter()
                .enumerate()
        {
            let (width, stride) = (width as usize, self.frame.stride(plane));
            let padded = self.frame.plane_width(plane) as usize;
            let rows = self.frame.data_mut(plane).chunks_mut(stride);
            let last = samples.chunks_exact(width).next_back();
            for (target, source) in rows.zip(samples.chunks_exact(width).chain(last)) {
                target[..width].copy_from_slice(source);
                target[width..padded].fill(source[width - 1]);
            }
        }
        Ok(())
    }
}

impl FrameSink for FfmpegSink {
    fn write(&mut self, rgba: &[u8], pts: i64) -> Result<(), VideoError> {
        let path = self.muxer.target();
        if let Some(previous) = self.previous.filter(|&previous| previous >= pts) {
            return Err(VideoError::FramesNotRising { path: path.to_owned(), previous, pts });
        }
        if rgba.len() != self.image.y.len() * 4 {
            let cause = format!("a frame has {} bytes instead of {}", rgba.len(), self.image.y.len() * 4);
            return Err(VideoError::Encode { path: path.to_owned(), cause });
        }
        if self.previous.is_none() && pts < 0 {
            self.shift = pts.saturating_neg();
            if let Some(audio) = &mut self.audio {
                audio.shift_by(self.shift, self.encoder_base);
            }
        }
        rgba_to_yuv(rgba, &mut self.image);
        self.fill_frame().map_err(|error| failed(self.muxer.target(), error))?;
        self.frame.set_pts(Some(pts.saturating_add(self.shift)));
        // What a decoder noted of the picture's kind would otherwise bind the encoder.
        self.frame.set_kind(ff::picture::Type::None);
        self.encoder.send_frame(&self.frame).map_err(|error| failed(self.muxer.target(), error))?;
        self.previous = Some(pts);
        self.drain()
    }

    fn finish(mut self: Box<Self>) -> Result<(), VideoError> {
        if self.previous.is_none() {
            let cause = "no frame was written".to_owned();
            return Err(VideoError::Encode { path: self.muxer.target().to_owned(), cause });
        }
        self.encoder.send_eof().map_err(|error| failed(self.muxer.target(), error))?;
        self.drain()?;
        if let Some(audio) = &mut self.audio {
            audio.write_until(&mut self.muxer, None)?;
        }
        self.muxer.commit()
    }
}

/// Refuses to write over the clip, by whatever name.
fn refuse_source(options: &SinkOptions) -> Result<(), VideoError> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let source = options.audio_from.as_deref().and_then(real);
    if source.is_some() && source == real(&options.path) {
        return Err(VideoError::OverwritesSource { path: options.path.clone() });
    }
    Ok(())
}

fn open_encoder(
    options: &SinkOptions,
    global_header: bool,
) -> Result<ff::encoder::video::Encoder, VideoError> {
    let fail = |error| failed(&options.path, error);
    let codec = find_h264_encoder().ok_or(VideoError::NoEncoder)?;
    let mut encoder = codec::Context::new_with_codec(codec).encoder().video().map_err(fail)?;
    let (width, height) = even_size(options);
    encoder.set_width(width);
    encoder.set_height(height);
    encoder.set_format(Pixel::YUV420P);
    encoder.set_aspect_ratio(pixel_aspect(options));
    encoder.set_time_base(ff::Rational(options.time_base.num, options.time_base.den));
    encoder.set_frame_rate(Some(frame_rate(options)));
    let fps = f64::from(frame_rate(options));
    encoder.set_gop((KEY_INTERVAL_S * fps).round().clamp(1.0, 600.0) as u32);
    // No count means as many as the processor has.
    encoder.set_threading(threading::Config::default());
    let (matrix, range, primaries, transfer) = written_tags(options.color);
    encoder.set_colorspace(matrix);
    encoder.set_color_range(range);
    encoder.set_color_primaries(primaries);
    encoder.set_color_transfer_characteristic(transfer);
    if global_header {
        encoder.set_flags(codec::Flags::GLOBAL_HEADER);
    }
    let mut settings = Dictionary::new();
    if codec.name() == "libx264" {
        settings.set("preset", "fast");
        settings.set("crf", &options.crf.min(51).to_string());
    } else {
        encoder.set_bit_rate((f64::from(width * height) * fps * FALLBACK_BITS_PER_PIXEL) as usize);
    }
    encoder.open_as_with(codec, settings).map_err(fail)
}

/// Writes the header. In MP4 and MOV the video track counts in the source's ticks, and the file in ticks that those
/// of the pictures and of the sound are multiples of, so that no timestamp and no start is rounded; the index comes
/// first, so that the file plays while it loads.
fn write_header(
    muxer: &mut Muxer,
    picture_base: ff::Rational,
    sound_base: Option<ff::Rational>,
) -> Result<(), ff::Error> {
    let ticks = picture_base.denominator();
    let common = sound_base.and_then(|base| common_multiple(ticks, base.denominator())).unwrap_or(ticks);
    let mut settings = Dictionary::new();
    if muxer.output().format().name() != "matroska" {
        settings.set("movflags", "+faststart");
        settings.set("video_track_timescale", &ticks.to_string());
        settings.set("movie_timescale", &common.to_string());
    }
    muxer.output().write_header_with(settings)?;
    Ok(())
}

/// The least common multiple of two positive numbers, if it is small enough for a time scale.
fn common_multiple(a: i32, b: i32) -> Option<i32> {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor).checked_mul(b)
}

fn even_size(options: &SinkOptions) -> (u32, u32) {
    (options.width.next_multiple_of(2), options.height.next_multiple_of(2))
}

fn frame_rate(options: &SinkOptions) -> ff::Rational {
    let fps = if options.average_fps.is_finite() { options.average_fps } else { 0.0 };
    ratio(fps.clamp(0.1, 1000.0), 100_000)
}

fn pixel_aspect(options: &SinkOptions) -> ff::Rational {
    let aspect = f64::from(options.pixel_aspect);
    if aspect.is_finite() && aspect > 0.0 {
        ratio(aspect.clamp(0.01, 100.0), 1000)
    } else {
        ff::Rational(1, 1)
    }
}

/// The fraction nearest to a value, with numerator and denominator no larger than `limit`.
fn ratio(value: f64, limit: i32) -> ff::Rational {
    match ff::Rational::from(value).reduce_with_limit(limit) {
        Ok(exact) | Err(exact) => exact,
    }
}
