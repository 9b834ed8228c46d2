//! Sightings of a part of a rider: something in front of him hides the rest.
//!
//! Where a rider goes behind somebody or something, a detector's box ends at what hides him, and a body fitted into that
//! box is squeezed to one side. Before and after it the whole of him is seen, and what lies between tells better where he
//! is than half of him does.

use super::tracklet::Tracklet;

/// Share of a rider's usual area below which only a part of him is in the box.
const LEAST_SHARE: f32 = 0.8;
/// Time before and after a sighting that tells how large he usually is, seconds. Longer, and he has come nearer.
const USUAL_S: f64 = 1.0;
/// A time unseen that tells that something hid him, seconds: detectors miss people for a frame or two.
const HIDDEN_S: f64 = 0.2;
/// Time from being hidden up to which a small box is a part of him, seconds.
const FLANK_S: f64 = 1.0;

/// Whether each sighting of `riders[which]` shows a part of him only: it is small beside those around it, and he is about
/// to be hidden or was just before, or somebody else's box lies over his.
pub(super) fn covered(riders: &[Tracklet<'_>], which: usize) -> Vec<bool> {
    let sightings: Vec<_> = riders[which].iter().collect();
    let small: Vec<bool> = (0..sightings.len())
        .map(|index| {
            let now_s = sightings[index].time_s;
            let near = |other: usize| (sightings[other].time_s - now_s).abs() <= USUAL_S;
            let before = (0..index).rev().take_while(|&other| near(other));
            let around = before.chain((index..sightings.len()).take_while(|&other| near(other)));
            let mut areas: Vec<f32> = around.map(|other| sightings[other].bbox.area()).collect();
            areas.sort_by(f32::total_cmp);
            sightings[index].bbox.area() < LEAST_SHARE * areas[areas.len() * 3 / 4]
        })
        .collect();
    let mut covered: Vec<bool> = (0..sightings.len())
        .map(|index| {
            let here = sightings[index];
            let others = riders.iter().enumerate().filter(|(other, _)| *other != which);
            small[index]
                && others
                    .filter_map(|(_, other)| other.at(here.at))
                    .any(|other| other.bbox.intersection(&here.bbox).area() > 0.0)
        })
        .collect();
    for gap in 1..sightings.len() {
        let (left_s, back_s) = (sightings[gap - 1].time_s, sightings[gap].time_s);
        if back_s - left_s <= HIDDEN_S {
            continue;
        }
        for index in (0..gap).rev().take_while(|&i| small[i] && left_s - sightings[i].time_s <= FLANK_S) {
            covered[index] = true;
        }
        for index in
            (gap..sightings.len()).take_while(|&i| small[i] && sightings[i].time_s - back_s <= FLANK_S)
        {
            covered[index] = true;
        }
    }
    covered
}

#[cfg(test)]
mod tests {
    use glam::Vec2;

    use super::super::resolve;
    use super::super::scenes::{film, seen, settings};
    use crate::types::{BBox, Observation, Provenance};

    /// 60 × 100 pixels, going right by 60 a second.
    fn whole(t: f32) -> BBox {
        BBox::from_center(Vec2::new(200.0 + 60.0 * t, 180.0), Vec2::new(60.0, 100.0))
    }

    /// What a detector sees of him beside a wall from x = 240 to 300; nothing below a quarter of him.
    fn beside_wall(t: f32) -> Vec<Observation> {
        let BBox { min, max } = whole(t);
        let (left, right) = (240.0_f32.min(max.x) - min.x, max.x - 300.0_f32.max(min.x));
        if left >= 15.0 && left >= right {
            vec![seen(BBox::new(min.x, min.y, 240.0_f32.min(max.x), max.y), 0.8)]
        } else if right >= 15.0 {
            vec![seen(BBox::new(300.0_f32.max(min.x), min.y, max.x, max.y), 0.8)]
        } else {
            vec![]
        }
    }

    #[test]
    fn who_goes_behind_something_stays_whole() {
        let resolved = resolve(&settings(), &film(120, |_, t| beside_wall(t)));
        assert_eq!(resolved.tracks.len(), 1);
        for (frame, riders) in resolved.frames.iter().enumerate() {
            let truth = whole(frame as f32 / 30.0);
            assert!(riders[0].bbox.iou(&truth) > 0.7, "frame {frame}: {:?} for {truth:?}", riders[0].bbox);
        }
        assert_eq!(resolved.frames[30][0].provenance, Provenance::Interpolated);
        assert_eq!(resolved.frames[5][0].provenance, Provenance::Detected);
    }

    #[test]
    fn who_crouches_in_the_open_is_seen_all_the_same() {
        let height = |frame: u64| if (40..60).contains(&frame) { 55.0 } else { 100.0 };
        let crouching = |frame: u64, t: f32| {
            let center = Vec2::new(200.0 + 60.0 * t, 230.0 - height(frame) * 0.5);
            vec![seen(BBox::from_center(center, Vec2::new(60.0, height(frame))), 0.8)]
        };
        let resolved = resolve(&settings(), &film(100, crouching));
        assert!(resolved.frames.iter().all(|riders| riders[0].provenance == Provenance::Detected));
        assert!((resolved.frames[50][0].bbox.size().y - 55.0).abs() < 1e-3);
    }
}
