//! The container of a new clip: a temporary file beside the target, put in its place when whole.

use std::ffi::CString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::ptr;

use ff::format::context::Output;
use ff::{Packet, ffi};
use ffmpeg_next as ff;
use tempfile::NamedTempFile;

use super::VideoError;
use crate::types::temporary::{remove_forgotten, unfinished_file};

/// The formats that can be written: extension, and FFmpeg's name of the muxer.
const FORMATS: [(&str, &str); 4] = [("mp4", "mp4"), ("mov", "mov"), ("mkv", "matroska"), ("webm", "webm")];

/// A media file in the making. Dropped before [`commit`](Self::commit), it leaves nothing behind.
pub(super) struct Muxer {
    output: Output,
    temporary: NamedTempFile,
    target: PathBuf,
}

impl Muxer {
    /// Makes the temporary file.
    pub(super) fn create(target: &Path) -> Result<Self, VideoError> {
        let extension = target.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let format =
            format_of(&extension).ok_or_else(|| VideoError::UnsupportedOutput { path: target.to_owned() })?;
        let folder = folder_of(target);
        remove_forgotten(folder);
        let temporary =
            unfinished_file(folder, &format!(".{extension}")).map_err(|error| not_created(target, &error))?;
        let output = open_output(temporary.path(), format).map_err(|error| failed(target, error))?;
        Ok(Self { output, temporary, target: target.to_owned() })
    }

    /// FFmpeg's context, to add streams and write the header.
    pub(super) fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// The file that is made in the end.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Whether the format can hold the codec.
    pub(super) fn holds(&self, codec: ff::codec::Id) -> bool {
        // SAFETY: the output format is one of FFmpeg's constants.
        let answer = unsafe {
            ffi::avformat_query_codec(self.output.format().as_ptr(), codec.into(), ffi::FF_COMPLIANCE_NORMAL)
        };
        answer == 1
    }

    /// Whether it is MP4 or MOV, which know edit lists and time scales.
    pub(super) fn is_mp4(&self) -> bool {
        matches!(self.output.format().name(), "mp4" | "mov")
    }

    /// Whether it is WebM, which takes Opus.
    pub(super) fn is_webm(&self) -> bool {
        self.output.format().name() == "webm"
    }

    /// Writes a packet in its turn among the streams.
    pub(super) fn write(&mut self, packet: &Packet) -> Result<(), VideoError> {
        packet.write_interleaved(&mut self.output).map_err(|error| failed(&self.target, error))
    }

    /// The file that is being written.
    pub(super) fn half_written(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes the end of the file, brings it to the disk and puts it in its place, replacing what was there.
    pub(super) fn commit(mut self) -> Result<(), VideoError> {
        let target = self.target;
        self.output.write_trailer().map_err(|error| failed(&target, error))?;
        // SAFETY: the context is live and owned; its I/O context was opened with it and is closed when it is
        // dropped. Flushing here is what reports a full disk: closing keeps silent about it.
        let code = unsafe {
            let io = (*self.output.as_mut_ptr()).pb;
            ffi::avio_flush(io);
            (*io).error
        };
        drop(self.output);
        if code < 0 {
            return Err(failed(&target, ff::Error::from(code)));
        }
        self.temporary.as_file().sync_all().map_err(|error| not_written(&target, &error))?;
        self.temporary.persist(&target).map_err(|error| not_created(&target, &error.error))?;
        Ok(())
    }
}

/// FFmpeg's name of the format that files with this extension have.
pub(super) fn format_of(extension: &str) -> Option<&'static str> {
    let known = FORMATS.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    known.map(|(_, format)| *format)
}

/// The error for something that FFmpeg cannot write into `target`.
pub(super) fn failed(target: &Path, error: ff::Error) -> VideoError {
    match error {
        ff::Error::Other { errno: ff::error::ENOSPC } => {
            VideoError::DiskFull { folder: folder_of(target).to_owned() }
        }
        _ => VideoError::Encode { path: target.to_owned(), cause: error.to_string() },
    }
}

fn not_written(target: &Path, error: &std::io::Error) -> VideoError {
    match error.kind() {
        ErrorKind::StorageFull => VideoError::DiskFull { folder: folder_of(target).to_owned() },
        _ => VideoError::Encode { path: target.to_owned(), cause: error.to_string() },
    }
}

fn not_created(target: &Path, error: &std::io::Error) -> VideoError {
    let folder = folder_of(target).to_owned();
    match error.kind() {
        ErrorKind::StorageFull => VideoError::DiskFull { folder },
        _ => VideoError::NotWritable { folder, cause: error.to_string() },
    }
}

/// The folder of a file; that of a bare name is the current one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Opens a file for a muxer. Unlike `ff::format::output_as`, which panics on names that are not UTF-8 and takes
/// `a:b.mp4` for a protocol.
fn open_output(path: &Path, format: &str) -> Result<Output, ff::Error> {
    let invalid = |_| ff::Error::Other { errno: ff::error::EINVAL };
    let mut url = b"file:".to_vec();
    url.extend_from_slice(path.as_os_str().as_encoded_bytes());
    let url = CString::new(url).map_err(invalid)?;
    let format = CString::new(format).map_err(invalid)?;
    let mut context = ptr::null_mut();
    // SAFETY: both strings live through the calls, which copy them. The context is freed on failure; on success the
    // Output owns it together with its I/O context, and closes both.
    unsafe {
        let code =
            ffi::avformat_alloc_output_context2(&mut context, ptr::null(), format.as_ptr(), url.as_ptr());
        if code < 0 {
            return Err(ff::Error::from(code));
        }
        let code = ffi::avio_open(&mut (*context).pb, url.as_ptr(), ffi::AVIO_FLAG_WRITE);
        if code < 0 {
            ffi::avformat_free_context(context);
            return Err(ff::Error::from(code));
        }
        Ok(Output::wrap(context))
    }
}
