use std::collections::BTreeMap;

use super::*;
use crate::engine::memory::{LimitSource, Sources};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// HMR2 as measured: 2.6 GiB of weights, 13 MiB a person.
fn hmr2() -> Need {
    let footprint = Footprint {
        weights: 2682 * MIB,
        mappable: true,
        session: 40 * MIB,
        activations: 13 * MIB,
        load_extra: 0,
        measured: true,
    };
    Need { id: "hmr2".into(), device: Device::Cpu, footprint, workers: 1, batch: 8 }
}

/// ViTDet-H as measured: 2.7 GiB of weights, 2.5 GiB a picture.
fn vitdet() -> Need {
    let footprint = Footprint {
        weights: 2765 * MIB,
        mappable: true,
        session: 146 * MIB,
        activations: 2537 * MIB,
        load_extra: 0,
        measured: true,
    };
    Need { id: "vitdet-h".into(), device: Device::Cpu, footprint, workers: 1, batch: 1 }
}

fn nanodet() -> Need {
    let footprint = Footprint {
        weights: 7 * MIB,
        mappable: false,
        session: 20 * MIB,
        activations: 25 * MIB,
        load_extra: 15 * MIB,
        measured: false,
    };
    Need { id: "nanodet".into(), device: Device::Cpu, footprint, workers: 1, batch: 1 }
}

fn host(limit: u64) -> Budget {
    Budget::from_sources(&Sources { user: Some(limit), machine: 64 * GIB, ..Sources::default() })
}

fn input(limit: u64) -> PlanInput {
    PlanInput {
        detector: vitdet(),
        recoverer: hmr2(),
        others: vec![nanodet()],
        base: 300 * MIB,
        host: host(limit),
        gpus: BTreeMap::new(),
        mode: MemoryMode::Automatic,
        from: Rung::FullSpeed,
    }
}

#[test]
fn each_limit_gets_the_first_rung_that_fits_it() {
    for (limit, rung, mode) in [
        (16 * GIB, Rung::FullSpeed, MemoryMode::AllAtOnce),
        (11 * GIB, Rung::FullSpeed, MemoryMode::AllAtOnce),
        (10 * GIB, Rung::Mapped, MemoryMode::AllAtOnce),
        (8 * GIB, Rung::OneAtATime, MemoryMode::OneAtATime),
        (7 * GIB, Rung::OneAtATime, MemoryMode::OneAtATime),
        (6 * GIB, Rung::Tight, MemoryMode::OneAtATime),
        (4 * GIB, Rung::Tight, MemoryMode::OneAtATime),
    ] {
        let plan = plan(&input(limit)).unwrap();
        assert_eq!((plan.rung, plan.mode), (rung, mode), "{} GiB: {:#?}", limit / GIB, plan.steps);
        assert!(plan.anonymous <= plan.budget.usable());
        let (last, before) = plan.steps.split_last().unwrap();
        assert!(last.taken && last.rung == rung);
        assert!(before.iter().all(|step| !step.taken && step.reason.contains("is more than")));
    }
}

#[test]
fn the_pair_that_used_to_be_killed_runs_inside_eight_gibibytes_with_four_of_its_own() {
    let plan = plan(&input(8 * GIB)).unwrap();
    assert!(plan.anonymous < 4 * GIB, "{}", plan.headline());
    assert!(plan.anonymous + plan.mapped < 8 * GIB, "{}", plan.headline());
}

#[test]
fn what_cannot_fit_is_refused_with_numbers_and_what_would() {
    let refusal = plan(&input(2 * GIB)).unwrap_err().to_string();
    // The detector alone: 146 + 2537 + 300 MiB, and an eighth.
    assert!(refusal.contains("at least 3.3 GiB"), "{refusal}");
    assert!(refusal.contains("1.9 GiB may be used") && refusal.contains("2 GiB you allow"), "{refusal}");
    assert!(refusal.contains("--detector nanodet, as 'weights read again from the disk'"), "{refusal}");
}

/// The pair as it was measured on a machine with two cores, where ViTDet-H's size was run on whole pictures.
#[test]
fn the_pair_as_measured_at_its_first_use_is_planned_with_and_refused_where_it_cannot_fit() {
    let measured = |need: Need, session, activations| {
        let footprint = Footprint { session, activations, measured: true, ..need.footprint };
        Need { footprint, ..need }
    };
    let pair = |limit| PlanInput {
        detector: measured(vitdet(), 5_230_592, 2_471_428_096),
        recoverer: measured(hmr2(), 58_220_544, 15_737_856),
        ..input(limit)
    };
    for (limit, rung) in [
        (16 * GIB, Some(Rung::FullSpeed)),
        (8 * GIB, Some(Rung::OneAtATime)),
        (6 * GIB, Some(Rung::OneAtATime)),
        (5 * GIB, Some(Rung::Tight)),
        (4 * GIB, Some(Rung::Tight)),
        (3 * GIB, None),
        (2 * GIB, None),
        (GIB, None),
    ] {
        let found = plan(&pair(limit));
        assert_eq!(found.as_ref().ok().map(|plan| plan.rung), rung, "{} GiB: {found:#?}", limit / GIB);
        match found {
            Ok(plan) => {
                assert!(plan.anonymous < 4 * GIB || rung == Some(Rung::FullSpeed), "{}", plan.headline());
            }
            Err(refusal) => {
                assert!(refusal.needs > refusal.usable && refusal.steps.iter().all(|step| !step.taken));
                assert!(refusal.remedy.contains("--detector nanodet"), "{refusal}");
            }
        }
    }
}

#[test]
fn a_mode_that_cannot_be_kept_is_refused_with_the_one_that_fits() {
    let all = PlanInput { mode: MemoryMode::AllAtOnce, ..input(3600 * MIB) };
    let refusal = plan(&all).unwrap_err();
    assert!(refusal.remedy.contains("--memory-mode automatic"), "{refusal}");
    let small = PlanInput { others: Vec::new(), ..input(100 * MIB) };
    assert!(plan(&small).unwrap_err().remedy.contains("Raise the memory limit"));
    let free = Budget { source: LimitSource::Free, ..host(100 * MIB) };
    let small = PlanInput { others: Vec::new(), host: free, ..input(1) };
    assert!(plan(&small).unwrap_err().remedy.contains("Close other programs"));
}

#[test]
fn a_wished_mode_is_kept_where_it_fits() {
    for mode in [MemoryMode::AllAtOnce, MemoryMode::OneAtATime, MemoryMode::OnDemand] {
        let plan = plan(&PlanInput { mode, ..input(16 * GIB) }).unwrap();
        assert_eq!((plan.mode, plan.rung), (mode, Rung::FullSpeed));
    }
}

#[test]
fn after_a_run_that_ended_badly_no_rung_above_the_one_asked_for_is_tried() {
    for from in Rung::ALL {
        let plan = plan(&PlanInput { from, ..input(32 * GIB) }).unwrap();
        assert!(plan.rung >= from, "{from:?} gave {:?}", plan.rung);
    }
    // The ladder of small models without files to map is short; its end is taken rather than nothing.
    let small = PlanInput { detector: nanodet(), recoverer: nanodet(), from: Rung::Tight, ..input(32 * GIB) };
    assert_eq!(plan(&small).unwrap().mode, MemoryMode::OneAtATime);
}

#[test]
fn a_gpu_that_holds_too_little_gives_the_detector_up_first() {
    let on = |device, need: Need| Need { device, ..need };
    let gpu = |free| BTreeMap::from([(Device::Cuda(0), GpuMemory { total: 12 * GIB, free })]);
    let both = |free| PlanInput {
        detector: on(Device::Cuda(0), vitdet()),
        recoverer: on(Device::Cuda(0), hmr2()),
        gpus: gpu(free),
        ..input(16 * GIB)
    };
    let roomy = plan(&both(12 * GIB)).unwrap();
    assert_eq!((roomy.rung, roomy.detector.device), (Rung::FullSpeed, Device::Cuda(0)));
    let narrow = plan(&both(6 * GIB)).unwrap();
    assert_eq!((narrow.rung, narrow.detector.device), (Rung::DetectorOnProcessor, Device::Cpu));
    assert!(narrow.steps[0].reason.contains("cuda:0, which has 6 GiB free"), "{:?}", narrow.steps);
    // With little memory of the machine as well, the GPU takes one after the other.
    let apart = plan(&PlanInput { host: host(2 * GIB), ..both(7 * GIB) }).unwrap();
    assert_eq!((apart.rung, apart.detector.device), (Rung::OneAtATime, Device::Cuda(0)));
    assert!(plan(&both(GIB)).is_err());
}

#[test]
fn a_gpu_that_tells_no_memory_is_noted_and_not_guessed() {
    let detector = Need { device: Device::WebGpu, ..vitdet() };
    let plan = plan(&PlanInput { detector, ..input(16 * GIB) }).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("webgpu does not tell")), "{:?}", plan.notes);
}

#[test]
fn the_starter_models_fit_into_one_gibibyte() {
    let landmark_fit = Need { id: "landmark-fit".into(), workers: 2, ..nanodet() };
    let starter = PlanInput { detector: nanodet(), recoverer: landmark_fit, ..input(GIB) };
    let full_speed = plan(&starter).unwrap();
    // They have no weights that could be mapped, so that is not offered.
    assert_eq!((full_speed.rung, full_speed.next), (Rung::FullSpeed, Some(Rung::OneAtATime)));
    let last = plan(&PlanInput { from: Rung::OneAtATime, ..starter }).unwrap();
    assert_eq!((last.rung, last.next), (Rung::OneAtATime, None));
}

#[test]
fn numbers_beyond_all_reason_do_not_overflow() {
    let huge = Footprint {
        weights: u64::MAX,
        mappable: true,
        session: u64::MAX,
        activations: u64::MAX,
        load_extra: u64::MAX,
        measured: false,
    };
    let monster = Need { footprint: huge, workers: u64::MAX, batch: u32::MAX, ..vitdet() };
    let monsters = PlanInput { detector: monster.clone(), recoverer: monster, base: u64::MAX, ..input(GIB) };
    assert!(plan(&monsters).is_err());
}
