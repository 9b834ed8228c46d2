//! The user's changes, made on the tracks that [`super::resolve()`] has found.
//!
//! What was found stays as it is; changed tracks are a view over it, so every change can be taken back, and all of
//! them can be made again on the tracks of another analysis.

use super::carry::{between, lerp};
use super::settings::TrackerSettings;
use super::tracker::trust;
use crate::types::edits::{RiderAt, TrackEdit};
use crate::types::{Provenance, RiderFrame, Track, TrackId};

/// Overlap from which a rider is the one whom an edit means.
const SAME_RIDER_IOU: f32 = 0.3;

/// When the frames of a clip are shown and where its shots begin.
#[derive(Clone, Copy, Debug)]
pub struct Moments<'a> {
    /// Presentation time of each frame, seconds.
    pub times_s: &'a [f64],
    /// First frame of every shot but the first, ascending.
    pub cuts: &'a [u64],
}

impl Moments<'_> {
    fn shot_of(&self, frame: u64) -> usize {
        self.cuts.partition_point(|&cut| cut <= frame)
    }
}

/// Makes `edits` in order on `tracks` and `frames`, where `frames[i]` are the riders of the clip's frame i. Gives the
/// edits that no longer find their rider; they change nothing.
pub fn apply_edits<'e>(
    tracks: &mut Vec<Track>,
    frames: &mut [Vec<RiderFrame>],
    moments: &Moments<'_>,
    edits: &'e [TrackEdit],
) -> Vec<&'e TrackEdit> {
    let mut riders = Riders { tracks, frames, moments };
    edits.iter().filter(|edit| riders.apply(edit).is_none()).collect()
}

/// Where `track` can be found again: the frame in the middle of those in which he was seen. `None` for a track
/// without a state.
pub fn rider_at(frames: &[Vec<RiderFrame>], track: TrackId) -> Option<RiderAt> {
    let states = |seen: bool| {
        (0_u64..).zip(frames).filter_map(move |(frame, riders)| {
            let rider = riders.iter().find(|rider| rider.track == track)?;
            (!seen || rider.provenance.is_seen()).then_some(RiderAt { frame, bbox: rider.bbox })
        })
    };
    let middle = |seen| states(seen).nth(states(seen).count() / 2);
    middle(true).or_else(|| middle(false))
}

struct Riders<'a> {
    tracks: &'a mut Vec<Track>,
    frames: &'a mut [Vec<RiderFrame>],
    moments: &'a Moments<'a>,
}

impl Riders<'_> {
    /// Makes one edit; `None` where it finds no rider.
    fn apply(&mut self, edit: &TrackEdit) -> Option<()> {
        match edit {
            TrackEdit::Main { rider } => {
                let id = self.find(rider)?;
                self.make_main(id);
            }
            TrackEdit::Merge { rider, with } => {
                let (id, other) = (self.find(rider)?, self.find(with)?);
                self.merge(id, other)?;
            }
            TrackEdit::Split { rider, from } => {
                let id = self.find(rider)?;
                self.split(id, *from)?;
            }
            TrackEdit::Rename { rider, name } => {
                let id = self.find(rider)?;
                self.track_mut(id)?.name.clone_from(name);
            }
            TrackEdit::Hide { rider, hidden } => {
                let id = self.find(rider)?;
                self.track_mut(id)?.hidden = *hidden;
            }
            TrackEdit::Drop { rider } => {
                let id = self.find(rider)?;
                self.tracks.retain(|track| track.id != id);
                for riders in self.frames.iter_mut() {
                    riders.retain(|rider| rider.track != id);
                }
            }
        }
        Some(())
    }

    fn find(&self, place: &RiderAt) -> Option<TrackId> {
        let riders = self.frames.get(usize::try_from(place.frame).ok()?)?;
        let overlaps = riders.iter().map(|rider| (rider.bbox.iou(&place.bbox), rider.track));
        let best = overlaps.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 >= SAME_RIDER_IOU).then_some(best.1)
    }

    fn track_mut(&mut self, id: TrackId) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|track| track.id == id)
    }

    /// One main rider a shot: whoever was it in a shot of his is so no more.
    fn make_main(&mut self, id: TrackId) {
        let Some(chosen) = self.tracks.iter().find(|track| track.id == id) else { return };
        let shots =
            |track: &Track| self.moments.shot_of(track.first_frame)..=self.moments.shot_of(track.last_frame);
        let his = shots(chosen);
        for track in self.tracks.iter_mut() {
            let other = shots(track);
            let share_a_shot = other.start() <= his.end() && his.start() <= other.end();
            track.is_main = track.id == id || (track.is_main && !share_a_shot);
        }
    }

    /// Gives the states of `other` to `id`; where both have one, the more trusted stays.
    fn merge(&mut self, id: TrackId, other: TrackId) -> Option<()> {
        if id == other {
            return None;
        }
        let merged = self.tracks.iter().find(|track| track.id == other)?.clone();
        for riders in self.frames.iter_mut() {
            let at = |riders: &[RiderFrame], id| riders.iter().position(|rider| rider.track == id);
            let Some(theirs) = at(riders, other) else { continue };
            if let Some(mine) = at(riders, id) {
                let better = rank(&riders[theirs]) > rank(&riders[mine]);
                riders.remove(if better { mine } else { theirs });
            }
            for rider in riders.iter_mut().filter(|rider| rider.track == other) {
                rider.track = id;
            }
            riders.sort_by_key(|rider| rider.track);
        }
        self.tracks.retain(|track| track.id != other);
        self.bridge(id);
        let track = self.track_mut(id)?;
        track.is_main |= merged.is_main;
        track.name = track.name.take().or(merged.name);
        self.recount(id);
        Some(())
    }

    /// Fills the short gaps of a rider that lie within one shot, between the frames in which he was seen.
    fn bridge(&mut self, id: TrackId) {
        let longest_s = TrackerSettings::default().max_interpolated_s;
        let state = |riders: &[RiderFrame]| riders.iter().find(|rider| rider.track == id).cloned();
        let mut last: Option<(usize, RiderFrame)> = None;
        for at in 0..self.frames.len() {
            let Some(here) = state(&self.frames[at]).filter(|r| r.provenance.is_seen()) else {
                continue;
            };
            if let Some((from, start)) = last.take()
                && at - from > 1
                && self.moments.shot_of(from as u64) == self.moments.shot_of(at as u64)
                && let (Some(&start_s), Some(&end_s)) =
                    (self.moments.times_s.get(from), self.moments.times_s.get(at))
                && end_s > start_s
                && end_s - start_s <= longest_s
            {
                for gap in from + 1..at {
                    let now_s = self.moments.times_s[gap];
                    let t = (((now_s - start_s) / (end_s - start_s)) as f32).clamp(0.0, 1.0);
                    let away = trust((now_s - start_s).min(end_s - now_s).max(0.0));
                    let filled = RiderFrame {
                        track: id,
                        provenance: Provenance::Interpolated,
                        score: lerp(start.score, here.score, t) * away,
                        bbox: start.bbox.lerp(&here.bbox, t),
                        body: start
                            .body
                            .as_ref()
                            .zip(here.body.as_ref())
                            .map(|(a, b)| between(a, b, t, away)),
                    };
                    self.fill(gap, filled);
                }
            }
            last = Some((at, here));
        }
    }

    /// Puts `state` where its rider has none that is better than an expectation.
    fn fill(&mut self, at: usize, state: RiderFrame) {
        let riders = &mut self.frames[at];
        match riders.iter_mut().find(|rider| rider.track == state.track) {
            Some(known) if known.provenance == Provenance::Interpolated => {}
            Some(known) => *known = state,
            None => riders.push(state),
        }
        riders.sort_by_key(|rider| rider.track);
    }

    /// Makes `id` somebody else from frame `from` on. What was filled in across that frame stays with its side.
    fn split(&mut self, id: TrackId, from: u64) -> Option<()> {
        let track = self.tracks.iter().find(|track| track.id == id)?.clone();
        if from <= track.first_frame || from > track.last_frame {
            return None;
        }
        let second = TrackId(self.tracks.iter().map(|track| track.id.0).max()?.checked_add(1)?);
        for riders in self.frames.iter_mut().skip(usize::try_from(from).ok()?) {
            for rider in riders.iter_mut().filter(|rider| rider.track == id) {
                rider.track = second;
            }
            riders.sort_by_key(|rider| rider.track);
        }
        self.tracks.push(Track { id: second, is_main: false, name: None, ..track });
        self.recount(id);
        self.recount(second);
        Some(())
    }

    /// Counts a track's frames anew; one without any is no track.
    fn recount(&mut self, id: TrackId) {
        let states = (0_u64..).zip(self.frames.iter()).filter_map(|(frame, riders)| {
            riders.iter().find(|rider| rider.track == id).map(|rider| (frame, rider.provenance))
        });
        let (mut span, mut detected) = (None, 0);
        for (frame, provenance) in states {
            span = Some((span.map_or(frame, |(first, _)| first), frame));
            detected += u64::from(provenance.is_seen());
        }
        let Some((first, last)) = span else {
            self.tracks.retain(|track| track.id != id);
            return;
        };
        if let Some(track) = self.track_mut(id) {
            (track.first_frame, track.last_frame, track.detected_frames) = (first, last, detected);
        }
    }
}

/// How far a state is to be trusted: first by where it comes from, then by its score.
fn rank(rider: &RiderFrame) -> (usize, u32) {
    let trust = Provenance::ALL.iter().rev().position(|&p| p == rider.provenance).unwrap_or(0);
    (trust, (rider.score.clamp(0.0, 1.0) * 1e6) as u32)
}

#[cfg(test)]
mod tests;
