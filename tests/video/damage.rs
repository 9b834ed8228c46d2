//! Damaged files, and reading them as a player would. Shared by the corpus test and the fuzzing example.

use std::path::Path;

use snowmesh::video::{self, DecodeOptions, VideoError};

/// Reads `path` as a player would: some frames, some seeks. A message must name the file or the frame.
pub fn play(path: &Path) {
    let mut source = match video::open(path, &DecodeOptions::default()) {
        Ok(source) => source,
        Err(error) => return told(path, &error),
    };
    let count = source.info().frames.len();
    for start in [0, count / 2, count / 3, count.saturating_sub(1), 0] {
        if let Err(error) = source.seek(start) {
            return told(path, &error);
        }
        for _ in 0..12 {
            match source.next_frame() {
                Ok(Some(frame)) => assert!(frame.image.is_whole() && frame.index >= start),
                Ok(None) => break,
                Err(error @ VideoError::BadFrame { .. }) => assert!(error.to_string().contains("frame")),
                Err(error) => return told(path, &error),
            }
        }
    }
}

/// A message that ends a clip names its file.
pub fn told(path: &Path, error: &VideoError) {
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
}

/// Flips bits, cuts, doubles or blanks a stretch; `below` gives numbers below its argument.
pub fn damage(bytes: &mut Vec<u8>, below: &mut dyn FnMut(u64) -> u64) {
    let length = bytes.len() as u64;
    match below(6) {
        0 => bytes.truncate(below(length) as usize + 1),
        1 => {
            let start = below(length) as usize;
            let end = (start + below(4096) as usize).min(bytes.len());
            bytes[start..end].fill(below(256) as u8);
        }
        2 => {
            let start = below(length) as usize;
            let end = (start + below(8192) as usize).min(bytes.len());
            let stretch = bytes[start..end].to_vec();
            drop(bytes.splice(start..start, stretch));
        }
        // The header, where a bit means most.
        3 => {
            for _ in 0..1 + below(8) {
                let at = below(length.min(1024)) as usize;
                bytes[at] ^= 1 << below(8);
            }
        }
        // The end, where an MP4 has its tables.
        4 => {
            for _ in 0..1 + below(8) {
                let at = bytes.len() - 1 - below(length.min(4096)) as usize;
                bytes[at] ^= 1 << below(8);
            }
        }
        _ => {
            for _ in 0..1 + below(60) {
                let at = below(length) as usize;
                bytes[at] ^= 1 << below(8);
            }
        }
    }
}
