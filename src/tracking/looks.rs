//! What a rider looks like, gathered over time.

use crate::types::SurfaceColors;
use crate::types::appearance::PATCH_COUNT;

/// Sum of weights that a patch keeps at most: some two seconds of being seen well. Light changes; what was seen long
/// ago fades.
const MEMORY: f32 = 60.0;
/// Patches that both must show before their colours are compared.
const MIN_COMMON: f32 = 12.0;

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

    /// Mean squared difference of colour, gamma-coded and 0 to 1 a channel, over the patches seen on both, each as far
    /// as it is seen on both: 0 to 3. `None` where too few are.
    pub(super) fn distance(&self, seen: &SurfaceColors) -> Option<f32> {
        let (mut sum, mut common) = (0.0, 0.0);
        for ((total, color), patch) in self.patches.iter().zip(seen.patches()) {
            if patch.weight == 0 || *total == 0.0 {
                continue;
            }
            let weight = total.min(f32::from(patch.weight) / 255.0);
            let square: f32 =
                color.iter().zip(patch.rgb).map(|(mean, c)| (f32::from(c) / 255.0 - mean).powi(2)).sum();
            sum += weight * square;
            common += weight;
        }
        (common >= MIN_COMMON).then(|| sum / common)
    }
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

    #[test]
    fn the_distance_is_that_of_the_common_patches() {
        let red = Looks::of(&plain([255, 0, 0], 255, 0..300));
        assert_eq!(red.distance(&plain([255, 0, 0], 100, 200..400)), Some(0.0));
        // Red to blue: 1² + 1².
        assert_eq!(red.distance(&plain([0, 0, 255], 255, 200..500)), Some(2.0));
        assert_eq!(red.distance(&plain([0, 0, 255], 255, 300..512)), None, "front and back share nothing");
        assert_eq!(red.distance(&SurfaceColors::default()), None);
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
