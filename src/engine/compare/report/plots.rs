//! The report's plots: SVG lines over the clip.

use std::fmt::Write;

use super::{color, escaped};
use crate::types::detector_run::DetectorRun;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 160.0;

/// Room for the scale on the left.
const LEFT: f64 = 52.0;

/// Points that a line has at most: more than one a pixel cannot be seen.
const MAX_POINTS: usize = 900;

/// A line of a plot.
struct Line {
    name: String,
    color: String,
    /// By frame; what is no number is a gap.
    values: Vec<f64>,
}

/// Agreement of each frame.
pub fn agreement(values: &[f64]) -> String {
    let line = Line { name: "agreement".to_owned(), color: "#7a8794".to_owned(), values: values.to_vec() };
    plot(&[line], 1.0, "")
}

/// The best score of each frame, by detector.
pub fn best_scores(runs: &[&DetectorRun]) -> String {
    let best = |run: &DetectorRun| -> Vec<f64> {
        let score = |frame: &crate::types::detector_run::DetectedFrame| {
            frame.detections.first().map_or(0.0, |detection| f64::from(detection.score))
        };
        run.frames.iter().map(score).collect()
    };
    plot(&lines(runs, best), 1.0, "")
}

/// The time for each frame, by detector.
pub fn latencies(runs: &[&DetectorRun]) -> String {
    let lines = lines(runs, |run| run.frames.iter().map(|frame| f64::from(frame.latency_ms)).collect());
    // A single slow frame must not press all others to the ground.
    let mut all: Vec<f64> = lines.iter().flat_map(|l| &l.values).copied().filter(|v| v.is_finite()).collect();
    all.sort_unstable_by(f64::total_cmp);
    let top = all.get(all.len() * 99 / 100).copied().unwrap_or(1.0) * 1.2;
    plot(&lines, top.max(1e-3), " ms")
}

fn lines(runs: &[&DetectorRun], values: impl Fn(&DetectorRun) -> Vec<f64>) -> Vec<Line> {
    let line = |(index, run): (usize, &&DetectorRun)| Line {
        name: run.info.detector.clone(),
        color: color(index),
        values: values(run),
    };
    runs.iter().enumerate().map(line).collect()
}

/// Lines from 0 to `top` over the frames.
fn plot(lines: &[Line], top: f64, unit: &str) -> String {
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\" font-size=\"12\" fill=\"none\" stroke-width=\"1.5\">",
        WIDTH + LEFT,
        HEIGHT + 20.0,
        WIDTH + LEFT
    );
    let digits = if top >= 10.0 { 0 } else { 2 };
    for part in [0.0, 0.5, 1.0] {
        let y = 10.0 + HEIGHT * (1.0 - part);
        let _ = write!(
            svg,
            "<path d=\"M{LEFT} {y:.1}h{WIDTH}\" stroke=\"#8894a0\" stroke-opacity=\".4\"/><text x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\" fill=\"#7a8794\">{:.digits$}{unit}</text>",
            LEFT - 6.0,
            y + 4.0,
            part * top
        );
    }
    for line in lines {
        let step = line.values.len().div_ceil(MAX_POINTS).max(1);
        let mut path = String::new();
        let mut pen = 'M';
        for (point, values) in line.values.chunks(step).enumerate() {
            let numbers = || values.iter().copied().filter(|value| value.is_finite());
            if numbers().next().is_none() {
                pen = 'M';
                continue;
            }
            let mean = numbers().sum::<f64>() / numbers().count().max(1) as f64;
            let x = LEFT + WIDTH * (point * step) as f64 / (line.values.len() - 1).max(1) as f64;
            let y = 10.0 + HEIGHT * (1.0 - (mean / top).clamp(0.0, 1.0));
            let _ = write!(path, "{pen}{x:.1} {y:.1}");
            pen = 'L';
        }
        let _ = write!(
            svg,
            "<path d=\"{path}\" stroke=\"{}\"><title>{}</title></path>",
            line.color,
            escaped(&line.name)
        );
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_gaps_where_there_is_no_number_and_ends_at_the_right() {
        let line = Line { name: "<a>".into(), color: "red".into(), values: vec![0.0, f64::NAN, 1.0] };
        let svg = plot(&[line], 1.0, "");
        assert!(svg.contains("M52.0 170.0M952.0 10.0"), "{svg}");
        assert!(svg.contains("&lt;a&gt;"));
        assert!(
            plot(&[Line { name: String::new(), color: String::new(), values: Vec::new() }], 1.0, "")
                .ends_with("</svg>")
        );
    }
}
