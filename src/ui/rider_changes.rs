//! Changing who is who by hand, and pointing at a rider in the picture.

use std::path::{Path, PathBuf};

use egui::{Pos2, Rect};

use super::effect::Effect;
use super::notes::Severity;
use super::state::{OpenClip, State};
use crate::engine::{self, AnalyzeRequest, TrackChange};
use crate::types::{MemoryWish, Provenance, RiderFrame, TrackId};

impl State {
    /// Sends a change of the tracks to the analysis file, where there is one to change.
    pub(super) fn change_tracks(&mut self, change: TrackChange) -> Vec<Effect> {
        let analyzing = self.is_analyzing();
        let Some(clip) = &mut self.clip else { return Vec::new() };
        if analyzing || !clip.analysis.can_change() {
            // A change that is on its way takes a moment; the hand is rarely faster.
            return Vec::new();
        }
        let log = clip.analysis.edits();
        let idle = match change {
            TrackChange::Undo => log.is_none_or(|log| !log.can_undo()),
            TrackChange::Redo => log.is_none_or(|log| !log.can_redo()),
            _ => false,
        };
        if idle {
            let title = if change == TrackChange::Undo { "Nothing to take back" } else { "Nothing to redo" };
            self.note(Severity::Warning, title, "No change of the riders is left.");
            return Vec::new();
        }
        clip.analysis.changing = true;
        let (path, frames) = (clip.info.path.clone(), clip.info.frames.len());
        vec![Effect::ChangeTracks { store: self.store_of(&path), clip: path, frames, change }]
    }

    /// Asks for the riders of the open clip again, where they are known; an analysis that runs brings them itself.
    pub(super) fn read_riders_again(&mut self) -> Vec<Effect> {
        if self.is_analyzing() {
            return Vec::new();
        }
        let Some(clip) = self.clip.as_ref().filter(|clip| clip.analysis.can_change()) else {
            return Vec::new();
        };
        let (path, frames) = (clip.info.path.clone(), clip.info.frames.len());
        vec![Effect::ReadRiders { store: self.store_of(&path), clip: path, frames }]
    }

    /// The analysis file of a clip.
    fn store_of(&self, clip: &Path) -> PathBuf {
        engine::store_path(&AnalyzeRequest {
            clip: clip.to_owned(),
            store: None,
            models: self.settings.models.clone(),
            memory: MemoryWish::default(),
            restart: false,
            accept_existing: true,
        })
    }
}

/// The rider of `frame` under `at`, where `picture` is the picture's place in the view; of several the smallest, who
/// is in front of the others or would never be hit.
pub fn rider_under(clip: &OpenClip, frame: u64, picture: Rect, at: Pos2) -> Option<TrackId> {
    let part = (at - picture.min) / picture.size();
    let point = glam::Vec2::new(part.x * clip.info.width as f32, part.y * clip.info.height as f32);
    let is_hit = |rider: &&RiderFrame| {
        rider.provenance != Provenance::Missing
            && rider.bbox.min.cmple(point).all()
            && point.cmple(rider.bbox.max).all()
    };
    let hit = clip.analysis.riders_at(frame).iter().filter(is_hit);
    hit.min_by(|a, b| a.bbox.area().total_cmp(&b.bbox.area())).map(|rider| rider.track)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egui::{pos2, vec2};

    use super::*;
    use crate::engine::{EngineError, ResolvedRiders};
    use crate::settings::Settings;
    use crate::types::edits::{EditLog, RiderAt, TrackEdit};
    use crate::types::{BBox, Track};
    use crate::ui::command::Command;
    use crate::ui::tests::fake;

    fn rider(track: u32, bbox: BBox) -> RiderFrame {
        RiderFrame { track: TrackId(track), provenance: Provenance::Detected, score: 0.9, bbox, body: None }
    }

    fn settled(edits: EditLog) -> ResolvedRiders {
        let track = |id| Track {
            id: TrackId(id),
            first_frame: 0,
            last_frame: 0,
            detected_frames: 1,
            is_main: id == 1,
            name: None,
            hidden: false,
        };
        ResolvedRiders {
            tracks: vec![track(1), track(2)],
            frames: vec![vec![
                rider(1, BBox::new(0.0, 0.0, 200.0, 200.0)),
                rider(2, BBox::new(50.0, 50.0, 90.0, 90.0)),
            ]],
            edits,
            ..Default::default()
        }
    }

    fn state(edits: EditLog) -> State {
        let mut state = State::new(Settings::default(), None);
        let mut clip = fake::clip("jump.mp4");
        clip.analysis.take_whole(Arc::new(settled(edits)));
        state.clip = Some(clip);
        state
    }

    #[test]
    fn a_click_hits_the_smallest_rider_under_it_at_any_zoom() {
        let state = state(EditLog::default());
        let clip = state.clip.as_ref().unwrap();
        let size = vec2(clip.info.width as f32, clip.info.height as f32);
        for scale in [0.5, 3.0] {
            let picture = Rect::from_min_size(pos2(30.0, -20.0), size * scale);
            let at = |x: f32, y: f32| picture.min + vec2(x, y) * scale;
            assert_eq!(rider_under(clip, 0, picture, at(70.0, 70.0)), Some(TrackId(2)));
            assert_eq!(rider_under(clip, 0, picture, at(10.0, 10.0)), Some(TrackId(1)));
            assert_eq!(rider_under(clip, 0, picture, at(250.0, 10.0)), None);
            assert_eq!(rider_under(clip, 1, picture, at(10.0, 10.0)), None);
        }
    }

    #[test]
    fn one_change_at_a_time_goes_to_the_analysis_file_of_the_clip() {
        let mut state = state(EditLog::default());
        let change = TrackChange::Main(TrackId(2));
        let effects = state.update(Command::ChangeTracks(change.clone()));
        let [Effect::ChangeTracks { clip, store, change: sent, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(*sent, change);
        assert!(store.to_string_lossy().starts_with(&*clip.to_string_lossy()));
        assert!(state.update(Command::ChangeTracks(change.clone())).is_empty(), "the first is on its way");
        let clip = clip.clone();
        state.take_changed(&clip, Err(EngineError::Tracks("no".into())));
        assert_eq!(state.update(Command::ChangeTracks(change)).len(), 1);
    }

    #[test]
    fn undo_asks_for_nothing_where_nothing_was_changed() {
        let mut untouched = state(EditLog::default());
        assert!(untouched.update(Command::ChangeTracks(TrackChange::Undo)).is_empty());
        let mut log = EditLog::default();
        log.push(TrackEdit::Drop { rider: RiderAt { frame: 0, bbox: BBox::default() } });
        let mut changed = state(log);
        assert!(changed.update(Command::ChangeTracks(TrackChange::Redo)).is_empty());
        assert_eq!(changed.update(Command::ChangeTracks(TrackChange::Undo)).len(), 1);
    }

    #[test]
    fn a_rider_who_is_no_more_is_no_longer_selected() {
        let mut state = state(EditLog::default());
        state.view.selected = Some(TrackId(2));
        let mut after = settled(EditLog::default());
        after.tracks.pop();
        let clip = state.clip.as_ref().unwrap().info.path.clone();
        state.take_changed(&clip, Ok(after));
        assert_eq!(state.view.selected, None);
        assert_eq!(state.clip.unwrap().analysis.tracks().len(), 1);
    }
}
