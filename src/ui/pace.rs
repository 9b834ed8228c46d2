//! How long the window takes for its frames, so that "it feels slow" has a number.
//!
//! The figures are eframe's: the time on the ui thread for each frame, drawing included, waiting for the screen not.
//! They go to the log when the window closes (`RUST_LOG=snowmesh=info`).

/// Frames longer than this are felt, milliseconds.
const FELT_MS: usize = 50;

/// Longest time told apart, milliseconds.
const LONGEST_MS: usize = 500;

/// Counts of frames by their whole milliseconds; longer ones count as the longest.
#[derive(Debug)]
pub struct Pace {
    frames: [u32; LONGEST_MS + 1],
}

impl Default for Pace {
    fn default() -> Self {
        Self { frames: [0; LONGEST_MS + 1] }
    }
}

/// What the frames took, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceReport {
    /// Frames counted.
    pub frames: u32,
    /// Half of the frames took no longer.
    pub median_ms: usize,
    /// 95 of 100 took no longer.
    pub p95_ms: usize,
    /// The longest.
    pub longest_ms: usize,
    /// Frames longer than 50 ms.
    pub felt: u32,
}

impl Pace {
    /// Counts a frame of `seconds`.
    pub fn count(&mut self, seconds: f32) {
        let ms = (seconds * 1000.0).max(0.0) as usize;
        let slot = &mut self.frames[ms.min(LONGEST_MS)];
        *slot = slot.saturating_add(1);
    }

    /// What has been counted; `None` before the first frame.
    pub fn report(&self) -> Option<PaceReport> {
        let frames: u32 = self.frames.iter().sum();
        let longest_ms = self.frames.iter().rposition(|&count| count > 0)?;
        let within = |share: f64| {
            let wanted = (f64::from(frames) * share).ceil() as u32;
            let mut so_far = 0;
            self.frames.iter().position(|count| {
                so_far += count;
                so_far >= wanted
            })
        };
        Some(PaceReport {
            frames,
            median_ms: within(0.5).unwrap_or(longest_ms),
            p95_ms: within(0.95).unwrap_or(longest_ms),
            longest_ms,
            felt: self.frames[FELT_MS + 1..].iter().sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_frames_of_one_to_a_hundred_milliseconds() {
        let mut pace = Pace::default();
        assert_eq!(pace.report(), None);
        for ms in 1..=100 {
            pace.count(ms as f32 / 1000.0 + 0.0001);
        }
        let report = PaceReport { frames: 100, median_ms: 50, p95_ms: 95, longest_ms: 100, felt: 50 };
        assert_eq!(pace.report(), Some(report));
        pace.count(7.0);
        pace.count(f32::NAN);
        assert_eq!(pace.report().unwrap().longest_ms, LONGEST_MS);
    }
}
