//! Where one shot ends and the next begins: nobody is followed across a cut.
//!
//! The adaptive rule of PySceneDetect's `AdaptiveDetector` (Castellano, 2014–), which PHALP uses, too, on luma alone
//! (its `luma_only`): a cut is a frame that differs from the one before it much more than its neighbours do. A
//! threshold by itself would take every whip of the camera for a cut. Unlike there, the quarter of the picture that
//! changes most does not count: a sign, a flash or somebody who rushes past the lens leaves the rest as it was, and what
//! stands out of it in a pan is left out likewise. On real clips that tells cuts from pans twice as clearly.

use std::ops::Range;

use crate::types::{YuvImage, YuvRange};

/// Cells of a sketch, across and down: as fine as it takes to tell pictures apart, too coarse for grain.
const CELLS: [usize; 2] = [64, 36];
/// Times the mean of its neighbours that a frame's change must be (PySceneDetect's `adaptive_threshold`).
const RATIO: f32 = 3.0;
/// Least change of a cut, grey levels of 0 to 255. PySceneDetect's `min_content_val` of 15 less what the quarter left
/// out takes: the fastest pans of real clips reach 8, their cuts 20 and more.
const MIN_CHANGE: f32 = 8.0;
/// Share of the picture that counts, where it changes least.
const COUNTED: f32 = 0.75;
/// Neighbours on each side (PySceneDetect's `window_width`).
const WINDOW: usize = 2;
/// A frame that changes less than this repeats the one before it, as in clips of raised frame rate; it says nothing
/// of the motion.
const REPEATED: f32 = 0.5;
/// Frames on each side among which neighbours are looked for.
const REACH: usize = 8;

/// Measures how much each picture differs from the one before it.
#[derive(Clone, Debug, Default)]
pub struct ChangeMeter {
    before: Vec<f32>,
    now: Vec<f32>,
    differences: Vec<f32>,
}

impl ChangeMeter {
    /// Takes the next picture in: the mean absolute difference of luma to the last one in the three quarters of the
    /// picture where it is least, grey levels of 0 to 255; `None` for the first picture and for one without pixels.
    pub fn take(&mut self, picture: &YuvImage) -> Option<f32> {
        std::mem::swap(&mut self.before, &mut self.now);
        sketch(picture, &mut self.now);
        if self.before.is_empty() || self.before.len() != self.now.len() {
            return None;
        }
        self.differences.clear();
        self.differences.extend(self.before.iter().zip(&self.now).map(|(a, b)| (a - b).abs()));
        let counted = ((self.differences.len() as f32 * COUNTED) as usize).max(1);
        let (least, last, _) = self.differences.select_nth_unstable_by(counted - 1, f32::total_cmp);
        Some((least.iter().sum::<f32>() + *last) / counted as f32)
    }
}

/// Mean luma of each cell of `picture`, grey levels; empty where the picture is.
fn sketch(picture: &YuvImage, cells: &mut Vec<f32>) {
    cells.clear();
    let (width, height) = (picture.width as usize, picture.height as usize);
    if width == 0 || height == 0 || !picture.is_whole() {
        return;
    }
    let gain = match picture.color.range {
        YuvRange::Limited => 255.0 / 219.0,
        YuvRange::Full => 1.0,
    };
    let [across, down] = [CELLS[0].min(width), CELLS[1].min(height)];
    let span = |index: usize, cells: usize, side: usize| index * side / cells..(index + 1) * side / cells;
    for row in 0..down {
        let lines = span(row, down, height);
        for column in 0..across {
            let columns = span(column, across, width);
            let sum: f32 = lines.clone().map(|y| picture.luma_sum(y, columns.clone())).sum();
            cells.push(gain * sum / (lines.len() * columns.len()) as f32);
        }
    }
}

/// Whether a shot begins with frame `at`, where `changes[i]` is how much frame i differs from the one before it.
///
/// Frames that are not there yet are no neighbours: while a clip comes in, the frames before a cut alone decide.
pub fn is_cut(changes: &[Option<f32>], at: usize) -> bool {
    let Some(change) = changes.get(at).copied().flatten().filter(|&change| change >= MIN_CHANGE) else {
        return false;
    };
    let tells = |change: &f32| *change >= REPEATED;
    let before = changes[..at].iter().rev().take(REACH).copied().flatten().filter(tells).take(WINDOW);
    let after = changes[at + 1..].iter().take(REACH).copied().flatten().filter(tells).take(WINDOW);
    let (sum, count) = before.chain(after).fold((0.0, 0.0), |(sum, count), c| (sum + c, count + 1.0));
    change * count >= RATIO * sum
}

/// The shots of a clip, in order; together they are all of it.
pub fn shots(changes: &[Option<f32>]) -> Vec<Range<usize>> {
    let cuts = (1..changes.len()).filter(|&at| is_cut(changes, at));
    let starts: Vec<usize> = std::iter::once(0).chain(cuts).collect();
    let ends = starts.iter().skip(1).copied().chain([changes.len()]);
    starts.iter().zip(ends).map(|(&start, end)| start..end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{YuvColor, YuvMatrix};

    fn picture(range: YuvRange, luma: impl Fn(usize, usize) -> u8) -> YuvImage {
        let mut picture = YuvImage::black(130, 75, YuvColor { matrix: YuvMatrix::Bt709, range });
        for (index, code) in picture.y.iter_mut().enumerate() {
            *code = luma(index % 130, index / 130);
        }
        picture
    }

    #[test]
    fn black_to_white_is_255_levels_in_either_range() {
        for (range, black, white) in [(YuvRange::Limited, 16, 235), (YuvRange::Full, 0, 255)] {
            let mut meter = ChangeMeter::default();
            assert_eq!(meter.take(&picture(range, |_, _| black)), None);
            let change = meter.take(&picture(range, |_, _| white)).unwrap();
            assert!((change - 255.0).abs() < 1e-3, "{change}");
            assert_eq!(meter.take(&picture(range, |_, _| white)), Some(0.0));
        }
    }

    #[test]
    fn a_quarter_of_the_picture_may_change_and_is_no_cut() {
        let mut meter = ChangeMeter::default();
        meter.take(&picture(YuvRange::Full, |_, _| 100));
        // Of the counted three quarters, one quarter has changed by 60.
        let change = meter.take(&picture(YuvRange::Full, |x, _| if x < 65 { 160 } else { 100 })).unwrap();
        assert!((change - 20.0).abs() < 1.0, "{change}");
        let change = meter.take(&picture(YuvRange::Full, |x, _| if x < 95 { 160 } else { 100 })).unwrap();
        assert!(change < 1.0, "{change}");
    }

    #[test]
    fn a_picture_of_other_size_or_none_is_no_change() {
        let mut meter = ChangeMeter::default();
        meter.take(&picture(YuvRange::Full, |_, _| 100));
        let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Full };
        assert_eq!(meter.take(&YuvImage::black(0, 0, color)), None);
        assert_eq!(meter.take(&YuvImage::black(9, 9, color)), None);
    }

    /// As in the real clip that ends with two frames of another one, around its cut.
    #[test]
    fn a_cut_stands_out_of_its_neighbours_also_at_the_end() {
        let changes = [None, Some(3.9), Some(3.6), Some(3.1), Some(42.9), Some(3.4)];
        assert_eq!(shots(&changes), [0..4, 4..6]);
        assert!(is_cut(&changes[..5], 4), "known before the next frame comes");
    }

    #[test]
    fn a_whip_of_the_camera_is_no_cut() {
        // Twice its neighbours' mean, as the hardest jerk of the real clips is.
        let changes = [None, Some(4.0), Some(6.0), Some(11.0), Some(6.0), Some(5.0)];
        assert_eq!(shots(&changes).len(), 1);
    }

    #[test]
    fn repeated_frames_do_not_make_every_new_one_a_cut() {
        let changes: Vec<_> = (0..40).map(|i| Some(if i % 4 == 0 { 20.0 } else { 0.1 })).collect();
        assert_eq!(shots(&changes).len(), 1);
    }

    #[test]
    fn a_still_shot_is_cut_all_the_same() {
        let changes = [None, Some(0.0), Some(0.0), Some(60.0), Some(0.0)];
        assert_eq!(shots(&changes), [0..3, 3..5]);
        assert_eq!(shots(&[None, None]), std::iter::once(0..2).collect::<Vec<_>>());
        assert!(shots(&[]).iter().all(Range::is_empty));
    }
}
