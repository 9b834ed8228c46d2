//! Everybody of a clip, from shot to shot and from part to part.

use super::looks::Looks;
use super::recognition::recognised;
use crate::types::{BBox, Provenance, RiderFrame, Track, TrackId};

/// Who was seen so far, by id, which counts from 1.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    pub(super) tracks: Vec<Track>,
    looks: Vec<Option<Looks>>,
    /// Who was detected where in frames that the next part sees again.
    handed_on: Vec<(u64, BBox, TrackId)>,
    /// Whether the shot that goes on has a main rider.
    pub(super) shot_has_main: bool,
}

impl Cast {
    /// Everybody, in the order of ids. Where parts overlap, frames count twice.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// What somebody looks like, as far as it is known.
    pub fn looks(&self, track: TrackId) -> Option<&Looks> {
        self.looks.get((track.0 as usize).checked_sub(1)?)?.as_ref()
    }

    /// Tells that the next part begins in the middle of the last shot, with `frames` (by number) in which these riders
    /// were told.
    pub fn hand_on<'f>(&mut self, frames: impl IntoIterator<Item = (u64, &'f [RiderFrame])>) {
        let detected = |rider: &&RiderFrame| rider.provenance == Provenance::Detected;
        let sights = frames.into_iter().flat_map(|(frame, riders)| {
            riders.iter().filter(detected).map(move |rider| (frame, rider.bbox, rider.track))
        });
        self.handed_on = sights.collect();
    }

    /// Whether the first shot of what comes is the last one of what was.
    pub(super) fn goes_on(&self) -> bool {
        !self.handed_on.is_empty()
    }

    /// Forgets what was handed on: the shot that went on is over.
    pub(super) fn cut(&mut self) {
        self.handed_on.clear();
        self.shot_has_main = false;
    }

    /// How often each of those who were handed on is at one of `places`, each with its frame's number.
    pub(super) fn votes(&self, places: impl Iterator<Item = (u64, BBox)>) -> Vec<(usize, TrackId)> {
        let mut votes: Vec<(usize, TrackId)> = Vec::new();
        if !self.goes_on() {
            return votes;
        }
        for (frame, bbox) in places {
            let here = self.handed_on.partition_point(|(known, ..)| *known < frame);
            let here = self.handed_on[here..].iter().take_while(|(known, ..)| *known == frame);
            for (_, _, id) in here.filter(|(_, known, _)| *known == bbox) {
                match votes.iter_mut().find(|(_, voted)| voted == id) {
                    Some((count, _)) => *count += 1,
                    None => votes.push((1, *id)),
                }
            }
        }
        votes
    }

    /// Ids for the riders of the next shot, whose looks and votes are given: those who were handed on or are recognised
    /// keep theirs, the others get new ones in their order.
    pub(super) fn admit(&self, looks: &[Option<Looks>], votes: &[Vec<(usize, TrackId)>]) -> Vec<TrackId> {
        let mut old: Vec<Option<usize>> = vec![None; looks.len()];
        let ballots = votes.iter().enumerate().flat_map(|(found, votes)| {
            votes.iter().map(move |&(count, id)| (count, id.0 as usize - 1, found))
        });
        let mut ballots: Vec<_> = ballots.collect();
        ballots.sort_by_key(|&(count, known, found)| (std::cmp::Reverse(count), known, found));
        let by_place = ballots.into_iter().map(|(_, known, found)| (known, found));
        let by_looks = recognised(&self.looks, looks, |_, _| true, |_, _| true);
        for (known, found) in by_place.chain(by_looks) {
            if old[found].is_none() && !old.contains(&Some(known)) {
                old[found] = Some(known);
            }
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
