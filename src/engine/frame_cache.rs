//! Decoded frames kept around the playhead, so that stepping back and replaying cost nothing.

use std::collections::BTreeMap;

use crate::types::VideoFrame;

/// First and last frame that are wanted around the playhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First frame.
    pub first: u64,
    /// Last frame.
    pub last: u64,
}

impl Window {
    /// `frames` frames around `playhead` within a clip that ends with frame `end`, `behind` of them (0 to 1) before it.
    /// What one side has no room for goes to the other.
    pub fn around(playhead: u64, frames: u64, behind: f64, end: u64) -> Self {
        let before = ((frames.saturating_sub(1)) as f64 * behind.clamp(0.0, 1.0)) as u64;
        let after = frames.saturating_sub(1) - before;
        let missing_before = before.saturating_sub(playhead);
        let missing_after = after.saturating_sub(end.saturating_sub(playhead));
        Self {
            first: playhead.saturating_sub(before + missing_after),
            last: playhead.saturating_add(after + missing_before).min(end),
        }
    }

    fn distance(&self, index: u64) -> u64 {
        self.first.saturating_sub(index).max(index.saturating_sub(self.last))
    }
}

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

    /// Lets go of all frames.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }

    /// How many frames like those that it holds have room; `None` while it holds none.
    pub fn capacity(&self) -> Option<u64> {
        let (_, frame) = self.frames.first_key_value()?;
        Some((self.limit_bytes / frame.image.byte_len().max(1)).max(1) as u64)
    }

    /// The frame with this index.
    pub fn get(&self, index: u64) -> Option<VideoFrame> {
        self.frames.get(&index).cloned()
    }

    /// The frame with this index or the one nearest to it.
    pub fn nearest(&self, index: u64) -> Option<VideoFrame> {
        let before = self.frames.range(..=index).next_back();
        let after = self.frames.range(index..).next();
        let nearest = before.into_iter().chain(after).min_by_key(|&(&at, _)| at.abs_diff(index));
        nearest.map(|(_, frame)| frame.clone())
    }

    /// The first frame from `index` on that is not here.
    pub fn missing_from(&self, index: u64) -> u64 {
        let held = self.frames.range(index..).zip(index..).take_while(|&((&at, _), want)| at == want);
        index + held.count() as u64
    }

    /// The last frame up to `index` that is not here, or `None` where all are.
    pub fn missing_up_to(&self, index: u64) -> Option<u64> {
        let falling = (0..=index).rev();
        let held = self.frames.range(..=index).rev().zip(falling).take_while(|&((&at, _), want)| at == want);
        index.checked_sub(held.count() as u64)
    }

    /// The start of the run of frames that are not here and end with `index`, not before `first`.
    pub fn gap_start(&self, index: u64, first: u64) -> u64 {
        let held = self.frames.range(..index).next_back();
        held.map_or(first, |(&at, _)| (at + 1).max(first))
    }

    /// The end of the run of frames that are not here and begin with `index`, not after `last`; one past its last frame.
    pub fn gap_end(&self, index: u64, last: u64) -> u64 {
        let held = self.frames.range(index..).next();
        held.map_or(last + 1, |(&at, _)| at.min(last + 1))
    }

    /// Keeps `frame`; what lies farthest outside `window` makes room for it, then what lies farthest from its middle.
    pub fn insert(&mut self, frame: VideoFrame, window: Window) {
        self.bytes += frame.image.byte_len();
        if let Some(old) = self.frames.insert(frame.index, frame) {
            self.bytes -= old.image.byte_len();
        }
        let middle = window.first.midpoint(window.last);
        while self.bytes > self.limit_bytes && self.frames.len() > 1 {
            let ends = [self.frames.keys().next(), self.frames.keys().next_back()];
            let farthest = ends.into_iter().flatten().copied();
            let rank = |index: &u64| (window.distance(*index), index.abs_diff(middle));
            let Some(farthest) = farthest.max_by_key(rank) else { break };
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

    fn filled(frames: impl IntoIterator<Item = u64>, capacity: usize, window: Window) -> FrameCache {
        let mut cache = FrameCache::new(capacity * 24);
        for index in frames {
            cache.insert(frame(index), window);
        }
        cache
    }

    const ALL: Window = Window { first: 0, last: u64::MAX };

    #[test]
    fn the_frames_farthest_from_the_window_go_first() {
        let held = |window| {
            let cache = filled(0..6, 3, window);
            (0..6).filter(|&i| cache.get(i).is_some()).collect::<Vec<u64>>()
        };
        assert_eq!(held(Window { first: 3, last: 5 }), [3, 4, 5]);
        assert_eq!(held(Window { first: 0, last: 2 }), [0, 1, 2]);
        assert_eq!(held(Window { first: 2, last: 4 }), [2, 3, 4]);
    }

    #[test]
    fn the_same_frame_twice_counts_once() {
        let cache = filled([1, 2, 2, 2], 2, ALL);
        assert!(cache.get(1).is_some() && cache.get(2).is_some());
        assert_eq!(cache.capacity(), Some(2));
    }

    #[test]
    fn runs_and_gaps_are_found() {
        let cache = filled([2, 3, 4, 8, 9], 10, ALL);
        assert_eq!(cache.missing_from(2), 5);
        assert_eq!(cache.missing_from(5), 5);
        assert_eq!(cache.missing_up_to(4), Some(1));
        assert_eq!(cache.missing_up_to(9), Some(7));
        assert_eq!(filled([0, 1], 5, ALL).missing_up_to(1), None);
        assert_eq!(cache.gap_start(7, 0), 5);
        assert_eq!(cache.gap_start(7, 6), 6);
        assert_eq!(cache.gap_start(1, 0), 0);
        assert_eq!(cache.gap_end(5, 99), 8);
        assert_eq!(cache.gap_end(10, 99), 100);
        assert_eq!(cache.nearest(6).map(|frame| frame.index), Some(4));
        assert_eq!(cache.nearest(7).map(|frame| frame.index), Some(8));
        assert_eq!(cache.nearest(100).map(|frame| frame.index), Some(9));
    }

    #[test]
    fn a_window_gives_its_room_to_the_other_side_at_the_ends() {
        let window = |playhead, behind| Window::around(playhead, 11, behind, 99);
        assert_eq!(window(50, 0.5), Window { first: 45, last: 55 });
        assert_eq!(window(50, 0.8), Window { first: 42, last: 52 });
        assert_eq!(window(0, 0.5), Window { first: 0, last: 10 });
        assert_eq!(window(99, 0.5), Window { first: 89, last: 99 });
        assert_eq!(Window::around(3, 100, 0.5, 7), Window { first: 0, last: 7 });
    }
}
