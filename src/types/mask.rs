//! The shape of somebody within his box.

use super::geometry::BBox;

/// How likely each part of a box is somebody, as a small square of codes stretched over the box.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// The box, picture pixels.
    pub bbox: BBox,
    /// Codes in a row and in a column.
    pub side: usize,
    /// side × side, 0 to 255, row by row from the top left.
    pub codes: Vec<u8>,
}

impl Mask {
    /// Code from which a place is somebody: half way.
    pub const INSIDE: u8 = 128;
}
