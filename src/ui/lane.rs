//! One rider over the clip, frame by frame.

use std::ops::Range;

use crate::types::{Provenance, TrackId};

/// A stretch of frames with one provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Frames, end exclusive.
    pub frames: Range<u64>,
    /// Where the rider's state comes from in all of them.
    pub provenance: Provenance,
}

/// Where a rider's state comes from in every frame.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Who.
    pub id: TrackId,
    /// Whether the clip is about him.
    pub is_main: bool,
    /// What the user calls him.
    pub name: Option<String>,
    /// Whether the user has left him out of pictures.
    pub is_hidden: bool,
    marks: Vec<Option<Provenance>>,
    counts: [u64; Provenance::ALL.len()],
}

fn slot(provenance: Provenance) -> usize {
    match provenance {
        Provenance::Detected => 0,
        Provenance::ReDetected => 1,
        Provenance::Interpolated => 2,
        Provenance::Predicted => 3,
        Provenance::Missing => 4,
    }
}

impl Lane {
    /// A rider of whom nothing is known yet, in a clip of `frames` frames.
    pub fn new(id: TrackId, frames: usize) -> Self {
        Self {
            id,
            is_main: false,
            name: None,
            is_hidden: false,
            marks: vec![None; frames],
            counts: [0; Provenance::ALL.len()],
        }
    }

    /// The user's name for him, or "Rider 1".
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.id.title())
    }

    /// Sets what is known of a frame; past the clip's end nothing happens.
    pub fn set(&mut self, frame: u64, mark: Option<Provenance>) {
        let Some(place) = usize::try_from(frame).ok().and_then(|i| self.marks.get_mut(i)) else { return };
        if let Some(old) = std::mem::replace(place, mark) {
            self.counts[slot(old)] -= 1;
        }
        if let Some(new) = mark {
            self.counts[slot(new)] += 1;
        }
    }

    /// What is known of a frame.
    pub fn at(&self, frame: u64) -> Option<Provenance> {
        self.marks.get(usize::try_from(frame).ok()?).copied().flatten()
    }

    /// Number of frames with this provenance.
    pub fn count(&self, provenance: Provenance) -> u64 {
        self.counts[slot(provenance)]
    }

    /// Whether nothing is known of any frame.
    pub fn is_blank(&self) -> bool {
        self.counts.iter().all(|&n| n == 0)
    }

    /// First and last frame with a state.
    pub fn span(&self) -> Option<(u64, u64)> {
        let has_state = |mark: &Option<Provenance>| mark.is_some_and(|p| p != Provenance::Missing);
        let first = self.marks.iter().position(has_state)?;
        let last = self.marks.iter().rposition(has_state)?;
        Some((first as u64, last as u64))
    }

    /// Where the next stretch begins in which he was not seen, looking on from `frame` and over the end of the
    /// clip; `None` where he was seen throughout.
    pub fn next_weak_spot(&self, frame: u64) -> Option<u64> {
        let (first, last) = self.span()?;
        let begins = |f: &u64| {
            let weak = |f: u64| !self.at(f).is_some_and(Provenance::is_seen);
            weak(*f) && (*f == first || !weak(*f - 1))
        };
        let after = (frame + 1).max(first)..=last;
        after.into_iter().find(begins).or_else(|| (first..=last.min(frame)).find(begins))
    }

    /// Stretches of frames with one provenance, in order; frames without one are between them.
    ///
    /// Frames are taken `bucket` at a time, as many as share a column of the screen. The least trusted of them names
    /// the bucket: a weak frame is never hidden by its neighbours.
    pub fn runs(&self, bucket: usize) -> Vec<Run> {
        let bucket = bucket.max(1);
        let mut runs: Vec<Run> = Vec::new();
        for (index, marks) in self.marks.chunks(bucket).enumerate() {
            let start = (index * bucket) as u64;
            let end = start + marks.len() as u64;
            let Some(provenance) = marks.iter().flatten().copied().max_by_key(|p| slot(*p)) else { continue };
            match runs.last_mut() {
                Some(run) if run.provenance == provenance && run.frames.end == start => run.frames.end = end,
                _ => runs.push(Run { frames: start..end, provenance }),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Provenance::{Detected, Interpolated, Missing, Predicted};

    fn lane(marks: &[Option<Provenance>]) -> Lane {
        let mut lane = Lane::new(TrackId(1), marks.len());
        for (frame, mark) in marks.iter().enumerate() {
            lane.set(frame as u64, *mark);
        }
        lane
    }

    #[test]
    fn counts_follow_changes_of_mind() {
        let mut lane = lane(&[Some(Detected), Some(Detected), None]);
        lane.set(1, Some(Interpolated));
        lane.set(1, Some(Interpolated));
        lane.set(0, None);
        lane.set(99, Some(Detected));
        assert_eq!(lane.count(Detected), 0);
        assert_eq!(lane.count(Interpolated), 1);
        assert_eq!(lane.span(), Some((1, 1)));
    }

    #[test]
    fn weak_spots_are_visited_in_turn_and_around_the_end() {
        let d = Some(Detected);
        let gappy = lane(&[None, d, Some(Predicted), Some(Predicted), d, d, None, d, Some(Missing)]);
        assert_eq!(gappy.next_weak_spot(0), Some(2));
        assert_eq!(gappy.next_weak_spot(2), Some(6));
        assert_eq!(gappy.next_weak_spot(6), Some(2));
        assert_eq!(gappy.next_weak_spot(8), Some(2));
        assert_eq!(lane(&[d, d]).next_weak_spot(0), None);
        assert_eq!(lane(&[None]).next_weak_spot(0), None);
    }

    #[test]
    fn runs_tile_the_known_frames() {
        let d = Some(Detected);
        let runs = lane(&[d, d, None, d, Some(Predicted)]).runs(1);
        let expected = [(0..2, Detected), (3..4, Detected), (4..5, Predicted)];
        assert_eq!(runs, expected.map(|(frames, provenance)| Run { frames, provenance }));
    }

    #[test]
    fn a_single_weak_frame_shows_in_its_column_and_no_other() {
        let mut marks = vec![Some(Detected); 1005];
        marks[503] = Some(Missing);
        let runs = lane(&marks).runs(10);
        let expected = [(0..500, Detected), (500..510, Missing), (510..1005, Detected)];
        assert_eq!(runs, expected.map(|(frames, provenance)| Run { frames, provenance }));
    }
}
