//! The offline pass over a whole clip.

use glam::Vec2;

use super::fill::Pass;
use super::join::join;
use super::main_rider::main_rider;
use super::settings::TrackerSettings;
use super::shots::shots;
use super::tracker::{Tracker, guessed_picture};
use super::tracklet::{Frames, Sighting, Tracklet};
use crate::types::{CameraMotion, FrameEvidence, Observation, Provenance, RiderFrame, Track, TrackId};

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

impl Resolved {
    /// Adds what comes after, whose ids count on from these.
    fn append(&mut self, later: Self) {
        self.tracks.extend(later.tracks);
        self.frames.extend(later.frames);
    }
}

/// Tracks a whole clip, whose frames ascend in number and time; frames that do not are ignored, and numbers left
/// out count as frames in which nobody was found.
///
/// Runs the tracker and then looks back: the frames before a rider was certain are his, too; pieces that lead from
/// one to the next are the same rider; short gaps between detections are interpolated and short ends predicted;
/// who was hardly ever seen is dropped; and at most one of each shot is the main rider. Nobody is followed across a
/// cut: whether the next shot shows the same rider cannot be told from where he is.
pub fn resolve(settings: &TrackerSettings, frames: &[FrameObservations]) -> Resolved {
    let picture_px = settings
        .picture_px
        .unwrap_or_else(|| guessed_picture(frames.iter().flat_map(|frame| &frame.observations)));
    let changes: Vec<_> = frames.iter().map(|frame| frame.change).collect();
    let mut resolved = Resolved::default();
    for shot in shots(&changes) {
        let first_id = resolved.tracks.len() as u32 + 1;
        resolved.append(resolve_shot(settings, &frames[shot], picture_px, first_id));
    }
    resolved
}

/// Tracks one shot; its riders' ids count from `first_id`.
fn resolve_shot(
    settings: &TrackerSettings,
    frames: &[FrameObservations],
    picture_px: Vec2,
    first_id: u32,
) -> Resolved {
    let times_s: Vec<f64> = frames.iter().map(|frame| frame.pts_s).collect();
    let motions: Vec<CameraMotion> = frames.iter().map(|frame| frame.evidence.motion).collect();
    let course = Frames { times_s: &times_s, motions: &motions };
    let riders: Vec<_> = join(tracklets(settings, frames), &course, settings)
        .into_iter()
        .filter(|rider| rider.len() >= settings.min_detected_frames.min(frames.len()))
        .collect();
    let main = main_rider(&riders, frames.len(), picture_px);

    let pass = Pass { settings, frames: course, picture_px };
    let mut resolved = Resolved { tracks: Vec::new(), frames: vec![Vec::new(); frames.len()] };
    for ((index, rider), number) in riders.iter().enumerate().zip(first_id..) {
        let id = TrackId(number);
        let states = pass.states(id, rider);
        let frame_of = |state: Option<&(usize, RiderFrame)>| state.map_or(0, |(at, _)| frames[*at].frame);
        resolved.tracks.push(Track {
            id,
            first_frame: frame_of(states.first()),
            last_frame: frame_of(states.last()),
            detected_frames: states.iter().filter(|(_, s)| s.provenance == Provenance::Detected).count()
                as u64,
            is_main: main == Some(index),
            name: None,
            hidden: false,
        });
        for (at, state) in states {
            resolved.frames[at].push(state);
        }
    }
    resolved
}

/// Pieces of those who became certain, in the order of appearance.
fn tracklets<'a>(settings: &TrackerSettings, frames: &'a [FrameObservations]) -> Vec<Tracklet<'a>> {
    let min_hits = settings.min_hits.min(u32::try_from(frames.len()).unwrap_or(u32::MAX));
    let mut tracker = Tracker::new(TrackerSettings { min_hits, ..settings.clone() });
    // By serial, which counts in the order of appearance.
    let mut pieces: Vec<(Tracklet<'a>, bool)> = Vec::new();
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
            };
            match pieces.get_mut(one.serial) {
                Some((piece, confirmed)) => {
                    piece.push(sighting);
                    *confirmed = one.confirmed;
                }
                None => pieces.push((Tracklet::new(sighting), one.confirmed)),
            }
        }
    }
    pieces.into_iter().filter_map(|(piece, confirmed)| confirmed.then_some(piece)).collect()
}
