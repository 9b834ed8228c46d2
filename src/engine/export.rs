//! Writing the annotated clip: decode, draw and encode beside each other, from riders that no longer change.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::analysis::{analyze, load_resolved};
use super::job::Reporter;
use super::matte::MatteWriter;
use super::models::ModelShelf;
use super::rate::RateMeter;
use super::scene::SceneBuilder;
use super::{
    AnalyzeRequest, CancelToken, EngineError, ExportOutcome, ExportRequest, Progress, ResolvedRiders, thread,
};
use crate::render::{
    AdapterPreference, Gpu, OverlayRenderer, OverlayScene, Readback, RenderTarget, ViewTransform,
};
use crate::store::AnalysisStore;
use crate::types::{ClipInfo, OverlayStyle, RiderFrame, VideoFrame};
use crate::video::{self, DecodeOptions, FrameSink, FrameSource, SinkOptions, VideoError};

/// Frames that may wait between two stages.
const QUEUE_FRAMES: usize = 3;

/// Exports as `request` says; analyses first where that has not been done.
///
/// # Errors
/// [`EngineError::Cancelled`] when `cancel` was set; no half-written file is left.
pub fn export(
    request: &ExportRequest,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<ExportOutcome, EngineError> {
    let started = Instant::now();
    // A target that cannot be written is better told before the analysis than after it.
    let mut source = video::open(&request.analysis.clip, &DecodeOptions::default())?;
    let info = source.info().clone();
    let sink = request.output.as_ref().map(|path| video::create(&sink_options(path, &info)));
    let sink = sink.transpose()?;
    let mattes = request.matte_folder.as_deref().map(MatteWriter::create).transpose()?;
    let riders = riders_of(&request.analysis, &info, shelf, cancel, reporter)?;

    reporter.progress(Progress { stage: "preparing to draw".into(), ..Progress::default() });
    let drawing = Drawing::new(shelf, &info, request, &riders, mattes)?;
    let range = clamped_range(&info, request.range);
    if range.0 > 0 {
        source.seek(range.0)?;
    }
    let (frames, frames_with_mesh) = run(source.as_mut(), drawing, sink, range, cancel, reporter)?;
    Ok(ExportOutcome {
        video: request.output.clone(),
        matte_folder: request.matte_folder.clone(),
        frames,
        frames_with_mesh,
        wall_s: started.elapsed().as_secs_f64(),
    })
}

fn sink_options(path: &Path, info: &ClipInfo) -> SinkOptions {
    SinkOptions {
        path: path.to_owned(),
        width: info.width,
        height: info.height,
        pixel_aspect: info.pixel_aspect,
        color: info.color,
        time_base: info.frames.time_base(),
        average_fps: info.average_fps(),
        audio_from: Some(info.path.clone()),
        crf: 18,
    }
}

/// First and last frame to write.
fn clamped_range(info: &ClipInfo, range: Option<(u64, u64)>) -> (u64, u64) {
    let end = info.frames.len().saturating_sub(1);
    range.map_or((0, end), |(first, last)| (first.min(end), last.clamp(first.min(end), end)))
}

/// The riders of the clip's finished analysis, which is made where there is none.
fn riders_of(
    request: &AnalyzeRequest,
    clip: &ClipInfo,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<ResolvedRiders, EngineError> {
    let outcome = analyze(request, shelf, cancel, reporter)?;
    load_resolved(&AnalysisStore::open_read_only(&outcome.store)?, clip.frames.len())
}

/// What the encoder is sent. Without [`Drawn::End`] it throws its file away.
enum Drawn {
    Frame { rgba: Vec<u8>, pts: i64 },
    End,
}

fn run(
    source: &mut dyn FrameSource,
    mut drawing: Drawing<'_>,
    sink: Option<Box<dyn FrameSink>>,
    range: (u64, u64),
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<(u64, u64), EngineError> {
    let (to_draw, draw_queue) = bounded::<VideoFrame>(QUEUE_FRAMES);
    let (to_encode, encode_queue) = bounded::<Drawn>(QUEUE_FRAMES);
    let (give_back, spare) = bounded::<Vec<u8>>(QUEUE_FRAMES * 2);
    std::thread::scope(|scope| {
        let decode =
            thread::spawn_scoped(scope, "export-decode", move || decode(source, range.1, cancel, &to_draw))?;
        let encode = sink
            .map(|sink| {
                thread::spawn_scoped(scope, "export-encode", move || encode(sink, &encode_queue, &give_back))
            })
            .transpose()?;
        let next = encode.is_some().then_some(&to_encode);
        let drawn = drawing.run(draw_queue, next, &spare, range, cancel, reporter);
        let decoded = decode.join().unwrap_or(Err(EngineError::StageLost { stage: "decoding" }));
        let whole = drawn.is_ok() && decoded.is_ok() && !cancel.is_cancelled();
        if whole {
            // Fails only where the encoder has failed, which its own result tells.
            let _ = to_encode.send(Drawn::End);
        }
        drop(to_encode);
        let encoded = encode.map_or(Ok(()), |encode| {
            encode.join().unwrap_or(Err(EngineError::StageLost { stage: "encoding" }))
        });
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        // The encoder's failure stops the others, so it is the one that tells why.
        encoded.and(decoded).and(drawn)
    })
}

fn decode(
    source: &mut dyn FrameSource,
    last: u64,
    cancel: &CancelToken,
    next: &Sender<VideoFrame>,
) -> Result<(), EngineError> {
    while !cancel.is_cancelled() {
        match source.next_frame() {
            Ok(Some(frame)) if frame.index <= last => {
                if next.send(frame).is_err() {
                    break;
                }
            }
            Ok(_) => break,
            // Left out here as in the analysis, which has warned of it.
            Err(VideoError::BadFrame { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn encode(
    mut sink: Box<dyn FrameSink>,
    queue: &Receiver<Drawn>,
    give_back: &Sender<Vec<u8>>,
) -> Result<(), EngineError> {
    for drawn in queue {
        match drawn {
            Drawn::Frame { rgba, pts } => {
                sink.write(&rgba, pts)?;
                // Full means that enough spare pictures wait already.
                let _ = give_back.try_send(rgba);
            }
            Drawn::End => return Ok(sink.finish()?),
        }
    }
    Ok(())
}

/// The drawing stage.
struct Drawing<'a> {
    renderer: OverlayRenderer,
    target: RenderTarget,
    readback: Readback,
    scene: OverlayScene,
    builder: SceneBuilder,
    request: &'a ExportRequest,
    riders: &'a ResolvedRiders,
    mattes: Option<MatteWriter>,
    size: (u32, u32),
}

impl<'a> Drawing<'a> {
    fn new(
        shelf: &ModelShelf,
        info: &ClipInfo,
        request: &'a ExportRequest,
        riders: &'a ResolvedRiders,
        mattes: Option<MatteWriter>,
    ) -> Result<Self, EngineError> {
        let gpu = Gpu::headless(AdapterPreference::Fastest)?;
        let builder = SceneBuilder::new(shelf.body_of(&riders.recoverer)?);
        let mut renderer = OverlayRenderer::new(&gpu)?;
        renderer.set_topology(builder.body().triangles())?;
        Ok(Self {
            renderer,
            target: RenderTarget::new(&gpu, info.width, info.height)?,
            readback: Readback::new(&gpu),
            scene: OverlayScene::default(),
            builder,
            request,
            riders,
            mattes,
            size: (info.width, info.height),
        })
    }

    /// Draws what comes; gives the frames drawn and those with a mesh in them.
    fn run(
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
        let none: &[RiderFrame] = &[];
        let main = self.riders.main();
        for frame in queue {
            if cancel.is_cancelled() {
                break;
            }
            let index = usize::try_from(frame.index).unwrap_or(usize::MAX);
            let riders = self.riders.frames.get(index).map_or(none, Vec::as_slice);
            let shown =
                |rider: &&RiderFrame| self.request.overlay.others || main.is_none_or(|id| id == rider.track);
            let riders = riders.iter().filter(shown);
            with_mesh += u64::from(riders.clone().any(|rider| rider.body.is_some()));
            let style = &self.request.overlay;
            // A matte shows the bodies whether or not the video does.
            let posed = OverlayStyle { mesh: style.mesh || self.mattes.is_some(), ..*style };
            self.builder.fill(&mut self.scene, Some(frame.image), riders, &posed);
            self.scene.style = *style;
            if let Some(mattes) = &mut self.mattes {
                mattes.write(frame.index, &mut self.renderer, &self.scene, self.size)?;
            }
            if let Some(next) = next {
                self.renderer.render(&self.scene, &self.target, &ViewTransform::default())?;
                self.readback.submit(&self.target)?;
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

    /// Reads the oldest frame back and passes it on; `false` where the encoder has ended.
    fn hand_on(
        &mut self,
        in_flight: &mut VecDeque<i64>,
        next: &Sender<Drawn>,
        spare: &Receiver<Vec<u8>>,
    ) -> Result<bool, EngineError> {
        let Some(pts) = in_flight.pop_front() else { return Ok(false) };
        let mut rgba = spare.try_recv().unwrap_or_default();
        self.readback.take(&mut rgba)?;
        Ok(next.send(Drawn::Frame { rgba, pts }).is_ok())
    }
}

/// Where an export of `clip` goes unless the user says otherwise.
pub fn default_output(clip: &Path) -> PathBuf {
    let stem = clip.file_stem().unwrap_or_default().to_string_lossy();
    clip.with_file_name(format!("{stem}-overlay.mp4"))
}
