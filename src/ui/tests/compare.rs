//! Comparing detectors: what the user does, and what the window shows of it.

use std::path::Path;

use egui::Key;
use egui_kittest::kittest::{NodeT, Queryable};

use super::fake;
use super::panels::window;
use crate::engine::{EngineError, Event, JobId, JobKind, JobResult};
use crate::settings::Settings;
use crate::ui::command::{Command, Tab};
use crate::ui::comparing::CompareChange;
use crate::ui::effect::Effect;
use crate::ui::state::State;

const CLIP: &str = "/clips/jump.mp4";

fn opened() -> State {
    let mut state = State::new(Settings::default(), None);
    fake::open_analyzed(&mut state, Path::new(CLIP));
    state
}

fn change(state: &mut State, change: CompareChange) -> Vec<Effect> {
    state.update(Command::Compare(change))
}

#[test]
fn what_has_been_compared_is_shown_again_without_running_anything() {
    let mut state = opened();
    let effects = state.update(Command::ToggleCompare);
    assert!(matches!(effects.as_slice(), [Effect::LookUpRuns(request)] if request.detectors.len() == 2));
    assert!(
        !state.comparing.as_ref().unwrap().can_start(),
        "nothing is run while results are being looked up"
    );
    let effects = state.take_kept_runs(Path::new(CLIP), Ok(fake::comparison(&state)));
    assert!(effects.is_empty());
    let comparing = state.comparing.as_ref().unwrap();
    assert!(comparing.is_shown() && comparing.can_start());
    assert_eq!(comparing.chosen, ["nanodet", "movenet-multipose"]);
}

#[test]
fn detectors_are_chosen_run_cancelled_and_shown() {
    let mut state = opened();
    state.update(Command::ToggleCompare);
    let (comparison, _) = fake::comparison(&state);
    let mut none = (*comparison).clone();
    none.runs.clear();
    let measured = none.measure(&[]);
    state.take_kept_runs(Path::new(CLIP), Ok((none.into(), measured)));
    assert_eq!(state.comparing.as_ref().unwrap().chosen, ["nanodet", "movenet-multipose"]);
    change(&mut state, CompareChange::Choose("nanodet".into(), false));
    assert!(
        change(&mut state, CompareChange::Start { again: false }).is_empty(),
        "one alone is not compared"
    );
    change(&mut state, CompareChange::Choose("nobody's".into(), true));
    change(&mut state, CompareChange::Choose("nanodet".into(), true));
    let effects = change(&mut state, CompareChange::Start { again: false });
    let [Effect::Compare(request)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((request.detectors.join(","), request.again), ("movenet-multipose,nanodet".into(), false));
    for result in [Err(EngineError::Cancelled), Err(fake::not_there(CLIP))] {
        state.take_event(Event::Started { job: JobId(9), kind: JobKind::Compare(CLIP.into()) });
        state.comparison_started(JobId(9));
        assert!(!state.comparing.as_ref().unwrap().can_start());
        let failed = !matches!(result, Err(EngineError::Cancelled));
        state.take_event(Event::Finished { job: JobId(9), result });
        let comparing = state.comparing.as_ref().unwrap();
        assert!(comparing.can_start() && comparing.failure.is_some() == failed);
    }
    state.comparison_started(JobId(9));
    let (comparison, measured) = fake::comparison(&state);
    state.take_event(Event::Finished {
        job: JobId(9),
        result: Ok(JobResult::Compared { comparison, measured }),
    });
    assert!(state.comparing.as_ref().unwrap().is_shown());
}

#[test]
fn a_threshold_that_moves_is_measured_again_once_at_a_time() {
    let mut state = opened();
    fake::compare(&mut state);
    let effects = change(&mut state, CompareChange::Threshold(0, 0.7));
    let [Effect::Measure { comparison, thresholds }] = effects.as_slice() else { panic!("{effects:?}") };
    let before = comparison.measure(thresholds);
    assert!(change(&mut state, CompareChange::Threshold(0, 0.8)).is_empty(), "the first is still worked out");
    assert!(change(&mut state, CompareChange::Threshold(7, 0.8)).is_empty());
    assert!(change(&mut state, CompareChange::Threshold(0, f32::NAN)).is_empty());
    let effects = state.take_measured(comparison, before);
    let [Effect::Measure { comparison, thresholds }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(thresholds, &[0.8, 0.4]);
    let measured = comparison.measure(thresholds);
    assert!(state.take_measured(comparison, measured).is_empty());
    let shown = state.comparing.as_ref().unwrap().shown.as_ref().unwrap();
    assert_eq!(shown.measured.detectors[0].threshold, 0.8);
    assert!(shown.measured.detectors[0].found < shown.measured.detectors[1].found);
}

#[test]
fn the_playhead_goes_from_disagreement_to_disagreement() {
    let mut state = opened();
    fake::compare(&mut state);
    state.update(Command::Seek(0));
    change(&mut state, CompareChange::NextDisagreement);
    assert_eq!(state.playback.playhead, fake::MISSED.start);
    change(&mut state, CompareChange::NextDisagreement);
    assert_eq!(state.playback.playhead, fake::ELSEWHERE.start);
    change(&mut state, CompareChange::PreviousDisagreement);
    assert_eq!(state.playback.playhead, fake::MISSED.start);
    state.update(Command::Seek(fake::ELSEWHERE.start));
    assert!(change(&mut state, CompareChange::NextDisagreement).is_empty());
    assert_eq!(state.notes.list().last().unwrap().title, "No further disagreement");
}

#[test]
fn another_clip_ends_the_comparison() {
    let mut state = opened();
    fake::compare(&mut state);
    change(&mut state, CompareChange::Start { again: true });
    state.comparison_started(JobId(9));
    let effects = state.show_clip(fake::clip("/clips/other.mp4"));
    assert!(state.comparing.is_none() && state.view.tab == Tab::Riders);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Cancel(JobId(9)))));
    // What comes late belongs to nobody.
    let (comparison, measured) = fake::comparison(&state);
    state.take_event(Event::Finished {
        job: JobId(9),
        result: Ok(JobResult::Compared { comparison, measured }),
    });
    assert!(state.comparing.is_none());
}

#[test]
fn the_view_shows_a_pane_for_each_and_the_figures() {
    let mut harness = window(|state| {
        fake::open_analyzed(state, Path::new(CLIP));
        fake::compare(state);
    });
    for name in ["Pane of nanodet", "Pane of movenet-multipose", "Agreement of the detectors", "ID switches"]
    {
        harness.get_by_label(name);
    }
    harness.key_press(Key::E);
    harness.run();
    assert_eq!(harness.state().state().playback.playhead, fake::ELSEWHERE.start, "on from frame 142");
    harness.get_by_label("Threshold of nanodet");
    harness.get_by_label("Back to the clip alone").click();
    harness.run();
    harness.get_by_label("Picture");
    assert!(harness.query_by_label("Pane of nanodet").is_none());
}

#[test]
fn without_results_the_view_says_what_to_do_and_a_run_can_be_stopped() {
    let mut harness = window(|state| {
        fake::open_analyzed(state, Path::new(CLIP));
        state.update(Command::ToggleCompare);
        state.take_kept_runs(Path::new(CLIP), Err(fake::not_there(CLIP)));
    });
    harness.get_by_label("The detectors could not be compared");
    assert!(!harness.get_by_label("Compare").accesskit_node().is_disabled());
    let start = |state: &mut State| {
        state.take_event(Event::Started { job: JobId(9), kind: JobKind::Compare(CLIP.into()) });
        state.comparison_started(JobId(9));
    };
    harness.state_mut().put(start, None);
    harness.run();
    harness.get_by_label("Comparing the detectors");
    harness.get_by_label("Stop comparing").click();
    harness.run();
    assert!(
        !harness
            .state()
            .state()
            .jobs
            .list()
            .iter()
            .any(|job| job.state == crate::ui::jobs::JobState::Running)
    );
}
