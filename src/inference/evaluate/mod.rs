//! How good a detector or a keypoint network is, by COCO's measures.

mod average_precision;
mod keypoint_similarity;

pub use average_precision::{AveragePrecision, ImageResult, Truth, average_precision};
pub use keypoint_similarity::object_keypoint_similarity;
