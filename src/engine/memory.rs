//! Memory of the process and of the machine, as the system tells it.

use super::MemoryUse;

/// Memory now, all zero where the system tells nothing.
pub fn measure() -> MemoryUse {
    let (resident, peak_resident) = resident();
    MemoryUse { resident, peak_resident, limit: limit().unwrap_or(0) }
}

/// The smaller of the machine's memory and the control group's limit.
fn limit() -> Option<u64> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    let machine = system.total_memory();
    let group = system.cgroup_limits().map(|limits| limits.total_memory).filter(|&limit| limit > 0);
    Some(group.map_or(machine, |group| group.min(machine)))
}

/// Resident memory of this process, now and at its highest.
#[cfg(target_os = "linux")]
fn resident() -> (u64, u64) {
    // proc_pid_status(5): VmRSS and VmHWM are in kibibytes.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()
    };
    (field("VmRSS:").unwrap_or(0) * 1024, field("VmHWM:").unwrap_or(0) * 1024)
}

/// Resident memory of this process; its highest value is not told here, so the present one stands in.
#[cfg(not(target_os = "linux"))]
fn resident() -> (u64, u64) {
    let Ok(pid) = sysinfo::get_current_pid() else { return (0, 0) };
    let mut system = sysinfo::System::new();
    system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), false);
    let resident = system.process(pid).map_or(0, sysinfo::Process::memory);
    (resident, resident)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_memory_raises_the_peak_by_it() {
        let before = measure();
        let block = vec![1u8; 64 << 20];
        let after = measure();
        assert!(block.iter().all(|&b| b == 1));
        assert!(after.peak_resident >= before.resident + (60 << 20), "{before:?} {after:?}");
        assert!(after.limit >= after.resident);
    }
}
