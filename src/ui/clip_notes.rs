//! What the user notes about the open clip: key moments and the rate at which it was recorded. The notes are in the
//! window at once and in the analysis file soon after; before there is one they wait for it.

use super::command::Command;
use super::effect::Effect;
use super::state::State;
use crate::types::moments::{CAPTURE_RANGE_FPS, ClipNotes, KeyMoment};

/// Longest name of a moment, characters.
const LONGEST_NAME: usize = 80;

impl State {
    /// Carries out what concerns the notes; `None` for all other commands.
    pub(super) fn change_notes(&mut self, command: &Command) -> Option<Vec<Effect>> {
        let here = self.playback.playhead;
        if let Command::NextMoment | Command::PreviousMoment = command {
            let notes = &self.clip.as_ref()?.notes;
            let to = if *command == Command::NextMoment { notes.after(here) } else { notes.before(here) };
            let frame = to.map(|moment| moment.frame);
            return Some(frame.map_or_else(Vec::new, |frame| self.update(Command::Seek(frame))));
        }
        let clip = self.clip.as_mut()?;
        let last = clip.last_frame();
        let notes = &mut clip.notes;
        match command {
            Command::ToggleMoment => {
                if notes.remove(here).is_none() {
                    notes.put(KeyMoment { frame: here, name: String::new() });
                }
            }
            Command::NameMoment { frame, name } => {
                let name = name.chars().take(LONGEST_NAME).collect();
                notes.put(KeyMoment { frame: (*frame).min(last), name });
            }
            Command::MoveMoment { from, to } => {
                if let Some(moment) = notes.remove(*from) {
                    notes.put(KeyMoment { frame: (*to).min(last), ..moment });
                }
            }
            Command::RemoveMoment(frame) => {
                notes.remove(*frame);
            }
            Command::SetCaptureRate(fps) => {
                let (least, most) = CAPTURE_RANGE_FPS;
                notes.capture_fps = fps.filter(|fps| fps.is_finite()).map(|fps| fps.clamp(least, most));
            }
            _ => return None,
        }
        clip.notes_changed = true;
        Some(self.save_notes())
    }

    /// Writes notes that were changed, once there is an analysis file that nobody else writes.
    pub(super) fn save_notes(&mut self) -> Vec<Effect> {
        let Some(clip) = self.clip.as_mut().filter(|clip| clip.notes_changed && clip.analysis.can_change())
        else {
            return Vec::new();
        };
        clip.notes_changed = false;
        vec![Effect::SaveNotes { clip: clip.info.path.clone(), notes: clip.notes.clone() }]
    }

    /// Takes the notes of an earlier sitting; those of this one stay.
    pub(super) fn take_notes(&mut self, path: &std::path::Path, earlier: ClipNotes) {
        let Some(clip) = self.clip.as_mut().filter(|clip| clip.info.path == path) else { return };
        let mut notes = earlier;
        for moment in clip.notes.moments.drain(..) {
            notes.put(moment);
        }
        notes.capture_fps = clip.notes.capture_fps.or(notes.capture_fps);
        clip.notes = notes;
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
        state
    }

    fn frames(state: &State) -> Vec<u64> {
        state.clip.as_ref().unwrap().notes.moments.iter().map(|moment| moment.frame).collect()
    }

    #[test]
    fn a_moment_is_marked_named_moved_and_taken_away_and_each_change_is_kept() {
        let mut state = state();
        state.update(Command::Seek(40));
        let effects = state.update(Command::ToggleMoment);
        assert!(matches!(&effects[..], [Effect::SaveNotes { notes, .. }] if notes.at(40).is_some()));
        state.update(Command::NameMoment { frame: 40, name: "take-off".into() });
        state.update(Command::MoveMoment { from: 40, to: 9_999 });
        assert_eq!(frames(&state), [fake::FRAMES - 1]);
        state.update(Command::Seek(10));
        state.update(Command::ToggleMoment);
        state.update(Command::NextMoment);
        assert_eq!(state.playback.playhead, fake::FRAMES - 1);
        state.update(Command::PreviousMoment);
        assert_eq!(state.playback.playhead, 10);
        state.update(Command::ToggleMoment);
        assert_eq!(frames(&state), [fake::FRAMES - 1]);
    }

    #[test]
    fn notes_wait_for_the_analysis_file_and_earlier_ones_are_kept() {
        let mut state = State::new(Settings::default(), None);
        state.clip = Some(fake::clip("/clips/jump.mp4"));
        assert!(state.update(Command::ToggleMoment).is_empty(), "there is no file yet");
        let mut earlier = ClipNotes { capture_fps: Some(120.0), ..ClipNotes::default() };
        earlier.put(KeyMoment { frame: 50, name: "landing".into() });
        state.take_notes(Path::new("/clips/jump.mp4"), earlier);
        assert_eq!(frames(&state), [0, 50]);
        assert_eq!(state.clip.as_ref().unwrap().notes.capture_fps, Some(120.0));
        assert!(state.clip.as_ref().unwrap().notes_changed);
    }

    #[test]
    fn a_capture_rate_is_kept_within_reason() {
        let mut state = state();
        state.update(Command::SetCaptureRate(Some(1e9)));
        assert_eq!(state.clip.as_ref().unwrap().notes.capture_fps, Some(10_000.0));
        state.update(Command::SetCaptureRate(None));
        assert_eq!(state.clip.as_ref().unwrap().notes.capture_fps, None);
    }
}
