//! What is known of the riders of the open clip, as it comes in.

use std::sync::Arc;

use super::lane::Lane;
use crate::engine::{AnalysisOutcome, JobId, ResolvedRiders, Textures};
use crate::settings::ModelSettings;
use crate::types::edits::EditLog;
use crate::types::{CameraMotion, Mask, Provenance, RiderFrame, RunSummary, Track, TrackId};

/// Riders by frame: piece by piece while an analysis runs, whole once it has settled who is who.
#[derive(Debug)]
enum Riders {
    Coming(Vec<Vec<RiderFrame>>),
    Whole(Arc<ResolvedRiders>),
}

/// Frames around a moment that a picture of it needs.
const SNAPSHOT_FRAMES: u64 = 400;

/// What is known of the riders of one clip.
#[derive(Debug)]
pub struct Analysis {
    /// The analysis whose news are taken; those of any other are stale.
    pub job: Option<JobId>,
    /// What that analysis was asked for.
    pub asked: Option<ModelSettings>,
    /// What the finished analysis took; `None` while it runs.
    pub summary: Option<RunSummary>,
    /// Whether the finished analysis was made earlier, perhaps with other settings than were asked for now.
    pub reused: bool,
    /// Whether a change of the tracks is on its way to the analysis file.
    pub changing: bool,
    riders: Riders,
    revision: u64,
    known: Vec<bool>,
    known_count: usize,
    lanes: Vec<Lane>,
}

impl Analysis {
    /// Nothing known of a clip of `frames` frames.
    pub fn blank(frames: u64) -> Self {
        let frames = usize::try_from(frames).unwrap_or(0);
        Self {
            job: None,
            asked: None,
            summary: None,
            reused: false,
            changing: false,
            riders: Riders::Coming(vec![Vec::new(); frames]),
            revision: 0,
            known: vec![false; frames],
            known_count: 0,
            lanes: Vec::new(),
        }
    }

    /// Takes what an analysis says of one frame.
    pub fn take_frame(&mut self, frame: u64, riders: Vec<RiderFrame>) {
        let Some(index) = usize::try_from(frame).ok().filter(|&i| i < self.known.len()) else { return };
        self.revision += 1;
        if !std::mem::replace(&mut self.known[index], true) {
            self.known_count += 1;
        }
        for lane in &mut self.lanes {
            lane.set(frame, None);
        }
        for rider in &riders {
            self.lane_mut(rider.track).set(frame, Some(rider.provenance));
        }
        self.lanes.retain(|lane| !lane.is_blank());
        match &mut self.riders {
            Riders::Coming(frames) => frames[index] = riders,
            // What is settled is newer than any piece that still comes.
            Riders::Whole(_) => {}
        }
    }

    /// The recoverer whose bodies are shown; `None` while there are none.
    pub fn recoverer(&self) -> Option<&str> {
        match &self.riders {
            Riders::Whole(riders) => Some(riders.recoverer.as_str()),
            Riders::Coming(_) => self.asked.as_ref().map(|asked| asked.recoverer.as_str()),
        }
    }

    /// Takes the settled result.
    pub fn take_whole(&mut self, riders: Arc<ResolvedRiders>) {
        self.revision += 1;
        self.lanes.clear();
        for (frame, in_frame) in riders.frames.iter().enumerate() {
            for rider in in_frame {
                self.lane_mut(rider.track).set(frame as u64, Some(rider.provenance));
            }
        }
        for track in &riders.tracks {
            let lane = self.lane_mut(track.id);
            lane.is_main = track.is_main;
            lane.is_hidden = track.hidden;
            lane.name.clone_from(&track.name);
            for frame in track.first_frame..=track.last_frame {
                if lane.at(frame).is_none() {
                    lane.set(frame, Some(Provenance::Missing));
                }
            }
        }
        self.lanes.sort_by_key(|lane| (!lane.is_main, lane.id));
        self.known.fill(true);
        self.known_count = self.known.len();
        self.riders = Riders::Whole(riders);
    }

    /// Takes how the analysis ended.
    pub fn take_outcome(&mut self, outcome: AnalysisOutcome) {
        self.reused = outcome.reused;
        self.summary = Some(outcome.summary);
    }

    fn lane_mut(&mut self, id: TrackId) -> &mut Lane {
        let index = self.lanes.iter().position(|lane| lane.id == id).unwrap_or_else(|| {
            self.lanes.push(Lane::new(id, self.known.len()));
            self.lanes.len() - 1
        });
        &mut self.lanes[index]
    }

    /// Everyone in a frame.
    pub fn riders_at(&self, frame: u64) -> &[RiderFrame] {
        let frames = match &self.riders {
            Riders::Coming(frames) => frames,
            Riders::Whole(whole) => &whole.frames,
        };
        usize::try_from(frame).ok().and_then(|i| frames.get(i)).map_or(&[], Vec::as_slice)
    }

    /// What is known now, for something that is drawn of `frame` while the analysis goes on; `recoverer` is whose
    /// bodies there would be.
    pub fn snapshot(&self, frame: u64, recoverer: &str) -> Arc<ResolvedRiders> {
        match &self.riders {
            Riders::Whole(whole) => Arc::clone(whole),
            Riders::Coming(frames) => {
                // Trails go back a few seconds at most; what is farther away is not copied.
                let near = |index: usize| frame.abs_diff(index as u64) <= SNAPSHOT_FRAMES;
                let frames = frames.iter().enumerate();
                Arc::new(ResolvedRiders {
                    recoverer: self.recoverer().unwrap_or(recoverer).to_owned(),
                    frames: frames
                        .map(|(i, riders)| if near(i) { riders.clone() } else { Vec::new() })
                        .collect(),
                    ..ResolvedRiders::default()
                })
            }
        }
    }

    /// How the camera moved into a frame; not known before the analysis is whole.
    pub fn motion_into(&self, frame: u64) -> CameraMotion {
        match &self.riders {
            Riders::Whole(whole) => whole.motion_into(frame),
            Riders::Coming(_) => CameraMotion::Unavailable,
        }
    }

    /// Rises whenever a rider changes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// First frame of every shot but the first; none while it is not settled who is who.
    pub fn cuts(&self) -> &[u64] {
        match &self.riders {
            Riders::Coming(_) => &[],
            Riders::Whole(whole) => &whole.cuts,
        }
    }

    /// What the user has changed, once it is settled who is who.
    pub fn edits(&self) -> Option<&EditLog> {
        match &self.riders {
            Riders::Coming(_) => None,
            Riders::Whole(whole) => Some(&whole.edits),
        }
    }

    /// Whether the tracks can be changed: they are settled, and no change is on its way.
    pub fn can_change(&self) -> bool {
        matches!(self.riders, Riders::Whole(_)) && !self.changing
    }

    /// The riders as tracks; none while it is not settled who is who.
    pub fn tracks(&self) -> &[Track] {
        match &self.riders {
            Riders::Coming(_) => &[],
            Riders::Whole(whole) => &whole.tracks,
        }
    }

    /// What the riders look like; `None` while it is not settled who is who.
    pub fn textures(&self) -> Option<&Arc<Textures>> {
        match &self.riders {
            Riders::Coming(_) => None,
            Riders::Whole(whole) => Some(&whole.textures),
        }
    }

    /// The shapes that the detector saw in a frame; none while it is not settled who is who.
    pub fn masks_at(&self, frame: u64) -> &[Mask] {
        match &self.riders {
            Riders::Coming(_) => &[],
            Riders::Whole(whole) => whole.masks_at(frame),
        }
    }

    /// Whether a rider is drawn where `others` are asked for or not; everyone while it is not settled who is who.
    pub fn is_shown(&self, id: TrackId, others: bool) -> bool {
        match &self.riders {
            Riders::Coming(_) => true,
            Riders::Whole(whole) => whole.is_shown(id, others),
        }
    }

    /// The riders, the main one first.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The lane of a rider.
    pub fn lane(&self, id: TrackId) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.id == id)
    }

    /// Whether a frame has been looked at.
    pub fn is_known(&self, frame: usize) -> bool {
        self.known.get(frame).copied().unwrap_or(false)
    }

    /// Number of frames looked at.
    pub fn known_frames(&self) -> usize {
        self.known_count
    }

    /// Whether `settings` would give another analysis than the one shown.
    pub fn differs_from(&self, settings: &ModelSettings) -> bool {
        match (&self.summary, self.reused) {
            // Made at another time: of what was asked then, the file tells the models alone.
            (Some(made), true) => made.detector != settings.detector || made.recoverer != settings.recoverer,
            _ => self.asked.as_ref().is_some_and(|asked| asked != settings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BBox;

    fn rider(track: u32, provenance: Provenance) -> RiderFrame {
        RiderFrame { track: TrackId(track), provenance, score: 0.5, bbox: BBox::default(), body: None }
    }

    #[test]
    fn a_frame_told_again_replaces_what_was_said_before() {
        let mut analysis = Analysis::blank(3);
        analysis.take_frame(1, vec![rider(1, Provenance::Detected), rider(2, Provenance::Detected)]);
        analysis.take_frame(1, vec![rider(1, Provenance::Interpolated)]);
        analysis.take_frame(7, vec![rider(3, Provenance::Detected)]);
        assert_eq!(analysis.known_frames(), 1);
        assert_eq!(analysis.lanes().len(), 1);
        assert_eq!(analysis.lanes()[0].at(1), Some(Provenance::Interpolated));
        assert_eq!(analysis.riders_at(1).len(), 1);
        assert!(analysis.riders_at(7).is_empty());
    }

    #[test]
    fn the_settled_result_puts_the_main_rider_first_and_names_his_gaps() {
        let mut analysis = Analysis::blank(4);
        analysis.take_frame(0, vec![rider(9, Provenance::Detected)]);
        let track = |id, is_main| Track {
            id: TrackId(id),
            first_frame: 0,
            last_frame: 3,
            detected_frames: 2,
            is_main,
            name: None,
            hidden: false,
        };
        let there = |p| vec![rider(1, p), rider(2, Provenance::Detected)];
        analysis.take_whole(Arc::new(ResolvedRiders {
            recoverer: String::new(),
            tracks: vec![track(1, false), track(2, true)],
            frames: vec![there(Provenance::Detected), vec![], there(Provenance::Predicted), vec![]],
            ..Default::default()
        }));
        let lanes = analysis.lanes();
        assert_eq!(lanes.iter().map(|lane| lane.id.0).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(lanes[0].count(Provenance::Missing), 2);
        assert_eq!(lanes[1].count(Provenance::Predicted), 1);
        assert_eq!(analysis.known_frames(), 4);
    }

    #[test]
    fn other_settings_than_were_asked_for_call_for_another_analysis() {
        let mut analysis = Analysis::blank(1);
        let settings = ModelSettings::default();
        assert!(!analysis.differs_from(&settings), "nothing is shown yet");
        analysis.asked = Some(settings.clone());
        assert!(!analysis.differs_from(&settings));
        assert!(analysis.differs_from(&ModelSettings { detection_threshold: Some(0.9), ..settings }));
    }

    #[test]
    fn an_earlier_analysis_is_judged_by_its_models() {
        let mut analysis = Analysis::blank(1);
        let settings = ModelSettings::default();
        analysis.asked = Some(settings.clone());
        let summary = RunSummary {
            detector: "other".into(),
            recoverer: settings.recoverer.clone(),
            ..Default::default()
        };
        analysis.take_outcome(AnalysisOutcome {
            store: "a".into(),
            summary,
            reused: true,
            warnings: Vec::new(),
        });
        assert!(analysis.differs_from(&settings));
    }
}
