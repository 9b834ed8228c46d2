//! Play, step, speed, loop; time and frame number, both to be typed into.

use egui::{Id, Panel, RichText, TextStyle, Ui};
use egui_material_icons::{MaterialIcon, icons};

use super::command::{Command, Commands};
use super::state::{OpenClip, State};
use super::theme::{self, GRID};
use super::{time, widgets};
use crate::engine::SPEED_RANGE;

/// Speeds offered by name.
const SPEEDS: [f64; 6] = [0.1, 0.25, 0.5, 1.0, 1.5, 2.0];

/// Draws the bar.
pub fn show(ui: &mut Ui, state: &State, clip: &OpenClip, commands: &Commands) {
    let palette = theme::palette(ui);
    let frame = egui::Frame::new().fill(palette.bar).inner_margin(egui::Margin::symmetric(12, 6));
    Panel::bottom("transport").frame(frame).show_separator_line(false).show(ui, |ui| {
        let full = ui.available_rect_before_wrap();
        let height = ui.spacing().interact_size.y + GRID * 2.0;
        ui.spacing_mut().item_spacing.x = GRID;
        let buttons = egui::Rect::from_center_size(
            egui::pos2(full.center().x, full.top() + height * 0.5),
            egui::vec2(buttons_width(ui), height),
        );
        egui::Sides::new().height(height).show(
            ui,
            |ui| position(ui, state, clip, commands),
            |ui| options(ui, state, clip, commands),
        );
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let mut middle = ui.new_child(egui::UiBuilder::new().max_rect(buttons).layout(layout));
        play_buttons(&mut middle, state, commands);
    });
}

/// Where the playhead is.
fn position(ui: &mut Ui, state: &State, clip: &OpenClip, commands: &Commands) {
    let palette = theme::palette(ui);
    let frames = &clip.info.frames;
    let playhead = state.playback.playhead;
    let digit = TextStyle::Body.resolve(ui.style()).size * 0.65;
    let now = time::format(frames.seconds(playhead));
    if let Some(typed) = widgets::value_field(ui, Id::unique("time field"), &now, digit * 10.0, "Time")
        && let Some(seconds) = time::parse(&typed)
    {
        commands.push(Command::Seek(frames.at_seconds(seconds)));
    }
    let total = time::format(clip.info.duration_s);
    ui.label(RichText::new(format!("/ {total}")).small().color(palette.weak));
    if let Some(capture_fps) = clip.notes.capture_fps {
        let real_s = frames.seconds(playhead) * clip.info.average_fps() / capture_fps;
        ui.label(RichText::new(format!("{real_s:.3} s real")).small().color(palette.accent))
            .on_hover_text("Time on the slope");
    }
    ui.add_space(GRID * 2.0);
    let number = playhead.to_string();
    if let Some(typed) = widgets::value_field(ui, Id::unique("frame field"), &number, digit * 7.0, "Frame")
        && let Ok(frame) = typed.trim().parse()
    {
        commands.push(Command::Seek(frame));
    }
    ui.label(RichText::new(format!("/ {}", clip.last_frame())).small().color(palette.weak))
        .on_hover_text("Frames count from 0");
}

fn buttons_width(ui: &Ui) -> f32 {
    let side = ui.spacing().interact_size.y + GRID;
    (side + GRID) * 6.0 + GRID * 2.0
}

fn play_buttons(ui: &mut Ui, state: &State, commands: &Commands) {
    ui.spacing_mut().item_spacing.x = GRID;
    let playing = state.playback.playing;
    let offer = |ui: &mut Ui, icon, name, command: Command, on| {
        if widgets::icon_toggle(ui, icon, name, Some(&command), on).clicked() {
            commands.push(command);
        }
    };
    offer(ui, icons::ICON_SKIP_PREVIOUS, "First frame", Command::SeekStart, false);
    offer(ui, icons::ICON_KEYBOARD_ARROW_LEFT, "Previous frame", Command::Step(-1), false);
    let backwards = playing && state.playback.reverse;
    let (icon, name) = play_icon(playing);
    offer(ui, icons::ICON_FAST_REWIND, "Play backwards", Command::Shuttle { reverse: true }, backwards);
    play_button(ui, icon, name, commands);
    let next = Command::Step(1);
    if widgets::icon_button(ui, icons::ICON_KEYBOARD_ARROW_RIGHT, "Next frame", Some(&next)).clicked() {
        commands.push(next);
    }
    if widgets::icon_button(ui, icons::ICON_SKIP_NEXT, "Last frame", Some(&Command::SeekEnd)).clicked() {
        commands.push(Command::SeekEnd);
    }
}

fn play_icon(playing: bool) -> (MaterialIcon, &'static str) {
    if playing { (icons::ICON_PAUSE, "Pause") } else { (icons::ICON_PLAY_ARROW, "Play") }
}

/// The one large button.
fn play_button(ui: &mut Ui, icon: MaterialIcon, name: &str, commands: &Commands) {
    let palette = theme::palette(ui);
    let side = ui.spacing().interact_size.y + GRID * 2.0;
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = egui::Vec2::ZERO;
            let text = icon.rich_text().size(widgets::icon_size(ui) + 4.0).color(palette.on_accent);
            ui.add(
                egui::Button::new(text)
                    .fill(palette.accent)
                    .corner_radius(side * 0.5)
                    .min_size(egui::Vec2::splat(side)),
            )
        })
        .inner;
    if widgets::explain(response, name, Some(&Command::TogglePlay), "").clicked() {
        commands.push(Command::TogglePlay);
    }
}

/// From the right edge inwards: loop, speed, in and out.
fn options(ui: &mut Ui, state: &State, clip: &OpenClip, commands: &Commands) {
    let playback = &state.playback;
    let offer = |ui: &mut Ui, icon, name, command: Command, on| {
        if widgets::icon_toggle(ui, icon, name, Some(&command), on).clicked() {
            commands.push(command);
        }
    };
    offer(ui, icons::ICON_REPEAT, "Repeat the range", Command::ToggleLoop, playback.looping);
    if clip.info.has_audio {
        let on = state.settings.sound;
        let icon = if on { icons::ICON_VOLUME_UP } else { icons::ICON_VOLUME_OFF };
        offer(ui, icon, "Sound at real time", Command::ToggleSound, on);
    }
    speed(ui, playback.speed, clip, commands);
    let marked = clip.notes.at(playback.playhead).is_some();
    offer(ui, icons::ICON_BOOKMARK, "Key moment here", Command::ToggleMoment, marked);
    ui.add_space(GRID * 2.0);
    let whole = (0, clip.last_frame());
    if playback.range != whole {
        offer(ui, icons::ICON_CLOSE_SMALL, "Whole clip again", Command::ClearRange, false);
    }
    mark_button(ui, "Out", "Out point here", Command::MarkOut, playback.range.1 != whole.1, commands);
    mark_button(ui, "In", "In point here", Command::MarkIn, playback.range.0 != whole.0, commands);
}

fn mark_button(ui: &mut Ui, word: &str, name: &str, command: Command, is_set: bool, commands: &Commands) {
    let palette = theme::palette(ui);
    let color = if is_set { palette.accent } else { palette.text };
    let button =
        egui::Button::new(RichText::new(word).color(color)).selected(is_set).frame_when_inactive(is_set);
    if widgets::explain(ui.add(button), name, Some(&command), "").clicked() {
        commands.push(command);
    }
}

fn speed(ui: &mut Ui, speed: f64, clip: &OpenClip, commands: &Commands) {
    let label = format!("{} ×", trimmed(speed));
    let width = TextStyle::Body.resolve(ui.style()).size * 4.0;
    let icon = icons::ICON_SPEED.rich_text().size(widgets::icon_size(ui));
    let button = egui::Button::new((icon, label)).min_size(egui::vec2(width, 0.0));
    let response = widgets::explain(ui.add(button), "Speed", None, "From a tenth to twice real time");
    egui::Popup::menu(&response)
        .width(180.0)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| {
            let mut chosen = speed;
            let slider = egui::Slider::new(&mut chosen, SPEED_RANGE.0..=SPEED_RANGE.1)
                .logarithmic(true)
                .suffix(" ×")
                .max_decimals(2);
            if widgets::slider(ui, slider).accessible_name("Playing speed").changed() {
                commands.push(Command::SetSpeed(chosen));
            }
            for offered in SPEEDS {
                let name = format!("{} ×", trimmed(offered));
                if ui.add(egui::Button::selectable((offered - speed).abs() < 1e-6, name)).clicked() {
                    commands.push(Command::SetSpeed(offered));
                    ui.close();
                }
            }
            ui.separator();
            capture_rate(ui, clip, commands);
        });
}

/// At how many frames a second the clip was recorded, where that is not how fast it plays.
fn capture_rate(ui: &mut Ui, clip: &OpenClip, commands: &Commands) {
    let palette = theme::palette(ui);
    let plays = clip.info.average_fps();
    ui.label("Recorded at").on_hover_text(
        "For slow motion: measures and data files use the time of the slope, and the time field shows it too",
    );
    ui.horizontal(|ui| {
        let known = clip.notes.capture_fps.map(trimmed).unwrap_or_default();
        let width = TextStyle::Body.resolve(ui.style()).size * 5.0;
        let field = Id::unique("capture rate");
        if let Some(typed) = widgets::value_field(ui, field, &known, width, "Frames a second while recording")
        {
            let typed = typed.trim().trim_end_matches("fps").trim().replace(',', ".");
            if typed.is_empty() {
                commands.push(Command::SetCaptureRate(None));
            } else if let Ok(fps) = typed.parse::<f64>() {
                commands.push(Command::SetCaptureRate(Some(fps)));
            }
        }
        ui.label("fps");
    });
    let words = match clip.notes.capture_fps {
        Some(capture) if plays > 0.0 => format!("Plays {} × slower than it was", trimmed(capture / plays)),
        _ => "Empty: as fast as it plays".to_owned(),
    };
    ui.label(RichText::new(words).small().color(palette.weak));
}

/// A speed with as few digits as it needs.
fn trimmed(speed: f64) -> String {
    let text = format!("{speed:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_written_without_idle_digits() {
        assert_eq!(SPEEDS.map(trimmed), ["0.1", "0.25", "0.5", "1", "1.5", "2"]);
    }
}
