//! The online tracker: one frame at a time, in order.

use super::association::{Expectation, Gate, associate};
use super::candidates::{Candidate, candidates};
use super::carry::carried;
use super::kalman::BoxFilter;
use super::settings::TrackerSettings;
use crate::types::{BBox, BodyEstimate, Observation, Provenance, RiderFrame, TrackId};

/// Time constant with which trust in a rider who is not seen falls, seconds.
const TRUST_DECAY_S: f64 = 0.5;

/// How much of a score is left `unseen_s` seconds from the nearest detection, 0 to 1.
pub(super) fn trust(unseen_s: f64) -> f32 {
    (-unseen_s / TRUST_DECAY_S).exp() as f32
}

/// A rider's life: tentative until he was detected often enough, then certain; lost while he is not seen; forgotten
/// after that went on too long.
#[derive(Clone, Debug)]
struct Live {
    serial: usize,
    /// Set when he becomes certain.
    id: Option<TrackId>,
    hits: u32,
    filter: BoxFilter,
    seen_frame: u64,
    seen_s: f64,
    bbox: BBox,
    score: f32,
    body: Option<BodyEstimate>,
}

/// A detection that was given to a track.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assigned<'a> {
    /// Counts every track that ever began, tentative ones too.
    pub serial: usize,
    /// Whether the rider is certain by now.
    pub confirmed: bool,
    pub candidate: Candidate<'a>,
}

/// Follows riders through a clip as its frames come.
#[derive(Clone, Debug)]
pub struct Tracker {
    settings: TrackerSettings,
    live: Vec<Live>,
    /// Number and time of the last frame.
    now: Option<(u64, f64)>,
    next_serial: usize,
    next_id: u32,
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new(settings: TrackerSettings) -> Self {
        Self { settings, live: Vec::new(), now: None, next_serial: 0, next_id: 1 }
    }

    /// Takes note that the next frame begins another shot: nobody is expected in it. Ids go on counting.
    pub fn cut(&mut self) {
        self.live.clear();
    }

    /// Takes in the observations of frame number `frame` at `pts_s` seconds and tells where the riders are, by id:
    /// those found in this frame, and those expected to be there though unseen for a little while. A rider is told
    /// from the moment he is certain.
    ///
    /// Frames must come in order; one that does not come after the last in number and time is ignored, and numbers
    /// left out count as frames in which nobody was found.
    pub fn advance(&mut self, frame: u64, pts_s: f64, observations: &[Observation]) -> Vec<RiderFrame> {
        if self.step(frame, pts_s, observations).is_none() {
            return Vec::new();
        }
        let mut riders: Vec<_> = self.live.iter().filter_map(|live| self.rider(live, frame, pts_s)).collect();
        riders.sort_by_key(|rider| rider.track);
        riders
    }

    /// Takes in one frame; `None` where it is out of order.
    pub(super) fn step<'a>(
        &mut self,
        frame: u64,
        pts_s: f64,
        observations: &'a [Observation],
    ) -> Option<Vec<Assigned<'a>>> {
        let dt_s = match self.now {
            _ if !pts_s.is_finite() => return None,
            Some((last, last_s)) if frame <= last || pts_s <= last_s => return None,
            Some((_, last_s)) => pts_s - last_s,
            None => 0.0,
        };
        self.now = Some((frame, pts_s));

        let (max_misses, max_lost_s) = (self.settings.max_tentative_misses, self.settings.max_lost_s);
        self.live.retain(|live| match live.id {
            Some(_) => pts_s - live.seen_s <= max_lost_s,
            None => frame - live.seen_frame <= max_misses + 1,
        });
        for live in &mut self.live {
            live.filter.predict(dt_s);
        }

        let found = candidates(observations, self.settings.min_score);
        let confident_score = self.settings.confident_score;
        let sure = |c: &Candidate<'_>| c.score >= confident_score;
        let mut owners: Vec<Option<usize>> = vec![None; found.len()];
        // Certain riders choose first among the sure detections, then among the rest; newcomers take what is left.
        for (certain, confident, gate) in
            [(true, true, Gate::Plausible), (true, false, Gate::Overlapping), (false, true, Gate::Plausible)]
        {
            let tracks: Vec<usize> = (0..self.live.len())
                .filter(|&t| self.live[t].id.is_some() == certain && !owners.contains(&Some(t)))
                .collect();
            let free: Vec<usize> =
                (0..found.len()).filter(|&c| owners[c].is_none() && sure(&found[c]) == confident).collect();
            let expectations: Vec<_> = tracks
                .iter()
                .map(|&t| Expectation { filter: &self.live[t].filter, body: self.live[t].body.as_ref() })
                .collect();
            let offered: Vec<_> = free.iter().map(|&c| &found[c]).collect();
            for (t, c) in associate(&expectations, &offered, gate) {
                owners[free[c]] = Some(tracks[t]);
            }
        }

        let mut assigned = Vec::with_capacity(found.len());
        for (candidate, owner) in found.into_iter().zip(owners) {
            let index = match owner {
                Some(index) => {
                    self.live[index].filter.update(&candidate.bbox);
                    index
                }
                None if sure(&candidate) => {
                    self.begin(&candidate);
                    self.live.len() - 1
                }
                None => continue,
            };
            assigned.push(self.seen(index, candidate, frame, pts_s));
        }
        Some(assigned)
    }

    fn begin(&mut self, candidate: &Candidate<'_>) {
        self.live.push(Live {
            serial: self.next_serial,
            id: None,
            hits: 0,
            filter: BoxFilter::new(&candidate.bbox),
            seen_frame: 0,
            seen_s: 0.0,
            bbox: candidate.bbox,
            score: candidate.score,
            body: None,
        });
        self.next_serial += 1;
    }

    /// Notes that the rider at `index` was detected, which may make him certain.
    fn seen<'a>(&mut self, index: usize, candidate: Candidate<'a>, frame: u64, pts_s: f64) -> Assigned<'a> {
        let live = &mut self.live[index];
        live.hits = live.hits.saturating_add(1);
        live.seen_frame = frame;
        live.seen_s = pts_s;
        live.bbox = candidate.bbox;
        live.score = candidate.score;
        live.body = candidate.body.cloned();
        if live.id.is_none() && live.hits >= self.settings.min_hits {
            live.id = Some(TrackId(self.next_id));
            self.next_id = self.next_id.saturating_add(1);
        }
        Assigned { serial: live.serial, confirmed: live.id.is_some(), candidate }
    }

    /// A certain rider's state in the current frame, while it is worth telling.
    fn rider(&self, live: &Live, frame: u64, pts_s: f64) -> Option<RiderFrame> {
        let track = live.id?;
        if live.seen_frame == frame {
            return Some(RiderFrame {
                track,
                provenance: Provenance::Detected,
                score: live.score,
                bbox: live.bbox,
                body: live.body.clone(),
            });
        }
        let unseen_s = pts_s - live.seen_s;
        (unseen_s <= self.settings.max_predicted_s).then(|| {
            predicted(track, &live.filter.bbox(), unseen_s, live.score, &live.bbox, live.body.as_ref())
        })
    }
}

/// A rider at the expected box `bbox`, `unseen_s` seconds after he was detected at `seen_bbox` with `score`.
pub(super) fn predicted(
    track: TrackId,
    bbox: &BBox,
    unseen_s: f64,
    score: f32,
    seen_bbox: &BBox,
    body: Option<&BodyEstimate>,
) -> RiderFrame {
    let trust = trust(unseen_s);
    RiderFrame {
        track,
        provenance: Provenance::Predicted,
        score: score * trust,
        bbox: *bbox,
        body: body.map(|body| carried(body, seen_bbox, bbox, trust)),
    }
}
