//! The offline pass over a whole clip.

use std::ops::Range;

use glam::Vec2;

use super::cast::Cast;
use super::covered::covered;
use super::fill::Pass;
use super::join::{join, reunite};
use super::main_rider::{is_shadow, main_rider};
use super::settings::TrackerSettings;
use super::shots::shots;
use super::tracker::{Tracker, guessed_picture};
use super::tracklet::{Frames, Sighting, Tracklet};
use crate::types::{CameraMotion, FrameEvidence, Observation, Provenance, RiderFrame, Track};

/// What was seen in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameObservations {
    /// The frame's number in the clip.
    pub frame: u64,
    /// Seconds from the first frame of the clip.
    pub pts_s: f64,
    /// How much the picture differs from the one before it ([`super::ChangeMeter`]); `None` where that is not known.
    pub change: Option<f32>,
    /// Everybody who was found.
    pub observations: Vec<Observation>,
    /// What else the picture tells.
    pub evidence: FrameEvidence,
}

/// Who is where in a clip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolved {
    /// Everybody who was tracked, by id, which counts from 1 in the order of appearance.
    pub tracks: Vec<Track>,
    /// `frames[i]` are the riders in the i-th frame given, by id.
    pub frames: Vec<Vec<RiderFrame>>,
}

/// Tracks a whole clip, whose frames ascend in number and time; frames that do not are ignored, and numbers left
/// out count as frames in which nobody was found.
///
/// Runs the tracker and then looks back: the frames before a rider was certain are his, too; pieces that lead from
/// one to the next, or look like one rider, are the same rider; short gaps between detections are interpolated and
/// short ends predicted; shadows and who was hardly ever seen are dropped; and at most one of each shot is the main
/// rider. Nobody is followed across a cut by where he is: only who is clearly recognised keeps his identity.
pub fn resolve(settings: &TrackerSettings, frames: &[FrameObservations]) -> Resolved {
    let changes: Vec<_> = frames.iter().map(|frame| frame.change).collect();
    let mut cast = Cast::default();
    let frames = resolve_part(settings, &mut cast, &shots(&changes), frames);
    Resolved { tracks: cast.tracks, frames }
}

/// As [`resolve()`] for a part of a clip that has these `shots`, by position in `frames`: goes on with whom `cast` knows from
/// the parts before it, and adds to it.
pub fn resolve_part(
    settings: &TrackerSettings,
    cast: &mut Cast,
    shots: &[Range<usize>],
    frames: &[FrameObservations],
) -> Vec<Vec<RiderFrame>> {
    let everybody = frames.iter().flat_map(|frame| &frame.observations);
    let picture_px = settings.picture_px.unwrap_or_else(|| guessed_picture(everybody));
    let mut states = Vec::with_capacity(frames.len());
    for (index, shot) in shots.iter().enumerate() {
        if index > 0 || !cast.goes_on() {
            cast.cut();
        }
        states.extend(resolve_shot(settings, &frames[shot.clone()], picture_px, cast));
    }
    states
}

/// Tracks one shot: the riders of its frames. Adds them to `cast`.
fn resolve_shot(
    settings: &TrackerSettings,
    frames: &[FrameObservations],
    picture_px: Vec2,
    cast: &mut Cast,
) -> Vec<Vec<RiderFrame>> {
    let times_s: Vec<f64> = frames.iter().map(|frame| frame.pts_s).collect();
    let motions: Vec<CameraMotion> = frames.iter().map(|frame| frame.evidence.motion).collect();
    let course = Frames { times_s: &times_s, motions: &motions };
    let riders: Vec<_> = reunite(join(tracklets(settings, frames), &course, settings))
        .into_iter()
        .filter(|rider| rider.certain && rider.len() >= settings.min_detected_frames.min(frames.len()))
        .filter(|rider| !is_shadow(rider, picture_px))
        .collect();
    let looks: Vec<_> = riders.iter().map(Tracklet::looks).collect();
    let places = |rider: &Tracklet<'_>| {
        cast.votes(rider.iter().map(|sighting| (frames[sighting.at].frame, sighting.bbox)))
    };
    let ids = cast.admit(&looks, &riders.iter().map(places).collect::<Vec<_>>());
    // Whom an earlier shot was about, this one is about as well where he is in it.
    let is_decided = cast.shot_has_main || cast.has_main(&ids);
    let main = if is_decided { None } else { main_rider(&riders, frames.len(), picture_px) };
    cast.shot_has_main = is_decided || main.is_some();

    let pass = Pass { settings, frames: course, picture_px };
    let mut shown = vec![Vec::new(); frames.len()];
    let of_shot = riders.iter().zip(looks).zip(ids).enumerate();
    // New ones by id, which is their order.
    for (index, ((rider, looks), id)) in of_shot {
        let states = pass.states(id, rider, &covered(&riders, index));
        let frame_of = |state: Option<&(usize, RiderFrame)>| state.map_or(0, |(at, _)| frames[*at].frame);
        let detected = states.iter().filter(|(_, s)| s.provenance == Provenance::Detected).count();
        let track = Track {
            id,
            first_frame: frame_of(states.first()),
            last_frame: frame_of(states.last()),
            detected_frames: detected as u64,
            is_main: main == Some(index),
            name: None,
            hidden: false,
        };
        cast.add(track, looks);
        for (at, state) in states {
            shown[at].push(state);
        }
    }
    for riders in &mut shown {
        riders.sort_by_key(|rider: &RiderFrame| rider.track);
    }
    shown
}

/// Sightings of somebody who never became certain that are kept nevertheless: they may be a rider's who is certain at
/// other times, and is hard to see now.
const LEAST_PIECE: usize = 3;

/// Pieces of those who became certain or may be joined to such, in the order of appearance.
fn tracklets<'a>(settings: &TrackerSettings, frames: &'a [FrameObservations]) -> Vec<Tracklet<'a>> {
    let min_hits = settings.min_hits.min(u32::try_from(frames.len()).unwrap_or(u32::MAX));
    let mut tracker = Tracker::new(TrackerSettings { min_hits, ..settings.clone() });
    // By serial, which counts in the order of appearance.
    let mut pieces: Vec<Tracklet<'a>> = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        let assigned =
            tracker.step(frame.frame, frame.pts_s, &frame.observations, &frame.evidence).unwrap_or_default();
        for one in assigned {
            let sighting = Sighting {
                at,
                time_s: frame.pts_s,
                bbox: one.candidate.bbox,
                score: one.candidate.score,
                body: one.candidate.body,
                colors: one.candidate.colors,
            };
            match pieces.get_mut(one.serial) {
                Some(piece) => piece.push(sighting),
                None => pieces.push(Tracklet::new(sighting)),
            }
            if let Some(piece) = pieces.get_mut(one.serial) {
                piece.certain = one.confirmed;
            }
        }
    }
    let mut pieces: Vec<_> = pieces.into_iter().flat_map(one_rider_each).collect();
    for piece in &mut pieces {
        piece.drop_stray_end(LEAST_PIECE, settings.max_predicted_s);
    }
    pieces.retain(|piece| piece.certain || piece.len() >= LEAST_PIECE);
    pieces
}

/// The pieces of one piece, each of one rider by his looks.
fn one_rider_each(piece: Tracklet<'_>) -> Vec<Tracklet<'_>> {
    let mut parts = Vec::new();
    let mut left = Some(piece);
    while let Some(piece) = left {
        let (part, later) = piece.parted();
        parts.push(part);
        left = later;
    }
    parts
}
