//! What a rider looks like, gathered over time.

use glam::Vec3;

use crate::types::SurfaceColors;
use crate::types::appearance::PATCH_COUNT;

/// Sum of weights that a patch keeps at most: some two seconds of being seen well. Light changes; what was seen long
/// ago fades.
const MEMORY: f32 = 60.0;
/// Patches that both must show before their colours are compared.
const MIN_COMMON: f32 = 12.0;
/// Sights after which it is known what a rider looks like.
pub(super) const SETTLED: usize = 8;
/// [`Looks::distance`] from which a sight is not of the rider as he was: 19 of 20 of his own stay below.
pub(super) const UNLIKE: f32 = 0.5;
/// What a difference of brightness counts beside one of colour.
const LIGHTNESS_WEIGHT: f32 = 0.25;
/// Mean square of colour that counts as none: a picture's noise on grey clothes is no pattern to be known by.
const GREY: f32 = 5e-4;
/// Mean square of colour below which nothing is told by it. Riders in dark clothes come to 0.004 and more.
const LEAST_COLOUR: f32 = 2.0 * GREY;

/// Colours of a surface, each the mean of what was seen of it weighted by how well it was seen.
#[derive(Clone, Debug)]
pub struct Looks {
    /// Sum of weights; mean colour, 0 to 1.
    patches: Box<[(f32, [f32; 3]); PATCH_COUNT]>,
}

impl Default for Looks {
    /// Nothing seen yet.
    fn default() -> Self {
        Self { patches: Box::new([(0.0, [0.0; 3]); PATCH_COUNT]) }
    }
}

impl Looks {
    /// What one sight tells.
    pub fn of(first: &SurfaceColors) -> Self {
        let mut looks = Self::default();
        looks.add(first);
        looks
    }

    /// Everything that was seen of one rider, in order, but sights so unlike those before that somebody else must have
    /// stood before him; `None` where nothing was seen.
    pub(super) fn gathered<'a>(seen: impl Iterator<Item = &'a SurfaceColors> + Clone) -> Option<Self> {
        let (mut looks, mut taken, mut left_out) = (Self::default(), 0, 0);
        for colors in seen.clone() {
            if taken >= SETTLED && looks.is_unlike(colors) {
                left_out += 1;
            } else {
                looks.add(colors);
                taken += 1;
            }
        }
        if left_out > taken {
            // The first ones were somebody else.
            let first = std::mem::take(&mut looks);
            seen.filter(|colors| first.is_unlike(colors)).for_each(|colors| looks.add(colors));
        }
        (taken > 0).then_some(looks)
    }

    /// Takes another sight in.
    pub fn add(&mut self, seen: &SurfaceColors) {
        for ((total, color), patch) in self.patches.iter_mut().zip(seen.patches()) {
            if patch.weight == 0 {
                continue;
            }
            let weight = f32::from(patch.weight) / 255.0;
            *total = (*total + weight).min(MEMORY);
            let share = weight / *total;
            for (mean, channel) in color.iter_mut().zip(patch.rgb) {
                *mean += (f32::from(channel) / 255.0 - *mean) * share;
            }
        }
    }

    /// The mean so far.
    pub fn colors(&self) -> SurfaceColors {
        let mut colors = SurfaceColors::default();
        for (patch, (total, color)) in colors.patches_mut().iter_mut().zip(self.patches.iter()) {
            patch.weight = (total.min(1.0) * 255.0).round() as u8;
            patch.rgb = color.map(|channel| (channel * 255.0).round() as u8);
        }
        colors
    }

    /// How much the colours differ from each other: their standard deviation, gamma-coded and 0 to 1 a channel, added
    /// over the channels as squares.
    pub(super) fn spread(&self) -> f32 {
        let (mut sum, mut squares, mut total) = ([0.0_f32; 3], 0.0, 0.0);
        for (weight, color) in self.patches.iter() {
            let weight = weight.min(1.0);
            total += weight;
            for (sum, channel) in sum.iter_mut().zip(color) {
                *sum += weight * channel;
                squares += weight * channel * channel;
            }
        }
        if total <= 0.0 {
            return 0.0;
        }
        let mean_squares: f32 = sum.iter().map(|sum| (sum / total).powi(2)).sum();
        (squares / total - mean_squares).max(0.0).sqrt()
    }

    /// Whether `seen` is so unlike this that it is somebody else, or nothing that can be told from him.
    pub fn is_unlike(&self, seen: &SurfaceColors) -> bool {
        self.distance(seen).is_some_and(|unlike| unlike > UNLIKE)
    }

    /// How unlike the colours are: one less the correlation of what is coloured how over the patches seen on both, each
    /// as far as it is seen on both; 0 is alike, 1 has nothing in common, 2 is the opposite. `None` where too few are
    /// seen on both, or are of one grey.
    ///
    /// Sun and shade change how bright a jacket is from one turn to the next, and snow beside the body washes it out;
    /// which patch is redder or bluer than grey stays. Seconds later and from the other side the riders of five real clips
    /// come to 0.07 to 0.3 against themselves, those of a made-up clip to 0.1 to 0.35, and others to 0.45 and more, where
    /// squared differences of colour overlap.
    pub(super) fn distance(&self, seen: &SurfaceColors) -> Option<f32> {
        let both = || {
            self.patches.iter().zip(seen.patches()).filter_map(|((total, color), patch)| {
                let weight = total.min(f32::from(patch.weight) / 255.0);
                (weight > 0.0).then(|| (weight, *color, patch.rgb.map(|channel| f32::from(channel) / 255.0)))
            })
        };
        let (mut common, mut bright) = (0.0, [0.0; 2]);
        for (weight, known, seen) in both() {
            common += weight;
            bright[0] += weight * lightness(known);
            bright[1] += weight * lightness(seen);
        }
        if common < MIN_COMMON {
            return None;
        }
        let mean = bright.map(|sum| sum / common);
        let (mut product, mut squares) = (0.0, [0.0; 2]);
        for (weight, known, seen) in both() {
            let (known, seen) = (hue(known, mean[0]), hue(seen, mean[1]));
            product += weight * known.dot(seen);
            squares[0] += weight * known.length_squared();
            squares[1] += weight * seen.length_squared();
        }
        // Who wears no colour at all is like and unlike nobody.
        let tells = squares.iter().all(|square| *square >= LEAST_COLOUR * common);
        let scale = (squares[0] * squares[1]).sqrt() + GREY * common;
        tells.then(|| 1.0 - product / scale)
    }
}

/// Brightness of a colour.
fn lightness(color: [f32; 3]) -> f32 {
    color.iter().sum::<f32>() / 3.0
}

/// What a colour has that grey has not: red against green, both against blue, and a little of how much brighter it is
/// than the `mean` of the body, by which black trousers and a white jacket are known.
fn hue(color: [f32; 3], mean: f32) -> Vec3 {
    let [red, green, blue] = color;
    Vec3::new(red - green, (red + green) * 0.5 - blue, LIGHTNESS_WEIGHT * (lightness(color) - mean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::appearance::Patch;

    /// Every patch in `range` of one colour.
    fn plain(rgb: [u8; 3], weight: u8, range: std::ops::Range<usize>) -> SurfaceColors {
        let mut colors = SurfaceColors::default();
        colors.patches_mut()[range].fill(Patch { rgb, weight });
        colors
    }

    fn apart(a: [u8; 3], b: [u8; 3]) -> f32 {
        Looks::of(&plain(a, 255, 0..300)).distance(&plain(b, 100, 200..400)).unwrap()
    }

    fn close(found: f32, expected: f32) {
        assert!((found - expected).abs() < 3e-3, "{found} instead of {expected}");
    }

    #[test]
    fn the_distance_is_that_of_the_hues_in_the_common_patches() {
        close(apart([255, 0, 0], [255, 0, 0]), 0.0);
        close(apart([255, 0, 0], [120, 0, 0]), 0.0);
        close(apart([250, 60, 60], [255, 200, 200]), 0.0);
        // Red is (1, 1/2) and blue (0, -1): the cosine is -1/√5.
        close(apart([255, 0, 0], [0, 0, 255]), 1.0 + 0.2_f32.sqrt());
        close(apart([255, 0, 255], [0, 255, 0]), 2.0);
        let red = Looks::of(&plain([255, 0, 0], 255, 0..300));
        assert_eq!(red.distance(&plain([255, 0, 0], 255, 300..512)), None, "front and back share nothing");
        assert_eq!(red.distance(&SurfaceColors::default()), None);
        assert_eq!(red.distance(&plain([90, 90, 90], 255, 0..300)), None, "grey is no colour");
    }

    #[test]
    fn who_wears_no_colour_is_known_by_what_is_brighter() {
        let suit = |jacket: u8, trousers: u8| {
            let mut colors = plain([jacket; 3], 200, 0..100);
            colors.patches_mut()[100..200].fill(Patch { rgb: [trousers; 3], weight: 200 });
            colors
        };
        let white_over_black = Looks::of(&suit(220, 20));
        assert!(white_over_black.distance(&suit(140, 30)).unwrap() < 0.1);
        assert!(white_over_black.distance(&suit(20, 220)).unwrap() > 1.9);
    }

    #[test]
    fn somebody_who_stands_before_him_for_a_while_does_not_change_his_looks() {
        let (orange, blue) = (plain([220, 110, 30], 200, 0..200), plain([30, 90, 190], 200, 0..250));
        let mut seen = vec![orange.clone(); 12];
        seen.extend(vec![blue.clone(); 9]);
        let looks = Looks::gathered(seen.iter()).unwrap();
        assert!(looks.distance(&orange).unwrap() < 1e-2);
        assert_eq!(looks.colors().patches()[220].weight, 0, "the other's sleeve");
        // Most of what was seen was the other.
        seen.extend(vec![blue.clone(); 9]);
        assert!(Looks::gathered(seen.iter()).unwrap().distance(&blue).unwrap() < 1e-2);
        assert!(Looks::gathered([].iter()).is_none());
    }

    #[test]
    fn the_spread_is_the_standard_deviation_over_all_channels() {
        assert_eq!(Looks::default().spread(), 0.0);
        assert!(Looks::of(&plain([90, 90, 90], 255, 0..80)).spread() < 1e-3);
        // Half black, half red: 0.5 in one channel.
        let mut colors = plain([0, 0, 0], 255, 0..50);
        colors.patches_mut()[50..100].fill(Patch { rgb: [255, 0, 0], weight: 255 });
        assert!((Looks::of(&colors).spread() - 0.5).abs() < 1e-3);
    }

    #[test]
    fn sights_are_weighted_by_how_well_they_show_the_patch() {
        let mut looks = Looks::of(&plain([200, 0, 0], 255, 0..9));
        looks.add(&plain([0, 100, 0], 85, 0..9));
        let blended = looks.colors();
        let patch = blended.patches()[3];
        assert_eq!((patch.rgb, patch.weight), ([150, 25, 0], 255));
        assert_eq!(blended.patches()[9].weight, 0);
        assert!(Looks::default().colors().is_empty());
    }
}
