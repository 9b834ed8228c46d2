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
    fn plan_key(&self) -> Option<PlanKey> {
        let clip = self.clip.as_ref()?;
        Some(PlanKey {
            clip: clip.info.path.clone(),
            models: self.settings.models.clone(),
            memory: self.settings.memory,
            jobs_ended: self.jobs.list().iter().filter(|job| !job.is_running()).count(),
        })
    }

    /// The plan to ask for, where another one was asked for last.
    pub fn plan_to_make(&mut self) -> Option<Box<PlanKey>> {
        let wanted = self.plan_key();
        if self.plan_of == wanted {
            return None;
        }
        self.next_plan = wanted.is_some().then_some(NextPlan::Asked);
        self.plan_of.clone_from(&wanted);
        wanted.map(Box::new)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::types::{ByteSize, MemoryMode};
    use crate::ui::tests::fake;

    #[test]
    fn a_plan_changed_while_running_counts_for_the_next_analysis_and_says_so() {
        let mut state = State::new(Settings::default(), None);
        fake::open(&mut state, std::path::Path::new("/clips/a.mp4"), 10);
        assert!(state.is_analyzing());
        let first = state.plan_to_make().unwrap();
        assert_eq!(state.plan_to_make(), None, "it is asked for once");
        let memory = MemorySettings {
            limit: Some(ByteSize(2 << 30)),
            mode: MemoryMode::OneAtATime,
            ..MemorySettings::default()
        };
        state.set_memory(memory);
        assert!(state.is_analyzing(), "it keeps its plan");
        assert!(state.notes.list().iter().any(|note| note.title.contains("keeps its plan")));
        let second = state.plan_to_make().unwrap();
        assert_eq!(second.request().memory, memory.wish(Rung::default()));
        // What was planned for the old wishes comes too late.
        let stale = EngineError::Tracks("stale".into());
        state.take_plan(&first, Err(stale), Vec::new());
        assert_eq!(state.next_plan, Some(NextPlan::Asked));
        state.take_plan(&second, Err(EngineError::Tracks("does not fit".into())), Vec::new());
        assert_eq!(state.next_plan, Some(NextPlan::Fails("does not fit".into())));
    }
}
