//! Running snowmesh under a hard memory limit.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::process::Memory;
use crate::error::{Error, Result};

/// Between two looks at the process.
const LOOK: Duration = Duration::from_millis(50);

/// Runs snowmesh with the arguments behind the limit (MiB), and says what it took.
///
/// The limit is a control group of its own where this user may make one, which counts file pages too; otherwise
/// `prlimit` limits its data (RLIMIT_DATA, setrlimit(2)), which is its anonymous memory.
pub fn run(arguments: &[String]) -> Result<()> {
    let (limit_mib, rest) = match arguments {
        [limit, rest @ ..] if !rest.is_empty() => (limit.parse::<u64>().ok(), rest),
        _ => (None, arguments),
    };
    let Some(limit_mib) = limit_mib else {
        return Err(Error::Usage("limited takes a limit in MiB and what snowmesh is to do".to_owned()));
    };
    let program = super::release()?;
    let group = Group::make(limit_mib << 20);
    let mut command = match &group {
        Some(group) => {
            // The shell joins the group and becomes snowmesh.
            let mut shell = Command::new("sh");
            shell.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(group.folder.join("cgroup.procs"));
            shell.arg(&program);
            shell
        }
        None => {
            let mut limited = Command::new("prlimit");
            limited.arg(format!("--data={}", limit_mib << 20)).arg(&program);
            limited
        }
    };
    let started = Instant::now();
    let mut child = command
        .args(rest)
        .spawn()
        .map_err(|cause| Error::NotStarted { command: "snowmesh under a limit".to_owned(), cause })?;
    let mut most = Memory::default();
    let status = loop {
        most = most.max(Memory::of(child.id()));
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => std::thread::sleep(LOOK),
            Err(cause) => return Err(Error::NotStarted { command: "snowmesh".to_owned(), cause }),
        }
    };
    println!(
        "{status} after {:.1} s under {limit_mib} MiB ({}): at most {} MiB anonymous, {} MiB resident{}",
        started.elapsed().as_secs_f64(),
        if group.is_some() { "control group" } else { "RLIMIT_DATA" },
        most.anonymous >> 20,
        most.resident >> 20,
        group
            .as_ref()
            .and_then(Group::most)
            .map_or_else(String::new, |bytes| format!(", {} MiB in the group", bytes >> 20))
    );
    if status.success() { Ok(()) } else { Err(Error::Failed { command: "snowmesh".to_owned(), status }) }
}

/// A control group for one run.
struct Group {
    folder: PathBuf,
}

impl Group {
    fn make(limit: u64) -> Option<Self> {
        let name = format!("snowmesh-limited-{}", std::process::id());
        [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]
            .into_iter()
            .find_map(|(mount, file)| {
                let group = Self { folder: PathBuf::from(mount).join(&name) };
                std::fs::create_dir(&group.folder).ok()?;
                std::fs::write(group.folder.join(file), limit.to_string()).ok()?;
                Some(group)
            })
    }

    /// The most that was in use at once.
    fn most(&self) -> Option<u64> {
        ["memory.max_usage_in_bytes", "memory.peak"]
            .iter()
            .find_map(|file| std::fs::read_to_string(self.folder.join(file)).ok()?.trim().parse().ok())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.folder);
    }
}
