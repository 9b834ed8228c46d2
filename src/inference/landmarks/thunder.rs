//! MoveNet Thunder: COCO keypoints of the person in a crop.

use glam::Vec2;

use crate::inference::contract::SingleposeContract;
use crate::inference::error::InferenceError;
use crate::inference::preprocess::{CropRegion, Cropper, InputTensor};
use crate::inference::session::Network;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::{BBox, Device, Keypoint, RgbImage};

/// The keypoint on the other side of the body, for each keypoint.
const MIRRORED: [usize; COCO_KEYPOINT_COUNT] = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15];

/// A loaded Thunder.
pub(super) struct Thunder {
    network: Network,
    contract: SingleposeContract,
    flip_average: bool,
    cropper: Cropper,
    input: InputTensor,
}

impl Thunder {
    pub fn new(network: Network, contract: SingleposeContract, flip_average: bool) -> Self {
        let input = InputTensor::new(&contract.input);
        Self { network, contract, flip_average, cropper: Cropper::default(), input }
    }

    pub fn device(&self) -> Device {
        self.network.device()
    }

    /// The keypoints of the person in `bbox`.
    pub fn observe(
        &mut self,
        image: &RgbImage,
        bbox: &BBox,
    ) -> Result<[Keypoint; COCO_KEYPOINT_COUNT], InferenceError> {
        let region = CropRegion::around(bbox, self.contract.crop_scale)?;
        let mut keypoints = self.run(image, &region, false)?;
        if self.flip_average {
            let mirrored = self.run(image, &region, true)?;
            for (keypoint, other) in keypoints.iter_mut().zip(unmirrored(mirrored)) {
                keypoint.position = (keypoint.position + other.position) / 2.0;
                keypoint.score = (keypoint.score + other.score) / 2.0;
            }
        }
        Ok(keypoints.map(|k| Keypoint { position: region.picture_from_crop(k.position), score: k.score }))
    }

    /// The keypoints in `region`, as fractions of the crop, which is `mirror`ed or not.
    fn run(
        &mut self,
        image: &RgbImage,
        region: &CropRegion,
        mirror: bool,
    ) -> Result<[Keypoint; COCO_KEYPOINT_COUNT], InferenceError> {
        self.cropper.fill(image, region, mirror, &mut self.input)?;
        let outputs = self.network.run(&self.input)?;
        let values = outputs.finite_values(&self.contract.output, &[1, 1, COCO_KEYPOINT_COUNT, 3])?;
        let mut keypoints = [Keypoint::default(); COCO_KEYPOINT_COUNT];
        for (keypoint, &[y, x, score]) in keypoints.iter_mut().zip(values.as_chunks().0) {
            *keypoint = Keypoint { position: Vec2::new(x, y), score: score.clamp(0.0, 1.0) };
        }
        Ok(keypoints)
    }
}

/// Keypoints of a mirror image as those of the picture: left and right exchanged, and x from the other edge.
fn unmirrored(mirrored: [Keypoint; COCO_KEYPOINT_COUNT]) -> [Keypoint; COCO_KEYPOINT_COUNT] {
    MIRRORED.map(|index| {
        let Keypoint { position, score } = mirrored[index];
        Keypoint { position: Vec2::new(1.0 - position.x, position.y), score }
    })
}
