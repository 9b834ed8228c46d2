//! Everybody of a clip, from shot to shot.

use super::looks::Looks;
use super::recognition::recognised;
use crate::types::{Track, TrackId};

/// Who was seen so far, by id, which counts from 1.
#[derive(Debug, Default)]
pub(super) struct Cast {
    pub tracks: Vec<Track>,
    looks: Vec<Option<Looks>>,
}

impl Cast {
    /// Ids for the riders of the next shot, whose looks are given: those who are recognised keep theirs, the others get
    /// new ones in their order.
    pub(super) fn admit(&self, looks: &[Option<Looks>]) -> Vec<TrackId> {
        let mut old: Vec<Option<usize>> = vec![None; looks.len()];
        for (known, found) in recognised(&self.looks, looks, |_, _| true, |_, _| true) {
            old[found] = Some(known);
        }
        let mut next = self.tracks.len();
        let number = |old: Option<usize>| {
            let index = old.unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            TrackId(u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1))
        };
        old.into_iter().map(number).collect()
    }

    /// Whether one of `ids` is a main rider already.
    pub(super) fn has_main(&self, ids: &[TrackId]) -> bool {
        self.tracks.iter().any(|track| track.is_main && ids.contains(&track.id))
    }

    /// Adds what a shot shows of a rider, whose id comes from [`Self::admit`]: new ones in order.
    pub(super) fn add(&mut self, shown: Track, looks: Option<Looks>) {
        let index = shown.id.0 as usize - 1;
        match self.tracks.get_mut(index) {
            Some(track) => {
                track.last_frame = shown.last_frame;
                track.detected_frames += shown.detected_frames;
                track.is_main |= shown.is_main;
                // Of two sights of one rider the later counts: what he looks like now.
                self.looks[index] = looks.or(self.looks[index].take());
            }
            None => {
                self.tracks.push(shown);
                self.looks.push(looks);
            }
        }
    }
}
