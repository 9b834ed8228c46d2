//! A long clip in parts, so that what is held at once does not grow with it.
//!
//! Shots that are short enough are settled together and whole. A longer one is cut where parts overlap: both sides see
//! the same detections there, so who is who is handed on by them ([`super::Cast::hand_on`]), and each tells the half of the
//! overlap that it knows more about.

use std::ops::Range;

/// Most frames of a part: what is known of their riders takes some ten megabytes.
pub const PART_FRAMES: usize = 1800;

/// Frames that two parts of one shot both see: longer than any gap that is bridged.
const OVERLAP: usize = 360;

/// Frames that are settled together, by position in the clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// All that are looked at.
    pub seen: Range<usize>,
    /// Those of them whose riders this part tells.
    pub told: Range<usize>,
    /// The shots in `seen`, as far as they lie in it.
    pub shots: Vec<Range<usize>>,
}

/// The parts of a clip with these shots, in order; what they tell is together all of it.
pub fn parts(shots: &[Range<usize>]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for shot in shots {
        match parts.last_mut() {
            // Nothing overlaps at a cut.
            Some(last) if shot.end - last.seen.start <= PART_FRAMES && last.told.start == last.seen.start => {
                last.seen.end = shot.end;
                last.told.end = shot.end;
                last.shots.push(shot.clone());
            }
            _ => parts.extend(parts_of_shot(shot)),
        }
    }
    parts
}

/// A clip, or a part of one, without a cut.
fn one(shot: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(shot).collect()
}

fn parts_of_shot(shot: &Range<usize>) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut start, mut told) = (shot.start, shot.start);
    loop {
        let end = shot.end.min(start + PART_FRAMES);
        let next = end - OVERLAP.min(end);
        let told_end = if end == shot.end { end } else { next + OVERLAP / 2 };
        parts.push(Part { seen: start..end, told: told..told_end, shots: one(start..end) });
        if end == shot.end {
            return parts;
        }
        (start, told) = (next, told_end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::scenes::{film, rider_at, settings};
    use crate::tracking::{Cast, resolve, resolve_part};
    use glam::Vec2;

    /// Two riders who cross again and again and wear nothing by which they are known, and one who is there for a while.
    #[test]
    fn riders_keep_their_numbers_from_part_to_part() {
        let frames = film(5000, |frame, t| {
            let swing = 180.0 * (t * 0.7).sin();
            let mut seen = vec![
                rider_at(Vec2::new(320.0 + swing, 120.0)),
                rider_at(Vec2::new(320.0 - swing, 180.0 + 20.0 * (t * 0.3).cos())),
            ];
            if (1400..1900).contains(&frame) {
                seen.push(rider_at(Vec2::new(60.0, 300.0)));
            }
            // Hidden for half a second, also where parts meet.
            if frame % 300 < 15 {
                seen.remove(0);
            }
            seen
        });
        let whole = resolve(&settings(), &frames);
        let parts = parts(&one(0..frames.len()));
        assert!(parts.len() > 2);
        let (mut cast, mut told) = (Cast::default(), Vec::new());
        for (index, part) in parts.iter().enumerate() {
            let own = one(0..part.seen.len());
            let riders = resolve_part(&settings(), &mut cast, &own, &frames[part.seen.clone()]);
            if let Some(next) = parts.get(index + 1) {
                let shared = (next.seen.start..).zip(&riders[next.seen.start - part.seen.start..]);
                cast.hand_on(shared.map(|(at, riders)| (at as u64, riders.as_slice())));
            }
            told.extend_from_slice(
                &riders[part.told.start - part.seen.start..part.told.end - part.seen.start],
            );
        }
        assert_eq!(told, whole.frames);
        let mains = |tracks: &[crate::types::Track]| tracks.iter().filter(|track| track.is_main).count();
        assert_eq!((cast.tracks().len(), mains(cast.tracks())), (whole.tracks.len(), mains(&whole.tracks)));
    }

    #[test]
    fn what_is_short_enough_is_one_part_with_its_shots() {
        let shots = [0..100, 100..700, 700..PART_FRAMES];
        let whole = Part { seen: 0..PART_FRAMES, told: 0..PART_FRAMES, shots: shots.to_vec() };
        assert_eq!(parts(&shots), [whole]);
        let empty = Part { seen: 0..0, told: 0..0, shots: one(0..0) };
        assert_eq!(parts(&one(0..0)), [empty]);
    }

    #[test]
    fn long_clips_are_told_once_and_no_part_is_long() {
        for shots in [
            one(0..100_000),
            one(0..PART_FRAMES + 1),
            vec![0..1000, 1000..1900, 1900..7000, 7000..7010, 7010..9000],
            vec![0..5000, 5000..5001],
        ] {
            let parts = parts(&shots);
            let mut next = 0;
            for part in &parts {
                assert_eq!(part.told.start, next, "{shots:?}");
                next = part.told.end;
                assert!(part.seen.len() <= PART_FRAMES, "{part:?}");
                assert!(part.seen.start <= part.told.start && part.told.end <= part.seen.end, "{part:?}");
                assert_eq!(
                    (part.shots[0].start, part.shots[part.shots.len() - 1].end),
                    (part.seen.start, part.seen.end)
                );
            }
            assert_eq!(next, shots[shots.len() - 1].end);
            for (a, b) in parts.iter().zip(&parts[1..]) {
                let shared = a.seen.end - b.seen.start;
                let is_cut = shots.iter().any(|shot| shot.start == b.seen.start);
                assert_eq!(shared, if is_cut { 0 } else { OVERLAP }, "{a:?} {b:?}");
            }
        }
    }
}
