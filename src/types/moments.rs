//! What the user notes about a clip: its key moments, and how fast it was recorded.

use serde::{Deserialize, Serialize};

/// A frame with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMoment {
    /// The frame.
    pub frame: u64,
    /// What happens there; may be empty.
    pub name: String,
}

/// Fewest and most frames a second that a camera may have recorded.
pub const CAPTURE_RANGE_FPS: (f64, f64) = (1.0, 10_000.0);

/// The user's notes on one clip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClipNotes {
    /// Key moments by frame, each frame once.
    pub moments: Vec<KeyMoment>,
    /// Frames a second while recording, where the clip plays in slow motion; `None` where its own time is real.
    pub capture_fps: Option<f64>,
}

impl ClipNotes {
    /// The moment at `frame`.
    pub fn at(&self, frame: u64) -> Option<&KeyMoment> {
        self.place(frame).ok().map(|place| &self.moments[place])
    }

    /// Adds a moment, or names the one that is there.
    pub fn put(&mut self, moment: KeyMoment) {
        match self.place(moment.frame) {
            Ok(place) => self.moments[place] = moment,
            Err(place) => self.moments.insert(place, moment),
        }
    }

    /// Takes the moment at `frame` away.
    pub fn remove(&mut self, frame: u64) -> Option<KeyMoment> {
        self.place(frame).ok().map(|place| self.moments.remove(place))
    }

    /// The first moment after `frame`.
    pub fn after(&self, frame: u64) -> Option<&KeyMoment> {
        self.moments.iter().find(|moment| moment.frame > frame)
    }

    /// The last moment before `frame`.
    pub fn before(&self, frame: u64) -> Option<&KeyMoment> {
        self.moments.iter().rfind(|moment| moment.frame < frame)
    }

    fn place(&self, frame: u64) -> Result<usize, usize> {
        self.moments.binary_search_by_key(&frame, |moment| moment.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stay_in_order_and_each_frame_has_one() {
        let mut notes = ClipNotes::default();
        for (frame, name) in [(30, "take-off"), (10, "drop in"), (70, "landing"), (30, "pop")] {
            notes.put(KeyMoment { frame, name: name.into() });
        }
        assert_eq!(notes.moments.iter().map(|m| m.frame).collect::<Vec<_>>(), [10, 30, 70]);
        assert_eq!(notes.at(30).map(|m| m.name.as_str()), Some("pop"));
        assert_eq!(notes.after(30).map(|m| m.frame), Some(70));
        assert_eq!(notes.before(30).map(|m| m.frame), Some(10));
        assert!(notes.before(10).is_none() && notes.after(70).is_none());
        assert!(notes.remove(30).is_some() && notes.remove(30).is_none());
    }
}
