//! The messages of `onnx.proto`.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::model::{Dimension, ElementType, Initializer, OnnxFile, Opset, Storage, ValueInfo};
use super::wire::{Payload, Wire};
use crate::inference::InferenceError;

impl OnnxFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`InferenceError::ModelMissing`], or [`InferenceError::OnnxFile`] where it is no ONNX file or is cut short.
    pub fn open(path: &Path) -> Result<Self, InferenceError> {
        if !path.is_file() {
            return Err(InferenceError::ModelMissing { path: path.to_owned() });
        }
        let unreadable = |cause| InferenceError::ModelUnreadable { path: path.to_owned(), cause };
        let file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        Self::read(file, bytes).map_err(|cause| InferenceError::OnnxFile { path: path.to_owned(), cause })
    }

    /// Reads the ONNX file of `bytes` bytes that `reader` is at the start of.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(reader: impl Read + Seek, bytes: u64) -> Result<Self, String> {
        let mut wire = Wire::new(reader);
        let mut file = Self::default();
        let mut has_graph = false;
        // ModelProto
        wire.message(bytes, |wire, number, payload| {
            match (number, payload) {
                (1, Payload::Varint(version)) => file.ir_version = version.cast_signed(),
                (2, Payload::Bytes { end }) => file.producer_name = wire.text(end)?,
                (3, Payload::Bytes { end }) => file.producer_version = wire.text(end)?,
                (7, Payload::Bytes { end }) => {
                    has_graph = true;
                    graph(wire, end, &mut file, true)?;
                }
                (8, Payload::Bytes { end }) => file.opsets.push(opset(wire, end)?),
                (14, Payload::Bytes { end }) => file.metadata.extend([pair(wire, end)?]),
                (25, Payload::Bytes { end }) => function(wire, end, &mut file)?,
                _ => {}
            }
            Ok(())
        })?;
        if !has_graph || file.ir_version == 0 {
            return Err("it is no ONNX file: it has no graph or no format version".to_owned());
        }
        let OnnxFile { inputs, initializers, .. } = &mut file;
        // Up to format version 3 every initializer is an input too.
        let filled: std::collections::HashSet<&str> = initializers.iter().map(|t| t.name.as_str()).collect();
        inputs.retain(|input| !filled.contains(input.name.as_str()));
        Ok(file)
    }
}

/// What the walkers of messages without a value of their own give.
type Walked = Result<(), String>;

/// OperatorSetIdProto
fn opset<R: Read + Seek>(wire: &mut Wire<R>, end: u64) -> Result<Opset, String> {
    let mut set = Opset::default();
    wire.keep(size_of::<Opset>())?;
    wire.message(end, |wire, number, payload| {
        match (number, payload) {
            (1, Payload::Bytes { end }) => set.domain = wire.text(end)?,
            (2, Payload::Varint(version)) => set.version = version.cast_signed(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(set)
}

/// StringStringEntryProto
fn pair<R: Read + Seek>(wire: &mut Wire<R>, end: u64) -> Result<(String, String), String> {
    let mut pair = (String::new(), String::new());
    wire.keep(size_of::<(String, String)>())?;
    wire.message(end, |wire, number, payload| {
        match (number, payload) {
            (1, Payload::Bytes { end }) => pair.0 = wire.text(end)?,
            (2, Payload::Bytes { end }) => pair.1 = wire.text(end)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(pair)
}

/// GraphProto. Inputs and outputs are kept of the `outermost` one alone.
fn graph<R: Read + Seek>(wire: &mut Wire<R>, end: u64, file: &mut OnnxFile, outermost: bool) -> Walked {
    wire.message(end, |wire, number, payload| {
        let Payload::Bytes { end } = payload else { return Ok(()) };
        match number {
            1 => node(wire, end, file)?,
            5 => tensor(wire, end, file)?,
            11 if outermost => file.inputs.push(value_info(wire, end)?),
            12 if outermost => file.outputs.push(value_info(wire, end)?),
            15 => sparse_tensor(wire, end, file)?,
            _ => {}
        }
        Ok(())
    })
}

/// FunctionProto
fn function<R: Read + Seek>(wire: &mut Wire<R>, end: u64, file: &mut OnnxFile) -> Walked {
    wire.message(end, |wire, number, payload| match (number, payload) {
        (7, Payload::Bytes { end }) => node(wire, end, file),
        (11, Payload::Bytes { end }) => attribute(wire, end, file),
        _ => Ok(()),
    })
}

/// NodeProto
fn node<R: Read + Seek>(wire: &mut Wire<R>, end: u64, file: &mut OnnxFile) -> Walked {
    wire.message(end, |wire, number, payload| match (number, payload) {
        (5, Payload::Bytes { end }) => attribute(wire, end, file),
        _ => Ok(()),
    })
}

/// AttributeProto: one tensor or graph, or several.
fn attribute<R: Read + Seek>(wire: &mut Wire<R>, end: u64, file: &mut OnnxFile) -> Walked {
    wire.message(end, |wire, number, payload| match (number, payload) {
        (5 | 10, Payload::Bytes { end }) => tensor(wire, end, file),
        (6 | 11, Payload::Bytes { end }) => graph(wire, end, file, false),
        (22 | 23, Payload::Bytes { end }) => sparse_tensor(wire, end, file),
        _ => Ok(()),
    })
}

/// SparseTensorProto: the values and where they are.
fn sparse_tensor<R: Read + Seek>(wire: &mut Wire<R>, end: u64, file: &mut OnnxFile) -> Walked {
    wire.message(end, |wire, number, payload| match (number, payload) {
        (1 | 2, Payload::Bytes { end }) => tensor(wire, end, file),
        _ => Ok(()),
    })
}

/// TensorProto. Its values are skipped.
fn tensor<R: Read + Seek>(wire: &mut Wire<R>, end: u64, file: &mut OnnxFile) -> Walked {
    wire.keep(size_of::<Initializer>())?;
    let (mut name, mut element, mut dims) = (String::new(), ElementType(0), Vec::new());
    let (mut is_external, mut entries) = (false, Vec::new());
    wire.message(end, |wire, number, payload| {
        match (number, payload) {
            (1, Payload::Varint(size)) => {
                wire.keep(size_of::<u64>())?;
                dims.push(size);
            }
            (1, Payload::Bytes { end }) => dims.extend(wire.packed(end)?),
            (2, Payload::Varint(data_type)) => element = ElementType(data_type.cast_signed()),
            (8, Payload::Bytes { end }) => name = wire.text(end)?,
            (13, Payload::Bytes { end }) => entries.push(pair(wire, end)?),
            (14, Payload::Varint(location)) => is_external = location == 1,
            _ => {}
        }
        Ok(())
    })?;
    let bits = element.bits().ok_or_else(|| format!("its tensor '{name}' is of {element}"))?;
    let bits = dims.iter().try_fold(bits, |bits, &size| bits.checked_mul(size));
    let bits = bits.filter(|&bits| bits <= i64::MAX as u64);
    let bytes = bits.ok_or_else(|| format!("its tensor '{name}' is of an impossible size"))?.div_ceil(8);
    let storage = if is_external { external(&name, entries)? } else { Storage::Embedded };
    file.initializers.push(Initializer { name, element, dims, bytes, storage });
    Ok(())
}

/// Where the values of the tensor `name` are, from its `external_data`.
fn external(name: &str, entries: Vec<(String, String)>) -> Result<Storage, String> {
    let (mut found, mut offset, mut length) = (None, 0, None);
    let number = |text: &str| {
        text.trim().parse::<u64>().map_err(|_| format!("its tensor '{name}' lies at '{text}', not a number"))
    };
    for (key, value) in entries {
        match key.as_str() {
            "location" => found = Some(value),
            "offset" => offset = number(&value)?,
            "length" => length = Some(number(&value)?),
            _ => {}
        }
    }
    let location =
        found.ok_or_else(|| format!("its tensor '{name}' lies in a file that it does not name"))?;
    Ok(Storage::External { location, offset, length })
}

/// ValueInfoProto
fn value_info<R: Read + Seek>(wire: &mut Wire<R>, end: u64) -> Result<ValueInfo, String> {
    let mut info = ValueInfo::default();
    wire.keep(size_of::<ValueInfo>())?;
    wire.message(end, |wire, number, payload| {
        match (number, payload) {
            (1, Payload::Bytes { end }) => info.name = wire.text(end)?,
            // TypeProto: tensor_type is the one that is known.
            (2, Payload::Bytes { end }) => {
                wire.message(end, |wire, number, payload| match (number, payload) {
                    (1, Payload::Bytes { end }) => tensor_type(wire, end, &mut info),
                    _ => Ok(()),
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(info)
}

/// TypeProto.Tensor
fn tensor_type<R: Read + Seek>(wire: &mut Wire<R>, end: u64, info: &mut ValueInfo) -> Walked {
    wire.message(end, |wire, number, payload| {
        match (number, payload) {
            (1, Payload::Varint(element)) => info.element = Some(ElementType(element.cast_signed())),
            (2, Payload::Bytes { end }) => {
                // TensorShapeProto
                let shape = info.shape.get_or_insert_default();
                wire.message(end, |wire, number, payload| {
                    if let (1, Payload::Bytes { end }) = (number, payload) {
                        shape.push(dimension(wire, end)?);
                    }
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })
}

/// TensorShapeProto.Dimension
fn dimension<R: Read + Seek>(wire: &mut Wire<R>, end: u64) -> Result<Dimension, String> {
    let mut dimension = Dimension::Open;
    wire.keep(size_of::<Dimension>())?;
    wire.message(end, |wire, number, payload| {
        match (number, payload) {
            // Some writers put -1 for an open dimension.
            (1, Payload::Varint(size)) if size.cast_signed() >= 0 => dimension = Dimension::Known(size),
            (2, Payload::Bytes { end }) => dimension = Dimension::Symbol(wire.text(end)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(dimension)
}
