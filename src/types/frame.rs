//! Clips, frames and their pixels.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A fraction, as in a stream's time base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rational {
    /// Numerator.
    pub num: i32,
    /// Denominator, not zero.
    pub den: i32,
}

impl Rational {
    /// The value of the fraction.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }
}

/// Luma and chroma weights of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum YuvMatrix {
    /// ITU-R BT.601.
    Bt601,
    /// ITU-R BT.709.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

impl YuvMatrix {
    /// The weights (Kr, Kb) of the standard's luma equation.
    pub fn luma_weights(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// Which code values are black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum YuvRange {
    /// 16 to 235 for luma, 16 to 240 for chroma.
    Limited,
    /// 0 to 255.
    Full,
}

/// How code values become colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YuvColor {
    /// Luma and chroma weights.
    pub matrix: YuvMatrix,
    /// Black and white.
    pub range: YuvRange,
}

impl YuvColor {
    /// Offsets and scales that bring 8-bit codes to gamma-coded R'G'B' in 0..1.
    ///
    /// With y = (Y - y_offset) · y_scale, u = (U - 128) · c_scale, v = (V - 128) · c_scale:
    /// R = y + r_v·v, G = y + g_u·u + g_v·v, B = y + b_u·u (ITU-T H.273, 8.3).
    pub fn to_rgb(self) -> YuvToRgb {
        let (kr, kb) = self.matrix.luma_weights();
        let kg = 1.0 - kr - kb;
        let (y_offset, y_scale, c_scale) = match self.range {
            YuvRange::Limited => (16.0, 1.0 / 219.0, 1.0 / 224.0),
            YuvRange::Full => (0.0, 1.0 / 255.0, 1.0 / 255.0),
        };
        YuvToRgb {
            y_offset,
            y_scale,
            c_scale,
            r_v: 2.0 * (1.0 - kr),
            g_u: -2.0 * kb * (1.0 - kb) / kg,
            g_v: -2.0 * kr * (1.0 - kr) / kg,
            b_u: 2.0 * (1.0 - kb),
        }
    }
}

/// Coefficients of [`YuvColor::to_rgb`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is defined by the equation in YuvColor::to_rgb")]
pub struct YuvToRgb {
    pub y_offset: f32,
    pub y_scale: f32,
    pub c_scale: f32,
    pub r_v: f32,
    pub g_u: f32,
    pub g_v: f32,
    pub b_u: f32,
}

/// An upright 4:2:0 picture, 8 bits, three planes without padding between rows.
#[derive(Clone, Debug, PartialEq)]
pub struct YuvImage {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Luma, height × width.
    pub y: Vec<u8>,
    /// Blue difference, ⌈height/2⌉ × ⌈width/2⌉.
    pub u: Vec<u8>,
    /// Red difference, ⌈height/2⌉ × ⌈width/2⌉.
    pub v: Vec<u8>,
    /// What the codes mean.
    pub color: YuvColor,
}

impl YuvImage {
    /// A black picture.
    pub fn black(width: u32, height: u32, color: YuvColor) -> Self {
        let (cw, ch) = Self::chroma_size(width, height);
        let black = match color.range {
            YuvRange::Limited => 16,
            YuvRange::Full => 0,
        };
        Self {
            width,
            height,
            y: vec![black; width as usize * height as usize],
            u: vec![128; cw as usize * ch as usize],
            v: vec![128; cw as usize * ch as usize],
            color,
        }
    }

    /// Width and height of the chroma planes of a `width` × `height` picture.
    pub fn chroma_size(width: u32, height: u32) -> (u32, u32) {
        (width.div_ceil(2), height.div_ceil(2))
    }

    /// Bytes that the planes hold.
    pub fn byte_len(&self) -> usize {
        self.y.len() + self.u.len() + self.v.len()
    }
}

/// A packed 8-bit R'G'B' picture, rows without padding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RgbImage {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// height × width × 3.
    pub data: Vec<u8>,
}

/// One decoded frame. Cloning shares the pixels.
#[derive(Clone, Debug)]
pub struct VideoFrame {
    /// Position in presentation order, from 0.
    pub index: u64,
    /// Presentation timestamp in the stream's time base.
    pub pts: i64,
    /// Presentation time in seconds from the first frame of the clip.
    pub pts_s: f64,
    /// The picture.
    pub image: Arc<YuvImage>,
}

/// Presentation timestamps of every frame of a clip, in presentation order.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameIndex {
    pts: Vec<i64>,
    time_base: Rational,
}

impl FrameIndex {
    /// An index over `pts` (any order, duplicates dropped) in units of `time_base` seconds.
    pub fn new(mut pts: Vec<i64>, time_base: Rational) -> Self {
        pts.sort_unstable();
        pts.dedup();
        Self { pts, time_base }
    }

    /// Frames in the clip.
    pub fn len(&self) -> u64 {
        self.pts.len() as u64
    }

    /// Whether the clip has no frame.
    pub fn is_empty(&self) -> bool {
        self.pts.is_empty()
    }

    /// Seconds per tick.
    pub fn time_base(&self) -> Rational {
        self.time_base
    }

    /// Timestamp of frame `index`, or `None` past the end.
    pub fn pts(&self, index: u64) -> Option<i64> {
        self.pts.get(usize::try_from(index).ok()?).copied()
    }

    /// Seconds from the first frame to `pts`.
    pub fn seconds_of(&self, pts: i64) -> f64 {
        let first = self.pts.first().copied().unwrap_or(0);
        (pts - first) as f64 * self.time_base.as_f64()
    }

    /// Seconds from the first frame to frame `index`; the last frame's past the end.
    pub fn seconds(&self, index: u64) -> f64 {
        let last = self.len().saturating_sub(1);
        self.pts(index.min(last)).map_or(0.0, |pts| self.seconds_of(pts))
    }

    /// The frame with exactly this timestamp.
    pub fn find(&self, pts: i64) -> Option<u64> {
        self.pts.binary_search(&pts).ok().map(|i| i as u64)
    }

    /// The frame on the screen at `seconds` from the first frame: the last one that has started.
    pub fn at_seconds(&self, seconds: f64) -> u64 {
        let after = self.pts.partition_point(|&pts| self.seconds_of(pts) <= seconds + 1e-9);
        after.saturating_sub(1) as u64
    }

    /// Whether frame durations differ by more than a tick.
    pub fn is_variable_rate(&self) -> bool {
        let steps = || self.pts.windows(2).map(|w| w[1] - w[0]);
        match (steps().min(), steps().max()) {
            (Some(min), Some(max)) => max - min > 1,
            _ => false,
        }
    }
}

/// What is known of a clip once it is open.
#[derive(Clone, Debug)]
pub struct ClipInfo {
    /// The file.
    pub path: PathBuf,
    /// Upright pixels across.
    pub width: u32,
    /// Upright pixels down.
    pub height: u32,
    /// Width of a pixel divided by its height.
    pub pixel_aspect: f32,
    /// Rotation that the file asks for and that decoding has applied: 0, 90, 180 or 270 degrees clockwise.
    pub rotation_deg: u32,
    /// Seconds from the first frame's start to the last frame's end.
    pub duration_s: f64,
    /// What the code values mean.
    pub color: YuvColor,
    /// Short name of the video codec.
    pub codec: String,
    /// Whether there is sound.
    pub has_audio: bool,
    /// Timestamps of all frames.
    pub frames: Arc<FrameIndex>,
}

impl ClipInfo {
    /// Frames divided by duration.
    pub fn average_fps(&self) -> f64 {
        if self.duration_s > 0.0 { self.frames.len() as f64 / self.duration_s } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vfr() -> FrameIndex {
        FrameIndex::new(vec![1100, 1000, 1033, 1133, 1033], Rational { num: 1, den: 1000 })
    }

    #[test]
    fn the_frame_on_screen_is_the_last_that_started() {
        let index = vfr();
        assert_eq!(index.len(), 4);
        assert_eq!(index.at_seconds(-1.0), 0);
        assert_eq!(index.at_seconds(0.0329), 0);
        assert_eq!(index.at_seconds(0.033), 1);
        assert_eq!(index.at_seconds(0.099), 1);
        assert_eq!(index.at_seconds(9.0), 3);
        assert!(index.is_variable_rate());
    }

    #[test]
    fn a_tick_of_rounding_is_not_a_variable_rate() {
        assert!(!FrameIndex::new(vec![0, 33, 67, 100], Rational { num: 1, den: 1000 }).is_variable_rate());
    }

    #[test]
    fn limited_range_white_and_black_are_one_and_zero_in_every_matrix() {
        for matrix in [YuvMatrix::Bt601, YuvMatrix::Bt709, YuvMatrix::Bt2020] {
            let k = YuvColor { matrix, range: YuvRange::Limited }.to_rgb();
            assert!(((235.0 - k.y_offset) * k.y_scale - 1.0).abs() < 1e-6);
            assert_eq!((16.0 - k.y_offset) * k.y_scale, 0.0);
        }
    }

    #[test]
    fn bt709_coefficients_are_the_standards() {
        let k = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Full }.to_rgb();
        for (ours, standard) in [(k.r_v, 1.5748), (k.b_u, 1.8556), (k.g_u, -0.187_324), (k.g_v, -0.468_124)] {
            assert!((ours - standard).abs() < 1e-4, "{ours} {standard}");
        }
    }
}
