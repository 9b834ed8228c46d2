//! Decoded frames kept around the playhead, so that stepping back and replaying cost nothing.

use std::collections::BTreeMap;

use crate::types::VideoFrame;

/// Frames by index, bounded in bytes.
#[derive(Debug)]
pub struct FrameCache {
    frames: BTreeMap<u64, VideoFrame>,
    bytes: usize,
    limit_bytes: usize,
}

impl FrameCache {
    /// An empty cache of at most `limit_bytes` of pixels (and always at least one frame).
    pub fn new(limit_bytes: usize) -> Self {
        Self { frames: BTreeMap::new(), bytes: 0, limit_bytes }
    }

    /// The frame with this index.
    pub fn get(&self, index: u64) -> Option<VideoFrame> {
        self.frames.get(&index).cloned()
    }

    /// Keeps `frame`; what lies farthest from `playhead` makes room for it.
    pub fn insert(&mut self, frame: VideoFrame, playhead: u64) {
        self.bytes += frame.image.byte_len();
        if let Some(old) = self.frames.insert(frame.index, frame) {
            self.bytes -= old.image.byte_len();
        }
        while self.bytes > self.limit_bytes && self.frames.len() > 1 {
            let first = self.frames.keys().next().copied().unwrap_or(playhead);
            let last = self.frames.keys().next_back().copied().unwrap_or(playhead);
            let farthest = if playhead.abs_diff(first) > playhead.abs_diff(last) { first } else { last };
            if let Some(old) = self.frames.remove(&farthest) {
                self.bytes -= old.image.byte_len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::types::{YuvColor, YuvImage, YuvMatrix, YuvRange};

    fn frame(index: u64) -> VideoFrame {
        let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };
        // 4 × 4 luma and two 2 × 2 chroma planes: 24 bytes.
        let image = Arc::new(YuvImage::black(4, 4, color));
        VideoFrame { index, pts: index as i64, pts_s: index as f64, image }
    }

    #[test]
    fn the_frames_farthest_from_the_playhead_go_first() {
        let mut cache = FrameCache::new(3 * 24);
        for index in 0..6 {
            cache.insert(frame(index), 4);
        }
        let held: Vec<u64> = (0..6).filter(|&i| cache.get(i).is_some()).collect();
        assert_eq!(held, [3, 4, 5]);
    }

    #[test]
    fn the_same_frame_twice_counts_once() {
        let mut cache = FrameCache::new(2 * 24);
        for index in [1, 2, 2, 2] {
            cache.insert(frame(index), 2);
        }
        assert!(cache.get(1).is_some() && cache.get(2).is_some());
    }
}
