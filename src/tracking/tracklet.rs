//! Pieces of a rider's way that hang together.

use super::kalman::BoxFilter;
use super::looks::{Looks, SETTLED};
use crate::types::{BBox, BodyEstimate, CameraMotion, SurfaceColors};

/// The frames of a shot: when they are and how the camera moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frames<'s> {
    /// Presentation time of every frame, seconds.
    pub times_s: &'s [f64],
    /// How the camera moved into every frame.
    pub motions: &'s [CameraMotion],
}

impl Frames<'_> {
    /// Where a box in the frame with index `from` is seen in that with index `to`, if it moves with the slope: a pan of
    /// the camera moves it in the picture.
    pub(super) fn carry(&self, bbox: &BBox, from: usize, to: usize) -> BBox {
        let forwards = (from + 1..=to).map(|at| self.motions[at]);
        let backwards = (to + 1..=from).rev().map(|at| self.motions[at].reversed());
        forwards.chain(backwards).fold(*bbox, |bbox, motion| {
            motion.known().map_or(bbox, |motion| {
                let (center, half) = (motion.apply(bbox.center()), bbox.size() * (0.5 * motion.scale()));
                BBox { min: center - half, max: center + half }
            })
        })
    }

    /// Moves `filter` from the frame with index `from` on to that with index `to`, or back to it.
    pub(super) fn advance(&self, filter: &mut BoxFilter, from: usize, to: usize) {
        let mut now_s = self.times_s[from];
        for at in from + 1..=to {
            // A frame that was out of order is passed over.
            let dt_s = self.times_s[at] - now_s;
            if dt_s > 0.0 && dt_s.is_finite() {
                filter.advance(dt_s, &self.motions[at]);
                now_s = self.times_s[at];
            }
        }
        for at in (to..from).rev() {
            let dt_s = now_s - self.times_s[at];
            if dt_s > 0.0 && dt_s.is_finite() {
                filter.advance(dt_s, &self.motions[at + 1].reversed());
                now_s = self.times_s[at];
            }
        }
    }
}

/// One detection of a rider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting<'a> {
    /// Index of the frame in the pass, which is not the frame's number.
    pub at: usize,
    /// Presentation time, seconds.
    pub time_s: f64,
    pub bbox: BBox,
    pub score: f32,
    pub body: Option<&'a BodyEstimate>,
    pub colors: Option<&'a SurfaceColors>,
}

/// The detections of one rider, ascending in time; never empty.
#[derive(Clone, Debug)]
pub(super) struct Tracklet<'a> {
    first: Sighting<'a>,
    rest: Vec<Sighting<'a>>,
    /// Whether the tracker became certain that this is somebody.
    pub certain: bool,
}

impl<'a> Tracklet<'a> {
    pub(super) fn new(first: Sighting<'a>) -> Self {
        Self { first, rest: Vec::new(), certain: false }
    }

    /// Adds a later detection.
    pub(super) fn push(&mut self, sighting: Sighting<'a>) {
        self.rest.push(sighting);
    }

    /// Adds a later piece of the same rider.
    pub(super) fn append(&mut self, later: Self) {
        self.rest.push(later.first);
        self.rest.extend(later.rest);
        self.certain |= later.certain;
    }

    /// Drops an end of fewer than `few` sightings that comes more than `after_s` seconds after the others: somebody else
    /// stood where this one was expected.
    pub(super) fn drop_stray_end(&mut self, few: usize, after_s: f64) {
        let times = self.iter().map(|sighting| sighting.time_s);
        let gaps = times.clone().zip(times.skip(1)).map(|(a, b)| b - a);
        let last_gap = gaps.enumerate().filter(|(_, gap_s)| *gap_s > after_s).last();
        if let Some((kept, _)) = last_gap
            && self.rest.len() - kept < few
        {
            self.rest.truncate(kept);
        }
    }

    /// Parts a piece where somebody else begins. The later piece comes second, and may itself be of more than one.
    pub(super) fn parted(mut self) -> (Self, Option<Self>) {
        // The first one of all is never unlike what was before.
        let Some(kept) = self.somebody_else_from().and_then(|index| index.checked_sub(1)) else {
            return (self, None);
        };
        let mut later = self.rest.split_off(kept).into_iter();
        let later = later.next().map(|first| Self { first, rest: later.collect(), certain: self.certain });
        (self, later)
    }

    /// Index of the first sighting from which on nothing is like what was seen before, for [`PARTED_S`] on end.
    fn somebody_else_from(&self) -> Option<usize> {
        let (mut looks, mut taken) = (Looks::default(), 0);
        let mut since: Option<(usize, f64)> = None;
        for (index, sighting) in self.iter().enumerate() {
            let Some(colors) = sighting.colors else { continue };
            if taken < SETTLED || !looks.is_unlike(colors) {
                looks.add(colors);
                taken += 1;
                since = None;
                continue;
            }
            let (first, since_s) = *since.get_or_insert((index, sighting.time_s));
            if sighting.time_s - since_s >= PARTED_S {
                return Some(first);
            }
        }
        None
    }

    pub(super) fn len(&self) -> usize {
        1 + self.rest.len()
    }

    pub(super) fn first(&self) -> &Sighting<'a> {
        &self.first
    }

    pub(super) fn last(&self) -> &Sighting<'a> {
        self.rest.last().unwrap_or(&self.first)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Sighting<'a>> + Clone {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The sighting in the frame with index `at`.
    pub(super) fn at(&self, at: usize) -> Option<&Sighting<'a>> {
        if self.first.at == at {
            return Some(&self.first);
        }
        self.rest.get(self.rest.binary_search_by_key(&at, |sighting| sighting.at).ok()?)
    }

    /// What he looks like; `None` where no colours are known.
    pub(super) fn looks(&self) -> Option<Looks> {
        Looks::gathered(self.iter().filter_map(|sighting| sighting.colors))
    }

    /// Where he is headed after the last detection.
    pub(super) fn motion_at_end(&self, frames: &Frames<'_>) -> BoxFilter {
        filtered(self.last(), self.iter().rev(), frames)
    }

    /// Where he came from before the first one: the filter with time running backwards.
    pub(super) fn motion_at_start(&self, frames: &Frames<'_>) -> BoxFilter {
        filtered(self.first(), self.iter(), frames)
    }
}

/// Time in which every sight is unlike what was seen before that tells another rider, seconds. A real one in spray, upside
/// down, stays below half of that.
const PARTED_S: f64 = 0.8;

/// Detections that tell a rider's motion at an end of a piece: earlier ones no longer matter to the filter.
const MOTION_SIGHTINGS: usize = 15;

/// The filter that has come to `end` over the sightings nearest to it, which `from_end` gives from there on.
fn filtered<'s, 'a: 's>(
    end: &Sighting<'a>,
    from_end: impl Iterator<Item = &'s Sighting<'a>>,
    frames: &Frames<'_>,
) -> BoxFilter {
    let near: Vec<_> = from_end.take(MOTION_SIGHTINGS).collect();
    let mut on_the_way = near.iter().rev();
    let Some(start) = on_the_way.next() else {
        return BoxFilter::new(&end.bbox);
    };
    let (mut filter, mut now) = (BoxFilter::new(&start.bbox), start.at);
    for sighting in on_the_way {
        frames.advance(&mut filter, now, sighting.at);
        filter.update(&sighting.bbox);
        now = sighting.at;
    }
    filter
}
