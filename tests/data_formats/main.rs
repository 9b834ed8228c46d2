//! What leaves the program is right elsewhere: the written files are read back by readers of their own, in Rust always
//! and with the libraries that people use where Python has them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;
mod import;
mod parquet;
mod python;
mod readers;
mod sample;
mod validator;

use glam::Vec3;
use ndarray::s;
use snowmesh::formats::{DataFormat, Dataset, write_all, write_rider};
use snowmesh::types::smpl::{JOINT_NAMES, SurfaceJoints};
use snowmesh::types::{BodyEstimate, Provenance, TrackId};

use readers::{Bvh, C3d, Glb};
use sample::{FRAMES, HIDDEN, Sample, betas};

fn written(sample: &Sample, format: DataFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_all(format, &sample.data(), &|rider| sample.mesh(&betas(rider.0)), &mut bytes).unwrap();
    bytes
}

fn written_rider(sample: &Sample, format: DataFormat, rider: u32) -> String {
    let mut bytes = Vec::new();
    write_rider(format, &sample.data(), TrackId(rider), "a.x", &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Frames in which a rider's body is known.
fn known(sample: &Sample, rider: u32) -> Vec<u64> {
    (0..FRAMES).filter(|frame| sample.body_of(*frame, rider).is_some()).collect()
}

#[test]
fn joints_on_the_surface_of_smpls_body_are_written_behind_the_skeletons() {
    let sample = Sample::new();
    let on_surface = |body: &BodyEstimate| SurfaceJoints {
        on_skin: std::array::from_fn(|joint| body.translation_m + Vec3::X * joint as f32),
        extra: vec![body.translation_m; 19],
    };
    let data = Dataset { surface_joints: Some(&on_surface), ..sample.data() };
    let mut bytes = Vec::new();
    write_all(DataFormat::Npz, &data, &|rider| sample.mesh(&betas(rider.0)), &mut bytes).unwrap();
    let mut npz = ndarray_npy::NpzReader::new(std::io::Cursor::new(bytes)).unwrap();
    let mut array = |name| -> ndarray::Array3<f32> { npz.by_name(name).unwrap() };
    let (skeleton, all, extra) = (array("joints_3d"), array("joints_45"), array("joints_extra"));
    let rows = skeleton.dim().0;
    assert_eq!((all.dim(), extra.dim()), ((rows, 45, 3), (rows, 19, 3)));
    for row in 0..rows {
        assert_eq!(all.slice(s![row, ..24, ..]), skeleton.slice(s![row, .., ..]));
        assert_eq!(all[(row, 44, 0)], extra[(row, 18, 0)] + 20.0);
        assert_eq!(all[(row, 44, 2)], extra[(row, 18, 2)]);
    }
}

#[test]
fn glb_joints_and_surface_lie_where_the_analysis_has_them() {
    let sample = Sample::new();
    let glb = Glb::parse(&written(&sample, DataFormat::Glb));
    let mut posed = snowmesh::body::PosedBody::default();
    for rider in [1, 2] {
        let skin = rider as usize - 1;
        let root = glb.json["skins"][skin]["skeleton"].as_u64().unwrap() as usize;
        let frames = known(&sample, rider);
        let times = glb.key_times(root);
        assert_eq!(times.len(), frames.len());
        for (key, frame) in frames.into_iter().enumerate() {
            assert!((f64::from(times[key]) - sample.clip.frames.seconds(frame)).abs() < 1e-6);
            let globals = glb.globals(root, key);
            let expected = sample.world_joints(frame, rider).unwrap();
            for ((node, global), (joint, expected)) in globals.iter().zip(expected.iter().enumerate()) {
                let name = glb.json["nodes"][*node]["name"].as_str().unwrap();
                assert_eq!(name, format!("R{rider}_{}", JOINT_NAMES[joint]));
                let off_m = (global.w_axis.truncate() - expected).length();
                assert!(off_m < 1e-4, "frame {frame} {name}: {off_m} m");
            }
            let body = sample.body_of(frame, rider).unwrap();
            sample.body.pose(&body.smpl, body.translation_m, &mut posed);
            for vertex in [0, 5000, 13_000] {
                let expected = posed.vertices[vertex];
                let found = glb.skinned(skin, skin, &globals, vertex);
                let off_m = (found - Vec3::new(expected.x, -expected.y, -expected.z)).length();
                assert!(off_m < 1e-3, "frame {frame} vertex {vertex}: {off_m} m");
            }
        }
    }
    let provenance = &glb.json["asset"]["extras"]["provenance"]["1"];
    assert_eq!(provenance[0], serde_json::json!([1, 2, "detected"]));
    assert_eq!(glb.json["asset"]["extras"]["origin"]["detector"], "nanodet");
}

#[test]
fn bvh_forward_kinematics_give_the_joints_within_a_millimetre() {
    let sample = Sample::new();
    for rider in [1, 2] {
        let bvh = Bvh::parse(&written_rider(&sample, DataFormat::Bvh, rider));
        assert_eq!(bvh.frames.len() as u64, FRAMES);
        let span_s = sample.clip.frames.seconds(FRAMES - 1);
        assert!((bvh.frame_time_s * (FRAMES - 1) as f64 - span_s).abs() < 1e-6);
        for frame in 0..FRAMES {
            // Where nothing is known the last pose stands still, before the first one the first.
            let shown = known(&sample, rider).into_iter().rfind(|known| *known <= frame);
            let expected = sample.world_joints(shown.unwrap_or(known(&sample, rider)[0]), rider).unwrap();
            for (name, place_cm) in &bvh.frames[frame as usize] {
                let joint = JOINT_NAMES.iter().position(|known| known == name).unwrap();
                let off_mm = (*place_cm * 10.0 - expected[joint] * 1000.0).length();
                assert!(off_mm < 1.0, "frame {frame} {name}: {off_mm} mm");
            }
        }
    }
}

#[test]
fn trc_and_c3d_hold_the_joints_to_their_precision_and_tell_what_is_missing() {
    let sample = Sample::new();
    let c3d = C3d::parse(&written(&sample, DataFormat::C3d));
    assert_eq!((c3d.frames.len() as u64, c3d.points), (FRAMES, 48));
    assert_eq!((c3d.labels[0].as_str(), c3d.labels[47].as_str()), ("R1_pelvis", "R2_right_hand"));
    let mean_hz = (FRAMES - 1) as f64 / sample.clip.frames.seconds(FRAMES - 1);
    assert!((f64::from(c3d.rate_hz) - mean_hz).abs() < 1e-4);
    let trc = written_rider(&sample, DataFormat::Trc, 1);
    let rows: Vec<Vec<&str>> = trc.lines().skip(6).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len() as u64, FRAMES);
    for (frame, row) in (0..FRAMES).zip(&rows) {
        assert_eq!((row.len(), row[0].parse::<u64>().unwrap()), (2 + 24 * 3, frame + 1));
        assert!((row[1].parse::<f64>().unwrap() - sample.clip.frames.seconds(frame)).abs() < 1e-6);
        let points = &c3d.frames[frame as usize][..24];
        match sample.world_joints(frame, 1) {
            Some(joints) => {
                for (joint, place) in joints.iter().enumerate() {
                    let [x, y, z, residual] = points[joint];
                    assert_eq!((Vec3::new(x, y, z), residual), (*place * 1000.0, 0.0));
                    for axis in 0..3 {
                        let cell: f64 = row[2 + joint * 3 + axis].parse().unwrap();
                        assert!((cell - f64::from(place[axis]) * 1000.0).abs() <= 5.1e-6);
                    }
                }
            }
            None => {
                assert!(HIDDEN.contains(&frame));
                assert!(row[2..].iter().all(|cell| cell.is_empty()));
                assert!(points.iter().all(|point| point[3] == -1.0));
            }
        }
    }
}

#[test]
fn csv_has_a_row_a_rider_and_frame_that_reads_back_exactly() {
    let sample = Sample::new();
    let text = String::from_utf8(written(&sample, DataFormat::Csv)).unwrap();
    let mut lines = text.split("\r\n");
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| columns.iter().position(|column| *column == name).unwrap();
    let rows: Vec<Vec<&str>> =
        lines.filter(|line| !line.is_empty()).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), known(&sample, 1).len() + known(&sample, 2).len());
    for row in &rows {
        assert_eq!(row.len(), columns.len());
        let frame: u64 = row[column("frame")].parse().unwrap();
        let rider: u32 = row[column("rider")].parse().unwrap();
        let body = sample.body_of(frame, rider).unwrap();
        let wrist: f32 = row[column("left_wrist_z_m")].parse().unwrap();
        assert_eq!(wrist, body.joints_3d[20].z);
        // By the law of cosines, in other words than the program's.
        let [hip, knee, ankle] = [1, 4, 7].map(|joint| body.joints_3d[joint].as_dvec3());
        let (a, b, c) = (hip.distance(knee), knee.distance(ankle), hip.distance(ankle));
        let flexion = 180.0 - ((a * a + b * b - c * c) / (2.0 * a * b)).acos().to_degrees();
        let angle: f64 = row[column("left_knee_flexion_deg")].parse().unwrap();
        assert!((angle - flexion).abs() < 1e-2, "{angle} {flexion}");
        let detected = row[column("provenance")] == Provenance::Detected.name();
        assert_eq!(detected, frame % 5 != 3);
    }
}

#[test]
fn json_says_what_inspect_says_and_where_it_comes_from() {
    let sample = Sample::new();
    let exported: serde_json::Value = serde_json::from_slice(&written(&sample, DataFormat::Json)).unwrap();
    let inspected = snowmesh::formats::Inspection::new(&sample.clip, None, &sample.tracks, &sample.frames);
    let inspected: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&inspected).unwrap()).unwrap();
    for key in ["clip", "run", "tracks", "frames"] {
        assert!(exported[key] == inspected[key], "{key} differs");
    }
    assert_eq!(exported["frames"].as_array().unwrap().len() as u64, FRAMES);
    assert_eq!(exported["origin"]["version"], "1.2.3");
}
