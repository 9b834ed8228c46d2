//! Loading models under watch: a breadcrumb before each, and how much memory it really took the first time.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::footprints::Remembered;
use super::job::lock;
use super::memory;
use super::plan::{Footprint, ModelPlan, Plan};
use super::worker::Breadcrumb;
use super::{EngineError, Progress, Reporter, ResolvedRiders};
use crate::types::{RiderFrame, Rung, WeightsHeld};

/// Between two looks at the memory of a running analysis.
const LOOK: Duration = Duration::from_secs(5);

/// Watches one analysis: leaves breadcrumbs beside its file and writes the memory it takes into the log.
pub(super) struct Watch<'a> {
    crumbs: Crumbs,
    plan: &'a Plan,
    reporter: &'a dyn Reporter,
    last: Mutex<Option<Instant>>,
}

impl<'a> Watch<'a> {
    /// Watches the analysis into `store` that runs as `plan` says; everything reported to it goes on to `reporter`.
    pub fn new(store: &Path, plan: &'a Plan, reporter: &'a dyn Reporter) -> Self {
        let crumbs = Crumbs { store: store.to_owned(), limit: plan.budget.limit, rung: plan.rung };
        Self { crumbs, plan, reporter, last: Mutex::default() }
    }

    /// Leaves breadcrumbs for a model that is loaded later.
    pub fn crumbs(&self) -> Crumbs {
        self.crumbs.clone()
    }

    /// How the analysis runs.
    pub fn plan(&self) -> &Plan {
        self.plan
    }

    /// Loads a model, of which there are `copies`. One that was never measured on this machine is run twice, with
    /// `first_run`, to see what it takes; `footprint` is what was thought of it.
    ///
    /// # Errors
    /// Those of `load` and `first_run`.
    pub fn load<T>(
        &self,
        model: &ModelPlan,
        footprint: &Footprint,
        copies: u64,
        load: impl FnOnce() -> Result<T, EngineError>,
        mut first_run: impl FnMut(&mut T) -> Result<(), EngineError>,
    ) -> Result<T, EngineError> {
        self.reporter.progress(Progress { stage: format!("loading {}", model.id), ..Progress::default() });
        self.crumbs.loading(model);
        if footprint.measured {
            return load();
        }
        let (loaded, measured) = measured(footprint, model, copies, load, |loaded| {
            self.crumbs.leave(format!("trying {}", model.id), Some(model.id.clone()), model.anonymous);
            first_run(loaded)
        })?;
        tracing::info!(model = model.id, ?measured, "measured for the first time on this machine");
        Remembered::load().keep(&model.id, model.device, measured);
        Ok(loaded)
    }
}

/// Loads a model, of which there are `copies`, and runs it with `first_run`; gives it and what it takes, where `estimate` is
/// what was thought of it.
///
/// # Errors
/// Those of `load` and `first_run`.
pub(super) fn measured<T>(
    estimate: &Footprint,
    model: &ModelPlan,
    copies: u64,
    load: impl FnOnce() -> Result<T, EngineError>,
    mut first_run: impl FnMut(&mut T) -> Result<(), EngineError>,
) -> Result<(T, Footprint), EngineError> {
    // What a model before this one has freed would be taken again and not be seen.
    memory::give_back();
    let before = memory::of_this_process().anonymous;
    let (loaded, while_loading) = memory::watched(load);
    let mut loaded = loaded?;
    let after = memory::of_this_process().anonymous;
    // From the second run on ONNX Runtime may take what it has seen to be needed in one piece, beside the pieces of the
    // first one.
    let (run, while_running) = memory::watched(|| (0..2).try_for_each(|_| first_run(&mut loaded)));
    run?;
    let looks = Looks { before, while_loading, after, while_running };
    Ok((loaded, looks.footprint(estimate, model, copies)))
}

/// Leaves breadcrumbs beside an analysis file.
#[derive(Clone)]
pub(super) struct Crumbs {
    store: PathBuf,
    limit: u64,
    rung: Rung,
}

impl Crumbs {
    /// Before `model` is loaded.
    pub fn loading(&self, model: &ModelPlan) {
        self.leave(format!("loading {}", model.id), Some(model.id.clone()), model.anonymous);
    }

    fn leave(&self, stage: String, model: Option<String>, planned: u64) {
        let measured = memory::of_this_process().anonymous;
        Breadcrumb { stage, model, planned, measured, limit: self.limit, rung: self.rung }.leave(&self.store);
    }
}

impl Reporter for Watch<'_> {
    fn planned(&self, plan: &Plan) {
        self.reporter.planned(plan);
    }

    fn progress(&self, progress: Progress) {
        let now = Instant::now();
        let mut last = lock(&self.last);
        if last.is_none_or(|last| now.duration_since(last) >= LOOK) {
            *last = Some(now);
            let held = memory::of_this_process();
            tracing::info!(
                stage = progress.stage,
                frame = progress.done,
                resident_mib = held.resident >> 20,
                anonymous_mib = held.anonymous >> 20,
                planned_mib = self.plan.anonymous >> 20,
                limit_mib = self.plan.budget.limit >> 20,
                "memory"
            );
            self.crumbs.leave(progress.stage.clone(), None, self.plan.anonymous);
        }
        drop(last);
        self.reporter.progress(progress);
    }

    fn warning(&self, message: String) {
        self.reporter.warning(message);
    }

    fn riders(&self, frame: u64, riders: &[RiderFrame]) {
        self.reporter.riders(frame, riders);
    }

    fn wants_riders(&self) -> bool {
        self.reporter.wants_riders()
    }

    fn resolved(&self, riders: ResolvedRiders) {
        self.reporter.resolved(riders);
    }
}

impl Drop for Watch<'_> {
    /// The analysis has ended by itself, whatever came of it.
    fn drop(&mut self) {
        Breadcrumb::clear(&self.crumbs.store);
    }
}

/// Anonymous memory of this process: before a model was loaded, at most meanwhile, after it, and at most while one copy
/// of it ran once.
#[derive(Clone, Copy, Debug)]
struct Looks {
    before: u64,
    while_loading: u64,
    after: u64,
    while_running: u64,
}

impl Looks {
    /// What one of `copies` of the model takes.
    fn footprint(self, estimate: &Footprint, model: &ModelPlan, copies: u64) -> Footprint {
        let each = self.after.saturating_sub(self.before) / copies.max(1);
        let session = match model.weights {
            WeightsHeld::Copied => each.saturating_sub(estimate.weights),
            WeightsHeld::Mapped => each,
        };
        let run = self.while_running.saturating_sub(self.after);
        Footprint {
            session,
            activations: run / u64::from(model.batch.max(1)),
            load_extra: self.while_loading.saturating_sub(self.after),
            measured: true,
            ..*estimate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Device;

    const MIB: u64 = 1 << 20;

    fn model(weights: WeightsHeld, batch: u32) -> ModelPlan {
        ModelPlan { id: "m".into(), device: Device::Cpu, weights, batch, anonymous: 0, mapped: 0, gpu: 0 }
    }

    /// HMR2 with mapped weights, four at a time, as in a run looked at by hand: 40 MiB after the load, 147 MiB in a run.
    #[test]
    fn mapped_weights_are_no_memory_of_the_session() {
        let estimate = Footprint { weights: 2682 * MIB, mappable: true, ..Footprint::default() };
        let looks =
            Looks { before: 100 * MIB, while_loading: 142 * MIB, after: 140 * MIB, while_running: 247 * MIB };
        let found = looks.footprint(&estimate, &model(WeightsHeld::Mapped, 4), 1);
        assert_eq!((found.session, found.load_extra), (40 * MIB, 2 * MIB));
        assert_eq!(found.activations, 107 * MIB / 4);
        assert!(found.measured && found.mappable && found.weights == estimate.weights);
    }

    #[test]
    fn copies_share_what_was_taken_and_a_read_file_shows_as_the_load_peak() {
        let estimate = Footprint { weights: 10 * MIB, ..Footprint::default() };
        let looks =
            Looks { before: 100 * MIB, while_loading: 152 * MIB, after: 140 * MIB, while_running: 165 * MIB };
        let found = looks.footprint(&estimate, &model(WeightsHeld::Copied, 1), 2);
        assert_eq!((found.session, found.load_extra, found.activations), (10 * MIB, 12 * MIB, 25 * MIB));
    }
}
