//! The rider at several moments along his way in one picture, as broadcasts show it (StroMotion).
//!
//! The camera's motion is followed from the first moment to the last, every frame is laid into one plane, and the
//! background is put together from frames in which nobody is in the way. Over it lies, for each moment, what differs
//! from the background around the rider.

use glam::Vec2;

use super::warp::Plane;
use super::{Canvas, Pixels, frame_at};
use crate::engine::{CancelToken, EngineError, ResolvedRiders};
use crate::tracking::MotionMeter;
use crate::types::{BBox, ClipInfo, OverlayStyle, Provenance, RgbImage, RiderFrame, Similarity};
use crate::video::{FrameSource, VideoError, yuv_to_rgb};

/// Frames that the background is put together from.
const BACKGROUND_FRAMES: usize = 12;

/// What is added to a rider's box on each side, as a share of its longer side: board, arms and shadow.
const MARGIN: f32 = 0.3;

/// Longest side and most pixels of the picture; a longer pan is made smaller.
const MOST_PX: (f32, f32) = (12_000.0, 24e6);

/// How the camera moved over a part of the clip.
pub struct Way {
    first: u64,
    /// first_from_frame, by frame from the first.
    first_from_frame: Vec<Similarity>,
    /// Frames into which the camera's motion is not known; it is taken to have stood still.
    pub unknown: usize,
}

impl Way {
    /// Follows the camera over `range` of the clip; `tell` hears how many frames are done.
    ///
    /// # Errors
    /// When the clip cannot be read, and [`EngineError::Cancelled`].
    pub fn follow(
        source: &mut dyn FrameSource,
        (first, last): (u64, u64),
        riders: &ResolvedRiders,
        cancel: &CancelToken,
        tell: &dyn Fn(u64),
    ) -> Result<Self, EngineError> {
        let mut meter = MotionMeter::default();
        let mut way = Self { first, first_from_frame: Vec::new(), unknown: 0 };
        let mut now = Similarity::IDENTITY;
        source.seek(first)?;
        while way.first_from_frame.len() as u64 <= last - first {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            match source.next_frame() {
                Ok(Some(frame)) => {
                    let boxes = riders.at(frame.index).iter().map(|rider| rider.bbox);
                    let back = meter.take(&frame.image, boxes).reversed();
                    match back.known() {
                        Some(back) => now = now.after(back),
                        None => way.unknown += usize::from(!way.first_from_frame.is_empty()),
                    }
                }
                Ok(None) => break,
                Err(VideoError::BadFrame { .. }) => {
                    meter.skip();
                    way.unknown += 1;
                }
                Err(error) => return Err(error.into()),
            }
            way.first_from_frame.push(now);
            tell(way.first_from_frame.len() as u64);
        }
        Ok(way)
    }

    fn first_from(&self, frame: u64) -> Similarity {
        let index = usize::try_from(frame.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let known = self.first_from_frame.get(index).or(self.first_from_frame.last());
        known.copied().unwrap_or(Similarity::IDENTITY)
    }
}

/// The moments at which somebody who is shown is seen, of `count` spread evenly over the part of `range` in which he is.
pub fn moments(
    info: &ClipInfo,
    riders: &ResolvedRiders,
    others: bool,
    (first, last): (u64, u64),
    count: usize,
) -> Vec<u64> {
    let with_rider: Vec<u64> = (first..=last).filter(|frame| is_seen(riders, others, *frame)).collect();
    let (Some(&first), Some(&last)) = (with_rider.first(), with_rider.last()) else { return Vec::new() };
    let (from_s, to_s) = (info.frames.seconds(first), info.frames.seconds(last));
    let steps = count.max(2) - 1;
    let wanted = (0..=steps).map(|step| from_s + (to_s - from_s) * step as f64 / steps as f64);
    let off = |frame: u64, at_s: f64| (info.frames.seconds(frame) - at_s).abs();
    let nearest =
        |at_s: f64| with_rider.iter().copied().min_by(|&a, &b| off(a, at_s).total_cmp(&off(b, at_s)));
    let mut moments: Vec<u64> = wanted.filter_map(nearest).collect();
    moments.dedup();
    moments
}

/// First and last frame of the shot in which somebody who is shown is seen longest: a picture has one place. `end` is
/// the clip's last frame.
pub fn longest_shot(riders: &ResolvedRiders, others: bool, end: u64) -> (u64, u64) {
    let mut shots = Vec::new();
    let mut first = 0;
    for next in riders.cuts.iter().copied().chain([end + 1]) {
        shots.push((first, next.saturating_sub(1)));
        first = next;
    }
    let seen = |&(first, last): &(u64, u64)| {
        (first..=last.min(end)).filter(|frame| is_seen(riders, others, *frame)).count()
    };
    // Of equals the first.
    shots.into_iter().rev().max_by_key(seen).unwrap_or((0, end))
}

/// Whether somebody who is drawn is known in a frame.
pub fn is_seen(riders: &ResolvedRiders, others: bool, frame: u64) -> bool {
    shown(riders, others, frame).next().is_some()
}

/// What is drawn of the riders: nothing that belongs to one moment's picture as a whole.
pub fn style(style: OverlayStyle) -> OverlayStyle {
    OverlayStyle { clock: false, trails: false, joint_trails: false, ..style }
}

/// Riders of a frame who are drawn.
fn shown(riders: &ResolvedRiders, others: bool, frame: u64) -> impl Iterator<Item = &RiderFrame> {
    let known = riders.at(frame).iter().filter(|rider| rider.provenance != Provenance::Missing);
    known.filter(move |rider| riders.is_shown(rider.track, others))
}

/// Draws the picture of `moments` (rising, at least one).
///
/// # Errors
/// What reading and drawing say, and [`EngineError::Cancelled`].
pub fn draw(
    source: &mut dyn FrameSource,
    canvas: &mut Canvas<'_>,
    way: &Way,
    moments: &[u64],
    cancel: &CancelToken,
) -> Result<Pixels, EngineError> {
    let info = source.info().clone();
    let size = Vec2::new(info.width as f32, info.height as f32);
    let reference = moments[moments.len() / 2];
    let behind = background_frames(moments, reference);
    let back = way.first_from(reference).inverse().unwrap_or(Similarity::IDENTITY);
    let reference_from = |frame: u64| back.after(&way.first_from(frame));
    let mut plane = Plane::around(behind.iter().map(|frame| reference_from(*frame)), size, MOST_PX);
    let (riders, others) = (canvas.riders, canvas.style.others);
    let mut rgb = RgbImage::default();
    for frame in &behind {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let picture = frame_at(source, *frame)?;
        yuv_to_rgb(&picture.image, &mut rgb);
        let everyone: Vec<BBox> = riders.at(picture.index).iter().map(|rider| widened(&rider.bbox)).collect();
        plane.lay_behind(&rgb, &reference_from(picture.index), &everyone);
    }
    plane.close_holes();
    for moment in moments {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let picture = frame_at(source, *moment)?;
        let drawn = canvas.draw(&picture)?;
        for rider in shown(riders, others, picture.index) {
            plane.lay_over(&drawn.rgba, drawn.size, &reference_from(picture.index), &widened(&rider.bbox));
        }
    }
    let size = plane.size();
    Ok(Pixels { rgba: plane.into_rgba(), size })
}

/// The reference first, so that most of the background is one frame; then the others, by distance from it.
fn background_frames(moments: &[u64], reference: u64) -> Vec<u64> {
    let (first, last) = (moments[0], moments[moments.len() - 1]);
    let steps = BACKGROUND_FRAMES as u64 - 1;
    let mut frames: Vec<u64> = (0..=steps).map(|step| first + (last - first) * step / steps).collect();
    frames.extend(moments);
    frames.sort_by_key(|frame| (frame.abs_diff(reference), *frame));
    frames.dedup();
    frames
}

fn widened(bbox: &BBox) -> BBox {
    let more = (bbox.max - bbox.min).max_element() * MARGIN;
    BBox { min: bbox.min - more, max: bbox.max + more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TrackId;

    #[test]
    fn the_shot_in_which_the_rider_is_seen_longest_is_taken() {
        let seen = |frame: u64| !(10..25).contains(&frame);
        let rider = RiderFrame {
            track: TrackId(1),
            provenance: Provenance::Detected,
            score: 1.0,
            bbox: BBox::new(0.0, 0.0, 9.0, 9.0),
            body: None,
        };
        let frames = (0..50).map(|frame| if seen(frame) { vec![rider.clone()] } else { vec![] });
        let mut riders = ResolvedRiders { frames: frames.collect(), ..ResolvedRiders::default() };
        assert_eq!(longest_shot(&riders, false, 49), (0, 49));
        // Seen in 10, 5 and 20 frames.
        riders.cuts = vec![10, 30];
        assert_eq!(longest_shot(&riders, false, 49), (30, 49));
        riders.cuts = vec![40];
        assert_eq!(longest_shot(&riders, false, 49), (0, 39));
    }
}
