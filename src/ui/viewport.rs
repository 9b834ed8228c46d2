//! The picture, with what the user asked to see over it and nothing else.

use egui::{Align2, CentralPanel, Rect, Sense, TextStyle, Ui, WidgetInfo};
use egui_material_icons::icons;

use super::command::{Command, Commands, Layer, Pick};
use super::picture::{PictureView, PlainPicture, is_shown};
use super::state::{OpenClip, State};
use super::theme::{self, GRID};
use super::update::shown_size;
use super::zoom::{Frame, Zoom};
use super::{follow, rider_changes, rider_menu, text, time, widgets};
use crate::engine::FirstPicture;
use crate::types::{TrackId, VideoFrame};

/// How much one notch of the mouse wheel scales.
const WHEEL_STEP: f32 = 1.0 / 240.0;

/// Layers that have an icon in the header too; the first of [`LAYERS`].
const HEADER_LAYERS: usize = 6;

/// Points that the clip's name and the line beside it keep of the header.
const NAME_WIDTH: f32 = 72.0;

/// What can be drawn over the picture.
pub const LAYERS: [(Layer, egui_material_icons::MaterialIcon, &str); 14] = [
    (Layer::Mesh, icons::ICON_ACCESSIBILITY_NEW, "Mesh"),
    (Layer::Texture, icons::ICON_PALETTE, "Own colours"),
    (Layer::Wireframe, icons::ICON_POLYLINE, "Wireframe"),
    (Layer::Skeleton, icons::ICON_SKELETON, "Skeleton"),
    (Layer::Boxes, icons::ICON_CROP_FREE, "Boxes"),
    (Layer::Labels, icons::ICON_LABEL, "Names"),
    (Layer::Others, icons::ICON_GROUPS, "Other riders"),
    (Layer::Masks, icons::ICON_HEXAGON, "Detector's outline"),
    (Layer::Trails, icons::ICON_ROUTE, "Trails of riders"),
    (Layer::JointTrails, icons::ICON_GESTURE, "Trails of hands and feet"),
    (Layer::Angles, icons::ICON_SQUARE_FOOT, "Angles"),
    (Layer::Clock, icons::ICON_TIMER, "Clock"),
    (Layer::Raw, icons::ICON_SHOW_CHART, "Each frame on its own"),
    (Layer::Doubt, icons::ICON_GRADIENT, "Fade where unsure"),
];

/// Draws header and picture; gives where the picture's view is.
pub fn show(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    picture: &mut PictureView,
    frame: Option<&VideoFrame>,
    commands: &Commands,
) -> Rect {
    let palette = theme::palette(ui);
    CentralPanel::no_frame()
        .frame(egui::Frame::new().fill(palette.backdrop))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if !state.view.full_screen {
                header(ui, state, clip, commands);
            }
            view(ui, state, clip, picture, frame, commands)
        })
        .inner
}

/// Draws the first picture of a clip whose frames are still being counted; gives where its view is.
pub fn preview(ui: &mut Ui, first: &FirstPicture, picture: &mut PictureView) -> Rect {
    let palette = theme::palette(ui);
    let draw = |ui: &mut Ui| {
        let view = ui.available_rect_before_wrap();
        let (width, height) = (first.image.width as f32 * first.pixel_aspect, first.image.height as f32);
        let shown = Frame { view, picture_px: egui::vec2(width, height) };
        let plain =
            PlainPicture { number: (u64::MAX, 0), image: &first.image, pixel_aspect: first.pixel_aspect };
        let painter = ui.painter().with_clip_rect(view);
        picture.paint_plain(&painter, &plain, &shown, Zoom::Fit, egui::Color32::WHITE);
        badge(ui, view, "Counting the frames of the clip…");
        view
    };
    CentralPanel::no_frame().frame(egui::Frame::new().fill(palette.backdrop)).show(ui, draw).inner
}

fn header(ui: &mut Ui, state: &State, clip: &OpenClip, commands: &Commands) {
    let palette = theme::palette(ui);
    let frame = egui::Frame::new().fill(palette.panel).inner_margin(egui::Margin::symmetric(12, 4));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        egui::Sides::new().height(ui.spacing().interact_size.y + GRID).shrink_left().show(
            ui,
            |ui| title(ui, state, clip),
            |ui| controls(ui, state, clip, commands),
        );
    });
}

/// Name of the clip and, where there is room, what it is.
fn title(ui: &mut Ui, state: &State, clip: &OpenClip) {
    let palette = theme::palette(ui);
    let info = &clip.info;
    let facts = format!("{} × {} · {:.2} fps · {}", info.width, info.height, info.average_fps(), info.codec);
    let small = TextStyle::Small.resolve(ui.style());
    let facts_width = ui.painter().layout_no_wrap(facts.clone(), small, palette.weak).size().x;
    let room = ui.available_width() - GRID * 2.0;
    let with_facts = room > facts_width + 180.0;
    let for_name = if with_facts { room - facts_width - GRID * 2.0 } else { room };
    let name = text::file_name(&info.path);
    let font = egui::FontId::new(TextStyle::Body.resolve(ui.style()).size, theme::semibold());
    widgets::elided(ui, &name, &font, palette.strong, for_name);
    if with_facts {
        ui.add_space(GRID);
        let sound = if info.has_audio { "with sound" } else { "no sound" };
        let length = time::format(info.duration_s);
        let device = state.playback.device.unwrap_or("the processor");
        ui.label(egui::RichText::new(facts).small().color(palette.weak))
            .on_hover_text(format!("{length}, {} frames, {sound}, decoded on {device}", info.frames.len()));
    }
}

/// From the right edge inwards: zoom, then the layers of the overlay.
fn controls(ui: &mut Ui, state: &State, clip: &OpenClip, commands: &Commands) {
    let palette = theme::palette(ui);
    let zoom = state.view.zoom;
    let fit = Command::SetZoom(Zoom::Fit);
    let second = Command::Browse(Pick::SecondClip);
    let both = state.second.is_some();
    if widgets::icon_toggle(ui, icons::ICON_COMPARE, "Second clip on the same clock", Some(&second), both)
        .clicked()
    {
        commands.push(second);
    }
    let full = Command::ToggleFullScreen;
    if widgets::icon_toggle(ui, icons::ICON_FULLSCREEN, "Full screen", Some(&full), false).clicked() {
        commands.push(full);
    }
    let follows = Command::ToggleFollow;
    let followed = state.view.follow;
    if widgets::icon_toggle(ui, icons::ICON_CENTER_FOCUS_STRONG, "Follow the rider", Some(&follows), followed)
        .clicked()
    {
        commands.push(follows);
    }
    if widgets::icon_toggle(
        ui,
        icons::ICON_FIT_SCREEN,
        "Fit the picture",
        Some(&fit),
        zoom == Zoom::Fit && !followed,
    )
    .clicked()
    {
        commands.push(fit);
    }
    let view = ui.ctx().data(|data| data.get_temp::<Rect>(view_id())).unwrap_or(Rect::NOTHING);
    let shown = Frame { view, picture_px: shown_size(clip) };
    let seen = zoom_at(state, clip, state.playback.playhead, &shown);
    let percent = seen.scale(&shown) * state.view.pixels_per_point * 100.0;
    let label = if view.is_positive() { format!("{percent:.0} %") } else { "–".to_owned() };
    let width = TextStyle::Body.resolve(ui.style()).size * 4.0;
    let button = egui::Button::new(egui::RichText::new(label).color(palette.text))
        .frame_when_inactive(false)
        .min_size(egui::vec2(width, 0.0));
    let response = ui.add(button);
    if widgets::explain(
        response,
        "Picture at 100 %",
        Some(&Command::ZoomActual),
        "Scroll to zoom, drag to move",
    )
    .clicked()
    {
        commands.push(Command::ZoomActual);
    }
    // Beside a second clip there is not room for all of them; the overlay's page has them too.
    let each = ui.spacing().interact_size.y + GRID + ui.spacing().item_spacing.x;
    let fitting = ((ui.available_width() - NAME_WIDTH) / each).max(0.0) as usize;
    if fitting == 0 {
        return;
    }
    ui.add_space(GRID);
    ui.separator();
    for (layer, icon, name) in LAYERS[..HEADER_LAYERS.min(fitting)].iter().rev() {
        let command = Command::ToggleLayer(*layer);
        if widgets::icon_toggle(ui, *icon, name, Some(&command), is_shown(&state.settings.overlay, *layer))
            .clicked()
        {
            commands.push(command);
        }
    }
}

fn view_id() -> egui::Id {
    egui::Id::unique("picture view")
}

fn view(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    picture: &mut PictureView,
    frame: Option<&VideoFrame>,
    commands: &Commands,
) -> Rect {
    let palette = theme::palette(ui);
    let (view, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    ui.ctx().data_mut(|data| data.insert_temp(view_id(), view));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, "Picture"));
    let shown = Frame { view, picture_px: shown_size(clip) };
    let shown_frame = frame.map_or(state.playback.playhead, |frame| frame.index);
    let zoom = zoom_at(state, clip, shown_frame, &shown);
    let painter = ui.painter().with_clip_rect(view);
    match frame {
        Some(frame) => {
            picture.paint(&painter, state, clip, frame, &shown, zoom);
            tell_stand_in(ui, state, clip, frame, view);
        }
        None => {
            let font = TextStyle::Body.resolve(ui.style());
            painter.text(
                view.center(),
                Align2::CENTER_CENTER,
                "Reading the first frame…",
                font,
                palette.weak,
            );
        }
    }
    if let Some(frame) = frame {
        point(ui, state, clip, frame, zoom.picture_rect(&shown), &response, commands);
    }
    if let Some(zoom) = zoomed(ui, &response, zoom, &shown) {
        commands.push(Command::SetZoom(zoom));
    }
    view
}

/// How the picture lies in the view: as the user left it, or after the rider.
pub fn zoom_at(state: &State, clip: &OpenClip, frame: u64, shown: &Frame) -> Zoom {
    let followed = || {
        let rider = follow::rider(state).filter(|_| state.view.follow)?;
        let aspect = clip.info.pixel_aspect;
        follow::zoom(&clip.analysis, rider, frame, aspect, shown)
    };
    followed().unwrap_or(state.view.zoom)
}

/// Says so where a near frame stands in for the one at the playhead, which is still being decoded or cannot be, or its
/// picture in the small copy does.
fn tell_stand_in(ui: &Ui, state: &State, clip: &OpenClip, frame: &VideoFrame, view: Rect) {
    let (shown, asked) = (frame.index, state.playback.playhead);
    if frame.image.width != clip.info.width {
        badge(ui, view, "Small copy: the original picture follows");
        return;
    }
    if state.playback.playing || shown == asked {
        return;
    }
    badge(ui, view, &format!("Nearest picture: frame {shown}, asked for {asked}"));
}

/// A line in the corner of the picture.
fn badge(ui: &Ui, view: Rect, words: &str) {
    let palette = theme::palette(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font, palette.strong);
    let size = galley.size() + egui::vec2(GRID * 4.0, GRID * 2.0);
    let place = Rect::from_min_size(view.left_top() + egui::Vec2::splat(GRID * 2.0), size);
    ui.painter().rect_filled(place, 4, palette.bar.gamma_multiply(0.9));
    ui.painter().galley(place.min + egui::vec2(GRID * 2.0, GRID), galley, palette.strong);
}

/// A click on a rider chooses him; one with the other button opens his menu.
fn point(
    ui: &Ui,
    state: &State,
    clip: &OpenClip,
    frame: &VideoFrame,
    picture: Rect,
    response: &egui::Response,
    commands: &Commands,
) {
    let memory = egui::Id::unique("rider pointed at");
    if let Some(at) = response.interact_pointer_pos()
        && (response.clicked() || response.secondary_clicked())
    {
        let hit = rider_changes::rider_under(clip, frame.index, picture, at);
        ui.data_mut(|data| match hit {
            Some(id) => {
                data.insert_temp(memory, id);
            }
            None => data.remove::<TrackId>(memory),
        });
        if let Some(id) = hit {
            commands.push(Command::SelectRider(id));
        }
    }
    if let Some(id) = ui.data(|data| data.get_temp::<TrackId>(memory)) {
        rider_menu::attach(response, state, id, commands);
    }
}

/// What wheel, pinch, drag and double click make of the zoom.
pub fn zoomed(ui: &Ui, response: &egui::Response, zoom: Zoom, shown: &Frame) -> Option<Zoom> {
    if response.double_clicked() {
        return Some(Zoom::Fit);
    }
    if response.dragged() && response.drag_delta() != egui::Vec2::ZERO {
        return Some(zoom.panned(shown, response.drag_delta()));
    }
    let cursor = response.hover_pos()?;
    let (pinch, wheel) = ui.input(|i| (i.zoom_delta(), i.smooth_scroll_delta().y));
    let factor = pinch * (wheel * WHEEL_STEP).exp();
    (factor != 1.0).then(|| zoom.about(shown, cursor, factor))
}
