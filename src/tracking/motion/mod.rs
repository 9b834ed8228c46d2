//! How the camera moves, told from the background.
//!
//! Whoever films a rider pans after him, and a hand shakes: both move everybody in the picture at once, which says
//! nothing of where anyone rides. Points of the background are followed from frame to frame; the motion that most of
//! them share is the camera's. Fog, a whip of the camera or a picture full of snow show nothing that can be followed;
//! then the motion is [`CameraMotion::Unavailable`] and prediction does without.

mod flow;
mod pyramid;
mod robust;

use glam::Vec2;

use self::pyramid::Pyramid;
use crate::types::{BBox, CameraMotion, Similarity, YuvImage};

/// Share of a person's box that is added on each side: boards, poles and shadows go with him.
const MARGIN: f32 = 0.15;

/// Measures how the camera moves from picture to picture.
#[derive(Clone, Debug, Default)]
pub struct MotionMeter {
    before: Pyramid,
    now: Pyramid,
    /// Points of the picture that can be followed, pixels of its finest level.
    points: Vec<Vec2>,
    flows: Vec<robust::Flow>,
}

impl MotionMeter {
    /// Takes in the next picture and the boxes of the people in it: how the camera moved since the last one.
    /// Unavailable for the first picture and for one of another size.
    ///
    /// Points are looked for in the new picture and followed back, so that nothing has to be known of the last one but
    /// itself: an analysis that is taken up goes on as if it had not stopped.
    pub fn take(&mut self, picture: &YuvImage, people: impl IntoIterator<Item = BBox>) -> CameraMotion {
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.fill(picture);
        let motion = if self.now.matches(&self.before) {
            self.find_points(people);
            self.measure()
        } else {
            None
        };
        motion.map_or(CameraMotion::Unavailable, CameraMotion::Known)
    }

    /// Takes note that a picture is missing: the next one has none before it.
    pub fn skip(&mut self) {
        self.now = Pyramid::default();
    }

    fn measure(&mut self) -> Option<Similarity> {
        self.flows.clear();
        let pairs =
            self.points.iter().filter_map(|&p| Some((p, flow::followed(&self.now, &self.before, p)?)));
        self.flows.extend(pairs);
        let motion = robust::similarity(&self.flows)?.inverse()?;
        // From pixels of the level, whose centres are at whole numbers, to picture pixels: P = step · (p + 1/2).
        let step = self.now.step as f32;
        let half = Vec2::splat(0.5);
        Some(Similarity { shift_px: (motion.apply(-half) + half) * step, ..motion })
    }

    fn find_points(&mut self, people: impl IntoIterator<Item = BBox>) {
        self.points.clear();
        let Some(finest) = self.now.levels().first() else { return };
        let step = self.now.step as f32;
        let people: Vec<BBox> = people
            .into_iter()
            .map(|person| BBox::from_center(person.center(), person.size() * (1.0 + 2.0 * MARGIN)))
            .collect();
        let is_background = |at: Vec2| {
            let at = (at + 0.5) * step;
            people.iter().all(|p| at.cmplt(p.min).any() || at.cmpgt(p.max).any())
        };
        flow::corners(finest, is_background, &mut self.points);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{YuvColor, YuvMatrix, YuvRange};

    const SIZE: Vec2 = Vec2::new(640.0, 360.0);

    /// A mountain of made-up texture, everywhere smooth.
    fn texture(p: Vec2) -> f32 {
        let wave = |fx: f32, fy: f32, phase: f32| (p.x * fx + p.y * fy + phase).sin();
        128.0
            + 30.0 * wave(0.11, 0.05, 0.3)
            + 25.0 * wave(-0.04, 0.13, 1.9)
            + 20.0 * wave(0.23, -0.19, 4.0)
            + 20.0 * wave(0.02, 0.03, 2.2)
            + 15.0 * wave(0.17, 0.29, 5.0)
    }

    fn picture(luma: impl Fn(Vec2) -> f32) -> YuvImage {
        let color = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Full };
        let mut picture = YuvImage::black(SIZE.x as u32, SIZE.y as u32, color);
        for (index, code) in picture.y.iter_mut().enumerate() {
            let at =
                Vec2::new((index % SIZE.x as usize) as f32 + 0.5, (index / SIZE.x as usize) as f32 + 0.5);
            *code = luma(at).round().clamp(0.0, 255.0) as u8;
        }
        picture
    }

    /// The picture after `motion`, with a person whose box moves on his own.
    fn seen(motion: &Similarity, person: BBox) -> YuvImage {
        let back = motion.inverse().unwrap();
        picture(|p| {
            let inside = p.cmpge(person.min).all() && p.cmple(person.max).all();
            if inside { texture((p - person.min) * 3.0) } else { texture(back.apply(p)) }
        })
    }

    fn largest_error(found: &Similarity, truth: &Similarity) -> f32 {
        let corners = [Vec2::ZERO, Vec2::new(SIZE.x, 0.0), Vec2::new(0.0, SIZE.y), SIZE, SIZE * 0.5];
        corners.iter().map(|&p| found.apply(p).distance(truth.apply(p))).fold(0.0, f32::max)
    }

    #[test]
    fn known_motions_are_found_whatever_a_person_does() {
        let turned = |degrees: f32, scale: f32, shift_px: Vec2| {
            let angle = degrees.to_radians();
            let turn = Similarity { a: scale * angle.cos(), b: scale * angle.sin(), shift_px: Vec2::ZERO };
            // About the middle of the picture.
            Similarity { shift_px: SIZE * 0.5 - turn.turn(SIZE * 0.5) + shift_px, ..turn }
        };
        for truth in [
            Similarity::IDENTITY,
            turned(0.0, 1.0, Vec2::new(3.3, -1.7)),
            turned(0.0, 1.0, Vec2::new(-24.0, 6.0)),
            turned(2.0, 1.0, Vec2::new(8.0, 2.0)),
            turned(-1.0, 1.03, Vec2::new(5.0, 9.0)),
        ] {
            let mut meter = MotionMeter::default();
            let before = BBox::new(240.0, 80.0, 400.0, 320.0);
            let after = before.translated(Vec2::new(-30.0, 5.0));
            assert_eq!(meter.take(&seen(&Similarity::IDENTITY, before), [before]), CameraMotion::Unavailable);
            let motion = meter.take(&seen(&truth, after), [after]);
            let error = largest_error(motion.known().unwrap(), &truth);
            assert!(error < 0.7, "{truth:?} found as {motion:?}, {error} px off");
        }
    }

    #[test]
    fn snow_a_cut_and_missing_pictures_are_unavailable() {
        let nobody = || std::iter::empty();
        let mountain = picture(texture);
        let mut meter = MotionMeter::default();
        let snow = picture(|_| 240.0);
        meter.take(&snow, nobody());
        assert_eq!(meter.take(&snow, nobody()), CameraMotion::Unavailable);
        assert_eq!(meter.take(&mountain, nobody()), CameraMotion::Unavailable);
        assert!(meter.take(&mountain, nobody()).known().is_some());
        let elsewhere = picture(|p| texture(Vec2::new(p.y * 1.7 + 900.0, p.x * 0.6)));
        assert_eq!(meter.take(&elsewhere, nobody()), CameraMotion::Unavailable);
        meter.take(&mountain, nobody());
        meter.skip();
        assert_eq!(meter.take(&mountain, nobody()), CameraMotion::Unavailable);
        let tiny = YuvImage::black(0, 0, mountain.color);
        assert_eq!(meter.take(&tiny, nobody()), CameraMotion::Unavailable);
        assert_eq!(meter.take(&tiny, nobody()), CameraMotion::Unavailable);
    }
}
