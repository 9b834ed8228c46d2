//! What R'G'B' means as light, and how more light than a screen has is brought onto it.
//!
//! High dynamic range is shown as standard dynamic range: its transfer function is undone (SMPTE ST 2084 for PQ, ITU-R
//! BT.2100 for HLG), what is brighter than reference white (203 cd/m², ITU-R BT.2408) is rolled off by the EETF of
//! ITU-R BT.2390, its primaries become those of BT.709, and the result is coded with a gamma of 2.4 (ITU-R BT.1886).
//! `video_frame.wgsl` computes the same in the shader.

/// Luminance that becomes a screen's white, cd/m² (ITU-R BT.2408, 2.1).
pub const REFERENCE_WHITE_NITS: f32 = 203.0;

/// Nominal peak of HLG, and of PQ that does not say what it was graded for, cd/m².
pub const NOMINAL_PEAK_NITS: f32 = 1000.0;

/// Gamma of a standard screen (ITU-R BT.1886).
pub const SCREEN_GAMMA: f32 = 2.4;

/// Gamma of the OOTF of HLG at its nominal peak (ITU-R BT.2100, table 5).
const HLG_GAMMA: f32 = 1.2;

/// Weights of R, G and B in the luminance of BT.2020 (ITU-R BT.2100, table 5).
const LUMINANCE: [f32; 3] = [0.2627, 0.6780, 0.0593];

/// What the code values say about light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// Standard dynamic range: as a screen takes it.
    #[default]
    Standard,
    /// Perceptual quantiser, SMPTE ST 2084.
    Pq,
    /// Hybrid log-gamma, ITU-R BT.2100.
    Hlg,
}

/// Which red, green and blue are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Primaries {
    /// ITU-R BT.709, those of sRGB.
    #[default]
    Bt709,
    /// ITU-R BT.2020.
    Bt2020,
    /// Display P3 with the white of D65 (SMPTE EG 432-1).
    DisplayP3,
}

/// What R'G'B' means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// From code values to light.
    pub transfer: Transfer,
    /// Which red, green and blue.
    pub primaries: Primaries,
    /// Brightest light that is meant, cd/m²; only for [`Transfer::Pq`] and [`Transfer::Hlg`].
    pub peak_nits: f32,
}

impl Default for Light {
    fn default() -> Self {
        Self { transfer: Transfer::default(), primaries: Primaries::default(), peak_nits: NOMINAL_PEAK_NITS }
    }
}

impl Light {
    /// Whether R'G'B' can be shown as it is.
    pub fn is_screen(&self) -> bool {
        self.transfer == Transfer::Standard && self.primaries == Primaries::Bt709
    }

    /// R'G'B' for a standard screen, each channel in 0..1.
    pub fn to_screen(&self, rgb: [f32; 3]) -> [f32; 3] {
        if self.is_screen() {
            return rgb.map(|channel| channel.clamp(0.0, 1.0));
        }
        let linear = match self.transfer {
            Transfer::Standard => rgb.map(|channel| channel.clamp(0.0, 1.0).powf(SCREEN_GAMMA)),
            Transfer::Pq => self.rolled_off(rgb.map(pq_to_nits)),
            Transfer::Hlg => self.rolled_off(hlg_to_nits(rgb)),
        };
        self.primaries.to_bt709().map(|row| {
            let light = row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2];
            light.clamp(0.0, 1.0).powf(1.0 / SCREEN_GAMMA)
        })
    }

    /// Light of a screen, 1 is its white. The brightest channel decides, so that hues stay.
    fn rolled_off(&self, nits: [f32; 3]) -> [f32; 3] {
        let brightest = nits[0].max(nits[1]).max(nits[2]);
        let gain = self.roll_off(brightest) / brightest.max(1e-6) / REFERENCE_WHITE_NITS;
        nits.map(|channel| channel * gain)
    }

    /// Luminance on a screen whose white is [`REFERENCE_WHITE_NITS`], cd/m² (EETF of ITU-R BT.2390, 5.4.1, for a black of
    /// zero).
    pub fn roll_off(&self, nits: f32) -> f32 {
        let peak = nits_to_pq(self.peak_nits);
        let white = nits_to_pq(REFERENCE_WHITE_NITS) / peak;
        let at = (nits_to_pq(nits) / peak).min(1.0);
        let knee = 1.5 * white - 0.5;
        if white >= 1.0 || at < knee {
            return nits.min(REFERENCE_WHITE_NITS);
        }
        let t = (at - knee) / (1.0 - knee);
        let (t2, t3) = (t * t, t * t * t);
        let rolled = (2.0 * t3 - 3.0 * t2 + 1.0) * knee
            + (t3 - 2.0 * t2 + t) * (1.0 - knee)
            + (3.0 * t2 - 2.0 * t3) * white;
        pq_to_nits(rolled * peak)
    }
}

impl Primaries {
    /// Rows of the matrix that brings linear R, G and B to the primaries of BT.709 (for BT.2020: ITU-R BT.2087, 4).
    pub fn to_bt709(self) -> [[f32; 3]; 3] {
        match self {
            Self::Bt709 => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Self::Bt2020 => [
                [1.660_491, -0.587_641, -0.072_850],
                [-0.124_55, 1.132_9, -0.008_349],
                [-0.018_151, -0.100_579, 1.118_73],
            ],
            Self::DisplayP3 => [
                [1.224_94, -0.224_94, 0.0],
                [-0.042_057, 1.042_057, 0.0],
                [-0.019_638, -0.078_636, 1.098_274],
            ],
        }
    }
}

// Constants of SMPTE ST 2084, 5.2.
const M1: f32 = 2610.0 / 16384.0;
const M2: f32 = 2523.0 / 4096.0 * 128.0;
const C1: f32 = 3424.0 / 4096.0;
const C2: f32 = 2413.0 / 4096.0 * 32.0;
const C3: f32 = 2392.0 / 4096.0 * 32.0;
const PQ_PEAK_NITS: f32 = 10_000.0;

/// EOTF of PQ: cd/m² of a code value in 0..1.
pub fn pq_to_nits(code: f32) -> f32 {
    let power = code.clamp(0.0, 1.0).powf(1.0 / M2);
    let linear = (power - C1).max(0.0) / (C2 - C3 * power);
    PQ_PEAK_NITS * linear.powf(1.0 / M1)
}

/// Inverse EOTF of PQ: the code value in 0..1 of cd/m².
pub fn nits_to_pq(nits: f32) -> f32 {
    let power = (nits / PQ_PEAK_NITS).clamp(0.0, 1.0).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

/// Inverse OETF of HLG: scene light in 0..1 of a code value in 0..1 (ITU-R BT.2100, table 5).
pub fn hlg_to_scene(code: f32) -> f32 {
    const A: f32 = 0.178_832_77;
    const B: f32 = 1.0 - 4.0 * A;
    const C: f32 = 0.559_910_7;
    let code = code.clamp(0.0, 1.0);
    if code <= 0.5 { code * code / 3.0 } else { (((code - C) / A).exp() + B) / 12.0 }
}

/// Light of a display of the nominal peak for an HLG signal, cd/m² (OOTF of ITU-R BT.2100, table 5).
pub fn hlg_to_nits(rgb: [f32; 3]) -> [f32; 3] {
    let scene = rgb.map(hlg_to_scene);
    let luminance = scene.iter().zip(LUMINANCE).map(|(channel, weight)| channel * weight).sum::<f32>();
    let gain = NOMINAL_PEAK_NITS * luminance.max(1e-6).powf(HLG_GAMMA - 1.0);
    scene.map(|channel| channel * gain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(ours: f32, known: f32, tolerance: f32) {
        assert!((ours - known).abs() <= tolerance, "{ours}, not {known}");
    }

    #[test]
    fn pq_has_the_values_of_its_standard() {
        // ITU-R BT.2408, table 1 and SMPTE ST 2084: signal levels of luminances.
        for (nits, code) in [(0.0, 0.0), (100.0, 0.508), (203.0, 0.581), (1000.0, 0.752), (10_000.0, 1.0)] {
            close(nits_to_pq(nits), code, 6e-4);
        }
        for nits in [0.01, 1.0, 26.0, 203.0, 4000.0] {
            close(pq_to_nits(nits_to_pq(nits)) / nits, 1.0, 2e-3);
        }
    }

    #[test]
    fn hlg_has_the_values_of_its_standard() {
        // ITU-R BT.2100: the branches meet at one half, and 1 is 1. BT.2408: 75 % is 203 cd/m², 38 % is 26 cd/m².
        close(hlg_to_scene(0.5), 1.0 / 12.0, 1e-6);
        close(hlg_to_scene(1.0), 1.0, 1e-4);
        close(hlg_to_nits([0.75; 3])[0], 203.0, 1.0);
        close(hlg_to_nits([0.38; 3])[0], 26.0, 0.5);
        close(hlg_to_nits([1.0; 3])[1], 1000.0, 0.5);
    }

    #[test]
    fn the_roll_off_keeps_what_is_dark_and_ends_at_white() {
        let light = Light { transfer: Transfer::Pq, ..Light::default() };
        for nits in [0.0, 1.0, 26.0, 80.0] {
            close(light.roll_off(nits), nits, 1e-3);
        }
        close(light.roll_off(1000.0), REFERENCE_WHITE_NITS, 0.5);
        close(light.roll_off(9000.0), REFERENCE_WHITE_NITS, 0.5);
        let rising = (0..100).map(|i| light.roll_off(i as f32 * 10.0));
        assert!(rising.clone().zip(rising.skip(1)).all(|(a, b)| a <= b + 1e-2));
        // A picture that was graded for no more than white is not rolled off.
        let dim = Light { peak_nits: 150.0, ..light };
        close(dim.roll_off(140.0), 140.0, 1e-3);
    }

    #[test]
    fn greys_stay_grey_and_white_of_standard_range_stays_white() {
        for primaries in [Primaries::Bt709, Primaries::Bt2020, Primaries::DisplayP3] {
            for row in primaries.to_bt709() {
                close(row.iter().sum(), 1.0, 1e-5);
            }
            for transfer in [Transfer::Standard, Transfer::Pq, Transfer::Hlg] {
                let light = Light { transfer, primaries, ..Light::default() };
                let [r, g, b] = light.to_screen([0.6; 3]);
                close(r, g, 1e-4);
                close(b, g, 1e-4);
            }
            let light = Light { primaries, ..Light::default() };
            close(light.to_screen([0.5; 3])[1], 0.5, 1e-4);
        }
    }

    #[test]
    fn wide_primaries_become_what_colour_science_says() {
        // Display P3 (0.8, 0.5, 0.3) at gamma 2.4, by the chromaticities of both: computed with the CIE equations.
        let light = Light { primaries: Primaries::DisplayP3, ..Light::default() };
        let linear = [0.8_f64, 0.5, 0.3].map(|c| c.powf(2.4));
        let red = 1.2249401 * linear[0] - 0.2249404 * linear[1];
        close(light.to_screen([0.8, 0.5, 0.3])[0], red.powf(1.0 / 2.4) as f32, 1e-4);
    }
}
