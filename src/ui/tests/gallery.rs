//! Every page of the window at several sizes, in both themes: nothing may be cut off, and whoever wants to look at
//! them sets `SNOWMESH_GALLERY` to a folder and finds pictures there.

use std::path::{Path, PathBuf};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::fake;
use crate::settings::Theme;
use crate::types::Device;
use crate::ui::command::{Command, Tab};
use crate::ui::state::State;
use crate::ui::{App, WindowOptions};

const SIZES: [[f32; 2]; 3] = [[900.0, 600.0], [1280.0, 800.0], [1920.0, 1080.0]];

const CLIP: &str =
    "/home/coach/Videos/2026-02-11 Laax/Big jump, take 3, seen from the side and filmed in slow motion.mp4";

struct Scene {
    name: &'static str,
    put: fn(&mut State),
    act: fn(&mut Harness<'_, App>),
}

/// What a scene without a hand in it does.
fn rest(_: &mut Harness<'_, App>) {}

fn scenes() -> Vec<Scene> {
    vec![
        Scene { name: "empty", put: |_| {}, act: rest },
        Scene {
            name: "recent",
            put: |state| {
                state.settings.recent = fake::settings_with_recent().recent;
                state.demo = Some("/usr/share/snowmesh/demo.mp4".into());
            },
            act: rest,
        },
        Scene {
            name: "riders",
            put: |state| {
                fake::open(state, Path::new(CLIP), 190);
                state.view.selected = Some(crate::types::TrackId(1));
            },
            act: rest,
        },
        Scene {
            name: "busy",
            put: |state| {
                fake::open(state, Path::new(CLIP), 190);
                fake::busy(state);
                state.view.tab = Tab::Activity;
                state.playback.range = (60, 220);
                state.playback.playing = true;
                state.playback.looping = true;
            },
            act: rest,
        },
        Scene {
            name: "overlay",
            put: |state| {
                fake::open_analyzed(state, Path::new(CLIP));
                state.settings.overlay.skeleton = true;
                state.view.tab = Tab::Overlay;
            },
            act: rest,
        },
        Scene {
            name: "compare",
            put: |state| {
                fake::open_analyzed(state, Path::new(CLIP));
                fake::compare(state);
                state.playback.playhead = 165;
            },
            act: rest,
        },
        Scene {
            name: "compare-empty",
            put: |state| {
                fake::open_analyzed(state, Path::new(CLIP));
                state.update(Command::ToggleCompare);
                state.take_kept_runs(Path::new(CLIP), Err(fake::not_there(CLIP)));
            },
            act: rest,
        },
        Scene {
            name: "models",
            put: |state| {
                fake::open_analyzed(state, Path::new(CLIP));
                state.settings.models.detector = "movenet-multipose".into();
                state.settings.models.recoverer_device = Device::Cuda(0);
                state.view.tab = Tab::Models;
            },
            act: rest,
        },
        Scene {
            name: "export",
            put: |state| {
                fake::open_analyzed(state, Path::new(CLIP));
                state.update(Command::ShowExport);
            },
            act: rest,
        },
        Scene {
            name: "speed",
            put: |state| fake::open_analyzed(state, Path::new(CLIP)),
            act: |harness| {
                harness.get_by_label("Speed").click();
                harness.run();
            },
        },
        Scene {
            name: "menu",
            put: |state| {
                fake::open_analyzed(state, Path::new(CLIP));
                state.settings.recent = fake::settings_with_recent().recent;
            },
            act: |harness| {
                harness.get_by_label("Recent clips and paths").click();
                harness.run();
            },
        },
        Scene {
            name: "hover",
            put: |state| fake::open_analyzed(state, Path::new(CLIP)),
            act: |harness| {
                let timeline = harness.get_by_label("Timeline").rect();
                harness.hover_at(timeline.lerp_inside(egui::vec2(0.3, 0.8)));
                harness.run();
            },
        },
        Scene {
            name: "tooltip",
            put: |state| fake::open_analyzed(state, Path::new(CLIP)),
            act: |harness| {
                harness.get_by_label("Previous frame").hover();
                harness.run_steps(8);
            },
        },
        Scene {
            name: "help",
            put: |state| {
                fake::open_analyzed(state, Path::new(CLIP));
                state.update(Command::ShowHelp);
            },
            act: rest,
        },
    ]
}

/// The folder for pictures, where somebody wants them.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("SNOWMESH_GALLERY").map(PathBuf::from)
}

fn window<'a>(size: [f32; 2], theme: Theme, text_scale: f32, scene: &Scene, draw: bool) -> Harness<'a, App> {
    let mut builder = Harness::builder().with_size(size).with_max_steps(16);
    if draw {
        builder = builder.wgpu();
    }
    let mut harness = builder.build_eframe(|cc| App::new(cc, WindowOptions::default()));
    let put = |state: &mut State| {
        state.settings.theme = theme;
        state.settings.text_scale = text_scale;
        (scene.put)(state);
    };
    harness.state_mut().put(put, Some(fake::frame()));
    harness.run();
    (scene.act)(&mut harness);
    harness
}

/// A control and where it is.
type Control = (String, egui::Rect);

/// Everything that can be acted on. What lies within another control on purpose is left out: the timeline and its
/// handles, and the cards that are clicked to select a rider.
fn controls(harness: &Harness<'_, App>) -> Vec<Control> {
    let nested = ["Timeline", "In point", "Out point", "Rider", "Lane"];
    let mut found = Vec::new();
    for node in harness.root().children_recursive() {
        let access = node.accesskit_node();
        let name = access.label().unwrap_or_default();
        let is_nested = nested.iter().any(|start| name.starts_with(start));
        let is_button = matches!(access.role(), egui::Role::Button | egui::Role::TextInput);
        if is_button && !is_nested && !access.is_hidden() {
            found.push((name, node.rect()));
        }
    }
    found
}

/// Controls that stick out of the window. Pages of the inspector and dialogs scroll up and down.
fn cut_off(controls: &[Control], size: [f32; 2], scrolls: impl Fn(&egui::Rect) -> bool) -> Vec<&Control> {
    let (across, down) = (egui::Rangef::new(-0.5, size[0] + 0.5), egui::Rangef::new(-0.5, size[1] + 0.5));
    let within =
        |range: egui::Rangef, part: egui::Rangef| range.contains(part.min) && range.contains(part.max);
    let inside =
        |rect: &egui::Rect| within(across, rect.x_range()) && (scrolls(rect) || within(down, rect.y_range()));
    controls.iter().filter(|(_, rect)| !inside(rect)).collect()
}

/// Pairs of controls that lie on one another.
fn overlapping(controls: &[Control]) -> Vec<(&Control, &Control)> {
    let mut found = Vec::new();
    for (index, a) in controls.iter().enumerate() {
        for b in &controls[index + 1..] {
            let common = a.1.intersect(b.1);
            if common.width() > 1.0 && common.height() > 1.0 {
                found.push((a, b));
            }
        }
    }
    found
}

/// The controls beside and on the inspector's page. What is scrolled out of the page lies under other controls
/// without being seen, so each group is looked at alone.
fn without_and_within_page(harness: &mut Harness<'_, App>, all: &[Control]) -> [Vec<Control>; 2] {
    let was_open = harness.state().state().view.inspector_open;
    harness.state_mut().put(|state| state.view.inspector_open = false, Some(fake::frame()));
    harness.run();
    let fixed = controls(harness);
    harness.state_mut().put(|state| state.view.inspector_open = was_open, Some(fake::frame()));
    harness.run();
    let is_fixed = |control: &&Control| fixed.iter().any(|(name, _)| *name == control.0);
    let (fixed, page) = all.iter().partition::<Vec<_>, _>(is_fixed);
    [fixed, page].map(|group| group.into_iter().cloned().collect())
}

#[test]
fn nothing_is_cut_off_on_any_page_at_any_size() {
    let folder = folder();
    for scene in scenes() {
        for size in SIZES {
            for (theme, text_scale) in [(Theme::Dark, 1.0), (Theme::Light, 1.0), (Theme::Dark, 1.25)] {
                let mut harness = window(size, theme, text_scale, &scene, folder.is_some());
                let controls = controls(&harness);
                let state = harness.state().state();
                let has_dialog = state.view.dialog.is_some() || harness.ctx.any_popup_open();
                let page_left = if state.clip.is_some() { size[0] - 440.0 } else { size[0] };
                let found = cut_off(&controls, size, |rect| has_dialog || rect.left() > page_left);
                let place = format!("{} at {size:?}, text × {text_scale}", scene.name);
                assert!(found.is_empty(), "{place}: {found:#?}");
                // Dialogs and notifications lie over the window on purpose.
                if !has_dialog && state.notes.list().is_empty() {
                    for group in without_and_within_page(&mut harness, &controls) {
                        let found = overlapping(&group);
                        assert!(found.is_empty(), "{place}: {found:#?}");
                    }
                }
                if let Some(folder) = &folder {
                    let name = format!(
                        "{}-{}x{}-{}{}.png",
                        scene.name,
                        size[0],
                        size[1],
                        if theme == Theme::Dark { "dark" } else { "light" },
                        if text_scale > 1.0 { "-large" } else { "" }
                    );
                    let image = harness.render().unwrap();
                    std::fs::create_dir_all(folder).unwrap();
                    image.save(folder.join(name)).unwrap();
                }
            }
        }
    }
}
