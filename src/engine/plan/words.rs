//! A plan in words.

use super::{ModelPlan, Plan};
use crate::engine::memory::{Budget, LimitSource};
use crate::types::{ByteSize, Device, MemoryMode, Rung, WeightsHeld};

/// What a rung comes to.
pub(super) struct Facts {
    /// Memory that must be there: file pages too, unless they may be read again and again.
    pub needed: u64,
    /// File pages that are counted in it.
    pub pages: u64,
    /// Of the process, not to be dropped.
    pub anonymous: u64,
    /// File pages.
    pub mapped: u64,
    /// A GPU that holds too little: device, needed, free.
    pub lacking: Option<(Device, u64, u64)>,
}

/// Why a rung is taken or not.
pub(super) fn verdict(facts: &Facts, rung: Rung, host: &Budget) -> String {
    let name = rung.name();
    if let Some((device, needed, free)) = facts.lacking {
        return format!("{name}: needs {} of {device}, which has {} free", ByteSize(needed), ByteSize(free));
    }
    let needed = facts.needed;
    let pages = match facts.pages {
        0 => String::new(),
        pages => format!(", {} of it file pages", ByteSize(pages)),
    };
    let against = if needed <= host.usable() { "fits into" } else { "is more than" };
    format!(
        "{name}: {} with an eighth to spare{pages}, {against} the {} that may be used",
        ByteSize(needed),
        ByteSize(host.usable())
    )
}

pub(super) fn other_mode(rung: Rung, needed: u64) -> String {
    format!("It would fit as '{}' ({}): choose --memory-mode automatic.", rung.name(), ByteSize(needed))
}

pub(super) fn lighter_detector(id: &str, rung: Rung, needed: u64) -> String {
    format!(
        "A lighter detector would fit: --detector {id}, as '{}' ({} in all).",
        rung.name(),
        ByteSize(needed)
    )
}

pub(super) fn nothing_fits(source: LimitSource) -> String {
    match source {
        LimitSource::User => "Raise the memory limit.".to_owned(),
        LimitSource::ControlGroup => "Raise the control group's memory limit.".to_owned(),
        LimitSource::Free | LimitSource::Machine | LimitSource::Unknown => {
            "Close other programs, or use a machine with more memory.".to_owned()
        }
    }
}

impl ModelPlan {
    /// The model in a line: what it is, where, how much.
    pub fn words(&self) -> String {
        let Self { id, device, batch, anonymous, mapped, gpu, .. } = self;
        let mut words = format!("{id} on {device}: {}", ByteSize(*anonymous));
        if self.weights == WeightsHeld::Mapped && *device == Device::Cpu {
            words.push_str(&format!(" and {} of file pages", ByteSize(*mapped)));
        }
        if *gpu > 0 {
            words.push_str(&format!(", {} of the GPU", ByteSize(*gpu)));
        }
        if *batch > 1 {
            words.push_str(&format!(", {batch} at a time"));
        }
        words
    }
}

impl Plan {
    /// The plan in one line.
    pub fn headline(&self) -> String {
        let mode = match self.mode {
            MemoryMode::OneAtATime => "one model at a time",
            MemoryMode::OnDemand => "detector on demand",
            MemoryMode::AllAtOnce | MemoryMode::Automatic => "both models at once",
        };
        let how = match self.rung {
            Rung::OneAtATime => String::new(),
            rung => format!(", {}", rung.name()),
        };
        let pages = match self.mapped {
            0 => String::new(),
            mapped => format!(" and {} of file pages", ByteSize(mapped)),
        };
        format!(
            "{mode}{how}: {}{pages}, of {} that may be used",
            ByteSize(self.anonymous),
            ByteSize(self.budget.usable())
        )
    }

    /// The plan for people, a fact a line.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            self.headline(),
            format!("limit: {}, {} kept free", self.budget.words(), ByteSize(self.budget.reserve)),
            self.detector.words(),
            self.recoverer.words(),
        ];
        lines.extend(
            self.steps
                .iter()
                .map(|step| format!("{} {}", if step.taken { "taken:" } else { "not taken:" }, step.reason)),
        );
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines
    }
}
