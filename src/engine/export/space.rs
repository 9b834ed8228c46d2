//! Whether the disk has room for an export, before it begins.

use std::path::Path;

use super::options::{Layout, VideoOptions};
use super::{clamped_range, default_codec};
use crate::engine::{EngineError, ExportRequest};
use crate::types::ClipInfo;
use crate::video::{Codec, Quality, Rate};

/// Bits for each pixel that H.264 needs at compact, good and fine quality for a clip with much motion.
const H264_BITS: [f64; 3] = [0.05, 0.14, 0.3];

/// What the newer codecs need of that.
const NEWER_SHARE: f64 = 0.65;

/// Bits for each pixel of pictures that are mostly empty: an overlay in ProRes or PNG, and a matte.
const PRORES_BITS: f64 = 0.8;
const OVERLAY_PNG_BITS: f64 = 0.25;
const MATTE_BITS: f64 = 0.05;

/// Bytes a second of sound.
const SOUND_BYTES: f64 = 24_000.0;

/// Bytes that an export takes at about; what is replaced goes only once the new file is whole.
pub fn export_bytes(clip: &ClipInfo, request: &ExportRequest) -> u64 {
    let (first, last) = clamped_range(clip, request.range);
    let frames = (last + 1 - first) as f64;
    let duration_s = frames / clip.average_fps().max(1.0);
    let options = &request.video;
    let video = request.output.as_deref().map_or(0.0, |path| {
        let (width, height) = options.size(clip);
        let pixels = f64::from(width) * f64::from(height) * frames;
        let sound = if clip.has_audio && !options.is_stretched() { SOUND_BYTES * duration_s } else { 0.0 };
        let length_s = duration_s * 100.0 / f64::from(options.speed_percent.max(1));
        pictures(path, options, pixels, length_s) + sound
    });
    let matte_pixels = f64::from(clip.width) * f64::from(clip.height) * frames;
    let mattes = if request.matte_folder.is_some() { matte_pixels * MATTE_BITS / 8.0 } else { 0.0 };
    (video + mattes) as u64
}

fn pictures(path: &Path, options: &VideoOptions, pixels: f64, length_s: f64) -> f64 {
    if options.layout == Layout::OverlayOnly {
        return pixels * if path.extension().is_none() { OVERLAY_PNG_BITS } else { PRORES_BITS } / 8.0;
    }
    let codec = options.encoding.codec.unwrap_or_else(|| default_codec(path));
    match options.encoding.rate {
        Rate::BitsPerSecond(bits) => f64::from(bits) * length_s / 8.0,
        Rate::Quality(quality) => {
            let share = if codec == Codec::H264 { 1.0 } else { NEWER_SHARE };
            let bits = match quality {
                Quality::Compact => H264_BITS[0],
                Quality::Good => H264_BITS[1],
                Quality::Fine => H264_BITS[2],
            };
            pixels * bits * share / 8.0
        }
    }
}

/// Bytes that can still be written into the folder that `path` is to be made in; `None` where the system does not say.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    fs4::available_space(folder).ok()
}

/// Refuses an export for which there is no room.
///
/// # Errors
/// [`EngineError::NoSpace`] with what is needed and what there is.
pub fn check_space(clip: &ClipInfo, request: &ExportRequest) -> Result<(), EngineError> {
    let Some(path) = request.output.as_deref().or(request.matte_folder.as_deref()) else { return Ok(()) };
    let needed = export_bytes(clip, request);
    match free_bytes(path) {
        Some(free) if free < needed => Err(EngineError::NoSpace { path: path.to_owned(), needed, free }),
        _ => Ok(()),
    }
}
