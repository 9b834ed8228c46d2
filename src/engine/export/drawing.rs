//! The drawing stage of an export: frames in, finished pictures out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};

use super::compose::{side_by_side, straight_alpha};
use super::views::Views;
use super::{Drawn, Layout, encode};
use crate::engine::burn_in::{Moment, burn_in};
use crate::engine::job::Reporter;
use crate::engine::matte::MatteWriter;
use crate::engine::models::ModelShelf;
use crate::engine::rate::RateMeter;
use crate::engine::scene::SceneBuilder;
use crate::engine::{CancelToken, EngineError, ExportRequest, ResolvedRiders};
use crate::render::{
    AdapterPreference, DrawnPart, Gpu, OverlayRenderer, OverlayScene, Readback, RenderError, RenderTarget,
    ViewTransform,
};
use crate::types::{ClipInfo, OverlayStyle, RiderFrame, VideoFrame};
use crate::video::{Patch, blend};

/// The drawing stage.
pub struct Drawing<'a> {
    on_device: OnDevice,
    /// Devices that were lost so far.
    losses: u32,
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
    /// Whether pictures have the clip's own size and nothing beside them, so that they need not be drawn themselves.
    direct: bool,
    patch: Patch,
}

/// A frame on its way through the device.
struct InFlight {
    frame: VideoFrame,
    way: Way,
}

/// How a frame becomes a finished picture.
#[derive(Clone, Copy)]
enum Way {
    /// All of it is drawn.
    Drawn,
    /// It stays as it was decoded, but for the part that something is drawn over.
    Over(Option<DrawnPart>),
}

/// Devices that an export may lose before it gives up: a driver that is reset comes back, a broken one does not.
const MOST_LOSSES: u32 = 3;

/// All that goes with a graphics device when it is lost.
struct OnDevice {
    renderer: OverlayRenderer,
    picture: Part,
    /// The clip without an overlay, where it lies beside.
    plain: Option<Part>,
    views: Option<Views>,
    #[cfg(test)]
    gpu: Gpu,
}

impl OnDevice {
    /// Readies a device for pictures of `size` that show the triangles of `builder`.
    fn new(builder: &SceneBuilder, layout: Layout, size: (u32, u32)) -> Result<Self, EngineError> {
        let gpu = Gpu::headless(AdapterPreference::Fastest)?;
        let mut renderer = OverlayRenderer::new(&gpu)?;
        renderer.set_topology(builder.body().triangles())?;
        Ok(Self {
            renderer,
            picture: Part::new(&gpu, size)?,
            plain: (layout == Layout::SideBySide).then(|| Part::new(&gpu, size)).transpose()?,
            views: (layout == Layout::Views).then(|| Views::new(&gpu, size)).transpose()?,
            #[cfg(test)]
            gpu,
        })
    }
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
        let mut builder = SceneBuilder::new(shelf.body_of(&riders.recoverer)?);
        builder.set_names(&riders.tracks);
        builder.set_textures(Some(&riders.textures));
        let layout = request.video.layout;
        let size = request.video.picture_size(info);
        // The larger of both, so that rounding the size leaves no empty edge.
        let scale = (size.0 as f32 / info.width as f32).max(size.1 as f32 / info.height as f32);
        Ok(Self {
            on_device: OnDevice::new(&builder, layout, size)?,
            losses: 0,
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
            direct: layout == Layout::Overlay && size == (info.width, info.height),
            patch: Patch::default(),
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
            let (mesh, way) = self
                .on_a_device(&mut in_flight, reporter, |drawing, _| drawing.draw(&frame, next.is_some()))?;
            with_mesh += u64::from(mesh);
            if let (Some(next), Some(way)) = (next, way) {
                in_flight.push_back(InFlight { frame, way });
                // One frame is drawn while the one before it is read back.
                let hand_on =
                    |drawing: &mut Self, flight: &mut _| drawing.hand_on(flight, next, spare, cancel);
                if in_flight.len() > 1 && !self.on_a_device(&mut in_flight, reporter, hand_on)? {
                    break;
                }
            }
            frames += 1;
            if let Some(progress) = meter.update(Instant::now(), frames, "exporting") {
                reporter.progress(progress);
            }
        }
        if let Some(next) = next {
            let hand_on = |drawing: &mut Self, flight: &mut _| drawing.hand_on(flight, next, spare, cancel);
            while !in_flight.is_empty()
                && !cancel.is_cancelled()
                && self.on_a_device(&mut in_flight, reporter, hand_on)?
            {}
        }
        Ok((frames, with_mesh))
    }

    /// Does `work`; where the device is lost meanwhile, once more on a new one, with the frames in flight drawn again.
    fn on_a_device<T>(
        &mut self,
        in_flight: &mut VecDeque<InFlight>,
        reporter: &dyn Reporter,
        work: impl Fn(&mut Self, &mut VecDeque<InFlight>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        loop {
            let cause = match work(self, in_flight) {
                // Some drivers tell of the loss only when the frame that went with it is asked for.
                Err(EngineError::Render(
                    RenderError::DeviceLost { cause }
                    | RenderError::Readback { cause }
                    | RenderError::Refused { cause, .. },
                )) if self.losses < MOST_LOSSES => cause,
                result => return result,
            };
            self.losses += 1;
            reporter.warning(format!(
                "the graphics device was lost ({cause}); the export goes on with a new one"
            ));
            let size = self.request.video.picture_size(self.info);
            self.on_device = OnDevice::new(&self.builder, self.request.video.layout, size)?;
            for InFlight { frame, way } in &mut *in_flight {
                self.fill(frame);
                *way = self.submit(frame)?;
            }
        }
    }

    /// Draws a frame, and its matte where one is wanted: whether there is a body in it, and its way into the video.
    fn draw(&mut self, frame: &VideoFrame, into_video: bool) -> Result<(bool, Option<Way>), EngineError> {
        let with_mesh = self.fill(frame);
        if let Some(mattes) = &mut self.mattes {
            mattes.write(frame.index, &mut self.on_device.renderer, &self.scene, self.size)?;
        }
        let way = into_video.then(|| self.submit(frame)).transpose()?;
        Ok((with_mesh, way))
    }

    /// Whether a frame is encoded as it was decoded, but for what is drawn over it.
    fn is_direct(&self, frame: &VideoFrame) -> bool {
        self.direct && frame.image.is_plain()
    }

    /// Makes the scene show a frame; whether there is a body in it.
    fn fill(&mut self, frame: &VideoFrame) -> bool {
        let riders = self.riders.at(frame.index);
        let style = &self.request.overlay;
        let shown = |rider: &&RiderFrame| self.riders.is_shown(rider.track, style.others);
        let riders = riders.iter().filter(shown);
        let with_mesh = riders.clone().any(|rider| rider.body.is_some());
        // Mattes and views show the bodies whether or not the video does.
        let posed = style.mesh || self.mattes.is_some() || self.on_device.views.is_some();
        let in_scene = !self.is_direct(frame) && self.request.video.layout != Layout::OverlayOnly;
        let image = in_scene.then(|| frame.image.clone());
        self.builder.fill(&mut self.scene, image, riders, &OverlayStyle { mesh: posed, ..*style });
        self.scene.style = *style;
        let moment = Moment {
            frame: frame.index,
            clip: self.info,
            riders_at: &|frame| self.riders.at(frame),
            masks_at: &|frame| self.riders.masks_at(frame),
            motion_into: &|frame| self.riders.motion_into(frame),
            is_shown: &|track| self.riders.is_shown(track, style.others),
        };
        burn_in(&mut self.scene, &moment, style);
        with_mesh
    }

    /// Draws the scene, and what lies beside it, and starts to read it back.
    fn submit(&mut self, frame: &VideoFrame) -> Result<Way, EngineError> {
        if self.is_direct(frame) {
            return Ok(Way::Over(self.submit_over()?));
        }
        let OnDevice { renderer, picture, plain, views, .. } = &mut self.on_device;
        picture.submit(renderer, &self.scene, &self.view)?;
        if let Some(views) = views {
            views.submit(renderer, &self.scene.meshes)?;
        }
        if let Some(plain) = plain {
            let mut scene = OverlayScene::new(Some(frame.image.clone()));
            scene.style = OverlayStyle { mesh: false, ..OverlayStyle::default() };
            plain.submit(renderer, &scene, &self.view)?;
        }
        Ok(Way::Drawn)
    }

    /// Draws what lies over the picture, if anything does, and starts to read back the part that it touches.
    fn submit_over(&mut self) -> Result<Option<DrawnPart>, EngineError> {
        if self.scene.is_bare() {
            return Ok(None);
        }
        let OnDevice { renderer, picture, .. } = &mut self.on_device;
        renderer.render(&self.scene, &picture.target, &self.view)?;
        let part = renderer.drawn_part();
        if let Some(part) = &part {
            picture.readback.submit_part(&picture.target, part)?;
        }
        Ok(part)
    }

    /// Reads the oldest frame back and passes it on; `false` where the encoder has ended or the export was
    /// cancelled.
    ///
    /// It leaves the queue once it is read: had the device been lost, it would be drawn again.
    fn hand_on(
        &mut self,
        in_flight: &mut VecDeque<InFlight>,
        next: &Sender<Drawn>,
        spare: &Receiver<Vec<u8>>,
        cancel: &CancelToken,
    ) -> Result<bool, EngineError> {
        let Some(way) = in_flight.front().map(|flight| flight.way) else { return Ok(false) };
        let rgba = match way {
            Way::Drawn => Some(self.read_whole(spare)?),
            Way::Over(part) => {
                if let Some(part) = part {
                    self.on_device.picture.readback.take(&mut self.patch.rgba)?;
                    self.patch.origin = (part.x, part.y);
                    self.patch.size = (part.width, part.height);
                }
                None
            }
        };
        let Some(InFlight { frame, .. }) = in_flight.pop_front() else { return Ok(false) };
        let (pts, mut image) = (frame.pts, frame.image);
        let drawn = if let Some(rgba) = rgba {
            Drawn::Frame { rgba, pts }
        } else {
            if matches!(way, Way::Over(Some(_))) {
                // The decoder is done with the picture: it is drawn into as it is, without a copy.
                blend(&self.patch, Arc::make_mut(&mut image));
            }
            Drawn::Picture { image, pts }
        };
        Ok(encode::hand_over(next, drawn, cancel))
    }

    /// Reads back a frame of which all is drawn.
    fn read_whole(&mut self, spare: &Receiver<Vec<u8>>) -> Result<Vec<u8>, EngineError> {
        let mut rgba = spare.try_recv().unwrap_or_default();
        let OnDevice { picture, plain, views, .. } = &mut self.on_device;
        if let Some(plain) = plain {
            picture.readback.take(&mut self.drawn)?;
            plain.readback.take(&mut self.beside)?;
            side_by_side(&self.beside, &self.drawn, plain.target.width(), &mut rgba);
        } else {
            picture.readback.take(&mut rgba)?;
        }
        if let Some(views) = views {
            views.lay_into(&mut rgba, picture.target.width())?;
        }
        if self.request.video.layout == Layout::OverlayOnly {
            straight_alpha(&mut rgba);
        }
        Ok(rgba)
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::{bounded, unbounded};

    use super::*;
    use crate::engine::export::VideoOptions;
    use crate::engine::{AnalyzeRequest, ModelPlaces, Progress};
    use crate::settings::ModelSettings;
    use crate::types::MemoryWish;
    use crate::video::FrameSource;
    use crate::video::fake::FakeSource;

    /// Counts warnings.
    #[derive(Default)]
    struct Warnings(std::sync::Mutex<Vec<String>>);

    impl Reporter for Warnings {
        fn progress(&self, _progress: Progress) {}
        fn warning(&self, message: String) {
            self.0.lock().unwrap().push(message);
        }
        fn riders(&self, _frame: u64, _riders: &[RiderFrame]) {}
        fn resolved(&self, _riders: ResolvedRiders) {}
    }

    /// The pictures of an export whose device is lost once `lose_after` of them have come, and the warnings.
    fn drawn(lose_after: Option<usize>) -> (Vec<(i64, Vec<u8>)>, Vec<String>) {
        let mut source = FakeSource::with_constant_rate(96, 64, 8);
        let info = source.info().clone();
        let request = ExportRequest {
            analysis: AnalyzeRequest {
                clip: "clip".into(),
                store: None,
                models: ModelSettings::default(),
                memory: MemoryWish::default(),
                restart: false,
                accept_existing: true,
            },
            output: None,
            matte_folder: None,
            overlay: OverlayStyle::default(),
            range: None,
            // Both halves are drawn whole.
            video: VideoOptions { layout: Layout::SideBySide, ..VideoOptions::default() },
        };
        let (shelf, riders) = (ModelShelf::new(ModelPlaces::default()), ResolvedRiders::default());
        let mut drawing = Drawing::new(&shelf, &info, &request, &riders, None).unwrap();
        let gpu = drawing.on_device.gpu.clone();
        let (to_draw, queue) = bounded(0);
        let (next, pictures) = unbounded();
        let (_give_back, spare) = unbounded();
        let (cancel, warnings) = (CancelToken::default(), Warnings::default());
        let mut found = Vec::new();
        std::thread::scope(|scope| {
            let run = scope.spawn(|| drawing.run(queue, Some(&next), &spare, (0, 7), &cancel, &warnings));
            while let Some(frame) = source.next_frame().unwrap() {
                // A stage that has failed takes no more; its result says why.
                if to_draw.send(frame).is_err() {
                    break;
                }
                while let Ok(Drawn::Frame { rgba, pts }) = pictures.try_recv() {
                    found.push((pts, rgba));
                }
                if lose_after.is_some_and(|count| found.len() >= count) {
                    gpu.device.destroy();
                }
            }
            drop(to_draw);
            assert_eq!(run.join().unwrap().unwrap().0, 8);
        });
        while let Ok(Drawn::Frame { rgba, pts }) = pictures.try_recv() {
            found.push((pts, rgba));
        }
        (found, warnings.0.into_inner().unwrap())
    }

    #[test]
    fn an_export_outlives_its_graphics_device() {
        let (undisturbed, warnings) = drawn(None);
        assert_eq!((undisturbed.len(), warnings.len()), (8, 0));
        let (disturbed, warnings) = drawn(Some(3));
        assert!(disturbed == undisturbed, "every picture is there, in order, and the same");
        assert!(warnings.len() == 1 && warnings[0].contains("graphics device was lost"), "{warnings:?}");
    }
}
