//! Several detectors on one clip: a pane for each, all on the clip's clock and with one zoom.
//!
//! The panes are of one size, so the picture is drawn once for all of them; boxes are drawn over it by egui.

use egui::{
    Align2, CentralPanel, Color32, FontId, Painter, Rect, RichText, Sense, Shape, Stroke, StrokeKind,
    TextStyle, Ui, WidgetInfo, pos2, vec2,
};
use egui_material_icons::icons;

use super::command::{Command, Commands};
use super::comparing::{CompareChange, Comparing, Shown};
use super::picture::{PictureView, PlainPicture};
use super::state::{OpenClip, State};
use super::theme::{self, GRID, Palette};
use super::update::shown_size;
use super::zoom::{Frame, Zoom};
use super::{text, viewport, widgets};
use crate::engine::compare::{Difference, differences};
use crate::types::{BBox, Detection, Mask, TrackId, VideoFrame};

/// Points between two panes.
const GAP: f32 = 4.0;

/// Pane width from which three stand in one row.
const ROOMY_PANE: f32 = 360.0;

/// The colour of the detector at `index`, as in the report.
pub fn color(index: usize) -> Color32 {
    theme::rider_color(TrackId(u32::try_from(index + 1).unwrap_or(1)))
}

/// Draws the view; gives where it is.
pub fn show(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    picture: &mut PictureView,
    frame: Option<&VideoFrame>,
    commands: &Commands,
) -> Rect {
    let palette = theme::palette(ui);
    let draw = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let Some(comparing) = &state.comparing else { return ui.max_rect() };
        header(ui, state, clip, comparing, commands);
        let view = ui.available_rect_before_wrap();
        match &comparing.shown {
            Some(shown) => panes(ui, state, clip, shown, picture, frame, commands),
            None => nothing_yet(ui, state, comparing),
        }
        view
    };
    CentralPanel::no_frame().frame(egui::Frame::new().fill(palette.backdrop)).show(ui, draw).inner
}

fn header(ui: &mut Ui, state: &State, clip: &OpenClip, comparing: &Comparing, commands: &Commands) {
    let palette = theme::palette(ui);
    let frame = egui::Frame::new().fill(palette.panel).inner_margin(egui::Margin::symmetric(12, 4));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        egui::Sides::new().height(ui.spacing().interact_size.y + GRID).shrink_left().show(
            ui,
            |ui| {
                let font = FontId::new(TextStyle::Body.resolve(ui.style()).size, theme::semibold());
                let room = ui.available_width() - GRID * 2.0;
                widgets::elided(ui, &text::file_name(&clip.info.path), &font, palette.strong, room);
            },
            |ui| controls(ui, state, comparing, commands),
        );
    });
}

/// From the right edge inwards.
fn controls(ui: &mut Ui, state: &State, comparing: &Comparing, commands: &Commands) {
    let palette = theme::palette(ui);
    let offer = |ui: &mut Ui, icon, name, command: Command, on| {
        if widgets::icon_toggle(ui, icon, name, Some(&command), on).clicked() {
            commands.push(command);
        }
    };
    offer(ui, icons::ICON_CLOSE, "Back to the clip alone", Command::ToggleCompare, false);
    let fit = Command::SetZoom(Zoom::Fit);
    offer(ui, icons::ICON_FIT_SCREEN, "Fit the picture", fit, state.view.zoom == Zoom::Fit);
    let Some(shown) = &comparing.shown else { return };
    ui.separator();
    let next = Command::Compare(CompareChange::NextDisagreement);
    offer(ui, icons::ICON_SKIP_NEXT, "Next disagreement", next, false);
    let previous = Command::Compare(CompareChange::PreviousDisagreement);
    offer(ui, icons::ICON_SKIP_PREVIOUS, "Disagreement before", previous, false);
    let frame = usize::try_from(state.playback.playhead).unwrap_or(usize::MAX);
    if let Some(agreement) = shown.measured.agreement.get(frame) {
        let color = if *agreement < 1.0 { palette.warning } else { palette.weak };
        ui.label(RichText::new(format!("{:.0} % agreed", 100.0 * agreement)).small().color(color))
            .on_hover_text("How far the detectors agree on this frame: shared boxes of all boxes");
    }
}

/// What there is to say while nothing has been found yet.
fn nothing_yet(ui: &mut Ui, state: &State, comparing: &Comparing) {
    let palette = theme::palette(ui);
    let running = comparing.job.and_then(|id| state.jobs.list().iter().find(|job| job.id == id));
    let (title, detail) = match (running, &comparing.failure) {
        (Some(job), _) => {
            let stage = if job.progress.stage.is_empty() { "starting" } else { &job.progress.stage };
            ("Comparing the detectors", stage.to_owned())
        }
        (None, Some(why)) => ("The detectors could not be compared", why.clone()),
        (None, None) if comparing.looking => ("Looking up earlier results", String::new()),
        (None, None) => (
            "Nothing compared yet",
            "Choose two to four detectors at the right, and compare them.".to_owned(),
        ),
    };
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.4 - GRID * 8.0).max(0.0));
        ui.label(icons::ICON_DIFFERENCE.rich_text().size(widgets::icon_size(ui) * 1.8).color(palette.weak));
        ui.add_space(GRID);
        ui.label(RichText::new(title).family(theme::semibold()).color(palette.text));
        let failed = running.is_none() && comparing.failure.is_some();
        let color = if failed { palette.error } else { palette.weak };
        ui.add_space(GRID);
        ui.add(egui::Label::new(RichText::new(detail).small().color(color)).wrap());
        if let Some(job) = running {
            ui.add_space(GRID * 2.0);
            widgets::progress(ui, job.progress.fraction(), 240.0, "Comparing detectors");
        }
    });
}

/// Where the panes are: all of one size, side by side where they find room.
fn places(view: Rect, count: usize) -> Vec<Rect> {
    let in_a_row = (view.width() - GAP * (count.max(1) - 1) as f32) / count.max(1) as f32;
    let columns = match count {
        0 | 1 => 1,
        2 if view.width() < view.height() => 1,
        3 if in_a_row >= ROOMY_PANE => 3,
        _ => 2,
    };
    let rows = count.div_ceil(columns).max(1);
    let part = |whole: f32, parts: usize| ((whole - GAP * (parts - 1) as f32) / parts as f32).floor();
    let size = vec2(part(view.width(), columns), part(view.height(), rows));
    let at = |index: usize| {
        let (column, row) = ((index % columns) as f32, (index / columns) as f32);
        Rect::from_min_size(view.min + vec2(column * (size.x + GAP), row * (size.y + GAP)), size)
    };
    (0..count).map(at).collect()
}

fn panes(
    ui: &mut Ui,
    state: &State,
    clip: &OpenClip,
    shown: &Shown,
    picture: &mut PictureView,
    frame: Option<&VideoFrame>,
    commands: &Commands,
) {
    let index = frame.map_or(state.playback.playhead, |frame| frame.index);
    let found = shown.comparison.found(&shown.thresholds, index);
    let differ = differences(&found);
    let whole = ui.available_rect_before_wrap();
    ui.allocate_rect(whole, Sense::hover());
    for (pane, place) in places(whole, found.len()).into_iter().enumerate() {
        let Some((run, threshold)) = shown.comparison.runs.get(pane).zip(shown.thresholds.get(pane)) else {
            continue;
        };
        let title_height = ui.spacing().interact_size.y;
        let (title, view) = place.split_top_bottom_at_y(place.top() + title_height);
        let seen = Seen {
            name: &run.info.detector,
            color: color(pane),
            threshold: *threshold,
            found: found[pane],
            differences: &differ[pane],
            masks: usize::try_from(index).ok().and_then(|i| run.frames.get(i)).map_or(&[][..], |f| &f.masks),
        };
        seen.title(ui, title);
        let response = ui.interact(view, ui.scope_id().with(("pane", pane)), Sense::click_and_drag());
        response
            .widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, format!("Pane of {}", seen.name)));
        let painter = ui.painter().with_clip_rect(view);
        let zoom_frame = Frame { view, picture_px: shown_size(clip) };
        if let Some(frame) = frame {
            let plain = PlainPicture {
                number: (frame.index, frame.pts),
                image: &frame.image,
                pixel_aspect: clip.info.pixel_aspect,
            };
            picture.paint_plain(&painter, &plain, &zoom_frame, state.view.zoom, Color32::WHITE);
        }
        let to_screen = Placing {
            picture: state.view.zoom.picture_rect(&zoom_frame),
            scale: state.view.zoom.scale(&zoom_frame),
            aspect: clip.info.pixel_aspect,
        };
        seen.paint(ui, &painter, &to_screen);
        if let Some(zoom) = viewport::zoomed(ui, &response, state.view.zoom, &zoom_frame) {
            commands.push(Command::SetZoom(zoom));
        }
    }
}

/// From the clip's pixels to the screen.
struct Placing {
    picture: Rect,
    scale: f32,
    aspect: f32,
}

impl Placing {
    fn rect(&self, bbox: &BBox) -> Rect {
        let at = |x: f32, y: f32| self.picture.min + vec2(x * self.aspect, y) * self.scale;
        Rect::from_min_max(at(bbox.min.x, bbox.min.y), at(bbox.max.x, bbox.max.y))
    }
}

/// What one detector saw in the frame.
struct Seen<'a> {
    name: &'a str,
    color: Color32,
    threshold: f32,
    found: &'a [Detection],
    differences: &'a [Difference],
    masks: &'a [Mask],
}

impl Seen<'_> {
    fn title(&self, ui: &mut Ui, place: Rect) {
        let palette = theme::palette(ui);
        let painter = ui.painter().with_clip_rect(place);
        painter.rect_filled(place, 0, palette.bar);
        let middle = place.center().y;
        painter.circle_filled(pos2(place.left() + GRID * 3.0, middle), 4.5, self.color);
        let body = TextStyle::Body.resolve(ui.style());
        let small = TextStyle::Small.resolve(ui.style());
        let words = match self.found.len() {
            0 => "nobody".to_owned(),
            count => format!("{count} from {:.2} on", self.threshold),
        };
        let right = pos2(place.right() - GRID * 2.0, middle);
        let words = painter.text(right, Align2::RIGHT_CENTER, words, small, palette.weak);
        let font = FontId::new(body.size, theme::semibold());
        let width_of = |t: &str| painter.layout_no_wrap(t.to_owned(), font.clone(), palette.strong).size().x;
        let left = place.left() + GRID * 5.0;
        let name = text::elide_middle(self.name, (words.left() - GRID * 2.0 - left).max(0.0), width_of);
        painter.text(pos2(left, middle), Align2::LEFT_CENTER, name, font, palette.strong);
    }

    fn paint(&self, ui: &Ui, painter: &Painter, placing: &Placing) {
        let palette = theme::palette(ui);
        for mask in self.masks.iter().take(self.found.len()) {
            paint_mask(painter, mask, placing, self.color.gamma_multiply(0.45));
        }
        let font = TextStyle::Small.resolve(ui.style());
        // The best last, over the others.
        for (detection, difference) in self.found.iter().zip(self.differences).rev() {
            let rect = placing.rect(&detection.bbox);
            let score = format!("{:.2}", detection.score);
            let words = match difference {
                Difference::Shared => {
                    painter.rect_stroke(rect, 2, Stroke::new(2.0, self.color), StrokeKind::Middle);
                    score
                }
                Difference::Elsewhere(iou) => {
                    dashed(painter, rect, Stroke::new(2.5, self.color));
                    format!("{score} · IoU {iou:.2}")
                }
                Difference::Alone => {
                    painter.rect_filled(rect, 2, self.color.gamma_multiply(0.25));
                    painter.rect_stroke(rect, 2, Stroke::new(3.0, self.color), StrokeKind::Middle);
                    format!("{score} · alone")
                }
            };
            label(painter, rect, &words, &font, palette);
        }
    }
}

/// The words over the upper left corner of a box, within the pane.
fn label(painter: &Painter, rect: Rect, words: &str, font: &FontId, palette: &Palette) {
    let galley = painter.layout_no_wrap(words.to_owned(), font.clone(), palette.strong);
    let size = galley.size() + vec2(GRID * 2.0, 2.0);
    let bounds = painter.clip_rect();
    if !bounds.intersects(rect) {
        return;
    }
    let top = if rect.top() - size.y < bounds.top() { rect.top() } else { rect.top() - size.y };
    let corner = pos2(rect.left(), top);
    let corner = corner.max(bounds.min).min((bounds.max - size).max(bounds.min));
    let place = Rect::from_min_size(corner, size);
    painter.rect_filled(place, 2, palette.bar.gamma_multiply(0.9));
    painter.galley(place.min + vec2(GRID, 1.0), galley, palette.strong);
}

fn dashed(painter: &Painter, rect: Rect, stroke: Stroke) {
    let corners =
        [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    painter.extend(Shape::dashed_line(&corners, stroke, 8.0, 5.0));
}

/// Fills the places of a mask that are somebody, a strip for each run of them.
fn paint_mask(painter: &Painter, mask: &Mask, placing: &Placing, color: Color32) {
    let rect = placing.rect(&mask.bbox);
    if mask.side == 0 || !rect.is_finite() {
        return;
    }
    let cell = rect.size() / mask.side as f32;
    let mut mesh = egui::Mesh::default();
    for (row, codes) in mask.codes.chunks_exact(mask.side).enumerate() {
        let mut column = 0;
        for run in codes.chunk_by(|a, b| (*a >= Mask::INSIDE) == (*b >= Mask::INSIDE)) {
            if run[0] >= Mask::INSIDE {
                let corner = rect.min + vec2(column as f32 * cell.x, row as f32 * cell.y);
                mesh.add_colored_rect(
                    Rect::from_min_size(corner, vec2(run.len() as f32 * cell.x, cell.y)),
                    color,
                );
            }
            column += run.len();
        }
    }
    painter.add(mesh);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_are_of_one_size_within_the_view_and_beside_each_other() {
        for (size, count) in [
            (vec2(596.0, 400.0), 2),
            (vec2(1136.0, 700.0), 3),
            (vec2(596.0, 400.0), 3),
            (vec2(800.0, 600.0), 4),
        ] {
            let view = Rect::from_min_size(pos2(10.0, 20.0), size);
            let panes = places(view, count);
            assert_eq!(panes.len(), count);
            for (index, pane) in panes.iter().enumerate() {
                assert!(view.contains_rect(*pane), "{pane:?} in {view:?}");
                assert_eq!(pane.size(), panes[0].size());
                assert!(panes[..index].iter().all(|other| !other.intersects(*pane)));
            }
        }
        let wide = places(Rect::from_min_size(pos2(0.0, 0.0), vec2(1136.0, 700.0)), 3);
        assert_eq!(wide[0].top(), wide[2].top(), "three in a row where there is room");
        let tall = places(Rect::from_min_size(pos2(0.0, 0.0), vec2(300.0, 700.0)), 2);
        assert_eq!(tall[0].left(), tall[1].left(), "one below the other in a narrow view");
    }

    #[test]
    fn boxes_lie_where_the_picture_is() {
        let placing = Placing {
            picture: Rect::from_min_size(pos2(100.0, 50.0), vec2(400.0, 200.0)),
            scale: 0.5,
            aspect: 2.0,
        };
        let rect = placing.rect(&BBox::new(10.0, 20.0, 30.0, 60.0));
        assert_eq!(rect, Rect::from_min_max(pos2(110.0, 60.0), pos2(130.0, 80.0)));
    }
}
