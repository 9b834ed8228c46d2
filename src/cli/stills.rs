//! `snowmesh export CLIP --still FRAME`, `--contact-sheet N` and `--chrono N`.

use clap::Args;
use serde::Serialize;

use super::args::{ExportArgs, ProgressStyle};
use super::exit::Failure;
use super::progress::TerminalReporter;
use super::video_args::Moment;
use super::{Context, output};
use crate::engine::{self, ChosenFrames, PictureKind, PictureRequest, PictureRiders, SHEET_LIMIT};

/// Single pictures in place of a video.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct StillArgs {
    /// One frame with its overlay as a PNG file of the clip's size.
    #[arg(long, value_name = "FRAME|TIME")]
    pub still: Option<Moment>,
    /// A contact sheet of this many frames as a PNG file, 1 to 100.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=SHEET_LIMIT as i64))]
    pub contact_sheet: Option<u16>,
    /// One background with the rider at several moments along his way, as a PNG file: how many, or which (30,45,0:02.5).
    /// Nothing is drawn over him unless --overlay says so.
    #[arg(long, value_name = "N|FRAME|TIME,…", value_delimiter = ',')]
    pub chrono: Vec<Moment>,
}

impl StillArgs {
    /// Whether a picture is asked for.
    pub fn is_given(&self) -> bool {
        self.still.is_some() || self.contact_sheet.is_some() || !self.chrono.is_empty()
    }
}

/// The last JSON line.
#[derive(Serialize)]
struct DoneLine {
    event: &'static str,
    output: String,
    width: u32,
    height: u32,
}

/// Writes the picture.
///
/// # Errors
/// The failure's exit code and message.
pub fn run(args: &ExportArgs, context: &Context) -> Result<(), Failure> {
    let clip = engine::clip_info(&args.clip)?;
    let range = args.video.is_part().then(|| args.video.range(&clip)).transpose().map_err(Failure::usage)?;
    let frame = |moment: &Moment| match moment.frame(&clip.frames) {
        frame if frame < clip.frames.len() => Ok(frame),
        frame => {
            let last = clip.frames.len() - 1;
            Err(Failure::usage(format!("there is no frame {frame}; the clip has frames 0 to {last}")))
        }
    };
    let stills = &args.stills;
    let kind = match (&stills.still, stills.contact_sheet, stills.chrono.as_slice()) {
        (Some(moment), ..) => PictureKind::Still { frame: frame(moment)? },
        (None, Some(count), _) => {
            PictureKind::ContactSheet(ChosenFrames::Spread { count: count.into(), range })
        }
        (None, None, [Moment::Frame(count)]) => {
            let count = usize::try_from(*count).unwrap_or(usize::MAX).min(SHEET_LIMIT);
            PictureKind::Chrono(ChosenFrames::Spread { count, range })
        }
        (None, None, moments) => {
            let frames = moments.iter().map(frame).collect::<Result<_, _>>()?;
            PictureKind::Chrono(ChosenFrames::Listed(frames))
        }
    };
    let Some(output) = args.output.clone() else {
        return Err(Failure::usage("say where the picture goes: -o FILE.png"));
    };
    let request = PictureRequest {
        clip: args.clip.clone(),
        output,
        kind,
        riders: PictureRiders::Analysed(Box::new(args.analysis.request(&args.clip, &context.settings))),
        overlay: args.overlay_style(&context.settings.overlay),
    };
    let reporter = TerminalReporter::new(args.clip.display().to_string(), args.analysis.progress);
    let outcome = engine::save_picture(&request, &context.shelf, &context.cancel, &reporter)?;
    drop(reporter);
    let (width, height) = outcome.size;
    match args.analysis.progress {
        Some(ProgressStyle::Json) => {
            let output = outcome.output.display().to_string();
            output::print_json(&DoneLine { event: "done", output, width, height })?;
        }
        Some(ProgressStyle::None) => {}
        _ => eprintln!("{}: {width} × {height} pixels", outcome.output.display()),
    }
    Ok(())
}
