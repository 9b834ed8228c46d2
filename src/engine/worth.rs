//! Which detections are worth recovering: recovery costs more than detection, and most weak detections are trees.
//!
//! A weak one is kept only near somebody who was seen shortly before: there it may be the rider behind spray or in a
//! tuck, and the tracker decides (its second association).

use crate::types::{BBox, Detection};

/// Frames for which somebody's place is remembered.
const MEMORY_FRAMES: u64 = 15;

/// A place is widened by this share of its size on each side, for what a person or the camera moves in between.
const MARGIN: f32 = 0.5;

/// Lowest scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreLimits {
    /// From here on a detection counts wherever it is.
    pub confident: f32,
    /// Below this a detection never counts.
    pub weak: f32,
}

impl ScoreLimits {
    /// The limits around a detector's threshold: a weak detection has at least half of it.
    pub fn around(threshold: f32) -> Self {
        Self { confident: threshold, weak: threshold * 0.5 }
    }

    /// Whether `detection` counts, where `near` says whether its box is near somebody who was seen shortly before.
    pub fn allow(&self, detection: &Detection, near: impl Fn(&BBox) -> bool) -> bool {
        let score = detection.score;
        score >= self.confident || (score >= self.weak && near(&detection.bbox))
    }
}

/// Remembers where people were.
#[derive(Debug)]
pub struct WorthRecovering {
    limits: ScoreLimits,
    most: usize,
    seen: Vec<(u64, BBox)>,
}

impl WorthRecovering {
    /// At most `most` people a frame, within `limits`.
    pub fn new(limits: ScoreLimits, most: usize) -> Self {
        Self { limits, most, seen: Vec::new() }
    }

    /// Leaves in `detections` (best first) of frame `frame` those that are worth recovering.
    pub fn choose(&self, frame: u64, detections: &mut Vec<Detection>) {
        let near = |bbox: &BBox| self.places(frame).any(|place| place.intersection(bbox).area() > 0.0);
        detections.retain(|detection| self.limits.allow(detection, near));
        detections.truncate(self.most);
    }

    /// Remembers who was worth recovering in frame `frame`. Frames come in order.
    pub fn remember(&mut self, frame: u64, people: impl IntoIterator<Item = BBox>) {
        self.seen.retain(|(when, _)| frame.saturating_sub(*when) <= MEMORY_FRAMES);
        self.seen.extend(people.into_iter().map(|bbox| (frame, around(&bbox))));
    }

    /// Whether anybody was seen shortly before frame `frame`.
    pub fn has_seen_anybody(&self, frame: u64) -> bool {
        self.places(frame).next().is_some()
    }

    fn places(&self, frame: u64) -> impl Iterator<Item = &BBox> {
        let is_fresh = move |when: u64| frame.saturating_sub(when) <= MEMORY_FRAMES;
        self.seen.iter().filter(move |(when, _)| is_fresh(*when)).map(|(_, place)| place)
    }
}

/// Where somebody in `bbox` may be shortly after.
pub fn around(bbox: &BBox) -> BBox {
    BBox::from_center(bbox.center(), bbox.size() * (1.0 + 2.0 * MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(x: f32, score: f32) -> Detection {
        Detection { bbox: BBox::new(x, 100.0, x + 40.0, 200.0), score }
    }

    fn kept(chooser: &mut WorthRecovering, frame: u64, mut detections: Vec<Detection>) -> Vec<f32> {
        chooser.choose(frame, &mut detections);
        chooser.remember(frame, detections.iter().map(|detection| detection.bbox));
        detections.iter().map(|detection| detection.score).collect()
    }

    #[test]
    fn a_weak_detection_counts_only_where_somebody_was() {
        let mut chooser = WorthRecovering::new(ScoreLimits::around(0.4), 4);
        assert_eq!(kept(&mut chooser, 0, vec![person(300.0, 0.8), person(20.0, 0.25)]), [0.8]);
        assert_eq!(kept(&mut chooser, 1, vec![person(310.0, 0.25), person(20.0, 0.25)]), [0.25]);
        assert_eq!(kept(&mut chooser, 2, vec![person(320.0, 0.1)]), [] as [f32; 0]);
        // The weak one of frame 1 keeps the memory alive, until nobody has been seen for too long.
        assert_eq!(kept(&mut chooser, 16, vec![person(320.0, 0.25)]), [0.25]);
        assert_eq!(kept(&mut chooser, 40, vec![person(320.0, 0.25)]), [] as [f32; 0]);
    }

    #[test]
    fn no_more_than_the_most_are_kept() {
        let mut chooser = WorthRecovering::new(ScoreLimits::around(0.4), 2);
        let crowd = (0..5).map(|i| person(i as f32 * 100.0, 0.9 - i as f32 * 0.1)).collect();
        assert_eq!(kept(&mut chooser, 0, crowd).len(), 2);
    }
}
