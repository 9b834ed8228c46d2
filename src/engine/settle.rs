//! Settling who is who once all frames have been seen: looking again where somebody was lost, and fitting each rider again
//! over time.
//!
//! It is done part by part ([`tracking::parts`]), and what a part tells is on disk before the next one is read, so that a
//! long clip takes no more memory than a short one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::again::SearchAgain;
use super::pipeline::Stages;
use super::{CancelToken, EngineError};
use crate::store::{AnalysisStore, FrameRecord};
use crate::tracking::{self, Cast, FrameObservations, TrackerSettings};
use crate::types::{RiderFrame, Track, TrackId};
use crate::video::FrameSource;

/// What settling took, by step.
#[derive(Clone, Copy, Debug, Default)]
pub struct SettleTimes {
    /// Who is who, and looking again.
    pub settle: Duration,
    /// Fitting over time.
    pub fit: Duration,
}

/// Settles who is who in the frames that `store` holds, and writes it there.
///
/// # Errors
/// [`EngineError::Cancelled`]; when a network fails, the clip cannot be read any more, or the file cannot be written.
pub fn settle(
    store: &mut AnalysisStore,
    settings: &TrackerSettings,
    source: &mut dyn FrameSource,
    stages: &mut Stages,
    cancel: &CancelToken,
) -> Result<SettleTimes, EngineError> {
    let (mut numbers, mut changes) = (Vec::new(), Vec::new());
    for some in stored_before(store.next_frame()?) {
        for record in store.frames(some)? {
            numbers.push(record.frame);
            changes.push(record.change);
        }
    }
    let parts = tracking::parts(&tracking::shots(&changes));
    let (mut times, mut cast, mut tally) = (SettleTimes::default(), Cast::default(), Tally::default());
    for (index, part) in parts.iter().enumerate() {
        let start = Instant::now();
        let seen = observations(store, &numbers[part.seen.clone()])?;
        let within = |range: &Range<usize>| range.start - part.seen.start..range.end - part.seen.start;
        let shots: Vec<_> = part.shots.iter().map(within).collect();
        let mut riders = match SearchAgain::new(source, stages, cancel, &shots) {
            Some(search) => search.resolve(settings, &mut cast, seen)?,
            None => tracking::resolve_part(settings, &mut cast, &shots, &seen),
        };
        if let Some(next) = parts.get(index + 1) {
            let again = next.seen.start.min(part.seen.end)..part.seen.end;
            let frames = numbers[again.clone()].iter().zip(&riders[within(&again)]);
            cast.hand_on(frames.map(|(frame, riders)| (*frame, riders.as_slice())));
        }
        times.settle += start.elapsed();
        let start = Instant::now();
        if let Some(refiner) = &mut stages.refiner {
            for track in cast.tracks() {
                refiner.refine(track.id, &mut riders, cancel);
            }
        }
        times.fit += start.elapsed();
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let (numbers, riders) = (&numbers[part.told.clone()], &riders[within(&part.told)]);
        tally.count(numbers, riders);
        store.write_riders(numbers, riders)?;
    }
    store.write_tracks(&tally.tracks(cast.tracks()))?;
    Ok(times)
}

/// The frames before number `end`, a few at a time.
pub fn stored_before(end: u64) -> impl Iterator<Item = Range<u64>> {
    const TOGETHER: u64 = 512;
    (0..end.div_ceil(TOGETHER)).map(move |some| some * TOGETHER..end.min((some + 1) * TOGETHER))
}

/// What was seen in the frames with these numbers, which ascend.
fn observations(store: &AnalysisStore, numbers: &[u64]) -> Result<Vec<FrameObservations>, EngineError> {
    let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) else { return Ok(Vec::new()) };
    let seen = |FrameRecord { frame, pts_s, change, observations, evidence, .. }| FrameObservations {
        frame,
        pts_s,
        change,
        observations,
        evidence,
    };
    Ok(store.observations(first..=last)?.into_iter().map(seen).collect())
}

/// First and last frame of each rider and the frames in which he was seen.
#[derive(Default)]
struct Tally(BTreeMap<TrackId, (u64, u64, u64)>);

impl Tally {
    fn count(&mut self, numbers: &[u64], riders: &[Vec<RiderFrame>]) {
        for (&frame, riders) in numbers.iter().zip(riders) {
            for rider in riders {
                let (_, last, seen) = self.0.entry(rider.track).or_insert((frame, frame, 0));
                *last = frame;
                *seen += u64::from(rider.provenance.is_seen());
            }
        }
    }

    /// Those of `tracks` who are in some frame.
    fn tracks(&self, tracks: &[Track]) -> Vec<Track> {
        let counted = |track: &Track| {
            let &(first_frame, last_frame, detected_frames) = self.0.get(&track.id)?;
            Some(Track { first_frame, last_frame, detected_frames, ..track.clone() })
        };
        tracks.iter().filter_map(counted).collect()
    }
}
