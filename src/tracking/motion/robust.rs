//! The motion that most points share.
//!
//! RANSAC (Fischler & Bolles, 1981) over similarities from two points each, then least squares on those that agree.

use glam::Vec2;

use crate::types::Similarity;

/// Pairs of points tried.
const TRIES: usize = 100;
/// Farthest that a point may lie from where the motion puts it, pixels of the level it was followed on.
const AGREES_PX: f32 = 0.8;
/// Points that must agree, and their share of all.
const MIN_AGREEING: usize = 12;
const MIN_SHARE: f32 = 0.4;

/// A point and where it went.
pub(super) type Flow = (Vec2, Vec2);

/// The motion of `flows`, or `None` where too few agree on one.
pub(super) fn similarity(flows: &[Flow]) -> Option<Similarity> {
    if flows.len() < MIN_AGREEING {
        return None;
    }
    // The same pairs in every run: a linear congruential generator.
    let mut seed = 1_u32;
    let mut draw = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % flows.len()
    };
    let mut best: (usize, Option<Similarity>) = (0, None);
    for _ in 0..TRIES {
        let (first, second) = (flows[draw()], flows[draw()]);
        let Some(motion) = exact(first, second) else { continue };
        let count = flows.iter().filter(|flow| agrees(&motion, flow)).count();
        if count > best.0 {
            best = (count, Some(motion));
        }
    }
    let mut motion = best.1?;
    let mut count = 0;
    for _ in 0..3 {
        let agreeing: Vec<Flow> = flows.iter().filter(|flow| agrees(&motion, flow)).copied().collect();
        motion = least_squares(&agreeing)?;
        count = agreeing.len();
    }
    let enough = count >= MIN_AGREEING && count as f32 >= MIN_SHARE * flows.len() as f32;
    (enough && motion.is_usable()).then_some(motion)
}

fn agrees(motion: &Similarity, (from, to): &Flow) -> bool {
    motion.apply(*from).distance(*to) <= AGREES_PX
}

/// The similarity that takes two points to where they went.
fn exact(first: Flow, second: Flow) -> Option<Similarity> {
    let (before, after) = (second.0 - first.0, second.1 - first.1);
    // Points close together tell nothing of turn and scale.
    if before.length() < 10.0 {
        return None;
    }
    let square = before.length_squared();
    let turn = Similarity {
        a: before.dot(after) / square,
        b: before.perp_dot(after) / square,
        shift_px: Vec2::ZERO,
    };
    Some(Similarity { shift_px: first.1 - turn.turn(first.0), ..turn })
}

/// The similarity with the least sum of squared distances (Umeyama, 1991, in the plane).
fn least_squares(flows: &[Flow]) -> Option<Similarity> {
    let count = flows.len() as f32;
    let (before, after) = flows.iter().fold((Vec2::ZERO, Vec2::ZERO), |sum, f| (sum.0 + f.0, sum.1 + f.1));
    let (before, after) = (before / count, after / count);
    let (mut dot, mut cross, mut square) = (0.0, 0.0, 0.0);
    for (from, to) in flows {
        let (from, to) = (*from - before, *to - after);
        dot += from.dot(to);
        cross += from.perp_dot(to);
        square += from.length_squared();
    }
    let turn = Similarity { a: dot / square, b: cross / square, shift_px: Vec2::ZERO };
    let motion = Similarity { shift_px: after - turn.turn(before), ..turn };
    motion.is_usable().then_some(motion)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUE: Similarity = Similarity { a: 1.02, b: 0.05, shift_px: Vec2::new(7.0, -3.0) };

    fn grid() -> impl Iterator<Item = Vec2> {
        (0..60).map(|i| Vec2::new((i % 10) as f32 * 30.0, (i / 10) as f32 * 28.0))
    }

    #[test]
    fn a_third_of_outliers_changes_nothing() {
        let flows: Vec<Flow> = grid()
            .enumerate()
            .map(|(i, p)| (p, if i % 3 == 0 { p + Vec2::new(-20.0, i as f32) } else { TRUE.apply(p) }))
            .collect();
        let found = similarity(&flows).unwrap();
        assert!((found.a - TRUE.a).abs() < 1e-4 && (found.b - TRUE.b).abs() < 1e-4, "{found:?}");
        assert!(found.shift_px.distance(TRUE.shift_px) < 1e-2, "{found:?}");
    }

    #[test]
    fn points_that_agree_on_nothing_give_nothing() {
        let wild = |i: usize| Vec2::new((i * 7919 % 61) as f32, (i * 104_729 % 53) as f32);
        let flows: Vec<Flow> = grid().enumerate().map(|(i, p)| (p, p + wild(i))).collect();
        assert_eq!(similarity(&flows), None);
        assert_eq!(similarity(&flows[..5]), None);
        assert_eq!(similarity(&[(Vec2::ONE, Vec2::ONE); 40]), None);
    }
}
