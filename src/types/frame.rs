//! Clips, frames and their pixels.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Light, PlaneShape, Sampling};

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
        self.to_rgb_of(8)
    }

    /// The same for codes of `bits` bits, divided by 2^(bits - 8).
    pub fn to_rgb_of(self, bits: u8) -> YuvToRgb {
        let (kr, kb) = self.matrix.luma_weights();
        let kg = 1.0 - kr - kb;
        let (y_offset, y_scale, c_scale) = match self.range {
            YuvRange::Limited => (16.0, 1.0 / 219.0, 1.0 / 224.0),
            YuvRange::Full => {
                let white = 256.0 - (8.0 - f32::from(bits)).exp2();
                (0.0, 1.0 / white, 1.0 / white)
            }
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

/// An upright Y'CbCr picture in planes without padding between rows.
#[derive(Clone, Debug, PartialEq)]
pub struct YuvImage {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Luma.
    pub y: Vec<u8>,
    /// Blue difference, or both where they alternate.
    pub u: Vec<u8>,
    /// Red difference; empty where it is in `u`.
    pub v: Vec<u8>,
    /// What the codes mean.
    pub color: YuvColor,
    /// How the samples lie in the planes.
    pub sampling: Sampling,
    /// What R'G'B' means as light.
    pub light: Light,
}

impl YuvImage {
    /// A black picture, 8-bit 4:2:0, for a standard screen.
    pub fn black(width: u32, height: u32, color: YuvColor) -> Self {
        let sampling = Sampling::default();
        let [luma, chroma, _] = sampling.planes(width, height).map(PlaneShape::byte_len);
        let black = match color.range {
            YuvRange::Limited => 16,
            YuvRange::Full => 0,
        };
        Self {
            width,
            height,
            y: vec![black; luma],
            u: vec![128; chroma],
            v: vec![128; chroma],
            color,
            sampling,
            light: Light::default(),
        }
    }

    /// A picture with this layout whose samples are all zero.
    pub fn zeroed(width: u32, height: u32, color: YuvColor, sampling: Sampling) -> Self {
        let [y, u, v] = sampling.planes(width, height).map(|plane| vec![0; plane.byte_len()]);
        Self { width, height, y, u, v, color, sampling, light: Light::default() }
    }

    /// Whether it is in 8-bit 4:2:0 planes for a standard screen, as encoders take it; where the chroma samples sit does
    /// not matter.
    pub fn is_plain(&self) -> bool {
        let Sampling { bits, padding_bits, chroma_x, chroma_y, interleaved, .. } = self.sampling;
        (bits, padding_bits, chroma_x, chroma_y, interleaved) == (8, 0, 1, 1, false) && self.light.is_screen()
    }

    /// Bytes that the planes hold.
    pub fn byte_len(&self) -> usize {
        self.y.len() + self.u.len() + self.v.len()
    }

    /// Whether each plane is as long as size and layout ask for.
    pub fn is_whole(&self) -> bool {
        let lengths = [self.y.len(), self.u.len(), self.v.len()];
        self.sampling.planes(self.width, self.height).map(PlaneShape::byte_len) == lengths
    }

    /// The luma code of pixel `at`, counted row by row, on the scale of 8 bits; 0 outside the picture.
    #[inline]
    pub fn luma(&self, at: usize) -> f32 {
        let high = |at: usize| self.y.get(at).map_or(0.0, |&code| f32::from(code));
        if self.sampling.sample_bytes() == 1 {
            high(at)
        } else {
            (high(2 * at) + 256.0 * high(2 * at + 1)) * self.sampling.unit()
        }
    }

    /// Sum of the luma codes of a row between two columns, on the scale of 8 bits; 0 outside the picture.
    pub fn luma_sum(&self, row: usize, columns: Range<usize>) -> f32 {
        let bytes = self.sampling.sample_bytes() as usize;
        let start = row * self.width as usize;
        let samples = self.y.get((start + columns.start) * bytes..(start + columns.end) * bytes);
        let samples = samples.unwrap_or_default();
        let sum: u64 = if bytes == 1 {
            samples.iter().map(|&code| u64::from(code)).sum()
        } else {
            samples.as_chunks::<2>().0.iter().map(|&code| u64::from(u16::from_le_bytes(code))).sum()
        };
        sum as f32 * self.sampling.unit()
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
    /// Seconds of the recording for each second of the clip.
    stretch: f64,
}

impl FrameIndex {
    /// An index over `pts` (any order, duplicates dropped) in units of `time_base` seconds.
    pub fn new(mut pts: Vec<i64>, time_base: Rational) -> Self {
        pts.sort_unstable();
        pts.dedup();
        Self { pts, time_base, stretch: 1.0 }
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
        pts.saturating_sub(first) as f64 * self.time_base.as_f64() * self.stretch
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
    /// What the code values mean once the pictures are drawn for a screen.
    pub color: YuvColor,
    /// Short name of the video codec.
    pub codec: String,
    /// Whether there is sound.
    pub has_audio: bool,
    /// Timestamps of all frames.
    pub frames: Arc<FrameIndex>,
}

impl ClipInfo {
    /// The clip in the time in which it was recorded, where that was at `capture_fps` frames a second: slow motion
    /// becomes as fast as it was. Frames and timestamps stay, seconds change.
    #[must_use]
    pub fn recorded_at(&self, capture_fps: Option<f64>) -> Self {
        let fps = self.average_fps();
        let Some(capture_fps) = capture_fps.filter(|&capture| capture > 0.0 && fps > 0.0) else {
            return self.clone();
        };
        let stretch = fps / capture_fps;
        let frames = Arc::new(FrameIndex { stretch, ..(*self.frames).clone() });
        Self { frames, duration_s: self.duration_s * stretch, ..self.clone() }
    }

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
    fn slow_motion_is_as_fast_as_it_was_recorded() {
        let frames = FrameIndex::new((0..60).map(|i| i * 3000).collect(), Rational { num: 1, den: 90_000 });
        let clip = ClipInfo {
            path: PathBuf::new(),
            width: 2,
            height: 2,
            pixel_aspect: 1.0,
            rotation_deg: 0,
            duration_s: 2.0,
            color: YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited },
            codec: String::new(),
            has_audio: false,
            frames: Arc::new(frames),
        };
        // 30 frames a second that were recorded at 240: eight times as fast.
        let real = clip.recorded_at(Some(240.0));
        assert!((real.frames.seconds(30) - 0.125).abs() < 1e-12);
        assert!((real.duration_s - 0.25).abs() < 1e-12);
        assert_eq!(real.frames.at_seconds(0.126), 30);
        assert_eq!(clip.recorded_at(None).frames, clip.frames);
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
