//! The flags of an exported video.

use clap::{Args, ValueEnum};

use crate::engine::{
    Codec, EXPORT_SPEED_RANGE as SPEED_RANGE, Encoding, Layout, Quality, Rate, SCALE_RANGE, VideoOptions,
};
use crate::types::{ClipInfo, FrameIndex};

/// How the video is made, and which part of the clip is in it.
#[derive(Debug, Args)]
pub struct VideoArgs {
    /// First moment: a frame number (90) or a time (3.5s, 0:03.5); numbers count from 0, as in the window.
    #[arg(long, value_name = "FRAME|TIME")]
    pub from: Option<Moment>,
    /// Last moment, the same way; the frame shown then is still in it.
    #[arg(long, value_name = "FRAME|TIME")]
    pub to: Option<Moment>,
    /// Codec; vp9 in .webm and h264 elsewhere.
    #[arg(long, value_enum)]
    pub codec: Option<CodecName>,
    /// How much of the pictures is kept.
    #[arg(long, value_enum, default_value_t = QualityName::Good, conflicts_with = "bitrate")]
    pub quality: QualityName,
    /// Bits a second, as in 8M or 500k, in place of a quality.
    #[arg(long, value_name = "RATE", value_parser = bits_per_second)]
    pub bitrate: Option<u32>,
    /// Try encoders in hardware before those in software.
    #[arg(long)]
    pub hardware: bool,
    /// Size as a share of the clip's: 0.5 halves both sides.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = scale)]
    pub scale: f32,
    /// Speed as a share of the clip's: 0.25 is slow motion without sound.
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed_percent)]
    pub speed: u32,
    /// The overlay alone on a transparent ground: ProRes 4444 into .mov, or PNG files into a folder (an output without
    /// an extension).
    #[arg(long, conflicts_with_all = ["layout", "codec"])]
    pub overlay_only: bool,
    /// What lies where in the picture.
    #[arg(long, value_enum, default_value_t = LayoutName::Overlay)]
    pub layout: LayoutName,
}

impl VideoArgs {
    /// The options that result.
    pub fn options(&self) -> VideoOptions {
        let layout = match self.layout {
            _ if self.overlay_only => Layout::OverlayOnly,
            LayoutName::Overlay => Layout::Overlay,
            LayoutName::SideBySide => Layout::SideBySide,
            LayoutName::Views => Layout::Views,
        };
        let quality = match self.quality {
            QualityName::Compact => Quality::Compact,
            QualityName::Good => Quality::Good,
            QualityName::Fine => Quality::Fine,
        };
        let codec = self.codec.map(|codec| match codec {
            CodecName::H264 => Codec::H264,
            CodecName::Hevc => Codec::Hevc,
            CodecName::Av1 => Codec::Av1,
            CodecName::Vp9 => Codec::Vp9,
        });
        let rate = self.bitrate.map_or(Rate::Quality(quality), Rate::BitsPerSecond);
        VideoOptions {
            encoding: Encoding { codec, rate, hardware: self.hardware, intra: false },
            scale: self.scale,
            speed_percent: self.speed,
            layout,
        }
    }

    /// Whether only a part of the clip is asked for.
    pub fn is_part(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// First and last frame of the part of `clip`.
    ///
    /// # Errors
    /// When it holds no frame.
    pub fn range(&self, clip: &ClipInfo) -> Result<(u64, u64), String> {
        let end = clip.frames.len().saturating_sub(1);
        let first = self.from.map_or(0, |moment| moment.frame(&clip.frames));
        let last = self.to.map_or(end, |moment| moment.frame(&clip.frames)).min(end);
        if first > last {
            return Err(format!("--from and --to leave no frame; the clip has frames 0 to {end}"));
        }
        Ok((first, last))
    }
}

/// A place in a clip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// By frame number, from 0.
    Frame(u64),
    /// By seconds from the first frame.
    Seconds(f64),
}

impl Moment {
    /// The frame on the screen then; may lie past the end for a number that does.
    pub fn frame(self, frames: &FrameIndex) -> u64 {
        match self {
            Self::Frame(frame) => frame,
            Self::Seconds(seconds) => frames.at_seconds(seconds),
        }
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is neither a frame number (90) nor a time (3.5s, 0:03.5)");
        let number = |part: &str| {
            part.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(wrong)
        };
        if let Some(seconds) = text.strip_suffix('s') {
            return number(seconds).map(Self::Seconds);
        }
        if text.contains(':') {
            let parts = text.split(':').map(number).collect::<Result<Vec<_>, _>>()?;
            return Ok(Self::Seconds(parts.iter().fold(0.0, |sum, part| sum * 60.0 + part)));
        }
        text.parse().map(Self::Frame).map_err(|_| wrong())
    }
}

/// A codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodecName {
    /// Plays everywhere.
    H264,
    /// Smaller; plays on newer devices.
    Hevc,
    /// Smallest; plays in browsers.
    Av1,
    /// For WebM.
    Vp9,
}

/// A quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum QualityName {
    /// Small, for sending.
    Compact,
    /// Looks like the original.
    Good,
    /// Stays so when it is edited.
    Fine,
}

/// A layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayoutName {
    /// The overlay over the clip.
    Overlay,
    /// The clip on the left, with the overlay on the right.
    SideBySide,
    /// The overlay over the clip, and the body from the side and from above in a corner.
    Views,
}

fn scale(text: &str) -> Result<f32, String> {
    let value = text.parse::<f32>().ok().filter(|value| SCALE_RANGE.contains(value));
    value.ok_or_else(|| format!("a number from {} to {} is needed", SCALE_RANGE.start(), SCALE_RANGE.end()))
}

fn speed_percent(text: &str) -> Result<u32, String> {
    let percent = text.parse::<f32>().ok().map(|value| (value * 100.0).round());
    let valid = percent.filter(|value| *value >= 0.0).map(|value| value as u32);
    valid.filter(|percent| SPEED_RANGE.contains(percent)).ok_or_else(|| {
        let share = |percent: &u32| f64::from(*percent) / 100.0;
        format!("a number from {} to {} is needed", share(SPEED_RANGE.start()), share(SPEED_RANGE.end()))
    })
}

fn bits_per_second(text: &str) -> Result<u32, String> {
    let (digits, factor) = match text.chars().last() {
        Some('k' | 'K') => (&text[..text.len() - 1], 1e3),
        Some('m' | 'M') => (&text[..text.len() - 1], 1e6),
        _ => (text, 1.0),
    };
    let bits = digits.parse::<f64>().ok().map(|value| value * factor);
    bits.filter(|bits| (10e3..=1e9).contains(bits))
        .map(|bits| bits as u32)
        .ok_or_else(|| "bits a second are needed, from 10k to 1000M, as in 8M".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_frames_or_times() {
        let read = |text: &str| text.parse::<Moment>();
        assert_eq!(read("90"), Ok(Moment::Frame(90)));
        assert_eq!(read("3.5s"), Ok(Moment::Seconds(3.5)));
        assert_eq!(read("1:02:03.25"), Ok(Moment::Seconds(3723.25)));
        for wrong in ["", "s", "-1", "1.5", "1:x", "nan s", "infs"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_and_speeds_have_limits() {
        assert_eq!(bits_per_second("8M"), Ok(8_000_000));
        assert_eq!(bits_per_second("500k"), Ok(500_000));
        assert_eq!(speed_percent("0.25"), Ok(25));
        assert!(bits_per_second("8").is_err() && bits_per_second("M").is_err());
        assert!(speed_percent("0").is_err() && speed_percent("nan").is_err() && scale("0").is_err());
    }
}
