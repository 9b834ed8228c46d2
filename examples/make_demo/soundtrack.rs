//! Wind and edge: noise through two filters, as loud as the board throws snow, and a thud at the landing.

use std::error::Error;
use std::f32::consts::TAU;
use std::fs;
use std::path::Path;

use crate::choreography::{DURATION_S, Ride};
use crate::{noise, spray};

const RATE_HZ: u32 = 48_000;
const CHANNELS: u16 = 2;

/// Writes the sound of `ride` as a 16-bit stereo WAV file.
pub fn write(ride: &Ride, path: &Path) -> Result<(), Box<dyn Error>> {
    let count = (DURATION_S * RATE_HZ as f32) as u32;
    let mut samples = Vec::with_capacity(count as usize * 2);
    let mut channels = [Channel::default(), Channel::default()];
    let mut loudness = 0.0;
    for index in 0..count {
        let time_s = index as f32 / RATE_HZ as f32;
        if index.is_multiple_of(480) {
            loudness += (spray::strength(ride, time_s) - loudness) * 0.25;
        }
        let airborne = if ride.is_airborne(time_s) { 1.0 } else { 0.0 };
        let since_s = time_s - ride.landing_s();
        let thud =
            if since_s > 0.0 { (TAU * 62.0 * since_s).sin() * (-since_s * 16.0).exp() * 0.22 } else { 0.0 };
        for (side, channel) in channels.iter_mut().enumerate() {
            let white = noise::signed(u64::from(index) * 2 + side as u64 + 7_000_000);
            let gust = 0.7 + 0.6 * noise::value(time_s * 1.4, side as f32 * 0.3, 61);
            let wind = channel.wind(white) * gust * (0.55 + 0.25 * airborne);
            let level = (wind + channel.edge(white) * loudness * 0.16 + thud).clamp(-1.0, 1.0);
            samples.push((level * f32::from(i16::MAX) * 0.7) as i16);
        }
    }
    fs::write(path, wav(&samples))?;
    Ok(())
}

/// One-pole filters of one channel.
#[derive(Default)]
struct Channel {
    wind: [f32; 2],
    edge: [f32; 2],
}

impl Channel {
    /// Below about 250 Hz.
    fn wind(&mut self, white: f32) -> f32 {
        self.wind[0] += (white - self.wind[0]) * 0.032;
        self.wind[1] += (self.wind[0] - self.wind[1]) * 0.032;
        self.wind[1]
    }

    /// Between about 1 and 5 kHz.
    fn edge(&mut self, white: f32) -> f32 {
        self.edge[0] += (white - self.edge[0]) * 0.48;
        self.edge[1] += (self.edge[0] - self.edge[1]) * 0.12;
        self.edge[0] - self.edge[1]
    }
}

/// Samples behind the header of a WAV file (RIFF, PCM).
fn wav(samples: &[i16]) -> Vec<u8> {
    let data_bytes = samples.len() as u32 * 2;
    let frame_bytes = CHANNELS * 2;
    let mut out = Vec::with_capacity(44 + samples.len() * 2);
    out.extend(b"RIFF");
    out.extend((36 + data_bytes).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16_u32.to_le_bytes());
    out.extend(1_u16.to_le_bytes());
    out.extend(CHANNELS.to_le_bytes());
    out.extend(RATE_HZ.to_le_bytes());
    out.extend((RATE_HZ * u32::from(frame_bytes)).to_le_bytes());
    out.extend(frame_bytes.to_le_bytes());
    out.extend(16_u16.to_le_bytes());
    out.extend(b"data");
    out.extend(data_bytes.to_le_bytes());
    out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    out
}
