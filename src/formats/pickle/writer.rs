//! Writing a pickle of protocol 4 as one goes: no value is kept.

/// A pickle under way.
pub(in crate::formats) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty pickle.
    pub fn new() -> Self {
        Self { bytes: vec![0x80, 4] }
    }

    /// The whole pickle.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b'.');
        self.bytes
    }

    /// None.
    pub fn none(&mut self) {
        self.bytes.push(b'N');
    }

    /// True or False.
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(if value { 0x88 } else { 0x89 });
    }

    /// An int.
    pub fn int(&mut self, value: i64) {
        self.bytes.extend([0x8a, 8]);
        self.bytes.extend(value.to_le_bytes());
    }

    /// A float.
    pub fn float(&mut self, value: f64) {
        self.bytes.push(b'G');
        self.bytes.extend(value.to_be_bytes());
    }

    /// A str.
    pub fn str(&mut self, text: &str) {
        self.bytes.push(0x8d);
        self.bytes.extend((text.len() as u64).to_le_bytes());
        self.bytes.extend(text.as_bytes());
    }

    /// A list whose members `fill` writes.
    pub fn list(&mut self, fill: impl FnOnce(&mut Self)) {
        self.bytes.extend(b"](");
        fill(self);
        self.bytes.push(b'e');
    }

    /// A dict whose keys and values `fill` writes in turn.
    pub fn dict(&mut self, fill: impl FnOnce(&mut Self)) {
        self.bytes.extend(b"}(");
        fill(self);
        self.bytes.push(b'u');
    }

    /// A NumPy array of 32-bit floats, as `ndarray.__reduce__` says it.
    pub fn floats(&mut self, shape: &[usize], values: &[f32]) {
        self.name("numpy.core.multiarray", "_reconstruct");
        self.name("numpy", "ndarray");
        self.tuple(|w| w.int(0));
        self.raw(b"b");
        // TUPLE3, REDUCE.
        self.bytes.extend([0x87, b'R']);
        self.tuple(|w| {
            w.int(1);
            w.tuple(|w| shape.iter().for_each(|side| w.int(*side as i64)));
            w.float32_type();
            w.bool(false);
            w.bytes.push(0x8e);
            w.bytes.extend((values.len() as u64 * 4).to_le_bytes());
            w.bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        });
        self.bytes.push(b'b');
    }

    fn float32_type(&mut self) {
        self.name("numpy", "dtype");
        self.tuple(|w| {
            w.str("f4");
            w.bool(false);
            w.bool(true);
        });
        self.bytes.push(b'R');
        self.tuple(|w| {
            w.int(3);
            w.str("<");
            (0..3).for_each(|_| w.none());
            w.int(-1);
            w.int(-1);
            w.int(0);
        });
        self.bytes.push(b'b');
    }

    fn tuple(&mut self, fill: impl FnOnce(&mut Self)) {
        self.bytes.push(b'(');
        fill(self);
        self.bytes.push(b't');
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend([b'C', bytes.len() as u8]);
        self.bytes.extend(bytes);
    }

    fn name(&mut self, module: &str, name: &str) {
        self.str(module);
        self.str(name);
        self.bytes.push(0x93);
    }
}
