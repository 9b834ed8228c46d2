//! What a user's ONNX file is, told by its inputs and outputs before it is loaded.

mod detector;

use super::contract::NetworkContract;
use super::hmr2::{self, Hmr2Signature};
use super::onnx_file::{OnnxFile, ValueInfo};

pub use detector::family_name;

/// A network that this program can use.
#[derive(Clone, Debug)]
pub enum Recognized {
    /// A recoverer with HMR2's contract.
    Hmr2(Hmr2Signature),
    /// A detector, and how it is fed and read.
    Detector(Box<NetworkContract>),
}

/// Tells what a file is.
///
/// # Errors
/// Every mismatch where it is nearly something; else what its inputs and outputs are and what is looked for.
pub fn recognize(file: &OnnxFile) -> Result<Recognized, String> {
    if hmr2::is_meant(file) {
        return hmr2::signature(file).map(Recognized::Hmr2);
    }
    if let Some(contract) = detector::detector(file) {
        return Ok(Recognized::Detector(Box::new(contract)));
    }
    let list = |values: &[ValueInfo]| values.iter().map(ValueInfo::to_string).collect::<Vec<_>>().join(", ");
    Err(format!(
        "it is no network that this program knows: it takes {} and gives {}; HMR2 takes {} and gives {}; \
         detectors that are known are {}",
        list(&file.inputs),
        list(&file.outputs),
        hmr2::INPUT_IN_WORDS,
        hmr2::OUTPUTS_IN_WORDS,
        detector::FAMILIES,
    ))
}
