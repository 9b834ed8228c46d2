//! Small copies of large clips, for scrubbing alone: every frame of one is a key frame, so that any is there in a few
//! milliseconds, where a phone's 4K clip has to be decoded from half a second before.
//!
//! A proxy is never shown as the original: the player puts its pictures up only while the exact one is on its way, and
//! analyses and exports do not know of it. It lies in the cache folder under what its clip is known by (path, size, time
//! of change and the first bytes); the folder is kept within a bound, and what belongs to an earlier state of a clip is
//! removed.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::export::free_bytes;
use super::rate::RateMeter;
use super::thumbnails::shrunk;
use super::{CancelToken, EngineError, Reporter};
use crate::types::{ClipInfo, Rational, RgbImage, YuvColor, YuvImage, YuvMatrix, YuvRange};
use crate::video::{self, Codec, DecodeOptions, Encoding, FrameSource, SinkOptions, VideoError};

/// Longest side of a proxy, pixels.
const SIDE: u32 = 960;

/// Pixels of a clip from which on it is worth one: 4K has 8.3 million, 2.7K 4.1 million.
const LARGE_PIXELS: u64 = 6_000_000;

/// Frames between key frames from which on it is worth one.
const LONG_GROUP: u64 = 10;

/// Bytes that all proxies together may take.
const LIMIT_BYTES: u64 = 4 << 30;

/// Bytes that stay free on the disk.
const RESERVE_BYTES: u64 = 1 << 30;

/// Bits for each pixel of pictures that stand on their own, much motion in them.
const BITS: f64 = 1.2;

/// Bytes at the start of a clip that it is known by.
const HEAD_BYTES: u64 = 64 << 10;

/// Age at which a file that is not whole is nobody's any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A proxy that is whole, open.
pub struct Proxy {
    source: Box<dyn FrameSource>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("file", &self.source.info().path).finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy whose pictures `source` gives, one for each frame of the clip.
    pub fn new(source: Box<dyn FrameSource>) -> Self {
        Self { source }
    }

    /// A proxy without a file.
    #[cfg(test)]
    pub fn fake() -> Self {
        Self::new(Box::new(video::fake::FakeSource::with_constant_rate(64, 36, 3)))
    }

    /// The picture that stands in for frame `index`.
    ///
    /// # Errors
    /// When its file cannot be read any more.
    pub(super) fn picture(&mut self, index: u64) -> Result<Option<Arc<YuvImage>>, VideoError> {
        self.source.seek(index)?;
        let frame = self.source.next_frame()?.filter(|frame| frame.index == index);
        Ok(frame.map(|frame| frame.image))
    }
}

/// Whether a clip is so large that a proxy may be worth it.
pub fn is_large(clip: &ClipInfo) -> bool {
    u64::from(clip.width) * u64::from(clip.height) >= LARGE_PIXELS
}

/// The proxy of `clip`, made where it is not in `folder` yet; `None` for a clip that can be scrubbed without one.
///
/// # Errors
/// When the clip cannot be read, there is no room, or the proxy cannot be written; and when it is cancelled.
pub fn prepare(
    clip: &Path,
    folder: &Path,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<Option<Proxy>, EngineError> {
    let mut source = video::open(clip, &DecodeOptions { threads: 1, ..DecodeOptions::default() })?;
    if !is_large(source.info()) || source.longest_group() < LONG_GROUP {
        return Ok(None);
    }
    if bytes(source.info()) > LIMIT_BYTES {
        reporter.warning("the clip is too long for a small copy; it is scrubbed as it is".to_owned());
        return Ok(None);
    }
    make(&mut *source, folder, LIMIT_BYTES, cancel, reporter).map(Some)
}

fn make(
    source: &mut dyn FrameSource,
    folder: &Path,
    limit_bytes: u64,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<Proxy, EngineError> {
    let clip = source.info().clone();
    let io = |error: std::io::Error| EngineError::Io {
        doing: "keeping a small copy",
        path: folder.to_owned(),
        cause: error,
    };
    fs::create_dir_all(folder).map_err(io)?;
    let file = folder.join(name(&clip.path).map_err(io)?);
    remove_stale(folder, &file);
    if let Some(proxy) = open(&file, &clip) {
        // What was used last goes last.
        let _ =
            File::options().append(true).open(&file).and_then(|file| file.set_modified(SystemTime::now()));
        return Ok(proxy);
    }
    let needed = bytes(&clip);
    make_room(folder, needed, limit_bytes);
    let needed_free = needed.saturating_add(RESERVE_BYTES);
    if let Some(free) = free_bytes(&file).filter(|&free| free < needed_free) {
        return Err(EngineError::NoSpace { path: folder.to_owned(), needed: needed_free, free });
    }
    write(source, &file, cancel, reporter)?;
    open(&file, &clip).ok_or(EngineError::Video(VideoError::NoFrames { path: file }))
}

/// Opens a proxy that has a picture for each frame of the clip.
fn open(file: &Path, clip: &ClipInfo) -> Option<Proxy> {
    if !file.is_file() {
        return None;
    }
    let source = video::open(file, &DecodeOptions { threads: 1, ..DecodeOptions::default() }).ok()?;
    (source.info().frames.len() == clip.frames.len()).then(|| Proxy::new(source))
}

fn write(
    source: &mut dyn FrameSource,
    file: &Path,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<(), EngineError> {
    let clip = source.info().clone();
    let (width, height) = size(&clip);
    let options = SinkOptions {
        path: file.to_owned(),
        width,
        height,
        pixel_aspect: 1.0,
        color: YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited },
        // The number of a frame is its timestamp.
        time_base: Rational { num: 1, den: 30 },
        average_fps: 30.0,
        made_from: Some(clip.path.clone()),
        sound: false,
        span: None,
        encoding: Encoding { codec: Some(Codec::H264), intra: true, ..Encoding::default() },
    };
    let mut sink = video::create(&options)?;
    let total = clip.frames.len();
    let mut rgba = vec![0; width as usize * height as usize * 4];
    let mut rate = RateMeter::new(Instant::now(), 0, total);
    for index in 0..total {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        match source.next_frame() {
            Ok(Some(frame)) => put(&shrunk(&frame.image, width, height), &mut rgba),
            // The picture before stands in for one that is damaged.
            Ok(None) | Err(VideoError::BadFrame { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        sink.write(&rgba, index as i64)?;
        if let Some(progress) = rate.update(Instant::now(), index + 1, "making a small copy") {
            reporter.progress(progress);
        }
    }
    Ok(sink.finish()?)
}

fn put(picture: &RgbImage, rgba: &mut [u8]) {
    for (target, source) in rgba.as_chunks_mut::<4>().0.iter_mut().zip(picture.data.as_chunks::<3>().0) {
        let [r, g, b] = *source;
        *target = [r, g, b, 255];
    }
}

/// Size of a clip's proxy: even sides.
fn size(clip: &ClipInfo) -> (u32, u32) {
    let share = f64::from(SIDE) / f64::from(clip.width.max(clip.height).max(1));
    let even = |side: u32| ((f64::from(side) * share.min(1.0) / 2.0).round() as u32 * 2).max(2);
    (even(clip.width), even(clip.height))
}

/// Bytes that a proxy takes at most, about.
fn bytes(clip: &ClipInfo) -> u64 {
    let (width, height) = size(clip);
    (f64::from(width) * f64::from(height) * clip.frames.len() as f64 * BITS / 8.0) as u64
}

/// Name of the file: the clip's path, then what else it is known by.
fn name(clip: &Path) -> std::io::Result<String> {
    let path = fs::canonicalize(clip)?;
    let mut file = File::open(&path)?;
    let metadata = file.metadata()?;
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let state = Sha256::new()
        .chain_update(metadata.len().to_le_bytes())
        .chain_update(changed.as_nanos().to_le_bytes())
        .chain_update(head);
    let place = Sha256::new().chain_update(path.as_os_str().as_encoded_bytes());
    let hex =
        |hash: Sha256| hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(format!("{}-{}.mp4", hex(place), hex(state)))
}

/// Removes what was made of the same clip before it changed.
fn remove_stale(folder: &Path, current: &Path) {
    let name =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let current = name(current);
    let Some((place, _)) = current.split_once('-') else { return };
    for (_, _, path) in entries(folder) {
        let other = name(&path);
        if other != current && other.starts_with(place) {
            remove(&path);
        }
    }
}

/// Removes the proxies that were used longest ago until `needed` more bytes are within the limit.
fn make_room(folder: &Path, needed: u64, limit_bytes: u64) {
    let mut entries = entries(folder);
    entries.sort();
    let mut taken: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in entries {
        if taken.saturating_add(needed) <= limit_bytes {
            return;
        }
        remove(&path);
        taken -= bytes;
    }
}

/// When each proxy was used last, its bytes and its place; what was begun long ago and never ended is one too.
fn entries(folder: &Path) -> Vec<(SystemTime, u64, PathBuf)> {
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    let proxies = found.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "mp4"));
    proxies
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            let used = metadata.modified().ok()?;
            let is_begun = entry.file_name().as_encoded_bytes().starts_with(b".");
            let is_old = used.elapsed().is_ok_and(|age| age > ABANDONED);
            (!is_begun || is_old).then(|| (used, metadata.len(), entry.path()))
        })
        .collect()
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!("{} stays: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::types::RiderFrame;
    use crate::video::fake::{FakeSource, number_in};

    /// Cancels its job after so many reports.
    struct Cancelling(Option<CancelToken>);

    impl Reporter for Cancelling {
        fn progress(&self, _: crate::engine::Progress) {
            self.0.as_ref().map(CancelToken::cancel);
        }
        fn warning(&self, message: String) {
            panic!("{message}");
        }
        fn riders(&self, _: u64, _: &[RiderFrame]) {}
        fn resolved(&self, _: crate::engine::ResolvedRiders) {}
    }

    /// A clip of 24 frames that carry their numbers, a key frame at its start alone.
    fn clip(folder: &Path, name: &str) -> PathBuf {
        let mut source = FakeSource::with_constant_rate(1280, 720, 24);
        let info = source.info().clone();
        let path = folder.join(name);
        let options = SinkOptions {
            path: path.clone(),
            width: info.width,
            height: info.height,
            pixel_aspect: 1.0,
            color: info.color,
            time_base: info.frames.time_base(),
            average_fps: 30.0,
            made_from: None,
            sound: false,
            span: None,
            encoding: Encoding::default(),
        };
        let mut sink = video::create(&options).unwrap();
        while let Some(frame) = source.next_frame().unwrap() {
            sink.write_picture(&frame.image, frame.pts).unwrap();
        }
        sink.finish().unwrap();
        path
    }

    fn made(clip: &Path, folder: &Path, limit_bytes: u64) -> Proxy {
        let mut source = video::open(clip, &DecodeOptions::default()).unwrap();
        make(&mut *source, folder, limit_bytes, &CancelToken::default(), &Cancelling(None)).unwrap()
    }

    fn files(folder: &Path) -> BTreeSet<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_copy_has_every_frame_by_its_number_and_each_stands_on_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("proxies");
        let mut proxy = made(&clip(folder.path(), "a.mp4"), &cache, LIMIT_BYTES);
        assert_eq!((proxy.source.info().width, proxy.source.info().height), (960, 540));
        assert_eq!(proxy.source.longest_group(), 1);
        for index in [23, 0, 11, 12, 3] {
            assert_eq!(number_in(&proxy.picture(index).unwrap().unwrap()), index);
        }
    }

    #[test]
    fn a_copy_is_made_once_and_anew_where_its_clip_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("proxies");
        let path = clip(folder.path(), "a.mp4");
        made(&path, &cache, LIMIT_BYTES);
        let first = files(&cache);
        assert_eq!(first.len(), 1);
        let written = first.first().unwrap().metadata().unwrap().len();
        made(&path, &cache, LIMIT_BYTES);
        assert_eq!(files(&cache), first);
        // The same bytes at another time are another file for all that is known.
        File::options().append(true).open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
        made(&path, &cache, LIMIT_BYTES);
        let second = files(&cache);
        assert!(second.len() == 1 && second != first, "{second:?}");
        assert!(written > 0);
    }

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("proxies");
        let clips = ["a.mp4", "b.mp4", "c.mp4"].map(|name| clip(folder.path(), name));
        let (mut first, mut all) = (BTreeSet::new(), BTreeSet::new());
        for clip in &clips {
            made(clip, &cache, LIMIT_BYTES);
            all = files(&cache);
            if first.is_empty() {
                first.clone_from(&all);
            }
        }
        assert_eq!(all.len(), 3);
        for path in &first {
            File::options().append(true).open(path).unwrap().set_modified(UNIX_EPOCH).unwrap();
        }
        let taken: u64 = all.iter().map(|path| path.metadata().unwrap().len()).sum();
        make_room(&cache, 1, taken);
        assert!(files(&cache).is_disjoint(&first) && files(&cache).len() == 2);
    }

    #[test]
    fn a_copy_that_is_cancelled_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("proxies");
        let mut source = video::open(&clip(folder.path(), "a.mp4"), &DecodeOptions::default()).unwrap();
        let cancel = CancelToken::default();
        let outcome = make(&mut *source, &cache, LIMIT_BYTES, &cancel, &Cancelling(Some(cancel.clone())));
        assert!(matches!(outcome, Err(EngineError::Cancelled)));
        assert!(files(&cache).is_empty());
    }

    #[test]
    fn a_small_clip_needs_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = clip(folder.path(), "a.mp4");
        let none = prepare(&path, folder.path(), &CancelToken::default(), &Cancelling(None)).unwrap();
        assert!(none.is_none());
    }
}
