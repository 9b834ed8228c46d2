//! The real binary on the demo clip, whose true body, camera and joints are known.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{demo_clip, demo_copy, ffprobe, has_runtime, root, run, snowmesh};
use serde_json::Value;

/// Frames of the demo clip.
const FRAMES: usize = 150;

fn analyse(folder: &Path, clip: &Path, more: &[&str]) {
    let mut args: Vec<&OsStr> = vec!["analyze".as_ref(), clip.as_os_str()];
    args.extend(more.iter().map(OsStr::new));
    let (exit, _, stderr) = run(folder, &args);
    assert_eq!(exit, Some(0), "{stderr}");
}

fn inspect(folder: &Path, clip: &Path) -> Value {
    let (exit, stdout, stderr) =
        run(folder, &["inspect".as_ref(), clip.as_os_str(), "--format".as_ref(), "json".as_ref()]);
    assert_eq!(exit, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

fn truth() -> Value {
    let text = std::fs::read_to_string(root().join("assets/demo.truth.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn points(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The main rider of each frame, where there is one.
fn main_rider(analysis: &Value) -> Vec<Option<Value>> {
    let tracks = analysis["tracks"].as_array().unwrap();
    let main: Vec<&Value> = tracks.iter().filter(|track| track["main"] == true).collect();
    assert_eq!(main.len(), 1, "one rider is the main one: {tracks:?}");
    let frames = analysis["frames"].as_array().unwrap();
    let of_main = |rider: &&Value| rider["track"] == main[0]["track"];
    frames.iter().map(|f| f["riders"].as_array().unwrap().iter().find(of_main).cloned()).collect()
}

#[test]
fn the_rider_is_found_where_he_is_in_nearly_every_frame() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    analyse(folder.path(), &clip, &["--progress", "none"]);
    let analysis = inspect(folder.path(), &clip);
    let truth = truth();
    let true_frames = truth["frames"].as_array().unwrap();
    assert_eq!(analysis["clip"]["frames"], FRAMES);
    assert_eq!(analysis["clip"]["variable_frame_rate"], false);
    assert_eq!(analysis["run"]["detector"], "nanodet");
    assert_eq!(analysis["run"]["devices"]["recoverer"], "cpu");

    let riders = main_rider(&analysis);
    let (mut detected, mut keypoint_errors, mut joint_errors) = (0, Vec::new(), Vec::new());
    for (index, (rider, truth)) in riders.iter().zip(true_frames).enumerate() {
        let pts = analysis["frames"][index]["pts_s"].as_f64().unwrap();
        assert!((pts - truth["pts_s"].as_f64().unwrap()).abs() < 1e-3, "frame {index} is at {pts} s");
        let Some(rider) = rider else { continue };
        detected += usize::from(rider["provenance"] == "detected");
        let height = truth["bbox"][3].as_f64().unwrap() - truth["bbox"][1].as_f64().unwrap();
        // Without the face, which a helmet hides.
        let errors = points(&rider["joints_2d"])
            .iter()
            .zip(points(&truth["joints_2d"]))
            .skip(5)
            .map(|(ours, truth)| distance(&ours[..2], &truth) / height)
            .collect::<Vec<_>>();
        keypoint_errors.push(mean(&errors));
        // Root-relative, since a single camera does not tell how far away he is.
        let (ours, truth) = (points(&rider["joints_3d"]), points(&truth["joints_3d"]));
        let relative = |joints: &[Vec<f64>], joint: usize| -> Vec<f64> {
            joints[joint].iter().zip(&joints[0]).map(|(a, root)| a - root).collect()
        };
        let errors: Vec<f64> =
            (1..24).map(|joint| distance(&relative(&ours, joint), &relative(&truth, joint))).collect();
        joint_errors.push(mean(&errors));
    }
    assert!(detected * 100 >= FRAMES * 95, "detected in {detected} of {FRAMES} frames");
    let (keypoints, joints) = (mean(&keypoint_errors), mean(&joint_errors));
    assert!(keypoints < 0.05, "keypoints are off by {keypoints:.3} of the rider's height");
    assert!(joints < 0.12, "joints are off by {joints:.3} m");
}

#[test]
fn a_killed_analysis_goes_on_and_ends_as_if_nothing_had_happened() {
    if !has_runtime() {
        return;
    }
    let whole = tempfile::tempdir().unwrap();
    let clip = demo_copy(whole.path());
    analyse(whole.path(), &clip, &["--progress", "none"]);
    let undisturbed = inspect(whole.path(), &clip);

    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let store = folder.path().join("demo.mp4.snowmesh");
    // Kill it as the operating system would, a few times, each time once it has got a little further.
    for kill in 0..3u64 {
        let mut child = snowmesh(folder.path())
            .args(["analyze".as_ref(), clip.as_os_str(), "--progress".as_ref(), "none".as_ref()])
            .spawn()
            .unwrap();
        let start = Instant::now();
        let next_frame = || {
            let open = snowmesh_store_frames(&store);
            open.unwrap_or(0)
        };
        while next_frame() < (kill + 1) * 29 && child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(120), "it does not get on");
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let before = snowmesh_store_frames(&store).unwrap();
    assert!(before >= 87, "only {before} frames survived");
    analyse(folder.path(), &clip, &["--progress", "none"]);
    let resumed = inspect(folder.path(), &clip);
    assert_eq!(resumed["frames"], undisturbed["frames"]);
    assert_eq!(resumed["tracks"], undisturbed["tracks"]);
}

/// Frames stored without a gap, as another process sees them.
fn snowmesh_store_frames(store: &Path) -> Option<u64> {
    snowmesh::store::AnalysisStore::open_read_only(store).ok()?.next_frame().ok()
}

#[test]
fn a_finished_analysis_is_not_done_again_and_a_changed_clip_is_noticed() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    analyse(folder.path(), &clip, &["--progress", "none"]);
    let (exit, stdout, _) =
        run(folder.path(), &["analyze".as_ref(), clip.as_os_str(), "--progress".as_ref(), "json".as_ref()]);
    assert_eq!(exit, Some(0));
    let last: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["reused"]), (&"done".into(), &true.into()));
    let mut beside: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    beside.retain(|name| name.to_string_lossy().starts_with("demo.mp4"));
    beside.sort();
    assert_eq!(beside, ["demo.mp4", "demo.mp4.snowmesh"], "nothing else lies beside the clip");

    let (exit, _, stderr) = run(
        folder.path(),
        &["analyze".as_ref(), clip.as_os_str(), "--detector".as_ref(), "movenet-multipose".as_ref()],
    );
    assert_eq!(exit, Some(1), "another detector does not replace it unasked");
    assert!(stderr.contains("--restart"), "{stderr}");

    let mut bytes = std::fs::read(&clip).unwrap();
    bytes.extend_from_slice(b"\0\0\0\x08free");
    std::fs::write(&clip, bytes).unwrap();
    let (exit, _, stderr) = run(folder.path(), &["analyze".as_ref(), clip.as_os_str()]);
    assert_eq!(exit, Some(1));
    assert!(stderr.contains("changed") && stderr.contains("--restart"), "{stderr}");
}

#[test]
fn the_export_keeps_frames_times_and_sound_and_draws_the_rider() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let strange = folder.path().join("erster Schnee ❄ 2026");
    std::fs::create_dir(&strange).unwrap();
    let clip = demo_copy(&strange);
    let output = strange.join("mit Körper.mp4");
    let mattes = strange.join("mattes");
    let (exit, _, stderr) = run(
        folder.path(),
        &[
            "export".as_ref(),
            clip.as_os_str(),
            "-o".as_ref(),
            output.as_os_str(),
            "--matte".as_ref(),
            mattes.as_os_str(),
            "--overlay".as_ref(),
            "mesh,skeleton,boxes,labels".as_ref(),
            "--progress".as_ref(),
            "none".as_ref(),
        ],
    );
    assert_eq!(exit, Some(0), "{stderr}");
    let litter: Vec<_> = std::fs::read_dir(&strange).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(litter.iter().all(|name| !name.to_string_lossy().contains("tmp")), "{litter:?}");

    // The mattes cover the rider, whose box is known.
    let truth = truth();
    let mut inside = Vec::new();
    for index in 0..FRAMES {
        let matte = image::open(mattes.join(format!("{index:06}.png"))).unwrap().into_luma8();
        assert_eq!(matte.dimensions(), (1280, 720));
        assert!(matte.pixels().all(|p| p.0[0] == 0 || p.0[0] == 255));
        let bbox = numbers(&truth["frames"][index]["bbox"]);
        let covered: Vec<(u32, u32)> =
            matte.enumerate_pixels().filter(|(_, _, p)| p.0[0] == 255).map(|(x, y, _)| (x, y)).collect();
        let area = (bbox[2] - bbox[0]) * (bbox[3] - bbox[1]);
        let share = covered.len() as f64 / area;
        assert!((0.1..0.7).contains(&share), "frame {index}: the mesh covers {share:.2} of the rider's box");
        let within = covered.iter().filter(|(x, y)| {
            let (x, y) = (f64::from(*x), f64::from(*y));
            x >= bbox[0] && x <= bbox[2] && y >= bbox[1] && y <= bbox[3]
        });
        inside.push(within.count() as f64 / covered.len() as f64);
    }
    assert!(mean(&inside) > 0.9, "{:.2} of the mesh lies in the rider's box", mean(&inside));

    let times = |file: &Path| {
        let printed =
            ffprobe(&["-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"], file)?;
        let seconds = printed.split_whitespace().map(|line| line.trim_end_matches(',').parse::<f64>());
        let mut seconds = seconds.collect::<Result<Vec<_>, _>>().unwrap();
        seconds.sort_by(f64::total_cmp);
        Some(seconds)
    };
    if let (Some(before), Some(after)) = (times(&demo_clip()), times(&output)) {
        assert_eq!(before.len(), FRAMES);
        assert_eq!(before, after);
    }
    let sound = |file: &Path| {
        let ffmpeg = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(file)
            .args(["-map", "0:a", "-c", "copy", "-f", "md5", "-"])
            .output()
            .ok()?;
        Some(String::from_utf8_lossy(&ffmpeg.stdout).into_owned())
    };
    if let (Some(before), Some(after)) = (sound(&demo_clip()), sound(&output)) {
        assert!(before.starts_with("MD5="), "{before}");
        assert_eq!(before, after);
    }
}

#[test]
fn a_clip_that_has_not_been_analysed_is_still_described() {
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let analysis = inspect(folder.path(), &clip);
    assert_eq!(analysis["run"], Value::Null);
    assert_eq!(analysis["clip"]["width"], 1280);
    assert_eq!(analysis["frames"].as_array().unwrap().len(), FRAMES);
}

#[test]
fn an_interrupted_export_leaves_no_file_and_says_130() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let output = folder.path().join("out.mp4");
    let mut child = snowmesh(folder.path())
        .args(["export".as_ref(), clip.as_os_str(), "-o".as_ref(), output.as_os_str()])
        .args(["--progress", "none"])
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.is_ok_and(|status| status.success()), "it ended before it could be interrupted");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("out")), "{left:?}");
}
