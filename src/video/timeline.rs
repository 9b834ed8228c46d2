//! When each frame of a clip is shown, learnt from its packets without decoding.
//!
//! Frame counts and rates in headers are hints: they are wrong for edit lists, variable rates and cut files. The
//! packets are not, so one pass over them at opening makes frame numbers exact.

use std::path::Path;
use std::sync::Arc;

use ff::{Packet, Stream};
use ffmpeg_next as ff;

use super::VideoError;
use super::demux::{Demuxer, is_hidden};
use crate::types::{FrameIndex, Rational};

/// Frames a second where neither timestamps nor header say anything; what FFmpeg assumes for bare H.264.
const FALLBACK_RATE: ff::Rational = ff::Rational(25, 1);

/// Timestamps of a packet; a file's first packet is known by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Presentation.
    pub pts: Option<i64>,
    /// Decoding.
    pub dts: Option<i64>,
}

impl Stamp {
    pub(super) fn of(packet: &Packet) -> Self {
        Self { pts: packet.pts(), dts: packet.dts() }
    }
}

/// The frames of a clip in presentation order, and where decoding can start.
pub(super) struct Timeline {
    /// Timestamps of the frames that are shown.
    pub frames: Arc<FrameIndex>,
    /// Whether decoded frames carry the timestamps of `frames`. If not, the n-th that comes out is frame n, and
    /// decoding has to start at the beginning.
    pub timed: bool,
    /// The first packet of the file.
    pub start: Stamp,
    /// Seconds from the first frame's start to the last frame's end.
    pub duration_s: f64,
    /// Presentation timestamps of all key frames, shown or not, rising.
    keys: Vec<i64>,
}

impl Timeline {
    /// Reads all packets of the stream; the demuxer is at its end afterwards.
    pub(super) fn scan(demuxer: &mut Demuxer, path: &Path) -> Result<Self, VideoError> {
        let mut scan = Scan::default();
        loop {
            match demuxer.next_packet(path) {
                Ok(Some(packet)) => scan.add(&packet),
                Ok(None) => break,
                // What was read before the disk failed is still worth playing.
                Err(error) if scan.start.is_some() => {
                    tracing::warn!("only the beginning of the clip is used: {error}");
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        scan.finish(&demuxer.stream(path)?).ok_or_else(|| VideoError::NoFrames { path: path.to_owned() })
    }

    /// Number of the key frame from which frame `index` can be decoded, or `None` for the start of the file.
    pub(super) fn key_for(&self, index: u64) -> Option<usize> {
        let pts = self.frames.pts(index).filter(|_| self.timed)?;
        self.keys.partition_point(|&key| key <= pts).checked_sub(1)
    }

    /// Timestamp of key frame number `key`.
    pub(super) fn key_pts(&self, key: usize) -> Option<i64> {
        self.keys.get(key).copied()
    }
}

#[derive(Default)]
struct Scan {
    start: Option<Stamp>,
    shown: Vec<i64>,
    decoding: Vec<i64>,
    keys: Vec<i64>,
    packets: usize,
    last: Option<(i64, i64)>,
}

impl Scan {
    fn add(&mut self, packet: &Packet) {
        let stamp = Stamp::of(packet);
        self.start.get_or_insert(stamp);
        if packet.is_key() {
            self.keys.extend(stamp.pts);
        }
        if is_hidden(packet) {
            return;
        }
        self.packets += 1;
        self.shown.extend(stamp.pts);
        self.decoding.extend(stamp.dts);
        if let Some(shown) = stamp.pts.or(stamp.dts) {
            self.last = self.last.max(Some((shown, packet.duration())));
        }
    }

    fn finish(mut self, stream: &Stream<'_>) -> Option<Timeline> {
        let start = self.start.filter(|_| self.packets > 0)?;
        let rate = [stream.avg_frame_rate(), stream.rate()]
            .into_iter()
            .find(|rate| rate.numerator() > 0 && rate.denominator() > 0)
            .unwrap_or(FALLBACK_RATE);
        // A few packets may lack a timestamp (the second field of a picture, for one) without the clock being lost.
        let timed = self.shown.len() * 2 > self.packets;
        let frames = if timed {
            FrameIndex::new(self.shown, rational(stream.time_base()))
        } else {
            untimed(self.decoding, self.packets, rational(stream.time_base()), rational(rate.invert()))
        };
        let step_s = match frames.len() {
            0 | 1 => f64::from(rate.invert()),
            n => frames.seconds(n - 1) / (n - 1) as f64,
        };
        let last_s = match self.last {
            Some((_, ticks)) if ticks > 0 && timed => ticks as f64 * frames.time_base().as_f64(),
            _ => step_s,
        };
        let duration_s = frames.seconds(frames.len()) + last_s;
        self.keys.sort_unstable();
        self.keys.dedup();
        Some(Timeline { frames: Arc::new(frames), timed, start, duration_s, keys: self.keys })
    }
}

/// An index for packets that do not say when they are shown: by the decoding times, which are the same set of
/// instants shifted by the reordering delay, or else evenly spaced.
fn untimed(decoding: Vec<i64>, packets: usize, time_base: Rational, frame_duration: Rational) -> FrameIndex {
    let by_decoding = FrameIndex::new(decoding, time_base);
    if by_decoding.len() == packets as u64 {
        return by_decoding;
    }
    FrameIndex::new((0..packets as i64).collect(), frame_duration)
}

fn rational(value: ff::Rational) -> Rational {
    Rational { num: value.numerator(), den: value.denominator().max(1) }
}
