//! Mattes: one grey PNG a frame, 255 where a mesh covers the picture.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::EngineError;
use crate::render::{OverlayRenderer, OverlayScene};

/// Writes `000000.png` on into a folder, each file whole or not at all.
pub struct MatteWriter {
    folder: PathBuf,
    coverage: Vec<u8>,
}

impl MatteWriter {
    /// A writer into `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(folder: &Path) -> Result<Self, EngineError> {
        std::fs::create_dir_all(folder).map_err(|cause| EngineError::Io {
            doing: "making the folder for mattes",
            path: folder.to_owned(),
            cause,
        })?;
        Ok(Self { folder: folder.to_owned(), coverage: Vec::new() })
    }

    /// Writes the matte of frame `index`, `size` pixels.
    ///
    /// # Errors
    /// When it cannot be drawn or written.
    pub fn write(
        &mut self,
        index: u64,
        renderer: &mut OverlayRenderer,
        scene: &OverlayScene,
        size: (u32, u32),
    ) -> Result<(), EngineError> {
        renderer.render_matte(scene, size.0, size.1, &mut self.coverage)?;
        let path = self.folder.join(format!("{index:06}.png"));
        let failed = |cause| EngineError::Io { doing: "writing a matte", path: path.clone(), cause };
        let file = tempfile::Builder::new().prefix(".matte").tempfile_in(&self.folder).map_err(failed)?;
        let png =
            PngEncoder::new_with_quality(BufWriter::new(&file), CompressionType::Fast, FilterType::Adaptive);
        png.write_image(&self.coverage, size.0, size.1, ExtendedColorType::L8)
            .map_err(|error| failed(std::io::Error::other(error)))?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}
