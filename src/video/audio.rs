//! The sound of a clip, copied packet by packet without decoding.

use std::path::{Path, PathBuf};

use ff::format::context::Input;
use ff::{Packet, Rational, Rescale, ffi, media};
use ffmpeg_next as ff;

use super::VideoError;
use super::input::{open_input, read_only, unreadable};
use super::muxer::{Muxer, failed};

/// Copies the main audio stream of a clip. Its timestamps keep their place relative to the pictures'.
pub(super) struct AudioCopy {
    path: PathBuf,
    input: Input,
    source_stream: usize,
    target_stream: usize,
    source_base: Rational,
    target_base: Rational,
    shift: i64,
    ahead: Option<Packet>,
}

impl AudioCopy {
    /// Adds the clip's sound to a file that has no header yet; `None` if the clip is silent.
    pub(super) fn add(muxer: &mut Muxer, clip: &Path) -> Result<Option<Self>, VideoError> {
        let mut input = open_input(clip)?;
        let Some(stream) = input.streams().best(media::Type::Audio) else { return Ok(None) };
        let (source_stream, source_base) = (stream.index(), stream.time_base());
        let parameters = stream.parameters();
        if !holds(muxer, parameters.id()) {
            return Err(VideoError::AudioNotSupported {
                path: muxer.target().to_owned(),
                codec: parameters.id().name().to_owned(),
            });
        }
        let target = muxer.target().to_owned();
        let no_encoder: Option<ff::Codec> = None;
        let mut copy = muxer.output().add_stream(no_encoder).map_err(|error| failed(&target, error))?;
        copy.set_parameters(parameters);
        copy.set_time_base(source_base);
        // SAFETY: the stream is live and borrowed mutably; its parameters were allocated with it. The tag is the
        // source container's name of the codec, so the muxer has to choose its own.
        unsafe { (*(*copy.as_mut_ptr()).codecpar).codec_tag = 0 };
        let target_stream = copy.index();
        read_only(&mut input, source_stream);
        Ok(Some(Self {
            path: clip.to_owned(),
            input,
            source_stream,
            target_stream,
            source_base,
            target_base: source_base,
            shift: 0,
            ahead: None,
        }))
    }

    /// Seconds per tick in the clip.
    pub(super) fn source_base(&self) -> Rational {
        self.source_base
    }

    /// Learns the time base that the muxer has chosen when it wrote the header.
    pub(super) fn header_written(&mut self, muxer: &mut Muxer) {
        if let Some(stream) = muxer.output().stream(self.target_stream) {
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

    /// The next packet as the target wants it. Sound that is damaged or cut off ends early, as the clip does.
    fn next_packet(&mut self) -> Result<Option<Packet>, VideoError> {
        if let Some(packet) = self.ahead.take() {
            return Ok(Some(packet));
        }
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.source_stream => {
                    packet.rescale_ts(self.source_base, self.target_base);
                    packet.set_pts(packet.pts().map(|pts| pts + self.shift));
                    packet.set_dts(packet.dts().map(|dts| dts + self.shift));
                    packet.set_stream(self.target_stream);
                    packet.set_position(-1);
                    return Ok(Some(packet));
                }
                Ok(()) => {}
                Err(ff::Error::Eof | ff::Error::InvalidData) => return Ok(None),
                Err(error) => return Err(unreadable(&self.path, &error)),
            }
        }
    }
}

/// Whether the format can hold the codec.
fn holds(muxer: &mut Muxer, codec: ff::codec::Id) -> bool {
    // SAFETY: the output format is one of FFmpeg's constants.
    let answer = unsafe {
        ffi::avformat_query_codec(muxer.output().format().as_ptr(), codec.into(), ffi::FF_COMPLIANCE_NORMAL)
    };
    answer == 1
}
