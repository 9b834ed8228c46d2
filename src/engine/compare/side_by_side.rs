//! A video with the detectors' panes beside each other, on one clock.

use std::path::Path;
use std::time::Instant;

use super::Comparison;
use super::measure::found_alone;
use crate::engine::rate::RateMeter;
use crate::engine::{CancelToken, EngineError, Reporter};
use crate::render::{
    AdapterPreference, Gpu, LabelledBox, LinePattern, OverlayRenderer, OverlayScene, Readback, RenderTarget,
    ViewTransform,
};
use crate::types::overlay::track_color;
use crate::types::{ClipInfo, Detection, OverlayStyle, TrackId, VideoFrame};
use crate::video::{self, DecodeOptions, Encoding, SinkOptions, VideoError};

/// Panes beside each other; further ones come below.
const COLUMNS: usize = 2;

/// Width of a pane at most, pixels.
const MAX_PANE_WIDTH: u32 = 960;

/// Writes the clip once for each detector with its boxes at `thresholds`, in one video at `path`. Boxes that one detector
/// found alone are dashed.
///
/// # Errors
/// [`EngineError::Cancelled`]; when the clip cannot be read, nothing can be drawn, or the file not be written.
pub fn write_side_by_side(
    comparison: &Comparison,
    thresholds: &[f32],
    path: &Path,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<(), EngineError> {
    let clip = &comparison.clip;
    let pane = pane_size(clip);
    let rows = comparison.runs.len().div_ceil(COLUMNS).max(1);
    let columns = comparison.runs.len().clamp(1, COLUMNS);
    let (width, height) = (pane.0 * columns as u32, pane.1 * rows as u32);
    let gpu = Gpu::headless(AdapterPreference::Fastest)?;
    let mut renderer = OverlayRenderer::new(&gpu)?;
    let (target, mut readback) = (RenderTarget::new(&gpu, pane.0, pane.1)?, Readback::new(&gpu));
    let mut source = video::open(&clip.path, &DecodeOptions::default())?;
    let mut sink = video::create(&SinkOptions {
        path: path.to_owned(),
        width,
        height,
        pixel_aspect: clip.pixel_aspect,
        color: clip.color,
        time_base: clip.frames.time_base(),
        average_fps: clip.average_fps(),
        made_from: Some(clip.path.clone()),
        sound: true,
        span: None,
        encoding: Encoding::default(),
    })?;
    // The larger of both, so that rounding the size leaves no empty edge.
    let scale = (pane.0 as f32 / clip.width as f32).max(pane.1 as f32 / clip.height as f32);
    let view = ViewTransform { scale, ..ViewTransform::IDENTITY };
    let mut meter = RateMeter::new(Instant::now(), 0, clip.frames.len());
    let (mut scene, mut drawn) = (OverlayScene::default(), Vec::new());
    let mut whole = vec![0; width as usize * height as usize * 4];
    loop {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let frame = match source.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(VideoError::BadFrame { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let found = comparison.found(thresholds, frame.index);
        let alone = found_alone(&found);
        for (index, boxes) in found.iter().enumerate() {
            let alone = alone.get(index).map_or(&[][..], Vec::as_slice);
            fill(&mut scene, &frame, comparison, index, (boxes, alone));
            renderer.render(&scene, &target, &view)?;
            readback.submit(&target)?;
            readback.take(&mut drawn)?;
            let corner = ((index % COLUMNS) * pane.0 as usize, (index / COLUMNS) * pane.1 as usize);
            lay(&drawn, pane.0 as usize, &mut whole, width as usize, corner);
        }
        sink.write(&whole, frame.pts)?;
        if let Some(progress) = meter.update(Instant::now(), frame.index + 1, "drawing side by side") {
            reporter.progress(progress);
        }
    }
    Ok(sink.finish()?)
}

/// Width and height of a pane: even, and the clip's shape.
fn pane_size(clip: &ClipInfo) -> (u32, u32) {
    let width = clip.width.clamp(2, MAX_PANE_WIDTH) & !1;
    let height = u64::from(clip.height) * u64::from(width) / u64::from(clip.width.max(1));
    (width, (u32::try_from(height).unwrap_or(width).clamp(2, 8192)) & !1)
}

/// Makes `scene` the pane of the detector at `index`.
fn fill(
    scene: &mut OverlayScene,
    frame: &VideoFrame,
    comparison: &Comparison,
    index: usize,
    (boxes, alone): (&[Detection], &[bool]),
) {
    scene.clear();
    scene.picture = Some(frame.image.clone());
    scene.style = OverlayStyle { mesh: false, boxes: true, labels: true, ..OverlayStyle::default() };
    let color = track_color(TrackId(u32::try_from(index + 1).unwrap_or(1)));
    let name = comparison.runs.get(index).map_or("", |run| run.info.detector.as_str());
    for (place, Detection { bbox, score }) in boxes.iter().enumerate() {
        let pattern = if alone.get(place) == Some(&true) { LinePattern::Dashed } else { LinePattern::Solid };
        scene.boxes.push(LabelledBox { bbox: *bbox, color, label: format!("{name} {score:.2}"), pattern });
    }
}

/// Copies a pane of `pane_width` pixels a row into `whole`, whose rows have `width`, with its top-left corner at `corner`.
fn lay(pane: &[u8], pane_width: usize, whole: &mut [u8], width: usize, (x, y): (usize, usize)) {
    let rows = whole.chunks_exact_mut(width * 4).skip(y);
    for (to, from) in rows.zip(pane.chunks_exact(pane_width * 4)) {
        if let Some(to) = to.get_mut(x * 4..x * 4 + from.len()) {
            to.copy_from_slice(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_lie_in_their_own_corner() {
        let mut whole = vec![0; 4 * 4 * 2];
        lay(&[7; 8], 2, &mut whole, 4, (2, 1));
        assert_eq!(whole, [[0; 24].as_slice(), [7; 8].as_slice()].concat());
    }
}
