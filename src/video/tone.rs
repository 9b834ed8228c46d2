//! [`Light::to_screen`] for millions of pixels: its powers and logarithms from tables.

use crate::types::light::{SCREEN_GAMMA, hlg_to_nits, hlg_to_scene, pq_to_nits};
use crate::types::{Light, Transfer};

/// Steps of a table, between which it is linear.
const STEPS: usize = 1024;

/// A function over 0..1.
struct Table(Vec<f32>);

impl Table {
    fn new(function: impl Fn(f32) -> f32) -> Self {
        Self((0..=STEPS + 1).map(|i| function(i as f32 / STEPS as f32)).collect())
    }

    fn at(&self, x: f32) -> f32 {
        let place = x.clamp(0.0, 1.0) * STEPS as f32;
        let index = place as usize;
        let (low, high) = (self.0[index], self.0[index + 1]);
        low + (high - low) * (place - index as f32)
    }
}

/// Brings R'G'B' of one kind of light onto a standard screen.
pub(super) struct Tone {
    transfer: Transfer,
    /// Light of a code value: 1 is white for standard range, the peak for high dynamic range, scene light for HLG.
    linear: Table,
    /// Factor of the OOTF by the square root of the scene's luminance.
    ootf: Table,
    /// Factor of the roll-off by the fourth root of light.
    gain: Table,
    /// Code value by the square root of light.
    coded: Table,
    to_screen: [[f32; 3]; 3],
}

impl Tone {
    pub(super) fn new(light: Light) -> Self {
        let peak = light.peak_nits;
        let gain = |root: f32| {
            let nits = root.powi(4) * peak;
            light.roll_off(nits) / nits.max(1e-6) * peak / crate::types::light::REFERENCE_WHITE_NITS
        };
        Self {
            transfer: light.transfer,
            linear: Table::new(|code| match light.transfer {
                Transfer::Standard => code.powf(SCREEN_GAMMA),
                Transfer::Pq => pq_to_nits(code) / peak,
                Transfer::Hlg => hlg_to_scene(code),
            }),
            ootf: Table::new(|root| {
                // A grey of this luminance tells the factor.
                let scene = root * root;
                let code = if scene <= 1.0 / 12.0 { (3.0 * scene).sqrt() } else { hlg_code(scene) };
                hlg_to_nits([code; 3])[0] / scene.max(1e-6) / peak
            }),
            gain: Table::new(|root| gain(root.max(1.0 / STEPS as f32))),
            coded: Table::new(|root| (root * root).powf(1.0 / SCREEN_GAMMA)),
            to_screen: light.primaries.to_bt709(),
        }
    }

    pub(super) fn map(&self, rgb: [f32; 3]) -> [f32; 3] {
        let mut light = rgb.map(|channel| self.linear.at(channel));
        if self.transfer == Transfer::Hlg {
            let luminance = 0.2627 * light[0] + 0.6780 * light[1] + 0.0593 * light[2];
            let factor = self.ootf.at(luminance.sqrt());
            light = light.map(|channel| channel * factor);
        }
        if self.transfer != Transfer::Standard {
            let brightest = light[0].max(light[1]).max(light[2]);
            // What is brighter than the peak is as bright as it.
            let gain = self.gain.at(brightest.sqrt().sqrt()) / brightest.max(1.0);
            light = light.map(|channel| channel * gain);
        }
        self.to_screen.map(|row| {
            let screen = row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
            self.coded.at(screen.max(0.0).sqrt())
        })
    }
}

/// OETF of HLG above one half (ITU-R BT.2100, table 5).
fn hlg_code(scene: f32) -> f32 {
    0.178_832_77 * (12.0 * scene - 0.284_668_92).max(1e-6).ln() + 0.559_910_7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Primaries;

    #[test]
    fn tables_are_within_a_code_of_the_equations() {
        for transfer in [Transfer::Standard, Transfer::Pq, Transfer::Hlg] {
            for primaries in [Primaries::Bt2020, Primaries::DisplayP3] {
                let light = Light { transfer, primaries, ..Light::default() };
                let tone = Tone::new(light);
                let steps = || (0..=16).map(|i| i as f32 / 16.0);
                for (r, g, b) in
                    steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| (r, g, b))))
                {
                    let truth = light.to_screen([r, g, b]);
                    for (ours, truth) in tone.map([r, g, b]).into_iter().zip(truth) {
                        assert!((ours - truth).abs() * 255.0 <= 1.5, "{light:?} {r} {g} {b}: {ours} {truth}");
                    }
                }
            }
        }
    }
}
