//! A worker that ended without saying why: what is known of it, in plain words.

use std::process::ExitStatus;

use super::Breadcrumb;
use crate::types::Rung;

/// What ended a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The control group's limit: the kernel has said so.
    GroupLimit,
    /// SIGKILL: the system's way when memory runs out, or someone's by hand.
    Killed,
    /// A signal of a crash, within a native library.
    Crash(i32),
    /// Another signal: asked to end from outside.
    Signal(i32),
    /// It ended by itself, without its last word.
    Exit(Option<i32>),
}

/// SIGKILL and the signals of a crash, signal(7), the same on every Unix: illegal instruction, abort, bus error,
/// arithmetic, segmentation fault.
const SIGKILL: i32 = 9;
const CRASHES: [(i32, &str); 5] = [
    (4, "SIGILL, an instruction that this processor lacks"),
    (6, "SIGABRT, a library that gave up"),
    (7, "SIGBUS, a file that was cut short while in use"),
    (8, "SIGFPE, a calculation that cannot be done"),
    (11, "SIGSEGV, memory that is not there"),
];

impl Cause {
    /// What `status` says; `group_kills` is how often the kernel has enforced the worker's own limit.
    pub fn of(status: ExitStatus, group_kills: Option<u64>) -> Self {
        match signal(status) {
            Some(SIGKILL) if group_kills.is_some_and(|kills| kills > 0) => Self::GroupLimit,
            Some(SIGKILL) => Self::Killed,
            Some(signal) if CRASHES.iter().any(|(crash, _)| *crash == signal) => Self::Crash(signal),
            Some(signal) => Self::Signal(signal),
            None => Self::Exit(status.code()),
        }
    }

    /// Whether less memory may help.
    pub fn is_memory(self) -> bool {
        matches!(self, Self::GroupLimit | Self::Killed)
    }

    /// In plain words, to follow "the analysis" or "the export".
    pub fn words(self) -> String {
        match self {
            Self::GroupLimit => {
                "was ended by the system, since it reached its memory limit (SIGKILL)".to_owned()
            }
            Self::Killed => {
                "was ended from outside (SIGKILL), as the system does when memory runs out".to_owned()
            }
            Self::Crash(signal) => {
                let name =
                    CRASHES.iter().find(|(crash, _)| *crash == signal).map_or("a signal", |(_, name)| name);
                format!("crashed inside a library ({name})")
            }
            Self::Signal(signal) => format!("was asked to end from outside (signal {signal})"),
            Self::Exit(Some(code)) => format!("ended unexpectedly (exit code {code})"),
            Self::Exit(None) => "ended unexpectedly".to_owned(),
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// The end of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// What ended it.
    pub cause: Cause,
    /// What it was doing.
    pub crumb: Option<Breadcrumb>,
    /// Frames that are in the analysis file, and frames of the clip.
    pub kept: (u64, u64),
    /// The rung to go on from.
    pub next: Option<Rung>,
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the analysis {}", self.cause.words())?;
        if let Some(crumb) = &self.crumb {
            write!(f, " while {}", crumb.words())?;
        }
        let (done, total) = self.kept;
        match total {
            0 => f.write_str(". What was analysed is kept")?,
            total => write!(f, ". {done} of {total} frames are kept")?,
        }
        match self.next {
            Some(rung) if self.cause.is_memory() => {
                write!(f, "; it can go on with less memory: {}", rung.name())
            }
            Some(rung) => write!(f, "; it can go on in another way: {}", rung.name()),
            None => f.write_str("; it goes on from there when it is started again"),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn each_end_is_told_for_what_it_is() {
        for (raw, kills, cause, words) in [
            (9, None, Cause::Killed, "SIGKILL"),
            (9, Some(1), Cause::GroupLimit, "memory limit"),
            (9, Some(0), Cause::Killed, "from outside"),
            (11, None, Cause::Crash(11), "SIGSEGV"),
            (6, None, Cause::Crash(6), "inside a library"),
            (15, None, Cause::Signal(15), "signal 15"),
            (101 << 8, None, Cause::Exit(Some(101)), "exit code 101"),
        ] {
            let found = Cause::of(ExitStatus::from_raw(raw), kills);
            assert_eq!(found, cause);
            assert!(found.words().contains(words), "{}", found.words());
        }
    }

    #[test]
    fn the_user_reads_what_it_did_what_is_kept_and_what_comes_next() {
        let crumb = Breadcrumb {
            stage: "loading vitdet-h".into(),
            model: Some("vitdet-h".into()),
            planned: 3 << 30,
            measured: 1 << 30,
            limit: 4 << 30,
            rung: Rung::Mapped,
        };
        let death = Death {
            cause: Cause::Killed,
            crumb: Some(crumb),
            kept: (312, 900),
            next: Some(Rung::OneAtATime),
        };
        let words = death.to_string();
        for part in ["loading vitdet-h", "3 GiB planned", "312 of 900 frames", "one model at a time"] {
            assert!(words.contains(part), "{words}");
        }
        let crash = Death { cause: Cause::Crash(11), crumb: None, kept: (0, 0), next: None }.to_string();
        assert!(crash.contains("goes on from there when it is started again"), "{crash}");
    }
}
