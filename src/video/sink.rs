//! The real [`FrameSink`]: pictures in any of the codecs and the clip's own sound, through FFmpeg.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ff::format;
use ff::{Dictionary, Packet};
use ffmpeg_next as ff;

use super::coded_frame::CodedFrame;
use super::color::written_tags;
use super::encoding::{self, Codec, Encoding, Shape};
use super::ffmpeg::initialize;
use super::muxer::{Muxer, failed};
use super::picture_encoder::PictureEncoder;
use super::sound::SoundTrack;
use super::{FrameSink, VideoError, opaque};
use crate::types::{Rational, YuvColor, YuvImage};

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct SinkOptions {
    /// The file; .mp4, .mov, .mkv or .webm says the format.
    pub path: PathBuf,
    /// Pixels across. 4:2:0 has even sizes: the last column of an odd width is written twice.
    pub width: u32,
    /// Pixels down. As the width.
    pub height: u32,
    /// Width of a pixel divided by its height.
    pub pixel_aspect: f32,
    /// Matrix and range to encode in.
    pub color: YuvColor,
    /// Seconds per tick of the timestamps. Kept exactly in .mp4 and .mov; .mkv and .webm round to milliseconds.
    pub time_base: Rational,
    /// Frames a second, for rate control; frames may come at any distance.
    pub average_fps: f64,
    /// The clip that it is made from, which is never overwritten.
    pub made_from: Option<PathBuf>,
    /// Whether that clip's sound is taken, if it has any: copied where the format holds its codec, else encoded again.
    pub sound: bool,
    /// Timestamps of the first frame and of the end of the last, where only that part of the clip is written: it
    /// starts at zero then, with the sound that begins within. Otherwise timestamps and sound stay as they are.
    pub span: Option<Range<i64>>,
    /// How pictures are coded.
    pub encoding: Encoding,
}

/// A clip being written.
pub(super) struct FfmpegSink {
    muxer: Muxer,
    encoder: PictureEncoder,
    sound: Option<SoundTrack>,
    frame: CodedFrame,
    frame_bytes: usize,
    encoder_base: ff::Rational,
    stream: usize,
    stream_base: ff::Rational,
    /// Added to all timestamps, so that a part of a clip, and a clip that starts before zero, starts at zero.
    shift: i64,
    previous: Option<i64>,
    notes: Vec<String>,
}

impl FfmpegSink {
    pub(super) fn create(options: &SinkOptions) -> Result<Self, VideoError> {
        initialize();
        let target = &options.path;
        refuse_source(options)?;
        let reject = |cause: &str| VideoError::Encode { path: target.clone(), cause: cause.to_owned() };
        if options.width == 0 || options.height == 0 || options.width > 16384 || options.height > 16384 {
            return Err(reject("pictures are 1 to 16384 pixels wide and high"));
        }
        if options.time_base.num <= 0 || options.time_base.den <= 0 {
            return Err(reject("the time base is not positive"));
        }
        let fail = |error| failed(target, error);
        let mut muxer = Muxer::create(target)?;
        let codec = chosen_codec(options, &mut muxer)?;
        let global_header = muxer.output().format().flags().contains(format::Flags::GLOBAL_HEADER);
        let opened = encoding::open(codec, &options.encoding, &shape(options, codec, global_header))
            .map_err(|failure| failure.of(target))?;
        let encoder_base = ff::Rational(options.time_base.num, options.time_base.den);
        let index = add_stream(&mut muxer, &opened, codec, options).map_err(fail)?;
        let span = options.span.clone().map(|span| (span, encoder_base));
        let mut sound = match options.made_from.as_deref().filter(|_| options.sound) {
            Some(clip) => SoundTrack::add(&mut muxer, clip, span)?,
            None => None,
        };
        let sound_base = sound.as_ref().map(SoundTrack::source_base);
        write_header(&mut muxer, encoder_base, sound_base).map_err(fail)?;
        let shift = options.span.as_ref().map_or(0, |span| span.start.saturating_neg());
        if let Some(sound) = &mut sound {
            sound.header_written(&mut muxer);
            sound.shift_by(shift, encoder_base);
        }
        let stream_base = muxer.output().stream(index).map_or(encoder_base, |stream| stream.time_base());
        let fell_back = opened.fell_back.then(|| {
            let (codec, encoder) = (codec.name(), opened.codec.name());
            format!("no {codec} encoder in hardware works here; {encoder} does it in software")
        });
        let of_sound = sound.as_ref().and_then(SoundTrack::note).cloned();
        Ok(Self {
            frame: CodedFrame::new(codec, options.width, options.height, options.color).map_err(fail)?,
            frame_bytes: options.width as usize * options.height as usize * 4,
            muxer,
            encoder: opened.encoder,
            notes: fell_back.into_iter().chain(of_sound).collect(),
            sound,
            encoder_base,
            stream: index,
            stream_base,
            shift,
            previous: None,
        })
    }

    /// Sees that the next frame comes after the last, and puts a clip that starts before zero at zero.
    fn check_order(&mut self, pts: i64) -> Result<(), VideoError> {
        if let Some(previous) = self.previous.filter(|&previous| previous >= pts) {
            return Err(VideoError::FramesNotRising { path: self.muxer.target().to_owned(), previous, pts });
        }
        if self.previous.is_none() && pts.saturating_add(self.shift) < 0 {
            self.shift = pts.saturating_neg();
            if let Some(sound) = &mut self.sound {
                sound.shift_by(self.shift, self.encoder_base);
            }
        }
        Ok(())
    }

    /// Writes the next packet that the encoder has ready, after the sound that comes before it; `false` where it has
    /// none.
    fn write_packet(&mut self) -> Result<bool, VideoError> {
        let mut packet = Packet::empty();
        let ready = self.encoder.receive(&mut packet);
        if !ready.map_err(|error| failed(self.muxer.target(), error))? {
            return Ok(false);
        }
        packet.set_stream(self.stream);
        packet.rescale_ts(self.encoder_base, self.stream_base);
        if let (Some(sound), Some(dts)) = (&mut self.sound, packet.dts()) {
            sound.write_until(&mut self.muxer, Some((dts, self.stream_base)))?;
        }
        self.muxer.write(&packet)?;
        Ok(true)
    }
}

impl FrameSink for FfmpegSink {
    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn write(&mut self, rgba: &[u8], pts: i64) -> Result<(), VideoError> {
        self.check_order(pts)?;
        if rgba.len() != self.frame_bytes {
            let cause = format!("a frame has {} bytes instead of {}", rgba.len(), self.frame_bytes);
            return Err(VideoError::Encode { path: self.muxer.target().to_owned(), cause });
        }
        let frame = self.frame.fill(rgba).map_err(|error| failed(self.muxer.target(), error))?;
        let sent = self.encoder.send(frame, pts.saturating_add(self.shift));
        sent.map_err(|error| failed(self.muxer.target(), error))?;
        self.previous = Some(pts);
        while self.write_packet()? {}
        Ok(())
    }

    fn write_picture(&mut self, picture: &YuvImage, pts: i64) -> Result<(), VideoError> {
        self.check_order(pts)?;
        let filled = self.frame.fill_decoded(picture).map_err(|error| failed(self.muxer.target(), error))?;
        let Some(frame) = filled else {
            return self.write(&opaque(picture), pts);
        };
        let sent = self.encoder.send(frame, pts.saturating_add(self.shift));
        sent.map_err(|error| failed(self.muxer.target(), error))?;
        self.previous = Some(pts);
        while self.write_packet()? {}
        Ok(())
    }

    fn flush(&mut self) -> Result<bool, VideoError> {
        if self.previous.is_none() {
            let cause = "no frame was written".to_owned();
            return Err(VideoError::Encode { path: self.muxer.target().to_owned(), cause });
        }
        self.encoder.end().map_err(|error| failed(self.muxer.target(), error))?;
        Ok(!self.write_packet()?)
    }

    fn half_written(&self) -> Option<&Path> {
        Some(self.muxer.half_written())
    }

    fn finish(mut self: Box<Self>) -> Result<(), VideoError> {
        while !self.flush()? {}
        if let Some(sound) = &mut self.sound {
            sound.write_until(&mut self.muxer, None)?;
        }
        self.muxer.commit()
    }
}

/// Refuses to write over the clip, by whatever name.
fn refuse_source(options: &SinkOptions) -> Result<(), VideoError> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let source = options.made_from.as_deref().and_then(real);
    if source.is_some() && source == real(&options.path) {
        return Err(VideoError::OverwritesSource { path: options.path.clone() });
    }
    Ok(())
}

/// The codec asked for, or the format's usual one.
fn chosen_codec(options: &SinkOptions, muxer: &mut Muxer) -> Result<Codec, VideoError> {
    let usual = if muxer.is_webm() { Codec::Vp9 } else { Codec::H264 };
    let codec = options.encoding.codec.unwrap_or(usual);
    if codec.goes_into(muxer.output().format().name()) {
        return Ok(codec);
    }
    Err(VideoError::CodecNotSupported { path: options.path.clone(), codec: codec.name() })
}

fn shape(options: &SinkOptions, codec: Codec, global_header: bool) -> Shape {
    let (width, height) = CodedFrame::size(codec, options.width, options.height);
    Shape {
        width,
        height,
        pixel_aspect: pixel_aspect(options),
        time_base: ff::Rational(options.time_base.num, options.time_base.den),
        frame_rate: frame_rate(options),
        tags: written_tags(options.color),
        global_header,
        intra: options.encoding.intra,
    }
}

/// Adds the pictures' stream; gives its index.
fn add_stream(
    muxer: &mut Muxer,
    opened: &encoding::OpenEncoder,
    codec: Codec,
    options: &SinkOptions,
) -> Result<usize, ff::Error> {
    // Apple's players know HEVC by this tag alone.
    let tag = (codec == Codec::Hevc && muxer.is_mp4()).then_some(u32::from_le_bytes(*b"hvc1"));
    let mut stream = muxer.output().add_stream(opened.codec)?;
    stream.set_parameters(opened.encoder.inner());
    stream.set_time_base(ff::Rational(options.time_base.num, options.time_base.den));
    stream.set_avg_frame_rate(frame_rate(options));
    // SAFETY: the stream is live and borrowed mutably; its parameters were allocated with it.
    unsafe {
        let stream = stream.as_mut_ptr();
        (*stream).sample_aspect_ratio = pixel_aspect(options).into();
        if let Some(tag) = tag {
            (*(*stream).codecpar).codec_tag = tag;
        }
    }
    Ok(stream.index())
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
    if muxer.is_mp4() {
        settings.set("movflags", "+faststart");
        settings.set("video_track_timescale", &ticks.to_string());
        settings.set("movie_timescale", &common.to_string());
    }
    if muxer.is_webm() {
        // Opus begins before zero by what its decoders skip, which the format can say; the pictures stay in place.
        settings.set("avoid_negative_ts", "disabled");
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
