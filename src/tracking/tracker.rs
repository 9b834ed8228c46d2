//! The online tracker: one frame at a time, in order.

use glam::Vec2;

use super::association::{Expectation, Gate, associate};
use super::candidates::{Candidate, candidates};
use super::carry::carried;
use super::kalman::BoxFilter;
use super::looks::Looks;
use super::places::{Place, Places};
use super::settings::TrackerSettings;
use crate::types::{BBox, BodyEstimate, FrameEvidence, Observation, Provenance, RiderFrame, TrackId};

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
    places: Places,
    looks: Option<Looks>,
    seen_frame: u64,
    seen_s: f64,
    bbox: BBox,
    score: f32,
    body: Option<BodyEstimate>,
}

impl Live {
    fn expectation(&self, picture_px: Vec2) -> Expectation<'_> {
        Expectation {
            filter: &self.filter,
            body: self.body.as_ref(),
            looks: self.looks.as_ref(),
            place: self.places.foresee(picture_px),
            picture_px,
        }
    }
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

    /// Takes in the observations of frame number `frame` at `pts_s` seconds, and what else its picture tells, and tells
    /// where the riders are, by id: those found in this frame, and those expected to be there though unseen for a little while. A rider is told
    /// from the moment he is certain.
    ///
    /// Frames must come in order; one that does not come after the last in number and time is ignored, and numbers
    /// left out count as frames in which nobody was found.
    pub fn advance(
        &mut self,
        frame: u64,
        pts_s: f64,
        observations: &[Observation],
        evidence: &FrameEvidence,
    ) -> Vec<RiderFrame> {
        if self.step(frame, pts_s, observations, evidence).is_none() {
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
        evidence: &'a FrameEvidence,
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
            live.filter.advance(dt_s, &evidence.motion);
            live.places.advance(pts_s, &evidence.motion);
        }

        let found = candidates(observations, evidence, self.settings.min_score);
        let picture_px = self.picture_px(observations);
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
            let expectations: Vec<_> = tracks.iter().map(|&t| self.live[t].expectation(picture_px)).collect();
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

    /// The picture's size where it was told, else what the observations reach.
    fn picture_px(&self, observations: &[Observation]) -> Vec2 {
        self.settings.picture_px.unwrap_or_else(|| guessed_picture(observations.iter()))
    }

    fn begin(&mut self, candidate: &Candidate<'_>) {
        self.live.push(Live {
            serial: self.next_serial,
            id: None,
            hits: 0,
            filter: BoxFilter::new(&candidate.bbox),
            places: Places::default(),
            looks: None,
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
        live.places.push(pts_s, &Place::of(&candidate));
        if let Some(colors) = candidate.colors {
            match &mut live.looks {
                Some(looks) => looks.add(colors),
                None => live.looks = Some(Looks::of(colors)),
            }
        }
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

/// The picture's size from the first camera, whose centre is the picture's; without one the reach of the boxes.
pub(super) fn guessed_picture<'o>(observations: impl Iterator<Item = &'o Observation> + Clone) -> Vec2 {
    observations
        .clone()
        .find_map(|o| o.body.as_ref().map(|body| body.camera.center_px * 2.0))
        .filter(|size| size.is_finite() && size.min_element() > 0.0)
        .unwrap_or_else(|| {
            let boxes = observations.map(|o| o.detection.bbox).filter(BBox::is_valid);
            boxes.fold(Vec2::ONE, |size, bbox| size.max(bbox.max))
        })
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
