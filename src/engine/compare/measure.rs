//! How runs of several detectors over one clip differ, without labels.
//!
//! Two detectors agree on somebody where their boxes overlap by half (IoU ≥ .5). The agreement of a frame is the mean
//! over all pairs of detectors of 2·matched / (boxes of both), 1 where both found nobody: Dice's coefficient. The track
//! consensus is made of the riders, interpolated ones included, that more than half of the detectors place alike; it is
//! tracked itself, and each detector is held against it.

use std::collections::BTreeMap;

use glam::Vec2;
use serde::Serialize;

use crate::engine::worth::ScoreLimits;
use crate::tracking::evaluate::{Placed, Sequence, clear_mot};
use crate::tracking::{FrameObservations, Resolved, TrackerSettings, resolve};
use crate::types::detector_run::DetectorRun;
use crate::types::{BBox, Detection, FrameEvidence, FrameIndex, Observation, Provenance};

/// Overlap from which two boxes are the same person.
pub const SAME_IOU: f32 = 0.5;

/// What a comparison says of one detector.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DetectorFigures {
    /// The model's id.
    pub id: String,
    /// Score from which detections counted.
    pub threshold: f32,
    /// Where it ran.
    pub device: String,
    /// People found over all frames.
    pub found: u64,
    /// Those whom no other detector found in the same frame.
    pub found_alone: u64,
    /// Frames in which nobody was found.
    pub empty_frames: u64,
    /// Mean agreement with the others, 0 to 1.
    pub agreement: f64,
    /// People of the consensus whom it did not find.
    pub consensus_misses: u64,
    /// People of the consensus, over all frames.
    pub consensus: u64,
    /// COCO's average precision of persons, where there is a truth.
    pub ap: Option<f64>,
    /// The same at an overlap of one half.
    pub ap50: Option<f64>,
    /// Mean of the scores; absent where nobody was found.
    pub score_mean: Option<f64>,
    /// Standard deviation of the scores; absent where nobody was found.
    pub score_spread: Option<f64>,
    /// Time for one frame, milliseconds: median and 95th percentile; absent where no frame was decoded.
    pub latency_ms: Option<Latency>,
    /// Time to load it, seconds.
    pub load_s: f64,
    /// Memory that it took, bytes.
    pub memory_bytes: u64,
    /// Times that a person of the consensus was lost and found again by its tracks.
    pub track_breaks: u64,
    /// Times that a person of the consensus got another identity from its tracks.
    pub id_switches: u64,
    /// Share of the frames of its riders that are predicted or filled in, 0 to 1.
    pub predicted_share: f64,
}

/// Time for one frame, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Half of the frames take less.
    pub median: f32,
    /// 95 of 100 frames take less.
    pub p95: f32,
}

impl Latency {
    /// Of the times that are numbers; `None` where there is none.
    pub fn of(times_ms: impl IntoIterator<Item = f32>) -> Option<Self> {
        let mut times: Vec<f32> = times_ms.into_iter().filter(|time| time.is_finite()).collect();
        times.sort_unstable_by(f32::total_cmp);
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        Some(Self { median: *at(50)?, p95: *at(95)? })
    }
}

/// How each of two sets of boxes matches the other: pairs that overlap by [`SAME_IOU`], the largest overlap first.
pub fn matched(first: &[Detection], second: &[Detection]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (a, one) in first.iter().enumerate() {
        for (b, other) in second.iter().enumerate() {
            let iou = one.bbox.iou(&other.bbox);
            if iou >= SAME_IOU {
                pairs.push((iou, a, b));
            }
        }
    }
    pairs.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let (mut taken_a, mut taken_b) = (vec![false; first.len()], vec![false; second.len()]);
    pairs.retain(|&(_, a, b)| {
        let free = !taken_a[a] && !taken_b[b];
        if free {
            (taken_a[a], taken_b[b]) = (true, true);
        }
        free
    });
    pairs.into_iter().map(|(_, a, b)| (a, b)).collect()
}

/// Dice's coefficient of two sets of boxes.
fn dice(first: &[Detection], second: &[Detection]) -> f64 {
    let boxes = first.len() + second.len();
    if boxes == 0 { 1.0 } else { 2.0 * matched(first, second).len() as f64 / boxes as f64 }
}

/// The detections of a frame from a score on. They come best first.
pub fn above(detections: &[Detection], threshold: f32) -> &[Detection] {
    &detections[..detections.partition_point(|detection| detection.score >= threshold)]
}

/// Every pair of `count` detectors.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (a + 1..count).map(move |b| (a, b)))
}

/// Who of one frame, by detector and place in its list, is found by that detector alone; `found` holds each detector's
/// boxes.
pub fn found_alone(found: &[&[Detection]]) -> Vec<Vec<bool>> {
    let mut alone: Vec<Vec<bool>> = found.iter().map(|boxes| vec![true; boxes.len()]).collect();
    for (first, second) in pairs(found.len()) {
        for (a, b) in matched(found[first], found[second]) {
            (alone[first][a], alone[second][b]) = (false, false);
        }
    }
    alone
}

/// Agreement of one frame, 0 to 1; `found` holds each detector's boxes.
pub fn agreement(found: &[&[Detection]]) -> f64 {
    let (sum, count) = pairs(found.len())
        .fold((0.0, 0u32), |(sum, count), (a, b)| (sum + dice(found[a], found[b]), count + 1));
    if count == 0 { 1.0 } else { sum / f64::from(count) }
}

/// Everything that is said of runs over one clip.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// By detector.
    pub detectors: Vec<DetectorFigures>,
    /// By frame, 0 to 1.
    pub agreement: Vec<f64>,
}

/// Measures `runs` at `thresholds`, one for each.
pub fn measure(runs: &[&DetectorRun], thresholds: &[f32], times: &FrameIndex, picture_px: Vec2) -> Measured {
    let frame_count = runs.iter().map(|run| run.frames.len()).max().unwrap_or(0);
    let found_in = |frame: usize| -> Vec<&[Detection]> {
        let pairs = runs.iter().zip(thresholds);
        pairs
            .map(|(run, threshold)| {
                run.frames.get(frame).map_or(&[][..], |seen| above(&seen.detections, *threshold))
            })
            .collect()
    };
    let tracked: Vec<Resolved> = runs
        .iter()
        .zip(thresholds)
        .map(|(run, &threshold)| track(run, threshold, times, picture_px))
        .collect();
    let (consensus, consensus_settings) = (consensus(&tracked), TrackerSettings::default());
    let consensus = sequence(&resolve(
        &TrackerSettings { picture_px: Some(picture_px), ..consensus_settings },
        &observed(&consensus, times),
    ));
    let mut figures: Vec<DetectorFigures> = runs
        .iter()
        .zip(thresholds)
        .zip(&tracked)
        .map(|((run, &threshold), tracked)| figures_of(run, threshold, tracked, &consensus))
        .collect();
    let mut per_frame = Vec::with_capacity(frame_count);
    for frame in 0..frame_count {
        let found = found_in(frame);
        per_frame.push(agreement(&found));
        for (own, (figures, alone)) in figures.iter_mut().zip(found_alone(&found)).enumerate() {
            figures.found += found[own].len() as u64;
            figures.empty_frames += u64::from(found[own].is_empty());
            figures.found_alone += alone.iter().filter(|alone| **alone).count() as u64;
            let others = found.iter().enumerate().filter(|(other, _)| *other != own);
            let (sum, count) = others
                .fold((0.0, 0u32), |(sum, count), (_, boxes)| (sum + dice(found[own], boxes), count + 1));
            figures.agreement += if count == 0 { 1.0 } else { sum / f64::from(count) };
            if let Some(seen) = consensus.get(&(frame as u64)) {
                let wanted: Vec<Detection> =
                    seen.iter().map(|placed| Detection { bbox: placed.bbox, score: 1.0 }).collect();
                figures.consensus += wanted.len() as u64;
                figures.consensus_misses += (wanted.len() - matched(&wanted, found[own]).len()) as u64;
            }
        }
    }
    for figures in &mut figures {
        figures.agreement /= frame_count.max(1) as f64;
    }
    Measured { detectors: figures, agreement: per_frame }
}

/// What is said of a detector without looking at the others' boxes.
fn figures_of(
    run: &DetectorRun,
    threshold: f32,
    tracked: &Resolved,
    consensus: &Sequence,
) -> DetectorFigures {
    let scores: Vec<f64> = run
        .frames
        .iter()
        .flat_map(|seen| above(&seen.detections, threshold))
        .map(|detection| f64::from(detection.score))
        .collect();
    let mean = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
    let spread = mean.map(|mean| {
        (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / scores.len() as f64).sqrt()
    });
    let states = || tracked.frames.iter().flatten().filter(|rider| rider.provenance != Provenance::Missing);
    let unseen = states().filter(|rider| rider.provenance != Provenance::Detected).count();
    let own = sequence(tracked);
    DetectorFigures {
        id: run.info.detector.clone(),
        threshold,
        device: run.info.device.clone(),
        score_mean: mean,
        score_spread: spread,
        latency_ms: Latency::of(run.frames.iter().map(|seen| seen.latency_ms)),
        load_s: run.info.load_s,
        memory_bytes: run.info.memory_bytes,
        track_breaks: track_breaks(consensus, &own),
        id_switches: clear_mot(consensus, &own).id_switches,
        predicted_share: unseen as f64 / states().count().max(1) as f64,
        ..DetectorFigures::default()
    }
}

/// The riders that a detector's findings make, as an analysis would track them.
fn track(run: &DetectorRun, threshold: f32, times: &FrameIndex, picture_px: Vec2) -> Resolved {
    let limits = ScoreLimits::around(threshold);
    let settings = TrackerSettings {
        picture_px: Some(picture_px),
        min_score: limits.weak,
        confident_score: limits.confident,
        ..TrackerSettings::default()
    };
    let frames: Vec<Vec<Detection>> =
        run.frames.iter().map(|seen| above(&seen.detections, limits.weak).to_vec()).collect();
    resolve(&settings, &observed(&frames, times))
}

fn observed(frames: &[Vec<Detection>], times: &FrameIndex) -> Vec<FrameObservations> {
    let observation = |detection: &Detection| Observation { detection: detection.clone(), body: None };
    (0..)
        .zip(frames)
        .map(|(frame, detections)| FrameObservations {
            frame,
            pts_s: times.seconds(frame),
            change: None,
            observations: detections.iter().map(observation).collect(),
            evidence: FrameEvidence::default(),
        })
        .collect()
}

fn sequence(tracked: &Resolved) -> Sequence {
    let known = |rider: &&crate::types::RiderFrame| rider.provenance != Provenance::Missing;
    (0..)
        .zip(&tracked.frames)
        .map(|(frame, riders)| {
            let placed = riders
                .iter()
                .filter(known)
                .map(|rider| Placed { id: u64::from(rider.track.0), bbox: rider.bbox });
            (frame, placed.collect())
        })
        .collect()
}

/// In each frame the boxes that more than half of the trackings place alike: the mean of theirs.
fn consensus(tracked: &[Resolved]) -> Vec<Vec<Detection>> {
    let frame_count = tracked.iter().map(|tracked| tracked.frames.len()).max().unwrap_or(0);
    (0..frame_count)
        .map(|frame| {
            // Each group holds at most one box of each tracking, and goes by its first.
            let mut groups: Vec<Vec<BBox>> = Vec::new();
            for tracked in tracked {
                let riders = tracked.frames.get(frame).map_or(&[][..], Vec::as_slice);
                let mut joined: Vec<usize> = Vec::new();
                for rider in riders.iter().filter(|rider| rider.provenance != Provenance::Missing) {
                    let overlap =
                        |group: &Vec<BBox>| group.first().map_or(0.0, |first| first.iou(&rider.bbox));
                    let best = groups
                        .iter()
                        .enumerate()
                        .filter(|(index, group)| !joined.contains(index) && overlap(group) >= SAME_IOU)
                        .max_by(|a, b| overlap(a.1).total_cmp(&overlap(b.1)))
                        .map(|(index, _)| index);
                    match best {
                        Some(index) => {
                            groups[index].push(rider.bbox);
                            joined.push(index);
                        }
                        None => {
                            joined.push(groups.len());
                            groups.push(vec![rider.bbox]);
                        }
                    }
                }
            }
            let agreed = groups.into_iter().filter(|group| 2 * group.len() > tracked.len());
            agreed.map(|group| Detection { bbox: mean(&group), score: 1.0 }).collect()
        })
        .collect()
}

fn mean(boxes: &[BBox]) -> BBox {
    let count = boxes.len().max(1) as f32;
    let sum = |corner: fn(&BBox) -> Vec2| boxes.iter().map(corner).sum::<Vec2>() / count;
    BBox { min: sum(|b| b.min), max: sum(|b| b.max) }
}

/// How often a person of `truth` was covered, then not, then covered again by `found`.
fn track_breaks(truth: &Sequence, found: &Sequence) -> u64 {
    // Whether he was covered when he was last there, and whether he was before that.
    let mut state: BTreeMap<u64, (bool, bool)> = BTreeMap::new();
    let mut breaks = 0;
    for (frame, people) in truth {
        let boxes = found.get(frame).map_or(&[][..], Vec::as_slice);
        for person in people {
            let covered = boxes.iter().any(|placed| placed.bbox.iou(&person.bbox) >= SAME_IOU);
            let (now, ever) = state.entry(person.id).or_default();
            breaks += u64::from(covered && !*now && *ever);
            (*now, *ever) = (covered, *ever || covered);
        }
    }
    breaks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Rational;
    use crate::types::detector_run::{DetectedFrame, DetectorRunInfo};

    fn at(left: f32, score: f32) -> Detection {
        Detection { bbox: BBox::new(left, 100.0, left + 60.0, 220.0), score }
    }

    fn run(id: &str, frames: Vec<Vec<Detection>>) -> DetectorRun {
        let info = DetectorRunInfo { detector: id.to_owned(), ..DetectorRunInfo::default() };
        let frames = frames
            .into_iter()
            .map(|detections| DetectedFrame { latency_ms: 2.0, detections, ..DetectedFrame::default() })
            .collect();
        DetectorRun { info, frames }
    }

    fn times(frames: i64) -> FrameIndex {
        FrameIndex::new((0..frames).collect(), Rational { num: 1, den: 30 })
    }

    const PICTURE: Vec2 = Vec2::new(640.0, 360.0);

    #[test]
    fn boxes_match_one_to_one_and_the_nearest_first() {
        // 10 px apart of 60: 50/70 = .71; 25 px: 35/85 = .41.
        assert_eq!(matched(&[at(0.0, 0.9), at(10.0, 0.8)], &[at(10.0, 0.9)]), [(1, 0)]);
        assert_eq!(matched(&[at(0.0, 0.9)], &[at(25.0, 0.9)]), []);
        assert_eq!(agreement(&[&[at(0.0, 0.9), at(300.0, 0.5)], &[at(5.0, 0.9)]]), 2.0 / 3.0);
        assert_eq!(agreement(&[&[], &[]]), 1.0);
        assert_eq!(agreement(&[&[at(0.0, 0.9)], &[]]), 0.0);
        let alone = found_alone(&[&[at(0.0, 0.9), at(300.0, 0.5)], &[at(5.0, 0.9)], &[at(300.0, 0.4)]]);
        assert_eq!(alone, [vec![false, false], vec![false], vec![false]]);
    }

    #[test]
    fn a_detector_that_blinks_misses_the_consensus_and_one_that_invents_stands_alone() {
        let steady: Vec<_> = (0..40).map(|i| vec![at(i as f32 * 3.0, 0.9)]).collect();
        let blinking = steady.iter().enumerate().map(|(i, f)| if i % 10 == 5 { vec![] } else { f.clone() });
        let inventing = steady.iter().map(|f| [f.clone(), vec![at(500.0, 0.6)]].concat());
        let runs = [run("a", steady.clone()), run("b", blinking.collect()), run("c", inventing.collect())];
        let runs: Vec<_> = runs.iter().collect();
        let Measured { detectors, agreement } = measure(&runs, &[0.5; 3], &times(40), PICTURE);
        let [a, b, c] = detectors.as_slice() else { panic!("three detectors") };
        assert_eq!(
            (a.found, a.found_alone, a.empty_frames, a.consensus, a.consensus_misses),
            (40, 0, 0, 40, 0)
        );
        assert_eq!((b.found, b.empty_frames, b.consensus_misses), (36, 4, 4));
        assert_eq!((c.found, c.found_alone, c.consensus_misses), (80, 40, 0));
        assert!(b.predicted_share > 0.09 && b.predicted_share < 0.11, "{b:?}");
        assert_eq!((a.track_breaks, a.id_switches, b.id_switches), (0, 0, 0));
        assert!((a.agreement - (0.9 + 2.0 / 3.0) / 2.0).abs() < 1e-9, "{a:?}");
        assert_eq!(a.score_spread.map(|s| s < 1e-6), Some(true));
        assert!(
            (agreement[0] - (1.0 + 2.0 / 3.0 + 2.0 / 3.0) / 3.0).abs() < 1e-9 && agreement[5] < agreement[0]
        );
    }

    #[test]
    fn a_person_who_is_covered_again_was_broken_once() {
        let truth: Sequence = (0..6).map(|f| (f, vec![Placed { id: 1, bbox: at(0.0, 1.0).bbox }])).collect();
        let mut found = truth.clone();
        found.insert(2, Vec::new());
        found.insert(3, Vec::new());
        assert_eq!(track_breaks(&truth, &found), 1);
        found.insert(0, Vec::new());
        found.insert(5, Vec::new());
        assert_eq!(track_breaks(&truth, &found), 1, "neither a late beginning nor an early end is a break");
    }

    #[test]
    fn runs_of_different_lengths_and_without_anybody_are_measured() {
        let runs = [run("a", vec![vec![]; 3]), run("b", Vec::new())];
        let Measured { detectors, agreement } =
            measure(&runs.iter().collect::<Vec<_>>(), &[0.5; 2], &times(3), PICTURE);
        assert_eq!((detectors[0].found, detectors[0].score_mean, agreement.len()), (0, None, 3));
        assert_eq!(detectors[1].latency_ms, None);
    }
}
