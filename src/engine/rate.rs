//! Frames a second and time left, from when frames were done.

use std::time::{Duration, Instant};

use super::Progress;

/// Time over which the rate is averaged: long enough to be calm, short enough to follow a change of load.
const WINDOW: Duration = Duration::from_secs(8);

/// Shortest time between two reports.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Follows the frames of one job.
#[derive(Debug)]
pub struct RateMeter {
    marks: std::collections::VecDeque<(Instant, u64)>,
    reported: Option<Instant>,
    total: u64,
}

impl RateMeter {
    /// A meter for a job of `total` frames of which `done` are done already.
    pub fn new(now: Instant, done: u64, total: u64) -> Self {
        Self { marks: [(now, done)].into(), reported: None, total }
    }

    /// Notes that `done` frames are done; gives a report when one is due.
    pub fn update(&mut self, now: Instant, done: u64, stage: &str) -> Option<Progress> {
        let due = self.reported.is_none_or(|last| now - last >= REPORT_EVERY) || done == self.total;
        if !due {
            return None;
        }
        self.reported = Some(now);
        self.marks.push_back((now, done));
        while self.marks.len() > 2 && now - self.marks[1].0 > WINDOW {
            self.marks.pop_front();
        }
        let fps = self.marks.front().map_or(0.0, |&(since, from)| {
            let elapsed = (now - since).as_secs_f64();
            if elapsed > 0.0 { done.saturating_sub(from) as f64 / elapsed } else { 0.0 }
        });
        let left = self.total.saturating_sub(done);
        let eta_s = (fps > 0.0).then(|| left as f64 / fps);
        Some(Progress { stage: stage.to_owned(), done, total: self.total, fps, eta_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_frames_a_second_leave_nine_seconds_for_ninety_frames() {
        let start = Instant::now();
        let mut meter = RateMeter::new(start, 0, 100);
        let progress = meter.update(start + Duration::from_secs(1), 10, "analysing").unwrap();
        assert!((progress.fps - 10.0).abs() < 1e-9);
        assert!((progress.eta_s.unwrap() - 9.0).abs() < 1e-9);
    }

    #[test]
    fn frames_of_an_earlier_sitting_do_not_count_as_speed() {
        let start = Instant::now();
        let mut meter = RateMeter::new(start, 50, 100);
        let progress = meter.update(start + Duration::from_secs(2), 60, "analysing").unwrap();
        assert!((progress.fps - 5.0).abs() < 1e-9);
    }

    #[test]
    fn reports_are_spaced_but_the_last_frame_is_always_told() {
        let start = Instant::now();
        let mut meter = RateMeter::new(start, 0, 3);
        assert!(meter.update(start + Duration::from_millis(1), 1, "x").is_some());
        assert!(meter.update(start + Duration::from_millis(2), 2, "x").is_none());
        assert!(meter.update(start + Duration::from_millis(3), 3, "x").is_some());
    }
}
