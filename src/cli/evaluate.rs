//! `snowmesh evaluate`: an analysis against the truth.

use std::path::PathBuf;

use clap::Args;

use super::args::Format;
use super::exit::Failure;
use super::{inspect, output};
use crate::engine::{self, Evaluation};

/// Flags of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The clip, analysed already.
    pub clip: PathBuf,
    /// Who really is where: a file in the MOTChallenge format, or the .truth.json of a demo clip.
    #[arg(long, value_name = "FILE")]
    pub truth: PathBuf,
    /// Analysis file instead of CLIP.snowmesh beside the clip.
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Prints how well the riders of the clip were tracked.
///
/// # Errors
/// When the clip has not been analysed or the truth cannot be read.
pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let store = inspect::store_of(&args.clip, args.store.as_deref());
    let evaluation = engine::evaluate(&args.clip, &store, &args.truth)?;
    match args.format {
        Format::Text => output::print_text(&text(&evaluation))?,
        Format::Json => output::print_json(&evaluation)?,
    }
    Ok(())
}

fn text(evaluation: &Evaluation) -> String {
    let Evaluation { clear_mot: mot, identity, hota } = evaluation;
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    [
        format!(
            "HOTA {} (detection {}, association {}, localisation {})",
            percent(hota.hota),
            percent(hota.det_a),
            percent(hota.ass_a),
            percent(hota.loc_a)
        ),
        format!(
            "IDF1 {} (precision {}, recall {})",
            percent(identity.idf1),
            percent(identity.id_precision),
            percent(identity.id_recall)
        ),
        format!(
            "MOTA {}, MOTP {} ({} matches, {} misses, {} false positives, {} identity switches)",
            percent(mot.mota),
            percent(mot.motp),
            mot.matches,
            mot.misses,
            mot.false_positives,
            mot.id_switches
        ),
    ]
    .join("\n")
}
