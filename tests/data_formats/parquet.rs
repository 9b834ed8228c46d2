//! The Parquet table in the hands of the crate's own reader, and of pyarrow where it can be had.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use snowmesh::formats::{DataFormat, angles};

use super::python::{check, python_with};
use super::sample::Sample;
use super::{known, written};

#[test]
fn parquet_holds_the_table_of_the_csv_with_types_and_nulls() {
    let mut sample = Sample::new();
    // A rider who is seen without a body: his numbers are unknown, not zero.
    sample.frames[4][0].body = None;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    std::fs::write(&path, written(&sample, DataFormat::Parquet)).unwrap();
    let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata();
    let pairs = metadata.key_value_metadata().unwrap();
    let json = |key: &str| -> serde_json::Value {
        let pair = pairs.iter().find(|pair| pair.key == key).unwrap();
        serde_json::from_str(pair.value.as_deref().unwrap()).unwrap()
    };
    assert_eq!(json("snowmesh.origin")["version"], "1.2.3");
    assert_eq!(json("snowmesh.provenance")["1"][0], serde_json::json!([1, 2, "detected"]));

    let csv = String::from_utf8(written(&sample, DataFormat::Csv)).unwrap();
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let names: Vec<_> = metadata.schema_descr().columns().iter().map(|c| c.name().to_owned()).collect();
    assert_eq!(names, header);
    let mut rows = 0;
    for (row, cells) in reader.get_row_iter(None).unwrap().zip(lines) {
        rows += 1;
        for ((name, field), cell) in row.unwrap().get_column_iter().zip(cells) {
            let same = match field {
                Field::Null => cell.is_empty(),
                Field::Bool(on) => cell == if *on { "1" } else { "0" },
                Field::Long(number) => cell == number.to_string(),
                Field::Float(number) => cell.parse() == Ok(*number),
                Field::Double(number) => (cell.parse::<f64>().unwrap() - number).abs() < 6e-4,
                Field::Str(text) => cell.trim_matches('"') == text,
                _ => false,
            };
            assert!(same, "row {rows} {name}: {field} in Parquet, {cell} in CSV");
        }
    }
    assert_eq!(rows, known(&sample, 1).len() + known(&sample, 2).len() + 1);
}

#[test]
fn pyarrow_and_pandas_read_it() {
    let Some(python) = python_with(&["pyarrow", "pandas"]) else { return };
    let sample = Sample::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.parquet"), written(&sample, DataFormat::Parquet)).unwrap();
    let truth: Vec<_> = known(&sample, 1)
        .into_iter()
        .map(|frame| {
            let joints = &sample.body_of(frame, 1).unwrap().joints_3d;
            (frame, joints.map(|joint| joint.to_array()).to_vec(), angles::of_joints(joints).to_vec())
        })
        .collect();
    std::fs::write(folder.path().join("truth.json"), serde_json::to_string(&truth).unwrap()).unwrap();
    check(
        &python,
        r#"
import json, numpy as np, pandas as pd, pyarrow.parquet as pq
table = pq.read_table("a.parquet")
assert json.loads(table.schema.metadata[b"snowmesh.origin"])["detector"] == "nanodet"
d = pd.read_parquet("a.parquet")
d = d[d.rider == 1].set_index("frame")
truth = json.load(open("truth.json"))
assert list(d.index) == [frame for frame, _, _ in truth]
joints = d.loc[:, "pelvis_x_m":"right_hand_z_m"].to_numpy().reshape(-1, 24, 3)
assert joints.dtype == np.float32 and (joints == np.array([j for _, j, _ in truth], np.float32)).all()
found = d.loc[:, "left_knee_flexion_deg":"trunk_rotation_deg"].to_numpy()
assert (found == np.array([a for _, _, a in truth])).all()
assert d.main.dtype == bool and d.main.all() and set(d.provenance) == {"detected", "interpolated"}
"#,
        folder.path(),
    );
}
