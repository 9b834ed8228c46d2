//! What commands and events do to the state.

use std::path::Path;

use super::fake;
use crate::engine::{DataFormat, EngineError, ErrorKind, Event, JobId, JobKind, JobResult};
use crate::settings::{ModelSettings, Settings};
use crate::types::{Device, Provenance};
use crate::ui::command::{Command, Pick};
use crate::ui::effect::{Effect, PlayerOrder};
use crate::ui::jobs::JobState;
use crate::ui::notes::Severity;
use crate::ui::state::{Dialog, State};

fn empty() -> State {
    State::new(Settings::default(), None)
}

fn with_clip() -> State {
    let mut state = empty();
    fake::open_analyzed(&mut state, Path::new("/clips/jump.mp4"));
    state
}

fn orders(effects: &[Effect]) -> Vec<PlayerOrder> {
    effects.iter().filter_map(|e| if let Effect::Player(order) = e { Some(*order) } else { None }).collect()
}

#[test]
fn an_opened_clip_is_analysed_by_itself_only_when_that_is_wished() {
    let mut state = empty();
    let effects = state.show_clip(fake::clip("/clips/a.mp4"));
    assert!(matches!(&effects[..], [Effect::Analyze(request), Effect::LoadNotes(_)] if !request.restart));
    let mut state = empty();
    state.settings.analyze_on_open = false;
    let effects = state.show_clip(fake::clip("/clips/a.mp4"));
    assert!(
        matches!(&effects[..], [Effect::LoadSaved { request, .. }, Effect::LoadNotes(_)] if request.clip == Path::new("/clips/a.mp4"))
    );
    assert_eq!(state.settings.recent, [Path::new("/clips/a.mp4")]);
}

#[test]
fn another_clip_stops_the_analysis_of_the_first_and_its_news_are_stale() {
    let mut state = empty();
    fake::open(&mut state, Path::new("/clips/a.mp4"), 10);
    let effects = state.show_clip(fake::clip("/clips/b.mp4"));
    assert!(matches!(effects[0], Effect::Cancel(JobId(7))));
    let riders = vec![fake::rider(1, Provenance::Detected)];
    state.take_event(Event::Riders { job: JobId(7), frame: 3, riders });
    state.take_event(Event::Resolved { job: JobId(7), riders: fake::resolved() });
    let analysis = &state.clip.as_ref().unwrap().analysis;
    assert_eq!(analysis.known_frames(), 0);
    assert!(analysis.lanes().is_empty());
}

#[test]
fn an_opening_that_was_overtaken_fails_in_silence() {
    let mut state = empty();
    for (id, path) in [(1, "/clips/slow.mp4"), (2, "/clips/quick.mp4")] {
        state.take_event(Event::Started { job: JobId(id), kind: JobKind::Open(path.into()) });
        state.opening_started(JobId(id));
    }
    state.take_event(Event::Finished { job: JobId(1), result: Err(fake::not_there("/clips/slow.mp4")) });
    assert!(state.notes.list().is_empty());
    assert_eq!(state.opening, Some(JobId(2)));
    state.take_event(Event::Finished { job: JobId(2), result: Err(fake::not_there("/clips/quick.mp4")) });
    assert_eq!(state.notes.list()[0].severity, Severity::Error);
    assert_eq!(state.opening, None);
}

#[test]
fn after_a_device_failed_the_processor_is_used_only_when_that_is_chosen() {
    let mut state = empty();
    fake::open(&mut state, Path::new("/clips/a.mp4"), 10);
    state.settings.models.recoverer_device = Device::Cuda(0);
    let error = EngineError::Worker {
        kind: ErrorKind::Device,
        message: "device cuda:0 cannot be used: no driver".into(),
        restart_helps: false,
        next: None,
    };
    let effects = state.take_event(Event::Finished { job: JobId(7), result: Err(error) }).effects;
    assert!(
        !effects.iter().any(|effect| matches!(effect, Effect::Analyze(_))),
        "nothing is taken in its place"
    );
    let failed = &state.jobs.list()[0].state;
    assert!(matches!(failed, JobState::Failed { on_device: true, why, .. } if why.contains("no driver")));
    let effects = state.update(Command::AnalyzeOnProcessor);
    assert!(
        matches!(&effects[..], [Effect::Analyze(request)] if request.models.recoverer_device == Device::Cpu && !request.restart)
    );
}

#[test]
fn a_cancelled_job_is_no_error() {
    let mut state = empty();
    fake::open(&mut state, Path::new("/clips/a.mp4"), 10);
    assert!(matches!(state.update(Command::Cancel(JobId(7)))[..], [Effect::Cancel(JobId(7))]));
    assert!(state.update(Command::Cancel(JobId(7))).len() == 1, "asking twice does no harm");
    state.take_event(Event::Finished { job: JobId(7), result: Err(EngineError::Cancelled) });
    assert!(state.notes.list().is_empty());
    assert!(!state.is_analyzing());
    assert!(state.update(Command::Cancel(JobId(7))).is_empty());
}

#[test]
fn riders_read_from_the_file_do_not_replace_a_running_analysis() {
    let mut state = empty();
    state.settings.analyze_on_open = false;
    state.show_clip(fake::clip("/clips/a.mp4"));
    let riders = || fake::resolved().as_ref().clone();
    state.take_saved(Path::new("/clips/other.mp4"), riders());
    assert!(state.clip.as_ref().unwrap().analysis.lanes().is_empty());
    state.analysis_started(JobId(4), ModelSettings::default());
    state.take_saved(Path::new("/clips/a.mp4"), riders());
    assert!(state.clip.as_ref().unwrap().analysis.lanes().is_empty());
}

#[test]
fn the_shuttle_doubles_the_speed_up_to_the_limit_and_starts_anew_in_the_other_direction() {
    let mut state = with_clip();
    let forward = Command::Shuttle { reverse: false };
    state.update(forward.clone());
    assert_eq!((state.playback.speed, state.playback.playing), (1.0, true));
    state.update(forward.clone());
    state.update(forward);
    assert_eq!(state.playback.speed, 2.0);
    let effects = state.update(Command::Shuttle { reverse: true });
    assert_eq!(orders(&effects), [PlayerOrder::Speed(1.0), PlayerOrder::Play { reverse: true }]);
}

#[test]
fn steps_and_seeks_stay_within_the_clip() {
    let mut state = with_clip();
    state.update(Command::Seek(u64::MAX));
    assert_eq!(state.playback.playhead, fake::FRAMES - 1);
    state.update(Command::Step(10));
    assert_eq!(state.playback.playhead, fake::FRAMES - 1);
    state.update(Command::SeekStart);
    state.update(Command::Step(i64::MIN));
    assert_eq!(state.playback.playhead, 0);
}

#[test]
fn in_and_out_never_cross() {
    let mut state = with_clip();
    let last = fake::FRAMES - 1;
    state.update(Command::Seek(100));
    state.update(Command::MarkIn);
    assert_eq!(state.playback.range, (100, last));
    state.update(Command::Seek(50));
    state.update(Command::MarkOut);
    assert_eq!(state.playback.range, (0, 50), "an out point before the in point lets the in point go");
    state.update(Command::SetRange(9999, 20));
    assert_eq!(state.playback.range, (20, last));
    let effects = state.update(Command::ClearRange);
    assert_eq!(orders(&effects), [PlayerOrder::Range(0, last)]);
}

#[test]
fn without_a_clip_nothing_plays_and_nothing_is_exported() {
    let mut state = empty();
    assert!(state.update(Command::TogglePlay).is_empty());
    assert!(state.update(Command::MarkIn).is_empty());
    state.update(Command::ShowExport);
    assert!(state.view.dialog.is_none());
    assert_eq!(state.notes.list().len(), 1);
}

#[test]
fn an_export_asks_for_what_is_chosen_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = empty();
    fake::open_analyzed(&mut state, &folder.path().join("jump.mp4"));
    let mut start = |video: bool, formats: &[DataFormat]| {
        state.update(Command::ShowExport);
        let Some(Dialog::Export(form, _)) = &state.view.dialog else { panic!("no dialog") };
        let mut form = form.clone();
        form.video = video;
        form.formats = formats.to_vec();
        state.update(Command::EditExport(form));
        state.update(Command::StartExport)
    };
    let data = start(false, &[DataFormat::Csv, DataFormat::Glb]);
    let [Effect::ExportData(request)] = &data[..] else { panic!("{data:?}") };
    assert_eq!(request.folder, folder.path().join("jump-data"));
    assert_eq!(request.formats, [DataFormat::Csv, DataFormat::Glb]);
    assert!(matches!(&start(true, &[])[..], [Effect::Export(_)]));
    assert!(matches!(&start(true, &[DataFormat::Bvh])[..], [Effect::Export(_), Effect::ExportData(_)]));
    assert!(start(false, &[]).is_empty());
}

#[test]
fn a_chosen_file_is_opened_and_a_dialog_left_without_choice_changes_nothing() {
    let mut state = with_clip();
    assert!(state.picked(Pick::Clip, None).is_empty());
    let effects = state.picked(Pick::Clip, Some("/clips/b.mp4".into()));
    assert!(matches!(&effects[..], [Effect::Open(path)] if path == Path::new("/clips/b.mp4")));
    assert!(state.picked(Pick::ExportVideo, Some("/x.mp4".into())).is_empty(), "the dialog is closed");
}

#[test]
fn bodies_of_frames_on_their_own_are_read_anew_when_they_are_asked_for() {
    use crate::ui::command::Layer;
    let mut state = with_clip();
    let effects = state.update(Command::ToggleLayer(Layer::Raw));
    assert!(state.settings.overlay.raw);
    assert!(
        matches!(&effects[..], [Effect::ReadRiders { clip, .. }] if clip == Path::new("/clips/jump.mp4")),
        "{effects:?}"
    );
    assert!(state.update(Command::ToggleLayer(Layer::Mesh)).is_empty(), "others need no reading");
    let mut coming = empty();
    fake::open(&mut coming, Path::new("/clips/a.mp4"), 10);
    assert!(coming.update(Command::ToggleLayer(Layer::Raw)).is_empty(), "nothing is there to be read yet");
}

#[test]
fn a_model_is_taken_in_when_it_is_picked_and_fetched_when_its_licence_is_accepted() {
    let mut state = State::new(Settings::default(), None);
    let effects = state.picked(Pick::Model, Some("/models/hmr2.onnx".into()));
    assert!(matches!(&effects[..], [Effect::ImportModel(file)] if file.ends_with("hmr2.onnx")));
    let effects = state.update(Command::ShowLicence("hmr2".into()));
    assert!(matches!(&effects[..], [Effect::ShowLicence(id)] if id == "hmr2"), "nothing is fetched yet");
    state.view.dialog = Some(Dialog::Help);
    let effects = state.update(Command::FetchModel("hmr2".into()));
    assert!(matches!(&effects[..], [Effect::FetchModel(id)] if id == "hmr2"));
    assert!(state.view.dialog.is_none());
    // Once it is there, the list is made anew.
    state.jobs.start(JobId(7), JobKind::TakeIn("/models/hmr2.onnx".into()));
    let ready = JobResult::ModelReady { title: "hmr2 is ready".into(), detail: "fp32".into() };
    let outcome = state.take_event(Event::Finished { job: JobId(7), result: Ok(ready) });
    assert!(matches!(&outcome.effects[..], [Effect::ListModels]));
}
