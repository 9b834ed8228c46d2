//! The packets of an MP4 or MOV without reading its media: their times stand in the file's own tables.
//!
//! FFmpeg's demuxer makes the packets, so that edit lists and odd tables mean here what they mean when decoding. It only
//! gets no bytes for them: once the tables are read, the file gives whatever lies in the buffer. A gigabyte is indexed
//! in the time that its tables take.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ff::format::context::StreamIo;
use ff::{Dictionary, Packet, ffi};
use ffmpeg_next as ff;

use super::demux::Demuxer;
use super::input::read_only;
use super::timeline::PacketTimes;

/// The packets of the demuxer's stream in decoding order, or `None` where they can only be had by reading the file.
pub(super) fn packets(demuxer: &Demuxer, path: &Path) -> Option<Vec<PacketTimes>> {
    if !demuxer.input().format().name().contains("mp4") || is_fragmented(path).unwrap_or(true) {
        return None;
    }
    let blank = Arc::new(AtomicBool::new(false));
    let file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let tables = Tables { file, position: 0, length, blank: Arc::clone(&blank) };
    let mut options = Dictionary::new();
    // Packets are not looked into, neither for their kind nor to learn more of the stream.
    options.set("fflags", "+noparse");
    options.set("probesize", "4096");
    options.set("analyzeduration", "1");
    let stream = StreamIo::from_read_seek(tables).ok()?;
    let mut input = ff::format::input_from_stream(stream, None, Some(options)).ok()?;
    let number = demuxer.number();
    read_only(&mut input, number);
    let expected = {
        let stream = input.stream(number)?;
        // SAFETY: the stream belongs to the live context and is only read.
        usize::try_from(unsafe { ffi::avformat_index_get_entries_count(stream.as_ptr()) }).ok()?
    };
    blank.store(true, Ordering::Relaxed);
    // SAFETY: the context is live and owned, and so is its I/O context, which was made with it. Reading past the buffer,
    // the bytes that are not given need not be copied either.
    unsafe { (*(*input.as_mut_ptr()).pb).direct = 1 };
    let mut packets = Vec::with_capacity(expected);
    loop {
        let mut packet = Packet::empty();
        match packet.read(&mut input) {
            Ok(()) if packet.stream() == number => packets.push(PacketTimes::of(&packet)),
            Ok(()) => {}
            Err(ff::Error::Eof) => break,
            Err(_) => return None,
        }
    }
    (packets.len() == expected && expected > 0).then_some(packets)
}

/// Whether tables stand between the media (ISO/IEC 14496-12, 8.8), so that all of the file has to be read.
fn is_fragmented(path: &Path) -> io::Result<bool> {
    /// More boxes than this at the top are not the usual header, media and tables.
    const MAX_BOXES: usize = 64;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut at = 0_u64;
    for _ in 0..MAX_BOXES {
        if at + 8 > length {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 16];
        let long = at + 16 <= length;
        file.read_exact(if long { &mut head } else { &mut head[..8] })?;
        let kind = [head[4], head[5], head[6], head[7]];
        if matches!(&kind, b"moof" | b"sidx" | b"styp") {
            return Ok(true);
        }
        let size = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let size = match size {
            0 => return Ok(false),
            1 if long => u64::from_be_bytes(std::array::from_fn(|i| head[8 + i])),
            size => size,
        };
        if size < 8 {
            return Ok(true);
        }
        at = at.saturating_add(size);
    }
    Ok(true)
}

/// A file that gives its bytes until it is told to give none.
struct Tables {
    file: File,
    position: u64,
    length: u64,
    blank: Arc<AtomicBool>,
}

impl Read for Tables {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = if self.blank.load(Ordering::Relaxed) {
            let left = self.length.saturating_sub(self.position);
            buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX))
        } else {
            self.file.read(buffer)?
        };
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Tables {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.file.seek(match to {
            // The file itself has stayed behind where nothing was read.
            SeekFrom::Current(by) => SeekFrom::Start(self.position.saturating_add_signed(by)),
            other => other,
        })?;
        Ok(self.position)
    }
}
