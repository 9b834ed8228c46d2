//! Bad input to the real binary: one clear message that names the file, the right exit code, nothing left behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::ffi::OsStr;
use std::path::Path;

use common::{demo_clip, demo_copy, has_runtime, root, run, snowmesh};

/// Runs `analyze` on `clip` and checks the exit code and that the message is one line that names the file.
fn refused(folder: &Path, clip: &Path, code: i32, says: &str) {
    let (exit, _, stderr) =
        run(folder, &["analyze".as_ref(), clip.as_os_str(), "--progress".as_ref(), "none".as_ref()]);
    assert_eq!(exit, Some(code), "{stderr}");
    let name = clip.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
    assert!(stderr.contains(&*name), "{name}: {stderr}");
    assert!(stderr.to_lowercase().contains(says), "'{says}' is missing: {stderr}");
    assert_eq!(stderr.trim().lines().count(), 1, "{stderr}");
    let litter: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains(".snowmesh"))
        .collect();
    assert!(litter.is_empty(), "{litter:?}");
}

#[test]
fn what_is_no_clip_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    refused(folder.path(), &at("nowhere.mp4"), 3, "no such file");

    std::fs::write(at("empty.mp4"), b"").unwrap();
    refused(folder.path(), &at("empty.mp4"), 3, "empty");

    std::fs::write(at("shopping list.mp4"), "eggs, wax, lift pass\n".repeat(200)).unwrap();
    refused(folder.path(), &at("shopping list.mp4"), 3, "video");

    std::fs::create_dir(at("folder.mp4")).unwrap();
    refused(folder.path(), &at("folder.mp4"), 3, "folder");

    std::fs::copy(root().join("assets/icon.png"), at("Bild mit ü.png")).unwrap();
    refused(folder.path(), &at("Bild mit ü.png"), 3, "picture");
}

#[test]
fn a_clip_cut_off_before_its_index_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(demo_clip()).unwrap();
    let path = folder.path().join("cut.mp4");
    std::fs::write(&path, &bytes[..20]).unwrap();
    refused(folder.path(), &path, 3, "");
}

#[test]
fn nonsense_on_the_command_line_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["analyze"][..],
        &["analyze", "a.mp4", "b.mp4", "--store", "x.snowmesh"],
        &["export", "a.mp4"],
        &["analyze", "a.mp4", "--fly"],
    ] {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        assert_eq!(run(folder.path(), &args).0, Some(2), "{args:?}");
    }
    let (exit, _, stderr) = run(folder.path(), &["fly".as_ref()]);
    assert_eq!(exit, Some(3), "neither a command nor a clip");
    assert!(stderr.contains("fly"), "{stderr}");
}

#[test]
fn an_output_that_cannot_be_is_told_before_the_analysis() {
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    for (output, says) in [
        (clip.clone(), "never overwritten"),
        (folder.path().join("out.avi"), ".mp4"),
        (folder.path().join("no/such/folder/out.mp4"), "folder"),
    ] {
        let (exit, _, stderr) =
            run(folder.path(), &["export".as_ref(), clip.as_os_str(), "-o".as_ref(), output.as_os_str()]);
        assert_eq!(exit, Some(1), "{stderr}");
        assert!(stderr.contains(says), "{says}: {stderr}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
    }
    assert_eq!(std::fs::read(&clip).unwrap(), std::fs::read(demo_clip()).unwrap());
}

#[test]
fn an_unknown_model_or_device_has_its_own_exit_code() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let clip = clip.as_os_str();
    let (exit, _, stderr) =
        run(folder.path(), &["analyze".as_ref(), clip, "--detector".as_ref(), "oracle".as_ref()]);
    assert_eq!(exit, Some(4), "{stderr}");
    assert!(stderr.contains("oracle") && stderr.contains("nanodet"), "{stderr}");
    let (exit, _, stderr) =
        run(folder.path(), &["analyze".as_ref(), clip, "--detector-device".as_ref(), "cuda:7".as_ref()]);
    assert_eq!(exit, Some(5), "{stderr}");
    assert!(stderr.contains("cuda:7"), "{stderr}");
}

#[test]
fn a_missing_or_altered_model_is_named() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let models = folder.path().join("models");
    std::fs::create_dir_all(models.join("starter")).unwrap();
    std::fs::copy(root().join("models/manifest.json"), models.join("manifest.json")).unwrap();
    for entry in std::fs::read_dir(root().join("models/starter")).unwrap().flatten() {
        std::fs::copy(entry.path(), models.join("starter").join(entry.file_name())).unwrap();
    }
    let detector = models.join("starter/nanodet_g_416.onnx");
    let mut bytes = std::fs::read(&detector).unwrap();
    bytes[4_000_000] ^= 1;
    std::fs::write(&detector, bytes).unwrap();
    let analyze = || {
        let output = snowmesh(folder.path())
            .env("SNOWMESH_MODELS", &models)
            .args(["analyze".as_ref(), clip.as_os_str()])
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (exit, stderr) = analyze();
    assert_eq!(exit, Some(4), "{stderr}");
    assert!(stderr.contains("nanodet_g_416.onnx") && stderr.contains("altered"), "{stderr}");
    std::fs::remove_file(&detector).unwrap();
    let (exit, stderr) = analyze();
    assert_eq!(exit, Some(4), "{stderr}");
    assert!(stderr.contains("nanodet_g_416.onnx") && stderr.contains("missing"), "{stderr}");
}

#[test]
fn a_missing_runtime_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let nowhere = folder.path().join("libnothing.so");
    let (exit, _, stderr) = run(
        folder.path(),
        &["analyze".as_ref(), clip.as_os_str(), "--onnxruntime".as_ref(), nowhere.as_os_str()],
    );
    assert_eq!(exit, Some(4), "{stderr}");
    assert!(stderr.contains("libnothing.so") && stderr.contains("ORT_DYLIB_PATH"), "{stderr}");
}

#[test]
fn an_analysis_file_that_is_none_or_newer_is_left_alone() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let store = folder.path().join("demo.mp4.snowmesh");
    let content = b"Dear diary, today I fell on the lift.".repeat(50);
    std::fs::write(&store, &content).unwrap();
    let (exit, _, stderr) = run(folder.path(), &["analyze".as_ref(), clip.as_os_str()]);
    assert_eq!(exit, Some(3), "{stderr}");
    assert!(stderr.contains("demo.mp4.snowmesh"), "{stderr}");
    assert_eq!(std::fs::read(&store).unwrap(), content);
}

#[test]
fn a_full_disk_is_told_and_leaves_no_video() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        println!("skipped: /dev/full is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = snowmesh(folder.path())
        .args(["inspect".as_ref(), demo_clip().as_os_str(), "--format".as_ref(), "json".as_ref()])
        .stdout(std::fs::OpenOptions::new().write(true).open(full).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output"));
}
