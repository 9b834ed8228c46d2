//! What a user's ONNX file is, told by its inputs and outputs before it is loaded.

use super::hmr2::{self, Hmr2Signature};
use super::onnx_file::{OnnxFile, ValueInfo};

/// A network that this program can use.
#[derive(Clone, Debug, PartialEq)]
pub enum Recognized {
    /// A recoverer with HMR2's contract.
    Hmr2(Hmr2Signature),
}

/// Tells what a file is.
///
/// # Errors
/// Every mismatch where it is nearly something; else what its inputs and outputs are and what is looked for.
pub fn recognize(file: &OnnxFile) -> Result<Recognized, String> {
    if hmr2::is_meant(file) {
        return hmr2::signature(file).map(Recognized::Hmr2);
    }
    let list = |values: &[ValueInfo]| values.iter().map(ValueInfo::to_string).collect::<Vec<_>>().join(", ");
    Err(format!(
        "it is no network that this program knows: it takes {} and gives {}; HMR2 takes {} and gives {}",
        list(&file.inputs),
        list(&file.outputs),
        hmr2::INPUT_IN_WORDS,
        hmr2::OUTPUTS_IN_WORDS,
    ))
}
