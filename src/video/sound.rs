//! The sound of a clip as a stream of the new one: copied where the format takes it, else encoded again.

use std::ops::Range;
use std::path::Path;

use ff::{Packet, Rational, Rescale, media};
use ffmpeg_next as ff;

use super::VideoError;
use super::audio::AudioCopy;
use super::audio_encode::AudioEncode;
use super::input::{open_input, read_only};
use super::muxer::{Muxer, failed};

/// Something that gives packets of sound, in order.
pub(super) trait PacketSource: Send {
    /// Seconds per tick of the packets' timestamps.
    fn time_base(&self) -> Rational;

    /// The next packet, or `None` after the last.
    fn next(&mut self) -> Result<Option<Packet>, VideoError>;
}

/// The sound's stream in the file that is written.
pub(super) struct SoundTrack {
    packets: Box<dyn PacketSource>,
    stream: usize,
    target_base: Rational,
    shift: i64,
    ahead: Option<Packet>,
    note: Option<String>,
}

impl SoundTrack {
    /// Adds the main sound of `clip` (of `span` alone, if there is one: timestamps and their time base) to a file that
    /// has no header yet; `None` if the clip is silent.
    pub(super) fn add(
        muxer: &mut Muxer,
        clip: &Path,
        span: Option<(Range<i64>, Rational)>,
    ) -> Result<Option<Self>, VideoError> {
        let mut input = open_input(clip)?;
        let Some(stream) = input.streams().best(media::Type::Audio) else { return Ok(None) };
        let (source, base) = (stream.index(), stream.time_base());
        let parameters = stream.parameters();
        read_only(&mut input, source);
        if !muxer.holds(parameters.id()) {
            let name = parameters.id().name();
            let (encoded, stream) = AudioEncode::add(muxer, clip, input, source, span)?;
            let note = format!(
                "this format cannot hold the clip's {name} sound, so it is encoded again as {}",
                encoded.codec_name()
            );
            return Ok(Some(Self::new(Box::new(encoded), stream, Some(note))));
        }
        let target = muxer.target().to_owned();
        let no_encoder: Option<ff::Codec> = None;
        let mut copy = muxer.output().add_stream(no_encoder).map_err(|error| failed(&target, error))?;
        copy.set_parameters(parameters);
        copy.set_time_base(base);
        // SAFETY: the stream is live and borrowed mutably; its parameters were allocated with it. The tag is the
        // source container's name of the codec, so the muxer has to choose its own.
        unsafe { (*(*copy.as_mut_ptr()).codecpar).codec_tag = 0 };
        let stream = copy.index();
        Ok(Some(Self::new(Box::new(AudioCopy::new(clip, input, source, span)), stream, None)))
    }

    fn new(packets: Box<dyn PacketSource>, stream: usize, note: Option<String>) -> Self {
        let target_base = packets.time_base();
        Self { packets, stream, target_base, shift: 0, ahead: None, note }
    }

    /// What the user should know of it.
    pub(super) fn note(&self) -> Option<&String> {
        self.note.as_ref()
    }

    /// Seconds per tick before the header is written.
    pub(super) fn source_base(&self) -> Rational {
        self.packets.time_base()
    }

    /// Learns the time base that the muxer has chosen when it wrote the header.
    pub(super) fn header_written(&mut self, muxer: &mut Muxer) {
        if let Some(stream) = muxer.output().stream(self.stream) {
            self.target_base = stream.time_base();
        }
    }

    /// Moves all packets by this time, as the pictures are moved.
    pub(super) fn shift_by(&mut self, ticks: i64, base: Rational) {
        self.shift = ticks.rescale(base, self.target_base);
    }

    /// Writes the packets before `limit` (a timestamp and its time base), or all that are left.
    pub(super) fn write_until(
        &mut self,
        muxer: &mut Muxer,
        limit: Option<(i64, Rational)>,
    ) -> Result<(), VideoError> {
        let limit = limit.map(|(timestamp, base)| timestamp.rescale(base, self.target_base));
        while let Some(packet) = self.next_packet()? {
            let start = packet.dts().or(packet.pts());
            if limit.is_some_and(|limit| start.is_some_and(|start| start > limit)) {
                self.ahead = Some(packet);
                break;
            }
            muxer.write(&packet)?;
        }
        Ok(())
    }

    /// The next packet as the target wants it.
    fn next_packet(&mut self) -> Result<Option<Packet>, VideoError> {
        if let Some(packet) = self.ahead.take() {
            return Ok(Some(packet));
        }
        let Some(mut packet) = self.packets.next()? else { return Ok(None) };
        packet.rescale_ts(self.packets.time_base(), self.target_base);
        packet.set_pts(packet.pts().map(|pts| pts.saturating_add(self.shift)));
        packet.set_dts(packet.dts().map(|dts| dts.saturating_add(self.shift)));
        packet.set_stream(self.stream);
        packet.set_position(-1);
        Ok(Some(packet))
    }
}

/// Whether one timestamp is before another, each in its own time base; exact.
pub(super) fn is_before(a: i64, a_base: Rational, b: i64, b_base: Rational) -> bool {
    let scaled = |ticks: i64, base: Rational, other: Rational| {
        i128::from(ticks) * i128::from(base.numerator()) * i128::from(other.denominator())
    };
    scaled(a, a_base, b_base) < scaled(b, b_base, a_base)
}
