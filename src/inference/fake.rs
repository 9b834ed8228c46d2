//! Stand-ins for the networks, so that whatever joins the rooms can be tested without models: they say what they are
//! told to, as slowly as they are told to, and fail when they are told to.

use std::time::Duration;

use glam::{Vec2, Vec3};

use super::{Detector, InferenceError, MeshRecoverer};
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::smpl::JOINT_COUNT;
use crate::types::{BodyEstimate, Camera, Detection, Device, Keypoint, RgbImage, SmplParams};

/// What both fakes do besides answering.
#[derive(Debug, Default)]
struct Behaviour {
    delay: Duration,
    fails_at: Option<u64>,
    calls: u64,
}

impl Behaviour {
    /// Waits, fails where this call is the one to fail, and gives the call's number, from 0.
    fn next_call(&mut self, model: &str) -> Result<u64, InferenceError> {
        std::thread::sleep(self.delay);
        let call = self.calls;
        self.calls += 1;
        if self.fails_at == Some(call) {
            return Err(InferenceError::Run { model: model.to_owned(), cause: "told to fail".to_owned() });
        }
        Ok(call)
    }
}

/// A detector that follows a script.
pub struct FakeDetector {
    script: Box<dyn FnMut(u64) -> Vec<Detection> + Send>,
    behaviour: Behaviour,
}

impl FakeDetector {
    /// A detector that finds `script(n)` in its n-th picture, from 0.
    pub fn new(script: impl FnMut(u64) -> Vec<Detection> + Send + 'static) -> Self {
        Self { script: Box::new(script), behaviour: Behaviour::default() }
    }

    /// A detector that finds `frames[n]` in its n-th picture, and nobody after the last.
    pub fn scripted(frames: Vec<Vec<Detection>>) -> Self {
        Self::new(move |call| {
            usize::try_from(call).ok().and_then(|index| frames.get(index)).cloned().unwrap_or_default()
        })
    }

    /// Takes `delay` for each picture.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.behaviour.delay = delay;
        self
    }

    /// Fails at its picture number `call`, from 0, and at no other.
    #[must_use]
    pub fn failing_at(mut self, call: u64) -> Self {
        self.behaviour.fails_at = Some(call);
        self
    }
}

impl Detector for FakeDetector {
    fn id(&self) -> &str {
        "fake-detector"
    }

    fn device(&self) -> Device {
        Device::Cpu
    }

    fn detect(&mut self, _image: &RgbImage, threshold: f32) -> Result<Vec<Detection>, InferenceError> {
        let call = self.behaviour.next_call("fake-detector")?;
        let mut found = (self.script)(call);
        found.retain(|detection| detection.score >= threshold);
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(found)
    }
}

/// A recoverer that sees in every box a body at rest that faces the camera.
#[derive(Debug, Default)]
pub struct FakeRecoverer {
    behaviour: Behaviour,
}

impl FakeRecoverer {
    /// A recoverer that answers at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `delay` for each picture.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.behaviour.delay = delay;
        self
    }

    /// Fails at its picture number `call`, from 0, and at no other.
    #[must_use]
    pub fn failing_at(mut self, call: u64) -> Self {
        self.behaviour.fails_at = Some(call);
        self
    }
}

impl MeshRecoverer for FakeRecoverer {
    fn id(&self) -> &str {
        "fake-recoverer"
    }

    fn device(&self) -> Device {
        Device::Cpu
    }

    fn recover(
        &mut self,
        image: &RgbImage,
        detections: &[Detection],
    ) -> Result<Vec<Option<BodyEstimate>>, InferenceError> {
        self.behaviour.next_call("fake-recoverer")?;
        let recover = |d: &Detection| d.bbox.is_valid().then(|| body_in(d, image.width, image.height));
        Ok(detections.iter().map(recover).collect())
    }
}

/// Joints of a body at rest, arms to the sides, in the body frame with the pelvis at the origin, metres.
const REST_JOINTS_M: [Vec3; JOINT_COUNT] = [
    Vec3::new(0.0, 0.0, 0.0),
    Vec3::new(0.08, -0.09, 0.0),
    Vec3::new(-0.08, -0.09, 0.0),
    Vec3::new(0.0, 0.12, -0.02),
    Vec3::new(0.09, -0.47, 0.0),
    Vec3::new(-0.09, -0.47, 0.0),
    Vec3::new(0.0, 0.25, -0.02),
    Vec3::new(0.09, -0.87, -0.03),
    Vec3::new(-0.09, -0.87, -0.03),
    Vec3::new(0.0, 0.31, 0.0),
    Vec3::new(0.11, -0.92, 0.09),
    Vec3::new(-0.11, -0.92, 0.09),
    Vec3::new(0.0, 0.52, -0.03),
    Vec3::new(0.08, 0.43, -0.02),
    Vec3::new(-0.08, 0.43, -0.02),
    Vec3::new(0.0, 0.6, 0.02),
    Vec3::new(0.18, 0.44, -0.03),
    Vec3::new(-0.18, 0.44, -0.03),
    Vec3::new(0.44, 0.43, -0.05),
    Vec3::new(-0.44, 0.43, -0.05),
    Vec3::new(0.69, 0.44, -0.05),
    Vec3::new(-0.69, 0.44, -0.05),
    Vec3::new(0.77, 0.43, -0.06),
    Vec3::new(-0.77, 0.43, -0.06),
];

/// For each COCO keypoint the joint that stands for it; the head for the whole face.
const COCO_JOINTS: [usize; COCO_KEYPOINT_COUNT] =
    [15, 15, 15, 15, 15, 16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8];

/// Height and width that the body needs, with flesh around its joints, metres.
const BODY_SIZE_M: Vec2 = Vec2::new(1.8, 1.9);

/// The body at rest, as far away that it just fits into the detection's box.
fn body_in(detection: &Detection, width: u32, height: u32) -> BodyEstimate {
    let smpl = SmplParams::facing_camera();
    let camera = Camera::centered(1.2 * width.max(height) as f32, width, height);
    let px_per_m = (detection.bbox.size() / BODY_SIZE_M).min_element();
    let depth_m = camera.focal_px / px_per_m;
    let center_m = (detection.bbox.center() - camera.center_px) / px_per_m;
    // The box's middle is a little below the hips.
    let translation_m = center_m.extend(depth_m) + smpl.global_orient * Vec3::new(0.0, 0.15, 0.0);
    let joints_3d = REST_JOINTS_M.map(|joint| smpl.global_orient * joint + translation_m);
    let joints_2d = COCO_JOINTS.map(|joint| match camera.project(joints_3d[joint]) {
        Some(position) => Keypoint { position, score: detection.score },
        None => Keypoint::default(),
    });
    BodyEstimate {
        joints_2d,
        joints_3d,
        smpl,
        translation_m,
        camera,
        depth_cues: None,
        joint_sigma_m: None,
        confidence: detection.score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BBox;

    fn detection(score: f32) -> Detection {
        Detection { bbox: BBox::new(100.0, 50.0, 200.0, 300.0), score }
    }

    fn image() -> RgbImage {
        RgbImage { width: 640, height: 360, data: vec![0; 640 * 360 * 3] }
    }

    #[test]
    fn a_detector_follows_its_script_and_fails_once() {
        let script = vec![vec![detection(0.2), detection(0.9)], vec![], vec![detection(0.8)]];
        let mut detector = FakeDetector::scripted(script).failing_at(1);
        assert_eq!(detector.detect(&image(), 0.1).unwrap(), [detection(0.9), detection(0.2)]);
        assert!(matches!(detector.detect(&image(), 0.1), Err(InferenceError::Run { .. })));
        assert_eq!(detector.detect(&image(), 0.1).unwrap(), [detection(0.8)]);
        assert_eq!(detector.detect(&image(), 0.1).unwrap(), []);
    }

    #[test]
    fn a_body_faces_the_camera_inside_its_box() {
        let nowhere = Detection { bbox: BBox::default(), score: 1.0 };
        let bodies = FakeRecoverer::new().recover(&image(), &[detection(0.7), nowhere]).unwrap();
        let [Some(body), None] = bodies.as_slice() else { panic!("{bodies:?}") };
        let bbox = detection(0.7).bbox;
        for keypoint in body.joints_2d {
            assert!(keypoint.position.cmpge(bbox.min).all() && keypoint.position.cmple(bbox.max).all());
        }
        // The left shoulder is on the right of the picture, the head above the ankles, the toes before the heels.
        assert!(body.joints_2d[5].position.x > body.joints_2d[6].position.x);
        assert!(body.joints_2d[0].position.y < body.joints_2d[15].position.y);
        assert!(body.joints_3d[10].z < body.joints_3d[7].z);
    }
}
