//! Mattes: one grey PNG a frame, 255 where a mesh covers the picture.

use std::path::{Path, PathBuf};

use image::ExtendedColorType;

use super::EngineError;
use super::png::{make_folder, write_png};
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
        make_folder(folder)?;
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
        write_png(&path, &self.coverage, size, ExtendedColorType::L8)
    }
}
