//! The doctor's findings on memory: what there is, what binds, what a virtual machine could be given, what fits.

use super::doctor::{Check, Verdict};
use super::memory::{self, Budget, LimitSource, Sources, gpu};
use super::models::ModelShelf;
use super::planning::{self, Extent};
use crate::inference::{Role, is_hmr2};
use crate::settings::ModelSettings;
use crate::types::{ByteSize, MemoryWish};

/// Memory under which an analysis with the starter models is at risk, bytes.
const COMFORTABLE_MEMORY: u64 = 2 << 30;

/// Memory with which the largest models run at full speed, bytes.
const ROOMY_MEMORY: u64 = 12 << 30;

/// The clip for which it is told what fits: a minute at 60 frames/s.
const CLIP: Extent = Extent { size: (1920, 1080), frames: 3600 };

/// Everything about memory; `limit` is the user's own.
pub fn examine(shelf: &ModelShelf, limit: Option<ByteSize>) -> Vec<Check> {
    let sources = Sources::read(limit);
    let mut checks = vec![machine(&sources), group(&sources)];
    checks.extend(wsl(&sources));
    checks.extend(gpus());
    checks.extend(what_fits(shelf, limit));
    checks
}

fn machine(sources: &Sources) -> Check {
    let budget = Budget::from_sources(sources);
    let detail = format!(
        "{} in the machine, {} free; an analysis may use {} ({}, less a reserve of {})",
        ByteSize(sources.machine),
        ByteSize(sources.available),
        ByteSize(budget.usable()),
        budget.words(),
        ByteSize(budget.reserve)
    );
    if budget.limit >= COMFORTABLE_MEMORY {
        return Check::ok("Memory", detail);
    }
    let advice = match budget.source {
        LimitSource::User => "raise the memory limit to 2 GiB, or leave it out",
        LimitSource::ControlGroup => "raise the control group's limit to 2 GiB",
        _ => "close other programs: 2 GiB make the starter models comfortable",
    };
    Check::bad("Memory", Verdict::Note, detail, advice)
}

fn group(sources: &Sources) -> Check {
    let name = "Control group";
    match &sources.group {
        Ok(None) => Check::ok(name, "sets no limit"),
        Ok(Some(group)) => Check::ok(
            name,
            format!(
                "allows {}, of which {} are in use",
                ByteSize(group.limit),
                ByteSize(group.unreclaimable)
            ),
        ),
        Err(cause) => {
            let advice = "its limit is not counted; set one with --memory-limit if the system ends analyses";
            Check::bad(name, Verdict::Note, format!("its limit cannot be read: {cause}"), advice)
        }
    }
}

/// WSL gives its virtual machine half of the memory unless told otherwise.
fn wsl(sources: &Sources) -> Option<Check> {
    if !sources.is_wsl {
        return None;
    }
    let detail = format!("this is WSL, whose virtual machine has {}", ByteSize(sources.machine));
    Some(if sources.machine >= ROOMY_MEMORY {
        Check::ok("WSL", detail)
    } else {
        let advice = format!(
            "where Windows has more, write these lines into {} and run `wsl --shutdown` in Windows:\n{}",
            memory::wsl_config(),
            memory::wsl_lines(ROOMY_MEMORY)
        );
        Check::bad("WSL", Verdict::Note, detail, advice)
    })
}

/// Where the memory of other GPUs comes from.
const BY_VULKAN: &str =
    "For webgpu what Vulkan tells of the first graphics adapter counts; DXGI and Metal are not asked";

fn gpus() -> Vec<Check> {
    let name = "GPU memory";
    match gpu::nvidia_gpus() {
        Err(cause) => {
            let told = format!("for cuda: no NVIDIA driver tells any ({cause}). {BY_VULKAN}");
            vec![Check::ok(name, told)]
        }
        Ok(found) if found.is_empty() => {
            vec![Check::ok(name, format!("for cuda: the NVIDIA driver has no GPU. {BY_VULKAN}"))]
        }
        Ok(found) => found
            .into_iter()
            .map(|(gpu, memory)| match memory {
                Some(memory) => Check::ok(
                    name,
                    format!("{gpu}: {} of {} free", ByteSize(memory.free), ByteSize(memory.total)),
                ),
                None => {
                    let advice = "it is not checked whether models fit there; choose cpu if they do not";
                    Check::bad(name, Verdict::Note, format!("{gpu}: the driver tells no memory"), advice)
                }
            })
            .collect(),
    }
}

/// For each recoverer and detector that are there: how they fit.
fn what_fits(shelf: &ModelShelf, limit: Option<ByteSize>) -> Vec<Check> {
    let Ok(models) = shelf.list() else { return Vec::new() };
    let present = |role| models.iter().filter(move |model| model.role == role && model.present);
    let mut checks = Vec::new();
    for recoverer in present(Role::Recoverer) {
        for detector in present(Role::Detector) {
            let settings = ModelSettings {
                detector: detector.id.clone(),
                recoverer: recoverer.id.clone(),
                ..ModelSettings::default()
            };
            let wish = MemoryWish { limit, ..MemoryWish::default() };
            let name = format!("{} with {}", detector.id, recoverer.id);
            checks.push(match planning::plan_for(&settings, &wish, shelf, CLIP) {
                Ok(plan) => Check::ok(name, plan.headline()),
                // Models that the user brought may be too large without anything being wrong with the rest.
                Err(error) => {
                    let advice = "choose other models, or give the analysis more memory";
                    Check::bad(&name, Verdict::Note, error.to_string(), advice)
                }
            });
        }
    }
    if !models.iter().any(|model| is_hmr2(&model.id) && model.present) {
        let needs = "HMR2 is not there; with it an analysis takes 0.5 GiB and 2.6 GiB of file pages";
        checks.push(Check::ok("HMR2", needs));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wsl_is_told_the_very_lines_and_only_there() {
        let small = Sources { machine: 4 << 30, is_wsl: true, ..Sources::default() };
        let advice = wsl(&small).unwrap().advice.unwrap();
        assert!(advice.contains("[wsl2]\nmemory=12GB") && advice.contains(".wslconfig"), "{advice}");
        assert_eq!(wsl(&Sources { machine: 16 << 30, ..small.clone() }).unwrap().verdict, Verdict::Ok);
        assert_eq!(wsl(&Sources { is_wsl: false, ..small }), None);
    }

    #[test]
    fn a_group_that_cannot_be_read_is_a_note_with_what_to_do() {
        let unreadable = Sources { group: Err("memory.max: permission denied".into()), ..Sources::default() };
        let check = group(&unreadable);
        assert_eq!(check.verdict, Verdict::Note);
        assert!(
            check.detail.contains("permission denied") && check.advice.unwrap().contains("--memory-limit")
        );
    }

    #[test]
    fn little_memory_names_what_binds_it() {
        let tight = Sources { user: Some(1 << 30), machine: 8 << 30, ..Sources::default() };
        let check = machine(&tight);
        assert!(check.detail.contains("1 GiB you allow"), "{}", check.detail);
        assert!(check.advice.unwrap().contains("raise the memory limit"));
    }
}
