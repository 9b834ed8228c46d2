//! The files in the hands of the libraries that people read them with: joblib, NumPy, ezc3d, trimesh, pygltflib, bvh.
//! Skipped where Python or a library is not there and cannot be installed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use snowmesh::formats::{DataFormat, import};

use super::common::root;
use super::sample::Sample;
use super::{known, written, written_rider};

const LIBRARIES: [&str; 6] = ["numpy", "joblib", "ezc3d", "trimesh", "pygltflib", "bvh"];

/// A Python with the libraries of these tests, and with `more`, made in target/ at the first time.
pub fn python_with(more: &[&str]) -> Option<PathBuf> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock();
    let venv = root().join("target/test-venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let wanted = [&LIBRARIES[..], more].concat();
    let works = || {
        let imports = format!("import {}", wanted.join(", "));
        Command::new(&python).args(["-c", &imports]).output().is_ok_and(|output| output.status.success())
    };
    if works() {
        return Some(python);
    }
    let run = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&venv))
        && run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--retries", "0", "--timeout", "10"])
            .args(&wanted));
    if made && works() {
        return Some(python);
    }
    println!("skipped: Python with {} is not there and cannot be installed", wanted.join(", "));
    None
}

pub fn check(python: &Path, script: &str, folder: &Path) {
    let output = Command::new(python).args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_libraries_read_what_was_written() {
    let Some(python) = python_with(&[]) else { return };
    let sample = Sample::new();
    let folder = tempfile::tempdir().unwrap();
    for format in DataFormat::ALL.into_iter().filter(|format| !format.is_per_rider()) {
        std::fs::write(folder.path().join(format!("a.{}", format.extension())), written(&sample, format))
            .unwrap();
    }
    std::fs::write(folder.path().join("a.bvh"), written_rider(&sample, DataFormat::Bvh, 1)).unwrap();
    let joints = |rider: u32| -> Vec<Option<Vec<[f32; 3]>>> {
        let of =
            |frame| sample.world_joints(frame, rider).map(|joints| joints.map(|j| j.to_array()).to_vec());
        (0..super::FRAMES).map(of).collect()
    };
    let truth = serde_json::json!({ "world": [joints(1), joints(2)] });
    std::fs::write(folder.path().join("truth.json"), truth.to_string()).unwrap();

    check(
        &python,
        r#"
import json, numpy as np, ezc3d
world = json.load(open("truth.json"))["world"]
c = ezc3d.c3d("a.c3d")
assert c["parameters"]["POINT"]["UNITS"]["value"] == ["mm"], c["parameters"]["POINT"]["UNITS"]
assert c["parameters"]["POINT"]["LABELS"]["value"][:2] == ["R1_pelvis", "R1_left_hip"]
assert c["parameters"]["MANUFACTURER"]["SOFTWARE"]["value"] == ["snowmesh"]
points = c["data"]["points"]
assert points.shape == (4, 48, 20), points.shape
for rider in range(2):
    for frame, joints in enumerate(world[rider]):
        found = points[:3, rider * 24:rider * 24 + 24, frame].T
        if joints is None:
            assert np.isnan(found).all(), found
        else:
            assert np.abs(found - 1000 * np.array(joints)).max() < 2e-3
"#,
        folder.path(),
    );
    check(
        &python,
        r#"
import numpy as np, trimesh, pygltflib
scene = trimesh.load("a.glb")
assert len(scene.geometry) == 2
assert all(len(mesh.faces) == 27036 for mesh in scene.geometry.values())
glb = pygltflib.GLTF2().load("a.glb")
assert len(glb.skins) == 2 and len(glb.animations) == 1
assert glb.asset.extras["origin"]["version"] == "1.2.3"
"#,
        folder.path(),
    );
    check(
        &python,
        r#"
import bvh
b = bvh.Bvh(open("a.bvh").read())
assert b.nframes == 20 and len(b.get_joints_names()) == 24, b.nframes
assert b.joint_parent("left_knee").name == "left_hip"
"#,
        folder.path(),
    );
    check(
        &python,
        r#"
import numpy as np, joblib
z = np.load("a.npz")
n = len(z["frame"])
assert z["body_pose"].shape == (n, 69) and z["joints_3d"].shape == (n, 24, 3)
assert bytes(z["origin_json"]).startswith(b"{")
p = joblib.load("a.pkl")
assert len(p) == 20
row = 0
for name in sorted(p):
    frame = p[name]
    for i, tid in enumerate(frame["tid"]):
        smpl = frame["smpl"][i]
        assert smpl["global_orient"].shape == (1, 3, 3) and smpl["body_pose"].shape == (23, 3, 3)
        assert smpl["betas"].dtype == np.float32 and frame["3d_joints"][i].shape == (45, 3)
        assert np.abs(np.linalg.det(smpl["body_pose"]) - 1).max() < 1e-4
        # Rodrigues' formula from the npz's axis and angle.
        v = z["global_orient"][row]; a = np.linalg.norm(v); k = v / a
        K = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
        R = np.eye(3) + np.sin(a) * K + (1 - np.cos(a)) * K @ K
        assert np.abs(R - smpl["global_orient"][0]).max() < 1e-4
        assert z["track"][row] == tid and z["frame"][row] == frame["time"]
        # PHALP's camera sees the root where the analysis' camera does.
        root = frame["3d_joints"][i][0] + frame["camera"][i]
        f = 5000 / 256 * 640
        seen = root[:2] / root[2] * f + [320, 180]
        true = z["joints_3d"][row][0]
        assert np.abs(seen - (true[:2] / true[2] * 700 + [320, 180])).max() < 1e-2
        row += 1
assert row == n
"#,
        folder.path(),
    );
    // As PHALP itself writes its results, and as plain pickle does in its newest protocol.
    check(
        &python,
        r#"
import joblib, pickle
p = joblib.load("a.pkl")
joblib.dump(p, "compressed.pkl", compress=3)
joblib.dump(p, "plain.pkl")
pickle.dump(p, open("five.pkl", "wb"), protocol=5)
"#,
        folder.path(),
    );
    let expected = import(&std::fs::read(folder.path().join("a.pkl")).unwrap()).unwrap();
    assert_eq!(expected.frames.values().map(Vec::len).sum::<usize>(), known(&sample, 1).len() + 20);
    for name in ["compressed.pkl", "plain.pkl", "five.pkl"] {
        let found = import(&std::fs::read(folder.path().join(name)).unwrap());
        assert_eq!(found.unwrap(), expected, "{name}");
    }
}
