//! When each frame of a clip is shown, learnt from its packets without decoding.
//!
//! Frame counts and rates in headers are hints: they are wrong for edit lists, variable rates and cut files. The
//! packets are not, so one pass over them at opening makes frame numbers exact.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ff::{Packet, Stream};
use ffmpeg_next as ff;

use super::VideoError;
use super::demux::{Demuxer, is_hidden};
use super::{index_cache, quick_index};
use crate::types::{FrameIndex, Rational};

/// Frames a second where neither timestamps nor header say anything; what FFmpeg assumes for bare H.264.
const FALLBACK_RATE: ff::Rational = ff::Rational(25, 1);

/// A reading that took longer is kept.
const WORTH_KEEPING: Duration = Duration::from_millis(50);

/// What a kept timeline begins with; another number for another layout.
const KEPT_MARK: &[u8; 8] = b"snowidx1";

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

/// All that the timeline takes from a packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketTimes {
    stamp: Stamp,
    duration: i64,
    is_key: bool,
    is_hidden: bool,
}

impl PacketTimes {
    pub(super) fn of(packet: &Packet) -> Self {
        Self {
            stamp: Stamp::of(packet),
            duration: packet.duration(),
            is_key: packet.is_key(),
            is_hidden: is_hidden(packet),
        }
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
    /// The timeline without reading the clip: from the file's own tables, or as it was kept from an earlier reading.
    pub(super) fn known(demuxer: &Demuxer, path: &Path) -> Option<Self> {
        if let Some(packets) = quick_index::packets(demuxer, path) {
            let mut scan = Scan::default();
            packets.iter().for_each(|packet| scan.add(*packet));
            return scan.finish(&demuxer.stream(path).ok()?);
        }
        Self::from_bytes(&index_cache::load(path)?)
    }

    /// Reads all packets of the stream; the demuxer is at its end afterwards. What took long is kept.
    pub(super) fn scan(demuxer: &mut Demuxer, path: &Path) -> Result<Self, VideoError> {
        let started = Instant::now();
        let timeline = Self::read(demuxer, path)?;
        if started.elapsed() > WORTH_KEEPING {
            index_cache::save(path, &timeline.to_bytes());
        }
        Ok(timeline)
    }

    fn read(demuxer: &mut Demuxer, path: &Path) -> Result<Self, VideoError> {
        let mut scan = Scan::default();
        loop {
            match demuxer.next_packet(path) {
                Ok(Some(packet)) => scan.add(PacketTimes::of(&packet)),
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

    /// Most frames from one key frame to the next.
    pub(super) fn longest_group(&self) -> u64 {
        let frames = |pts: i64| self.frames.find(pts).unwrap_or(0);
        let starts = self.keys.iter().map(|&key| frames(key)).chain([self.frames.len()]);
        starts
            .scan(0, |before, start| Some(start.saturating_sub(std::mem::replace(before, start))))
            .max()
            .unwrap_or(0)
    }

    /// The timeline as it is kept: a mark, then 64-bit numbers, the low byte first.
    fn to_bytes(&self) -> Vec<u8> {
        let base = self.frames.time_base();
        let optional = |value: Option<i64>| [i64::from(value.is_some()), value.unwrap_or(0)];
        let [has_pts, pts] = optional(self.start.pts);
        let [has_dts, dts] = optional(self.start.dts);
        let frames = (0..self.frames.len()).filter_map(|index| self.frames.pts(index));
        let head = [
            i64::from(base.num),
            i64::from(base.den),
            i64::from(self.timed),
            has_pts,
            pts,
            has_dts,
            dts,
            self.duration_s.to_bits().cast_signed(),
            self.frames.len() as i64,
        ];
        let numbers = head.into_iter().chain(frames).chain(self.keys.iter().copied());
        KEPT_MARK.iter().copied().chain(numbers.flat_map(i64::to_le_bytes)).collect()
    }

    /// The reverse; `None` for what is damaged.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.strip_prefix(KEPT_MARK)?.as_chunks::<8>();
        let numbers: Vec<i64> = numbers.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        let (&[num, den, timed, has_pts, pts, has_dts, dts, duration, count], lists) =
            numbers.split_first_chunk::<9>()?;
        let (frames, keys) = lists.split_at_checked(usize::try_from(count).ok()?)?;
        let time_base = Rational { num: i32::try_from(num).ok()?, den: i32::try_from(den).ok()? };
        if time_base.den <= 0 || frames.is_empty() || !rest.is_empty() || !keys.is_sorted() {
            return None;
        }
        Some(Self {
            frames: Arc::new(FrameIndex::new(frames.to_vec(), time_base)),
            timed: timed != 0,
            start: Stamp { pts: (has_pts != 0).then_some(pts), dts: (has_dts != 0).then_some(dts) },
            duration_s: f64::from_bits(duration.cast_unsigned()),
            keys: keys.to_vec(),
        })
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
    fn add(&mut self, packet: PacketTimes) {
        let PacketTimes { stamp, duration, is_key, is_hidden } = packet;
        self.start.get_or_insert(stamp);
        if is_key {
            self.keys.extend(stamp.pts);
        }
        if is_hidden {
            return;
        }
        self.packets += 1;
        self.shown.extend(stamp.pts);
        self.decoding.extend(stamp.dts);
        if let Some(shown) = stamp.pts.or(stamp.dts) {
            self.last = self.last.max(Some((shown, duration)));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        Timeline {
            frames: Arc::new(FrameIndex::new(vec![-20, 0, 33, 70], Rational { num: 1, den: 1000 })),
            timed: true,
            start: Stamp { pts: Some(-20), dts: None },
            duration_s: 0.123,
            keys: vec![-40, 33],
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let before = timeline();
        let after = Timeline::from_bytes(&before.to_bytes()).unwrap();
        assert_eq!(after.frames, before.frames);
        assert_eq!((after.timed, after.start, after.duration_s), (true, before.start, 0.123));
        assert_eq!(after.keys, before.keys);
    }

    #[test]
    fn what_is_damaged_is_as_good_as_nothing() {
        let whole = timeline().to_bytes();
        for length in 0..whole.len() - 16 {
            assert!(Timeline::from_bytes(&whole[..length]).is_none(), "{length} bytes");
        }
        assert!(Timeline::from_bytes(&[b"snowidx1".as_slice(), &[0xff; 80]].concat()).is_none());
    }
}
