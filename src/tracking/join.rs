//! Pieces of track that are one rider.
//!
//! A rider who leaves the picture, goes behind a tree or turns upside down for longer than the tracker waits comes
//! back as somebody new. Afterwards both ends of the gap are known, and it can be asked from both sides whether one
//! leads to the other. Who is gone for longer than that tells anything may be known by his looks.

use super::recognition::recognised;
use super::settings::TrackerSettings;
use super::tracklet::{Frames, Tracklet};

/// Distance of two ends that may be bridged at once, and what every second of gap adds, box sides. A camera that
/// follows a rider keeps him near his place in the picture whatever he does on the slope.
const REACH: f32 = 1.0;
const REACH_PER_S: f32 = 1.0;
/// Largest difference of ln box side across a gap: a little more than double.
const MAX_SIZE_DIFFERENCE: f32 = 0.8;
/// What a second of gap weighs against a box side of distance when several pieces compete.
const GAP_COST_PER_S: f32 = 0.5;

/// Joins what belongs together, the likeliest first. The result is in the order of first appearance.
pub(super) fn join<'a>(
    tracklets: Vec<Tracklet<'a>>,
    frames: &Frames<'_>,
    settings: &TrackerSettings,
) -> Vec<Tracklet<'a>> {
    let looks: Vec<_> = tracklets.iter().map(Tracklet::looks).collect();
    let is_unlike = |a: usize, b: usize| {
        let (Some(a), Some(b)) = (&looks[a], &looks[b]) else { return false };
        a.is_unlike(&b.colors())
    };
    let mut links: Vec<(f32, usize, usize)> = Vec::new();
    for (earlier, a) in tracklets.iter().enumerate() {
        for (later, b) in tracklets.iter().enumerate() {
            if is_unlike(earlier, later) {
                continue;
            }
            if let Some(cost) = bridge(a, b, frames, settings.max_join_s) {
                links.push((cost, earlier, later));
            }
        }
    }
    links.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));

    chained(tracklets, links.into_iter().map(|(_, earlier, later)| (earlier, later)))
}

/// Joins those who look alike and of whom one is gone when the other comes, however long that is: the nearest in time
/// first. The result is in the order of first appearance.
pub(super) fn reunite(riders: Vec<Tracklet<'_>>) -> Vec<Tracklet<'_>> {
    let looks: Vec<_> = riders.iter().map(Tracklet::looks).collect();
    let spans: Vec<_> = riders.iter().map(|rider| (rider.first().at, rider.last().at)).collect();
    let before = |a: usize, b: usize| spans[a].1 < spans[b].0;
    let together = |a: usize, b: usize| !before(a, b) && !before(b, a);
    let mut links = recognised(&looks, &looks, before, together);
    links.sort_by_key(|&(a, b)| (spans[b].0 - spans[a].1, a, b));
    chained(riders, links)
}

/// Joins by pairs of (earlier, later), the most important first.
fn chained<'a>(
    tracklets: Vec<Tracklet<'a>>,
    links: impl IntoIterator<Item = (usize, usize)>,
) -> Vec<Tracklet<'a>> {
    let mut next: Vec<Option<usize>> = vec![None; tracklets.len()];
    let mut has_previous = vec![false; tracklets.len()];
    for (earlier, later) in links {
        if next[earlier].is_none() && !has_previous[later] {
            next[earlier] = Some(later);
            has_previous[later] = true;
        }
    }

    let mut pieces: Vec<_> = tracklets.into_iter().map(Some).collect();
    let mut riders = Vec::new();
    for start in 0..pieces.len() {
        if has_previous[start] {
            continue;
        }
        let Some(mut rider) = pieces[start].take() else { continue };
        let mut at = start;
        while let Some(later) = next[at] {
            if let Some(piece) = pieces[later].take() {
                rider.append(piece);
            }
            at = later;
        }
        riders.push(rider);
    }
    riders.sort_by_key(|rider| rider.first().at);
    riders
}

/// Cost of `b` going on where `a` ends, or `None` where it can't be the same rider.
fn bridge(a: &Tracklet<'_>, b: &Tracklet<'_>, frames: &Frames<'_>, max_gap_s: f64) -> Option<f32> {
    let (end, start) = (a.last(), b.first());
    let gap_s = start.time_s - end.time_s;
    if end.at >= start.at || gap_s > max_gap_s {
        return None;
    }
    let (side_a, side_b) = (end.bbox.long_side(), start.bbox.long_side());
    if (side_a / side_b).ln().abs() > MAX_SIZE_DIFFERENCE {
        return None;
    }
    let side = (side_a + side_b) * 0.5;
    let mut onward = a.motion_at_end(frames);
    frames.advance(&mut onward, end.at, start.at);
    let mut back = b.motion_at_start(frames);
    frames.advance(&mut back, start.at, end.at);
    let distance = [
        onward.bbox().center().distance(start.bbox.center()),
        back.bbox().center().distance(end.bbox.center()),
        end.bbox.center().distance(start.bbox.center()),
    ]
    .into_iter()
    .fold(f32::INFINITY, f32::min)
        / side;
    let gap_s = gap_s as f32;
    (distance <= REACH + REACH_PER_S * gap_s).then_some(distance + GAP_COST_PER_S * gap_s)
}
