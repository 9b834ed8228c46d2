//! Fitting each rider again over time, once it is settled who is who.
//!
//! The analysis file keeps the frames' own fits as they were seen; what is refined is a view over them, written with the
//! riders.

use std::sync::Arc;

use super::CancelToken;
use crate::body::{BodyModel, LandmarkFit, TrackFrame};
use crate::types::{BodyEstimate, Provenance, RiderFrame, TrackId};

/// Refines the riders of a clip.
pub struct TrackRefiner {
    body: Arc<BodyModel>,
    fit: LandmarkFit,
}

impl TrackRefiner {
    /// A refiner of bodies of this model.
    pub fn new(body: Arc<BodyModel>) -> Self {
        Self { fit: LandmarkFit::new(Arc::clone(&body)), body }
    }

    /// Refines track `track` in `frames` (by position in the clip). Stops early when `cancel` is set.
    pub fn refine(&mut self, track: TrackId, frames: &mut [Vec<RiderFrame>], cancel: &CancelToken) {
        for run in seen_runs(track, frames) {
            if cancel.is_cancelled() {
                return;
            }
            let refined = {
                let members: Vec<TrackFrame<'_>> = run
                    .clone()
                    .filter_map(|index| {
                        let rider = rider(&frames[index], track)?;
                        Some(TrackFrame { body: rider.body.as_ref()?, bbox: rider.bbox })
                    })
                    .collect();
                self.fit.refine_track(&members)
            };
            for (index, body) in run.zip(refined) {
                set_body(&mut frames[index], track, body);
            }
        }
        self.bridge(track, frames);
    }

    /// Draws the bodies of interpolated frames anew between the refined ones at their ends.
    fn bridge(&self, track: TrackId, frames: &mut [Vec<RiderFrame>]) {
        let mut last_seen: Option<usize> = None;
        for index in 0..frames.len() {
            if !is_seen(&frames[index], track) {
                continue;
            }
            if let Some(from) = last_seen.filter(|from| index - from > 1) {
                self.bridge_gap(track, frames, from, index);
            }
            last_seen = Some(index);
        }
    }

    fn bridge_gap(&self, track: TrackId, frames: &mut [Vec<RiderFrame>], from: usize, to: usize) {
        let body_at = |index: usize| rider(&frames[index], track).and_then(|rider| rider.body.clone());
        let (Some(start), Some(end)) = (body_at(from), body_at(to)) else { return };
        for (step, riders) in frames[from + 1..to].iter_mut().enumerate() {
            let t = (step + 1) as f32 / (to - from) as f32;
            let Some(known) = riders.iter_mut().find(|rider| rider.track == track) else { continue };
            if known.provenance == Provenance::Interpolated
                && let Some(body) = &mut known.body
            {
                let confidence = body.confidence;
                *body = BodyEstimate { confidence, ..self.body.interpolate(&start, &end, t) };
            }
        }
    }
}

fn rider(riders: &[RiderFrame], track: TrackId) -> Option<&RiderFrame> {
    riders.iter().find(|rider| rider.track == track)
}

fn is_seen(riders: &[RiderFrame], track: TrackId) -> bool {
    rider(riders, track).is_some_and(|r| r.provenance.is_seen() && r.body.is_some())
}

fn set_body(riders: &mut [RiderFrame], track: TrackId, body: BodyEstimate) {
    if let Some(rider) = riders.iter_mut().find(|rider| rider.track == track) {
        rider.body = Some(body);
    }
}

/// Ranges of consecutive frames in which the rider was seen with a body.
fn seen_runs(track: TrackId, frames: &[Vec<RiderFrame>]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, _) in frames.iter().enumerate().filter(|(_, riders)| is_seen(riders, track)) {
        match runs.last_mut() {
            Some(run) if run.end == index => run.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::MeshRecoverer;
    use crate::inference::fake::FakeRecoverer;
    use crate::types::{BBox, Detection, RgbImage};

    fn frame(track: u32, provenance: Provenance) -> RiderFrame {
        RiderFrame {
            track: TrackId(track),
            provenance,
            score: 0.9,
            bbox: BBox::new(0.0, 0.0, 1.0, 1.0),
            body: None,
        }
    }

    #[test]
    fn frames_without_a_body_of_their_own_split_a_track_into_runs() {
        let image = RgbImage { width: 64, height: 64, data: vec![0; 64 * 64 * 3] };
        let detection = Detection { bbox: BBox::new(10.0, 10.0, 30.0, 60.0), score: 0.9 };
        let body = FakeRecoverer::new().recover(&image, &[detection]).unwrap().remove(0);
        let seen = |has_body: bool| {
            let mut rider = frame(1, Provenance::Detected);
            rider.body = body.clone().filter(|_| has_body);
            vec![rider, frame(2, Provenance::Detected)]
        };
        let frames = vec![
            seen(true),
            seen(true),
            vec![frame(1, Provenance::Interpolated)],
            seen(true),
            seen(false),
            vec![],
            seen(true),
        ];
        assert_eq!(seen_runs(TrackId(1), &frames), [0..2, 3..4, 6..7]);
        assert!(seen_runs(TrackId(2), &frames).is_empty());
    }
}
