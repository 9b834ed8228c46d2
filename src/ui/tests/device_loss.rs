//! A window whose graphics device is lost: the next one shows the same, and the analysis has gone on.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;

use crate::settings::Settings;
use crate::ui::command::{Command, Tab};
use crate::ui::state::State;
use crate::ui::window::{Shared, Window};
use crate::ui::{App, WindowOptions};

/// Longest that anything here may take; far more than it does.
const PATIENCE: Duration = Duration::from_secs(180);

/// A window of `app`, which is made or has moved.
fn window(app: &Shared, make: impl FnOnce(&eframe::CreationContext<'_>) -> App) -> Harness<'static, Window> {
    let shown = Rc::clone(app);
    Harness::builder().with_size([1280.0, 800.0]).with_max_steps(16).wgpu().build_eframe(move |cc| {
        *shown.borrow_mut() = Some(make(cc));
        Window { app: shown }
    })
}

fn with<T>(app: &Shared, look: impl FnOnce(&mut App) -> T) -> T {
    look(app.borrow_mut().as_mut().unwrap())
}

/// Steps the window until `done`.
fn wait(harness: &mut Harness<'_, Window>, app: &Shared, what: &str, done: impl Fn(&State) -> bool) {
    let started = Instant::now();
    while !with(app, |app| done(app.state())) {
        assert!(started.elapsed() < PATIENCE, "no {what}");
        std::thread::sleep(Duration::from_millis(20));
        harness.step();
    }
}

/// What it shows once it rests.
fn picture(harness: &mut Harness<'_, Window>) -> image::RgbaImage {
    let started = Instant::now();
    let mut last = image::RgbaImage::default();
    loop {
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(50));
            harness.step();
        }
        let now = harness.render().unwrap();
        if now == last {
            return now;
        }
        assert!(started.elapsed() < PATIENCE, "it does not rest");
        last = now;
    }
}

/// Different colours in the middle of a picture: many where a frame of the clip is drawn.
fn colors(picture: &image::RgbaImage) -> usize {
    let middle = (300..500).flat_map(|x| (250..400).map(move |y| picture.get_pixel(x, y).0));
    middle.collect::<std::collections::BTreeSet<_>>().len()
}

fn dismiss_notes(app: &mut App) {
    let notes: Vec<_> = app.state().notes.list().iter().map(|note| note.id).collect();
    notes.into_iter().for_each(|note| app.send(Command::DismissNote(note)));
}

#[test]
fn a_window_whose_device_is_lost_goes_over_to_another_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.mp4");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.mp4"), &path).unwrap();
    let options =
        WindowOptions { clip: Some(path.clone()), settings: Settings::default(), ..WindowOptions::default() };
    let app = Shared::default();
    let mut first = window(&app, |cc| App::new(cc, options));
    wait(&mut first, &app, "clip", |state| state.clip.is_some());
    // What an analysis adds would be taken for a difference.
    with(&app, |app| {
        let running = app.state().jobs.list().iter().filter(|job| job.is_running()).map(|job| job.id);
        running.collect::<Vec<_>>().into_iter().for_each(|job| app.send(Command::Cancel(job)));
    });
    wait(&mut first, &app, "end of the analysis", |state| !state.is_analyzing());
    with(&app, |app| {
        dismiss_notes(app);
        app.send(Command::Seek(70));
        app.send(Command::ShowTab(Tab::Overlay));
    });
    let before = picture(&mut first);
    with(&app, |app| {
        assert_eq!(app.lost_device(), None);
        app.lose_device();
    });
    let started = Instant::now();
    while with(&app, |app| app.lost_device().is_none()) {
        assert!(started.elapsed() < PATIENCE, "it is not noticed");
        std::thread::sleep(Duration::from_millis(5));
    }
    // It draws nothing more, and asks to be closed.
    first.step();
    drop(first);

    let lost = app.borrow_mut().take().unwrap();
    let mut second = window(&app, |cc| lost.moved_to(cc));
    second.step();
    with(&app, |app| {
        assert_eq!(app.lost_device(), None);
        let told = app.state().notes.list().iter().map(|note| note.text()).collect::<Vec<_>>();
        assert!(told.len() == 1 && told[0].contains("graphics device was lost"), "{told:?}");
        dismiss_notes(app);
    });
    let same = picture(&mut second);
    if let Some(folder) = super::gallery::folder() {
        std::fs::create_dir_all(&folder).unwrap();
        before.save(folder.join("device-before.png")).unwrap();
        same.save(folder.join("device-after.png")).unwrap();
    }
    assert!(colors(&before) > 500 && colors(&same) > 500, "{} {}", colors(&before), colors(&same));
    with(&app, |app| {
        let state = app.state();
        assert_eq!((state.playback.playhead, state.view.tab), (70, Tab::Overlay));
        assert!(state.clip.as_ref().is_some_and(|clip| clip.info.path == path));
    });
    // What the engine says reaches the new window.
    with(&app, |app| app.send(Command::Seek(10)));
    let after = picture(&mut second);
    assert!(after != same);
    assert_eq!(with(&app, |app| app.state().playback.playhead), 10);
}
