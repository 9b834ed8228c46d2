//! Follow mode: the picture is moved and scaled so that the rider stays in the middle of the view.
//!
//! Where the view looks is a function of the frame alone, a weighted mean over the frames around it: stepping back shows
//! what stepping forward did, and the picture does not shake with the box.

use egui::{Vec2, vec2};

use super::analysis::Analysis;
use super::state::State;
use super::zoom::{Frame, Zoom};
use crate::types::{BBox, Provenance, TrackId};

/// Frames on either side that count.
const REACH: u64 = 15;

/// Standard deviation of the weights, frames.
const SPREAD: f32 = 6.0;

/// Part of the view's height that the rider takes.
const RIDER_SHARE: f32 = 0.45;

/// The rider that is followed: the one selected, else the first main rider that is there.
pub fn rider(state: &State) -> Option<TrackId> {
    let clip = state.clip.as_ref()?;
    let lanes = clip.analysis.lanes();
    let selected = state.view.selected.filter(|id| lanes.iter().any(|lane| lane.id == *id));
    let here = state.playback.playhead;
    let main = || lanes.iter().filter(|lane| lane.is_main);
    let there = main().find(|lane| lane.at(here).is_some()).or_else(|| main().next());
    selected.or_else(|| there.or(lanes.first()).map(|lane| lane.id))
}

/// The zoom that follows `rider` at `frame`; `None` where he is nowhere near. `pixel_aspect` is the width of a pixel
/// divided by its height.
pub fn zoom(
    analysis: &Analysis,
    rider: TrackId,
    frame: u64,
    pixel_aspect: f32,
    view: &Frame,
) -> Option<Zoom> {
    let mut sum = Vec2::ZERO;
    let mut height = 0.0;
    let mut total = 0.0;
    for at in frame.saturating_sub(REACH)..=frame + REACH {
        let Some(bbox) = bbox_at(analysis, rider, at) else { continue };
        let distance = at.abs_diff(frame) as f32 / SPREAD;
        let weight = (-0.5 * distance * distance).exp();
        sum += vec2((bbox.min.x + bbox.max.x) * 0.5 * pixel_aspect, (bbox.min.y + bbox.max.y) * 0.5) * weight;
        // A crouch changes the height and the jump changes the width; the larger one changes least.
        height += (bbox.max.y - bbox.min.y).max((bbox.max.x - bbox.min.x) * pixel_aspect) * weight;
        total += weight;
    }
    if total <= 0.0 {
        return None;
    }
    let scale = RIDER_SHARE * view.view.height() / (height / total).max(8.0);
    // Never smaller than the whole picture.
    Some(Zoom::Free { scale: scale.max(view.fit_scale()), center_px: sum / total })
}

fn bbox_at(analysis: &Analysis, rider: TrackId, frame: u64) -> Option<BBox> {
    let riders = analysis.riders_at(frame).iter();
    let found = riders.filter(|r| r.provenance != Provenance::Missing).find(|r| r.track == rider)?;
    (found.bbox.min.is_finite() && found.bbox.max.is_finite()).then_some(found.bbox)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::tests::fake;
    use egui::{Rect, pos2};

    fn frame() -> Frame {
        Frame {
            view: Rect::from_min_size(pos2(0.0, 0.0), vec2(800.0, 600.0)),
            picture_px: vec2(1280.0, 720.0),
        }
    }

    fn center(zoom: Option<Zoom>) -> (f32, Vec2) {
        match zoom {
            Some(Zoom::Free { scale, center_px }) => (scale, center_px),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_rider_is_in_the_middle_and_shaking_is_taken_out() {
        let mut analysis = Analysis::blank(100);
        for at in 0..100 {
            let shake = if at % 2 == 0 { 6.0 } else { -6.0 };
            let mut rider = fake::rider(1, Provenance::Detected);
            let x = 300.0 + at as f32 * 4.0 + shake;
            rider.bbox = BBox::new(x - 50.0, 200.0, x + 50.0, 420.0);
            analysis.take_frame(at, vec![rider]);
        }
        let at = |index| center(zoom(&analysis, TrackId(1), index, 1.0, &frame()));
        let (scale, middle) = at(50);
        assert!((middle - vec2(500.0, 310.0)).length() < 0.5, "{middle:?}");
        assert!((scale * 220.0 - 0.45 * 600.0).abs() < 0.5, "{scale}");
        let step = at(51).1 - middle;
        assert!((step.x - 4.0).abs() < 0.5, "the view moves as the rider does: {step:?}");
    }

    #[test]
    fn a_rider_that_is_nowhere_is_not_followed() {
        let analysis = Analysis::blank(100);
        assert_eq!(zoom(&analysis, TrackId(1), 50, 1.0, &frame()), None);
    }
}
