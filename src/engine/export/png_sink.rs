//! Pictures as PNG files in a folder, for programs that take sequences.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::ExtendedColorType;

use crate::engine::EngineError;
use crate::engine::png::{make_folder, write_png};
use crate::types::{ClipInfo, FrameIndex};
use crate::video::{FrameSink, VideoError};

/// Writes `000000.png` on, by frame number; each file whole or not at all.
pub struct PngSink {
    folder: PathBuf,
    size: (u32, u32),
    frames: Arc<FrameIndex>,
}

impl PngSink {
    /// A sink into `folder`, which is made where it is missing, for frames of `clip`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(folder: &Path, size: (u32, u32), clip: &ClipInfo) -> Result<Self, EngineError> {
        make_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), size, frames: Arc::clone(&clip.frames) })
    }
}

impl FrameSink for PngSink {
    fn write(&mut self, rgba: &[u8], pts: i64) -> Result<(), VideoError> {
        let index = self.frames.find(pts).unwrap_or(0);
        let path = self.folder.join(format!("{index:06}.png"));
        write_png(&path, rgba, self.size, ExtendedColorType::Rgba8)
            .map_err(|error| VideoError::Encode { path, cause: error.to_string() })
    }

    fn finish(self: Box<Self>) -> Result<(), VideoError> {
        Ok(())
    }
}
