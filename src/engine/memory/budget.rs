//! How much memory an analysis may use: the smallest of what binds it, less a reserve.
//!
//! Every source is read into plain numbers first ([`Sources`]), so that what follows from them is a pure function.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cgroup::{self, GroupMemory};
use super::system;
use crate::types::ByteSize;

/// Share of the limit that is kept free, one in this many.
const RESERVE_SHARE: u64 = 16;

/// Least and most that is kept free.
const RESERVE_RANGE: (u64, u64) = (64 << 20, 1 << 30);

/// What can bind an analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitSource {
    /// The user's own limit.
    User,
    /// The control group's limit.
    ControlGroup,
    /// What the machine has free, with what this program holds already.
    Free,
    /// All memory of the machine.
    Machine,
    /// The system tells nothing.
    Unknown,
}

impl LimitSource {
    /// The source in words, to follow an amount: "4 GiB that …".
    pub fn words(self) -> &'static str {
        match self {
            Self::User => "you allow",
            Self::ControlGroup => "the control group allows",
            Self::Free => "the machine has free",
            Self::Machine => "the machine has",
            Self::Unknown => "are assumed, since the system tells nothing",
        }
    }
}

/// What the system and the user say.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The user's limit.
    pub user: Option<u64>,
    /// The control group's limit and use; an error in words where its files cannot be read.
    pub group: Result<Option<GroupMemory>, String>,
    /// Memory of the machine, 0 where unknown.
    pub machine: u64,
    /// What could be had without swapping, 0 where unknown.
    pub available: u64,
    /// Resident memory of this process.
    pub resident: u64,
    /// Whether the machine is WSL's virtual machine.
    pub is_wsl: bool,
}

impl Default for Sources {
    /// Nothing is known.
    fn default() -> Self {
        Self { user: None, group: Ok(None), machine: 0, available: 0, resident: 0, is_wsl: false }
    }
}

impl Sources {
    /// Reads them now.
    pub fn read(user: Option<ByteSize>) -> Self {
        let (machine, available) = system::machine();
        Self {
            user: user.map(|limit| limit.0),
            group: cgroup::own(Path::new("/")),
            machine,
            available,
            resident: super::measure().resident,
            is_wsl: system::is_wsl(),
        }
    }
}

/// Memory that a process may use, and why no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The smallest of everything that binds, bytes.
    pub limit: u64,
    /// What it comes from.
    pub source: LimitSource,
    /// Kept free below the limit, bytes.
    pub reserve: u64,
    /// What could not be found out, in words.
    pub notes: Vec<String>,
}

impl Budget {
    /// The budget now, under the user's limit.
    pub fn now(user: Option<ByteSize>) -> Self {
        Self::from_sources(&Sources::read(user))
    }

    /// What follows from `sources`.
    pub fn from_sources(sources: &Sources) -> Self {
        let mut notes = Vec::new();
        let mut binding = Vec::new();
        if let Some(user) = sources.user {
            binding.push((user, LimitSource::User));
        }
        match &sources.group {
            Ok(Some(group)) => {
                // What others in the group hold is theirs; the rest may become this program's.
                let others = group.unreclaimable.saturating_sub(sources.resident);
                binding.push((group.limit.saturating_sub(others), LimitSource::ControlGroup));
            }
            Ok(None) => {}
            Err(cause) => notes
                .push(format!("the control group's limit cannot be read ({cause}), so it is not counted")),
        }
        if sources.machine > 0 {
            binding.push((sources.machine, LimitSource::Machine));
        }
        if sources.available > 0 {
            binding.push((sources.available.saturating_add(sources.resident), LimitSource::Free));
        }
        let smallest = binding.into_iter().min_by_key(|(bytes, _)| *bytes);
        let (limit, source) = smallest.unwrap_or_else(|| {
            notes.push("the system does not tell how much memory there is".to_owned());
            (UNKNOWN_LIMIT, LimitSource::Unknown)
        });
        let reserve = (limit / RESERVE_SHARE).clamp(RESERVE_RANGE.0, RESERVE_RANGE.1).min(limit);
        Self { limit, source, reserve, notes }
    }

    /// What may be planned with, bytes.
    pub fn usable(&self) -> u64 {
        self.limit - self.reserve
    }

    /// The limit in words: "4 GiB that you allow".
    pub fn words(&self) -> String {
        format!("{} {}", ByteSize(self.limit), self.source.words())
    }
}

/// Assumed where the system tells nothing: what the smallest machines of today have.
const UNKNOWN_LIMIT: u64 = 4 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn machine() -> Sources {
        Sources {
            machine: 16 * GIB,
            available: 12 * GIB,
            resident: GIB,
            group: Ok(None),
            ..Sources::default()
        }
    }

    #[test]
    fn the_smallest_binds_and_is_named() {
        let group = |limit, unreclaimable| Ok(Some(GroupMemory { limit, unreclaimable }));
        for (sources, limit, source) in [
            (machine(), 13 * GIB, LimitSource::Free),
            (Sources { user: Some(6 * GIB), ..machine() }, 6 * GIB, LimitSource::User),
            (Sources { group: group(8 * GIB, GIB), ..machine() }, 8 * GIB, LimitSource::ControlGroup),
            // A neighbour in the group holds 3 GiB.
            (Sources { group: group(8 * GIB, 4 * GIB), ..machine() }, 5 * GIB, LimitSource::ControlGroup),
            (
                Sources { user: Some(6 * GIB), group: group(2 * GIB, 0), ..machine() },
                2 * GIB,
                LimitSource::ControlGroup,
            ),
            (Sources { available: 0, ..machine() }, 16 * GIB, LimitSource::Machine),
        ] {
            let budget = Budget::from_sources(&sources);
            assert_eq!((budget.limit, budget.source), (limit, source), "{sources:?}");
            assert!(budget.notes.is_empty());
            assert!(budget.usable() < limit && budget.usable() > limit / 10 * 9);
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_counts() {
        let group = Err("memory.max: permission denied".to_owned());
        let budget = Budget::from_sources(&Sources { group, ..machine() });
        assert_eq!(budget.limit, 13 * GIB);
        assert!(budget.notes[0].contains("memory.max: permission denied"), "{:?}", budget.notes);
        let budget = Budget::from_sources(&Sources::default());
        assert_eq!((budget.limit, budget.source), (UNKNOWN_LIMIT, LimitSource::Unknown));
        assert_eq!(budget.notes.len(), 1);
    }

    #[test]
    fn a_limit_smaller_than_the_reserve_leaves_nothing_and_does_not_overflow() {
        let budget = Budget::from_sources(&Sources { user: Some(1), ..machine() });
        assert_eq!(budget.usable(), 0);
    }
}
