//! A second clip beside the first or over it, on one clock: where both are lined up, and how fast the second runs.

use std::sync::Arc;

use crate::types::ClipInfo;

use super::command::Command;
use super::effect::Effect;
use super::state::State;

/// Slowest and fastest rate of the second clip.
pub const RATE_RANGE: (f64, f64) = (0.05, 20.0);

/// How two clips are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Together {
    /// One beside the other.
    SideBySide,
    /// The second over the first, this opaque (0 to 1).
    Onion(f32),
}

/// The second clip.
#[derive(Debug)]
pub struct Second {
    /// The clip.
    pub info: Arc<ClipInfo>,
    /// Seconds of the first clip at which both are lined up.
    pub first_in_s: f64,
    /// Seconds of the second clip there.
    pub second_in_s: f64,
    /// Seconds of the second clip for each of the first.
    pub rate: f64,
    /// How both are shown.
    pub together: Together,
}

impl Second {
    fn new(info: Arc<ClipInfo>, first_in_s: f64) -> Self {
        Self { info, first_in_s, second_in_s: 0.0, rate: 1.0, together: Together::SideBySide }
    }

    /// The frame of the second clip that belongs to a time of the first: its own first or last one outside of it.
    pub fn frame_at(&self, first_s: f64) -> u64 {
        self.info.frames.at_seconds(self.seconds_at(first_s))
    }

    fn seconds_at(&self, first_s: f64) -> f64 {
        self.second_in_s + (first_s - self.first_in_s) * self.rate
    }
}

/// A change of the second clip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SecondChange {
    /// Goes this many frames on in the second clip alone.
    Nudge(i64),
    /// Goes to this second of the second clip alone.
    LineUp(f64),
    /// Sets its rate.
    Rate(f64),
    /// Sets how both are shown.
    Together(Together),
}

impl State {
    /// Shows a second clip from its start, lined up with the first one's in point or, without one, its playhead.
    pub(super) fn show_second(&mut self, info: Arc<ClipInfo>) {
        let Some(clip) = &self.clip else { return };
        let (first, _) = self.playback.range;
        let start = if first > 0 { first } else { self.playback.playhead };
        self.second = Some(Second::new(info, clip.info.frames.seconds(start)));
    }

    /// Carries out what concerns the second clip; `None` for all other commands.
    pub(super) fn change_second(&mut self, command: &Command) -> Option<Vec<Effect>> {
        match command {
            Command::OpenSecond(path) => {
                self.view.dialog = None;
                return Some(vec![Effect::OpenSecond(path.clone())]);
            }
            Command::CloseSecond => {
                self.second = None;
                return Some(vec![Effect::CloseSecond]);
            }
            _ => {}
        }
        let Command::ChangeSecond(change) = command else { return None };
        let now_s = self.clip.as_ref()?.info.frames.seconds(self.playback.playhead);
        let Some(second) = &mut self.second else { return Some(Vec::new()) };
        match *change {
            SecondChange::Nudge(frames) => {
                let frames_index = &second.info.frames;
                let last = frames_index.len().saturating_sub(1);
                let shown = second.frame_at(now_s).saturating_add_signed(frames).min(last);
                (second.first_in_s, second.second_in_s) = (now_s, second.info.frames.seconds(shown));
            }
            SecondChange::LineUp(seconds) => {
                let seconds = seconds.clamp(0.0, second.info.duration_s);
                (second.first_in_s, second.second_in_s) = (now_s, seconds);
            }
            SecondChange::Rate(rate) if rate.is_finite() => {
                // What is seen stays; from here on the second clip runs otherwise.
                (second.second_in_s, second.first_in_s) = (second.seconds_at(now_s), now_s);
                second.rate = rate.clamp(RATE_RANGE.0, RATE_RANGE.1);
            }
            SecondChange::Rate(_) => {}
            SecondChange::Together(together) => second.together = together,
        }
        Some(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::ui::tests::fake;
    use std::path::Path;

    fn state() -> State {
        let mut state = State::new(Settings::default(), None);
        fake::open_analyzed(&mut state, Path::new("/clips/jump.mp4"));
        state.update(Command::Seek(90));
        state.show_second(fake::clip("/clips/other.mp4").info);
        state
    }

    fn shown(state: &State) -> u64 {
        let first_s = state.clip.as_ref().unwrap().info.frames.seconds(state.playback.playhead);
        state.second.as_ref().unwrap().frame_at(first_s)
    }

    #[test]
    fn both_run_on_one_clock_from_where_they_were_lined_up() {
        let mut state = state();
        assert_eq!(shown(&state), 0);
        state.update(Command::Seek(120));
        assert_eq!(shown(&state), 30);
        state.update(Command::Seek(0));
        assert_eq!(shown(&state), 0, "before its start the second clip waits at its first frame");
        state.update(Command::Seek(299));
        assert_eq!(shown(&state), 209);
    }

    #[test]
    fn the_second_clip_is_moved_and_slowed_alone() {
        let mut state = state();
        state.update(Command::ChangeSecond(SecondChange::Nudge(60)));
        assert_eq!((state.playback.playhead, shown(&state)), (90, 60));
        state.update(Command::ChangeSecond(SecondChange::Nudge(-1000)));
        assert_eq!(shown(&state), 0);
        state.update(Command::ChangeSecond(SecondChange::LineUp(5.0)));
        assert_eq!(shown(&state), 150);
        state.update(Command::ChangeSecond(SecondChange::Rate(0.5)));
        assert_eq!(shown(&state), 150, "a change of rate moves nothing");
        state.update(Command::Seek(150));
        assert_eq!(shown(&state), 180);
        state.update(Command::ChangeSecond(SecondChange::Rate(f64::NAN)));
        assert_eq!(state.second.as_ref().unwrap().rate, 0.5);
        state.update(Command::CloseSecond);
        assert!(state.second.is_none());
    }
}
