//! The stack machine that a pickle is a program for, with the opcodes of plain data alone.

use std::collections::HashMap;

use super::{Dtype, FormatError, Id, Name, Value};

/// Characters of a refused name that are repeated to the user.
const NAME_CHARS: usize = 80;

fn malformed(problem: &str) -> FormatError {
    FormatError::Malformed(problem.to_owned())
}

/// The stack machine.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack at each open mark.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

impl<'a> Machine<'a> {
    /// Runs `bytes` to the end; gives all values and the number of the outermost.
    pub fn run(bytes: &'a [u8]) -> Result<(Vec<Value<'a>>, Id), FormatError> {
        let mut machine = Self {
            bytes,
            at: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        let root = machine.execute()?;
        Ok((machine.values, root))
    }

    /// Runs; opcodes as in Python's `pickletools`.
    fn execute(&mut self) -> Result<Id, FormatError> {
        loop {
            let opcode = self.take(1)?[0];
            match opcode {
                b'.' => return self.pop(),
                // PROTO and FRAME: how the file is cut up says nothing of its content.
                0x80 => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                b'(' => self.marks.push(self.stack.len()),
                b'0' => drop(self.pop()?),
                b'1' => drop(self.since_mark()?),
                b'2' => {
                    let top = *self.stack.last().ok_or_else(|| malformed("an empty stack"))?;
                    self.stack.push(top);
                }
                b'N' => self.push(Value::None),
                0x88 => self.push(Value::Bool(true)),
                0x89 => self.push(Value::Bool(false)),
                b'K' => {
                    let n = self.uint(1)?;
                    self.push(Value::Int(n as i64));
                }
                b'M' => {
                    let n = self.uint(2)?;
                    self.push(Value::Int(n as i64));
                }
                b'J' => {
                    let n = self.uint(4)? as u32;
                    self.push(Value::Int(i64::from(n as i32)));
                }
                0x8a => {
                    let n = self.uint(1)?;
                    self.long(n)?;
                }
                b'G' => {
                    let bits = self.take(8)?.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
                    self.push(Value::Float(f64::from_bits(bits)));
                }
                0x8c => {
                    let n = self.uint(1)?;
                    self.text(n)?;
                }
                b'X' => {
                    let n = self.uint(4)?;
                    self.text(n)?;
                }
                0x8d => {
                    let n = self.uint(8)?;
                    self.text(n)?;
                }
                b'C' | b'U' => {
                    let n = self.uint(1)?;
                    self.raw(n)?;
                }
                b'B' | b'T' => {
                    let n = self.uint(4)?;
                    self.raw(n)?;
                }
                // BINBYTES8 and BYTEARRAY8.
                0x8e | 0x96 => {
                    let n = self.uint(8)?;
                    self.raw(n)?;
                }
                b']' => self.push(Value::List(Vec::new())),
                b'}' => self.push(Value::Dict(Vec::new())),
                b')' => self.push(Value::Tuple(Vec::new())),
                b't' => {
                    let items = self.since_mark()?;
                    self.push(Value::Tuple(items));
                }
                b'l' => {
                    let items = self.since_mark()?;
                    self.push(Value::List(items));
                }
                b'd' => {
                    let items = self.since_mark()?;
                    self.push(Value::Dict(pairs(&items)?));
                }
                0x85..=0x87 => {
                    let mut items = (0x84..opcode).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
                    items.reverse();
                    self.push(Value::Tuple(items));
                }
                b'a' => {
                    let item = self.pop()?;
                    self.append(&[item])?;
                }
                b'e' => {
                    let items = self.since_mark()?;
                    self.append(&items)?;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.insert(&[key, value])?;
                }
                b'u' => {
                    let items = self.since_mark()?;
                    self.insert(&items)?;
                }
                b'q' => {
                    let key = self.uint(1)?;
                    self.memoize(key)?;
                }
                b'r' => {
                    let key = self.uint(4)?;
                    self.memoize(key)?;
                }
                0x94 => self.memoize(self.memo.len() as u64)?,
                b'h' => {
                    let key = self.uint(1)?;
                    self.recall(key)?;
                }
                b'j' => {
                    let key = self.uint(4)?;
                    self.recall(key)?;
                }
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.name(module, name)?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    match (&self.values[module], &self.values[name]) {
                        (Value::Str(module), Value::Str(name)) => {
                            let (m, n) = (*module, *name);
                            self.name(m, n)?;
                        }
                        _ => return Err(malformed("a name that is no text")),
                    }
                }
                // REDUCE and NEWOBJ: "call this".
                b'R' | 0x81 => self.make()?,
                b'b' => self.build()?,
                // READONLY_BUFFER changes nothing here.
                0x98 => {}
                other => {
                    return Err(FormatError::Malformed(format!(
                        "opcode {other:#04x} is not one of plain data"
                    )));
                }
            }
        }
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id, FormatError> {
        // What lies below a mark belongs to somebody else.
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(malformed("an empty stack"));
        }
        self.stack.pop().ok_or_else(|| malformed("an empty stack"))
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, FormatError> {
        let mark = self.marks.pop().ok_or_else(|| malformed("no mark"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| malformed("it ends in the middle"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn uint(&mut self, size: usize) -> Result<u64, FormatError> {
        Ok(self.take(size)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn sized(&mut self, count: u64) -> Result<&'a [u8], FormatError> {
        self.take(usize::try_from(count).map_err(|_| malformed("it ends in the middle"))?)
    }

    fn text(&mut self, count: u64) -> Result<(), FormatError> {
        let text =
            std::str::from_utf8(self.sized(count)?).map_err(|_| malformed("a text that is not UTF-8"))?;
        self.push(Value::Str(text));
        Ok(())
    }

    fn raw(&mut self, count: u64) -> Result<(), FormatError> {
        let bytes = self.sized(count)?;
        self.push(Value::Bytes(bytes));
        Ok(())
    }

    fn long(&mut self, count: u64) -> Result<(), FormatError> {
        let bytes = self.sized(count)?;
        if bytes.len() > 8 {
            return Err(malformed("an integer of more than 64 bits"));
        }
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let fill = if negative { -1_i64 } else { 0 };
        self.push(Value::Int(bytes.iter().rev().fold(fill, |number, byte| number << 8 | i64::from(*byte))));
        Ok(())
    }

    fn line(&mut self) -> Result<&'a str, FormatError> {
        let rest = &self.bytes[self.at..];
        let end =
            rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| malformed("it ends in the middle"))?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| malformed("a name that is not UTF-8"))
    }

    fn append(&mut self, items: &[Id]) -> Result<(), FormatError> {
        let list = self.stack.last().copied();
        match list.and_then(|list| self.values.get_mut(list)) {
            Some(Value::List(list)) => list.extend_from_slice(items),
            _ => return Err(malformed("an append to what is no list")),
        }
        Ok(())
    }

    fn insert(&mut self, items: &[Id]) -> Result<(), FormatError> {
        let pairs = pairs(items)?;
        let dict = self.stack.last().copied();
        match dict.and_then(|dict| self.values.get_mut(dict)) {
            Some(Value::Dict(dict)) => dict.extend(pairs),
            _ => return Err(malformed("an insertion into what is no dict")),
        }
        Ok(())
    }

    fn memoize(&mut self, key: u64) -> Result<(), FormatError> {
        let top = *self.stack.last().ok_or_else(|| malformed("an empty stack"))?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Result<(), FormatError> {
        let known = self.memo.get(&key).copied().ok_or_else(|| malformed("a reference to nothing"))?;
        self.stack.push(known);
        Ok(())
    }

    fn name(&mut self, module: &str, name: &str) -> Result<(), FormatError> {
        let known = Name::of(module, name).ok_or_else(|| FormatError::Unsafe {
            name: format!("{module}.{name}").chars().take(NAME_CHARS).collect(),
        })?;
        self.push(Value::Name(known));
        Ok(())
    }

    /// What calling a known name gives.
    fn make(&mut self) -> Result<(), FormatError> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let Value::Name(name) = self.values[callee] else {
            return Err(malformed("a call of what is no name"));
        };
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return Err(malformed("a call without arguments"));
        };
        let argument = |index: usize| arguments.get(index).map(|id| &self.values[*id]);
        let made = match name {
            Name::Reconstruct
            | Name::JoblibArray
            | Name::SparseColumns
            | Name::Chumpy
            | Name::ChumpySelect => Value::Unfilled(name),
            Name::Reconstructor => match argument(0) {
                Some(Value::Name(class @ (Name::SparseColumns | Name::Chumpy | Name::ChumpySelect))) => {
                    Value::Unfilled(*class)
                }
                _ => return Err(malformed("an object of an unknown class")),
            },
            Name::Object => return Err(malformed("an object without a class")),
            Name::OrderedDict => Value::Dict(Vec::new()),
            Name::DtypeType => match argument(0) {
                Some(Value::Str(text)) => element_type(text)?,
                Some(Value::Bytes(bytes)) => element_type(&String::from_utf8_lossy(bytes))?,
                _ => return Err(malformed("an element type that is no text")),
            },
            Name::Scalar => match (argument(0), argument(1)) {
                (Some(Value::Dtype(dtype)), Some(Value::Bytes(bytes))) if bytes.len() == dtype.size => {
                    Value::Float(dtype.number(bytes))
                }
                _ => return Err(malformed("a NumPy number of an unknown kind")),
            },
            Name::FromBuffer => {
                let (
                    Some(Value::Bytes(bytes)),
                    Some(Value::Dtype(dtype)),
                    Some(Value::Tuple(shape)),
                    Some(Value::Str(order)),
                ) = (argument(0), argument(1), argument(2), argument(3))
                else {
                    return Err(malformed("a NumPy array of an unknown kind"));
                };
                self.array(*dtype, shape, *order == "F", bytes)?
            }
            Name::Ndarray => return Err(malformed("an array made in an unknown way")),
        };
        self.push(made);
        Ok(())
    }

    /// An array whose bytes fit its shape.
    fn array(
        &self,
        dtype: Dtype,
        shape: &[Id],
        fortran: bool,
        bytes: &'a [u8],
    ) -> Result<Value<'a>, FormatError> {
        let shape = self.shape(shape)?;
        match byte_len(dtype, &shape) {
            Some(length) if length == bytes.len() => Ok(Value::Array { dtype, shape, fortran, bytes }),
            _ => Err(malformed("an array whose bytes do not fit its shape")),
        }
    }

    fn shape(&self, shape: &[Id]) -> Result<Vec<usize>, FormatError> {
        let side = |id: &Id| match self.values[*id] {
            Value::Int(side) => usize::try_from(side).ok(),
            _ => None,
        };
        shape.iter().map(side).collect::<Option<_>>().ok_or_else(|| malformed("a shape that is none"))
    }

    /// Fills the value under the top with the state on top.
    fn build(&mut self) -> Result<(), FormatError> {
        let state = self.pop()?;
        let target = *self.stack.last().ok_or_else(|| malformed("an empty stack"))?;
        let filled = match (&self.values[target], &self.values[state]) {
            (Value::Unfilled(Name::JoblibArray), Value::Dict(_)) => self.joblib_array(state)?,
            (Value::Unfilled(Name::Reconstruct), Value::Tuple(state)) => {
                let part = |index: usize| state.get(index).map(|id| &self.values[*id]);
                match (part(1), part(2), part(3), part(4)) {
                    (
                        Some(Value::Tuple(shape)),
                        Some(Value::Dtype(dtype)),
                        Some(Value::Bool(fortran)),
                        Some(Value::Bytes(bytes)),
                    ) => self.array(*dtype, shape, *fortran, bytes)?,
                    (_, Some(Value::Dtype(Dtype { kind: b'O', .. })), _, Some(Value::List(items))) => {
                        Value::List(items.clone())
                    }
                    _ => return Err(malformed("a NumPy array of an unknown kind")),
                }
            }
            (Value::Dtype(dtype), Value::Tuple(state)) => {
                let order = state.get(1).map(|id| &self.values[*id]);
                let big_endian = matches!(order, Some(Value::Str(">") | Value::Bytes(b">")));
                Value::Dtype(Dtype { big_endian, ..*dtype })
            }
            (
                Value::Unfilled(class @ (Name::SparseColumns | Name::Chumpy | Name::ChumpySelect)),
                Value::Dict(_),
            ) => Value::Object { class: *class, state },
            _ => return Err(malformed("a state for what takes none")),
        };
        self.values[target] = filled;
        Ok(())
    }

    /// joblib puts an array's bytes behind its description, aligned where the description says so.
    fn joblib_array(&mut self, state: Id) -> Result<Value<'a>, FormatError> {
        let Value::Dict(items) = &self.values[state] else {
            return Err(malformed("an array without description"));
        };
        let field = |name: &str| {
            let found = items.iter().find(|(key, _)| self.values[*key] == Value::Str(name));
            found.map(|(_, value)| &self.values[*value])
        };
        let (Some(Value::Tuple(shape)), Some(Value::Dtype(dtype))) = (field("shape"), field("dtype")) else {
            return Err(malformed("an array of an unknown kind"));
        };
        let (dtype, shape) = (*dtype, self.shape(shape)?);
        let fortran = field("order") == Some(&Value::Str("F"));
        if matches!(field("numpy_array_alignment_bytes"), Some(Value::Int(_))) {
            let padding = self.uint(1)?;
            self.sized(padding)?;
        }
        if dtype.kind == b'O' {
            return Err(malformed("an array of objects"));
        }
        let length =
            byte_len(dtype, &shape).ok_or_else(|| malformed("an array whose bytes do not fit its shape"))?;
        Ok(Value::Array { dtype, shape, fortran, bytes: self.take(length)? })
    }
}

fn element_type<'a>(text: &str) -> Result<Value<'a>, FormatError> {
    let dtype = Dtype::parse(text);
    dtype.map(Value::Dtype).ok_or_else(|| FormatError::Malformed(format!("an array of '{text}'")))
}

fn byte_len(dtype: Dtype, shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(dtype.size, |length, side| length.checked_mul(*side))
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, FormatError> {
    let (pairs, rest) = items.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    } else {
        Err(malformed("a key without value"))
    }
}
