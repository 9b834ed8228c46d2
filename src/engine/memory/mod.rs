//! Memory of this process, of its workers and of the machine, as the system tells it.

mod budget;
mod cgroup;
mod give_back;
pub mod gpu;
mod queues;
mod system;

pub use budget::{Budget, LimitSource, Sources};
pub use cgroup::WorkerGroup;
pub use give_back::give_back;
pub use queues::frames_within;
pub use system::{wsl_config, wsl_lines};

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::{MemoryUse, thread};

/// Memory of one process, bytes; all zero where the system tells nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessMemory {
    /// Resident now.
    pub resident: u64,
    /// Highest resident so far.
    pub peak_resident: u64,
    /// Resident and not from a file: what the system cannot drop.
    pub anonymous: u64,
}

/// Memory of this process now, against what it may use.
pub fn measure() -> MemoryUse {
    let ProcessMemory { resident, peak_resident, anonymous } = of_this_process();
    let (machine, _) = system::machine();
    let group = cgroup::own(std::path::Path::new("/")).ok().flatten().map(|group| group.limit);
    let limit = group.map_or(machine, |group| if machine > 0 { group.min(machine) } else { group });
    MemoryUse { resident, peak_resident, anonymous, limit, ..MemoryUse::default() }
}

/// Between two looks at the memory that some work takes.
const LOOK: Duration = Duration::from_millis(2);

/// Does `work`, and gives the most anonymous memory that this process held meanwhile.
///
/// The kernel's own high-water mark cannot tell: it counts file pages too, and keeps what came before.
pub fn watched<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let (done, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let look = || most.fetch_max(of_this_process().anonymous, Ordering::Relaxed);
    let result = std::thread::scope(|scope| {
        // Without a thread to give, the looks before and after have to do.
        let watcher = thread::spawn_scoped(scope, "memory", || {
            while !done.load(Ordering::Relaxed) {
                look();
                std::thread::sleep(LOOK);
            }
        });
        if let Err(error) = watcher {
            tracing::warn!("{error}");
        }
        look();
        let result = work();
        look();
        done.store(true, Ordering::Relaxed);
        result
    });
    (result, most.into_inner())
}

/// Memory of this process.
#[cfg(target_os = "linux")]
pub fn of_this_process() -> ProcessMemory {
    of_process_folder("/proc/self")
}

/// Memory of another process of this user; all zero once it has ended.
#[cfg(target_os = "linux")]
pub fn of_process(process: u32) -> ProcessMemory {
    of_process_folder(&format!("/proc/{process}"))
}

#[cfg(target_os = "linux")]
fn of_process_folder(folder: &str) -> ProcessMemory {
    // proc_pid_status(5): the sizes are in kibibytes.
    let status = std::fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()
    };
    ProcessMemory {
        resident: field("VmRSS:").unwrap_or(0) * 1024,
        peak_resident: field("VmHWM:").unwrap_or(0) * 1024,
        anonymous: field("RssAnon:").unwrap_or(0) * 1024,
    }
}

/// Memory of this process. Its highest value and what of it is anonymous are not told here, so the present whole stands
/// in for both.
#[cfg(not(target_os = "linux"))]
pub fn of_this_process() -> ProcessMemory {
    of_process(std::process::id())
}

/// Memory of another process, as [`of_this_process`].
#[cfg(not(target_os = "linux"))]
pub fn of_process(process: u32) -> ProcessMemory {
    let Ok(mut system) = sysinfo::System::new() else { return ProcessMemory::default() };
    let pid = sysinfo::Pid::from_u32(process);
    system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), false);
    let resident = system.process(pid).map_or(0, sysinfo::Process::memory);
    ProcessMemory { resident, peak_resident: resident, anonymous: resident }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// Held by whoever looks at what it takes itself; other tests of this process take and free far less than that.
    pub(super) static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn touching_memory_raises_the_peak_and_the_anonymous_part_by_it() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let before = measure();
        let block = vec![1u8; 384 << 20];
        let after = measure();
        assert!(block.iter().all(|&b| b == 1));
        assert!(after.peak_resident >= before.resident + (192 << 20), "{before:?} {after:?}");
        assert!(after.anonymous >= before.anonymous + (192 << 20), "{before:?} {after:?}");
        assert!(after.limit >= after.resident);
    }

    #[test]
    fn memory_that_is_given_back_before_the_work_ends_is_seen() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let before = measure().anonymous;
        let ((), most) = watched(|| {
            let block = vec![1u8; 384 << 20];
            std::thread::sleep(Duration::from_millis(50));
            assert!(block.iter().all(|&b| b == 1));
        });
        assert!(most >= before + (192 << 20), "{before} {most}");
    }

    #[test]
    fn a_process_that_is_not_there_has_no_memory() {
        assert_eq!(of_process(u32::MAX), ProcessMemory::default());
    }
}
