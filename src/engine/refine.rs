//! Fitting each rider again over time, once it is settled who is who.
//!
//! The analysis file keeps the frames' own fits as they were seen; what is refined is a view over them, written with the
//! riders.

use std::sync::Arc;

use super::CancelToken;
use crate::body::{BodyModel, LandmarkFit, TrackFrame};
use crate::tracking;
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
        let end_at = |index: usize| {
            let rider = rider(&frames[index], track)?;
            Some((rider.bbox, rider.body.clone()?))
        };
        let (Some((start_box, start)), Some((end_box, end))) = (end_at(from), end_at(to)) else { return };
        for (step, riders) in frames[from + 1..to].iter_mut().enumerate() {
            let t = (step + 1) as f32 / (to - from) as f32;
            let Some(known) = riders.iter_mut().find(|rider| rider.track == track) else { continue };
            if known.provenance == Provenance::Interpolated
                && let Some(body) = &mut known.body
            {
                let confidence = body.confidence;
                // His box moves with the camera; on the straight line between the ends the body would not.
                let straight = start_box.lerp(&end_box, t);
                let between =
                    tracking::carried(&self.body.interpolate(&start, &end, t), &straight, &known.bbox, 1.0);
                *body = BodyEstimate { confidence, ..between };
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

    /// The camera pans while he is hidden: he stays in his box.
    #[test]
    fn a_body_between_two_sights_goes_where_its_box_goes() {
        let mut fit = FakeRecoverer::new();
        let image = RgbImage { width: 640, height: 360, data: vec![0; 640 * 360 * 3] };
        let mut state = |bbox: BBox, provenance| {
            let body = fit.recover(&image, &[Detection { bbox, score: 0.9 }]).unwrap().remove(0);
            vec![RiderFrame { bbox, body, ..frame(1, provenance) }]
        };
        let at = |x: f32| BBox::new(x, 100.0, x + 40.0, 200.0);
        let mut frames = vec![
            state(at(100.0), Provenance::Detected),
            state(at(180.0), Provenance::Interpolated),
            state(at(140.0), Provenance::Detected),
        ];
        let seen_at = |riders: &[RiderFrame]| {
            let body = riders[0].body.as_ref().unwrap();
            body.camera.project(body.translation_m).unwrap().x
        };
        let ends = (seen_at(&frames[0]) + seen_at(&frames[2])) * 0.5;
        let model = Arc::new(crate::body::testing::starter_model());
        TrackRefiner::new(model).bridge(TrackId(1), &mut frames);
        assert!((seen_at(&frames[1]) - ends - 60.0).abs() < 1.0, "{}", seen_at(&frames[1]));
    }
}
