//! A rider's state in every frame in which it is known or can be filled in.

use glam::Vec2;

use super::carry::{between, lerp};
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
    /// States of `rider`, ascending, each with the index of its frame in the pass:
    /// * detected, as it was found. Where the body could not be recovered but those around it could, it is filled in
    ///   and the state is called interpolated, since not all of it is of this frame;
    /// * interpolated between two detections that are not too far apart;
    /// * predicted for a short while after the last detection before a longer gap or the end.
    pub(super) fn states(&self, track: TrackId, rider: &Tracklet<'_>) -> Vec<(usize, RiderFrame)> {
        let bodies: Vec<_> =
            rider.iter().filter_map(|s| s.body.map(|body| Anchor { time_s: s.time_s, body })).collect();
        let mut states = Vec::with_capacity(rider.len());
        // Pieces that no gap longer than the interpolation splits, to predict from the end of each.
        let mut piece: Option<Tracklet<'_>> = None;
        for sighting in rider.iter() {
            piece = Some(match piece.take() {
                None => Tracklet::new(*sighting),
                Some(mut before) => {
                    let last = *before.last();
                    if sighting.time_s - last.time_s <= self.settings.max_interpolated_s {
                        self.interpolate(track, &last, sighting, &bodies, &mut states);
                        before.push(*sighting);
                        before
                    } else {
                        self.predict(track, &before, sighting.at, &mut states);
                        Tracklet::new(*sighting)
                    }
                }
            });
            states.push((sighting.at, self.found(track, sighting, &bodies)));
        }
        if let Some(piece) = piece {
            self.predict(track, &piece, self.frames.times_s.len(), &mut states);
        }
        states
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
            states.push((
                at,
                RiderFrame {
                    track,
                    provenance: Provenance::Interpolated,
                    score: lerp(from.score, to.score, t) * trust(away_s),
                    bbox: from.bbox.lerp(&to.bbox, t),
                    body: self.body_at(time_s, bodies),
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
