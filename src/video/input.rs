//! Opening a media file for reading, and saying in words why it cannot be opened.
//!
//! FFmpeg gets an open file instead of a name: its names are URLs (`a:b.mp4` would be a protocol), and a name need
//! not be valid UTF-8. The kind of file follows from its bytes alone, whatever its extension says.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::path::Path;

use ff::format::context::{Input, StreamIo};
use ffmpeg_next as ff;

use super::VideoError;
use super::ffmpeg::initialize;

/// Bytes per read: large enough for few system calls, small enough not to waste a seek.
const BUFFER_BYTES: usize = 64 * 1024;

/// Opens a media file and finds its streams.
pub(super) fn open_input(path: &Path) -> Result<Input, VideoError> {
    initialize();
    let mut file = open_file(path)?;
    let head = read_head(&mut file).map_err(|error| unreadable(path, &error))?;
    let stream = StreamIo::from_read_seek_with_capacity(file, BUFFER_BYTES)
        .map_err(|error| unreadable(path, &error))?;
    let input = ff::format::input_from_stream(stream, None, None).map_err(|error| match error {
        ff::Error::Other { .. } => unreadable(path, &error),
        _ => unrecognised(path, head),
    })?;
    if is_picture_format(input.format().name()) {
        return Err(VideoError::NotVideo { path: path.to_owned(), what: "a picture" });
    }
    Ok(input)
}

/// Leaves the packets of all other streams unread.
pub(super) fn read_only(input: &mut Input, stream: usize) {
    for mut other in input.streams_mut() {
        if other.index() != stream {
            // SAFETY: the pointer is the live AVStream of `input`, borrowed mutably; `discard` is there for the
            // caller to set.
            unsafe { (*other.as_mut_ptr()).discard = ff::ffi::AVDiscard::AVDISCARD_ALL };
        }
    }
}

/// The error for a file that the system or FFmpeg cannot read.
pub(super) fn unreadable(path: &Path, cause: &impl ToString) -> VideoError {
    VideoError::Unreadable { path: path.to_owned(), cause: cause.to_string() }
}

fn open_file(path: &Path) -> Result<File, VideoError> {
    let owned = || path.to_owned();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => VideoError::Missing { path: owned() },
        _ => unreadable(path, &error),
    })?;
    if metadata.is_dir() {
        return Err(VideoError::IsDirectory { path: owned() });
    }
    if !metadata.is_file() {
        return Err(VideoError::NotVideo { path: owned(), what: "a device or a pipe" });
    }
    if metadata.len() == 0 {
        return Err(VideoError::Empty { path: owned() });
    }
    File::open(path).map_err(|error| unreadable(path, &error))
}

/// The first 12 bytes (zeros past the end), with the file put back to its start.
fn read_head(file: &mut File) -> std::io::Result<[u8; 12]> {
    let mut bytes = Vec::with_capacity(12);
    file.by_ref().take(12).read_to_end(&mut bytes)?;
    file.rewind()?;
    bytes.resize(12, 0);
    Ok(std::array::from_fn(|i| bytes[i]))
}

/// Why FFmpeg makes nothing of a file, by its first bytes: size, "ftyp" and brand (ISO/IEC 14496-12, 4.3).
fn unrecognised(path: &Path, head: [u8; 12]) -> VideoError {
    let path = path.to_owned();
    match (&head[4..8], &head[8..12]) {
        (b"ftyp", b"heic" | b"heix" | b"mif1" | b"msf1" | b"avif") => {
            VideoError::NotVideo { path, what: "a picture" }
        }
        (b"ftyp", _) => VideoError::Unfinished { path },
        _ => VideoError::NotVideo { path, what: "no media file that FFmpeg knows" },
    }
}

/// FFmpeg reads pictures through `image2` or one of the `…_pipe` demuxers.
fn is_picture_format(name: &str) -> bool {
    name.starts_with("image2") || name.ends_with("_pipe")
}
