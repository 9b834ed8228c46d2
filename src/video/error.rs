//! What can go wrong with video files.

use std::path::PathBuf;

/// How bad an error is for the job that meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The work goes on without the part that failed.
    Warning,
    /// The job ends.
    Fatal,
}

/// Errors of the video room. Each says what to do and names the file, but for a damaged frame, whose clip the reader
/// knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VideoError {
    /// There is no such file.
    #[error("{path}: no such file; check the path", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path names a folder.
    #[error("{path} is a folder; choose a video file in it", path = path.display())]
    IsDirectory {
        /// The folder.
        path: PathBuf,
    },
    /// The file holds no byte.
    #[error("{path} is empty (0 bytes); copy or record it again", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a film.
    #[error("{path} is not a video file: it is {what}; choose an MP4, MOV, MKV or the like", path = path.display())]
    NotVideo {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
    /// An MP4 or MOV whose index was never written, or was cut off.
    #[error(
        "{path} has no index: the recording or the copy was cut off; copy it again, or repair it with a tool \
         such as untrunc",
        path = path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// There is sound or text in the file, but no picture.
    #[error("{path} has no video track (sound or text only); choose a clip with pictures", path = path.display())]
    NoVideoStream {
        /// The file.
        path: PathBuf,
    },
    /// There is a video track, but no frame comes out of it.
    #[error("{path}: not one frame can be decoded; the file is damaged or has no length", path = path.display())]
    NoFrames {
        /// The file.
        path: PathBuf,
    },
    /// FFmpeg has no decoder for the pictures.
    #[error("{path}: this FFmpeg cannot decode {codec}; convert the clip to H.264 first", path = path.display())]
    UnsupportedCodec {
        /// The file.
        path: PathBuf,
        /// Short name of the codec.
        codec: String,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read ({cause}); check its permissions and the disk", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// One frame is damaged; the ones after it may be fine.
    #[error("frame {index} cannot be decoded ({cause}); it is left out")]
    BadFrame {
        /// The frame's index in presentation order.
        index: u64,
        /// What the decoder said.
        cause: String,
    },
    /// The output's extension names no format that can be written.
    #[error("{path}: cannot write this format; let the name end in .mp4, .mov, .mkv or .webm", path = path.display())]
    UnsupportedOutput {
        /// The file to be written.
        path: PathBuf,
    },
    /// The output would replace the clip that it is made from.
    #[error("{path} is the clip itself, which is never overwritten; choose another name", path = path.display())]
    OverwritesSource {
        /// The file to be written.
        path: PathBuf,
    },
    /// The output's format cannot hold the clip's sound, and this FFmpeg cannot encode it again.
    #[error("{path}: {codec} sound can be neither copied into this format nor encoded again; export to .mov or .mkv", path = path.display())]
    AudioNotSupported {
        /// The file to be written.
        path: PathBuf,
        /// Short name of the audio codec.
        codec: String,
    },
    /// The output's format cannot hold pictures of the codec.
    #[error(
        "{path}: this format cannot hold {codec}; ProRes goes into .mov, VP9 into .webm and .mkv, AV1 into .mp4, .webm \
         and .mkv, H.264 and HEVC into .mp4, .mov and .mkv",
        path = path.display()
    )]
    CodecNotSupported {
        /// The file to be written.
        path: PathBuf,
        /// Name of the codec.
        codec: &'static str,
    },
    /// FFmpeg was built without an encoder.
    #[error("this FFmpeg has no {codec} encoder; choose another codec, or install an FFmpeg built with one")]
    NoEncoder {
        /// Name of the codec.
        codec: &'static str,
    },
    /// No file can be made in the folder.
    #[error("cannot write into {folder} ({cause}); choose another folder or change its permissions", folder = folder.display())]
    NotWritable {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The disk is full.
    #[error("the disk that holds {folder} is full; free some space or choose another folder", folder = folder.display())]
    DiskFull {
        /// The folder.
        folder: PathBuf,
    },
    /// A frame came with a timestamp that is not after the one before.
    #[error("{path}: frame at timestamp {pts} does not come after {previous}; timestamps must rise", path = path.display())]
    FramesNotRising {
        /// The file being written.
        path: PathBuf,
        /// Timestamp of the frame before.
        previous: i64,
        /// Timestamp of the frame refused.
        pts: i64,
    },
    /// Encoding or writing failed otherwise.
    #[error("{path} cannot be written ({cause}); nothing is left of it", path = path.display())]
    Encode {
        /// The file being written.
        path: PathBuf,
        /// What the encoder, the muxer or the system said.
        cause: String,
    },
}

impl VideoError {
    /// Whether the work can go on after it.
    pub fn severity(&self) -> Severity {
        match self {
            Self::BadFrame { .. } => Severity::Warning,
            _ => Severity::Fatal,
        }
    }
}
