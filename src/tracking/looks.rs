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
pub(super) struct Looks {
    /// Sum of weights; mean colour, 0 to 1.
    patches: Box<[(f32, [f32; 3]); PATCH_COUNT]>,
}

impl Looks {
    pub(super) fn of(first: &SurfaceColors) -> Self {
        let mut looks = Self { patches: Box::new([(0.0, [0.0; 3]); PATCH_COUNT]) };
        looks.add(first);
        looks
    }

    /// Takes another sight in.
    pub(super) fn add(&mut self, seen: &SurfaceColors) {
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
    pub(super) fn colors(&self) -> SurfaceColors {
        let mut colors = SurfaceColors::default();
        for (patch, (total, color)) in colors.patches_mut().iter_mut().zip(self.patches.iter()) {
            patch.weight = (total.min(1.0) * 255.0).round() as u8;
            patch.rgb = color.map(|channel| (channel * 255.0).round() as u8);
        }
        colors
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

/// The colours of everything in `seen`, each weighted by how well it was seen: a rider's texture. `None` where nothing
/// was seen.
pub fn blend<'s>(seen: impl IntoIterator<Item = &'s SurfaceColors>) -> Option<SurfaceColors> {
    let mut seen = seen.into_iter();
    let mut looks = Looks::of(seen.next()?);
    seen.for_each(|colors| looks.add(colors));
    Some(looks.colors()).filter(|colors| !colors.is_empty())
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
    fn sights_are_weighted_by_how_well_they_show_the_patch() {
        let blended = blend(&[plain([200, 0, 0], 255, 0..9), plain([0, 100, 0], 85, 0..9)]).unwrap();
        let patch = blended.patches()[3];
        assert_eq!((patch.rgb, patch.weight), ([150, 25, 0], 255));
        assert_eq!(blended.patches()[9].weight, 0);
        assert_eq!(blend(&[]), None);
        assert_eq!(blend(&[SurfaceColors::default()]), None);
    }
}
