//! The sound of a clip, decoded and encoded again for formats that cannot hold it as it is: Opus for WebM, AAC
//! elsewhere, in mono or stereo.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ff::format::Sample;
use ff::format::context::Input;
use ff::format::sample::Type;
use ff::software::resampling;
use ff::{ChannelLayout, Packet, Rational, Rescale, codec, encoder, frame};
use ffmpeg_next as ff;

use super::VideoError;
use super::input::unreadable;
use super::muxer::{Muxer, failed};
use super::sound::PacketSource;

/// Samples a second that Opus works at and AAC takes.
const RATE_HZ: i32 = 48_000;

/// Bits a second for each channel: more than enough for a clip's sound in either codec.
const BITS_PER_CHANNEL: usize = 96_000;

/// Timestamps that are off by less are rounding; a larger hole is filled with silence, as samples have no timestamps
/// of their own.
const HOLE_SAMPLES: i64 = RATE_HZ as i64 / 20;

/// One tick a sample.
const SAMPLE_BASE: Rational = Rational(1, RATE_HZ);

/// Decodes one audio stream and encodes it again.
pub(super) struct AudioEncode {
    path: PathBuf,
    target: PathBuf,
    input: Input,
    stream: usize,
    source_base: Rational,
    decoder: ff::decoder::Audio,
    resampler: Option<resampling::Context>,
    encoder: encoder::audio::Encoder,
    codec_name: &'static str,
    /// Samples wanted, as positions in the clip's time.
    wanted: Range<i64>,
    /// Samples that wait for the encoder, by channel, and the position of the first.
    waiting: Vec<VecDeque<f32>>,
    position: Option<i64>,
    packets: VecDeque<Packet>,
    ended: bool,
    /// Added to the packets' timestamps.
    delay: i64,
}

impl AudioEncode {
    /// Adds a stream for the sound in `stream` of `input`; gives its index too.
    pub(super) fn add(
        muxer: &mut Muxer,
        clip: &Path,
        input: Input,
        stream: usize,
        span: Option<(Range<i64>, Rational)>,
    ) -> Result<(Self, usize), VideoError> {
        let target = muxer.target().to_owned();
        let Some(source) = input.stream(stream) else {
            return Err(unreadable(clip, &ff::Error::StreamNotFound));
        };
        let source_base = source.time_base();
        let name = source.parameters().id().name();
        let unsupported = || VideoError::AudioNotSupported { path: target.clone(), codec: name.to_owned() };
        let decoder = codec::Context::from_parameters(source.parameters())
            .and_then(|context| context.decoder().audio())
            .map_err(|_| unsupported())?;
        let (encoder_name, codec_name) = if muxer.is_webm() { ("libopus", "Opus") } else { ("aac", "AAC") };
        let found = encoder::find_by_name(encoder_name).ok_or_else(unsupported)?;
        let layout = if decoder.channels() == 1 { ChannelLayout::MONO } else { ChannelLayout::STEREO };
        let fail = |error| failed(&target, error);
        let mut encoder = codec::Context::new_with_codec(found).encoder().audio().map_err(fail)?;
        encoder.set_rate(RATE_HZ);
        encoder.set_channel_layout(layout);
        encoder.set_format(Sample::F32(if muxer.is_webm() { Type::Packed } else { Type::Planar }));
        encoder.set_bit_rate(BITS_PER_CHANNEL * layout.channels() as usize);
        encoder.set_time_base(SAMPLE_BASE);
        if muxer.output().format().flags().contains(ff::format::Flags::GLOBAL_HEADER) {
            encoder.set_flags(codec::Flags::GLOBAL_HEADER);
        }
        let encoder = encoder.open_as(found).map_err(fail)?;
        let delay = if muxer.is_webm() { missing_delay(&encoder) } else { 0 };
        let mut added = muxer.output().add_stream(found).map_err(fail)?;
        added.set_parameters(&encoder);
        added.set_time_base(SAMPLE_BASE);
        let index = added.index();
        let wanted = span.map_or(i64::MIN..i64::MAX, |(span, base)| {
            span.start.rescale(base, SAMPLE_BASE)..span.end.rescale(base, SAMPLE_BASE)
        });
        let encode = Self {
            path: clip.to_owned(),
            target,
            stream,
            source_base,
            input,
            decoder,
            resampler: None,
            waiting: vec![VecDeque::new(); layout.channels() as usize],
            encoder,
            codec_name,
            wanted,
            position: None,
            packets: VecDeque::new(),
            ended: false,
            delay,
        };
        Ok((encode, index))
    }

    /// Name of the codec that it is encoded with.
    pub(super) fn codec_name(&self) -> &'static str {
        self.codec_name
    }

    /// Reads, decodes and encodes until there is a packet or the end.
    fn advance(&mut self) -> Result<(), VideoError> {
        let mut packet = Packet::empty();
        let more = match packet.read(&mut self.input) {
            Ok(()) if packet.stream() != self.stream => return Ok(()),
            // A damaged packet is a moment of silence, and no reason to end.
            Ok(()) => self.decoder.send_packet(&packet).is_ok(),
            Err(ff::Error::Eof | ff::Error::InvalidData) => {
                self.ended = true;
                self.decoder.send_eof().is_ok()
            }
            Err(error) => return Err(unreadable(&self.path, &error)),
        };
        let mut decoded = frame::Audio::empty();
        while more && self.decoder.receive_frame(&mut decoded).is_ok() {
            self.take(&mut decoded)?;
        }
        self.encode(self.ended)
    }

    /// Puts the samples of a decoded frame where they belong.
    fn take(&mut self, decoded: &mut frame::Audio) -> Result<(), VideoError> {
        if decoded.samples() == 0 || decoded.rate() == 0 {
            return Ok(());
        }
        if decoded.channel_layout().is_empty() {
            decoded.set_channel_layout(ChannelLayout::default(i32::from(decoded.channels())));
        }
        let begins = decoded.timestamp().map(|pts| pts.rescale(self.source_base, SAMPLE_BASE));
        let end = self.end();
        let begins = match (begins, end) {
            (Some(begins), Some(end)) if (begins - end).abs() <= HOLE_SAMPLES => end,
            (Some(begins), _) => begins,
            (None, end) => end.unwrap_or(0),
        };
        let resampled = self.resample(decoded).map_err(|error| failed(&self.target, error))?;
        let count = resampled.samples() as i64;
        let from = self.wanted.start.max(end.unwrap_or(i64::MIN)).max(begins);
        let to = self.wanted.end.min(begins + count);
        if from < to {
            let position = *self.position.get_or_insert(from);
            let held = self.waiting.first().map_or(0, VecDeque::len) as i64;
            let silence = usize::try_from(from - position - held).unwrap_or(0);
            for (channel, waiting) in self.waiting.iter_mut().enumerate() {
                waiting.extend(std::iter::repeat_n(0.0, silence));
                let samples = resampled.plane::<f32>(channel);
                waiting.extend(&samples[(from - begins) as usize..(to - begins) as usize]);
            }
        }
        self.ended |= begins + count >= self.wanted.end;
        Ok(())
    }

    /// Position after the last sample that was taken.
    fn end(&self) -> Option<i64> {
        let held = self.waiting.first().map_or(0, VecDeque::len) as i64;
        self.position.map(|position| position + held)
    }

    fn resample(&mut self, decoded: &frame::Audio) -> Result<frame::Audio, ff::Error> {
        let (format, layout) = (Sample::F32(Type::Planar), self.encoder.channel_layout());
        let input = resampling::context::Definition {
            format: decoded.format(),
            channel_layout: decoded.channel_layout(),
            rate: decoded.rate(),
        };
        let resampler = match self.resampler.take().filter(|kept| *kept.input() == input) {
            Some(kept) => kept,
            None => resampling::Context::get(
                input.format,
                input.channel_layout,
                input.rate,
                format,
                layout,
                RATE_HZ as u32,
            )?,
        };
        let resampler = self.resampler.insert(resampler);
        // What the resampler holds back from one frame comes out with the next.
        let room = decoded.samples() * RATE_HZ as usize / decoded.rate() as usize + 64;
        let mut out = frame::Audio::new(format, room, layout);
        resampler.run(decoded, &mut out)?;
        Ok(out)
    }

    /// Encodes whole frames; the rest too when `all` is asked for.
    fn encode(&mut self, all: bool) -> Result<(), VideoError> {
        let fail = |target: &Path, error| failed(target, error);
        let size = (self.encoder.frame_size() as usize).max(1);
        loop {
            let held = self.waiting.first().map_or(0, VecDeque::len);
            let Some(position) = self.position.filter(|_| held >= size || (all && held > 0)) else { break };
            let count = held.min(size);
            let frame = self.next_frame(count, position);
            self.position = Some(position + count as i64);
            self.encoder.send_frame(&frame).map_err(|error| fail(&self.target, error))?;
            self.drain()?;
        }
        if all {
            self.encoder.send_eof().map_err(|error| fail(&self.target, error))?;
            self.drain()?;
        }
        Ok(())
    }

    fn next_frame(&mut self, count: usize, position: i64) -> frame::Audio {
        let mut frame = frame::Audio::new(self.encoder.format(), count, self.encoder.channel_layout());
        frame.set_rate(RATE_HZ as u32);
        frame.set_pts(Some(position));
        let channels = self.waiting.len();
        let planar = frame.is_planar();
        for (channel, waiting) in self.waiting.iter_mut().enumerate() {
            let (plane, first, step) = if planar { (channel, 0, 1) } else { (0, channel, channels) };
            let samples = frame.data_mut(plane).as_chunks_mut::<4>().0;
            let targets = samples.iter_mut().skip(first).step_by(step);
            for (target, sample) in targets.zip(waiting.drain(..count)) {
                *target = sample.to_ne_bytes();
            }
        }
        frame
    }

    fn drain(&mut self) -> Result<(), VideoError> {
        loop {
            let mut packet = Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {
                    packet.set_pts(packet.pts().map(|pts| pts.saturating_add(self.delay)));
                    packet.set_dts(packet.dts().map(|dts| dts.saturating_add(self.delay)));
                    self.packets.push_back(packet);
                }
                Err(ff::Error::Eof | ff::Error::Other { errno: ff::error::EAGAIN }) => return Ok(()),
                Err(error) => return Err(failed(&self.target, error)),
            }
        }
    }
}

/// What has to be added to timestamps for WebM, samples.
///
/// Players of Matroska take the codec's delay off every timestamp (RFC 9559, CodecDelay). FFmpeg's muxer adds it first
/// from libavformat 60 on; older ones leave that to the caller, and the sound would come 6.5 ms early.
fn missing_delay(encoder: &encoder::audio::Encoder) -> i64 {
    // SAFETY: the encoder is open, so its context is live; the version function has no state.
    let (padding, version) = unsafe { ((*encoder.as_ptr()).initial_padding, ff::ffi::avformat_version()) };
    if version >> 16 < 60 { padding.into() } else { 0 }
}

impl PacketSource for AudioEncode {
    fn time_base(&self) -> Rational {
        SAMPLE_BASE
    }

    fn next(&mut self) -> Result<Option<Packet>, VideoError> {
        while self.packets.is_empty() && !self.ended {
            self.advance()?;
        }
        Ok(self.packets.pop_front())
    }
}
