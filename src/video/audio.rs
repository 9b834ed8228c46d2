//! The sound of a clip, copied packet by packet without decoding.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ff::format::context::Input;
use ff::{Packet, Rational};
use ffmpeg_next as ff;

use super::VideoError;
use super::input::unreadable;
use super::sound::{PacketSource, is_before};

/// Reads the packets of one audio stream.
pub(super) struct AudioCopy {
    path: PathBuf,
    input: Input,
    stream: usize,
    base: Rational,
    span: Option<(Range<i64>, Rational)>,
}

impl AudioCopy {
    /// The packets of `stream`; only those that begin within `span`, if there is one.
    pub(super) fn new(
        path: &Path,
        input: Input,
        stream: usize,
        span: Option<(Range<i64>, Rational)>,
    ) -> Self {
        let base = input.stream(stream).map_or(Rational(1, 1), |stream| stream.time_base());
        Self { path: path.to_owned(), input, stream, base, span }
    }
}

impl PacketSource for AudioCopy {
    fn time_base(&self) -> Rational {
        self.base
    }

    /// Sound that is damaged or cut off ends early, as the clip does.
    fn next(&mut self) -> Result<Option<Packet>, VideoError> {
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.stream => {
                    if let (Some((span, base)), Some(start)) = (&self.span, packet.pts().or(packet.dts())) {
                        if is_before(start, self.base, span.start, *base) {
                            continue;
                        }
                        if !is_before(start, self.base, span.end, *base) {
                            return Ok(None);
                        }
                    }
                    return Ok(Some(packet));
                }
                Ok(()) => {}
                Err(ff::Error::Eof | ff::Error::InvalidData) => return Ok(None),
                Err(error) => return Err(unreadable(&self.path, &error)),
            }
        }
    }
}
