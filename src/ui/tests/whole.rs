//! The window with the real engine behind it, on a real clip.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::settings::Settings;
use crate::ui::command::{Command, Tab};
use crate::ui::state::{Dialog, State};
use crate::ui::{App, WindowOptions};

/// Longest that anything here may take; far more than it does.
const PATIENCE: Duration = Duration::from_secs(180);

/// A clip of its own for one test, since the analysis is kept beside it.
fn clip(folder: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/clips/jump-a.mp4");
    if !source.exists() {
        println!("skipped: {} is not there", source.display());
        return None;
    }
    let copy = folder.join("jump – Ä.mp4");
    std::fs::copy(source, &copy).unwrap();
    Some(copy)
}

fn window(clip: PathBuf) -> Harness<'static, App> {
    let settings = Settings::default();
    let options = WindowOptions { clip: Some(clip), settings, ..WindowOptions::default() };
    Harness::builder()
        .with_size([1280.0, 800.0])
        .with_max_steps(16)
        .wgpu()
        .build_eframe(|cc| App::new(cc, options))
}

/// Steps the window until `done`.
fn wait(harness: &mut Harness<'_, App>, what: &str, done: impl Fn(&State) -> bool) {
    let started = Instant::now();
    while !done(harness.state().state()) {
        let notes = harness.state().state().notes.list().iter().map(|note| note.text()).collect::<Vec<_>>();
        assert!(started.elapsed() < PATIENCE, "no {what}; {notes:?}");
        std::thread::sleep(Duration::from_millis(20));
        harness.step();
    }
}

fn picture(harness: &mut Harness<'_, App>, name: &str) -> Vec<u8> {
    let image = harness.render().unwrap();
    if let Some(folder) = super::gallery::folder() {
        std::fs::create_dir_all(&folder).unwrap();
        image.save(folder.join(format!("whole-{name}.png"))).unwrap();
    }
    image.into_raw()
}

#[test]
fn a_clip_is_opened_analysed_played_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let Some(clip) = clip(folder.path()) else { return };
    let mut harness = window(clip.clone());
    wait(&mut harness, "clip", |state| state.clip.is_some());
    let frames = harness.state().state().clip.as_ref().unwrap().info.frames.len();
    assert_eq!(frames, 122);
    wait(&mut harness, "riders", |state| state.clip.as_ref().unwrap().analysis.known_frames() > 20);
    assert!(harness.state().state().is_analyzing());
    picture(&mut harness, "analysing");

    harness.key_press(Key::Space);
    harness.step();
    wait(&mut harness, "playing", |state| state.playback.playhead > 5);
    harness.key_press(Key::K);
    harness.step();
    assert!(!harness.state().state().playback.playing);

    wait(&mut harness, "analysis", |state| state.clip.as_ref().unwrap().analysis.summary.is_some());
    let analysis = &harness.state().state().clip.as_ref().unwrap().analysis;
    assert!(analysis.lanes()[0].is_main);
    assert_eq!(analysis.known_frames() as u64, frames);

    harness.state_mut().send(Command::Seek(60));
    wait(&mut harness, "frame 60", |_| true);
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(20));
        harness.step();
    }
    let with_mesh = picture(&mut harness, "mesh");
    harness.key_press(Key::M);
    harness.run_ok();
    let without_mesh = picture(&mut harness, "plain");
    assert_ne!(with_mesh, without_mesh, "the mesh shows");

    harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
    harness.run_ok();
    assert!(matches!(harness.state().state().view.dialog, Some(Dialog::Export(..))));
    harness.get_by_label("Start export").click();
    harness.run_ok();
    wait(&mut harness, "export", |state| !state.notes.list().is_empty());
    let note = harness.state().state().notes.list()[0].text();
    assert!(note.starts_with("Exported jump – Ä-overlay.mp4"), "{note}");
    assert!(clip.with_file_name("jump – Ä-overlay.mp4").metadata().unwrap().len() > 10_000);
}

#[test]
fn a_file_that_is_no_clip_is_told_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.mp4");
    std::fs::write(&file, "not a video").unwrap();
    let mut harness = window(file);
    wait(&mut harness, "error", |state| !state.notes.list().is_empty());
    harness.run_ok();
    harness.get_by_label("Could not open notes.mp4");
    harness.get_by_label("Drop a clip here");
    harness.state_mut().send(Command::ShowTab(Tab::Activity));
    harness.run_ok();
    harness.get_by_label("Try again");
}
