//! Drawing single frames as the window and the video export draw them.

use super::Pixels;
use crate::engine::burn_in::{Moment, burn_in};
use crate::engine::models::ModelShelf;
use crate::engine::scene::SceneBuilder;
use crate::engine::{EngineError, ResolvedRiders};
use crate::render::{AdapterPreference, Gpu, OverlayRenderer, OverlayScene, RenderTarget, ViewTransform};
use crate::types::{ClipInfo, OverlayStyle, VideoFrame};

/// Draws frames of one clip at one size.
pub struct Canvas<'a> {
    info: &'a ClipInfo,
    /// Whom it draws.
    pub riders: &'a ResolvedRiders,
    /// What it draws of them.
    pub style: OverlayStyle,
    renderer: OverlayRenderer,
    builder: SceneBuilder,
    scene: OverlayScene,
    target: RenderTarget,
    view: ViewTransform,
}

impl<'a> Canvas<'a> {
    /// A canvas of the clip's size times `scale`.
    ///
    /// # Errors
    /// When there is no device to draw with, or no body of the analysis' kind.
    pub fn new(
        shelf: &ModelShelf,
        info: &'a ClipInfo,
        riders: &'a ResolvedRiders,
        style: OverlayStyle,
        scale: f32,
    ) -> Result<Self, EngineError> {
        let gpu = Gpu::headless(AdapterPreference::Fastest)?;
        let mut builder = SceneBuilder::new(shelf.body_of(&riders.recoverer)?);
        builder.set_names(&riders.tracks);
        builder.set_textures(Some(&riders.textures));
        let mut renderer = OverlayRenderer::new(&gpu)?;
        renderer.set_topology(builder.body().triangles())?;
        let side = |pixels: u32| ((pixels as f32 * scale).round() as u32).max(1);
        Ok(Self {
            info,
            riders,
            style,
            renderer,
            builder,
            scene: OverlayScene::default(),
            target: RenderTarget::new(&gpu, side(info.width), side(info.height))?,
            view: ViewTransform { scale, ..ViewTransform::IDENTITY },
        })
    }

    /// The frame with its riders.
    ///
    /// # Errors
    /// What the device says.
    pub fn draw(&mut self, frame: &VideoFrame) -> Result<Pixels, EngineError> {
        let (riders, others) = (self.riders, self.style.others);
        let shown = riders.at(frame.index).iter().filter(|rider| riders.is_shown(rider.track, others));
        self.builder.fill(&mut self.scene, Some(frame.image.clone()), shown, &self.style);
        let moment = Moment {
            frame: frame.index,
            clip: self.info,
            riders_at: &|frame| riders.at(frame),
            masks_at: &|frame| riders.masks_at(frame),
            motion_into: &|frame| riders.motion_into(frame),
            is_shown: &|track| riders.is_shown(track, others),
        };
        burn_in(&mut self.scene, &moment, &self.style);
        self.renderer.render(&self.scene, &self.target, &self.view)?;
        let mut rgba = Vec::new();
        self.renderer.read_rgba(&self.target, &mut rgba)?;
        Ok(Pixels { rgba, size: (self.target.width(), self.target.height()) })
    }
}
