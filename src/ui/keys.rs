//! The keys. One table drives the handling, the tooltips and the list that `?` shows.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::command::{Command, Layer, Pick};
use super::comparing::CompareChange;
use crate::engine::TrackChange;

/// One thing that keys do.
pub struct Shortcut {
    /// Keys that do it; the first one is shown in tooltips.
    pub keys: &'static [KeyboardShortcut],
    /// What they do.
    pub command: Command,
    /// What they do, in words.
    pub text: &'static str,
}

/// Shortcuts that belong together.
pub struct Group {
    /// Heading in the list.
    pub title: &'static str,
    /// Its shortcuts.
    pub shortcuts: &'static [Shortcut],
}

const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn shortcut(keys: &'static [KeyboardShortcut], command: Command, text: &'static str) -> Shortcut {
    Shortcut { keys, command, text }
}

/// Every shortcut.
pub static GROUPS: &[Group] = &[
    Group {
        title: "Playing",
        shortcuts: &[
            shortcut(&[key(Key::Space)], Command::TogglePlay, "Play or pause"),
            shortcut(&[key(Key::L)], Command::Shuttle { reverse: false }, "Play forwards; again: faster"),
            shortcut(&[key(Key::K)], Command::Pause, "Pause"),
            shortcut(&[key(Key::J)], Command::Shuttle { reverse: true }, "Play backwards; again: faster"),
            shortcut(&[key(Key::ArrowRight), key(Key::Period)], Command::Step(1), "Next frame"),
            shortcut(&[key(Key::ArrowLeft), key(Key::Comma)], Command::Step(-1), "Previous frame"),
            shortcut(&[shift(Key::ArrowRight)], Command::Step(10), "Ten frames on"),
            shortcut(&[shift(Key::ArrowLeft)], Command::Step(-10), "Ten frames back"),
            shortcut(&[key(Key::Home)], Command::SeekStart, "First frame"),
            shortcut(&[key(Key::End)], Command::SeekEnd, "Last frame"),
        ],
    },
    Group {
        title: "Range and moments",
        shortcuts: &[
            shortcut(&[key(Key::I)], Command::MarkIn, "In point at the playhead"),
            shortcut(&[key(Key::O)], Command::MarkOut, "Out point at the playhead"),
            shortcut(&[key(Key::X)], Command::ClearRange, "Whole clip again"),
            shortcut(&[key(Key::R)], Command::ToggleLoop, "Repeat the range"),
            shortcut(&[key(Key::T)], Command::ToggleMoment, "Mark a key moment, or take the mark away"),
            shortcut(&[key(Key::ArrowDown)], Command::NextMoment, "Next key moment"),
            shortcut(&[key(Key::ArrowUp)], Command::PreviousMoment, "Key moment before"),
        ],
    },
    Group {
        title: "Overlay",
        shortcuts: &[
            shortcut(&[key(Key::M)], Command::ToggleLayer(Layer::Mesh), "Mesh"),
            shortcut(&[key(Key::U)], Command::ToggleLayer(Layer::Texture), "Mesh in the rider's own colours"),
            shortcut(&[key(Key::H)], Command::ToggleLayer(Layer::Doubt), "Fade the mesh where it is guessed"),
            shortcut(&[key(Key::W)], Command::ToggleLayer(Layer::Wireframe), "Wireframe"),
            shortcut(&[key(Key::S)], Command::ToggleLayer(Layer::Skeleton), "Skeleton"),
            shortcut(&[key(Key::B)], Command::ToggleLayer(Layer::Boxes), "Boxes"),
            shortcut(&[key(Key::N)], Command::ToggleLayer(Layer::Labels), "Names"),
            shortcut(&[key(Key::Y)], Command::ToggleLayer(Layer::Trails), "Trails"),
            shortcut(&[key(Key::D)], Command::ToggleLayer(Layer::Angles), "Angles"),
            shortcut(&[key(Key::C)], Command::ToggleLayer(Layer::Clock), "Clock"),
            shortcut(&[key(Key::A)], Command::ToggleLayer(Layer::Others), "All riders or the main one"),
        ],
    },
    Group {
        title: "Riders",
        shortcuts: &[
            shortcut(&[ctrl(Key::Z)], Command::ChangeTracks(TrackChange::Undo), "Take the last change back"),
            shortcut(
                &[KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z), ctrl(Key::Y)],
                Command::ChangeTracks(TrackChange::Redo),
                "Make it again",
            ),
        ],
    },
    Group {
        title: "Window",
        shortcuts: &[
            shortcut(&[ctrl(Key::O)], Command::Browse(Pick::Clip), "Open a clip"),
            shortcut(&[ctrl(Key::E)], Command::ShowExport, "Export"),
            shortcut(&[ctrl(Key::S)], Command::Browse(Pick::Picture), "Save the picture shown"),
            shortcut(&[key(Key::V)], Command::ToggleCompare, "Compare detectors, or stop"),
            shortcut(
                &[key(Key::E)],
                Command::Compare(CompareChange::NextDisagreement),
                "Next frame in which detectors differ",
            ),
            shortcut(
                &[shift(Key::E)],
                Command::Compare(CompareChange::PreviousDisagreement),
                "Frame before in which they differ",
            ),
            shortcut(&[key(Key::F)], Command::SetZoom(super::zoom::Zoom::Fit), "Fit the picture"),
            shortcut(&[key(Key::Num1)], Command::ZoomActual, "Picture at 100 %"),
            shortcut(&[key(Key::G)], Command::ToggleFollow, "Follow the rider"),
            shortcut(&[key(Key::F11)], Command::ToggleFullScreen, "Full screen"),
            shortcut(&[key(Key::P)], Command::ToggleInspector, "Show or hide the inspector"),
            shortcut(&[key(Key::Questionmark), key(Key::F1)], Command::ShowHelp, "This list"),
            shortcut(&[key(Key::Escape)], Command::CloseDialog, "Close a dialog, leave full screen"),
            shortcut(&[ctrl(Key::Q)], Command::Quit, "Quit"),
        ],
    },
];

fn all() -> impl Iterator<Item = &'static Shortcut> {
    GROUPS.iter().flat_map(|group| group.shortcuts)
}

/// Commands whose keys were pressed since the last frame; takes those keys, so that no widget sees them.
///
/// Nothing while text is typed or a dialog is in front. A widget that has the keyboard keeps the keys that widgets
/// use themselves.
pub fn pressed(ctx: &Context, dialog_open: bool) -> Vec<Command> {
    if dialog_open || ctx.text_edit_focused() || ctx.any_popup_open() {
        return Vec::new();
    }
    let widget_focused = ctx.memory(|memory| memory.focused().is_some());
    let free = |s: &&KeyboardShortcut| !(widget_focused && is_widget_key(s.logical_key));
    let mut commands = Vec::new();
    // Those with the most modifiers first: a pattern also matches its key with further ones held.
    for held in [2, 1, 0] {
        for shortcut in all() {
            let keys = shortcut.keys.iter().filter(|s| modifiers_of(s) == held).filter(free);
            for key in keys {
                let presses = ctx.input_mut(|i| i.count_and_consume_key(key.modifiers, key.logical_key));
                commands.extend(std::iter::repeat_n(&shortcut.command, presses).cloned());
            }
        }
    }
    commands
}

/// Number of modifiers that a shortcut asks for.
fn modifiers_of(shortcut: &KeyboardShortcut) -> usize {
    let Modifiers { alt, ctrl, shift, mac_cmd, command } = shortcut.modifiers;
    usize::from(alt) + usize::from(shift) + usize::from(ctrl || mac_cmd || command)
}

/// Keys that buttons, sliders and lists use when they have the keyboard.
fn is_widget_key(key: Key) -> bool {
    matches!(
        key,
        Key::Space
            | Key::ArrowLeft
            | Key::ArrowRight
            | Key::ArrowUp
            | Key::ArrowDown
            | Key::Home
            | Key::End
            | Key::Escape
    )
}

/// The first key of `command` as text, for tooltips.
pub fn hint(ctx: &Context, command: &Command) -> Option<String> {
    let shortcut = all().find(|shortcut| shortcut.command == *command)?;
    shortcut.keys.first().map(|key| name(ctx, key))
}

/// A key as text.
pub fn name(ctx: &Context, key: &KeyboardShortcut) -> String {
    let plain = match key.logical_key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::Comma => ",",
        Key::Period => ".",
        Key::Questionmark => "?",
        Key::Escape => "Esc",
        _ => return ctx.format_shortcut(key),
    };
    if key.modifiers.any() {
        format!("{}+{plain}", ctx.format_modifiers(key.modifiers))
    } else {
        plain.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_and_no_command_is_listed_twice() {
        let keys: Vec<_> = all().flat_map(|s| s.keys).collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{key:?} twice");
        }
        let commands: Vec<_> = all().map(|s| &s.command).collect();
        for (index, command) in commands.iter().enumerate() {
            assert!(!commands[..index].contains(command), "{command:?} twice");
        }
    }

    #[test]
    fn every_key_of_the_list_gives_its_command_alone() {
        for shortcut in all() {
            for key in shortcut.keys {
                let ctx = Context::default();
                let event = egui::Event::Key {
                    key: key.logical_key,
                    physical_key: None,
                    pressed: true,
                    repeat: false,
                    modifiers: key.modifiers,
                };
                let input = egui::RawInput { events: vec![event], ..Default::default() };
                let mut got = Vec::new();
                ctx.run_ui(input, |ui| got = pressed(ui.ctx(), false)).drop_without_applying_deltas();
                assert_eq!(got, std::slice::from_ref(&shortcut.command), "{}", shortcut.text);
            }
        }
    }
}
