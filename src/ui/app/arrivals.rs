//! Taking in what threads beside the engine's jobs have done.

use super::App;
use crate::ui::background::Arrival;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::notes::Severity;
use crate::ui::text;

impl App {
    /// Takes it in; gives what follows from it.
    pub(super) fn take_arrival(&mut self, arrival: Arrival) -> Vec<Effect> {
        match arrival {
            Arrival::Saved(clip, Ok(Some(riders))) => self.state.take_saved(&clip, riders),
            Arrival::Saved(_, Ok(None)) => {}
            Arrival::Changed(clip, riders) => self.state.take_changed(&clip, riders),
            Arrival::Saved(clip, Err(error)) => {
                let title = format!("The earlier analysis of {} cannot be read", text::file_name(&clip));
                self.state.note(Severity::Warning, title, error.to_string());
            }
            Arrival::Notes(clip, Ok(notes)) => self.state.take_notes(&clip, notes),
            Arrival::Notes(clip, Err(error)) => {
                let title = format!("The notes on {} cannot be read", text::file_name(&clip));
                self.state.note(Severity::Warning, title, error.to_string());
            }
            Arrival::NotesSaved(Ok(())) => {}
            Arrival::NotesSaved(Err(error)) => {
                self.state.note(Severity::Warning, "The notes could not be kept", error.to_string());
            }
            // A body that was asked for before another one comes too late.
            Arrival::Body(recoverer, _) if self.body_of.as_ref() != Some(&recoverer) => {}
            Arrival::Body(_, Ok(builder)) => self.picture.set_body(*builder),
            Arrival::Body(_, Err(error)) => {
                self.state.note(Severity::Error, "No mesh can be drawn", error.to_string());
            }
            Arrival::Plan(key, plan, footprints) => self.state.take_plan(&key, plan, footprints),
            Arrival::KeptRuns(clip, kept) => return self.state.take_kept_runs(&clip, kept),
            Arrival::Measured(comparison, measured) => {
                return self.state.take_measured(&comparison, measured);
            }
            Arrival::Devices(Ok(devices)) => self.state.devices = devices,
            // What is missing is told when an analysis needs it.
            Arrival::Devices(Err(error)) => tracing::warn!("devices cannot be tried: {error}"),
            Arrival::Demo(Ok(path)) => return self.state.update(Command::Open(path)),
            Arrival::Demo(Err(error)) => self.state.note(Severity::Error, "The demo cannot be opened", error),
        }
        Vec::new()
    }
}
