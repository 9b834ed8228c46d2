//! Deciding who is recovered in each frame, with the detector looking at few of them.
//!
//! Key frames are looked at: the first of every `every` frames, and both frames of a cut. Between two key frames that
//! show the same people everybody is followed; where they differ, the frame half way is looked at, and so on. Key
//! frames hang on the frames' numbers alone, so an analysis that was stopped takes up at one and goes on as if nothing
//! had happened.

use super::EngineError;
use super::follow;
use super::looker::Looker;
use super::pipeline::Numbered;
use super::worth::{ScoreLimits, WorthRecovering};
use crate::store::{FrameRecord, Sight};
use crate::tracking::is_cut;
use crate::types::{Detection, Mask, RgbImage, VideoFrame};
use crate::video;

/// A frame that has been decoded.
#[derive(Debug)]
pub struct Decoded {
    /// The frame.
    pub frame: VideoFrame,
    /// How much its picture differs from the one before it; `None` where that is not known.
    pub change: Option<f32>,
}

/// Whom to recover in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct People {
    /// Where they are, best first.
    pub detections: Vec<Detection>,
    /// Whether the boxes lie between those of other frames and the detector has not looked at this one.
    pub followed: bool,
    /// The shapes of those whom the detector gave any, each with its box.
    pub masks: Vec<Mask>,
}

/// A frame and whom to recover in it.
#[derive(Debug)]
pub struct Planned {
    /// The frame.
    pub decoded: Decoded,
    /// Who is in it.
    pub people: People,
}

/// A frame of the span under way.
struct Held {
    number: u64,
    pts_s: f64,
    /// `None` where it has been handed out.
    frame: Option<Numbered<Decoded>>,
    /// `None` where nobody has looked at it.
    people: Option<People>,
}

/// Plans frames as they come.
pub struct DetectStage {
    weakest: f32,
    confident: f32,
    worth: WorthRecovering,
    every: u64,
    /// The one of the `every` frames long stretches that the last frame lies in.
    cell: Option<u64>,
    /// Of each frame so far, by number.
    changes: Vec<Option<f32>>,
    /// The last key frame and what came after it.
    held: Vec<Held>,
    image: RgbImage,
}

impl DetectStage {
    /// Plans with at most `most` people a frame, and key frames `every` (at least 1) frames.
    pub fn new(scores: ScoreLimits, most: usize, every: u64) -> Self {
        Self {
            weakest: scores.weak,
            confident: scores.confident,
            worth: WorthRecovering::new(scores, most),
            every: every.max(1),
            cell: None,
            changes: Vec::new(),
            held: Vec::new(),
            image: RgbImage::default(),
        }
    }

    /// Where to take up when the first frame not stored is `next`: the key frame at or before it, since what lies
    /// between two key frames hangs on both.
    pub fn restart_at(next: u64, every: u64) -> u64 {
        next - next % every.max(1)
    }

    /// Knows what `earlier` frames, all those before the first one to come, have shown.
    pub fn remember(&mut self, earlier: &[FrameRecord]) {
        for record in earlier {
            self.note_change(record.frame, record.change);
            let can_be_key = record.warning.is_none();
            if can_be_key && self.begins_cell(record.frame) {
                self.worth.remember(record.frame, record.observations.iter().map(|o| o.detection.bbox));
            }
        }
    }

    /// Takes the next frame in and adds those that are planned by it to `ready`, in order.
    ///
    /// # Errors
    /// When the detector fails.
    pub fn take(
        &mut self,
        frame: Numbered<Decoded>,
        looker: &Looker<'_>,
        ready: &mut Vec<Numbered<Planned>>,
    ) -> Result<(), EngineError> {
        let number = frame.item.frame.index;
        let is_cut = self.note_change(number, frame.item.change);
        if is_cut {
            self.finish(looker, ready)?;
        }
        let begins_cell = self.begins_cell(number);
        let pts_s = frame.item.frame.pts_s;
        self.held.push(Held { number, pts_s, frame: Some(frame), people: None });
        if is_cut || begins_cell {
            self.close(looker, begins_cell, ready)?;
        }
        Ok(())
    }

    /// Plans what is left: no frame follows, or none of the same shot.
    ///
    /// # Errors
    /// When the detector fails.
    pub fn finish(
        &mut self,
        looker: &Looker<'_>,
        ready: &mut Vec<Numbered<Planned>>,
    ) -> Result<(), EngineError> {
        self.close(looker, false, ready)?;
        self.held.clear();
        Ok(())
    }

    /// Looks at the last frame held, plans those before it and hands them all out. The last one's people stay.
    fn close(
        &mut self,
        looker: &Looker<'_>,
        remember: bool,
        ready: &mut Vec<Numbered<Planned>>,
    ) -> Result<(), EngineError> {
        let Some(last) = self.held.len().checked_sub(1) else { return Ok(()) };
        self.look(last, looker)?;
        if remember && let Some(Held { number, people: Some(people), .. }) = self.held.last() {
            self.worth.remember(*number, people.detections.iter().map(|detection| detection.bbox));
        }
        self.plan(0, last, looker)?;
        ready.extend(self.held.iter_mut().filter_map(Held::hand_out));
        self.held.drain(..last);
        Ok(())
    }

    /// Plans the frames between two that are known.
    fn plan(&mut self, from: usize, to: usize, looker: &Looker<'_>) -> Result<(), EngineError> {
        if to - from < 2 {
            return Ok(());
        }
        if let Some(people) = self.followed(from, to) {
            for (held, people) in self.held[from + 1..to].iter_mut().zip(people) {
                held.people = Some(people);
            }
            return Ok(());
        }
        let middle = from.midpoint(to);
        self.look(middle, looker)?;
        self.plan(from, middle, looker)?;
        self.plan(middle, to, looker)
    }

    /// Who is in each of the frames between two that are known; `None` where they have to be looked at.
    fn followed(&self, from: usize, to: usize) -> Option<Vec<People>> {
        let (start, end) = (&self.held[from], &self.held[to]);
        let [a, b] = [start, end].map(|held| held.people.as_ref());
        let same = follow::same_people(&a?.detections, &b?.detections, self.confident)?;
        if same.is_empty() && self.worth.has_seen_anybody(end.number) {
            // He is lost, and may be seen in one of them.
            return None;
        }
        let people_at = |held: &Held| {
            let t = ((held.pts_s - start.pts_s) / (end.pts_s - start.pts_s)) as f32;
            let detections = follow::between(&same, t);
            (0.0..=1.0).contains(&t).then_some(People { detections, followed: true, masks: Vec::new() })
        };
        self.held[from + 1..to].iter().map(people_at).collect()
    }

    fn look(&mut self, at: usize, looker: &Looker<'_>) -> Result<(), EngineError> {
        let held = &mut self.held[at];
        if held.people.is_none()
            && let Some(frame) = &held.frame
        {
            video::yuv_to_rgb(&frame.item.frame.image, &mut self.image);
            let Sight { mut detections, mut masks } = looker.look(&self.image, self.weakest)?;
            self.worth.choose(held.number, &mut detections);
            masks.retain(|mask| detections.iter().any(|detection| detection.bbox == mask.bbox));
            held.people = Some(People { detections, followed: false, masks });
        }
        Ok(())
    }

    /// Notes how much frame `number` differs from the one before, and whether it begins another shot.
    fn note_change(&mut self, number: u64, change: Option<f32>) -> bool {
        let Ok(at) = usize::try_from(number) else { return false };
        // Frames that could not be decoded are left out.
        self.changes.resize(at, None);
        self.changes.push(change);
        is_cut(&self.changes, at)
    }

    /// Whether frame `number` is the first of its stretch.
    fn begins_cell(&mut self, number: u64) -> bool {
        let cell = number / self.every;
        self.cell.replace(cell) != Some(cell)
    }
}

impl Held {
    /// The frame, where it is planned and has not been handed out.
    fn hand_out(&mut self) -> Option<Numbered<Planned>> {
        let people = self.people.clone()?;
        let Numbered { sequence, item: decoded } = self.frame.take()?;
        Some(Numbered { sequence, item: Planned { decoded, people } })
    }
}
