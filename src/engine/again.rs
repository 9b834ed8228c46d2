//! Looking again, once all of a part of the clip is known, for riders where they were lost.
//!
//! In a hole between two sights of a rider both ends say where he must be; before his first and after his last one
//! his motion does. That region is searched at higher zoom, by the detector and, where it sees nobody, by the landmark
//! networks alone. What they confirm is one more observation; who is who is then settled anew with it, so the pieces
//! on either side become one track by the same rules as ever.

use std::ops::Range;

use super::holes::{Hole, holes, sighting};
use super::pipeline::Stages;
use super::recover_stage::{agreed, in_picture};
use super::surfaces::Surfaces;
use super::zoom::{Expected, Zoom};
use super::{CancelToken, EngineError};
use crate::body::SurfaceSampler;
use crate::tracking::{self, Cast, FrameObservations, Looks, TrackerSettings};
use crate::types::{BBox, Observation, Provenance, RgbImage, RiderFrame, SurfaceColors, VideoFrame};
use crate::video::{self, FrameSource, VideoError};

/// Times that the holes are searched: what was found the first time tells where to look the second time.
const ROUNDS: usize = 2;

/// Frames in a row without him after which he is taken to have left, or not to have come yet.
const MOST_MISSES: usize = 4;

/// The same for a hole that is searched from both ends: he may be hidden in its middle.
const MOST_MISSES_INSIDE: usize = 12;

/// Frames from which his motion at an end is taken.
const MOTION_FRAMES: usize = 4;

/// Most bytes of pictures held at once.
const HELD_BYTES: usize = 192 << 20;

/// Overlap from which a place is somebody else's.
const TAKEN_IOU: f32 = 0.5;

/// Somebody found again.
struct Found {
    at: usize,
    observation: Observation,
    colors: Option<SurfaceColors>,
}

/// Searches the riders' holes in a part of a clip.
pub struct SearchAgain<'a> {
    source: &'a mut dyn FrameSource,
    zoom: Zoom<'a>,
    sampler: Option<SurfaceSampler>,
    cancel: &'a CancelToken,
    /// By position in the part, as all places here.
    shots: &'a [Range<usize>],
    /// Holes that have been searched; the same one again would give nothing else.
    tried: Vec<Range<usize>>,
    image: RgbImage,
}

impl<'a> SearchAgain<'a> {
    /// Searches a part of these `shots` with the networks of `stages`; `None` where there is no recoverer to search with.
    pub fn new(
        source: &'a mut dyn FrameSource,
        stages: &'a mut Stages,
        cancel: &'a CancelToken,
        shots: &'a [Range<usize>],
    ) -> Option<Self> {
        let recoverer = stages.recoverers.first_mut()?;
        let zoom = Zoom::new(stages.detector.as_mut(), recoverer.as_mut(), stages.scores);
        let sampler = stages.surfaces.as_ref().map(Surfaces::sampler);
        Some(Self { source, zoom, sampler, cancel, shots, tried: Vec::new(), image: RgbImage::default() })
    }

    /// Who is who in `seen`, with what is found again; `cast` comes with those of the parts before. Stops early when the
    /// analysis is cancelled.
    ///
    /// # Errors
    /// When a network fails or the clip cannot be read any more.
    pub fn resolve(
        mut self,
        settings: &TrackerSettings,
        cast: &mut Cast,
        mut seen: Vec<FrameObservations>,
    ) -> Result<Vec<Vec<RiderFrame>>, EngineError> {
        let before = cast.clone();
        let mut frames = tracking::resolve_part(settings, cast, self.shots, &seen);
        let mut all = Vec::new();
        for _ in 0..ROUNDS {
            let found = self.search(cast, &frames, &seen)?;
            if found.is_empty() {
                break;
            }
            for one in found {
                let mut observation = one.observation.clone();
                // Two frames and the landmarks vouch for him, so he may begin a track.
                observation.detection.score = observation.detection.score.max(settings.confident_score);
                let FrameObservations { observations, evidence, .. } = &mut seen[one.at];
                evidence.appearances.resize(observations.len(), None);
                evidence.appearances.push(one.colors.clone());
                observations.push(observation);
                all.push(one);
            }
            *cast = before.clone();
            frames = tracking::resolve_part(settings, cast, self.shots, &seen);
        }
        for one in &all {
            mark(&mut frames[one.at], one);
        }
        Ok(frames)
    }

    fn search(
        &mut self,
        cast: &Cast,
        frames: &[Vec<RiderFrame>],
        seen: &[FrameObservations],
    ) -> Result<Vec<Found>, EngineError> {
        let times_s: Vec<f64> = seen.iter().map(|frame| frame.pts_s).collect();
        let mut found = Vec::new();
        let tried_before = self.tried.len();
        for hole in holes(cast.tracks(), frames, &times_s, self.shots) {
            if self.cancel.is_cancelled() {
                break;
            }
            if self.tried[..tried_before].contains(&hole.frames) {
                continue;
            }
            let mut way = Way::new(&hole, cast.looks(hole.track), frames, &times_s);
            self.search_hole(&hole, &mut way, frames, seen)?;
            found.extend(way.found);
            self.tried.push(hole.frames);
        }
        Ok(found)
    }

    fn search_hole(
        &mut self,
        hole: &Hole,
        way: &mut Way<'_>,
        frames: &[Vec<RiderFrame>],
        seen: &[FrameObservations],
    ) -> Result<(), EngineError> {
        let info = self.source.info();
        let frame_bytes = (info.width as usize * info.height as usize * 3 / 2).max(1);
        let window = (HELD_BYTES / frame_bytes).max(2);
        let mut left = hole.frames.clone();
        let mut misses = 0;
        while !left.is_empty() {
            let length = window.min(left.len());
            // Towards what is not known.
            let here =
                if hole.seen_before { left.start..left.start + length } else { left.end - length..left.end };
            left = if hole.seen_before { here.end..left.end } else { left.start..here.start };
            let pictures = self.pictures(&seen[here.clone()])?;
            for at in order(&here, hole) {
                if self.cancel.is_cancelled() {
                    return Ok(());
                }
                let Some(frame) = pictures.get(at - here.start).and_then(Option::as_ref) else { continue };
                video::yuv_to_rgb(&frame.image, &mut self.image);
                if way.try_at(at, &self.image, &mut self.zoom, self.sampler.as_mut(), &frames[at])? {
                    misses = 0;
                } else {
                    misses += 1;
                }
                let most = if hole.seen_before && hole.seen_after { MOST_MISSES_INSIDE } else { MOST_MISSES };
                if misses > most {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The pictures of consecutive frames; `None` for one that cannot be decoded.
    fn pictures(&mut self, frames: &[FrameObservations]) -> Result<Vec<Option<VideoFrame>>, EngineError> {
        let mut pictures = vec![None; frames.len()];
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return Ok(pictures) };
        self.source.seek(first.frame)?;
        loop {
            match self.source.next_frame() {
                Ok(Some(frame)) if frame.index <= last.frame => {
                    if let Some(at) = frames.iter().position(|known| known.frame == frame.index) {
                        pictures[at] = Some(frame);
                    }
                }
                Ok(_) => return Ok(pictures),
                Err(VideoError::BadFrame { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            if self.cancel.is_cancelled() || pictures.last().is_some_and(Option::is_some) {
                return Ok(pictures);
            }
        }
    }
}

/// The frames of `here` in the order in which they are searched: from what is known to what is not, so each has a
/// known neighbour as long as he is found.
fn order(here: &Range<usize>, hole: &Hole) -> Vec<usize> {
    match (hole.seen_before, hole.seen_after) {
        (true, true) => {
            let half = here.len().div_ceil(2);
            let (front, back) = (here.clone().take(half), here.clone().rev().take(here.len() - half));
            let mut back = back.map(Some).chain(std::iter::repeat(None));
            front.flat_map(|at| [Some(at), back.next().flatten()]).flatten().collect()
        }
        (true, false) => here.clone().collect(),
        (false, _) => here.clone().rev().collect(),
    }
}

/// A rider's way through a hole, as far as it is known.
struct Way<'r> {
    times_s: &'r [f64],
    hole: Hole,
    looks: Option<&'r Looks>,
    /// Where he was seen, ascending by frame.
    known: Vec<(usize, BBox)>,
    found: Vec<Found>,
}

impl<'r> Way<'r> {
    fn new(hole: &Hole, looks: Option<&'r Looks>, riders: &[Vec<RiderFrame>], times_s: &'r [f64]) -> Self {
        let frames = &hole.frames;
        let around = frames.start.saturating_sub(MOTION_FRAMES)..frames.end + MOTION_FRAMES;
        let known = around.filter_map(|at| {
            let rider = sighting(riders.get(at)?, hole.track)?;
            Some((at, rider.bbox))
        });
        Self { times_s, hole: hole.clone(), looks, known: known.collect(), found: Vec::new() }
    }

    /// Searches one frame, with `others` in it, and says whether he was found.
    fn try_at(
        &mut self,
        at: usize,
        image: &RgbImage,
        zoom: &mut Zoom<'_>,
        mut sampler: Option<&mut SurfaceSampler>,
        others: &[RiderFrame],
    ) -> Result<bool, EngineError> {
        for expected in self.expected(at) {
            let Some(mut observation) = zoom.search(image, &expected)? else { continue };
            let mut colors = None;
            if let Some(sampler) = &mut sampler {
                colors = sampler.sample(image, &[observation.body.as_ref()]).pop().flatten();
                if let Some(body) = sampler.bounds(0) {
                    observation.detection.bbox =
                        agreed(&observation.detection.bbox, &in_picture(&body, image));
                }
            }
            let bbox = observation.detection.bbox;
            let is_somebody_else = others.iter().any(|other| {
                other.track != self.hole.track
                    && other.provenance == Provenance::Detected
                    && other.bbox.iou(&bbox) >= TAKEN_IOU
            });
            let is_unlike =
                self.looks.zip(colors.as_ref()).is_some_and(|(looks, seen)| looks.is_unlike(seen));
            if is_somebody_else || is_unlike {
                continue;
            }
            let place = self.known.partition_point(|(known, _)| *known < at);
            self.known.insert(place, (at, bbox));
            self.found.push(Found { at, observation, colors });
            return Ok(true);
        }
        Ok(false)
    }

    /// Where he may be in frame `at`, likeliest first.
    fn expected(&self, at: usize) -> Vec<Expected> {
        let place = self.known.partition_point(|(known, _)| *known < at);
        let (before, after) = self.known.split_at(place);
        match (before.last(), after.first()) {
            (Some(a), Some(b)) => {
                let t = (self.times_s[at] - self.times_s[a.0]) / (self.times_s[b.0] - self.times_s[a.0]);
                vec![Expected { bbox: a.1.lerp(&b.1, t as f32), is_between: true }]
            }
            (Some(near), None) => self.beyond(at, near, before.iter().rev().nth(MOTION_FRAMES - 1)),
            (None, Some(near)) => self.beyond(at, near, after.get(MOTION_FRAMES - 1)),
            (None, None) => Vec::new(),
        }
    }

    /// Where he may be in frame `at` beyond the frame `near`, from the motion between it and `far`.
    fn beyond(&self, at: usize, near: &(usize, BBox), far: Option<&(usize, BBox)>) -> Vec<Expected> {
        let moved = far.map(|far| {
            let seconds = |a: usize, b: usize| (self.times_s[b] - self.times_s[a]) as f32;
            let steps = seconds(near.0, at) / seconds(far.0, near.0);
            near.1.translated((near.1.center() - far.1.center()) * steps)
        });
        let boxes = moved.filter(BBox::is_valid).into_iter().chain([near.1]);
        boxes.map(|bbox| Expected { bbox, is_between: false }).collect()
    }
}

/// Says where the rider's state comes from that `found` has become.
fn mark(riders: &mut [RiderFrame], found: &Found) {
    let detection = &found.observation.detection;
    let is_his =
        |rider: &&mut RiderFrame| rider.provenance == Provenance::Detected && rider.bbox == detection.bbox;
    if let Some(rider) = riders.iter_mut().find(is_his) {
        rider.provenance = Provenance::ReDetected;
        rider.score = detection.score;
    }
}
