//! The ladder: ways to hold two models, the fastest first, and the first of them that fits.

use std::collections::BTreeMap;

use super::words::{self, Facts};
use super::{ModelPlan, Need, Plan, PlanInput, Refusal, Step};
use crate::types::{Device, MemoryMode, Rung, WeightsHeld};

/// A way to run both models.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    rung: Rung,
    mode: MemoryMode,
    weights: WeightsHeld,
    detector_on_processor: bool,
    one_by_one: bool,
    /// Whether mapped weights may be dropped and read again between runs.
    rereads: bool,
}

/// What a candidate comes to.
struct Demand {
    detector: ModelPlan,
    recoverer: ModelPlan,
    facts: Facts,
    /// GPUs whose driver does not tell.
    unknown: Option<Device>,
}

/// The first way down the ladder that fits, or why none does.
///
/// # Errors
/// A [`Refusal`] that names what is needed, what there is and what would fit.
pub fn plan(input: &PlanInput) -> Result<Plan, Box<Refusal>> {
    let mut steps = Vec::new();
    let mut least: Option<u64> = None;
    let ladder = candidates(input, input.mode);
    for candidate in ladder.iter().copied() {
        let demand = demand(input, &input.detector, candidate);
        let taken = fits(input, &demand);
        steps.push(Step {
            rung: candidate.rung,
            taken,
            reason: words::verdict(&demand.facts, candidate.rung, &input.host),
        });
        if taken {
            let next = ladder.iter().map(|other| other.rung).find(|rung| *rung > candidate.rung);
            return Ok(Plan { next, ..accepted(input, candidate, demand, steps) });
        }
        least = least.into_iter().chain([demand.facts.needed]).min();
    }
    Err(Box::new(Refusal {
        detector: input.detector.id.clone(),
        recoverer: input.recoverer.id.clone(),
        needs: least.unwrap_or(0),
        usable: input.host.usable(),
        limit: input.host.words(),
        remedy: remedy(input),
        steps,
    }))
}

fn fits(input: &PlanInput, demand: &Demand) -> bool {
    demand.facts.lacking.is_none() && demand.facts.needed <= input.host.usable()
}

/// Every way that `mode` permits and that differs from the one before it, from the first rung asked for.
fn candidates(input: &PlanInput, mode: MemoryMode) -> Vec<Candidate> {
    let footprints = [&input.detector.footprint, &input.recoverer.footprint];
    let mappable = footprints.iter().any(|footprint| footprint.mappable);
    let on_gpu = input.detector.device != Device::Cpu;
    let batched = input.recoverer.batch > 1;
    let (together, apart) = match mode {
        MemoryMode::Automatic => (Some(MemoryMode::AllAtOnce), true),
        MemoryMode::AllAtOnce | MemoryMode::OnDemand => (Some(mode), false),
        MemoryMode::OneAtATime => (None, true),
    };
    let first = Candidate {
        rung: Rung::FullSpeed,
        mode: together.unwrap_or(MemoryMode::OneAtATime),
        weights: WeightsHeld::Copied,
        detector_on_processor: false,
        one_by_one: false,
        rereads: false,
    };
    let mapped = Candidate { rung: Rung::Mapped, weights: WeightsHeld::Mapped, ..first };
    let moved = Candidate { rung: Rung::DetectorOnProcessor, detector_on_processor: true, ..mapped };
    let alone = Candidate { rung: Rung::OneAtATime, mode: MemoryMode::OneAtATime, ..mapped };
    let small = |from: Candidate| Candidate { rung: Rung::SmallBatch, one_by_one: true, ..from };
    let tight = |from: Candidate| Candidate { rung: Rung::Tight, rereads: true, ..small(from) };
    let mut found = vec![first];
    if mappable {
        found.push(mapped);
    }
    if on_gpu {
        found.push(moved);
    }
    if apart && together.is_some() {
        found.push(alone);
        if on_gpu {
            found.push(Candidate { detector_on_processor: true, ..alone });
        }
    }
    let last = *found.last().unwrap_or(&first);
    if batched {
        found.push(small(last));
    }
    if mappable {
        found.push(tight(last));
    }
    found.retain(|candidate| candidate.rung >= input.from);
    if found.is_empty() {
        found.push(if mappable { tight(last) } else { last });
    }
    found
}

/// Bytes with an eighth to spare: estimates and measurements are not exact.
fn with_margin(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 8)
}

/// How `need` is loaded under `candidate`.
fn model(need: &Need, device: Device, weights: WeightsHeld, batch: u32) -> ModelPlan {
    let footprint = &need.footprint;
    let (anonymous, mapped, gpu) = match device {
        Device::Cpu => (footprint.anonymous(weights, batch), footprint.mapped(weights), 0),
        _ => (footprint.host_of_gpu(), 0, footprint.gpu(batch)),
    };
    let weights = if footprint.mappable { weights } else { WeightsHeld::Copied };
    let all = |bytes: u64| bytes.saturating_mul(need.workers.max(1));
    ModelPlan {
        id: need.id.clone(),
        device,
        weights,
        batch,
        anonymous: all(anonymous),
        // Workers map the same pages.
        mapped,
        gpu: all(gpu),
    }
}

fn demand(input: &PlanInput, detector: &Need, candidate: Candidate) -> Demand {
    let device = if candidate.detector_on_processor { Device::Cpu } else { detector.device };
    let batch = if candidate.one_by_one { 1 } else { input.recoverer.batch };
    let detector = model(detector, device, candidate.weights, detector.batch);
    let recoverer = model(&input.recoverer, input.recoverer.device, candidate.weights, batch);
    let apart = candidate.mode == MemoryMode::OneAtATime;
    let join = |a: u64, b: u64| if apart { a.max(b) } else { a.saturating_add(b) };
    // What is dropped and read again costs time; what cannot be dropped ends the process, so it gets a margin.
    let needed = |model: &ModelPlan| {
        let pages = if candidate.rereads { 0 } else { model.mapped };
        with_margin(model.anonymous).saturating_add(pages)
    };
    let mut on_gpu: BTreeMap<Device, u64> = BTreeMap::new();
    for model in [&detector, &recoverer].into_iter().filter(|model| model.device != Device::Cpu) {
        on_gpu.entry(model.device).and_modify(|bytes| *bytes = join(*bytes, model.gpu)).or_insert(model.gpu);
    }
    let mut lacking = None;
    let mut unknown = None;
    for (device, needed) in on_gpu {
        match input.gpus.get(&device) {
            Some(memory) if memory.free < needed => lacking = lacking.or(Some((device, needed, memory.free))),
            Some(_) => {}
            None => unknown = unknown.or(Some(device)),
        }
    }
    let facts = Facts {
        needed: join(needed(&detector), needed(&recoverer)).saturating_add(with_margin(input.base)),
        anonymous: join(detector.anonymous, recoverer.anonymous).saturating_add(input.base),
        mapped: join(detector.mapped, recoverer.mapped),
        pages: if candidate.rereads { 0 } else { join(detector.mapped, recoverer.mapped) },
        lacking,
    };
    Demand { detector, recoverer, facts, unknown }
}

fn accepted(input: &PlanInput, candidate: Candidate, demand: Demand, steps: Vec<Step>) -> Plan {
    let mut notes = input.host.notes.clone();
    notes.extend(demand.unknown.map(|device| {
        format!("the driver of {device} does not tell its memory, so it is not checked whether the models fit there")
    }));
    Plan {
        rung: candidate.rung,
        next: None,
        mode: candidate.mode,
        detector: demand.detector,
        recoverer: demand.recoverer,
        needed: demand.facts.needed,
        anonymous: demand.facts.anonymous,
        mapped: demand.facts.mapped,
        budget: input.host.clone(),
        steps,
        notes,
    }
}

/// What would fit: another mode first, since its result is the same; then another detector.
fn remedy(input: &PlanInput) -> String {
    if input.mode != MemoryMode::Automatic {
        let would = candidates(input, MemoryMode::Automatic)
            .into_iter()
            .map(|candidate| (candidate, demand(input, &input.detector, candidate)))
            .find(|(_, demand)| fits(input, demand));
        if let Some((candidate, demand)) = would {
            return words::other_mode(candidate.rung, demand.facts.needed);
        }
    }
    // The heaviest that fits is likely the best.
    let mut lighter: Vec<(&Need, Rung, u64)> = input
        .others
        .iter()
        .filter_map(|other| {
            let would = candidates(input, MemoryMode::Automatic)
                .into_iter()
                .map(|candidate| (candidate, demand(input, other, candidate)))
                .find(|(_, demand)| fits(input, demand))?;
            Some((other, would.0.rung, would.1.facts.needed))
        })
        .collect();
    lighter.sort_by_key(|(.., needed)| std::cmp::Reverse(*needed));
    match lighter.first() {
        Some((other, rung, needed)) => words::lighter_detector(&other.id, *rung, *needed),
        None => words::nothing_fits(input.host.source),
    }
}
