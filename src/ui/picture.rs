//! The video frame with its overlay, drawn by the renderer that also draws the export.
//!
//! The renderer draws at the size and zoom of the screen, so that lines and edges stay crisp; egui shows the result as
//! a texture. Nothing is drawn anew while nothing changes.

use std::sync::Arc;
use std::time::Duration;

use eframe::egui_wgpu::RenderState;
use eframe::egui_wgpu::wgpu::FilterMode;
use egui::{Color32, Painter, Rect, TextureId, Vec2, pos2};

use super::command::Layer;
use super::state::{OpenClip, State};
use super::zoom::{Frame, Zoom};
use crate::engine::{EngineError, Moment, SceneBuilder, burn_in, thread};
use crate::render::{Gpu, OverlayRenderer, OverlayScene, RenderError, RenderTarget, ViewTransform};
use crate::types::{OverlayStyle, VideoFrame, YuvImage};

/// Whether a layer is shown.
pub fn is_shown(style: &OverlayStyle, layer: Layer) -> bool {
    match layer {
        Layer::Mesh => style.mesh,
        Layer::Texture => style.textured,
        Layer::Doubt => style.doubt,
        Layer::Wireframe => style.wireframe,
        Layer::Skeleton => style.skeleton,
        Layer::Boxes => style.boxes,
        Layer::Labels => style.labels,
        Layer::Masks => style.masks,
        Layer::Trails => style.trails,
        Layer::JointTrails => style.joint_trails,
        Layer::Angles => style.angles,
        Layer::Clock => style.clock,
        Layer::Others => style.others,
        Layer::Raw => style.raw,
    }
}

/// Everything that decides what is drawn; the same again need not be drawn again.
#[derive(Clone, Debug, PartialEq)]
struct Drawn {
    key: Key,
    size_px: [u32; 2],
    view: ViewTransform,
}

/// What is shown, apart from where.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    frame: (u64, i64),
    /// Pixels across: a small copy's picture of a frame is not the frame.
    width: u32,
    riders_revision: u64,
    style: OverlayStyle,
    has_body: bool,
}

/// Draws pictures for the screen.
pub struct PictureView {
    screen: Option<Screen>,
    builder: Option<SceneBuilder>,
    scene: OverlayScene,
    drawn: Option<Drawn>,
    error: Option<String>,
}

/// The window's device and what is drawn on it.
struct Screen {
    egui: RenderState,
    gpu: Gpu,
    renderer: OverlayRenderer,
    shown: Option<(RenderTarget, TextureId)>,
}

impl PictureView {
    /// Draws on the device of `egui`; without one no picture is shown.
    pub fn new(egui: Option<&RenderState>) -> Self {
        let screen = egui.map(Screen::new).transpose();
        let error = screen.as_ref().err().map(ToString::to_string);
        Self {
            screen: screen.ok().flatten(),
            builder: None,
            scene: OverlayScene::default(),
            drawn: None,
            error,
        }
    }

    /// Why its device can draw no more; `None` while it can.
    pub fn lost_device(&self) -> Option<String> {
        self.screen.as_ref()?.gpu.lost()
    }

    /// Loses the device `after` this time, as a driver that is reset does: a trial of what comes then.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn lose_device(&self, after: Duration) -> Result<(), EngineError> {
        let Some(screen) = &self.screen else { return Ok(()) };
        let device = screen.gpu.device.clone();
        let lose = move || {
            std::thread::sleep(after);
            device.destroy();
        };
        thread::spawn("trial", lose).map(drop)
    }

    /// Goes over to the device of `egui`: its own is lost.
    pub fn move_to(&mut self, egui: Option<&RenderState>) {
        let moved = Self::new(egui);
        (self.screen, self.error, self.drawn) = (moved.screen, moved.error, None);
        if let Some(builder) = self.builder.take() {
            self.set_body(builder);
        }
    }

    /// Takes the body that meshes are made of; without it none are drawn.
    pub fn set_body(&mut self, builder: SceneBuilder) {
        if let Some(screen) = &mut self.screen
            && let Err(error) = screen.renderer.set_topology(builder.body().triangles())
        {
            self.error = Some(error.to_string());
            return;
        }
        self.builder = Some(builder);
        self.drawn = None;
    }

    /// Lets go of the body; no mesh is drawn until there is another.
    pub fn drop_body(&mut self) {
        self.builder = None;
    }

    /// Lets go of the frame shown.
    pub fn clear(&mut self) {
        self.drawn = None;
    }

    /// Why something could not be drawn, once.
    pub fn take_error(&mut self) -> Option<String> {
        self.error.take()
    }

    /// Paints `frame` and its riders into the view of `shown`.
    pub fn paint(
        &mut self,
        painter: &Painter,
        state: &State,
        clip: &OpenClip,
        frame: &VideoFrame,
        shown: &Frame,
        zoom: Zoom,
    ) {
        let aspect = clip.info.pixel_aspect;
        let style = state.settings.overlay;
        let key = Key {
            frame: (frame.index, frame.pts),
            width: frame.image.width,
            riders_revision: clip.analysis.revision(),
            style,
            has_body: self.builder.is_some(),
        };
        let builder = self.builder.as_mut();
        let screen = self.screen.as_mut();
        let scene = &mut self.scene;
        let fill = |scene: &mut OverlayScene| {
            fill(scene, builder, clip, frame, &style);
            scene.picture_size = Some([clip.info.width, clip.info.height]);
        };
        let place = Place { shown, picture: zoom.picture_rect(shown), aspect, tint: Color32::WHITE };
        let outcome = draw(screen, scene, &mut self.drawn, painter, key, &place, fill);
        self.error = outcome.err().or(self.error.take());
    }

    /// Paints a picture with nothing over it, `tint` over what is there.
    pub fn paint_plain(
        &mut self,
        painter: &Painter,
        picture: &PlainPicture<'_>,
        shown: &Frame,
        zoom: Zoom,
        tint: Color32,
    ) {
        let key = Key {
            frame: picture.number,
            width: picture.image.width,
            riders_revision: 0,
            style: OverlayStyle::default(),
            has_body: false,
        };
        let fill = |scene: &mut OverlayScene| {
            scene.clear();
            scene.picture = Some(Arc::clone(picture.image));
        };
        let aspect = picture.pixel_aspect;
        let place = Place { shown, picture: zoom.picture_rect(shown), aspect, tint };
        let (screen, scene) = (self.screen.as_mut(), &mut self.scene);
        let outcome = draw(screen, scene, &mut self.drawn, painter, key, &place, fill);
        self.error = outcome.err().or(self.error.take());
    }
}

/// A picture without riders.
pub struct PlainPicture<'a> {
    /// Index and timestamp, or anything that tells it from the one before.
    pub number: (u64, i64),
    /// The picture.
    pub image: &'a Arc<YuvImage>,
    /// Width of a pixel divided by its height.
    pub pixel_aspect: f32,
}

/// Where a picture goes.
struct Place<'a> {
    shown: &'a Frame,
    /// Where the picture lies, points.
    picture: Rect,
    aspect: f32,
    tint: Color32,
}

/// Draws a scene where it is not the one that was drawn last, and shows it. The error is in words.
fn draw(
    screen: Option<&mut Screen>,
    scene: &mut OverlayScene,
    drawn: &mut Option<Drawn>,
    painter: &Painter,
    key: Key,
    place: &Place<'_>,
    fill: impl FnOnce(&mut OverlayScene),
) -> Result<(), String> {
    let Some(screen) = screen else { return Ok(()) };
    let (aspect, pixels_per_point) = (place.aspect.max(0.01), painter.pixels_per_point());
    let placed = self::place(place.shown, place.picture, aspect, pixels_per_point, screen.gpu.max_side());
    let Some((size_px, view)) = placed else { return Ok(()) };
    let wanted = Drawn { key, size_px, view };
    let mut outcome = Ok(());
    if drawn.as_ref() != Some(&wanted) {
        fill(scene);
        // What failed is tried again only when something changes, not sixty times a second.
        outcome = screen.draw(scene, size_px, &view).map_err(|error| error.to_string());
        *drawn = Some(wanted);
    }
    if let Some((_, texture)) = &screen.shown {
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(*texture, place.shown.view, uv, place.tint);
    }
    outcome
}

/// Makes `scene` show the riders of `frame` that the style asks for, as an export would.
fn fill(
    scene: &mut OverlayScene,
    builder: Option<&mut SceneBuilder>,
    clip: &OpenClip,
    frame: &VideoFrame,
    style: &OverlayStyle,
) {
    let riders = clip.analysis.riders_at(frame.index).iter();
    let riders = riders.filter(|rider| clip.analysis.is_shown(rider.track, style.others));
    match builder {
        Some(builder) => {
            builder.set_names(clip.analysis.tracks());
            builder.set_textures(clip.analysis.textures());
            builder.fill(scene, Some(frame.image.clone()), riders, style);
            let moment = Moment {
                frame: frame.index,
                clip: &clip.info,
                riders_at: &|frame| clip.analysis.riders_at(frame),
                masks_at: &|frame| clip.analysis.masks_at(frame),
                motion_into: &|frame| clip.analysis.motion_into(frame),
                is_shown: &|track| clip.analysis.is_shown(track, style.others),
            };
            burn_in(scene, &moment, style);
        }
        None => {
            scene.clear();
            scene.picture = Some(frame.image.clone());
        }
    }
}

/// Size of the target in pixels and the picture's place in it. A picture whose pixels are not square is drawn as if
/// they were, into a target that is narrower by as much as it is stretched when it is shown.
fn place(
    shown: &Frame,
    picture: Rect,
    pixel_aspect: f32,
    pixels_per_point: f32,
    max_side: u32,
) -> Option<([u32; 2], ViewTransform)> {
    let across = pixels_per_point / pixel_aspect;
    let size = Vec2::new(shown.view.width() * across, shown.view.height() * pixels_per_point);
    if size.min_elem() < 1.0 {
        return None;
    }
    let largest = max_side as f32;
    let size_px = [size.x.round().min(largest) as u32, size.y.round().min(largest) as u32];
    let offset = picture.min - shown.view.min;
    let view = ViewTransform {
        scale: picture.height() / shown.picture_px.y.max(1.0) * pixels_per_point,
        offset_px: glam::Vec2::new(offset.x * across, offset.y * pixels_per_point),
    };
    Some((size_px, view))
}

impl Screen {
    fn new(egui: &RenderState) -> Result<Self, RenderError> {
        let gpu = Gpu::from_parts(egui.device.clone(), egui.queue.clone(), egui.adapter.get_info());
        let renderer = OverlayRenderer::new(&gpu)?;
        Ok(Self { egui: egui.clone(), gpu, renderer, shown: None })
    }

    fn draw(
        &mut self,
        scene: &OverlayScene,
        size_px: [u32; 2],
        view: &ViewTransform,
    ) -> Result<(), RenderError> {
        let target = self.target(size_px)?;
        self.renderer.render(scene, &target, view)
    }

    /// A target of this size, known to egui.
    fn target(&mut self, [width, height]: [u32; 2]) -> Result<RenderTarget, RenderError> {
        if let Some((target, _)) = &self.shown
            && (target.width(), target.height()) == (width, height)
        {
            return Ok(target.clone());
        }
        let target = RenderTarget::new(&self.gpu, width, height)?;
        let (device, filter) = (&self.egui.device, FilterMode::Linear);
        let mut egui = self.egui.renderer.write();
        let texture = match self.shown.take() {
            Some((_, texture)) => {
                egui.update_egui_texture_from_wgpu_texture(device, target.view(), filter, texture);
                texture
            }
            None => egui.register_native_texture(device, target.view(), filter),
        };
        self.shown = Some((target.clone(), texture));
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    #[test]
    fn the_target_covers_the_view_and_the_picture_lies_in_it_as_on_the_screen() {
        let view = Rect::from_min_size(pos2(50.0, 20.0), vec2(640.0, 480.0));
        let shown = Frame { view, picture_px: vec2(1280.0, 720.0) };
        let (size_px, transform) = place(&shown, Zoom::Fit.picture_rect(&shown), 1.0, 2.0, 8192).unwrap();
        assert_eq!(size_px, [1280, 960]);
        assert!((transform.scale - 1.0).abs() < 1e-5);
        assert!((transform.offset_px - glam::Vec2::new(0.0, 120.0)).length() < 1e-3);
    }

    #[test]
    fn wide_pixels_narrow_the_target_and_fill_it_all_the_same() {
        let view = Rect::from_min_size(pos2(0.0, 0.0), vec2(800.0, 400.0));
        // 400 coded pixels across, each twice as wide as high.
        let shown = Frame { view, picture_px: vec2(800.0, 400.0) };
        let (size_px, transform) = place(&shown, Zoom::Fit.picture_rect(&shown), 2.0, 1.0, 8192).unwrap();
        assert_eq!(size_px, [400, 400]);
        assert!((transform.scale - 1.0).abs() < 1e-5);
        assert_eq!(transform.offset_px, glam::Vec2::ZERO);
    }
}
