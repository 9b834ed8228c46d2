//! A clip, riders and jobs as the engine would tell of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::compare::{Comparison, Measured};
use crate::engine::{
    EngineError, Event, JobId, JobKind, MemoryUse, ModelInfo, Progress, ResolvedRiders, Role,
};
use crate::settings::{ModelSettings, Settings};
use crate::types::detector_run::{DetectedFrame, DetectorRun, DetectorRunInfo};
use crate::types::{
    BBox, ClipInfo, Detection, FrameIndex, Provenance, Rational, RiderFrame, RunSummary, Track, TrackId,
    VideoFrame, YuvColor, YuvImage, YuvMatrix, YuvRange,
};
use crate::ui::command::Command;
use crate::ui::state::{OpenClip, State};

/// Frames of the clip.
pub const FRAMES: u64 = 300;

const COLOR: YuvColor = YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };

/// A clip of ten seconds at 30 frames a second.
pub fn clip(path: impl Into<PathBuf>) -> OpenClip {
    let pts = (0..FRAMES as i64).map(|i| i * 512).collect();
    let frames = Arc::new(FrameIndex::new(pts, Rational { num: 1, den: 15360 }));
    let info = ClipInfo {
        path: path.into(),
        width: 1280,
        height: 720,
        pixel_aspect: 1.0,
        rotation_deg: 0,
        duration_s: FRAMES as f64 / 30.0,
        color: COLOR,
        codec: "h264".into(),
        has_audio: true,
        frames,
    };
    OpenClip::new(Arc::new(info))
}

/// A rider in one frame.
pub fn rider(track: u32, provenance: Provenance) -> RiderFrame {
    let bbox = BBox::new(600.0, 200.0, 700.0, 420.0);
    RiderFrame { track: TrackId(track), provenance, score: 0.8, bbox, body: None }
}

/// Where the two riders' states come from in frame `frame`.
fn provenances(frame: u64) -> [Option<Provenance>; 2] {
    let main = match frame {
        0..6 | 294.. => None,
        84..96 | 201..204 => Some(Provenance::Interpolated),
        150..171 => Some(Provenance::Predicted),
        171..180 => Some(Provenance::Missing),
        _ => Some(Provenance::Detected),
    };
    let other = match frame {
        40..110 => Some(Provenance::Detected),
        110..124 => Some(Provenance::Predicted),
        _ => None,
    };
    [main, other]
}

/// Everyone in frame `frame`.
pub fn riders_at(frame: u64) -> Vec<RiderFrame> {
    let both = provenances(frame).into_iter().zip(1..);
    both.filter_map(|(provenance, track)| Some(rider(track, provenance?))).collect()
}

/// All riders of the clip, settled.
pub fn resolved() -> Arc<ResolvedRiders> {
    let track = |id, first_frame, last_frame, is_main| Track {
        id: TrackId(id),
        first_frame,
        last_frame,
        detected_frames: 0,
        is_main,
        name: None,
        hidden: false,
    };
    let tracks = vec![track(1, 6, 293, true), track(2, 40, 123, false)];
    Arc::new(ResolvedRiders {
        recoverer: "landmark-fit".into(),
        tracks,
        frames: (0..FRAMES).map(riders_at).collect(),
        ..Default::default()
    })
}

/// What the finished analysis took.
pub fn summary() -> RunSummary {
    RunSummary {
        detector: "nanodet".into(),
        recoverer: "landmark-fit".into(),
        detector_device: "cpu".into(),
        recoverer_device: "cpu".into(),
        wall_s: 19.2,
        fps: 15.6,
        peak_rss_bytes: 640 << 20,
        stages: Vec::new(),
    }
}

/// A known model.
fn model(id: &str, role: Role, megabytes: u64) -> ModelInfo {
    ModelInfo {
        id: id.into(),
        title: id.into(),
        role,
        file: Some(format!("{id}.onnx").into()),
        bytes: megabytes << 20,
        licence: "Apache-2.0".into(),
        source: "a package".into(),
        default_threshold: (role == Role::Detector).then_some(0.4),
        present: true,
        remedy: None,
    }
}

/// A snow slope with a rider, as a picture.
pub fn frame() -> VideoFrame {
    let mut image = YuvImage::black(1280, 720, COLOR);
    for (index, luma) in image.y.iter_mut().enumerate() {
        let (x, y) = ((index % 1280) as f32, (index / 1280) as f32);
        let slope = 250.0 + x * 0.22 + (x * 0.012).sin() * 14.0;
        let ridge = 210.0 + (x * 0.006).sin() * 60.0 + (x * 0.021).sin() * 18.0;
        let body = ((x - 640.0) / 26.0).powi(2) + ((y - 310.0) / 72.0).powi(2) < 1.0;
        let grain = ((index * 2_654_435_761) >> 7) % 9;
        let value = if body {
            60.0
        } else if y > slope {
            205.0 - (y - slope) * 0.06
        } else if y > ridge {
            120.0 + (y - ridge) * 0.2
        } else {
            150.0 + y * 0.12
        };
        *luma = (value + grain as f32) as u8;
    }
    for (index, blue) in image.u.iter_mut().enumerate() {
        let y = (index / 640) as f32;
        *blue = if y < 150.0 { 152 } else { 133 };
    }
    VideoFrame { index: 142, pts: 142 * 512, pts_s: 142.0 / 30.0, image: Arc::new(image) }
}

/// Puts an open clip in place, analysed as far as `known` frames.
pub fn open(state: &mut State, path: &Path, known: u64) {
    state.settings.analyze_on_open = false;
    state.show_clip(clip(path));
    state.take_event(Event::Started { job: JobId(7), kind: JobKind::Analyze(path.into()) });
    state.analysis_started(JobId(7), ModelSettings::default());
    for frame in 0..known.min(FRAMES) {
        state.take_event(Event::Riders { job: JobId(7), frame, riders: riders_at(frame) });
    }
    let progress = Progress {
        stage: "detecting and recovering".into(),
        done: known,
        total: FRAMES,
        fps: 15.3,
        eta_s: Some((FRAMES - known) as f64 / 15.3),
    };
    state.take_event(Event::Progress { job: JobId(7), progress });
    state.playback.playhead = 142;
    state.models = vec![
        model("nanodet", Role::Detector, 4),
        model("movenet-multipose", Role::Detector, 10),
        model("landmark-fit", Role::Recoverer, 16),
    ];
    state.memory =
        MemoryUse { resident: 512 << 20, peak_resident: 690 << 20, limit: 2 << 30, ..MemoryUse::default() };
}

/// Frames in which the second detector finds nobody.
pub const MISSED: std::ops::Range<u64> = 60..75;

/// Frames in which it has somebody elsewhere.
pub const ELSEWHERE: std::ops::Range<u64> = 160..170;

/// What two detectors found in the clip that is open, the first in every third frame surer than in others.
pub fn comparison(state: &State) -> (Arc<Comparison>, Measured) {
    let at = |left: f32, score: f32| Detection { bbox: BBox::new(left, 220.0, left + 90.0, 400.0), score };
    let first = |frame: u64| vec![at(595.0, if frame.is_multiple_of(3) { 0.91 } else { 0.72 })];
    let second = |frame: u64| match frame {
        _ if MISSED.contains(&frame) => Vec::new(),
        _ if ELSEWHERE.contains(&frame) => vec![at(640.0, 0.55)],
        _ => vec![at(598.0, 0.83)],
    };
    let run = |id: &str, found: &dyn Fn(u64) -> Vec<Detection>, latency_ms: f32| {
        let info = DetectorRunInfo {
            detector: id.into(),
            device: "cpu".into(),
            floor: 0.05,
            threshold: 0.4,
            load_s: 0.21,
            memory_bytes: 48 << 20,
            ..DetectorRunInfo::default()
        };
        let frame =
            |frame| DetectedFrame { latency_ms, detections: found(frame), ..DetectedFrame::default() };
        Arc::new(DetectorRun { info, frames: (0..FRAMES).map(frame).collect() })
    };
    let runs = vec![run("nanodet", &first, 21.4), run("movenet-multipose", &second, 16.2)];
    let clip = state.clip.as_ref().map(|clip| Arc::clone(&clip.info)).unwrap_or_else(|| clip("/none").info);
    let comparison = Arc::new(Comparison { clip, runs, precision: Vec::new() });
    let measured = comparison.measure(&comparison.thresholds());
    (comparison, measured)
}

/// Compares two detectors on the clip that is open.
pub fn compare(state: &mut State) {
    state.update(Command::ToggleCompare);
    let path = state.clip.as_ref().map(|clip| clip.info.path.clone()).unwrap_or_default();
    state.take_kept_runs(&path, Ok(comparison(state)));
}

/// As [`open`], with the analysis finished.
pub fn open_analyzed(state: &mut State, path: &Path) {
    open(state, path, FRAMES);
    state.take_event(Event::Resolved { job: JobId(7), riders: resolved() });
    let outcome = crate::engine::AnalysisOutcome {
        store: path.with_extension("snowmesh"),
        summary: summary(),
        reused: false,
        warnings: Vec::new(),
    };
    let result = Ok(crate::engine::JobResult::Analyzed(outcome));
    state.take_event(Event::Finished { job: JobId(7), result });
}

/// An export that runs, one that failed, and a warning.
pub fn busy(state: &mut State) {
    let export = |output: &str| JobKind::Export { clip: "/clips/a.mp4".into(), output: output.into() };
    state.take_event(Event::Started { job: JobId(8), kind: export("/clips/first try.mp4") });
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = EngineError::Io { doing: "writing", path: "/clips/first try.mp4".into(), cause: full };
    state.take_event(Event::Finished { job: JobId(8), result: Err(error) });
    state.take_event(Event::Started { job: JobId(9), kind: export("/clips/jump-overlay.mp4") });
    let progress =
        Progress { stage: "encoding".into(), done: 84, total: FRAMES, fps: 41.0, eta_s: Some(5.3) };
    state.take_event(Event::Progress { job: JobId(9), progress });
    state
        .take_event(Event::Warning { job: JobId(7), message: "frame 171 is damaged; it is left out".into() });
}

/// Settings with clips opened lately.
pub fn settings_with_recent() -> Settings {
    let recent = [
        "/home/coach/Videos/2026-02-11 Laax/Big jump, take 3 (slow).mov",
        "/home/coach/Videos/2026-02-11 Laax/halfpipe.mp4",
        "/media/card/DCIM/100GOPRO/GX010482 – a very long name that somebody has given to this clip of the whole run.MP4",
    ];
    Settings { recent: recent.map(PathBuf::from).to_vec(), ..Settings::default() }
}

/// What the engine says of a file that is not there.
pub fn not_there(path: &str) -> EngineError {
    let cause = std::io::Error::from(std::io::ErrorKind::NotFound);
    EngineError::Io { doing: "opening", path: path.into(), cause }
}
