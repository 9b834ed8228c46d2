//! Single pictures of a clip, as PNG files: a frame with its overlay, a contact sheet of many, and the rider at several
//! moments in one.

mod canvas;
mod chrono;
mod sheet;
mod warp;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::ExtendedColorType;

use super::export::riders_of;
use super::job::Reporter;
use super::models::ModelShelf;
use super::png::write_png;
use super::{AnalyzeRequest, CancelToken, EngineError, Progress, ResolvedRiders};
use crate::types::{ClipInfo, OverlayStyle, VideoFrame};
use crate::video::{self, DecodeOptions, FrameSource, VideoError};

use canvas::Canvas;

/// Most frames on one contact sheet.
pub const SHEET_LIMIT: usize = 100;

/// Which frames a picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChosenFrames {
    /// Frames at equal distances in time.
    Spread {
        /// How many.
        count: usize,
        /// First and last frame; `None` for the whole clip.
        range: Option<(u64, u64)>,
    },
    /// These.
    Listed(Vec<u64>),
}

/// What the picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// One frame at the clip's own size.
    Still {
        /// Its index.
        frame: u64,
    },
    /// Frames, small, beside and below each other; [`SHEET_LIMIT`] at most.
    ContactSheet(ChosenFrames),
    /// One background with the rider at several moments along his way.
    Chrono(ChosenFrames),
}

/// Whom the picture shows.
#[derive(Clone, Debug)]
pub enum PictureRiders {
    /// Those of the clip's analysis, which is made first where it is not finished.
    Analysed(Box<AnalyzeRequest>),
    /// These, whatever is in the analysis file.
    Given(Arc<ResolvedRiders>),
}

/// What a picture is asked for.
#[derive(Clone, Debug)]
pub struct PictureRequest {
    /// The clip.
    pub clip: PathBuf,
    /// The PNG file.
    pub output: PathBuf,
    /// What it shows.
    pub kind: PictureKind,
    /// Whom it shows.
    pub riders: PictureRiders,
    /// What is drawn of them.
    pub overlay: OverlayStyle,
}

/// How a picture came out.
#[derive(Clone, Debug)]
pub struct PictureOutcome {
    /// The file.
    pub output: PathBuf,
    /// Pixels across and down.
    pub size: (u32, u32),
}

/// Packed 8-bit R'G'B'A, rows without padding.
struct Pixels {
    rgba: Vec<u8>,
    size: (u32, u32),
}

/// Draws and writes a picture.
///
/// # Errors
/// [`EngineError::Cancelled`] when `cancel` was set; the old file or the new one is there, whole.
pub fn save_picture(
    request: &PictureRequest,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<PictureOutcome, EngineError> {
    refuse(&request.clip, &request.output)?;
    let mut source = video::open(&request.clip, &DecodeOptions::default())?;
    let info = source.info().clone();
    let riders = match &request.riders {
        PictureRiders::Given(riders) => Arc::clone(riders),
        PictureRiders::Analysed(analysis) => {
            Arc::new(riders_of(analysis, request.overlay.raw, &info, shelf, cancel, reporter)?)
        }
    };
    let tell = |done: usize, total: usize| {
        let (stage, done, total) = ("drawing the picture".into(), done as u64, total as u64);
        reporter.progress(Progress { stage, done, total, ..Progress::default() });
    };
    tell(0, 1);
    let drawn = match &request.kind {
        &PictureKind::Still { frame } => {
            let mut canvas = Canvas::new(shelf, &info, &riders, request.overlay, 1.0)?;
            canvas.draw(&frame_at(source.as_mut(), frame)?)?
        }
        PictureKind::ContactSheet(chosen) => {
            let frames = frames_of(&info, chosen);
            let scale = sheet::tile_scale(&info);
            let mut canvas = Canvas::new(shelf, &info, &riders, sheet::style(request.overlay), scale)?;
            let mut tiles = Vec::with_capacity(frames.len());
            for &frame in &frames {
                if cancel.is_cancelled() {
                    return Err(EngineError::Cancelled);
                }
                tiles.push(canvas.draw(&frame_at(source.as_mut(), frame)?)?);
                tell(tiles.len(), frames.len());
            }
            sheet::lay_out(&tiles)
        }
        PictureKind::Chrono(chosen) => {
            let moments = chrono_moments(&info, &riders, request.overlay.others, chosen);
            let (Some(&first), Some(&last)) = (moments.first(), moments.last()) else {
                return Err(EngineError::NobodyThere { clip: request.clip.clone() });
            };
            if riders.cuts.iter().any(|cut| (first + 1..=last).contains(cut)) {
                reporter.warning("there is a cut between the moments: they do not lie in one picture".into());
            }
            let total = (last - first + 1) as usize;
            let done = |frames: u64| tell(frames as usize, total);
            let way = chrono::Way::follow(source.as_mut(), (first, last), &riders, cancel, &done)?;
            if way.unknown > 0 {
                let frames = way.unknown;
                reporter.warning(format!(
                    "the camera's motion cannot be told in {frames} frames; moments may be off"
                ));
            }
            let mut canvas = Canvas::new(shelf, &info, &riders, chrono::style(request.overlay), 1.0)?;
            chrono::draw(source.as_mut(), &mut canvas, &way, &moments, cancel)?
        }
    };
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    write_png(&request.output, &drawn.rgba, drawn.size, ExtendedColorType::Rgba8)?;
    Ok(PictureOutcome { output: request.output.clone(), size: drawn.size })
}

/// Where a picture of `clip` goes unless the user says otherwise.
pub fn default_picture(clip: &Path, frame: u64) -> PathBuf {
    let stem = clip.file_stem().unwrap_or_default().to_string_lossy();
    clip.with_file_name(format!("{stem}-{frame:06}.png"))
}

/// Refuses what would write over the clip or is no PNG.
fn refuse(clip: &Path, output: &Path) -> Result<(), EngineError> {
    let same = clip.canonicalize().is_ok_and(|clip| output.canonicalize().is_ok_and(|output| clip == output));
    if same {
        return Err(VideoError::OverwritesSource { path: output.to_owned() }.into());
    }
    if !output.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return Err(EngineError::NotPng { path: output.to_owned() });
    }
    Ok(())
}

/// The frame with this index, or the next that can be decoded.
fn frame_at(source: &mut dyn FrameSource, frame: u64) -> Result<VideoFrame, EngineError> {
    source.seek(frame)?;
    loop {
        match source.next_frame() {
            Ok(Some(frame)) => return Ok(frame),
            Ok(None) => return Err(VideoError::NoFrames { path: source.info().path.clone() }.into()),
            Err(VideoError::BadFrame { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The frames of a contact sheet.
fn frames_of(info: &ClipInfo, chosen: &ChosenFrames) -> Vec<u64> {
    match chosen {
        ChosenFrames::Spread { count, range } => spread(info, *range, *count),
        ChosenFrames::Listed(frames) => {
            let end = info.frames.len().saturating_sub(1);
            frames.iter().take(SHEET_LIMIT).map(|frame| (*frame).min(end)).collect()
        }
    }
}

/// The moments of a chrono picture, rising, each once; only those at which somebody is to be seen.
fn chrono_moments(info: &ClipInfo, riders: &ResolvedRiders, others: bool, chosen: &ChosenFrames) -> Vec<u64> {
    let end = info.frames.len().saturating_sub(1);
    match chosen {
        ChosenFrames::Spread { count, range } => {
            let (first, last) = range.unwrap_or_else(|| chrono::longest_shot(riders, others, end));
            chrono::moments(info, riders, others, (first.min(end), last.min(end)), *count)
        }
        ChosenFrames::Listed(frames) => {
            let mut frames: Vec<u64> = frames.iter().map(|frame| (*frame).min(end)).collect();
            frames.sort_unstable();
            frames.dedup();
            frames.retain(|frame| chrono::is_seen(riders, others, *frame));
            frames
        }
    }
}

/// `count` frames at equal distances in time from the first to the last of `range`, each once.
fn spread(info: &ClipInfo, range: Option<(u64, u64)>, count: usize) -> Vec<u64> {
    let end = info.frames.len().saturating_sub(1);
    let (first, last) = range.unwrap_or((0, end));
    let (first, last) = (first.min(end), last.clamp(first.min(end), end));
    let (from_s, to_s) = (info.frames.seconds(first), info.frames.seconds(last));
    let steps = count.clamp(1, SHEET_LIMIT) - 1;
    let at = |step: usize| from_s + (to_s - from_s) * step as f64 / steps.max(1) as f64;
    let mut frames: Vec<u64> = (0..=steps).map(|step| info.frames.at_seconds(at(step))).collect();
    frames.dedup();
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{FrameIndex, Rational, YuvColor, YuvMatrix, YuvRange};

    #[test]
    fn frames_are_spread_in_time_and_none_comes_twice() {
        // The first second at 10 frames, the next at 2.
        let pts = (0..10).map(|frame| frame * 100).chain([1000, 1500, 2000]).collect();
        let info = ClipInfo {
            path: "a.mp4".into(),
            width: 200,
            height: 100,
            pixel_aspect: 1.0,
            rotation_deg: 0,
            duration_s: 2.5,
            color: YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited },
            codec: "h264".into(),
            has_audio: false,
            frames: Arc::new(FrameIndex::new(pts, Rational { num: 1, den: 1000 })),
        };
        assert_eq!(spread(&info, None, 5), [0, 5, 10, 11, 12]);
        assert_eq!(spread(&info, None, 1), [0]);
        assert_eq!(spread(&info, Some((3, 5)), 50), [3, 4, 5]);
        assert_eq!(spread(&info, Some((90, 99)), 3), [12]);
    }
}
