//! BlazePose GHUM: 33 landmarks in metres of the person in a crop (Grishchenko et al., BlazePose GHUM Holistic, 2022).
//!
//! It wants to see the person in the place and the upright attitude that it was trained on, in a crop that a circle
//! around the body defines. Where the caller knows no such circle, a first run finds one: two auxiliary landmarks span
//! it.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use glam::{Mat2, Vec2, Vec3};

use crate::inference::contract::BlazeposeContract;
use crate::inference::error::InferenceError;
use crate::inference::preprocess::{CropRegion, Cropper, InputTensor};
use crate::inference::session::Network;
use crate::types::landmarks::BLAZEPOSE_COUNT;
use crate::types::{BBox, RgbImage};

/// Landmarks in the outputs, with the auxiliary ones.
const OUTPUT_COUNT: usize = 39;

/// Values for each landmark in the crop: x, y, z, visibility, presence.
const LANDMARK_LEN: usize = 5;

/// The auxiliary landmark in the middle of the hips.
const CIRCLE_CENTER: usize = 33;

/// The auxiliary landmark above the head of an upright body, on the circle around it.
const CIRCLE_TOP: usize = 34;

/// The body's landmarks without their places in the picture.
pub(super) struct WorldLandmarks {
    /// As [`Landmarks::world_m`](crate::types::Landmarks::world_m).
    pub world_m: [Vec3; BLAZEPOSE_COUNT],
    /// 0 to 1.
    pub visibility: [f32; BLAZEPOSE_COUNT],
    /// 0 to 1.
    pub presence: f32,
}

/// A loaded BlazePose.
pub(super) struct Blazepose {
    network: Network,
    contract: BlazeposeContract,
    cropper: Cropper,
    input: InputTensor,
}

impl Blazepose {
    pub fn new(network: Network, contract: BlazeposeContract) -> Self {
        let input = InputTensor::new(&contract.input);
        Self { network, contract, cropper: Cropper::default(), input }
    }

    /// The landmarks of the person in `bbox`; `circle` is the centre and topmost point of the circle around him, where
    /// it is known.
    pub fn observe(
        &mut self,
        image: &RgbImage,
        bbox: &BBox,
        circle: Option<[Vec2; 2]>,
    ) -> Result<WorldLandmarks, InferenceError> {
        let scale = self.contract.refined_scale;
        let known = circle.map(|[center, top]| region_of_circle(center, top, scale));
        if let Some(region) = known.filter(CropRegion::is_usable) {
            return Ok(self.run(image, &region)?.0);
        }
        let first = CropRegion::around(bbox, self.contract.crop_scale)?;
        let (landmarks, refined) = self.run(image, &first)?;
        // Where nobody is, the circle may be a point, or lie anywhere.
        if refined.is_usable() { Ok(self.run(image, &refined)?.0) } else { Ok(landmarks) }
    }

    /// The landmarks of the person in `region`, and the region for the next run.
    fn run(
        &mut self,
        image: &RgbImage,
        region: &CropRegion,
    ) -> Result<(WorldLandmarks, CropRegion), InferenceError> {
        let contract = &self.contract;
        self.cropper.fill(image, region, false, &mut self.input)?;
        let outputs = self.network.run(&self.input)?;
        let landmarks = outputs.finite_values(&contract.landmarks, &[1, OUTPUT_COUNT * LANDMARK_LEN])?;
        let world = outputs.finite_values(&contract.world, &[1, OUTPUT_COUNT * 3])?;
        let presence = outputs.finite_values(&contract.presence, &[1, 1])?;

        let landmarks = landmarks.as_chunks::<LANDMARK_LEN>().0;
        let mut visibility = [0.0; BLAZEPOSE_COUNT];
        for (value, &[.., logit, _]) in visibility.iter_mut().zip(landmarks) {
            *value = sigmoid(logit);
        }
        let mut world_m = [Vec3::ZERO; BLAZEPOSE_COUNT];
        let picture_from_crop = Mat2::from_angle(region.rotation_rad);
        for (point, &[x, y, z]) in world_m.iter_mut().zip(world.as_chunks().0) {
            *point = (picture_from_crop * Vec2::new(x, y)).extend(z);
        }
        let side = contract.input.side as f32;
        let in_picture = |index: usize| {
            let [x, y, ..] = landmarks[index];
            region.picture_from_crop(Vec2::new(x, y) / side)
        };
        let refined =
            region_of_circle(in_picture(CIRCLE_CENTER), in_picture(CIRCLE_TOP), contract.refined_scale);
        let presence = presence[0].clamp(0.0, 1.0);
        Ok((WorldLandmarks { world_m, visibility, presence }, refined))
    }
}

/// The crop around a body whose circle has this centre and this topmost point: turned so that the top is up, and
/// `scale` radii wide.
fn region_of_circle(center: Vec2, top: Vec2, scale: f32) -> CropRegion {
    let up = top - center;
    let turn = FRAC_PI_2 - (-up.y).atan2(up.x);
    let rotation_rad = (turn + PI).rem_euclid(TAU) - PI;
    CropRegion { center, side_px: up.length() * scale, rotation_rad }
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_crop_is_upright_for_an_upright_body_and_turns_with_it() {
        let center = Vec2::new(100.0, 80.0);
        let upright = region_of_circle(center, Vec2::new(100.0, 40.0), 2.5);
        assert_eq!(upright.center, center);
        assert!((upright.side_px - 100.0).abs() < 1e-3 && upright.rotation_rad.abs() < 1e-6);
        // A body that lies with the head to the right of the picture is turned a quarter clockwise.
        let lying = region_of_circle(center, Vec2::new(140.0, 80.0), 2.5);
        assert!((lying.rotation_rad - FRAC_PI_2).abs() < 1e-6);
        let head_in_crop = lying.picture_from_crop(Vec2::new(0.5, 0.1));
        assert!(head_in_crop.distance(Vec2::new(140.0, 80.0)) < 1e-3, "{head_in_crop}");
    }

    #[test]
    fn a_circle_without_a_radius_is_not_looked_at() {
        assert!(!region_of_circle(Vec2::ONE, Vec2::ONE, 2.5).is_usable());
        assert!(!region_of_circle(Vec2::NAN, Vec2::ONE, 2.5).is_usable());
    }
}
