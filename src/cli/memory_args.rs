//! Flags about memory.

use clap::{Args, ValueEnum};

use crate::settings::MemorySettings;
use crate::types::{ByteSize, MemoryMode, MemoryWish, Rung};

/// How much memory an analysis may take; what is not given comes from the saved settings.
#[derive(Debug, Args)]
pub struct MemoryArgs {
    /// Most memory that the analysis may take, as 6GiB or 800MiB; without it, what the machine gives.
    #[arg(long, value_name = "SIZE")]
    pub memory_limit: Option<ByteSize>,
    /// Which models are in memory together.
    #[arg(long, value_enum, value_name = "MODE")]
    pub memory_mode: Option<ModeArg>,
    /// First way to save memory to try, for going on after a run that was ended.
    #[arg(long, value_enum, value_name = "WAY")]
    pub memory_from: Option<RungArg>,
}

impl MemoryArgs {
    /// The wish that results: flags over `saved`.
    pub fn resolve(&self, saved: &MemorySettings) -> MemoryWish {
        MemoryWish {
            limit: self.memory_limit.or(saved.limit),
            mode: self.memory_mode.map_or(saved.mode, Into::into),
            from: self.memory_from.map_or_else(Rung::default, Into::into),
        }
    }
}

/// [`MemoryMode`] as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    /// The fastest of the others that fits.
    Automatic,
    /// Detector and recoverer for the whole run.
    AllAtOnce,
    /// The detector for the whole clip, then the recoverer.
    OneAtATime,
    /// The recoverer for the whole run, the detector only while frames need it.
    OnDemand,
}

impl From<ModeArg> for MemoryMode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Automatic => Self::Automatic,
            ModeArg::AllAtOnce => Self::AllAtOnce,
            ModeArg::OneAtATime => Self::OneAtATime,
            ModeArg::OnDemand => Self::OnDemand,
        }
    }
}

/// [`Rung`] as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RungArg {
    /// As asked, weights copied.
    FullSpeed,
    /// Weights stay pages of their file.
    Mapped,
    /// The detector on the processor.
    DetectorOnProcessor,
    /// One model at a time.
    OneAtATime,
    /// People one by one.
    SmallBatch,
    /// Weights read again from the disk.
    Tight,
}

impl From<RungArg> for Rung {
    fn from(rung: RungArg) -> Self {
        match rung {
            RungArg::FullSpeed => Self::FullSpeed,
            RungArg::Mapped => Self::Mapped,
            RungArg::DetectorOnProcessor => Self::DetectorOnProcessor,
            RungArg::OneAtATime => Self::OneAtATime,
            RungArg::SmallBatch => Self::SmallBatch,
            RungArg::Tight => Self::Tight,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Cli, Command};
    use super::*;

    fn wish(flags: &[&str]) -> Result<MemoryWish, String> {
        let line = ["snowmesh", "analyze", "a.mp4"].iter().chain(flags);
        let cli = Cli::try_parse_from(line).map_err(|error| error.to_string())?;
        let Some(Command::Analyze(args)) = cli.command else { panic!("{cli:?}") };
        let saved = MemorySettings { limit: Some(ByteSize(9)), ..MemorySettings::default() };
        Ok(args.analysis.memory.resolve(&saved))
    }

    #[test]
    fn flags_win_over_saved_settings() {
        assert_eq!(wish(&[]).unwrap().limit, Some(ByteSize(9)));
        let given =
            wish(&["--memory-limit", "6GiB", "--memory-mode", "one-at-a-time", "--memory-from", "mapped"]);
        assert_eq!(
            given.unwrap(),
            MemoryWish { limit: Some(ByteSize(6 << 30)), mode: MemoryMode::OneAtATime, from: Rung::Mapped }
        );
    }

    #[test]
    fn a_limit_of_nothing_or_nonsense_is_refused_with_how_to_write_it() {
        for bad in ["0", "0GiB", "much", "-1GiB", "6 giraffes"] {
            let error = wish(&[&format!("--memory-limit={bad}")]).unwrap_err();
            assert!(error.contains("6GiB"), "{bad}: {error}");
        }
    }
}
