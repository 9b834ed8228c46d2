//! Fake pictures that carry their number, and the person whom they stand for.

use snowmesh::types::{BBox, RgbImage};

/// The number painted into the upper half of a fake picture, 16 cells from the highest bit.
pub fn number_in(image: &RgbImage) -> u64 {
    let row = image.height as usize / 4 * image.width as usize;
    (0..16).fold(0, |number, cell| {
        let x = (2 * cell + 1) * image.width as usize / 32;
        number << 1 | u64::from(image.data[(row + x) * 3] > 125)
    })
}

/// Where the person is in the frame with this number: he moves right by two pixels a frame.
pub fn true_box(frame: u64) -> BBox {
    BBox::new(20.0 + 2.0 * frame as f32, 40.0, 60.0 + 2.0 * frame as f32, 120.0)
}
