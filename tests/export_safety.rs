//! Exports that do not come to their end, by the real binary: killed, cancelled, out of room, without rights. Under the
//! target's name there is the old file or the new one, never half of one.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{demo_copy, ffprobe, has_runtime, run, snowmesh};
use snowmesh::engine::{
    AnalyzeRequest, Engine, EngineError, ErrorKind, Event, ExportOutcome, ExportRequest, JobId, JobResult,
    ModelPlaces, VideoOptions,
};
use snowmesh::settings::ModelSettings;
use snowmesh::types::{MemoryWish, OverlayStyle};

const OLD: &[u8] = b"the old film";

/// A copy of the demo clip whose analysis is finished.
fn analysed(folder: &Path) -> PathBuf {
    let clip = demo_copy(folder);
    let (exit, _, stderr) =
        run(folder, &["analyze".as_ref(), clip.as_os_str(), "--progress".as_ref(), "none".as_ref()]);
    assert_eq!(exit, Some(0), "{stderr}");
    clip
}

fn start_export(home: &Path, clip: &Path, target: &Path, more: &[&str]) -> Child {
    let mut command = snowmesh(home);
    command.arg("export").arg(clip).arg("-o").arg(target).args(["--progress", "none"]).args(more);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Waits until there are `bytes` of a half-written file in `folder`; gives whether there were before the child ended.
fn wait_for_bytes(child: &mut Child, folder: &Path, bytes: u64) -> bool {
    while child.try_wait().unwrap().is_none() {
        let half = std::fs::read_dir(folder).unwrap().flatten().find(|entry| {
            let hidden = entry.file_name().to_string_lossy().starts_with(".snowmesh-");
            hidden && entry.metadata().is_ok_and(|meta| meta.len() >= bytes)
        });
        if half.is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

#[test]
fn killed_at_any_moment_the_old_file_or_the_new_one_is_there() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = analysed(folder.path());
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let target = out.join("film.mp4");
    std::fs::write(&target, OLD).unwrap();
    let part = ["--from", "0", "--to", "59"];
    let begun = Instant::now();
    assert!(start_export(folder.path(), &clip, &target, &part).wait().unwrap().success());
    let whole_ms = begun.elapsed().as_millis() as u64;
    let new = std::fs::read(&target).unwrap();
    let (mut olds, mut news) = (0, 0);
    let kills: u64 = std::env::var("SNOWMESH_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    for kill in 0..kills {
        std::fs::write(&target, OLD).unwrap();
        let mut child = start_export(folder.path(), &clip, &target, &part);
        // Spread over the whole length and a little beyond, off any beat: the golden ratio's multiples.
        let share = (kill as f64 * 0.618_034 + 0.5).fract() * 1.1;
        std::thread::sleep(Duration::from_millis((whole_ms as f64 * share) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = std::fs::read(&target).unwrap();
        if found == OLD {
            olds += 1;
        } else {
            // Encoders with several threads need not give the same bytes; the same number of frames they do.
            news += 1;
            assert!(found.len().abs_diff(new.len()) < new.len() / 10, "{} bytes", found.len());
            let count = ffprobe(&["-count_frames", "-show_entries", "stream=nb_read_frames"], &target);
            assert!(count.is_none_or(|count| count.contains("=60")), "half a film");
        }
    }
    let left = names(&out).into_iter().filter(|name| name != "film.mp4").collect::<Vec<_>>();
    assert!(left.iter().all(|name| name.starts_with(".snowmesh-unfinished-")), "{left:?}");
    println!(
        "{kills} kills: {olds} times the old file, {news} times the new one, {} half-written",
        left.len()
    );
    assert_eq!(olds + news, kills);
    assert!(start_export(folder.path(), &clip, &target, &part).wait().unwrap().success());
    assert_eq!(names(&out), ["film.mp4"], "the next export removes what they left");
}

#[test]
fn cancelled_it_leaves_nothing() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = analysed(folder.path());
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("film.mp4"), OLD).unwrap();
    let mut child = start_export(folder.path(), &clip, &out.join("film.mp4"), &["--scale", "1.5"]);
    assert!(wait_for_bytes(&mut child, &out, 10_000), "the export ended before it could be cancelled");
    let asked = Instant::now();
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let ended = child.wait().unwrap();
    println!("ended {} ms after it was cancelled", asked.elapsed().as_millis());
    assert_eq!(ended.code(), Some(130));
    assert_eq!(names(&out), ["film.mp4"]);
    assert_eq!(std::fs::read(out.join("film.mp4")).unwrap(), OLD);
}

/// How an export in a process of its own ends, as the window has it made. `when` is called with the frames reported and
/// the job.
fn export_in_worker(
    folder: &Path,
    clip: &Path,
    target: &Path,
    when: &dyn Fn(u64, &Engine, JobId),
) -> Result<ExportOutcome, EngineError> {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("worker.sh");
    let (home, exe) = (folder.display(), env!("CARGO_BIN_EXE_snowmesh"));
    let text = format!(
        "#!/bin/sh\nexport HOME='{home}' XDG_CONFIG_HOME='{home}' XDG_DATA_HOME='{home}'\nexec '{exe}' \"$@\"\n"
    );
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let engine = Engine::new(ModelPlaces::default(), Some(program), Arc::new(|| {}));
    let analysis = AnalyzeRequest {
        clip: clip.to_owned(),
        store: None,
        models: ModelSettings::default(),
        memory: MemoryWish::default(),
        restart: false,
        accept_existing: true,
    };
    let request = ExportRequest {
        analysis,
        output: Some(target.to_owned()),
        matte_folder: None,
        overlay: OverlayStyle::default(),
        range: Some((0, 59)),
        video: VideoOptions { scale: 1.5, ..VideoOptions::default() },
    };
    let job = engine.export(request, true);
    loop {
        for event in engine.drain_events() {
            match event {
                Event::Progress { progress, .. } => when(progress.done, &engine, job),
                Event::Finished { result: Ok(JobResult::Exported(outcome)), .. } => return Ok(outcome),
                Event::Finished { result: Err(error), .. } => return Err(error),
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to the processes that export for this one.
fn signal_workers(signal: &str) {
    let own = std::process::id().to_string();
    let own = ["-P", own.as_str(), "-f", "export --worker"];
    let _ = Command::new("pkill").arg(signal).args(own).status();
}

#[test]
fn an_export_in_a_process_of_its_own_that_crashes_is_told_and_leaves_the_old_file() {
    if !has_runtime() || Command::new("pkill").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = analysed(folder.path());
    let out = folder.path().join("-out");
    std::fs::create_dir(&out).unwrap();
    let target = out.join("film.mp4");
    std::fs::write(&target, OLD).unwrap();
    let export = |when: &dyn Fn(u64, &Engine, JobId)| export_in_worker(folder.path(), &clip, &target, when);
    for (signal, words) in [("-SEGV", "crashed inside a library"), ("-KILL", "SIGKILL")] {
        let died = export(&|done, _, _| {
            if done > 0 {
                signal_workers(signal);
            }
        });
        let told = died.unwrap_err().to_string();
        assert!(told.contains(words) && told.contains("untouched"), "{told}");
        assert_eq!(names(&out), ["film.mp4"], "{signal}");
        assert_eq!(std::fs::read(&target).unwrap(), OLD);
    }
    let cancelled = export(&|done, engine, job| {
        if done > 0 {
            engine.cancel(job);
        }
    });
    assert_eq!(cancelled.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!((names(&out), std::fs::read(&target).unwrap()), (vec!["film.mp4".to_owned()], OLD.to_vec()));
    let outcome = export(&|_, _, _| {}).unwrap();
    assert_eq!((outcome.frames, outcome.video), (60, Some(target.clone())));
    assert_eq!(names(&out), ["film.mp4"]);
    assert!(std::fs::read(&target).unwrap() != OLD);
}

/// A small file system that is gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, megabytes: u32) -> Option<Self> {
        std::fs::create_dir(&at).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at));
        }
        println!("skipped: a small disk can be mounted by root alone");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_fills_up_half_way_is_named_and_the_old_file_stays() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = analysed(folder.path());
    let Some(disk) = SmallDisk::mount(folder.path().join("disk"), 24) else { return };
    let target = disk.0.join("film.mp4");
    std::fs::write(&target, OLD).unwrap();

    // There is room when it begins; another program takes it meanwhile.
    let mut child = start_export(folder.path(), &clip, &target, &["--quality", "compact"]);
    assert!(wait_for_bytes(&mut child, &disk.0, 48), "the export ended before the disk was full");
    let _ = std::fs::write(disk.0.join("other"), vec![1; 24 << 20]);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("full") && stderr.contains("disk"), "{stderr}");
    assert_eq!(names(&disk.0), ["film.mp4", "other"]);
    assert_eq!(std::fs::read(&target).unwrap(), OLD);

    // With the disk full it is refused before it begins, and so are data and pictures.
    for (output, more) in
        [("film.mp4", &[][..]), ("data", &["--format", "csv,glb"]), ("still.png", &["--still", "30"])]
    {
        let child = start_export(folder.path(), &clip, &disk.0.join(output), more);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("free") || stderr.contains("space"), "{stderr}");
    }
    assert!(names(&disk.0).iter().all(|name| !name.starts_with(".snowmesh-")), "{:?}", names(&disk.0));
    assert_eq!(std::fs::read(&target).unwrap(), OLD);
}

#[test]
fn a_folder_without_rights_is_named_before_the_analysis() {
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    // Nobody may make files there, root neither.
    let closed = Path::new("/proc/sys");
    if !closed.is_dir() {
        println!("skipped: there is no /proc/sys");
        return;
    }
    for (output, more) in
        [("film.mp4", &[][..]), ("data", &["--format", "csv"]), ("pictures", &["--overlay-only"])]
    {
        let target = closed.join(output);
        let child = start_export(folder.path(), &clip, &target, more);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("/proc/sys") && !stderr.contains("panicked"), "{stderr}");
        assert!(stderr.contains("cannot write") || stderr.contains("failed"), "rights, not room: {stderr}");
    }
    assert_eq!(names(folder.path()), ["demo.mp4"], "nothing was analysed");
}

/// A clip with nobody in it, of an odd size.
fn empty_slope(folder: &Path, name: &str) -> Option<PathBuf> {
    let clip = folder.join(name);
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "rgbtestsrc=s=321x181:r=25:d=0.4", "-c:v", "ffv1"])
        .args(["-pix_fmt", "yuv444p", "-f", "matroska"])
        .arg(format!("file:{}", clip.display()))
        .status();
    if made.is_ok_and(|status| status.success()) {
        return Some(clip);
    }
    println!("skipped: FFmpeg makes no clip here");
    None
}

#[test]
fn awkward_names_odd_sizes_and_nobody_to_draw() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "-Sprung, \"über\" 8 m; 'a b'\t100 % #?*:\\&|<>$(x)\u{1f3c2}.mkv";
    let Some(clip) = empty_slope(folder.path(), name) else { return };
    let stem = name.strip_suffix(".mkv").unwrap();
    let out = folder.path().join("out: 50 % \u{1f3d4}");
    std::fs::create_dir(&out).unwrap();
    let export = |target: &Path, more: &[&str]| {
        let mut args: Vec<&OsStr> =
            vec!["export".as_ref(), clip.as_os_str(), "-o".as_ref(), target.as_os_str()];
        args.extend(more.iter().map(OsStr::new));
        let (exit, _, stderr) = run(folder.path(), &args);
        assert!(!stderr.contains("panicked"), "{stderr}");
        (exit, stderr)
    };
    let film = out.join(format!("{stem}.mp4"));
    let (exit, told) = export(&film, &[]);
    assert_eq!(exit, Some(0), "{told}");
    assert!(told.contains("nobody"), "that nobody is drawn is said: {told}");
    if let Some(size) = ffprobe(&["-show_entries", "stream=width,height", "-of", "csv=p=0"], &film) {
        assert_eq!(size.trim(), "322,182", "4:2:0 has even sides");
    }
    assert_eq!(export(&out.join(format!("{stem}.png")), &["--still", "3"]).0, Some(0));
    let still = image::open(out.join(format!("{stem}.png"))).unwrap();
    assert_eq!((still.width(), still.height()), (321, 181));
    assert_eq!(export(&out, &["--format", "csv,parquet,json,npz,phalp"]).0, Some(0));
    for ending in ["csv", "parquet", "json", "npz", "pkl", "provenance.json"] {
        assert!(out.join(format!("{stem}.{ending}")).is_file(), "{ending}: {:?}", names(&out));
    }
    let Some(_) = empty_slope(folder.path(), "second clip.mkv") else { return };
    let all = folder.path().join("all");
    let line = ["export".as_ref(), folder.path().as_os_str(), "--format".as_ref(), "csv".as_ref()];
    let (exit, _, stderr) = run(folder.path(), &[&line[..], &["-o".as_ref(), all.as_os_str()]].concat());
    assert_eq!(exit, Some(0), "a whole folder in one call: {stderr}");
    let expected =
        ["second clip", stem].map(|stem| [".csv", ".provenance.json"].map(|end| format!("{stem}{end}")));
    let mut expected = expected.concat();
    expected.sort();
    assert_eq!(names(&all), expected);
    let (exit, told) = export(&out, &["--format", "glb,bvh"]);
    assert_eq!(exit, Some(1), "there is no body to write");
    assert!(told.contains("no body") && told.contains("glb, bvh"), "{told}");
}

#[test]
fn a_rider_who_is_hidden_throughout_is_not_drawn_and_that_is_said() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = analysed(folder.path());
    let (_, listed, _) =
        run(folder.path(), &["inspect".as_ref(), clip.as_os_str(), "--format".as_ref(), "json".as_ref()]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    for track in listed["tracks"].as_array().unwrap() {
        let id = track["track"].to_string();
        let (exit, _, stderr) =
            run(folder.path(), &["tracks".as_ref(), clip.as_os_str(), "hide".as_ref(), id.as_ref()]);
        assert_eq!(exit, Some(0), "{stderr}");
    }
    let target = folder.path().join("out.mp4");
    let args = ["--from", "0", "--to", "9", "--riders", "all"];
    let child = start_export(folder.path(), &clip, &target, &args);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("nobody"), "{told}");
    let mut args = vec!["export".as_ref(), clip.as_os_str(), "-o".as_ref(), folder.path().as_os_str()];
    args.extend(["--format", "glb"].map(OsStr::new));
    let (exit, _, stderr) = run(folder.path(), &args);
    assert_eq!(exit, Some(1), "{stderr}");
}
