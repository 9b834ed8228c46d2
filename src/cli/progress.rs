//! Telling progress: a bar for people, JSON lines for programs.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle as BarStyle};
use serde::Serialize;

use super::args::ProgressStyle;
use super::output;
use crate::engine::{Progress, Reporter, ResolvedRiders};
use crate::types::RiderFrame;

/// A line of `--progress json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Progress {
        clip: &'a str,
        #[serde(flatten)]
        progress: &'a Progress,
    },
    Warning {
        clip: &'a str,
        message: &'a str,
    },
}

/// Reports one clip's job on the terminal.
pub struct TerminalReporter {
    clip: String,
    style: ProgressStyle,
    bar: Option<ProgressBar>,
}

impl TerminalReporter {
    /// A reporter for `clip`; without a wish, a bar on a terminal and nothing elsewhere.
    pub fn new(clip: String, style: Option<ProgressStyle>) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let style = style.unwrap_or(if terminal { ProgressStyle::Bar } else { ProgressStyle::None });
        let bar = (style == ProgressStyle::Bar).then(|| {
            let bar = ProgressBar::new(0);
            let template = "{prefix} {msg:.dim} {wide_bar} {pos}/{len} frames, {eta} left";
            if let Ok(look) = BarStyle::with_template(template) {
                bar.set_style(look);
            }
            bar.set_prefix(clip.clone());
            bar
        });
        Self { clip, style, bar }
    }

    fn line(&self, line: &Line<'_>) {
        if self.style == ProgressStyle::Json {
            // A reader that is gone must not stop the work.
            let _ = output::print_json(line);
        }
    }
}

impl Drop for TerminalReporter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Reporter for TerminalReporter {
    fn progress(&self, progress: Progress) {
        if let Some(bar) = &self.bar {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
            bar.set_message(progress.stage.clone());
        }
        self.line(&Line::Progress { clip: &self.clip, progress: &progress });
    }

    fn warning(&self, message: String) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("snowmesh: {}: {message}", self.clip)),
            None => eprintln!("snowmesh: {}: {message}", self.clip),
        }
        self.line(&Line::Warning { clip: &self.clip, message: &message });
    }

    fn riders(&self, _frame: u64, _riders: &[RiderFrame]) {}

    fn wants_riders(&self) -> bool {
        false
    }

    fn resolved(&self, _riders: ResolvedRiders) {}
}
