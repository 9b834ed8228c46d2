//! PNG files, each whole or not at all.

use std::io::BufWriter;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::EngineError;
use crate::types::temporary::{remove_forgotten, unfinished_file};

/// Makes a folder for pictures where it is missing, and removes from it what a killed export left.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(folder: &Path) -> Result<(), EngineError> {
    std::fs::create_dir_all(folder).map_err(|cause| EngineError::Io {
        doing: "making the folder for pictures",
        path: folder.to_owned(),
        cause,
    })?;
    remove_forgotten(folder);
    Ok(())
}

/// Writes packed 8-bit pixels, rows without padding, beside `path`, brings them to the disk and renames the file into its
/// place.
///
/// # Errors
/// When it cannot be written.
pub fn write_png(
    path: &Path,
    pixels: &[u8],
    (width, height): (u32, u32),
    color: ExtendedColorType,
) -> Result<(), EngineError> {
    let failed = |cause| EngineError::Io { doing: "writing a picture", path: path.to_owned(), cause };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = unfinished_file(folder, ".png").map_err(failed)?;
    let mut buffered = BufWriter::new(&file);
    PngEncoder::new_with_quality(&mut buffered, CompressionType::Fast, FilterType::Adaptive)
        .write_image(pixels, width, height, color)
        .map_err(|error| failed(std::io::Error::other(error)))?;
    buffered.into_inner().map_err(|error| failed(error.into_error()))?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
