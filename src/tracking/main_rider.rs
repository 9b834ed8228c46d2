//! Whom the clip is about.
//!
//! The rider whom somebody filmed is there most of the time, is found surely, is large, is kept near the middle, and
//! hardly moves in the picture since the camera goes with him. The cameraman's own shadow can have all of that: it
//! is there as long as the sun is behind him. It gives itself away otherwise: it always reaches the bottom edge of
//! the picture, for it begins at his feet; skeletons found on it are unsure or stand on their heads; it lies on the
//! snow, so it is often wider than tall; and it has one colour, where a rider has jacket, trousers and face.

use glam::Vec2;

use super::tracklet::Tracklet;
use crate::types::BodyEstimate;

/// A track this likely to be a shadow is nobody, even where the shot shows nobody else.
const SHADOW_LIMIT: f32 = 0.6;
/// Distance to the bottom edge that counts as touching it, in picture heights.
const EDGE: f32 = 0.02;
/// Side of a rider who fills the picture as well as one can ask, in picture heights.
const LARGE: f32 = 0.35;
/// Mean confidence of a skeleton that is worth nothing, and of one beyond doubt.
const SKELETON_SCORES: (f32, f32) = (0.2, 0.5);
/// The same for a detector's mean score, where there is no skeleton.
const DETECTION_SCORES: (f32, f32) = (0.3, 0.6);

/// Spread of the colours of a surface that is of one colour, and of one that surely is not. On a real clip a shadow comes
/// to 0.12, its rider to 0.22 and more.
const COLOUR_SPREADS: (f32, f32) = (0.13, 0.22);

/// What speaks for and against a track, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    /// Share of the clip's frames in which he was detected.
    pub persistence: f32,
    /// Mean detector score.
    pub score: f32,
    /// Median box side against [`LARGE`].
    pub size: f32,
    /// 1 in the middle of the picture, 0 in a corner; mean.
    pub centrality: f32,
    /// 1 where he rests in the picture, a half at one box side per second; from the median speed.
    pub steadiness: f32,
    /// Likelihood of a shadow.
    pub shadow: f32,
}

impl Evidence {
    /// Of a track in a clip of `frames` frames and pictures of `picture_px`.
    pub(super) fn of(rider: &Tracklet<'_>, frames: usize, picture_px: Vec2) -> Self {
        let count = rider.len() as f32;
        let mean = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>() / count;
        let middle = picture_px * 0.5;
        let sides = rider.iter().map(|s| s.bbox.long_side());
        let speeds = rider.iter().zip(rider.iter().skip(1)).map(|(a, b)| {
            let sides = a.bbox.center().distance(b.bbox.center()) / a.bbox.long_side();
            sides / (b.time_s - a.time_s) as f32
        });
        let score = mean(&mut rider.iter().map(|s| s.score)).clamp(0.0, 1.0);
        let off_center = mean(&mut rider.iter().map(|s| s.bbox.center().distance(middle) / middle.length()));
        Self {
            persistence: (count / frames as f32).min(1.0),
            score,
            size: (median(sides) / (LARGE * picture_px.y)).min(1.0),
            centrality: (1.0 - off_center).clamp(0.0, 1.0),
            steadiness: 1.0 / (1.0 + median(speeds)),
            shadow: shadow(rider, score, picture_px),
        }
    }

    /// How much the clip is about this track, 0 to 1. Being there counts in full; the rest lowers
    /// it by at most the share given, since each alone may be missing (a rider far away, off the middle, in a fast
    /// pan).
    pub(super) fn prominence(&self) -> f32 {
        let at_most = |share: f32, value: f32| 1.0 - share + share * value;
        self.persistence
            * at_most(0.5, self.score)
            * at_most(0.6, self.size)
            * at_most(0.4, self.centrality)
            * at_most(0.3, self.steadiness)
            * (1.0 - self.shadow)
    }
}

/// Whether a track is a shadow in a picture of `picture_px` and not a person.
pub(super) fn is_shadow(rider: &Tracklet<'_>, picture_px: Vec2) -> bool {
    let score = rider.iter().map(|s| s.score).sum::<f32>() / rider.len() as f32;
    shadow(rider, score.clamp(0.0, 1.0), picture_px) > SHADOW_LIMIT
}

/// The index of the rider whom the clip is about, or `None` where there is nobody but shadows.
pub(super) fn main_rider(riders: &[Tracklet<'_>], frames: usize, picture_px: Vec2) -> Option<usize> {
    let mut best = None;
    let mut highest = 0.0;
    for (index, rider) in riders.iter().enumerate() {
        let prominence = Evidence::of(rider, frames, picture_px).prominence();
        if prominence > highest {
            (best, highest) = (Some(index), prominence);
        }
    }
    best
}

/// Likelihood of a shadow, 0 to 1. Reaching the bottom edge alone says little (a rider near the camera does, too),
/// nor does an unsure skeleton (snow spray, a grab); together they say it.
fn shadow(rider: &Tracklet<'_>, score: f32, picture_px: Vec2) -> f32 {
    let count = rider.len() as f32;
    let share = |number: usize| number as f32 / count;
    let at_edge = share(rider.iter().filter(|s| s.bbox.max.y >= picture_px.y * (1.0 - EDGE)).count());
    let flat = share(rider.iter().filter(|s| s.bbox.size().x > s.bbox.size().y).count());

    let (mut bodies, mut inverted, mut confidence) = (0, 0, 0.0);
    for body in rider.iter().filter_map(|s| s.body) {
        bodies += 1;
        inverted += usize::from(stands_on_head(body));
        confidence += skeleton_score(body);
    }
    let doubt = if bodies == 0 {
        doubt(score, DETECTION_SCORES)
    } else {
        let bodies = bodies as f32;
        doubt(confidence / bodies, SKELETON_SCORES).max(inverted as f32 / bodies)
    };
    let shape = at_edge * (0.2 + 0.6 * doubt + 0.2 * flat) + (1.0 - at_edge) * 0.3 * doubt * flat;
    (shape * (1.0 - 0.5 * colourfulness(rider))).clamp(0.0, 1.0)
}

/// How much the colours of a surface differ from each other, 0 to 1; 0 where none are known.
fn colourfulness(rider: &Tracklet<'_>) -> f32 {
    let spread = rider.looks().map_or(0.0, |looks| looks.spread());
    1.0 - doubt(spread, COLOUR_SPREADS)
}

/// 1 at the lower and 0 at the upper of two scores.
fn doubt(score: f32, (lower, upper): (f32, f32)) -> f32 {
    ((upper - score) / (upper - lower)).clamp(0.0, 1.0)
}

/// The lower of what the keypoints and the recoverer say.
fn skeleton_score(body: &BodyEstimate) -> f32 {
    let keypoints = body.joints_2d.iter().map(|k| k.score).sum::<f32>() / body.joints_2d.len() as f32;
    keypoints.min(body.confidence)
}

/// Whether the ankles (COCO 15, 16) are seen above the shoulders (5, 6).
fn stands_on_head(body: &BodyEstimate) -> bool {
    let height = |a: usize, b: usize| body.joints_2d[a].position.y + body.joints_2d[b].position.y;
    height(15, 16) < height(5, 6)
}

/// The middle value; 0 of none.
fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<_> = values.collect();
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::super::scenes::{film, rider_at, seen, settings};
    use super::super::{Resolved, resolve};
    use super::*;
    use crate::types::{BBox, Observation};

    /// The cameraman's shadow: always there, at the bottom edge, wide, with skeletons found on it that are unsure.
    fn shadow(t: f32) -> Observation {
        let center = Vec2::new(330.0 + 10.0 * (t * 3.0).sin(), 315.0);
        let mut seen = seen(BBox::from_center(center, Vec2::new(130.0, 92.0)), 0.55);
        if let Some(body) = &mut seen.body {
            body.confidence = 0.4;
            for keypoint in &mut body.joints_2d {
                keypoint.score = 0.25;
            }
        }
        seen
    }

    fn main_center(resolved: &Resolved, at: usize) -> Option<Vec2> {
        let main = resolved.tracks.iter().find(|track| track.is_main)?;
        Some(resolved.frames[at].iter().find(|rider| rider.track == main.id)?.bbox.center())
    }

    #[test]
    fn the_cameramans_shadow_is_nobody() {
        // A far rider who is found in half of the frames, against a shadow found in all.
        let rider = |t: f32| Vec2::new(250.0 + 40.0 * t, 120.0);
        let clip = film(90, |frame, t| {
            let mut people = vec![shadow(t)];
            if frame % 30 < 15 {
                people.push(seen(BBox::from_center(rider(t), Vec2::new(22.0, 44.0)), 0.6));
            }
            people
        });
        let resolved = resolve(&settings(), &clip);
        assert_eq!(resolved.tracks.len(), 1);
        assert!(main_center(&resolved, 40).unwrap().distance(rider(40.0 / 30.0)) < 5.0);

        let alone = resolve(&settings(), &film(90, |_, t| vec![shadow(t)]));
        assert!(alone.tracks.is_empty(), "a shadow alone is nobody");
    }

    #[test]
    fn a_shadow_that_stands_on_its_head_is_known_by_that() {
        let clip = film(60, |_, t| {
            let mut upside = shadow(t);
            if let Some(body) = &mut upside.body {
                body.confidence = 0.8;
                for keypoint in &mut body.joints_2d {
                    keypoint.score = 0.8;
                    keypoint.position.y = 630.0 - keypoint.position.y;
                }
            }
            vec![upside]
        });
        assert!(resolve(&settings(), &clip).tracks.is_empty());
    }

    #[test]
    fn a_near_rider_cut_off_by_the_bottom_edge_is_the_main_rider() {
        let clip =
            film(60, |_, t| vec![seen(BBox::new(250.0 + 20.0 * t, 100.0, 400.0 + 20.0 * t, 360.0), 0.8)]);
        assert!(resolve(&settings(), &clip).tracks[0].is_main);
    }

    #[test]
    fn spectators_who_stream_by_are_tracks_but_not_the_main_rider() {
        let clip = film(120, |_, t| {
            let mut people = vec![rider_at(Vec2::new(300.0 + 25.0 * (t * 2.0).sin(), 190.0))];
            for spectator in 0..3 {
                let x = 700.0 + 200.0 * spectator as f32 - 250.0 * t;
                if (30.0..610.0).contains(&x) {
                    people.push(seen(BBox::from_center(Vec2::new(x, 75.0), Vec2::new(45.0, 105.0)), 0.9));
                }
            }
            people
        });
        let resolved = resolve(&settings(), &clip);
        assert_eq!(resolved.tracks.len(), 4);
        assert!((main_center(&resolved, 60).unwrap().y - 190.0).abs() < 5.0);
    }
}
