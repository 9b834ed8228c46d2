//! Where a rider who was followed is not seen: between two frames in which he was, and beyond the first and the last.

use std::ops::Range;

use crate::types::{Provenance, RiderFrame, Track, TrackId};

/// Longest hole that is searched between two frames in which he was seen, seconds: across longer ones nothing says where
/// he is.
const LONGEST_S: f64 = 3.0;

/// Frames without a sight of one rider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Who is not seen.
    pub track: TrackId,
    /// Where, by position in the clip.
    pub frames: Range<usize>,
    /// Whether he was seen in the frame before them.
    pub seen_before: bool,
    /// Whether he was seen in the frame after them.
    pub seen_after: bool,
}

/// The holes of every rider in `frames`, and for the main riders also what lies before the first and after the last frame in which
/// they were seen, as far as their shot goes.
pub fn holes(
    tracks: &[Track],
    frames: &[Vec<RiderFrame>],
    times_s: &[f64],
    shots: &[Range<usize>],
) -> Vec<Hole> {
    let mut holes = Vec::new();
    for track in tracks {
        let seen: Vec<usize> =
            (0..frames.len()).filter(|&at| sighting(&frames[at], track.id).is_some()).collect();
        let (Some(&first), Some(&last)) = (seen.first(), seen.last()) else { continue };
        let mut add = |frames: Range<usize>, seen_before, seen_after| {
            if !frames.is_empty() {
                holes.push(Hole { track: track.id, frames, seen_before, seen_after });
            }
        };
        for (&a, &b) in seen.iter().zip(&seen[1..]) {
            if times_s.get(b).zip(times_s.get(a)).is_some_and(|(end, start)| end - start <= LONGEST_S) {
                add(a + 1..b, true, true);
            }
        }
        if track.is_main
            && let Some(shot) = shots.iter().find(|shot| shot.contains(&first))
        {
            add(shot.start..first, false, true);
            add(last + 1..shot.end.max(last + 1), true, false);
        }
    }
    holes
}

/// The state of `track` in a frame where he was seen with a body.
pub fn sighting(riders: &[RiderFrame], track: TrackId) -> Option<&RiderFrame> {
    let is_sight = |rider: &&RiderFrame| {
        rider.track == track && rider.provenance == Provenance::Detected && rider.body.is_some()
    };
    riders.iter().find(is_sight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::MeshRecoverer;
    use crate::inference::fake::FakeRecoverer;
    use crate::tracking::Resolved;
    use crate::types::{BBox, Detection, RgbImage};

    /// One rider, seen in the frames named.
    fn resolved(frames: usize, seen: &[usize], is_main: bool) -> Resolved {
        let image = RgbImage { width: 64, height: 64, data: vec![0; 64 * 64 * 3] };
        let detection = Detection { bbox: BBox::new(10.0, 10.0, 30.0, 60.0), score: 0.9 };
        let body = FakeRecoverer::new().recover(&image, &[detection]).unwrap().remove(0);
        let rider = |at: usize| RiderFrame {
            track: TrackId(1),
            provenance: if seen.contains(&at) { Provenance::Detected } else { Provenance::Interpolated },
            score: 0.9,
            bbox: BBox::new(0.0, 0.0, 1.0, 1.0),
            body: body.clone(),
        };
        let track = Track {
            id: TrackId(1),
            first_frame: 0,
            last_frame: frames as u64 - 1,
            detected_frames: seen.len() as u64,
            is_main,
            name: None,
            hidden: false,
        };
        Resolved { tracks: vec![track], frames: (0..frames).map(|at| vec![rider(at)]).collect() }
    }

    fn ranges(resolved: &Resolved, step_s: f64, shots: &[Range<usize>]) -> Vec<Range<usize>> {
        let times_s: Vec<f64> = (0..resolved.frames.len()).map(|at| at as f64 * step_s).collect();
        holes(&resolved.tracks, &resolved.frames, &times_s, shots)
            .into_iter()
            .map(|hole| hole.frames)
            .collect()
    }

    #[test]
    fn a_main_riders_holes_reach_to_the_ends_of_his_shot_and_no_further() {
        let seen = [4, 5, 8];
        let main = resolved(12, &seen, true);
        assert_eq!(ranges(&main, 0.1, &[0..2, 2..11, 11..12]), [6..8, 2..4, 9..11]);
        let other = resolved(12, &seen, false);
        assert!(ranges(&other, 0.1, &[0..2, 2..11, 11..12]).into_iter().eq(std::iter::once(6..8)));
    }

    #[test]
    fn holes_across_which_nothing_says_where_he_is_are_left() {
        let one = std::iter::once(0..12).collect::<Vec<_>>();
        assert!(ranges(&resolved(12, &[0, 11], false), 0.3, &one).is_empty());
        assert!(ranges(&resolved(12, &[0, 11], false), 0.2, &one).into_iter().eq(std::iter::once(1..11)));
        assert!(ranges(&resolved(12, &[], true), 0.2, &one).is_empty());
    }
}
