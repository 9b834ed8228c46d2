//! Writing the annotated clip: decode, draw and encode beside each other, from riders that no longer change.

mod compose;
mod drawing;
mod encode;
mod options;
mod png_sink;
mod space;
mod views;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::analysis::analyze;
use super::job::Reporter;
use super::matte::MatteWriter;
use super::memory::frames_within;
use super::models::ModelShelf;
use super::raw_bodies::read_riders;
use super::{
    AnalyzeRequest, CancelToken, EngineError, ExportOutcome, ExportRequest, Progress, ResolvedRiders, thread,
};
use crate::store::StoreError;
use crate::types::{ClipInfo, VideoFrame, YuvImage};
use crate::video::{
    self, Advance, Codec, DecodeOptions, Encoding, FrameSink, FrameSource, SinkOptions, VideoError,
};

pub use options::{Layout, SCALE_RANGE, SPEED_RANGE, VideoOptions};
pub use space::{export_bytes, free_bytes};

use drawing::Drawing;
use encode::Encode;
use png_sink::PngSink;

/// Frames that may wait between two stages.
const QUEUE_FRAMES: usize = 3;

/// Bytes of frames in one queue, whatever their number.
const QUEUE_BYTES: u64 = 96 << 20;

/// How often an export looks whether an analysis that runs elsewhere has ended.
const WAIT_FOR_ANALYSIS: Duration = Duration::from_millis(300);

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
    let sink = request.output.as_deref().map(|path| make_sink(path, request, &info)).transpose()?;
    space::check_space(&info, request)?;
    if let Some(sink) = &sink {
        sink.notes().iter().for_each(|note| reporter.warning(note.clone()));
    }
    if request.output.is_some() && info.has_audio && request.video.is_stretched() {
        reporter.warning("sound cannot be stretched with the pictures and is left out".into());
    }
    let mattes = request.matte_folder.as_deref().map(MatteWriter::create).transpose()?;
    let riders = riders_of(&request.analysis, request.overlay.raw, &info, shelf, cancel, reporter)?;

    reporter.progress(Progress { stage: "preparing to draw".into(), ..Progress::default() });
    let drawing = Drawing::new(shelf, &info, request, &riders, mattes)?;
    let range = clamped_range(&info, request.range);
    if range.0 > 0 {
        source.seek(range.0)?;
    }
    if !riders.anyone_in(range, request.overlay.others) {
        reporter.warning("nobody is drawn: no rider is known, or all are hidden".into());
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

/// A video, or a folder of pictures for an overlay alone whose path has no extension.
fn make_sink(
    path: &Path,
    request: &ExportRequest,
    info: &ClipInfo,
) -> Result<Box<dyn FrameSink>, EngineError> {
    let options = &request.video;
    let size = options.size(info);
    if options.layout == Layout::OverlayOnly && path.extension().is_none() {
        return Ok(Box::new(PngSink::create(path, size, info)?));
    }
    let encoding = match options.layout {
        Layout::OverlayOnly => Encoding { codec: Some(Codec::ProRes4444), ..options.encoding },
        _ => options.encoding,
    };
    let stretched = options.is_stretched();
    let sink = video::create(&SinkOptions {
        path: path.to_owned(),
        width: size.0,
        height: size.1,
        pixel_aspect: info.pixel_aspect,
        color: info.color,
        time_base: options.time_base(info.frames.time_base()),
        average_fps: info.average_fps() * f64::from(options.speed_percent) / 100.0,
        made_from: Some(info.path.clone()),
        sound: !stretched,
        span: request.range.map(|range| span(info, clamped_range(info, Some(range)))),
        encoding,
    })?;
    Ok(sink)
}

/// The codec that a file of this name has unless one is asked for.
fn default_codec(path: &Path) -> Codec {
    let webm = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("webm"));
    if webm { Codec::Vp9 } else { Codec::H264 }
}

/// First and last frame to write.
fn clamped_range(info: &ClipInfo, range: Option<(u64, u64)>) -> (u64, u64) {
    let end = info.frames.len().saturating_sub(1);
    range.map_or((0, end), |(first, last)| (first.min(end), last.clamp(first.min(end), end)))
}

/// Timestamps of the first frame and of the end of the last.
fn span(info: &ClipInfo, (first, last): (u64, u64)) -> std::ops::Range<i64> {
    let frames = &info.frames;
    let start = frames.pts(first).unwrap_or(0);
    let end = frames.pts(last + 1).unwrap_or_else(|| {
        let ticks = (info.duration_s / frames.time_base().as_f64()).round() as i64;
        frames.pts(0).unwrap_or(0).saturating_add(ticks)
    });
    start..end.max(start.saturating_add(1))
}

/// The riders of the clip's finished analysis, which is made where there is none; `raw` for bodies that are not fitted
/// over time.
pub(super) fn riders_of(
    request: &AnalyzeRequest,
    raw: bool,
    clip: &ClipInfo,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<ResolvedRiders, EngineError> {
    let outcome = loop {
        match analyze(request, shelf, cancel, reporter) {
            // Another job is at it: what it finds is what is wanted here.
            Err(EngineError::Store(StoreError::InUse { .. })) if !cancel.is_cancelled() => {
                let stage = "waiting for the analysis".into();
                reporter.progress(Progress { stage, ..Progress::default() });
                std::thread::sleep(WAIT_FOR_ANALYSIS);
            }
            outcome => break outcome?,
        }
    };
    read_riders(&outcome.store, clip.frames.len(), raw)
}

/// What the encoder is sent. Without [`Drawn::End`] it throws its file away.
enum Drawn {
    Frame {
        rgba: Vec<u8>,
        pts: i64,
    },
    /// A decoded picture, drawn over where anything was.
    Picture {
        image: Arc<YuvImage>,
        pts: i64,
    },
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
    let size = (source.info().width, source.info().height);
    let fit = |bytes_per_px| frames_within(QUEUE_BYTES, size, bytes_per_px, QUEUE_FRAMES);
    let (to_draw, draw_queue) = bounded::<VideoFrame>(fit(1.5));
    let (to_encode, encode_queue) = bounded::<Drawn>(fit(4.0));
    let (give_back, spare) = bounded::<Vec<u8>>(fit(4.0) * 2);
    let encode = sink.map(|sink| Encode::start(sink, encode_queue, give_back, cancel)).transpose()?;
    let (decoded, drawn) = std::thread::scope(|scope| {
        let decode =
            thread::spawn_scoped(scope, "export-decode", move || decode(source, range.1, cancel, &to_draw))?;
        let next = encode.is_some().then_some(&to_encode);
        let drawn = drawing.run(draw_queue, next, &spare, range, cancel, reporter);
        let decoded = decode.join().unwrap_or(Err(EngineError::StageLost { stage: "decoding" }));
        Ok::<_, EngineError>((decoded, drawn))
    })?;
    let whole = drawn.is_ok() && decoded.is_ok() && !cancel.is_cancelled();
    // Not taken only where the encoder has failed, which its own result tells.
    let whole = whole && encode.as_ref().is_none_or(|_| encode::hand_over(&to_encode, Drawn::End, cancel));
    drop(to_encode);
    let encoded = encode.map_or(Ok(()), |encode| encode.end(cancel));
    // A film that is in its place already is no longer cancelled.
    if cancel.is_cancelled() && !(whole && encoded.is_ok()) {
        return Err(EngineError::Cancelled);
    }
    // The encoder's failure stops the others, so it is the one that tells why.
    encoded.and(decoded).and(drawn)
}

fn decode(
    source: &mut dyn FrameSource,
    last: u64,
    cancel: &CancelToken,
    next: &Sender<VideoFrame>,
) -> Result<(), EngineError> {
    while !cancel.is_cancelled() {
        match source.advance() {
            Ok(Advance::Frame(frame)) if frame.index <= last => {
                if next.send(frame).is_err() {
                    break;
                }
            }
            Ok(Advance::Passed(_)) => {}
            Ok(Advance::Frame(_) | Advance::End) => break,
            // Left out here as in the analysis, which has warned of it.
            Err(VideoError::BadFrame { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Where an export of `clip` goes unless the user says otherwise.
pub fn default_output(clip: &Path) -> PathBuf {
    let stem = clip.file_stem().unwrap_or_default().to_string_lossy();
    clip.with_file_name(format!("{stem}-overlay.mp4"))
}
