//! What the landmark networks see of one person: where the keypoints are in the picture, and which way the bones
//! point in space.
//!
//! Two networks share the work, since each is the better one at its part: over 56 people of COCO, MoveNet Thunder's
//! keypoints reach a mean OKS of .721 and BlazePose's .416, while only BlazePose gives depth.

mod blazepose;
mod circle;
mod thunder;

use glam::Vec2;

use super::contract::NetworkContract;
use super::error::InferenceError;
use super::manifest::Role;
use super::placement::Placement;
use super::registry::Registry;
use super::runtime::Runtime;
use super::session::Network;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::{BBox, Device, Keypoint, Landmarks, RgbImage, WeightsHeld};
use blazepose::{Blazepose, WorldLandmarks};
use thunder::Thunder;

/// Id of the recoverer whose parts these networks are.
pub const LANDMARK_FIT: &str = "landmark-fit";

/// How much to spend on one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LandmarkOptions {
    /// Run Thunder on the mirror image too and average: one more run, and a mean OKS of .727 instead of .721 over 56
    /// people of COCO.
    pub flip_average: bool,
}

/// The landmark networks, loaded.
pub struct LandmarkNet {
    keypoints: Thunder,
    landmarks: Blazepose,
}

impl LandmarkNet {
    /// Loads the networks of [`LANDMARK_FIT`] on `device`, each with `threads` threads within an operator where it
    /// runs on the processor.
    ///
    /// # Errors
    /// [`InferenceError::DeviceUnavailable`] where `device` cannot be used; and what [`Registry::verify`] and loading
    /// can give.
    pub fn load(
        runtime: &Runtime,
        registry: &Registry,
        device: Device,
        threads: usize,
        options: LandmarkOptions,
    ) -> Result<Self, InferenceError> {
        let placement = Placement { device, threads, weights: WeightsHeld::Copied };
        let unfit = |id: &str| InferenceError::Contract {
            model: id.to_owned(),
            cause: "its network is of no family that does this".to_owned(),
        };
        let keypoints = registry.part(LANDMARK_FIT, Role::Keypoints2d)?;
        let Some(contract @ NetworkContract::MovenetSinglepose(own)) = &keypoints.network else {
            return Err(unfit(&keypoints.id));
        };
        let network = Network::load(runtime, registry, keypoints, contract, placement)?;
        let keypoints = Thunder::new(network, own.clone(), options.flip_average);

        let landmarks = registry.part(LANDMARK_FIT, Role::Landmarks3d)?;
        let Some(contract @ NetworkContract::Blazepose(own)) = &landmarks.network else {
            return Err(unfit(&landmarks.id));
        };
        let network = Network::load(runtime, registry, landmarks, contract, placement)?;
        let landmarks = Blazepose::new(network, own.clone());
        Ok(Self { keypoints, landmarks })
    }

    /// Where the networks run.
    pub fn device(&self) -> Device {
        self.keypoints.device()
    }

    /// What is seen of the person in `bbox`, picture pixels.
    ///
    /// The networks answer whether or not there is a person: judge by the keypoints' scores and by `presence`.
    ///
    /// # Errors
    /// [`InferenceError::InvalidBox`], [`InferenceError::InvalidImage`], or a network that fails or gives values that
    /// are no numbers.
    pub fn observe(&mut self, image: &RgbImage, bbox: BBox) -> Result<Landmarks, InferenceError> {
        let keypoints = self.keypoints.observe(image, &bbox)?;
        let circle = circle::body_circle(&keypoints);
        self.with_landmarks(keypoints, image, &bbox, circle)
    }

    /// Adds what BlazePose sees within `circle`, or within the one that it finds itself.
    pub(super) fn with_landmarks(
        &mut self,
        keypoints: [Keypoint; COCO_KEYPOINT_COUNT],
        image: &RgbImage,
        bbox: &BBox,
        circle: Option<[Vec2; 2]>,
    ) -> Result<Landmarks, InferenceError> {
        let WorldLandmarks { world_m, visibility, presence } = self.landmarks.observe(image, bbox, circle)?;
        Ok(Landmarks { keypoints, world_m, visibility, presence })
    }
}
