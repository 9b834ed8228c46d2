//! The reader against the onnx package, and against files that are made to break it.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::inference::InferenceError;

const SMALL: &[u8] = include_bytes!("../../../tests/data/onnx_file/small.onnx");

fn read(bytes: &[u8]) -> Result<OnnxFile, String> {
    OnnxFile::read(Cursor::new(bytes), bytes.len() as u64)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A field that holds bytes.
fn field(number: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut len = payload.len();
    while len >= 0x80 {
        bytes.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    bytes.push(len as u8);
    bytes.extend_from_slice(payload);
    bytes
}

/// A file of format version 10 with this graph.
fn with_graph(graph: &[u8]) -> Vec<u8> {
    [vec![0x08, 10], field(7, graph)].concat()
}

/// A value of the graph as the golden file has it.
fn described(info: &ValueInfo) -> Value {
    let size = |dimension: &Dimension| match dimension {
        Dimension::Known(size) => json!(size),
        Dimension::Symbol(name) => json!(name),
        Dimension::Open => Value::Null,
    };
    let shape = info.shape.as_ref().map(|shape| shape.iter().map(size).collect::<Vec<_>>());
    json!({ "name": info.name, "element": info.element.map(|e| e.0), "shape": shape })
}

#[test]
fn files_are_read_as_the_onnx_package_reads_them() {
    let golden = include_str!("../../../tests/data/onnx_file/golden.json");
    let golden: serde_json::Map<String, Value> = serde_json::from_str(golden).unwrap();
    assert!(golden.len() >= 4);
    for (path, expected) in golden {
        let file = OnnxFile::open(&root().join(&path)).unwrap();
        let tensor = |tensor: &Initializer| {
            let place = match &tensor.storage {
                Storage::Embedded => Value::Null,
                Storage::External { location, offset, length } => json!([location, offset, length]),
            };
            json!([tensor.name, tensor.element.0, tensor.dims, tensor.bytes, place])
        };
        let found = json!({
            "ir_version": file.ir_version,
            "producer": [file.producer_name, file.producer_version],
            "opsets": file.opsets.iter().map(|set| json!([set.domain, set.version])).collect::<Vec<_>>(),
            "metadata": file.metadata,
            "inputs": file.inputs.iter().map(described).collect::<Vec<_>>(),
            "outputs": file.outputs.iter().map(described).collect::<Vec<_>>(),
            "tensor_count": file.initializers.len(),
            "weight_bytes": file.weight_bytes(),
            "first_tensors": file.initializers.iter().take(10).map(tensor).collect::<Vec<_>>(),
        });
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn values_and_sets_are_found_by_name_and_told_in_words() {
    let file = read(SMALL).unwrap();
    assert_eq!(file.opset(), Some(21));
    assert_eq!(file.input("image").unwrap().to_string(), "image batch×3×?×192 (float32)");
    assert_eq!(file.input("condition").unwrap().to_string(), "condition scalar (bool)");
    assert_eq!(file.input("list").unwrap().to_string(), "list (not a tensor)");
    assert_eq!(file.output("picked").unwrap().to_string(), "picked (int64)");
    assert_eq!(file.input("filled"), None, "an initializer fills it");
}

#[test]
fn weights_are_not_read() {
    /// Counts the bytes that are read.
    struct Counting(Cursor<Vec<u8>>, u64);
    impl std::io::Read for Counting {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            let len = self.0.read(bytes)?;
            self.1 += len as u64;
            Ok(len)
        }
    }
    impl std::io::Seek for Counting {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }
    let raw = field(9, &vec![0; 8 << 20]);
    let tensor = [vec![0x08, 0x80, 0x80, 0x80, 0x01, 0x10, 1], raw, field(8, b"w")].concat();
    let bytes = with_graph(&field(5, &tensor));
    let len = bytes.len() as u64;
    let mut reader = Counting(Cursor::new(bytes), 0);
    let file = OnnxFile::read(&mut reader, len).unwrap();
    assert_eq!(file.initializers[0].name, "w");
    assert_eq!(file.weight_bytes(), 8 << 20);
    assert!(reader.1 < 64 << 10, "{} bytes were read", reader.1);
}

#[test]
fn every_cut_and_every_changed_byte_is_survived() {
    for len in 0..SMALL.len() {
        // A cut between two fields of the outermost message leaves a whole, shorter message.
        if let Err(error) = read(&SMALL[..len]) {
            assert!(error.contains("cut short") || error.contains("no graph"), "{len}: {error}");
        }
    }
    assert!(read(&SMALL[..SMALL.len() / 2]).is_err());
    let mut bytes = SMALL.to_vec();
    for place in 0..SMALL.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff, SMALL[place] ^ 1, SMALL[place].wrapping_add(8)] {
            bytes[place] = value;
            let _ = read(&bytes);
        }
        bytes[place] = SMALL[place];
    }
}

#[test]
fn hostile_files_are_refused_before_they_cost_anything() {
    // Graphs in attributes of nodes of graphs …
    let mut graph = Vec::new();
    for _ in 0..1000 {
        graph = field(1, &field(5, &field(6, &graph)));
    }
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let cases: [(&str, Vec<u8>); 9] = [
        ("nested deeper", with_graph(&graph)),
        ("cut short", [vec![0x08, 10, 7 << 3 | 2], huge.to_vec()].concat()),
        ("too long", vec![0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("unknown kind", vec![0x08, 10, 0x0b]),
        ("without a number", vec![0; 64]),
        ("a text of", with_graph(&field(11, &field(1, &vec![b'a'; 2 << 20])))),
        ("not text", with_graph(&field(11, &field(1, &[0xc3, 0x28])))),
        // 2⁶² values of 32 bits.
        (
            "impossible size",
            with_graph(&field(5, &[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0x10, 1])),
        ),
        ("does not name", with_graph(&field(5, &[0x10, 1, 0x70, 1]))),
    ];
    for (complaint, bytes) in cases {
        let error = read(&bytes).unwrap_err();
        assert!(error.contains(complaint), "{complaint}: {error}");
    }
    // Tensors of two bytes each, which would be kept as a hundred.
    let swarm = with_graph(&[5 << 3 | 2, 2, 0x10, 1].repeat(1 << 20));
    assert!(read(&swarm).unwrap_err().contains("names and shapes alone"));
}

#[test]
fn what_is_no_onnx_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.onnx");
    assert!(matches!(OnnxFile::open(&absent), Err(InferenceError::ModelMissing { .. })));
    assert!(matches!(OnnxFile::open(folder.path()), Err(InferenceError::ModelMissing { .. })));
    let other = folder.path().join("other.onnx");
    for bytes in [&b""[..], b"PK\x03\x04 an archive", b"<html>not found</html>", include_bytes!("tests.rs")] {
        std::fs::write(&other, bytes).unwrap();
        let error = OnnxFile::open(&other).unwrap_err().to_string();
        assert!(error.contains("other.onnx"), "{error}");
    }
    let starter = root().join("models/starter/body_cc0_smpl24.npz");
    assert!(matches!(OnnxFile::open(Path::new(&starter)), Err(InferenceError::OnnxFile { .. })));
}
