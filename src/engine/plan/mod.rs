//! Deciding, before anything is loaded, how an analysis fits into memory.
//!
//! The planner ([`plan`]) is a pure function: what the models need, what there is, and what the user wishes go in; what
//! is loaded where comes out, with every step that was considered and its reason. Nothing is loaded for which there is
//! no plan.

mod footprint;
mod ladder;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use footprint::Footprint;
pub use ladder::plan;

use super::memory::Budget;
use crate::types::{ByteSize, Device, MemoryMode, Rung, WeightsHeld};

/// What one model of an analysis needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// Its id.
    pub id: String,
    /// The device asked for.
    pub device: Device,
    /// What one copy of it takes.
    pub footprint: Footprint,
    /// Copies that run beside each other.
    pub workers: u64,
    /// People or pictures in one run, at most.
    pub batch: u32,
}

impl Need {
    /// No model.
    pub fn nothing() -> Self {
        Self { id: String::new(), device: Device::Cpu, footprint: Footprint::default(), workers: 1, batch: 1 }
    }
}

/// Memory of a GPU, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GpuMemory {
    /// All of it.
    pub total: u64,
    /// Not in use.
    pub free: u64,
}

/// All that decides a plan.
#[derive(Clone, Debug)]
pub struct PlanInput {
    /// Finds people.
    pub detector: Need,
    /// Recovers bodies.
    pub recoverer: Need,
    /// Other detectors that are there, to be named where the one asked for cannot fit.
    pub others: Vec<Need>,
    /// What the program takes besides the models: decoder, frames on their way, tracks.
    pub base: u64,
    /// Memory of the machine.
    pub host: Budget,
    /// Memory of each GPU whose driver tells.
    pub gpus: BTreeMap<Device, GpuMemory>,
    /// Which models are to be in memory together.
    pub mode: MemoryMode,
    /// The first rung to try: lower than full speed after a run that ended badly.
    pub from: Rung,
}

/// How one model is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPlan {
    /// Its id.
    pub id: String,
    /// Where it runs.
    pub device: Device,
    /// How its weights are held.
    pub weights: WeightsHeld,
    /// People or pictures in one run, at most.
    pub batch: u32,
    /// Memory of its own that it is expected to take, bytes.
    pub anonymous: u64,
    /// Pages of its file that it runs from, bytes.
    pub mapped: u64,
    /// Memory of its GPU, bytes.
    pub gpu: u64,
}

/// A rung that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The rung.
    pub rung: Rung,
    /// Whether it was taken.
    pub taken: bool,
    /// Why, or why not.
    pub reason: String,
}

/// How an analysis runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The rung that was taken.
    pub rung: Rung,
    /// The next one down, where there is one: with it a run that ended badly can go on.
    pub next: Option<Rung>,
    /// Which models are in memory together; never `Automatic`.
    pub mode: MemoryMode,
    /// The detector.
    pub detector: ModelPlan,
    /// The recoverer.
    pub recoverer: ModelPlan,
    /// Memory that must be there, bytes.
    pub needed: u64,
    /// Memory that the process is expected to hold at most and the system cannot drop, bytes.
    pub anonymous: u64,
    /// File pages that it runs from at full speed, bytes.
    pub mapped: u64,
    /// What it was held against.
    pub budget: Budget,
    /// Every rung looked at, in order, the taken one last.
    pub steps: Vec<Step>,
    /// What could not be checked, in words.
    pub notes: Vec<String>,
}

/// Why there is no plan, with what would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The detector asked for.
    pub detector: String,
    /// The recoverer asked for; empty where none is.
    pub recoverer: String,
    /// The least memory that any permitted rung needs, bytes.
    pub needs: u64,
    /// What may be used, bytes.
    pub usable: u64,
    /// The limit in words.
    pub limit: String,
    /// What would fit, in words that tell what to do.
    pub remedy: String,
    /// Every rung looked at.
    pub steps: Vec<Step>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { detector, recoverer, needs, usable, limit, remedy, .. } = self;
        let (needs, usable) = (ByteSize(*needs), ByteSize(*usable));
        let with = if recoverer.is_empty() { "" } else { " with " };
        write!(
            f,
            "{detector}{with}{recoverer} does not fit into memory: it needs at least {needs}, and {usable} may be used \
             (of {limit}). {remedy}"
        )
    }
}
