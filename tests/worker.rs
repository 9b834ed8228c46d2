//! Analyses in a process of their own, and what is left when it is killed.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use common::{demo_copy, has_runtime, run};
use snowmesh::engine::{
    AnalyzeRequest, Breadcrumb, Engine, EngineError, ErrorKind, Event, JobResult, ModelPlaces, ResolvedRiders,
};
use snowmesh::settings::ModelSettings;
use snowmesh::store::AnalysisStore;
use snowmesh::types::MemoryWish;

/// The binary with a home of its own.
fn program(home: &Path) -> PathBuf {
    let script = home.join("worker.sh");
    let exe = env!("CARGO_BIN_EXE_snowmesh");
    let text = format!(
        "#!/bin/sh\nexport HOME='{0}' XDG_CONFIG_HOME='{0}' XDG_DATA_HOME='{0}'\nexec '{exe}' \"$@\"\n",
        home.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    script
}

/// Processes that this one has started and that analyse `clip`.
fn workers(clip: &Path) -> Vec<u32> {
    let own = std::process::id().to_string();
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|number| {
            // proc_pid_stat(5): the parent is the second field after the name in brackets.
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
            let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
            let line = std::fs::read_to_string(format!("/proc/{number}/cmdline")).unwrap_or_default();
            parent == Some(own.as_str())
                && line.contains("--worker")
                && line.contains(&*clip.to_string_lossy())
        })
        .collect()
}

fn kill(process: u32) {
    assert!(Command::new("kill").args(["-9", &process.to_string()]).status().unwrap().success());
}

fn request(clip: &Path) -> AnalyzeRequest {
    AnalyzeRequest {
        clip: clip.to_owned(),
        store: None,
        models: ModelSettings::default(),
        memory: MemoryWish::default(),
        restart: false,
        accept_existing: false,
    }
}

/// How an analysis in a worker ends that is killed once `frames` frames are reported done; never for `None`. Also the
/// most frames that were reported done.
fn analyse(
    program: &Path,
    clip: &Path,
    frames: Option<u64>,
) -> (Result<Arc<ResolvedRiders>, EngineError>, u64) {
    // As with --models-dir: the worker is told.
    let models_folder = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
    let places = ModelPlaces { models_folder, ..ModelPlaces::default() };
    let engine = Engine::new(places, Some(program.to_owned()), Arc::new(|| {}));
    let job = engine.analyze(request(clip), true);
    let (mut resolved, mut reported, mut killed) = (None, 0, false);
    loop {
        for event in engine.drain_events() {
            match event {
                Event::Progress { job: of, progress } if of == job => {
                    reported = reported.max(progress.done);
                    if !killed && frames.is_some_and(|frames| reported >= frames) {
                        workers(clip).into_iter().for_each(kill);
                        killed = true;
                    }
                }
                Event::Resolved { riders, .. } => resolved = Some(riders),
                Event::Finished { result: Ok(JobResult::Analyzed(_)), .. } => {
                    return (Ok(resolved.unwrap()), reported);
                }
                Event::Finished { result: Err(error), .. } => return (Err(error), reported),
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_worker_says_why_loses_nothing_reported_and_the_next_ends_with_the_same_riders() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let clip = demo_copy(folder.path());
    let store = folder.path().join("demo.mp4.snowmesh");
    for frames in [1, 40, 90] {
        let (result, reported) = analyse(&program, &clip, Some(frames));
        let error = match result {
            Err(error) => error,
            Ok(_) => panic!("it was not killed at frame {frames}"),
        };
        assert_eq!(error.kind(), ErrorKind::Memory, "{error}");
        let EngineError::WorkerDied(death) = &error else { panic!("{error}") };
        assert!(death.next.is_some() && death.crumb.is_some(), "{death:?}");
        let words = error.to_string();
        assert!(words.contains("SIGKILL") && words.contains("frames are kept"), "{words}");
        let saved = AnalysisStore::open_read_only(&store).unwrap();
        assert!(saved.next_frame().unwrap() >= reported, "frame {reported} was reported done");
        assert!(!saved.is_finished().unwrap());
    }
    let (result, _) = analyse(&program, &clip, None);
    let found = result.unwrap();
    assert_eq!(Breadcrumb::read(&store), None, "it ended by itself");

    let undisturbed = tempfile::tempdir().unwrap();
    let (result, _) = analyse(&program, &demo_copy(undisturbed.path()), None);
    let expected = result.unwrap();
    assert_eq!(found.frames, expected.frames);
    assert_eq!(found.tracks, expected.tracks);
}

/// Resident memory of this process and those that analyse `clip`, as the kernel counts it page by page (proc_pid_smaps_rollup).
fn counted_by_the_kernel(clip: &Path) -> u64 {
    let of = |process: u32| {
        let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
        let kib = rollup.lines().find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix("kB"));
        kib.map_or(0, |kib| kib.trim().parse::<u64>().unwrap() * 1024)
    };
    of(std::process::id()) + workers(clip).into_iter().map(of).sum::<u64>()
}

#[test]
fn the_meter_is_within_a_tenth_of_what_the_kernel_counts() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let engine = Engine::new(ModelPlaces::default(), Some(program(folder.path())), Arc::new(|| {}));
    let job = engine.analyze(request(&clip), true);
    let (mut looks, mut farthest) = (0, 0.0_f64);
    loop {
        let mut ended = false;
        for event in engine.drain_events() {
            ended |= matches!(event, Event::Finished { job: of, .. } if of == job);
        }
        if ended {
            break;
        }
        let before = counted_by_the_kernel(&clip);
        let meter = engine.memory();
        let after = counted_by_the_kernel(&clip);
        if meter.workers > 0 && workers(&clip).len() == 1 {
            // Between the two counts the meter may say anything; farther out by no more than a tenth.
            let (least, most) = (before.min(after) as f64, before.max(after) as f64);
            let told = (meter.resident + meter.workers) as f64;
            let off = (least - told).max(told - most).max(0.0) / least;
            assert!(off < 0.1, "the meter tells {told}, the kernel {before} and {after}");
            (looks, farthest) = (looks + 1, farthest.max(off));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(looks > 5, "{looks} looks");
    println!("{looks} looks, at most {:.2} % from the kernel's count", farthest * 100.0);
}

#[test]
fn one_model_at_a_time_and_on_demand_find_the_same_riders_as_both_at_once() {
    if !has_runtime() {
        return;
    }
    let found = |mode: &str| {
        let folder = tempfile::tempdir().unwrap();
        let clip = demo_copy(folder.path());
        let analyze = ["analyze", "--memory-mode", mode].map(std::ffi::OsStr::new);
        let (code, _, errors) = run(folder.path(), &[&analyze[..], &[clip.as_os_str()]].concat());
        assert_eq!(code, Some(0), "{mode}: {errors}");
        let store = AnalysisStore::open_read_only(&folder.path().join("demo.mp4.snowmesh")).unwrap();
        assert!(store.looks().unwrap().is_empty(), "they are of no use any more");
        (store.tracks().unwrap(), store.riders_range(..).unwrap())
    };
    let expected = found("all-at-once");
    assert!(!expected.0.is_empty());
    for mode in ["one-at-a-time", "on-demand"] {
        assert!(found(mode) == expected, "{mode}");
    }
}

#[test]
fn what_cannot_fit_is_refused_before_anything_is_loaded_or_written() {
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let line = ["analyze", "--memory-limit", "80MiB"].map(std::ffi::OsStr::new);
    let (code, _, errors) = run(folder.path(), &[&line[..], &[clip.as_os_str()]].concat());
    assert_eq!(code, Some(6), "{errors}");
    for part in ["does not fit", "80 MiB you allow", "Raise the memory limit"] {
        assert!(errors.contains(part), "{errors}");
    }
    assert!(!folder.path().join("demo.mp4.snowmesh").exists());
}

#[test]
fn the_plan_is_printed_with_its_reasons_and_nothing_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let line = ["analyze", "--plan", "--memory-limit", "1GiB"].map(std::ffi::OsStr::new);
    let (code, printed, errors) = run(folder.path(), &[&line[..], &[clip.as_os_str()]].concat());
    assert_eq!(code, Some(0), "{errors}");
    for part in ["both models at once", "1 GiB you allow", "taken: full speed", "nanodet on cpu"] {
        assert!(printed.contains(part), "{printed}");
    }
    assert!(!folder.path().join("demo.mp4.snowmesh").exists());
}

#[test]
fn a_worker_without_an_order_says_so_and_one_whose_starter_is_gone_stops() {
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let line = ["analyze", "--worker", "--progress", "json"].map(std::ffi::OsStr::new);
    let (code, printed, errors) = run(folder.path(), &[&line[..], &[clip.as_os_str()]].concat());
    assert_eq!(code, Some(1), "{errors}");
    assert!(printed.contains("\"event\":\"failed\"") && errors.contains("order"), "{printed} {errors}");
    if !has_runtime() {
        return;
    }
    let models = serde_json::to_string(&ModelSettings::default()).unwrap();
    let order = format!("{{\"models\":{models},\"memory\":{{}},\"accept_existing\":false}}\n");
    let mut child = common::snowmesh(folder.path())
        .args(line)
        .arg(&clip)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), order.as_bytes()).unwrap();
    // Its input has ended with the order: it stops at the first look, as if cancelled.
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
