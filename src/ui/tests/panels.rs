//! Panels found and used by their accessible names.

use std::path::Path;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::fake;
use crate::engine::{DeviceReport, Event, JobId, JobKind};
use crate::types::{Device, Provenance, TrackId};
use crate::ui::command::{Command, Tab};
use crate::ui::state::{Dialog, State};
use crate::ui::{App, WindowOptions};

pub(super) fn window(put: impl FnOnce(&mut State)) -> Harness<'static, App> {
    let mut harness = Harness::builder()
        .with_size([1280.0, 800.0])
        .with_max_steps(16)
        .build_eframe(|cc| App::new(cc, WindowOptions::default()));
    harness.state_mut().put(put, None);
    harness.run();
    harness
}

fn with_clip() -> Harness<'static, App> {
    window(|state| fake::open_analyzed(state, Path::new("/clips/jump.mp4")))
}

#[test]
fn the_empty_window_invites_a_clip_and_offers_nothing_that_needs_one() {
    let harness = window(|state| state.demo = Some("/demo.mp4".into()));
    harness.get_by_label("Drop a clip here");
    harness.get_by_label("Open a clip");
    harness.get_by_label("Play the demo");
    assert!(harness.query_by_label("Timeline").is_none());
    assert!(harness.get_by_label("Export").accesskit_node().is_disabled());
}

#[test]
fn the_question_mark_shows_the_keys_and_escape_takes_them_away() {
    let mut harness = with_clip();
    harness.key_press(Key::Questionmark);
    harness.run();
    harness.get_by_label("Play forwards; again: faster");
    harness.get_by_label("Play or pause");
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.state().state().view.dialog.is_none());
}

#[test]
fn a_layer_is_switched_by_its_button_and_by_its_key() {
    let mut harness = with_clip();
    assert!(!harness.state().state().settings.overlay.skeleton);
    harness.get_by_label("Skeleton").click();
    harness.run();
    assert!(harness.state().state().settings.overlay.skeleton);
    harness.key_press(Key::S);
    harness.run();
    assert!(!harness.state().state().settings.overlay.skeleton);
}

#[test]
fn keys_leave_typed_text_alone() {
    let mut harness = with_clip();
    let mesh = harness.state().state().settings.overlay.mesh;
    harness.get_by_label("Frame").focus();
    harness.run();
    harness.key_press(Key::M);
    harness.key_press(Key::Space);
    harness.run();
    assert_eq!(harness.state().state().settings.overlay.mesh, mesh);
    assert!(!harness.state().state().playback.playing);
}

#[test]
fn a_frame_number_that_is_typed_moves_the_playhead() {
    let mut harness = with_clip();
    harness.get_by_label("Frame").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run();
    harness.get_by_label("Frame").type_text("250");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().state().playback.playhead, 250);
    harness.get_by_label("Time").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run();
    harness.get_by_label("Time").type_text("0:02.00");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().state().playback.playhead, 60);
}

#[test]
fn a_failed_opening_is_told_and_stays_until_it_is_dismissed() {
    let mut harness = window(|state| {
        let kind = JobKind::Open("/clips/gone.mp4".into());
        state.take_event(Event::Started { job: JobId(3), kind });
        state.opening_started(JobId(3));
        let result = Err(fake::not_there("/clips/gone.mp4"));
        state.take_event(Event::Finished { job: JobId(3), result });
    });
    harness.get_by_label("Could not open gone.mp4");
    harness.get_by_label_contains("/clips/gone.mp4: opening failed");
    harness.run_steps(400);
    harness.get_by_label("Dismiss").click();
    harness.run();
    assert!(harness.query_by_label("Could not open gone.mp4").is_none());
}

#[test]
fn the_export_dialog_refuses_the_clip_itself() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("jump.mp4");
    std::fs::write(&clip, "clip").unwrap();
    let mut harness = window(|state| fake::open_analyzed(state, &clip));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
    harness.run();
    assert!(!harness.get_by_label("Start export").accesskit_node().is_disabled());
    let Some(Dialog::Export(form, _)) = &harness.state().state().view.dialog else { panic!("no dialog") };
    let mut form = form.clone();
    form.output = clip.display().to_string();
    harness.state_mut().put(|state| drop(state.update(Command::EditExport(form))), None);
    harness.run();
    assert!(harness.get_by_label("Start export").accesskit_node().is_disabled());
    harness.get_by_label_contains("This is the clip itself");
}

#[test]
fn a_click_on_a_rider_selects_him_and_the_weak_spot_is_found() {
    let mut harness = with_clip();
    harness.state_mut().put(|state| state.playback.playhead = 100, None);
    harness.get_by_label("Lane of Rider 2").click();
    harness.run();
    assert_eq!(harness.state().state().view.selected, Some(TrackId(2)));
    harness.get_all_by_label("Weak spot").next().unwrap().click();
    harness.run();
    let state = harness.state().state();
    let lane = state.clip.as_ref().unwrap().analysis.lane(TrackId(1)).unwrap();
    assert_eq!(state.playback.playhead, 150);
    assert_eq!(lane.at(150), Some(Provenance::Predicted));
}

#[test]
fn other_settings_offer_a_new_analysis() {
    let mut harness = with_clip();
    harness.state_mut().put(|state| drop(state.update(Command::ShowTab(Tab::Models))), None);
    harness.run();
    assert!(harness.query_by_label("Re-analyse").is_none());
    harness.state_mut().put(|state| state.settings.models.detector = "movenet-multipose".into(), None);
    harness.run();
    harness.get_by_label("Re-analyse");
}

#[test]
fn a_device_that_cannot_be_had_says_why_and_the_processor_is_offered_not_taken() {
    let mut harness = with_clip();
    // One that no ONNX Runtime for this system has: the same is told once devices have been tried.
    let device = if cfg!(target_os = "macos") { Device::DirectMl(0) } else { Device::CoreMl };
    let why = "not in this ONNX Runtime build";
    harness.state_mut().put(
        |state| {
            state.settings.models.recoverer_device = device;
            state.devices = vec![DeviceReport { device, usable: false, detail: why.into() }];
            state.update(Command::ShowTab(Tab::Models));
        },
        None,
    );
    harness.run();
    harness.get_by_label(&format!("{} cannot be had: {why}", device.title()));
    assert_eq!(harness.state().state().settings.models.recoverer_device, device);
    harness.get_by_label("Use the processor instead").click();
    harness.run();
    assert_eq!(harness.state().state().settings.models.recoverer_device, Device::Cpu);
    assert!(harness.query_by_label("Use the processor instead").is_none());
}

#[test]
fn a_running_job_can_be_cancelled_from_the_list() {
    let mut harness = window(|state| {
        fake::open(state, Path::new("/clips/jump.mp4"), 120);
        state.update(Command::ShowTab(Tab::Activity));
    });
    harness.get_by_label("Cancel this job").click();
    harness.run();
    harness.get_by_label("Stopping; what was done is kept");
}

#[test]
fn the_other_button_on_a_lane_opens_the_riders_menu() {
    let mut harness = with_clip();
    let lanes = harness.state().state().clip.as_ref().unwrap().analysis.lanes();
    let other = lanes.iter().find(|lane| !lane.is_main).unwrap().title();
    harness.get_by_label(&format!("Lane of {other}")).click_secondary();
    harness.run();
    assert!(harness.get_by_label("Undo").accesskit_node().is_disabled(), "nothing has been changed yet");
    harness.get_by_label("Delete the track");
    harness.get_by_label("The same rider as Rider 1");
    harness.get_by_label("Make him the main rider").click();
    harness.step();
    // The clip of this test is nowhere, and neither is its analysis file: that is told, and nothing is changed.
    let told = |app: &App| app.state().notes.list().iter().any(|n| n.title == "The riders were not changed");
    for _ in 0..200 {
        harness.step();
        if told(harness.state()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(told(harness.state()));
    assert!(harness.state().state().clip.as_ref().unwrap().analysis.can_change());
    assert!(harness.query_by_label("Delete the track").is_none(), "the menu is closed");
}
