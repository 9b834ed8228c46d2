//! HMR2's contract, compared with what an ONNX file says of itself.

use std::collections::BTreeMap;
use std::fmt;

use super::{HEIGHT, HMR2, INPUT, OUTPUTS, PLACE_INPUT, WIDTH};
use crate::inference::onnx_file::{Dimension, ElementType, OnnxFile, ValueInfo};

/// Newest version of ONNX's operators that the oldest ONNX Runtime in use runs.
const NEWEST_OPSET: i64 = 24;

/// Oldest version that has what the exporter writes.
const OLDEST_OPSET: i64 = 11;

/// The input in words.
pub const INPUT_IN_WORDS: &str = "image B×3×256×192 (float32)";

/// The second input of CameraHMR in words.
const PLACE_IN_WORDS: &str = "bbox_info B×3 (float32), CameraHMR's second input";

/// The outputs in words.
pub const OUTPUTS_IN_WORDS: &str = "global_orient B×1×3×3, body_pose B×23×3×3, betas B×10, pred_cam B×3";

/// Shapes of the outputs behind the batch.
const SHAPES: [&[u64]; 4] = [&[1, 3, 3], &[23, 3, 3], &[10], &[3]];

/// The numbers that most weights are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// 32-bit floating point.
    Fp32,
    /// 16-bit floating point, for GPUs.
    Fp16,
    /// 8-bit integers, for processors.
    Int8,
}

impl Weights {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fp32, Self::Fp16, Self::Int8];

    /// Id of HMR2 with such weights.
    pub fn model_id(self) -> &'static str {
        match self {
            Self::Fp32 => HMR2,
            Self::Fp16 => "hmr2-fp16",
            Self::Int8 => "hmr2-int8",
        }
    }
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
        })
    }
}

/// What an HMR2 file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hmr2Signature {
    /// The numbers that most weights are kept in.
    pub weights: Weights,
}

/// Whether a file is meant to be HMR2: it says something that no other network does.
pub fn is_meant(file: &OnnxFile) -> bool {
    OUTPUTS.iter().any(|(name, _)| *name != "betas" && file.output(name).is_some())
}

/// Holds a file against the contract.
///
/// # Errors
/// Every mismatch, in words.
pub fn signature(file: &OnnxFile) -> Result<Hmr2Signature, String> {
    let mut wrong = Vec::new();
    let image: (&str, &[u64]) = (INPUT, &[3, HEIGHT as u64, WIDTH as u64]);
    match file.inputs.as_slice() {
        [input] => check(&mut wrong, Some(input), image, INPUT_IN_WORDS),
        [input, place] => {
            check(&mut wrong, Some(input), image, INPUT_IN_WORDS);
            check(&mut wrong, Some(place), (PLACE_INPUT, &[3]), PLACE_IN_WORDS);
        }
        inputs => wrong.push(format!("it has {} inputs instead of {INPUT_IN_WORDS}", inputs.len())),
    }
    for ((name, _), shape) in OUTPUTS.iter().zip(SHAPES) {
        check(&mut wrong, file.output(name), (name, shape), OUTPUTS_IN_WORDS);
    }
    match file.opset() {
        None => wrong.push("it names no version of ONNX's operators".to_owned()),
        Some(opset) if !(OLDEST_OPSET..=NEWEST_OPSET).contains(&opset) => wrong.push(format!(
            "it is written in version {opset} of ONNX's operators, not {OLDEST_OPSET} to {NEWEST_OPSET}"
        )),
        Some(_) => {}
    }
    for set in &file.opsets {
        if !matches!(set.domain.as_str(), "" | "ai.onnx" | "ai.onnx.ml" | "com.microsoft") {
            wrong.push(format!("it needs operators of '{}', which ONNX Runtime does not have", set.domain));
        }
    }
    if wrong.is_empty() {
        return Ok(Hmr2Signature { weights: weights(file) });
    }
    Err(format!("it is not HMR2 as models/export makes it: {}", wrong.join("; ")))
}

/// Compares one input or output, whose first dimension must be open.
fn check(wrong: &mut Vec<String>, found: Option<&ValueInfo>, (name, shape): (&str, &[u64]), words: &str) {
    let Some(found) = found else {
        wrong.push(format!("it has no {name} (of {words})"));
        return;
    };
    if found.name != name {
        wrong.push(format!("it has {found} where {name} belongs (of {words})"));
        return;
    }
    if found.element != Some(ElementType::FLOAT) {
        wrong.push(format!("{found} is not of 32-bit floats"));
    }
    // Outputs whose shape a writer leaves open are looked at when it is run.
    let Some(dimensions) = &found.shape else { return };
    let [batch, rest @ ..] = dimensions.as_slice() else {
        wrong.push(format!("{found} is not of {words}"));
        return;
    };
    if name == INPUT && matches!(batch, Dimension::Known(_)) {
        wrong.push(format!("{found} takes batches of one size alone; export it again with models/export"));
    }
    let fits = |(found, wanted): (&Dimension, &u64)| match found {
        Dimension::Known(size) => size == wanted,
        // An output's size may be left to be found out.
        Dimension::Symbol(_) | Dimension::Open => name != INPUT,
    };
    if rest.len() != shape.len() || !rest.iter().zip(shape).all(fits) {
        wrong.push(format!("{found} is not of {words}"));
    }
}

/// The kind of number with most bytes of weights.
fn weights(file: &OnnxFile) -> Weights {
    let mut bytes = BTreeMap::<ElementType, u64>::new();
    for tensor in &file.initializers {
        *bytes.entry(tensor.element).or_default() += tensor.bytes;
    }
    match bytes.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(element, _)| element) {
        Some(ElementType::FLOAT16) => Weights::Fp16,
        Some(ElementType::INT8 | ElementType::UINT8) => Weights::Int8,
        _ => Weights::Fp32,
    }
}
