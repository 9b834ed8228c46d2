//! Python pickles of plain data: written in protocol 4, read without ever running anything.
//!
//! A pickle is a program for a stack machine that may name any Python function and call it. The reader here knows the
//! opcodes of plain data only, and of names the handful behind NumPy's arrays and numbers and joblib's arrays; every
//! other name is refused, so nothing that a file says is executed. Values lie in one list and name each other by
//! number: neither depth nor cycles cost stack, and there are never more values than opcodes.

mod machine;
mod writer;

pub(super) use writer::Writer;

use super::error::FormatError;
use machine::Machine;

/// A value's number in its [`Pickle`].
pub(super) type Id = usize;

/// An element type of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dtype {
    /// f, i, u or b, as NumPy has it; O for Python objects, whose array becomes a list.
    pub kind: u8,
    /// Bytes of an element.
    pub size: usize,
    /// Whether the first byte is the highest.
    pub big_endian: bool,
}

/// A plain value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
    Bytes(&'a [u8]),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Dtype(Dtype),
    /// An array; its bytes are in C order unless `fortran`.
    Array {
        dtype: Dtype,
        shape: Vec<usize>,
        fortran: bool,
        bytes: &'a [u8],
    },
    /// One of the names that are known.
    Name(Name),
    /// An array or object that has no content yet.
    Unfilled(Name),
    /// An object of a known class as its state alone, a dict.
    Object {
        class: Name,
        state: Id,
    },
}

/// The names that a file may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// `numpy.core.multiarray._reconstruct`
    Reconstruct,
    /// `numpy.core.multiarray.scalar`
    Scalar,
    /// `numpy.core.numeric._frombuffer`
    FromBuffer,
    /// `numpy.ndarray`
    Ndarray,
    /// `numpy.dtype`
    DtypeType,
    /// `joblib.numpy_pickle.NumpyArrayWrapper`: the array's bytes follow in the stream
    JoblibArray,
    /// `collections.OrderedDict`
    OrderedDict,
    /// `scipy.sparse.csc_matrix`
    SparseColumns,
    /// `chumpy.ch.Ch`: an array with what it depends on
    Chumpy,
    /// `chumpy.reordering.Select`: some elements of another array
    ChumpySelect,
    /// `copyreg._reconstructor`: makes an empty object of a class
    Reconstructor,
    /// `builtins.object`
    Object,
}

impl Name {
    fn of(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Some(Self::Reconstruct),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Some(Self::Scalar),
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Some(Self::FromBuffer),
            ("numpy", "ndarray") => Some(Self::Ndarray),
            ("numpy", "dtype") => Some(Self::DtypeType),
            ("joblib.numpy_pickle", "NumpyArrayWrapper") => Some(Self::JoblibArray),
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("scipy.sparse.csc" | "scipy.sparse._csc", "csc_matrix") => Some(Self::SparseColumns),
            ("chumpy.ch", "Ch") => Some(Self::Chumpy),
            ("chumpy.reordering", "Select") => Some(Self::ChumpySelect),
            ("copy_reg" | "copyreg", "_reconstructor") => Some(Self::Reconstructor),
            ("__builtin__" | "builtins", "object") => Some(Self::Object),
            _ => None,
        }
    }
}

/// A pickle's values.
pub(super) struct Pickle<'a> {
    values: Vec<Value<'a>>,
    /// The outermost value.
    pub root: Id,
}

impl<'a> Pickle<'a> {
    /// Reads a pickle of protocol 2 to 5.
    ///
    /// # Errors
    /// [`FormatError::Unsafe`] for one that names anything but plain data; [`FormatError::Malformed`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let (values, root) = Machine::run(bytes)?;
        Ok(Self { values, root })
    }

    /// The value of this number.
    pub fn value(&self, id: Id) -> &Value<'a> {
        self.values.get(id).unwrap_or(&Value::None)
    }

    /// The value under `key` of the dict `id`.
    pub fn get(&self, id: Id, key: &str) -> Option<Id> {
        let Value::Dict(items) = self.value(id) else { return None };
        // Python 2 wrote its texts as bytes.
        let is_key = |id: Id| match self.value(id) {
            Value::Str(text) => *text == key,
            Value::Bytes(bytes) => *bytes == key.as_bytes(),
            _ => false,
        };
        items.iter().rev().find(|(k, _)| is_key(*k)).map(|(_, value)| *value)
    }

    /// The members of a list or tuple.
    pub fn items(&self, id: Id) -> Option<&[Id]> {
        match self.value(id) {
            Value::List(items) | Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// All numbers in a number, array or flat or nested list (to four levels).
    pub fn numbers(&self, id: Id) -> Option<Vec<f64>> {
        let mut numbers = Vec::new();
        self.collect(id, 4, &mut numbers).then_some(numbers)
    }

    fn collect(&self, id: Id, depth: usize, into: &mut Vec<f64>) -> bool {
        // No place in a result holds more; a small file can name one long list many times.
        const MOST: usize = 1 << 16;
        match self.value(id) {
            Value::Bool(value) => into.push(f64::from(u8::from(*value))),
            Value::Int(value) => into.push(*value as f64),
            Value::Float(value) => into.push(*value),
            Value::Array { dtype, shape, fortran, bytes } => {
                if (*fortran && shape.len() > 1) || bytes.len() / dtype.size.max(1) > MOST {
                    return false;
                }
                into.extend(bytes.chunks_exact(dtype.size.max(1)).map(|element| dtype.number(element)));
            }
            Value::List(items) | Value::Tuple(items) => {
                return depth > 0
                    && items.iter().all(|item| into.len() < MOST && self.collect(*item, depth - 1, into));
            }
            _ => return false,
        }
        true
    }
}

impl Dtype {
    /// NumPy's name of a type, as `f4` or `<i8`.
    fn parse(text: &str) -> Option<Self> {
        let (big_endian, text) = match text.split_at_checked(1)? {
            (">", rest) => (true, rest),
            ("<" | "|" | "=", rest) => (false, rest),
            _ => (false, text),
        };
        let (kind, size) = text.split_at_checked(1)?;
        let (kind, size) = (kind.as_bytes()[0], size.parse().ok()?);
        let known =
            matches!((kind, size), (b'f', 2 | 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1) | (b'O', 8));
        known.then_some(Self { kind, size, big_endian })
    }

    /// An element as a number.
    pub fn number(self, element: &[u8]) -> f64 {
        let mut bytes = [0_u8; 8];
        let size = element.len().min(8);
        bytes[..size].copy_from_slice(&element[..size]);
        if self.big_endian {
            bytes[..size].reverse();
        }
        let word = u64::from_le_bytes(bytes);
        match (self.kind, self.size) {
            (b'f', 8) => f64::from_bits(word),
            (b'f', 4) => f64::from(f32::from_bits(word as u32)),
            (b'f', _) => half(word as u16),
            (b'i', size) => {
                let shift = 64 - 8 * size as u32;
                (((word << shift) as i64) >> shift) as f64
            }
            _ => word as f64,
        }
    }
}

/// A number of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    }
}
