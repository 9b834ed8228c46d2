//! Memory of a running process, as Linux tells it, and ending it.

use std::process::Command;

use crate::error::Result;
use crate::process::run;

/// Memory of one process, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub resident: u64,
    pub anonymous: u64,
}

impl Memory {
    /// Of the process with this number; nothing once it has ended.
    pub fn of(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        // proc_pid_status(5): in kibibytes.
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()
        };
        Self {
            resident: field("VmRSS:").unwrap_or(0) * 1024,
            anonymous: field("RssAnon:").unwrap_or(0) * 1024,
        }
    }

    /// The larger of each.
    pub fn max(self, other: Self) -> Self {
        Self { resident: self.resident.max(other.resident), anonymous: self.anonymous.max(other.anonymous) }
    }
}

/// The children of a process.
pub fn children(process: u32) -> Vec<u32> {
    let folder =
        std::fs::read_dir("/proc").map(|entries| entries.flatten().collect()).unwrap_or_else(|_| Vec::new());
    let numbers = folder.iter().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|number| {
            // proc_pid_stat(5): the parent is the second field after the name in brackets.
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
            let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
            parent == Some(process)
        })
        .collect()
}

/// Ends processes as the out-of-memory killer does.
pub fn kill(processes: &[u32]) -> Result<()> {
    let mut command = Command::new("kill");
    command.arg("-9").args(processes.iter().map(ToString::to_string));
    // One that has just ended by itself is none the worse.
    if crate::process::succeeds(&mut command) || processes.len() == 1 { Ok(()) } else { run(&mut command) }
}
