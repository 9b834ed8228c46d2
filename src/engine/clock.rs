//! Which frame is due: playing time from wall time, over a range of frames with timestamps of their own.

use std::time::{Duration, Instant};

use crate::types::FrameIndex;

/// Which way and how fast a clip plays, from when on.
#[derive(Clone, Copy, Debug)]
pub struct PlayClock {
    /// When `from_s` was on the screen.
    pub since: Instant,
    /// Clip seconds shown at `since`.
    pub from_s: f64,
    /// Clip seconds a wall second; negative plays backwards.
    pub rate: f64,
}

/// What the clock says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Due {
    /// Show this frame and look again after this time.
    Frame(u64, Duration),
    /// The range is over; this is its last frame in the direction of play.
    End(u64),
}

impl PlayClock {
    /// Second of the clip at `now`, also past its ends.
    pub fn at_s(&self, now: Instant) -> f64 {
        self.from_s + now.saturating_duration_since(self.since).as_secs_f64() * self.rate
    }

    /// The frame due at `now` within frames `first..=last`.
    pub fn due(&self, now: Instant, index: &FrameIndex, first: u64, last: u64) -> Due {
        let at_s = self.at_s(now);
        let frame = index.at_seconds(at_s);
        if self.rate >= 0.0 {
            // The last frame stays for the length of the one before it.
            let last_s = index.seconds(last);
            let hold_s = last_s - index.seconds(last.saturating_sub(1));
            if at_s >= last_s + hold_s {
                return Due::End(last);
            }
            let frame = frame.clamp(first, last);
            let next_s = if frame < last { index.seconds(frame + 1) } else { last_s + hold_s };
            Due::Frame(frame, self.until(next_s, at_s))
        } else {
            if at_s < index.seconds(first) {
                return Due::End(first);
            }
            let frame = frame.clamp(first, last);
            Due::Frame(frame, self.until(index.seconds(frame), at_s))
        }
    }

    /// Wall time from clip second `at_s` to `next_s`, at least a millisecond so that nobody spins.
    fn until(&self, next_s: f64, at_s: f64) -> Duration {
        let wall_s = ((next_s - at_s) / self.rate).abs();
        Duration::from_secs_f64(wall_s.clamp(0.001, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Rational;

    /// Frames at 0, 0.1, 0.3 and 0.4 s.
    fn vfr() -> FrameIndex {
        FrameIndex::new(vec![500, 600, 800, 900], Rational { num: 1, den: 1000 })
    }

    fn at(clock: &PlayClock, wall_s: f64) -> Due {
        clock.due(clock.since + Duration::from_secs_f64(wall_s), &vfr(), 0, 3)
    }

    fn frame(due: Due) -> Option<u64> {
        match due {
            Due::Frame(frame, _) => Some(frame),
            Due::End(_) => None,
        }
    }

    #[test]
    fn frames_stay_as_long_as_their_timestamps_say() {
        let clock = PlayClock { since: Instant::now(), from_s: 0.0, rate: 1.0 };
        assert_eq!(frame(at(&clock, 0.05)), Some(0));
        assert_eq!(frame(at(&clock, 0.15)), Some(1));
        assert_eq!(frame(at(&clock, 0.29)), Some(1));
        assert_eq!(frame(at(&clock, 0.31)), Some(2));
        assert_eq!(frame(at(&clock, 0.45)), Some(3));
        assert_eq!(at(&clock, 0.51), Due::End(3));
    }

    #[test]
    fn a_tenth_of_the_speed_takes_ten_times_as_long() {
        let clock = PlayClock { since: Instant::now(), from_s: 0.0, rate: 0.1 };
        assert_eq!(frame(at(&clock, 2.9)), Some(1));
        assert_eq!(frame(at(&clock, 3.1)), Some(2));
    }

    #[test]
    fn backwards_it_ends_at_the_first_frame() {
        let clock = PlayClock { since: Instant::now(), from_s: 0.4, rate: -1.0 };
        assert_eq!(frame(at(&clock, 0.05)), Some(2));
        assert_eq!(frame(at(&clock, 0.15)), Some(1));
        assert_eq!(at(&clock, 0.41), Due::End(0));
    }

    #[test]
    fn a_clip_of_one_frame_ends_at_once() {
        let one = FrameIndex::new(vec![7], Rational { num: 1, den: 30 });
        let clock = PlayClock { since: Instant::now(), from_s: 0.0, rate: 1.0 };
        assert_eq!(clock.due(clock.since, &one, 0, 0), Due::End(0));
    }
}
