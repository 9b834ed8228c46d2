//! The best video stream of a file, packet by packet.

use std::path::Path;

use ff::codec::packet::Ref;
use ff::format::context::Input;
use ff::format::stream::Disposition;
use ff::{Packet, Stream, ffi, media};
use ffmpeg_next as ff;

use super::VideoError;
use super::input::{open_input, read_only, unreadable};

/// Damaged places in a row that reading steps over before it gives up.
const MAX_RESYNCS: u32 = 1000;

/// Reads the packets of the best video stream; those of all other streams are left unread.
pub(super) struct Demuxer {
    input: Input,
    stream: usize,
}

impl Demuxer {
    /// Opens a file. A cover picture does not count as video.
    pub(super) fn open(path: &Path) -> Result<Self, VideoError> {
        let mut input = open_input(path)?;
        let stream = input
            .streams()
            .best(media::Type::Video)
            .filter(|stream| !stream.disposition().contains(Disposition::ATTACHED_PIC))
            .map(|stream| stream.index())
            .ok_or_else(|| VideoError::NoVideoStream { path: path.to_owned() })?;
        read_only(&mut input, stream);
        Ok(Self { input, stream })
    }

    /// The file's streams.
    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    /// The video stream.
    pub(super) fn stream(&self, path: &Path) -> Result<Stream<'_>, VideoError> {
        self.input.stream(self.stream).ok_or_else(|| VideoError::NoVideoStream { path: path.to_owned() })
    }

    /// Number of the video stream.
    pub(super) fn number(&self) -> usize {
        self.stream
    }

    /// The next packet in decoding order, or `None` at the end of the file. Damaged places are stepped over.
    pub(super) fn next_packet(&mut self, path: &Path) -> Result<Option<Packet>, VideoError> {
        let mut resyncs = 0;
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.stream => return Ok(Some(packet)),
                Ok(()) => {}
                Err(ff::Error::Eof) => return Ok(None),
                Err(ff::Error::InvalidData) if resyncs < MAX_RESYNCS => resyncs += 1,
                Err(ff::Error::InvalidData) => return Ok(None),
                Err(error) => return Err(unreadable(path, &error)),
            }
        }
    }

    /// Moves to a key frame at or before `timestamp`, in the stream's time base, as well as the format can; the
    /// packets that follow say where it really landed.
    pub(super) fn seek(&mut self, timestamp: i64) -> bool {
        let stream = i32::try_from(self.stream).unwrap_or(0);
        // SAFETY: the context is live and borrowed mutably, and the stream index is one of its own.
        let code = unsafe {
            ffi::av_seek_frame(self.input.as_mut_ptr(), stream, timestamp, ffi::AVSEEK_FLAG_BACKWARD)
        };
        code >= 0
    }
}

/// Whether the container says that the packet's picture is decoded but not shown (outside the edit list).
pub(super) fn is_hidden(packet: &Packet) -> bool {
    // SAFETY: the pointer is the packet's own, valid while it is borrowed.
    let flags = unsafe { (*packet.as_ptr()).flags };
    flags & ffi::AV_PKT_FLAG_DISCARD != 0
}
