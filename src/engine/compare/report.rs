//! The report of a comparison: JSON for programs, one HTML file that stands alone for people.

mod plots;

use std::fmt::Write;
use std::sync::Arc;

use image::ImageEncoder;
use serde::Serialize;

use super::measure::{DetectorFigures, Measured, found_alone};
use super::{Comparison, Latency};
use crate::engine::EngineError;
use crate::types::detector_run::DetectorRun;
use crate::types::overlay::track_color;
use crate::types::{Detection, RgbImage, TrackId};
use crate::video::{self, DecodeOptions, FrameSource};

/// Frames that are shown: those on which the detectors agree least.
const SAMPLES: usize = 4;

/// Width of a shown frame, pixels.
const SAMPLE_WIDTH: u32 = 640;

/// Frames between two shown ones, at least.
const SAMPLE_DISTANCE: usize = 15;

#[derive(Serialize)]
struct Json<'a> {
    clip: String,
    frames: usize,
    agreement: f64,
    detectors: &'a [DetectorFigures],
}

/// The comparison as JSON.
pub fn json_report(comparison: &Comparison, measured: &Measured) -> serde_json::Value {
    let agreement = measured.agreement.iter().sum::<f64>() / measured.agreement.len().max(1) as f64;
    let json = Json {
        clip: comparison.clip.path.display().to_string(),
        frames: measured.agreement.len(),
        agreement,
        detectors: &measured.detectors,
    };
    serde_json::to_value(json).unwrap_or_default()
}

/// The comparison as a page: table, plots and the frames on which the detectors differ most.
///
/// # Errors
/// When the clip cannot be read again for the frames.
pub fn html_report(comparison: &Comparison, measured: &Measured) -> Result<String, EngineError> {
    let name = comparison.clip.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut page = String::new();
    let (title, style) = (escaped(&name), STYLE);
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Detectors on {title}</title>\
         <style>{style}</style><h1>Detectors on {title}</h1>\
         <p>{} frames, {} × {} pixels. Two detectors agree on somebody where their boxes overlap by half. The consensus \
         is the riders that more than half of the detectors' tracks place alike; there are no labels behind it.</p>",
        measured.agreement.len(),
        comparison.clip.width,
        comparison.clip.height,
    );
    page.push_str(&table(&measured.detectors));
    let runs: Vec<&DetectorRun> = comparison.runs.iter().map(Arc::as_ref).collect();
    page.push_str("<h2>Agreement over the clip</h2>");
    page.push_str(&plots::agreement(&measured.agreement));
    page.push_str("<h2>Best score of each frame</h2>");
    page.push_str(&plots::best_scores(&runs));
    page.push_str("<h2>Time for each frame</h2>");
    page.push_str(&plots::latencies(&runs));
    page.push_str("<h2>Where they differ most</h2>");
    let frames = most_different(&measured.agreement);
    if frames.is_empty() {
        page.push_str("<p>They agree on every frame.</p>");
    } else {
        let mut source = video::open(&comparison.clip.path, &DecodeOptions::default())?;
        for frame in frames {
            let sample = sample(source.as_mut(), frame)?;
            page.push_str(&figure(comparison, measured, frame, &sample));
        }
    }
    page.push_str("</html>\n");
    Ok(page)
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#1d232a;\
    background:#fff}table{border-collapse:collapse}td,th{padding:.3em .8em;text-align:right;border-bottom:1px solid #ccd}\
    th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}figure{display:inline-block;margin:1em 1em \
    1em 0;vertical-align:top}figcaption{color:#556}.key{display:inline-block;width:.8em;height:.8em;margin-right:.4em}\
    @media(prefers-color-scheme:dark){body{color:#dde3ea;background:#14181d}td,th{border-color:#345}figcaption{color:#9ab}}";

/// The colour of the detector at `index`, as in a style sheet.
fn color(index: usize) -> String {
    let id = TrackId(u32::try_from(index + 1).unwrap_or(1));
    let [r, g, b] = track_color(id).map(|channel| (channel * 255.0).round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn table(detectors: &[DetectorFigures]) -> String {
    let mut rows = String::from("<table><tr><th>");
    let row = |rows: &mut String, title: &str, value: &dyn Fn(&DetectorFigures) -> String| {
        let _ = write!(rows, "<tr><td>{title}");
        for detector in detectors {
            let _ = write!(rows, "<td>{}", value(detector));
        }
    };
    for (index, detector) in detectors.iter().enumerate() {
        let _ = write!(
            rows,
            "<th><span class=\"key\" style=\"background:{}\"></span>{}",
            color(index),
            escaped(&detector.id)
        );
    }
    let latency = |pick: fn(Latency) -> f32| {
        move |d: &DetectorFigures| d.latency_ms.map_or("–".to_owned(), |l| format!("{:.1} ms", pick(l)))
    };
    let optional_of =
        |value: Option<f64>, digits| value.map_or("–".to_owned(), |value| format!("{value:.digits$}"));
    row(&mut rows, "Score from which it counts", &|d| format!("{:.2}", d.threshold));
    if detectors.iter().any(|detector| detector.ap.is_some()) {
        row(&mut rows, "Average precision of persons", &|d| optional_of(d.ap, 3));
        row(&mut rows, "at an overlap of one half", &|d| optional_of(d.ap50, 3));
    }
    row(&mut rows, "Agreement with the others", &|d| format!("{:.1} %", 100.0 * d.agreement));
    row(&mut rows, "People found", &|d| d.found.to_string());
    row(&mut rows, "of them by it alone", &|d| d.found_alone.to_string());
    row(&mut rows, "Frames without anybody", &|d| d.empty_frames.to_string());
    row(&mut rows, "Missed of the consensus", &|d| format!("{} of {}", d.consensus_misses, d.consensus));
    row(&mut rows, "Score, mean", &|d| optional_of(d.score_mean, 2));
    row(&mut rows, "Score, spread", &|d| optional_of(d.score_spread, 2));
    row(&mut rows, "Time a frame, median", &latency(|l| l.median));
    row(&mut rows, "Time a frame, 95 of 100", &latency(|l| l.p95));
    row(&mut rows, "Loading", &|d| format!("{:.2} s", d.load_s));
    row(&mut rows, "Memory", &|d| format!("{} MiB", d.memory_bytes >> 20));
    row(&mut rows, "Track breaks", &|d| d.track_breaks.to_string());
    row(&mut rows, "Identity switches", &|d| d.id_switches.to_string());
    row(&mut rows, "Predicted or filled in", &|d| format!("{:.1} %", 100.0 * d.predicted_share));
    row(&mut rows, "Ran on", &|d| escaped(&d.device));
    rows.push_str("</table>");
    rows
}

/// The frames with the least agreement, none near another, in the clip's order; none on which all agree.
fn most_different(agreement: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..agreement.len()).filter(|&frame| agreement[frame] < 1.0).collect();
    order.sort_by(|&a, &b| agreement[a].total_cmp(&agreement[b]).then(a.cmp(&b)));
    let mut chosen: Vec<usize> = Vec::new();
    for frame in order {
        if chosen.iter().all(|other| other.abs_diff(frame) >= SAMPLE_DISTANCE) {
            chosen.push(frame);
        }
        if chosen.len() == SAMPLES {
            break;
        }
    }
    chosen.sort_unstable();
    chosen
}

/// A frame, small, as JPEG in a data URI.
fn sample(source: &mut dyn FrameSource, frame: usize) -> Result<String, EngineError> {
    source.seek(frame as u64)?;
    let Some(decoded) = source.next_frame()? else { return Ok(String::new()) };
    let mut rgb = RgbImage::default();
    video::yuv_to_rgb(&decoded.image, &mut rgb);
    let (width, height) = (rgb.width, rgb.height);
    let Some(picture) = image::RgbImage::from_raw(width, height, rgb.data) else { return Ok(String::new()) };
    let to_width = SAMPLE_WIDTH.min(width).max(1);
    let to_height = (u64::from(height) * u64::from(to_width) / u64::from(width.max(1))).max(1) as u32;
    let small = image::imageops::thumbnail(&picture, to_width, to_height);
    let mut jpeg = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 80);
    let written = encoder.write_image(&small, to_width, to_height, image::ExtendedColorType::Rgb8);
    // A frame that cannot be shown leaves its boxes.
    Ok(if written.is_ok() { format!("data:image/jpeg;base64,{}", base64(&jpeg)) } else { String::new() })
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let padded = [chunk[0], chunk.get(1).copied().unwrap_or(0), chunk.get(2).copied().unwrap_or(0)];
        let bits = (u32::from(padded[0]) << 16) | (u32::from(padded[1]) << 8) | u32::from(padded[2]);
        for place in 0..4 {
            let digit = ALPHABET[((bits >> (18 - 6 * place)) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// A frame with everybody's boxes; those that one detector found alone are filled.
fn figure(comparison: &Comparison, measured: &Measured, frame: usize, picture: &str) -> String {
    let (width, height) = (comparison.clip.width, comparison.clip.height);
    let shown_height = u64::from(height) * u64::from(SAMPLE_WIDTH) / u64::from(width.max(1));
    let thresholds: Vec<f32> = measured.detectors.iter().map(|figures| figures.threshold).collect();
    let found = comparison.found(&thresholds, frame as u64);
    let mut svg = format!(
        "<figure><svg viewBox=\"0 0 {width} {height}\" width=\"{SAMPLE_WIDTH}\" height=\"{shown_height}\">\
         <image href=\"{picture}\" width=\"{width}\" height=\"{height}\"/>"
    );
    let text_px = width as f32 / 42.0;
    for (index, (boxes, alone)) in found.iter().zip(found_alone(&found)).enumerate() {
        for (Detection { bbox, score }, alone) in boxes.iter().zip(alone) {
            let (size, color) = (bbox.size(), color(index));
            let fill = if alone { color.as_str() } else { "none" };
            let _ = write!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\" fill-opacity=\".25\" \
                 stroke=\"{color}\" stroke-width=\"{:.1}\"><title>{} {score:.2}</title></rect>\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{:.1}\" fill=\"{color}\" stroke=\"#fff\" \
                 stroke-width=\".15em\" paint-order=\"stroke\">{score:.2}</text>",
                bbox.min.x,
                bbox.min.y,
                size.x,
                size.y,
                width as f32 / 320.0,
                escaped(&comparison.runs[index].info.detector),
                bbox.min.x,
                // Of boxes on the same person each score has a line of its own.
                bbox.min.y + text_px * (1.0 + 1.1 * index as f32),
                text_px,
            );
        }
    }
    let time = comparison.clip.frames.seconds(frame as u64);
    let agreement = 100.0 * measured.agreement.get(frame).copied().unwrap_or(1.0);
    let _ = write!(
        svg,
        "</svg><figcaption>Frame {frame}, {time:.2} s: agreement {agreement:.0} %. Filled: found by that detector \
         alone.</figcaption></figure>"
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn frames_are_chosen_apart_and_only_where_detectors_differ() {
        let mut agreement = vec![1.0; 100];
        assert_eq!(most_different(&agreement), [0usize; 0]);
        agreement[50] = 0.0;
        agreement[51] = 0.1;
        agreement[90] = 0.5;
        assert_eq!(most_different(&agreement), [50, 90]);
    }

    #[test]
    fn names_cannot_break_out_of_the_page() {
        assert_eq!(escaped("<a\"&b>"), "&lt;a&quot;&amp;b&gt;");
    }
}
