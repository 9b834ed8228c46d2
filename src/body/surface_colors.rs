//! The colours of a body's surface, taken from the picture it is seen in.
//!
//! The surface is divided into patches by where they are on the body, so that the colours of a jacket's back are
//! compared with those of a back, whatever the pose. What faces away or lies behind another limb or person shows
//! nothing and is left out.

use std::sync::Arc;

use glam::{Vec2, Vec3};

use super::depth_grid::DepthGrid;
use super::model::BodyModel;
use super::skinning::PosedBody;
use crate::types::appearance::{PATCH_COUNT, Patch};
use crate::types::{BBox, BodyEstimate, Mask, RgbImage, SmplParams, SurfaceColors};

/// How far a unit of difference between normals keeps points apart, metres: a palm is not the back of a hand.
const NORMAL_M: f32 = 0.06;
/// Patches that colour a vertex of a drawn surface.
const NEAREST: usize = 4;
/// Cosine between normal and line of sight below which a surface is seen too flatly: a wrong outline shows snow there.
const MIN_FACING: f32 = 0.35;
/// How far behind the nearest surface a point may lie and still belong to it, metres.
const DEPTH_SLACK_M: f32 = 0.04;

/// Which patch every vertex of a body model belongs to.
#[derive(Debug)]
pub struct SurfacePatches {
    patch_of_vertex: Vec<u16>,
    /// The nearest patches of every vertex, each with its share; the shares sum to one.
    nearest: Vec<[(u16, f32); NEAREST]>,
    /// Vertices of each patch.
    sizes: [u16; PATCH_COUNT],
}

impl SurfacePatches {
    /// Divides the surface of `model`: patch centres are vertices each as far as can be from those before it (Gonzalez,
    /// 1985), which spreads them evenly and alike in every run.
    pub fn new(model: &BodyModel) -> Self {
        let mut posed = PosedBody::default();
        model.pose(&SmplParams::facing_camera(), Vec3::ZERO, &mut posed);
        let points: Vec<(Vec3, Vec3)> =
            posed.vertices.into_iter().zip(posed.normals.into_iter().map(|n| n * NORMAL_M)).collect();
        let apart = |a: usize, b: usize| {
            points[a].0.distance_squared(points[b].0) + points[a].1.distance_squared(points[b].1)
        };
        let mut centers = Vec::with_capacity(PATCH_COUNT);
        let mut clear = vec![f32::INFINITY; points.len()];
        let mut next = 0;
        while centers.len() < PATCH_COUNT.min(points.len()) {
            centers.push(next);
            for (vertex, clear) in clear.iter_mut().enumerate() {
                *clear = clear.min(apart(vertex, next));
            }
            next = (0..points.len()).fold(0, |far, v| if clear[v] > clear[far] { v } else { far });
        }
        let nearest: Vec<_> = (0..points.len()).map(|vertex| nearest(vertex, &centers, apart)).collect();
        let patch_of_vertex: Vec<u16> = nearest.iter().map(|near| near[0].0).collect();
        let mut sizes = [0_u16; PATCH_COUNT];
        for patch in &patch_of_vertex {
            sizes[usize::from(*patch)] = sizes[usize::from(*patch)].saturating_add(1);
        }
        Self { patch_of_vertex, nearest, sizes }
    }

    /// Fills `out` with a colour for every vertex of the model: gamma-coded R'G'B', and how well it is known, 0 to 255.
    pub fn paint(&self, colors: &SurfaceColors, out: &mut Vec<[u8; 4]>) {
        out.clear();
        out.extend(self.nearest.iter().map(|near| {
            let (mut sum, mut known) = (Vec3::ZERO, 0.0);
            for (patch, share) in near {
                let Patch { rgb, weight } = colors.patches()[usize::from(*patch)];
                let weight = share * f32::from(weight) / 255.0;
                sum += Vec3::from(rgb.map(f32::from)) * weight;
                known += weight;
            }
            if known <= 0.0 {
                return [0; 4];
            }
            let [r, g, b] = (sum / known).to_array().map(|channel| channel.round() as u8);
            [r, g, b, (known * 255.0).round().min(255.0) as u8]
        }));
    }
}

/// The patches nearest to a vertex, the nearest first, weighted by the inverse of the squared distance.
fn nearest(vertex: usize, centers: &[usize], apart: impl Fn(usize, usize) -> f32) -> [(u16, f32); NEAREST] {
    let mut best = [(0_u16, f32::INFINITY); NEAREST];
    for (patch, center) in (0_u16..).zip(centers) {
        let mut candidate = (patch, apart(vertex, *center));
        for slot in &mut best {
            if candidate.1 < slot.1 {
                std::mem::swap(slot, &mut candidate);
            }
        }
    }
    // A body of fewer vertices than that leaves slots at infinity, which weigh nothing.
    let weights = best.map(|(_, distance)| 1.0 / (distance + 1e-4));
    let total: f32 = weights.iter().sum();
    std::array::from_fn(|slot| (best[slot].0, weights[slot] / total))
}

/// Reads surface colours from pictures. Keep one for each thread: it holds its memory.
#[derive(Debug)]
pub struct SurfaceSampler {
    model: Arc<BodyModel>,
    patches: Arc<SurfacePatches>,
    posed: Vec<PosedBody>,
    projected: Vec<Vec<Vec3>>,
    grid: DepthGrid,
}

impl SurfaceSampler {
    /// A sampler of bodies of `model`, divided by `patches`, which were made of it.
    pub fn new(model: Arc<BodyModel>, patches: Arc<SurfacePatches>) -> Self {
        Self { model, patches, posed: Vec::new(), projected: Vec::new(), grid: DepthGrid::default() }
    }

    /// The surface colours of each of `bodies` in `image`; `None` where a body is missing or nothing of it is seen.
    pub fn sample(
        &mut self,
        image: &RgbImage,
        bodies: &[Option<&BodyEstimate>],
    ) -> Vec<Option<SurfaceColors>> {
        self.sample_within(image, bodies, &[])
    }

    /// As [`sample`](Self::sample), of each body only what lies within its mask; in `masks` those of the bodies in their
    /// order, `None`, and past the end, where there is none.
    pub fn sample_within(
        &mut self,
        image: &RgbImage,
        bodies: &[Option<&BodyEstimate>],
        masks: &[Option<&Mask>],
    ) -> Vec<Option<SurfaceColors>> {
        self.posed.resize_with(bodies.len(), PosedBody::default);
        self.projected.resize_with(bodies.len(), Vec::new);
        for ((body, posed), projected) in bodies.iter().zip(&mut self.posed).zip(&mut self.projected) {
            projected.clear();
            let Some(body) = body else { continue };
            self.model.pose(&body.smpl, body.translation_m, posed);
            // Picture pixels, and the inverse of the depth; zero where a point is not in front of the camera.
            projected.extend(posed.vertices.iter().map(|&point| {
                body.camera
                    .project(point)
                    .filter(|px| px.is_finite())
                    .map_or(Vec3::ZERO, |px| px.extend(1.0 / point.z))
            }));
        }
        let mask = |index: usize| masks.get(index).copied().flatten();
        (0..bodies.len()).map(|index| self.sample_one(image, bodies, index, mask(index))).collect()
    }

    /// The box in the picture around the body with this index of those sampled last, picture pixels; `None` where it is
    /// missing or behind the camera.
    pub fn bounds(&self, index: usize) -> Option<BBox> {
        BBox::around(self.projected.get(index)?.iter().filter(|p| p.z > 0.0).map(|p| p.truncate()))
    }

    fn sample_one(
        &mut self,
        image: &RgbImage,
        bodies: &[Option<&BodyEstimate>],
        index: usize,
        mask: Option<&Mask>,
    ) -> Option<SurfaceColors> {
        let body = bodies[index]?;
        let picture = BBox { min: Vec2::ZERO, max: Vec2::new(image.width as f32, image.height as f32) };
        let bounds = self.bounds(index)?.intersection(&picture);
        if !bounds.is_valid() || image.data.len() < image.width as usize * image.height as usize * 3 {
            return None;
        }
        self.grid.cover(&bounds);
        for other in self.projected.iter().filter(|points| !points.is_empty()) {
            self.grid.draw(other, self.model.triangles());
        }
        let mut sums = [(Vec3::ZERO, 0.0_f32); PATCH_COUNT];
        let posed = &self.posed[index];
        for (vertex, (point, at)) in posed.vertices.iter().zip(&self.projected[index]).enumerate() {
            let facing = -posed.normals[vertex].dot(point.normalize_or_zero());
            let px = at.truncate();
            let in_picture = px.cmpge(Vec2::ZERO).all() && px.cmplt(picture.max).all();
            if facing < MIN_FACING || at.z <= 0.0 || !in_picture || !self.grid.shows(px, at.z, DEPTH_SLACK_M)
            {
                continue;
            }
            if mask.is_some_and(|mask| !mask.contains(px)) {
                continue;
            }
            let pixel = (px.y as usize * image.width as usize + px.x as usize) * 3;
            let rgb = Vec3::from([0, 1, 2].map(|channel| f32::from(image.data[pixel + channel])));
            let (sum, weight) = &mut sums[usize::from(self.patches.patch_of_vertex[vertex])];
            *sum += rgb * facing;
            *weight += facing;
        }
        let confidence = body.confidence.clamp(0.0, 1.0);
        let mut colors = SurfaceColors::default();
        for ((patch, (sum, weight)), size) in
            colors.patches_mut().iter_mut().zip(sums).zip(self.patches.sizes)
        {
            if weight > 0.0 {
                patch.rgb = (sum / weight).to_array().map(|channel| channel.round() as u8);
                patch.weight = (255.0 * confidence * weight / f32::from(size)).round().min(255.0) as u8;
            }
        }
        (!colors.is_empty()).then_some(colors)
    }
}

#[cfg(test)]
mod tests {
    use glam::Quat;

    use super::super::testing::starter_model;
    use super::*;
    use crate::types::{Camera, Keypoint};

    const SIZE: u32 = 400;

    fn body(z_m: f32, turn: f32) -> BodyEstimate {
        let smpl = SmplParams::facing_camera();
        BodyEstimate {
            joints_2d: [Keypoint::default(); 17],
            joints_3d: [Vec3::ZERO; 24],
            smpl: SmplParams { global_orient: smpl.global_orient * Quat::from_rotation_y(turn), ..smpl },
            translation_m: Vec3::new(0.0, 0.0, z_m),
            camera: Camera::centered(500.0, SIZE, SIZE),
            depth_cues: None,
            joint_sigma_m: None,
            confidence: 1.0,
        }
    }

    fn sampler() -> SurfaceSampler {
        let model = Arc::new(starter_model());
        let patches = Arc::new(SurfacePatches::new(&model));
        SurfaceSampler::new(model, patches)
    }

    /// A picture whose left half has one colour and whose right half another.
    fn halves(left: [u8; 3], right: [u8; 3]) -> RgbImage {
        let half = SIZE as usize / 2;
        let row = [left.repeat(half), right.repeat(half)].concat();
        RgbImage { width: SIZE, height: SIZE, data: row.repeat(SIZE as usize) }
    }

    fn seen(colors: &SurfaceColors) -> Vec<bool> {
        colors.patches().iter().map(|patch| patch.weight > 0).collect()
    }

    #[test]
    fn chest_and_back_are_different_patches() {
        let mut sampler = sampler();
        let image = halves([200, 10, 10], [200, 10, 10]);
        let front = sampler.sample(&image, &[Some(&body(2.5, 0.0))]).remove(0).unwrap();
        let back = sampler.sample(&image, &[Some(&body(2.5, std::f32::consts::PI))]).remove(0).unwrap();
        assert!(front.patches().iter().all(|p| p.weight == 0 || p.rgb == [200, 10, 10]));
        let count = |a: &[bool]| a.iter().filter(|seen| **seen).count();
        let (front, back) = (seen(&front), seen(&back));
        let both: Vec<bool> = front.iter().zip(&back).map(|(a, b)| *a && *b).collect();
        assert!(count(&front) > 120 && count(&back) > 120, "{} {}", count(&front), count(&back));
        assert!(
            count(&both) * 4 < count(&front),
            "{} of {} seen from both sides",
            count(&both),
            count(&front)
        );
    }

    #[test]
    fn what_lies_outside_of_a_mask_gives_no_colour() {
        let mut sampler = sampler();
        let image = halves([255, 0, 0], [0, 0, 255]);
        let estimate = body(2.5, 0.0);
        let whole = sampler.sample(&image, &[Some(&estimate)]).remove(0).unwrap();
        // The left half of the picture, which is red.
        let bbox = BBox::new(0.0, 0.0, SIZE as f32, SIZE as f32);
        let half = Mask { bbox, side: 2, codes: vec![255, 0, 255, 0] };
        let masked = sampler.sample_within(&image, &[Some(&estimate)], &[Some(&half)]).remove(0).unwrap();
        let blue =
            |colors: &SurfaceColors| colors.patches().iter().filter(|p| p.weight > 0 && p.rgb[2] > 0).count();
        assert!(blue(&whole) > 20 && blue(&masked) == 0, "{} {}", blue(&whole), blue(&masked));
        assert!(seen(&masked).iter().zip(seen(&whole)).all(|(masked, whole)| !masked || whole));
        let nobody = Mask { codes: vec![0; 4], ..half };
        assert_eq!(sampler.sample_within(&image, &[Some(&estimate)], &[Some(&nobody)]), [None]);
        assert_eq!(sampler.sample_within(&image, &[Some(&estimate)], &[None]), [Some(whole)]);
    }

    #[test]
    fn a_sampled_body_has_its_bounds() {
        let mut sampler = sampler();
        let estimate = body(2.5, 0.0);
        sampler.sample(&halves([200; 3], [200; 3]), &[None, Some(&estimate)]);
        let bounds = sampler.bounds(1).unwrap();
        let joints: Vec<Vec2> = starter_model()
            .pose_joints(&estimate.smpl, estimate.translation_m)
            .iter()
            .filter_map(|joint| estimate.camera.project(*joint))
            .collect();
        // Skin lies around the joints: at 2.5 m, 200 px are a metre.
        let joints = BBox::around(joints).unwrap();
        let margin = [joints.min - bounds.min, bounds.max - joints.max];
        assert!(
            margin.iter().all(|m| m.cmpgt(Vec2::ZERO).all() && m.cmplt(Vec2::splat(60.0)).all()),
            "{margin:?}"
        );
        assert_eq!(sampler.bounds(0), None);
        assert_eq!(sampler.bounds(2), None);
    }

    #[test]
    fn left_and_right_arms_keep_their_own_colour_and_are_painted_with_it() {
        let mut sampler = sampler();
        let image = halves([255, 0, 0], [0, 0, 255]);
        let estimate = body(2.5, 0.0);
        let colors = sampler.sample(&image, &[Some(&estimate)]).remove(0).unwrap();
        let mut painted = Vec::new();
        sampler.patches.paint(&colors, &mut painted);
        let template = sampler.model.template();
        assert_eq!(painted.len(), template.len());
        let mut checked = 0;
        for (vertex, [r, _, b, known]) in template.iter().zip(painted) {
            // The body's left is at the picture's right.
            if known > 128 && vertex.x.abs() > 0.35 {
                assert_eq!(b > r, vertex.x > 0.0, "{vertex}");
                checked += 1;
            }
        }
        assert!(checked > 50, "{checked}");
    }

    #[test]
    fn who_stands_behind_somebody_shows_nothing() {
        let mut sampler = sampler();
        let image = halves([90, 90, 90], [90, 90, 90]);
        let (near, far) = (body(3.4, 0.0), body(3.6, 0.0));
        let alone = sampler.sample(&image, &[Some(&far)]).remove(0).unwrap();
        let together = sampler.sample(&image, &[Some(&far), None, Some(&near)]);
        let count = |colors: &SurfaceColors| seen(colors).into_iter().filter(|seen| *seen).count();
        let hidden = together[0].as_ref().map_or(0, count);
        // Standing alike close behind one another, the nearer one covers the other but for hands and feet.
        assert!(hidden * 3 < count(&alone), "{hidden} of {} still seen", count(&alone));
        assert!(together[1].is_none());
        assert!(count(together[2].as_ref().unwrap()) > 120);
    }

    #[test]
    fn bodies_out_of_sight_or_of_no_numbers_have_no_colours() {
        let mut sampler = sampler();
        let image = halves([90, 90, 90], [90, 90, 90]);
        let mut behind = body(-3.0, 0.0);
        assert_eq!(sampler.sample(&image, &[Some(&behind)]), [None]);
        behind.translation_m = Vec3::new(f32::NAN, 0.0, 3.0);
        assert_eq!(sampler.sample(&image, &[Some(&behind)]), [None]);
        let aside = BodyEstimate { translation_m: Vec3::new(30.0, 0.0, 3.0), ..body(3.0, 0.0) };
        assert_eq!(sampler.sample(&image, &[Some(&aside)]), [None]);
        assert_eq!(sampler.sample(&RgbImage::default(), &[Some(&body(3.0, 0.0))]), [None]);
        assert_eq!(sampler.sample(&image, &[]), []);
    }
}
