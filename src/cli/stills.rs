//! `snowmesh export CLIP --still FRAME` and `--contact-sheet N`.

use clap::Args;
use serde::Serialize;

use super::args::{ExportArgs, ProgressStyle};
use super::exit::Failure;
use super::progress::TerminalReporter;
use super::video_args::Moment;
use super::{Context, output};
use crate::engine::{self, PictureKind, PictureRequest, PictureRiders, SHEET_LIMIT};

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
}

impl StillArgs {
    /// Whether a picture is asked for.
    pub fn is_given(&self) -> bool {
        self.still.is_some() || self.contact_sheet.is_some()
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
    let frames = clip.frames.len();
    let kind = match (args.stills.still, args.stills.contact_sheet) {
        (Some(moment), _) => match moment.frame(&clip.frames) {
            frame if frame < frames => PictureKind::Still { frame },
            frame => {
                let told = format!("there is no frame {frame}; the clip has frames 0 to {}", frames - 1);
                return Err(Failure::usage(told));
            }
        },
        (None, count) => PictureKind::ContactSheet { count: count.unwrap_or(1).into(), range },
    };
    let Some(output) = args.output.clone() else {
        return Err(Failure::usage("say where the picture goes: -o FILE.png"));
    };
    let request = PictureRequest {
        clip: args.clip.clone(),
        output,
        kind,
        riders: PictureRiders::Analysed(args.analysis.request(&args.clip, &context.settings)),
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
