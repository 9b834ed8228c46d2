//! `snowmesh evaluate`: an analysis against the truth.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::Format;
use super::exit::Failure;
use super::{inspect, output};
use crate::engine::{self, BodyErrors, BodyEvaluation, Evaluation};

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
    let bodies = engine::evaluate_bodies(&args.clip, &store, &args.truth)?;
    match args.format {
        Format::Text => {
            let lines = [Some(text(&evaluation)), bodies.as_ref().map(bodies_text)];
            output::print_text(&lines.into_iter().flatten().collect::<Vec<_>>().join("\n"))?;
        }
        Format::Json => output::print_json(&Everything { evaluation, bodies })?,
    }
    Ok(())
}

/// Tracks and, where the truth tells joints, bodies.
#[derive(Serialize)]
struct Everything {
    #[serde(flatten)]
    evaluation: Evaluation,
    #[serde(skip_serializing_if = "Option::is_none")]
    bodies: Option<BodyEvaluation>,
}

fn bodies_text(bodies: &BodyEvaluation) -> String {
    let line = |errors: &BodyErrors| {
        format!(
            "joints off by {:.0} mm from the root, {:.0} mm after alignment; acceleration {:.1} mm a frame² \
             ({} frames)",
            errors.root_aligned_mm, errors.procrustes_mm, errors.acceleration_mm, errors.frames
        )
    };
    let doubt = bodies.doubt.map_or_else(String::new, |doubt| {
        format!(
            "\nErrors of joints are {:.2} of the spread told; rank correlation {:.2}",
            doubt.error_over_sigma, doubt.rank_correlation
        )
    });
    format!(
        "Fitted over time: {}\nEach frame on its own: {}\nAcceleration in truth: {:.1} mm a frame²{doubt}",
        line(&bodies.refined),
        line(&bodies.raw),
        bodies.true_acceleration_mm
    )
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
