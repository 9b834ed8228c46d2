//! The sound of a clip as samples, to be played.

use std::path::{Path, PathBuf};

use ff::format::Sample;
use ff::format::context::Input;
use ff::format::sample::Type;
use ff::software::resampling;
use ff::{ChannelLayout, Packet, codec, ffi, frame, media};
use ffmpeg_next as ff;

use super::VideoError;
use super::input::{open_input, read_only, unreadable};

/// Channels of the samples.
pub const SOUND_CHANNELS: usize = 2;

/// Samples that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundBlock {
    /// When the first one is heard, seconds of the stream's own time.
    pub start_s: f64,
    /// Left and right alternating.
    pub samples: Vec<f32>,
}

/// Decodes the sound of a clip in stereo at one rate.
pub struct SoundReader {
    path: PathBuf,
    input: Input,
    stream: usize,
    seconds_per_tick: f64,
    decoder: ff::decoder::Audio,
    resampler: Option<resampling::Context>,
    rate_hz: u32,
    ended: bool,
}

// SAFETY: the contexts are plain heap memory without ties to the thread that made them, and the reader is their only
// owner; all use is through `&mut self`.
unsafe impl Send for SoundReader {}

impl std::fmt::Debug for SoundReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoundReader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SoundReader {
    /// The sound of `path` at `rate_hz` samples a second; `None` where there is none that can be decoded.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(path: &Path, rate_hz: u32) -> Result<Option<Self>, VideoError> {
        let mut input = open_input(path)?;
        let Some(stream) = input.streams().best(media::Type::Audio) else { return Ok(None) };
        let base = f64::from(stream.time_base());
        let index = stream.index();
        let decoder = codec::Context::from_parameters(stream.parameters())
            .and_then(|context| context.decoder().audio());
        let Ok(decoder) = decoder else { return Ok(None) };
        read_only(&mut input, index);
        Ok(Some(Self {
            path: path.to_owned(),
            input,
            stream: index,
            seconds_per_tick: base,
            decoder,
            resampler: None,
            rate_hz,
            ended: false,
        }))
    }

    /// Makes the next block one that begins at or before `seconds` of the stream's own time, as well as the format can.
    pub fn seek(&mut self, seconds: f64) {
        let timestamp = (seconds / self.seconds_per_tick) as i64;
        let stream = i32::try_from(self.stream).unwrap_or(0);
        // SAFETY: the context is live and borrowed mutably, and the stream index is one of its own. Where it cannot seek,
        // reading goes on from where it is.
        unsafe { ffi::av_seek_frame(self.input.as_mut_ptr(), stream, timestamp, ffi::AVSEEK_FLAG_BACKWARD) };
        self.decoder.flush();
        self.resampler = None;
        self.ended = false;
    }

    /// The next samples, or `None` at the end of the sound. Damaged packets are left out.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn next_block(&mut self) -> Result<Option<SoundBlock>, VideoError> {
        let mut decoded = frame::Audio::empty();
        loop {
            if self.decoder.receive_frame(&mut decoded).is_ok() {
                if let Some(block) = self.block(&mut decoded) {
                    return Ok(Some(block));
                }
                continue;
            }
            if self.ended {
                return Ok(None);
            }
            let mut packet = Packet::empty();
            let sent = match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.stream => self.decoder.send_packet(&packet),
                Ok(()) => Ok(()),
                Err(ff::Error::Eof | ff::Error::InvalidData) => {
                    self.ended = true;
                    self.decoder.send_eof()
                }
                Err(error) => return Err(unreadable(&self.path, &error)),
            };
            if let Err(error) = sent {
                tracing::debug!("a packet of sound is left out: {error}");
            }
        }
    }

    fn block(&mut self, decoded: &mut frame::Audio) -> Option<SoundBlock> {
        let start_s = decoded.timestamp()? as f64 * self.seconds_per_tick;
        if decoded.samples() == 0 || decoded.rate() == 0 {
            return None;
        }
        if decoded.channel_layout().is_empty() {
            decoded.set_channel_layout(ChannelLayout::default(i32::from(decoded.channels())));
        }
        let from = resampling::context::Definition {
            format: decoded.format(),
            channel_layout: decoded.channel_layout(),
            rate: decoded.rate(),
        };
        let format = Sample::F32(Type::Packed);
        let resampler = match self.resampler.take().filter(|kept| *kept.input() == from) {
            Some(kept) => kept,
            None => resampling::Context::get(
                from.format,
                from.channel_layout,
                from.rate,
                format,
                ChannelLayout::STEREO,
                self.rate_hz,
            )
            .ok()?,
        };
        let resampler = self.resampler.insert(resampler);
        // What the resampler holds back from one frame comes out with the next.
        let room = decoded.samples() * self.rate_hz as usize / decoded.rate() as usize + 64;
        let mut out = frame::Audio::new(format, room, ChannelLayout::STEREO);
        resampler.run(decoded, &mut out).ok()?;
        let bytes = out.data(0).as_chunks::<4>().0;
        let samples =
            bytes.iter().take(out.samples() * SOUND_CHANNELS).map(|b| f32::from_ne_bytes(*b)).collect();
        Some(SoundBlock { start_s, samples })
    }
}
