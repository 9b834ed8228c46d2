//! What an ONNX file says of itself, read without loading its weights.
//!
//! A network of gigabytes is judged before it is run: which inputs and outputs it has, which operators' version it
//! speaks, how large its weights are and in which files they lie. Loading it into ONNX Runtime to ask the same would
//! take seconds and its whole size in memory, and would open every file that it names. [`OnnxFile::open`] walks the
//! fields of the protobuf message (<https://protobuf.dev/programming-guides/encoding>, `onnx.proto` of ONNX 1.19) and
//! seeks past all tensor data, so that it reads kilobytes of a file of any size.
//!
//! The file may be hostile: nesting, lengths, and the memory that is kept are bounded, and nothing that it names is
//! opened here.

mod external;
mod model;
mod parse;
mod wire;

pub use external::WeightFile;
pub use model::{Dimension, ElementType, Initializer, OnnxFile, Opset, Storage, ValueInfo};

#[cfg(test)]
mod tests;
