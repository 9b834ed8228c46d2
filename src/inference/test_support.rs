//! What the room's tests share: the runtime where there is one, the program's own models, and pictures.

use std::path::{Path, PathBuf};

use super::contract::{Channels, Element, InputContract, Layout};
use super::error::InferenceError;
use super::registry::Registry;
use super::runtime::Runtime;
use crate::types::RgbImage;

/// ONNX Runtime, or `None` with a printed reason where this machine has none.
pub(super) fn runtime() -> Option<Runtime> {
    match Runtime::start(None) {
        Ok(runtime) => Some(runtime),
        Err(error @ InferenceError::RuntimeMissing { .. }) => {
            println!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The program's own models.
pub(super) fn registry() -> Registry {
    Registry::open(Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models"))).unwrap()
}

/// A file that `tests/data/make_inference_golden.py` has written.
pub(super) fn golden_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/inference").join(name)
}

/// A golden picture.
pub(super) fn golden_image(name: &str) -> RgbImage {
    let image = image::open(golden_path(&format!("{name}.png"))).unwrap().to_rgb8();
    RgbImage { width: image.width(), height: image.height(), data: image.into_raw() }
}

/// The codes of a golden picture, as [`plain_contract`]'s tensors hold them.
pub(super) fn golden_codes(name: &str) -> Vec<f32> {
    golden_image(name).data.into_iter().map(f32::from).collect()
}

/// The picture that the golden resampling was made from: ramps, edges and circles.
pub(super) fn pattern(width: u32, height: u32) -> RgbImage {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let data = pixels.flat_map(|(x, y)| {
        let checks = if (x / 8 + y / 8) % 2 == 0 { 40 } else { 220 };
        [(x * 5 + y * 3) as u8, checks, ((x * x + y * y) / 64) as u8]
    });
    RgbImage { width, height, data: data.collect() }
}

/// An input that holds the codes of an RGB picture unchanged.
pub(super) fn plain_contract(side: usize) -> InputContract {
    InputContract {
        name: "x".to_owned(),
        layout: Layout::Nhwc,
        element: Element::Float32,
        side,
        channels: Channels::Rgb,
        mean: [0.0; 3],
        std: [1.0; 3],
    }
}
