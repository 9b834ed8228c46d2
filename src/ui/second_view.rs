//! The second clip: its picture beside or over the first, and the bar that lines it up.

use eframe::egui_wgpu::RenderState;
use egui::{Color32, Id, Panel, Rect, RichText, Slider, TextStyle, Ui, Vec2, vec2};
use egui_material_icons::{MaterialIcon, icons};

use super::command::{Command, Commands};
use super::picture::{PictureView, PlainPicture};
use super::second::{RATE_RANGE, Second, SecondChange, Together};
use super::state::State;
use super::theme::{self, GRID};
use super::update::shown_size;
use super::zoom::{Frame, Zoom};
use super::{text, time, viewport, widgets};
use crate::engine::Player;
use crate::types::{ClipInfo, VideoFrame};

/// What is needed to show a second clip.
pub struct SecondClip {
    player: Option<Player>,
    frame: Option<VideoFrame>,
    /// Made with the first second clip: most windows never have one.
    picture: Option<PictureView>,
    egui: Option<RenderState>,
}

impl SecondClip {
    /// None yet; pictures are drawn on the device of `egui`.
    pub fn new(egui: Option<&RenderState>) -> Self {
        Self { player: None, frame: None, picture: None, egui: egui.cloned() }
    }

    /// Goes over to the clip of `player`, which is not heard.
    pub fn open(&mut self, player: Player) {
        player.set_sound(false);
        self.player = Some(player);
        self.frame = None;
        self.picture.get_or_insert_with(|| PictureView::new(self.egui.as_ref())).clear();
    }

    /// As [`PictureView::lost_device`].
    pub fn lost_device(&self) -> Option<String> {
        self.picture.as_ref()?.lost_device()
    }

    /// Goes over to the device of `egui`: its own is lost.
    pub fn move_to(&mut self, egui: Option<&RenderState>) {
        self.egui = egui.cloned();
        if let Some(picture) = &mut self.picture {
            picture.move_to(egui);
        }
    }

    /// Lets go of the clip.
    pub fn close(&mut self) {
        (self.player, self.frame) = (None, None);
    }

    /// Brings it to where the first clip is.
    pub fn follow(&mut self, state: &State) {
        let (Some(player), Some(second), Some(clip)) = (&self.player, &state.second, &state.clip) else {
            return;
        };
        let wanted = second.frame_at(clip.info.frames.seconds(state.playback.playhead));
        if player.state().playhead != wanted {
            player.seek(wanted);
        }
        if let Some(frame) = player.frame() {
            self.frame = Some(frame);
        }
    }

    /// Why a frame cannot be shown, once.
    pub fn take_error(&mut self) -> Option<String> {
        let warning = self.player.as_ref().and_then(Player::take_warning);
        warning.or_else(|| self.picture.as_mut()?.take_error())
    }

    /// Draws the bar and, where it is beside the first clip, the picture.
    pub fn show_beside(&mut self, ui: &mut Ui, state: &State, commands: &Commands) {
        let Some(second) = &state.second else { return };
        bar(ui, state, second, commands);
        if let (Together::SideBySide, Some(picture)) = (second.together, &mut self.picture) {
            beside(ui, state, second, picture, self.frame.as_ref());
        }
    }

    /// Draws it over the first clip, whose frame `first` is shown in `view`.
    pub fn show_over(&mut self, ui: &Ui, state: &State, first: Option<&VideoFrame>, view: Rect) {
        let (Some(second), Some(clip)) = (&state.second, &state.clip) else { return };
        if let (Together::Onion(opacity), Some(picture)) = (second.together, &mut self.picture) {
            let shown = Frame { view, picture_px: shown_size(clip) };
            let frame = first.map_or(state.playback.playhead, |frame| frame.index);
            let zoom = viewport::zoom_at(state, clip, frame, &shown);
            let tint = Color32::from_white_alpha((opacity.clamp(0.0, 1.0) * 255.0).round() as u8);
            let place = Place { view, zoom, tint };
            paint(ui, state, second, picture, self.frame.as_ref(), &place);
        }
    }
}

/// How much of the first clip a second one hides when it is laid over it first.
const FIRST_OPACITY: f32 = 0.5;

/// The bar under the picture.
fn bar(ui: &mut Ui, state: &State, second: &Second, commands: &Commands) {
    let palette = theme::palette(ui);
    let frame = egui::Frame::new().fill(palette.panel).inner_margin(egui::Margin::symmetric(12, 4));
    Panel::bottom("second clip").frame(frame).show_separator_line(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        egui::Sides::new().height(ui.spacing().interact_size.y + GRID).shrink_left().show(
            ui,
            |ui| line_up(ui, state, second, commands),
            |ui| arrangement(ui, second, commands),
        );
    });
}

/// Name, place and rate of the second clip.
fn line_up(ui: &mut Ui, state: &State, second: &Second, commands: &Commands) {
    let palette = theme::palette(ui);
    let body = TextStyle::Body.resolve(ui.style());
    let font = egui::FontId::new(body.size, theme::semibold());
    let name = text::file_name(&second.info.path);
    let for_name = (ui.available_width() - body.size * 30.0).clamp(60.0, 260.0);
    widgets::elided(ui, &name, &font, palette.strong, for_name);
    ui.add_space(GRID);
    let change = |change: SecondChange| commands.push(Command::ChangeSecond(change));
    let nudge = |ui: &mut Ui, icon: MaterialIcon, name: &str, frames: i64| {
        if widgets::icon_button(ui, icon, name, None).clicked() {
            change(SecondChange::Nudge(frames));
        }
    };
    nudge(ui, icons::ICON_KEYBOARD_DOUBLE_ARROW_LEFT, "Second clip ten frames back", -10);
    nudge(ui, icons::ICON_KEYBOARD_ARROW_LEFT, "Second clip one frame back", -1);
    let first_s = state.clip.as_ref().map_or(0.0, |clip| clip.info.frames.seconds(state.playback.playhead));
    let frame = second.frame_at(first_s);
    let now = time::format(second.info.frames.seconds(frame));
    let digit = body.size * 0.65;
    let field = Id::unique("time of the second clip");
    if let Some(typed) = widgets::value_field(ui, field, &now, digit * 10.0, "Time of the second clip")
        && let Some(seconds) = time::parse(&typed)
    {
        change(SecondChange::LineUp(seconds));
    }
    nudge(ui, icons::ICON_KEYBOARD_ARROW_RIGHT, "Second clip one frame on", 1);
    nudge(ui, icons::ICON_KEYBOARD_DOUBLE_ARROW_RIGHT, "Second clip ten frames on", 10);
    ui.add_space(GRID * 2.0);
    let rate = format!("{:.3}", second.rate);
    let rate = rate.trim_end_matches('0').trim_end_matches('.').to_owned();
    let field = Id::unique("rate of the second clip");
    if let Some(typed) = widgets::value_field(ui, field, &rate, digit * 6.0, "Rate of the second clip")
        && let Ok(rate) = typed.trim().trim_end_matches('×').trim().replace(',', ".").parse::<f64>()
    {
        change(SecondChange::Rate(rate.clamp(RATE_RANGE.0, RATE_RANGE.1)));
    }
    ui.label(RichText::new("× the first").small().color(palette.weak))
        .on_hover_text("Seconds of the second clip for each second of the first");
}

/// From the right edge inwards: close, over or beside, opacity.
fn arrangement(ui: &mut Ui, second: &Second, commands: &Commands) {
    if widgets::icon_button(ui, icons::ICON_CLOSE_SMALL, "Close the second clip", None).clicked() {
        commands.push(Command::CloseSecond);
    }
    let show = |together| commands.push(Command::ChangeSecond(SecondChange::Together(together)));
    let over = matches!(second.together, Together::Onion(_));
    if widgets::icon_toggle(ui, icons::ICON_LAYERS, "Over the first clip", None, over).clicked() && !over {
        show(Together::Onion(FIRST_OPACITY));
    }
    if widgets::icon_toggle(ui, icons::ICON_COMPARE, "Beside the first clip", None, !over).clicked() && over {
        show(Together::SideBySide);
    }
    if let Together::Onion(opacity) = second.together {
        let mut chosen = opacity;
        let slider = Slider::new(&mut chosen, 0.0..=1.0).show_value(false);
        if widgets::slider(ui, slider).accessible_name("Opacity of the second clip").changed() {
            show(Together::Onion(chosen));
        }
    }
}

/// The name of the clip, as high as the header of the first one, so that both pictures stand level.
fn title(ui: &mut Ui, second: &Second) {
    let palette = theme::palette(ui);
    let frame = egui::Frame::new().fill(palette.panel).inner_margin(egui::Margin::symmetric(12, 4));
    frame.show(ui, |ui| {
        egui::Sides::new().height(ui.spacing().interact_size.y + GRID).shrink_left().show(
            ui,
            |ui| {
                let font = egui::FontId::new(TextStyle::Body.resolve(ui.style()).size, theme::semibold());
                let name = text::file_name(&second.info.path);
                let room = ui.available_width();
                widgets::elided(ui, &name, &font, palette.strong, room);
            },
            |_| (),
        );
    });
}

/// The second clip in the right half of what is left.
fn beside(
    ui: &mut Ui,
    state: &State,
    second: &Second,
    picture: &mut PictureView,
    frame: Option<&VideoFrame>,
) {
    let palette = theme::palette(ui);
    let half = (ui.available_width() * 0.5).round();
    let panel = Panel::right("second picture").exact_size(half).resizable(false);
    panel.frame(egui::Frame::new().fill(palette.backdrop)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if !state.view.full_screen {
            title(ui, second);
        }
        let view = ui.available_rect_before_wrap();
        ui.allocate_rect(view, egui::Sense::hover())
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Second picture"));
        let place = Place { view, zoom: state.view.zoom, tint: Color32::WHITE };
        paint(ui, state, second, picture, frame, &place);
    });
}

/// Where the picture is drawn.
struct Place {
    view: Rect,
    zoom: Zoom,
    tint: Color32,
}

fn paint(
    ui: &Ui,
    state: &State,
    second: &Second,
    picture: &mut PictureView,
    frame: Option<&VideoFrame>,
    place: &Place,
) {
    let view = place.view;
    let Some(frame) = frame.filter(|_| view.is_positive()) else { return };
    let shown = Frame { view, picture_px: size_of(&second.info) };
    // Clips of one size are looked at in the same place.
    let same = state.clip.as_ref().is_some_and(|clip| shown_size(clip) == shown.picture_px);
    let zoom = if same { place.zoom } else { Zoom::Fit };
    let plain = PlainPicture {
        number: (frame.index, frame.pts),
        image: &frame.image,
        pixel_aspect: second.info.pixel_aspect,
    };
    picture.paint_plain(&ui.painter().with_clip_rect(view), &plain, &shown, zoom, place.tint);
}

fn size_of(info: &ClipInfo) -> Vec2 {
    vec2(info.width as f32 * info.pixel_aspect, info.height as f32)
}
