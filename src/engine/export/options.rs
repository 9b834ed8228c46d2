//! How an exported video is made: codec, size, speed and what lies where in the picture.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::types::{ClipInfo, Rational};
use crate::video::Encoding;

/// Sizes that an export can have, as a share of the clip's.
pub const SCALE_RANGE: RangeInclusive<f32> = 0.05..=4.0;

/// Speeds that an export can have, per cent.
pub const SPEED_RANGE: RangeInclusive<u32> = 5..=400;

/// What lies where in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// The overlay over the clip.
    #[default]
    Overlay,
    /// The overlay alone on a transparent ground: ProRes 4444, or PNG files where the output has no extension.
    OverlayOnly,
    /// The clip as it is on the left, with the overlay on the right.
    SideBySide,
    /// The overlay over the clip, and in a corner the first body shown from the side and from above.
    Views,
}

/// How a video is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoOptions {
    /// Codec, quality and hardware.
    pub encoding: Encoding,
    /// Size as a share of the clip's, within [`SCALE_RANGE`].
    pub scale: f32,
    /// Speed in per cent of the clip's, within [`SPEED_RANGE`]; other than 100 the video has no sound.
    pub speed_percent: u32,
    /// What lies where.
    pub layout: Layout,
}

impl Default for VideoOptions {
    fn default() -> Self {
        Self { encoding: Encoding::default(), scale: 1.0, speed_percent: 100, layout: Layout::default() }
    }
}

impl VideoOptions {
    /// Whether the video runs at another speed than the clip.
    pub(super) fn is_stretched(&self) -> bool {
        self.speed_percent != 100
    }

    /// Size of the clip's picture in the video, pixels. Scaled sizes are even, as most codecs want them.
    pub(super) fn picture_size(&self, clip: &ClipInfo) -> (u32, u32) {
        if self.scale == 1.0 {
            return (clip.width, clip.height);
        }
        let scale = self.scale.clamp(*SCALE_RANGE.start(), *SCALE_RANGE.end());
        let side = |pixels: u32| ((pixels as f32 * scale / 2.0).round() as u32 * 2).max(2);
        (side(clip.width), side(clip.height))
    }

    /// Size of the video, pixels.
    pub(super) fn size(&self, clip: &ClipInfo) -> (u32, u32) {
        let (width, height) = self.picture_size(clip);
        if self.layout == Layout::SideBySide { (width * 2, height) } else { (width, height) }
    }

    /// Seconds per tick that make the clip's timestamps run at the speed: no timestamp is rounded.
    pub(super) fn time_base(&self, clip: Rational) -> Rational {
        let speed = i64::from(self.speed_percent.clamp(*SPEED_RANGE.start(), *SPEED_RANGE.end()));
        let (num, den) = (i64::from(clip.num) * 100, i64::from(clip.den) * speed);
        let (mut divisor, mut rest) = (num, den);
        while rest != 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        let shorten = |value: i64| i32::try_from(value / divisor.max(1)).ok();
        match (shorten(num), shorten(den)) {
            (Some(num), Some(den)) => Rational { num, den },
            _ => clip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_speed_makes_each_tick_four_times_as_long() {
        let slow = VideoOptions { speed_percent: 25, ..VideoOptions::default() };
        let tick = slow.time_base(Rational { num: 1, den: 15360 });
        assert_eq!(tick, Rational { num: 1, den: 3840 });
        let third = VideoOptions { speed_percent: 30, ..slow }.time_base(Rational { num: 1001, den: 30000 });
        assert!((third.as_f64() - 1001.0 / 30000.0 / 0.3).abs() < 1e-12, "{third:?}");
    }
}
