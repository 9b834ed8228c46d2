//! A rider's state in every frame in which it is known or can be filled in.

use glam::Vec2;

use super::carry::{between, carried, lerp};
use super::settings::TrackerSettings;
use super::tracker::{predicted, trust};
use super::tracklet::{Frames, Sighting, Tracklet};
use crate::types::{BodyEstimate, Provenance, RiderFrame, TrackId};

/// The times and borders within which states are filled in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass<'s> {
    pub settings: &'s TrackerSettings,
    pub frames: Frames<'s>,
    /// Picture size, pixels.
    pub picture_px: Vec2,
}

impl Pass<'_> {
    /// States of `rider`, ascending, each with the index of its frame in the pass; `covered` tells for each sighting
    /// whether it shows a part of him only:
    /// * detected, as it was found. Where the body could not be recovered but those around it could, it is filled in
    ///   and the state is called interpolated, since not all of it is of this frame;
    /// * interpolated between two detections that are not too far apart, on the slope: the camera's motion is added.
    ///   What shows a part of him between two that show the whole is passed over;
    /// * predicted for a short while after the last detection before a longer gap or the end.
    pub(super) fn states(
        &self,
        track: TrackId,
        rider: &Tracklet<'_>,
        covered: &[bool],
    ) -> Vec<(usize, RiderFrame)> {
        let all: Vec<_> = rider.iter().copied().collect();
        let told = self.without_covered(&all, covered);
        let with_body = told.iter().filter_map(|&index| {
            let Sighting { time_s, body, .. } = all[index];
            body.map(|body| Anchor { time_s, body })
        });
        let bodies: Vec<_> = with_body.collect();
        let mut states = Vec::with_capacity(all.len());
        // Pieces that no gap longer than the interpolation splits, to predict from the end of each.
        let mut piece: Option<(Tracklet<'_>, usize)> = None;
        for index in told {
            let sighting = all[index];
            let piece_here = match piece.take() {
                None => Tracklet::new(sighting),
                Some((mut before, last)) if self.is_bridged(&all[last..=index]) => {
                    self.interpolate(track, &all[last], &sighting, &bodies, &mut states);
                    before.push(sighting);
                    before
                }
                Some((before, _)) => {
                    self.predict(track, &before, sighting.at, &mut states);
                    Tracklet::new(sighting)
                }
            };
            piece = Some((piece_here, index));
            states.push((sighting.at, self.found(track, &sighting, &bodies)));
        }
        if let Some((piece, _)) = piece {
            self.predict(track, &piece, self.frames.times_s.len(), &mut states);
        }
        states
    }

    /// Indices of the sightings but of those of a part of him that lie between two of the whole which can be bridged.
    fn without_covered(&self, all: &[Sighting<'_>], covered: &[bool]) -> Vec<usize> {
        let mut told: Vec<usize> = Vec::with_capacity(all.len());
        let mut index = 0;
        while index < all.len() {
            let after = index + covered[index..].iter().take_while(|covered| **covered).count();
            let bridged = told.last().is_some_and(|&before| {
                all.get(after)
                    .is_some_and(|after| after.time_s - all[before].time_s <= self.settings.max_join_s)
                    && self.is_bridged(&all[before..=after])
            });
            told.extend(if bridged { after..after + 1 } else { index..all.len().min(after + 1) });
            index = after + 1;
        }
        told
    }

    /// Whether no gap between consecutive sightings is too long to be filled in.
    fn is_bridged(&self, sightings: &[Sighting<'_>]) -> bool {
        sightings.windows(2).all(|pair| pair[1].time_s - pair[0].time_s <= self.settings.max_interpolated_s)
    }

    fn found(&self, track: TrackId, sighting: &Sighting<'_>, bodies: &[Anchor<'_>]) -> RiderFrame {
        let filled = if sighting.body.is_none() { self.body_at(sighting.time_s, bodies) } else { None };
        let provenance = if filled.is_some() { Provenance::Interpolated } else { Provenance::Detected };
        let body = filled.or_else(|| sighting.body.cloned());
        RiderFrame { track, provenance, score: sighting.score, bbox: sighting.bbox, body }
    }

    fn interpolate(
        &self,
        track: TrackId,
        from: &Sighting<'_>,
        to: &Sighting<'_>,
        bodies: &[Anchor<'_>],
        states: &mut Vec<(usize, RiderFrame)>,
    ) {
        for at in from.at + 1..to.at {
            let time_s = self.frames.times_s[at];
            // A frame that was out of order lies outside and gets no state.
            let Some(t) = fraction(from.time_s, to.time_s, time_s) else { continue };
            let away_s = (time_s - from.time_s).min(to.time_s - time_s);
            let straight = from.bbox.lerp(&to.bbox, t);
            let carry = |sighting: &Sighting<'_>| self.frames.carry(&sighting.bbox, sighting.at, at);
            let bbox = carry(from).lerp(&carry(to), t);
            let body = match from.body.zip(to.body) {
                Some((from, to)) => Some(between(from, to, t, trust(away_s))),
                None => self.body_at(time_s, bodies),
            };
            states.push((
                at,
                RiderFrame {
                    track,
                    provenance: Provenance::Interpolated,
                    score: lerp(from.score, to.score, t) * trust(away_s),
                    bbox,
                    body: body.map(|body| carried(&body, &straight, &bbox, 1.0)),
                },
            ));
        }
    }

    /// The body at `time_s` between its neighbours in `bodies`, where they are near enough.
    fn body_at(&self, time_s: f64, bodies: &[Anchor<'_>]) -> Option<BodyEstimate> {
        let after = bodies.partition_point(|anchor| anchor.time_s <= time_s);
        let (before, after) = (bodies.get(after.checked_sub(1)?)?, bodies.get(after)?);
        if after.time_s - before.time_s > self.settings.max_interpolated_s {
            return None;
        }
        let t = fraction(before.time_s, after.time_s, time_s)?;
        let away_s = (time_s - before.time_s).min(after.time_s - time_s);
        Some(between(before.body, after.body, t, trust(away_s)))
    }

    /// Goes on behind `piece` before the frame with index `end`, no further than out of the picture.
    fn predict(
        &self,
        track: TrackId,
        piece: &Tracklet<'_>,
        end: usize,
        states: &mut Vec<(usize, RiderFrame)>,
    ) {
        let last = piece.last();
        let mut filter = piece.motion_at_end(&self.frames);
        let mut now = last.at;
        for at in last.at + 1..end {
            let time_s = self.frames.times_s[at];
            if time_s - last.time_s > self.settings.max_predicted_s {
                break;
            }
            let dt_s = time_s - self.frames.times_s[now];
            if dt_s.is_nan() || dt_s <= 0.0 {
                continue;
            }
            self.frames.advance(&mut filter, now, at);
            now = at;
            let bbox = filter.bbox();
            let center = bbox.center();
            if center.cmplt(Vec2::ZERO).any() || center.cmpgt(self.picture_px).any() {
                break;
            }
            let state = predicted(track, &bbox, time_s - last.time_s, last.score, &last.bbox, last.body);
            states.push((at, state));
        }
    }
}

/// A body that was recovered, and when.
struct Anchor<'a> {
    time_s: f64,
    body: &'a BodyEstimate,
}

/// Where `now` lies between `from` (0) and `to` (1); `None` at the ends and outside.
fn fraction(from: f64, to: f64, now: f64) -> Option<f32> {
    (from < now && now < to).then(|| ((now - from) / (to - from)) as f32)
}
