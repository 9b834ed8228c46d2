//! The drawing stage of an export: frames in, finished pictures out.

use std::collections::VecDeque;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};

use super::compose::{side_by_side, straight_alpha};
use super::views::Views;
use super::{Drawn, Layout};
use crate::engine::burn_in::{Moment, burn_in};
use crate::engine::job::Reporter;
use crate::engine::matte::MatteWriter;
use crate::engine::models::ModelShelf;
use crate::engine::rate::RateMeter;
use crate::engine::scene::SceneBuilder;
use crate::engine::{CancelToken, EngineError, ExportRequest, ResolvedRiders};
use crate::render::{
    AdapterPreference, Gpu, OverlayRenderer, OverlayScene, Readback, RenderTarget, ViewTransform,
};
use crate::types::{ClipInfo, OverlayStyle, RiderFrame, VideoFrame};

/// The drawing stage.
pub struct Drawing<'a> {
    renderer: OverlayRenderer,
    picture: Part,
    /// The clip without an overlay, where it lies beside.
    plain: Option<Part>,
    views: Option<Views>,
    view: ViewTransform,
    scene: OverlayScene,
    builder: SceneBuilder,
    info: &'a ClipInfo,
    request: &'a ExportRequest,
    riders: &'a ResolvedRiders,
    mattes: Option<MatteWriter>,
    size: (u32, u32),
    drawn: Vec<u8>,
    beside: Vec<u8>,
}

/// A picture that is drawn and read back.
struct Part {
    target: RenderTarget,
    readback: Readback,
}

impl Part {
    fn new(gpu: &Gpu, size: (u32, u32)) -> Result<Self, EngineError> {
        Ok(Self { target: RenderTarget::new(gpu, size.0, size.1)?, readback: Readback::new(gpu) })
    }

    fn submit(
        &mut self,
        renderer: &mut OverlayRenderer,
        scene: &OverlayScene,
        view: &ViewTransform,
    ) -> Result<(), EngineError> {
        renderer.render(scene, &self.target, view)?;
        Ok(self.readback.submit(&self.target)?)
    }
}

impl<'a> Drawing<'a> {
    /// Readies a device to draw what `request` says.
    pub fn new(
        shelf: &ModelShelf,
        info: &'a ClipInfo,
        request: &'a ExportRequest,
        riders: &'a ResolvedRiders,
        mattes: Option<MatteWriter>,
    ) -> Result<Self, EngineError> {
        let gpu = Gpu::headless(AdapterPreference::Fastest)?;
        let mut builder = SceneBuilder::new(shelf.body_of(&riders.recoverer)?);
        builder.set_names(&riders.tracks);
        let mut renderer = OverlayRenderer::new(&gpu)?;
        renderer.set_topology(builder.body().triangles())?;
        let layout = request.video.layout;
        let size = request.video.picture_size(info);
        // The larger of both, so that rounding the size leaves no empty edge.
        let scale = (size.0 as f32 / info.width as f32).max(size.1 as f32 / info.height as f32);
        Ok(Self {
            renderer,
            picture: Part::new(&gpu, size)?,
            plain: (layout == Layout::SideBySide).then(|| Part::new(&gpu, size)).transpose()?,
            views: (layout == Layout::Views).then(|| Views::new(&gpu, size)).transpose()?,
            view: ViewTransform { scale, ..ViewTransform::IDENTITY },
            scene: OverlayScene::default(),
            builder,
            info,
            request,
            riders,
            mattes,
            size: (info.width, info.height),
            drawn: Vec::new(),
            beside: Vec::new(),
        })
    }

    /// Draws what comes; gives the frames drawn and those with a mesh in them.
    pub fn run(
        &mut self,
        queue: Receiver<VideoFrame>,
        next: Option<&Sender<Drawn>>,
        spare: &Receiver<Vec<u8>>,
        range: (u64, u64),
        cancel: &CancelToken,
        reporter: &dyn Reporter,
    ) -> Result<(u64, u64), EngineError> {
        let total = range.1 - range.0 + 1;
        let mut meter = RateMeter::new(Instant::now(), 0, total);
        let (mut frames, mut with_mesh) = (0, 0);
        let mut in_flight = VecDeque::new();
        for frame in queue {
            if cancel.is_cancelled() {
                break;
            }
            with_mesh += u64::from(self.fill(&frame));
            if let Some(mattes) = &mut self.mattes {
                mattes.write(frame.index, &mut self.renderer, &self.scene, self.size)?;
            }
            if let Some(next) = next {
                self.submit(&frame)?;
                in_flight.push_back(frame.pts);
                // One frame is drawn while the one before it is read back.
                if in_flight.len() > 1 && !self.hand_on(&mut in_flight, next, spare)? {
                    break;
                }
            }
            frames += 1;
            if let Some(progress) = meter.update(Instant::now(), frames, "exporting") {
                reporter.progress(progress);
            }
        }
        if let Some(next) = next {
            while !in_flight.is_empty() && self.hand_on(&mut in_flight, next, spare)? {}
        }
        Ok((frames, with_mesh))
    }

    /// Makes the scene show a frame; whether there is a body in it.
    fn fill(&mut self, frame: &VideoFrame) -> bool {
        let riders = self.riders.at(frame.index);
        let style = &self.request.overlay;
        let shown = |rider: &&RiderFrame| self.riders.is_shown(rider.track, style.others);
        let riders = riders.iter().filter(shown);
        let with_mesh = riders.clone().any(|rider| rider.body.is_some());
        // Mattes and views show the bodies whether or not the video does.
        let posed = style.mesh || self.mattes.is_some() || self.views.is_some();
        let image = (self.request.video.layout != Layout::OverlayOnly).then(|| frame.image.clone());
        self.builder.fill(&mut self.scene, image, riders, &OverlayStyle { mesh: posed, ..*style });
        self.scene.style = *style;
        let moment = Moment {
            frame: frame.index,
            clip: self.info,
            riders_at: &|frame| self.riders.at(frame),
            is_shown: &|track| self.riders.is_shown(track, style.others),
        };
        burn_in(&mut self.scene, &moment, style);
        with_mesh
    }

    /// Draws the scene, and what lies beside it, and starts to read it back.
    fn submit(&mut self, frame: &VideoFrame) -> Result<(), EngineError> {
        self.picture.submit(&mut self.renderer, &self.scene, &self.view)?;
        if let Some(views) = &mut self.views {
            views.submit(&mut self.renderer, &self.scene.meshes)?;
        }
        if let Some(plain) = &mut self.plain {
            let mut scene = OverlayScene::new(Some(frame.image.clone()));
            scene.style = OverlayStyle { mesh: false, ..OverlayStyle::default() };
            plain.submit(&mut self.renderer, &scene, &self.view)?;
        }
        Ok(())
    }

    /// Reads the oldest frame back and passes it on; `false` where the encoder has ended.
    fn hand_on(
        &mut self,
        in_flight: &mut VecDeque<i64>,
        next: &Sender<Drawn>,
        spare: &Receiver<Vec<u8>>,
    ) -> Result<bool, EngineError> {
        let Some(pts) = in_flight.pop_front() else { return Ok(false) };
        let mut rgba = spare.try_recv().unwrap_or_default();
        if let Some(plain) = &mut self.plain {
            self.picture.readback.take(&mut self.drawn)?;
            plain.readback.take(&mut self.beside)?;
            side_by_side(&self.beside, &self.drawn, plain.target.width(), &mut rgba);
        } else {
            self.picture.readback.take(&mut rgba)?;
        }
        if let Some(views) = &mut self.views {
            views.lay_into(&mut rgba, self.picture.target.width())?;
        }
        if self.request.video.layout == Layout::OverlayOnly {
            straight_alpha(&mut rgba);
        }
        Ok(next.send(Drawn::Frame { rgba, pts }).is_ok())
    }
}
