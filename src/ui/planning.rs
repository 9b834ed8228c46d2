//! How the next analysis of the open clip would fit into memory.

use std::path::PathBuf;

use crate::engine::{AnalyzeRequest, EngineError, ModelFootprint, Plan};
use crate::settings::{MemorySettings, ModelSettings};
use crate::types::Rung;

use super::notes::Severity;
use super::state::State;

/// What is known of the plan for the next analysis.
#[derive(Clone, Debug, PartialEq)]
pub enum NextPlan {
    /// It is being made.
    Asked,
    /// It fits.
    Fits(Box<Plan>),
    /// It does not, and why.
    Fails(String),
}

/// What a plan depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanKey {
    clip: PathBuf,
    models: ModelSettings,
    memory: MemorySettings,
    /// Models that were measured since then have another plan.
    jobs_ended: usize,
}

impl State {
    /// What the next analysis depends on; `None` without a clip.
    pub fn plan_key(&self) -> Option<PlanKey> {
        let clip = self.clip.as_ref()?;
        Some(PlanKey {
            clip: clip.info.path.clone(),
            models: self.settings.models.clone(),
            memory: self.settings.memory,
            jobs_ended: self.jobs.list().iter().filter(|job| !job.is_running()).count(),
        })
    }

    /// Takes the plan that was made for `key`, unless something else is asked for by now.
    pub fn take_plan(
        &mut self,
        key: &PlanKey,
        plan: Result<Plan, EngineError>,
        footprints: Vec<ModelFootprint>,
    ) {
        if self.plan_key().as_ref() != Some(key) {
            return;
        }
        self.footprints = footprints;
        self.next_plan = Some(match plan {
            Ok(plan) => NextPlan::Fits(Box::new(plan)),
            Err(error) => NextPlan::Fails(error.to_string()),
        });
    }

    /// Takes other wishes about memory. An analysis that runs keeps the plan it was started with.
    pub(super) fn set_memory(&mut self, memory: MemorySettings) {
        if self.settings.memory == memory {
            return;
        }
        self.settings.memory = memory;
        if self.is_analyzing() {
            self.note(
                Severity::Warning,
                "The running analysis keeps its plan",
                "What you changed about memory counts from the next analysis on.",
            );
        }
    }
}

impl PlanKey {
    /// The analysis that it is a plan for.
    pub fn request(&self) -> AnalyzeRequest {
        AnalyzeRequest {
            clip: self.clip.clone(),
            store: None,
            models: self.models.clone(),
            memory: self.memory.wish(Rung::default()),
            restart: false,
            accept_existing: true,
        }
    }
}
