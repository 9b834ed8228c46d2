//! Protobuf's wire format, walked field by field.

use std::io::{BufReader, ErrorKind, Read, Seek};

/// Deepest nesting of messages that is followed; a graph within a node takes three levels.
const MAX_DEPTH: usize = 64;

/// Most fields that are looked at: the largest networks have a few million.
const MAX_FIELDS: u64 = 50_000_000;

/// Longest text that is kept, bytes.
const MAX_TEXT: u64 = 1 << 20;

/// Most bytes that all that is kept may take.
const MAX_KEPT: usize = 64 << 20;

/// Walks the fields of a message.
pub(super) struct Wire<R> {
    reader: BufReader<R>,
    position: u64,
    depth: usize,
    fields: u64,
    kept: usize,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payload {
    /// An integer.
    Varint(u64),
    /// Four or eight bytes.
    Fixed,
    /// Text, bytes, packed values or a message, up to this place in the file.
    Bytes { end: u64 },
}

impl<R: Read + Seek> Wire<R> {
    pub fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), position: 0, depth: 0, fields: 0, kept: 0 }
    }

    /// Gives each field of the message that ends at `end` to `each`, which may read its payload; the rest of it is
    /// skipped.
    pub fn message(
        &mut self,
        end: u64,
        mut each: impl FnMut(&mut Self, u64, Payload) -> Result<(), String>,
    ) -> Result<(), String> {
        if self.depth == MAX_DEPTH {
            return Err(format!("its messages are nested deeper than {MAX_DEPTH}"));
        }
        self.depth += 1;
        while self.position < end {
            self.fields += 1;
            if self.fields > MAX_FIELDS {
                return Err(format!("it has more than {MAX_FIELDS} fields"));
            }
            let tag = self.varint(end)?;
            let (number, kind) = (tag >> 3, tag & 7);
            if number == 0 {
                return Err("it has a field without a number".to_owned());
            }
            let payload = match kind {
                0 => Payload::Varint(self.varint(end)?),
                1 | 5 => Payload::Fixed,
                2 => {
                    let len = self.varint(end)?;
                    let payload_end = self.position.checked_add(len).filter(|&payload| payload <= end);
                    Payload::Bytes { end: payload_end.ok_or_else(cut_short)? }
                }
                other => return Err(format!("it has a field of the unknown kind {other}")),
            };
            let next = match payload {
                Payload::Varint(_) => self.position,
                Payload::Fixed => self.position + if kind == 1 { 8 } else { 4 },
                Payload::Bytes { end } => end,
            };
            if next > end {
                return Err(cut_short());
            }
            each(self, number, payload)?;
            self.skip_to(next)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// A varint that ends before `end`.
    fn varint(&mut self, end: u64) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            if self.position >= end {
                return Err(cut_short());
            }
            let mut byte = [0];
            self.read(&mut byte)?;
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] < 0x80 {
                return Ok(value);
            }
        }
        Err("it has a number that is too long".to_owned())
    }

    /// The varints up to `end`.
    pub fn packed(&mut self, end: u64) -> Result<Vec<u64>, String> {
        let mut values = Vec::new();
        while self.position < end {
            self.keep(size_of::<u64>())?;
            values.push(self.varint(end)?);
        }
        Ok(values)
    }

    /// The text up to `end`.
    pub fn text(&mut self, end: u64) -> Result<String, String> {
        let len = end.saturating_sub(self.position);
        if len > MAX_TEXT {
            return Err(format!("it has a text of {len} bytes"));
        }
        let len = usize::try_from(len).map_err(|_| cut_short())?;
        self.keep(len)?;
        let mut bytes = vec![0; len];
        self.read(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| "it has a name that is not text".to_owned())
    }

    /// Counts what is about to be kept, against files that are made to fill the memory.
    pub fn keep(&mut self, bytes: usize) -> Result<(), String> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > MAX_KEPT {
            return Err(format!("its names and shapes alone take more than {} MB", MAX_KEPT >> 20));
        }
        Ok(())
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.reader.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => cut_short(),
            _ => error.to_string(),
        })?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn skip_to(&mut self, position: u64) -> Result<(), String> {
        // Backwards is impossible: a payload is read within its own end alone.
        let ahead = position.checked_sub(self.position).and_then(|ahead| i64::try_from(ahead).ok());
        let ahead = ahead.ok_or_else(cut_short)?;
        self.reader.seek_relative(ahead).map_err(|error| error.to_string())?;
        self.position = position;
        Ok(())
    }
}

fn cut_short() -> String {
    "it is cut short, or it is no ONNX file".to_owned()
}
