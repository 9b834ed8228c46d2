//! What the machine says of its memory.

/// All memory of the machine and what could be had without swapping, bytes; 0 where the system does not tell.
pub fn machine() -> (u64, u64) {
    let Ok(mut system) = sysinfo::System::new() else { return (0, 0) };
    system.refresh_memory();
    (system.total_memory(), system.available_memory())
}

/// Whether this is WSL: its kernel carries the maker's name.
pub fn is_wsl() -> bool {
    std::fs::read_to_string("/proc/sys/kernel/osrelease").is_ok_and(|release| is_wsl_kernel(&release))
}

fn is_wsl_kernel(release: &str) -> bool {
    let release = release.to_ascii_lowercase();
    release.contains("microsoft") || release.contains("wsl")
}

/// The file on Windows' side that gives WSL's virtual machine its memory.
pub fn wsl_config() -> &'static str {
    r"%UserProfile%\.wslconfig"
}

/// The lines that give WSL's virtual machine `bytes` of memory.
pub fn wsl_lines(bytes: u64) -> String {
    format!("[wsl2]\nmemory={}GB", bytes.div_ceil(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_of_wsl_is_known_by_its_name() {
        assert!(is_wsl_kernel("5.15.167.4-microsoft-standard-WSL2\n"));
        assert!(is_wsl_kernel("4.4.0-19041-Microsoft"));
        assert!(!is_wsl_kernel("6.1.0-18-amd64"));
    }

    #[test]
    fn the_lines_for_wsl_round_up_to_whole_gigabytes() {
        assert_eq!(wsl_lines((5 << 30) + 1), "[wsl2]\nmemory=6GB");
    }

    #[test]
    fn the_machine_has_more_than_is_available() {
        let (all, available) = machine();
        assert!(all >= available && available > 0, "{all} {available}");
    }
}
