//! `snowmesh compare`: several detectors on one clip, or on labelled pictures.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{AnalysisArgs, Format};
use super::exit::Failure;
use super::progress::TerminalReporter;
use super::{Context, output};
use crate::engine::compare::{self, CocoComparison, CompareRequest, DetectorFigures, Measured};

/// Flags of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The clip; with --coco the folder of the labelled pictures.
    #[arg(value_name = "CLIP")]
    pub input: PathBuf,
    /// Two to four detectors; with --coco any number.
    #[arg(long, value_delimiter = ',', value_name = "LIST", required = true)]
    pub detectors: Vec<String>,
    /// Labels in COCO's annotation format: persons' average precision and recall instead of a clip's comparison.
    #[arg(long, value_name = "FILE", conflicts_with = "video")]
    pub coco: Option<PathBuf>,
    /// Who really is where in the clip: MOTChallenge's text format, or the .truth.json of a demo clip.
    #[arg(long, value_name = "FILE", conflicts_with = "coco")]
    pub truth: Option<PathBuf>,
    /// Report to write: .html, which stands alone, or .json.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Video to write with the detectors beside each other.
    #[arg(long, value_name = "FILE")]
    pub video: Option<PathBuf>,
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Devices, threshold, analysis file, and how progress is told; --restart runs detectors again that have been run.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

/// Compares the detectors and says what each is worth.
///
/// # Errors
/// The failure's exit code and message.
pub fn run(args: &CompareArgs, context: &Context) -> Result<(), Failure> {
    match &args.coco {
        Some(labels) => on_labels(args, labels, context),
        None => on_clip(args, context),
    }
}

/// What the report's file is to be.
enum Report {
    Html,
    Json,
}

fn report_kind(path: &Path) -> Result<Report, Failure> {
    match path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("html" | "htm") => Ok(Report::Html),
        Some("json") => Ok(Report::Json),
        _ => Err(Failure::usage(format!("{}: a report is .html or .json", path.display()))),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|cause| Failure {
        exit: super::Exit::Failed,
        message: format!("{}: the report cannot be written ({cause})", path.display()),
    })
}

fn on_clip(args: &CompareArgs, context: &Context) -> Result<(), Failure> {
    if !(2..=compare::MAX_DETECTORS).contains(&args.detectors.len()) {
        return Err(Failure::usage(format!(
            "name two to {} detectors with --detectors",
            compare::MAX_DETECTORS
        )));
    }
    if let Some(twice) = args.detectors.iter().enumerate().find(|(i, id)| args.detectors[..*i].contains(id)) {
        return Err(Failure::usage(format!("detector '{}' is named twice", twice.1)));
    }
    let kind = args.output.as_deref().map(report_kind).transpose()?;
    let name = args.input.display().to_string();
    let analysis = args.analysis.request(&args.input, &context.settings);
    let threshold = args.analysis.models.threshold;
    let request = CompareRequest {
        detectors: args.detectors.clone(),
        again: args.analysis.restart,
        truth: args.truth.clone(),
        analysis,
    };
    let reporter = TerminalReporter::new(name, args.analysis.progress);
    let comparison = compare::compare(&request, &context.shelf, &context.cancel, &reporter)?;
    let thresholds = threshold.map_or_else(|| comparison.thresholds(), |t| vec![t; comparison.runs.len()]);
    let measured = comparison.measure(&thresholds);
    let json = compare::json_report(&comparison, &measured);
    if let (Some(path), Some(kind)) = (&args.output, kind) {
        match kind {
            Report::Html => write(path, &compare::html_report(&comparison, &measured)?)?,
            Report::Json => write(path, &format!("{json:#}\n"))?,
        }
    }
    if let Some(path) = &args.video {
        compare::write_side_by_side(&comparison, &thresholds, path, &context.cancel, &reporter)?;
    }
    drop(reporter);
    match args.format {
        Format::Text => output::print_text(&clip_text(&measured))?,
        Format::Json => output::print_json(&json)?,
    }
    Ok(())
}

fn on_labels(args: &CompareArgs, labels: &Path, context: &Context) -> Result<(), Failure> {
    if let Some(path) = &args.output
        && !matches!(report_kind(path)?, Report::Json)
    {
        return Err(Failure::usage("with --coco the report is .json"));
    }
    let reporter = TerminalReporter::new(args.input.display().to_string(), args.analysis.progress);
    let models = args.analysis.models.resolve(&context.settings.models);
    let scores = compare::compare_on_labels(
        labels,
        &args.input,
        &args.detectors,
        &models,
        &context.shelf,
        &context.cancel,
        &reporter,
    )?;
    drop(reporter);
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(&scores.detectors).unwrap_or_default();
        write(path, &format!("{text}\n"))?;
    }
    match args.format {
        Format::Text => output::print_text(&labels_text(&scores))?,
        Format::Json => output::print_json(&scores.detectors)?,
    }
    Ok(())
}

/// A line for each detector under a line of titles.
fn columns(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> =
        std::iter::once(titles.iter().map(|title| (*title).to_owned()).collect()).chain(rows).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn milliseconds(latency: Option<compare::Latency>) -> String {
    latency.map_or_else(|| "–".to_owned(), |latency| format!("{:.1} ms", latency.median))
}

fn clip_text(measured: &Measured) -> String {
    let has_truth = measured.detectors.iter().any(|d| d.ap.is_some());
    let precision = |d: &DetectorFigures| [d.ap, d.ap50].map(|ap| format!("{:.3}", ap.unwrap_or_default()));
    let row = |d: &DetectorFigures| {
        let mut cells = vec![d.id.clone()];
        if has_truth {
            cells.extend(precision(d));
        }
        cells.extend([
            format!("{:.1} %", 100.0 * d.agreement),
            d.found.to_string(),
            d.found_alone.to_string(),
            format!("{}/{}", d.consensus_misses, d.consensus),
            d.score_spread.map_or_else(|| "–".to_owned(), |spread| format!("{spread:.2}")),
            milliseconds(d.latency_ms),
            format!("{:.2} s", d.load_s),
            format!("{} MiB", d.memory_bytes >> 20),
            d.track_breaks.to_string(),
            d.id_switches.to_string(),
            format!("{:.1} %", 100.0 * d.predicted_share),
        ]);
        cells
    };
    let mut titles = vec!["detector"];
    if has_truth {
        titles.extend(["AP", "AP50"]);
    }
    titles.extend([
        "agreement",
        "found",
        "alone",
        "missed",
        "spread",
        "a frame",
        "load",
        "memory",
        "breaks",
        "switches",
        "predicted",
    ]);
    columns(&titles, measured.detectors.iter().map(row))
}

fn labels_text(scores: &CocoComparison) -> String {
    let row = |d: &compare::DetectorScore| {
        vec![
            d.id.clone(),
            format!("{:.3}", d.ap),
            format!("{:.3}", d.ap50),
            format!("{:.3}", d.ar100),
            milliseconds(d.latency_ms),
            format!("{:.2} s", d.load_s),
            format!("{} MiB", d.memory_bytes >> 20),
        ]
    };
    let titles = ["detector", "AP", "AP50", "AR100", "a picture", "load", "memory"];
    let table = columns(&titles, scores.detectors.iter().map(row));
    format!("{table}\n{} pictures, {} not there", scores.images, scores.missing.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text =
            columns(&["id", "n"], [vec!["long".to_owned(), "1".to_owned()], vec!["a".into(), "200".into()]]);
        assert_eq!(text, "id      n\nlong    1\na     200");
    }

    #[test]
    fn a_report_is_html_or_json() {
        assert!(matches!(report_kind(Path::new("a.HTML")), Ok(Report::Html)));
        assert!(report_kind(Path::new("a.pdf")).is_err());
    }
}
