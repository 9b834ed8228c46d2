//! HMR2 (Goel et al., *Humans in 4D*, 2023): pose, shape and camera of the person in a crop.
//!
//! The network's own contract, which every export keeps: `image` B×3×256×192 in, `global_orient` B×1×3×3, `body_pose`
//! B×23×3×3, `betas` B×10 and `pred_cam` B×3 out. Its weights lie in a file beside the graph and can be mapped instead
//! of read: 2.7 GB of them stay pages that the system can drop.

mod bilinear;
mod camera;
mod crop;
mod signature;

use std::path::Path;

use glam::{Mat3, Quat, Vec3};
use ort::session::Session;
use ort::value::{TensorElementType, TensorRef, ValueType};

use super::error::InferenceError;
use super::placement::Placement;
use super::runtime::Runtime;
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT};
use crate::types::{BBox, Camera, Device, RgbImage, SmplParams, WeightsHeld};
pub use signature::{Hmr2Signature, Weights};
pub(super) use signature::{INPUT_IN_WORDS, OUTPUTS_IN_WORDS, is_meant, signature};

use crop::{CROP_LEN, Cropper, HEIGHT, Square, WIDTH};

/// Id of the recoverer, as in `--recoverer`.
pub const HMR2: &str = "hmr2";

/// Whether `id` is HMR2 in one of its precisions.
pub fn is_hmr2(id: &str) -> bool {
    Weights::ALL.iter().any(|weights| weights.model_id() == id)
}

/// The network's input.
const INPUT: &str = "image";

/// A second input that CameraHMR (Patel and Black, 2024) has: where in the picture the crop lies (CLIFF, Li et al., 2022).
const PLACE_INPUT: &str = "bbox_info";

/// Its outputs and the values that each holds for one person.
const OUTPUTS: [(&str, usize); 4] =
    [("global_orient", 9), ("body_pose", 9 * (JOINT_COUNT - 1)), ("betas", BETA_COUNT), ("pred_cam", 3)];

/// People recovered in one run: enough to fill a GPU, and few enough that activations stay small.
pub const BATCH: usize = 8;

/// Pixels of the network's input.
pub const INPUT_PX: usize = WIDTH * HEIGHT;

/// How HMR2 is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Hmr2Options {
    /// Where it runs.
    pub device: Device,
    /// Threads within an operator on the processor.
    pub threads: usize,
    /// How its weights are held.
    pub weights: WeightsHeld,
    /// People recovered in one run, at most.
    pub batch: usize,
}

/// What HMR2 says of one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Hmr2Body {
    /// Pose and shape; the shape is that of the SMPL model and of no other.
    pub smpl: SmplParams,
    /// From the posed body's points to the camera frame, metres.
    pub translation_m: Vec3,
    /// The camera of the whole picture.
    pub camera: Camera,
}

/// A loaded HMR2.
pub struct Hmr2 {
    session: Session,
    device: Device,
    batch: usize,
    cropper: Cropper,
    input: Vec<f32>,
    /// Where in its picture each crop lies.
    places: Vec<f32>,
    asks_place: bool,
}

/// Boxes around the people of a picture.
pub type People<'a> = (&'a RgbImage, &'a [BBox]);

impl Hmr2 {
    /// Loads the network at `path`.
    ///
    /// # Errors
    /// [`InferenceError::ModelMissing`], [`InferenceError::DeviceUnavailable`], [`InferenceError::Load`] (weights that
    /// are absent or cut short too), or [`InferenceError::Contract`] for another network.
    pub fn load(runtime: &Runtime, path: &Path, options: Hmr2Options) -> Result<Self, InferenceError> {
        let Hmr2Options { device, threads, weights, batch } = options;
        // ONNX Runtime refuses weights behind a link; the folder itself may be one.
        let path = path.canonicalize().map_err(|_| InferenceError::ModelMissing { path: path.to_owned() })?;
        let mut builder = Placement { device, threads, weights }.external_session_builder(runtime)?;
        let failed = |error: ort::Error| InferenceError::Load {
            model: HMR2.to_owned(),
            cause: error.message().to_owned(),
        };
        let session = builder.commit_from_file(&path).map_err(failed)?;
        check(&session).map_err(|cause| InferenceError::Contract { model: HMR2.to_owned(), cause })?;
        let asks_place = session.inputs().len() > 1;
        let (cropper, input, places) = (Cropper::default(), Vec::new(), Vec::new());
        Ok(Self { session, device, batch: batch.max(1), cropper, input, places, asks_place })
    }

    /// People recovered in one run, at most.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Where it runs.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The body of the person in each of `boxes`, in their order; `None` for a box without an area and where the network
    /// gives no usable numbers.
    ///
    /// # Errors
    /// [`InferenceError::InvalidImage`], or a network that fails.
    pub fn observe(
        &mut self,
        image: &RgbImage,
        boxes: &[BBox],
    ) -> Result<Vec<Option<Hmr2Body>>, InferenceError> {
        Ok(self.observe_all(&[(image, boxes)])?.pop().unwrap_or_default())
    }

    /// As [`observe`](Self::observe) for each of `pictures`: people of different frames share a run.
    ///
    /// # Errors
    /// As `observe`.
    pub fn observe_all(
        &mut self,
        pictures: &[People<'_>],
    ) -> Result<Vec<Vec<Option<Hmr2Body>>>, InferenceError> {
        let mut bodies: Vec<_> = pictures.iter().map(|(_, boxes)| vec![None; boxes.len()]).collect();
        let seen = squares(pictures);
        for people in seen.chunks(self.batch) {
            self.fill(people)?;
            let outputs = self.run(people.len())?;
            for (person, one) in people.iter().enumerate() {
                let focal_px = self.focal_px(one.image);
                bodies[one.picture][one.index] = decode(&outputs, person, one, focal_px);
            }
        }
        Ok(bodies)
    }

    /// What the network is shown of `boxes`: B×3×256×192, normalised R'G'B', without the boxes that have no area.
    ///
    /// # Errors
    /// [`InferenceError::InvalidImage`].
    pub fn crops(&mut self, image: &RgbImage, boxes: &[BBox]) -> Result<&[f32], InferenceError> {
        self.fill(&squares(&[(image, boxes)]))?;
        Ok(&self.input)
    }

    fn fill(&mut self, people: &[Person<'_>]) -> Result<(), InferenceError> {
        self.input.resize(people.len() * CROP_LEN, 0.0);
        self.places.clear();
        for (person, crop) in people.iter().zip(self.input.chunks_exact_mut(CROP_LEN)) {
            self.cropper.fill(person.image, &person.square, crop)?;
            let (image, focal_px) = (person.image, camera::diagonal_px(person.image));
            self.places.extend(camera::place(&person.square, image.width, image.height, focal_px));
        }
        Ok(())
    }

    /// The outputs in the order of [`OUTPUTS`], each for the `people` crops that were filled.
    fn run(&mut self, people: usize) -> Result<[Vec<f32>; 4], InferenceError> {
        let failed = |error: ort::Error| InferenceError::Run {
            model: HMR2.to_owned(),
            cause: error.message().to_owned(),
        };
        let crops = TensorRef::from_array_view(([people, 3, HEIGHT, WIDTH], self.input.as_slice()));
        let crops = crops.map_err(failed)?;
        let places = TensorRef::from_array_view(([people, 3], self.places.as_slice())).map_err(failed)?;
        let outputs = match self.asks_place {
            true => self.session.run(ort::inputs![INPUT => crops, PLACE_INPUT => places]),
            false => self.session.run(ort::inputs![INPUT => crops]),
        }
        .map_err(failed)?;
        let mut values = [const { Vec::new() }; 4];
        for (values, (name, len)) in values.iter_mut().zip(OUTPUTS) {
            let unusable = |cause: String| InferenceError::Output {
                model: HMR2.to_owned(),
                output: name.to_owned(),
                cause,
            };
            let output = outputs.get(name).ok_or_else(|| unusable("it is absent".to_owned()))?;
            let (shape, found) =
                output.try_extract_tensor::<f32>().map_err(|error| unusable(error.message().to_owned()))?;
            if found.len() != people * len {
                return Err(unusable(format!("its shape is {shape}, not that of {people} people")));
            }
            values.extend_from_slice(found);
        }
        Ok(values)
    }

    /// The focal length that the network takes `image` to have been made with.
    fn focal_px(&self, image: &RgbImage) -> f32 {
        if self.asks_place { camera::diagonal_px(image) } else { camera::trained_px(image) }
    }
}

/// A person to be recovered.
struct Person<'a> {
    /// Which picture, and who of it.
    picture: usize,
    index: usize,
    image: &'a RgbImage,
    square: Square,
}

/// The boxes of `pictures` that have an area.
fn squares<'a>(pictures: &[People<'a>]) -> Vec<Person<'a>> {
    let people = pictures.iter().enumerate().flat_map(|(picture, &(image, boxes))| {
        boxes.iter().enumerate().filter_map(move |(index, bbox)| {
            Some(Person { picture, index, image, square: Square::around(bbox)? })
        })
    });
    people.collect()
}

/// One person of a batch; `None` where a number is not finite or the camera sees nobody before it.
fn decode(outputs: &[Vec<f32>; 4], person: usize, one: &Person<'_>, focal_px: f32) -> Option<Hmr2Body> {
    let Person { image, square, .. } = one;
    let [orient, pose, betas, camera] =
        std::array::from_fn(|output| &outputs[output][person * OUTPUTS[output].1..][..OUTPUTS[output].1]);
    if [orient, pose, betas, camera].into_iter().flatten().any(|value| !value.is_finite()) {
        tracing::warn!("HMR2 gave values that are no numbers for a person; he is skipped");
        return None;
    }
    let (translation_m, camera) =
        camera::full_frame([camera[0], camera[1], camera[2]], square, image.width, image.height, focal_px)?;
    let mut body_pose = [Quat::IDENTITY; JOINT_COUNT - 1];
    for (rotation, rows) in body_pose.iter_mut().zip(pose.as_chunks().0) {
        *rotation = quaternion(rows);
    }
    let smpl = SmplParams {
        global_orient: quaternion(orient.as_chunks().0.first()?),
        body_pose,
        betas: *betas.first_chunk()?,
    };
    Some(Hmr2Body { smpl, translation_m, camera })
}

/// A rotation from its matrix, row by row.
fn quaternion(rows: &[f32; 9]) -> Quat {
    Quat::from_mat3(&Mat3::from_cols_array(rows).transpose()).normalize()
}

/// Compares a session's inputs and outputs with the contract.
fn check(session: &Session) -> Result<(), String> {
    let (input, place) = match session.inputs() {
        [input] => (input, None),
        [input, place] => (input, Some(place)),
        inputs => return Err(format!("it has {} inputs instead of one or two", inputs.len())),
    };
    if let Some(place) = place.filter(|place| place.name() != PLACE_INPUT) {
        return Err(format!("its second input is {}, not {PLACE_INPUT}", place.name()));
    }
    let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = input.dtype() else {
        return Err(format!("its input is {}, not 32-bit floats", input.dtype()));
    };
    if input.name() != INPUT || shape.get(1..) != Some(&[3, HEIGHT as i64, WIDTH as i64]) {
        return Err(format!("its input is {} {shape}, not {INPUT} B×3×{HEIGHT}×{WIDTH}", input.name()));
    }
    if shape.first().is_some_and(|batch| *batch >= 0) {
        return Err("it takes batches of one size alone; export it again with models/export".to_owned());
    }
    let absent = OUTPUTS.iter().find(|(name, _)| !session.outputs().iter().any(|o| o.name() == *name));
    absent.map_or(Ok(()), |(name, _)| Err(format!("it has no output '{name}'")))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array4, ArrayD};
    use ndarray_npy::NpzReader;

    use super::*;
    use crate::inference::test_support::{registry, runtime};

    const OPTIONS: Hmr2Options =
        Hmr2Options { device: Device::Cpu, threads: 1, weights: WeightsHeld::Mapped, batch: BATCH };

    fn tiny() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hmr2/hmr2_tiny.onnx")
    }

    #[test]
    fn outputs_are_those_of_the_reference() {
        let crops = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/golden/hmr2_crops.npz");
        let Ok(crops) = std::fs::File::open(&crops) else {
            println!("skipped: {} is not there", crops.display());
            return;
        };
        let Some(runtime) = runtime() else { return };
        let crops: Array4<f32> = NpzReader::new(crops).unwrap().by_name("frame_075.crops").unwrap();
        let golden = include_bytes!("../../../tests/data/hmr2/hmr2_tiny_io.npz");
        let mut golden = NpzReader::new(std::io::Cursor::new(&golden[..])).unwrap();
        let mut net = Hmr2::load(&runtime, &tiny(), OPTIONS).unwrap();
        net.input = crops.iter().copied().collect();
        net.places = vec![0.0; 6];
        let outputs = net.run(2).unwrap();
        for (values, (name, _)) in outputs.iter().zip(OUTPUTS) {
            let expected: ArrayD<f32> = golden.by_name(name).unwrap();
            assert_eq!(values.len(), expected.len());
            let worst = values.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{name}: {worst}");
        }
    }

    #[test]
    fn people_are_answered_in_order_however_many_they_are() {
        let Some(runtime) = runtime() else { return };
        let mut net = Hmr2::load(&runtime, &tiny(), OPTIONS).unwrap();
        let image = crate::inference::test_support::pattern(300, 200);
        assert_eq!(net.observe(&image, &[]).unwrap(), []);
        let mut boxes: Vec<BBox> =
            (0..BATCH + 2).map(|x| BBox::new(x as f32, 20.0, 60.0 + x as f32, 150.0)).collect();
        boxes[3] = BBox::default();
        let together = net.observe(&image, &boxes).unwrap();
        for (bbox, expected) in boxes.iter().zip(&together) {
            let alone = net.observe(&image, &[*bbox]).unwrap().remove(0);
            let pose = |body: &Option<Hmr2Body>| body.as_ref().map(|body| body.smpl.body_pose[4]);
            match (pose(&alone), pose(expected)) {
                (Some(a), Some(b)) => assert!(a.angle_between(b) < 1e-3),
                (a, b) => assert_eq!(a, b),
            }
        }
        assert_eq!(together[3], None);
        let refused = net.observe(&RgbImage::default(), &boxes);
        assert!(matches!(refused, Err(InferenceError::InvalidImage { .. })));
    }

    #[test]
    fn people_of_several_pictures_share_a_run_and_get_their_own_bodies() {
        let Some(runtime) = runtime() else { return };
        let mut net = Hmr2::load(&runtime, &tiny(), OPTIONS).unwrap();
        let pictures = [(300, 200), (120, 400), (64, 48)]
            .map(|(width, height)| crate::inference::test_support::pattern(width, height));
        let boxes = [BBox::new(10.0, 20.0, 90.0, 150.0), BBox::default(), BBox::new(5.0, 8.0, 50.0, 190.0)];
        let people = [(&pictures[0], &boxes[..]), (&pictures[1], &boxes[..0]), (&pictures[2], &boxes[1..])];
        let together = net.observe_all(&people).unwrap();
        assert_eq!(together.iter().map(Vec::len).collect::<Vec<_>>(), [3, 0, 2]);
        for ((image, boxes), expected) in people.into_iter().zip(&together) {
            let alone = net.observe(image, boxes).unwrap();
            for (a, b) in alone.iter().zip(expected) {
                assert_eq!(a.is_some(), b.is_some());
                if let (Some(a), Some(b)) = (a, b) {
                    assert!(a.smpl.body_pose[4].angle_between(b.smpl.body_pose[4]) < 1e-3);
                    assert!((a.translation_m - b.translation_m).length() < 1e-3 * b.translation_m.length());
                }
            }
        }
    }

    #[test]
    fn a_network_that_asks_is_told_where_the_crop_lies_and_seen_through_the_real_focal_length() {
        let Some(runtime) = runtime() else { return };
        let path = tiny().with_file_name("camera_fp16.onnx");
        let mut net = Hmr2::load(&runtime, &path, OPTIONS).unwrap();
        let image = crate::inference::test_support::pattern(400, 300);
        let boxes = [BBox::new(250.0, 60.0, 310.0, 180.0), BBox::new(20.0, 100.0, 140.0, 180.0)];
        let bodies = net.observe(&image, &boxes).unwrap();
        // The network gives a camera of 0.875, 0, 0 and where the crop lies: see its recipe, and CLIFF's equations 1 and 2.
        let focal = 500.0;
        for (body, (offset, side)) in
            bodies.iter().zip([(Vec3::new(80.0, -30.0, 0.0), 120.0), (Vec3::new(-120.0, -10.0, 0.0), 160.0)])
        {
            let body = body.as_ref().unwrap();
            assert_eq!(body.camera.focal_px, focal);
            let scale = 0.875 + offset.x / focal;
            let shift = Vec3::new(offset.y / focal, side / focal, 0.0);
            let expected = shift + (offset + Vec3::Z * focal) * 2.0 / (side * scale);
            assert!(body.translation_m.distance(expected) < 1e-4 * expected.length(), "{body:?} {expected}");
        }
    }

    #[test]
    fn a_frame_of_30000_pixels_and_numbers_that_are_none_are_survived() {
        let Some(runtime) = runtime() else { return };
        let mut net = Hmr2::load(&runtime, &tiny(), OPTIONS).unwrap();
        let image = crate::inference::test_support::pattern(30_000, 16);
        let boxes = [BBox::new(0.0, 0.0, 30_000.0, 16.0), BBox::new(-3e5, -3e5, 3e5, 3e5)];
        assert!(net.observe(&image, &boxes).unwrap().iter().all(Option::is_some));

        let mut outputs = OUTPUTS.map(|(_, len)| vec![0.5; len]);
        let square = Square::around(&BBox::new(0.0, 0.0, 9.0, 12.0)).unwrap();
        let person = Person { picture: 0, index: 0, image: &image, square };
        assert!(decode(&outputs, 0, &person, 100.0).is_some());
        for output in 0..OUTPUTS.len() {
            for bad in [f32::NAN, f32::INFINITY] {
                let kept = std::mem::replace(&mut outputs[output][1], bad);
                assert_eq!(decode(&outputs, 0, &person, 100.0), None);
                outputs[output][1] = kept;
            }
        }
    }

    #[test]
    fn another_network_and_a_broken_file_are_refused() {
        let Some(runtime) = runtime() else { return };
        let other = registry().path("blazepose-full").unwrap();
        let load = |path: &Path| Hmr2::load(&runtime, path, OPTIONS).err().unwrap();
        assert!(matches!(load(&other), InferenceError::Contract { .. }));
        let folder = tempfile::tempdir().unwrap();
        let cut = folder.path().join("cut.onnx");
        assert!(matches!(load(&cut), InferenceError::ModelMissing { .. }));
        std::fs::write(&cut, &std::fs::read(tiny()).unwrap()[..100_000]).unwrap();
        assert!(matches!(load(&cut), InferenceError::Load { .. }));
    }
}
