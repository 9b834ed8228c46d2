//! Which devices models were asked to run on, and which of them can be had; and the hidden subcommand that tries one.

use clap::Args;
use serde::Serialize;

use super::Context;
use super::exit::Failure;
use crate::engine::{self, DeviceReport};
use crate::types::Device;

/// Flags of the hidden `prove-device`.
#[derive(Debug, Args)]
pub struct ProveDeviceArgs {
    /// The device.
    pub device: Device,
}

/// Runs a network of one node on a device; a provider may end the process instead of answering.
///
/// # Errors
/// Why the device cannot be used.
pub fn prove(args: &ProveDeviceArgs, context: &Context) -> Result<(), Failure> {
    Ok(engine::prove_device(&context.shelf, args.device)?)
}

/// The device that a model in use was asked to run on.
#[derive(Serialize)]
pub struct Asked {
    requested: Device,
    /// The device it will run on; nothing where the one asked for cannot be had, since no other is taken in its place.
    effective: Option<Device>,
    detail: String,
}

impl Asked {
    /// In words.
    pub fn words(&self) -> String {
        match self.effective {
            Some(device) => {
                format!("in use, asked for {} and runs on {device}: {}", self.requested, self.detail)
            }
            None => format!(
                "in use, asked for {}, which cannot be had: {}; to use the processor instead, give --detector-device cpu \
                 or --recoverer-device cpu, or choose it in the window",
                self.requested, self.detail
            ),
        }
    }
}

/// The devices of the models in use, by the models' ids.
pub fn asked(context: &Context) -> impl Fn(&str) -> Option<Asked> {
    let models = context.settings.models.clone();
    let program = std::env::current_exe().ok();
    let known = engine::devices(&context.shelf, program.as_deref());
    move |id| {
        let requested = if id == models.detector {
            models.detector_device
        } else if id == models.recoverer {
            models.recoverer_device
        } else {
            return None;
        };
        let asked = |usable: bool, detail: String| Asked {
            requested,
            effective: usable.then_some(requested),
            detail,
        };
        let known = match &known {
            Ok(known) => known,
            Err(error) => return Some(asked(false, error.to_string())),
        };
        // Of several of one kind the first was tried.
        let same = |report: &&DeviceReport| {
            std::mem::discriminant(&report.device) == std::mem::discriminant(&requested)
        };
        known.iter().find(same).map(|report| asked(report.usable, report.detail.clone()))
    }
}
