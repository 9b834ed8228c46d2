//! The parts of an ONNX file that are read.

use std::collections::BTreeMap;
use std::fmt;

/// An ONNX file without its weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnnxFile {
    /// Version of the file format.
    pub ir_version: i64,
    /// Program that wrote it; may be empty.
    pub producer_name: String,
    /// That program's version; may be empty.
    pub producer_version: String,
    /// Operator sets that the graph is written in.
    pub opsets: Vec<Opset>,
    /// What the writer noted down (`metadata_props`).
    pub metadata: BTreeMap<String, String>,
    /// The graph's inputs, without those that an initializer fills.
    pub inputs: Vec<ValueInfo>,
    /// The graph's outputs.
    pub outputs: Vec<ValueInfo>,
    /// The tensors of the file in its order: initializers, and constants in the attributes of nodes, of the graph, of
    /// the graphs within it, and of the functions beside it.
    pub initializers: Vec<Initializer>,
}

/// A version of a set of operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opset {
    /// Whose operators; empty for ONNX's own.
    pub domain: String,
    /// The version.
    pub version: i64,
}

/// An input or output of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueInfo {
    /// Its name.
    pub name: String,
    /// The type of its elements; `None` where it is no tensor.
    pub element: Option<ElementType>,
    /// Its dimensions; `None` where their number is left open.
    pub shape: Option<Vec<Dimension>>,
}

/// One dimension of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Always this size.
    Known(u64),
    /// Any size, the same wherever the name occurs.
    Symbol(String),
    /// Any size.
    Open,
}

/// A tensor that the file holds or names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initializer {
    /// Its name; empty for most constants of nodes.
    pub name: String,
    /// The type of its elements.
    pub element: ElementType,
    /// Its dimensions, none for a single value.
    pub dims: Vec<u64>,
    /// Size of the values, bytes; 0 for text.
    pub bytes: u64,
    /// Where the values are.
    pub storage: Storage,
}

/// Where the values of a tensor are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In the ONNX file.
    Embedded,
    /// In another file.
    External {
        /// Path to it from the ONNX file's folder, as the file has it: nothing says that it stays in that folder.
        location: String,
        /// First byte.
        offset: u64,
        /// Number of bytes; `None` for all to the end.
        length: Option<u64>,
    },
}

/// The type of a tensor's elements (`TensorProto.DataType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ElementType(pub i64);

impl ElementType {
    /// 32-bit floating point.
    pub const FLOAT: Self = Self(1);
    /// 8-bit unsigned integer.
    pub const UINT8: Self = Self(2);
    /// 8-bit signed integer.
    pub const INT8: Self = Self(3);
    /// 32-bit signed integer.
    pub const INT32: Self = Self(6);
    /// 64-bit signed integer.
    pub const INT64: Self = Self(7);
    /// 16-bit floating point of IEEE 754.
    pub const FLOAT16: Self = Self(10);

    /// Name and bits of the types of ONNX 1.19, from 1 on.
    const TYPES: [(&str, u64); 26] = [
        ("float32", 32),
        ("uint8", 8),
        ("int8", 8),
        ("uint16", 16),
        ("int16", 16),
        ("int32", 32),
        ("int64", 64),
        ("string", 0),
        ("bool", 8),
        ("float16", 16),
        ("float64", 64),
        ("uint32", 32),
        ("uint64", 64),
        ("complex64", 64),
        ("complex128", 128),
        ("bfloat16", 16),
        ("float8e4m3fn", 8),
        ("float8e4m3fnuz", 8),
        ("float8e5m2", 8),
        ("float8e5m2fnuz", 8),
        ("uint4", 4),
        ("int4", 4),
        ("float4e2m1", 4),
        ("float8e8m0", 8),
        ("uint2", 2),
        ("int2", 2),
    ];

    fn entry(self) -> Option<(&'static str, u64)> {
        Self::TYPES.get(usize::try_from(self.0).ok()?.checked_sub(1)?).copied()
    }

    /// Bits of one element, 0 for text; `None` for a type that is not known.
    pub fn bits(self) -> Option<u64> {
        Some(self.entry()?.1)
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry() {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(size) => write!(f, "{size}"),
            Self::Symbol(name) => f.write_str(name),
            Self::Open => f.write_str("?"),
        }
    }
}

impl fmt::Display for ValueInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(shape) = &self.shape {
            let sizes: Vec<String> = shape.iter().map(Dimension::to_string).collect();
            write!(f, " {}", if sizes.is_empty() { "scalar".to_owned() } else { sizes.join("×") })?;
        }
        match self.element {
            Some(element) => write!(f, " ({element})"),
            None => f.write_str(" (not a tensor)"),
        }
    }
}

impl OnnxFile {
    /// The version of ONNX's own operators; `None` where the file names none.
    pub fn opset(&self) -> Option<i64> {
        let own = |set: &&Opset| matches!(set.domain.as_str(), "" | "ai.onnx");
        self.opsets.iter().find(own).map(|set| set.version)
    }

    /// The input of this name.
    pub fn input(&self, name: &str) -> Option<&ValueInfo> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// The output of this name.
    pub fn output(&self, name: &str) -> Option<&ValueInfo> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// Size of all weights, in this file and in others.
    pub fn weight_bytes(&self) -> u64 {
        self.initializers.iter().fold(0, |sum, tensor| sum.saturating_add(tensor.bytes))
    }
}
