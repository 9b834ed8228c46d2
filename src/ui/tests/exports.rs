//! Exports and pictures asked for in the window.

use std::path::Path;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::fake;
use super::panels::window;
use crate::engine::{Layout, PictureKind, PictureRiders, Rate};
use crate::settings::Settings;
use crate::ui::App;
use crate::ui::command::{Command, Pick};
use crate::ui::effect::Effect;
use crate::ui::export_form::ExportForm;
use crate::ui::state::{Dialog, State};

fn with_clip() -> State {
    let mut state = State::new(Settings::default(), None);
    fake::open_analyzed(&mut state, Path::new("/clips/jump.mp4"));
    state
}

#[test]
fn the_picture_shown_is_saved_where_the_user_says_or_beside_the_clip() {
    let mut state = with_clip();
    state.playback.playhead = 17;
    let effects = state.update(Command::Browse(Pick::Picture));
    let [Effect::Browse { pick: Pick::Picture, start }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(start, Path::new("/clips/jump-000017.png"));
    let chosen = state.picked(Pick::Picture, Some("/home/coach/take-off".into()));
    let without_dialog = state.no_file_dialog(Pick::Picture);
    for (effects, output) in
        [(chosen, "/home/coach/take-off.png"), (without_dialog, "/clips/jump-000017.png")]
    {
        let [Effect::SavePicture(request)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(
            (request.output.as_path(), &request.kind),
            (Path::new(output), &PictureKind::Still { frame: 17 })
        );
        let PictureRiders::Given(riders) = &request.riders else { panic!("not what is shown") };
        assert!(!riders.at(17).is_empty(), "the riders are those that the window shows");
    }
    assert!(State::new(Settings::default(), None).no_file_dialog(Pick::Picture).is_empty());
}

/// Whether there is something of this name: its label, and the control itself.
fn offers(harness: &Harness<'_, App>, name: &str) -> bool {
    harness.query_all_by_label(name).next().is_some()
}

#[test]
fn only_what_applies_is_offered_and_a_second_export_is_queued() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("jump.mp4");
    let mut harness = window(|state| fake::open_analyzed(state, &clip));
    harness.state_mut().send(Command::ShowExport);
    harness.run();
    for name in ["Layout", "File type", "Codec", "Quality", "Size", "Speed"] {
        assert!(offers(&harness, name), "{name}");
    }
    assert!(!offers(&harness, "Bit rate"));
    let edit = |harness: &mut Harness<'_, App>, change: fn(&mut ExportForm)| {
        let Some(Dialog::Export(form, _)) = &harness.state().state().view.dialog else { panic!("no dialog") };
        let mut form = form.clone();
        change(&mut form);
        harness.state_mut().send(Command::EditExport(form));
        harness.run();
    };
    edit(&mut harness, |form| form.options.encoding.rate = Rate::BitsPerSecond(8_000_000));
    assert!(offers(&harness, "Bit rate"));
    edit(&mut harness, |form| form.options.layout = Layout::OverlayOnly);
    assert!(!offers(&harness, "Codec") && !offers(&harness, "Quality"));
    assert!(!harness.get_by_label("Start export").accesskit_node().is_disabled());
    harness.state_mut().put(fake::busy, None);
    harness.run();
    harness.get_by_label("Add to the queue");
}
