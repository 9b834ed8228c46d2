//! Whether a clip is still the one that was analysed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::StoreError;

/// Bytes read at each of the three places: enough to hold an MP4's tables or a key frame, little enough to be
/// instant for a clip of many gigabytes.
const SAMPLE_BYTES: u64 = 256 * 1024;

/// What a clip's file looks like from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipFingerprint {
    /// Length of the file.
    pub size_bytes: u64,
    /// Time of the last change, nanoseconds since 1970; 0 where the file system keeps none.
    pub mtime_ns: i64,
    /// SHA-256, lower-case hexadecimal, over the size (8 bytes, little-endian) and the first, the middle and the
    /// last 256 KiB.
    pub content_sha256_of_samples: String,
}

impl ClipFingerprint {
    /// The fingerprint of the file at `path`.
    ///
    /// # Errors
    /// [`StoreError::Clip`] where it can't be read.
    pub fn of(path: &Path) -> Result<Self, StoreError> {
        Self::read(path).map_err(|cause| StoreError::Clip { path: path.to_owned(), cause })
    }

    /// Whether both describe the same clip. Copying or touching a file changes its time and nothing else, so the
    /// time alone does not make it another clip.
    pub fn same_clip(&self, other: &Self) -> bool {
        self.size_bytes == other.size_bytes
            && self.content_sha256_of_samples == other.content_sha256_of_samples
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let size_bytes = metadata.len();
        let mtime_ns = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|age| i64::try_from(age.as_nanos()).ok())
            .unwrap_or(0);

        let mut hash = Sha256::new();
        hash.update(size_bytes.to_le_bytes());
        let mut sample = Vec::with_capacity(SAMPLE_BYTES as usize);
        for start in
            [0, (size_bytes / 2).saturating_sub(SAMPLE_BYTES / 2), size_bytes.saturating_sub(SAMPLE_BYTES)]
        {
            sample.clear();
            file.seek(SeekFrom::Start(start))?;
            (&mut file).take(SAMPLE_BYTES).read_to_end(&mut sample)?;
            hash.update(&sample);
        }
        let content_sha256_of_samples =
            hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Self { size_bytes, mtime_ns, content_sha256_of_samples })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_of_a_small_file_is_the_hash_of_its_size_and_three_copies() {
        let dir = tempfile::tempdir().unwrap();
        let clip = dir.path().join("ä clip.mp4");
        std::fs::write(&clip, b"abc").unwrap();
        let found = ClipFingerprint::of(&clip).unwrap();
        assert_eq!(found.size_bytes, 3);
        assert!(found.mtime_ns > 0);
        // printf '\3\0\0\0\0\0\0\0abcabcabc' | sha256sum
        assert_eq!(
            found.content_sha256_of_samples,
            "f60329dd14b6fe2e13c2c164165adad71b77c57693ada9fc2cca2bf3021f7158"
        );
    }

    #[test]
    fn a_change_at_either_end_or_in_the_middle_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let clip = dir.path().join("clip.mp4");
        let len = 2 << 20;
        let content = vec![7_u8; len];
        std::fs::write(&clip, &content).unwrap();
        let original = ClipFingerprint::of(&clip).unwrap();
        for place in [0, len / 2, len - 1] {
            let mut changed = content.clone();
            changed[place] = 8;
            std::fs::write(&clip, &changed).unwrap();
            assert!(!original.same_clip(&ClipFingerprint::of(&clip).unwrap()), "byte {place}");
        }
        std::fs::write(&clip, &content[1..]).unwrap();
        assert!(!original.same_clip(&ClipFingerprint::of(&clip).unwrap()));
    }

    #[test]
    fn a_missing_clip_is_named() {
        let error = ClipFingerprint::of(Path::new("nowhere/jump.mp4")).unwrap_err();
        assert!(error.to_string().contains("nowhere/jump.mp4"), "{error}");
    }
}
