//! Who is known by his looks, where place tells nothing any more.
//!
//! After a cut everybody is somewhere else, and who left the picture may come back anywhere. What he wears is still the
//! same. PHALP, too, goes by appearance alone there.

use super::looks::Looks;

/// [`Looks::distance`] up to which two sights may be of one rider. Seconds later, in other light and from another side,
/// riders come to 0.07 to 0.35 against themselves, to 0.45 and more against others, and to 1.2 against a shadow: rather
/// nobody is recognised than somebody else.
const ALIKE: f32 = 0.36;
/// How many times more anyone else must differ: two who are dressed alike are not told apart.
const CLEARLY: f32 = 1.3;

/// Pairs of (index into `known`, index into `found`) that are one rider, the most alike first. Only pairs are made for
/// which `possible` holds. A pair is in doubt where one of both looks like somebody else, too, who is a rival: of two
/// known or of two found riders `rivals` tells whether they can't be one.
pub(super) fn recognised(
    known: &[Option<Looks>],
    found: &[Option<Looks>],
    possible: impl Fn(usize, usize) -> bool,
    rivals: impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let mut alike: Vec<(f32, usize, usize)> = Vec::new();
    for (b, looks) in found.iter().enumerate() {
        let Some(colors) = looks.as_ref().map(Looks::colors) else { continue };
        let distances = known.iter().enumerate().filter_map(|(a, looks)| {
            let distance = looks.as_ref()?.distance(&colors)?;
            (distance <= ALIKE * CLEARLY).then_some((distance, a, b))
        });
        alike.extend(distances);
    }
    alike.sort_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let is_clear = |distance: f32, a: usize, b: usize| {
        let doubtful = alike.iter().filter(|pair| pair.0 <= distance * CLEARLY);
        distance <= ALIKE
            && doubtful.clone().all(|&(_, c, d)| d != b || c == a || !rivals(a, c))
            && doubtful.clone().all(|&(_, c, d)| c != a || d == b || !rivals(b, d))
    };
    let pairs = alike.iter().filter(|&&(distance, a, b)| possible(a, b) && is_clear(distance, a, b));
    pairs.map(|&(_, a, b)| (a, b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SurfaceColors;
    use crate::types::appearance::Patch;

    fn dressed(rgb: [u8; 3]) -> Option<Looks> {
        let mut colors = SurfaceColors::default();
        colors.patches_mut()[..200].fill(Patch { rgb, weight: 200 });
        Some(Looks::of(&colors))
    }

    #[test]
    fn everybody_is_known_by_his_own_colour() {
        let known = [dressed([200, 60, 20]), dressed([20, 60, 200]), None, dressed([30, 120, 40])];
        // In a little more shade, in another order, and somebody new.
        let found = [dressed([20, 50, 180]), dressed([220, 210, 40]), dressed([180, 50, 20]), None];
        assert_eq!(recognised(&known, &found, |_, _| true, |_, _| true), [(0, 2), (1, 0)]);
        assert_eq!(recognised(&known, &found, |a, _| a != 0, |_, _| true), [(1, 0)]);
    }

    #[test]
    fn of_two_dressed_alike_neither_is_recognised_unless_they_are_one() {
        let known = [dressed([200, 60, 20]), dressed([196, 64, 20])];
        let found = [dressed([198, 62, 20])];
        assert_eq!(recognised(&known, &found, |_, _| true, |_, _| true), []);
        // Not even where one of them cannot be the one.
        assert_eq!(recognised(&known, &found, |a, _| a == 0, |_, _| true), []);
        assert_eq!(recognised(&known, &found, |_, _| true, |_, _| false), [(0, 0), (1, 0)]);
    }
}
