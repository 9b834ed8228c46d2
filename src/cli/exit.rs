//! Exit codes, and the message that goes with each.

use std::process::ExitCode;

use crate::engine::{EngineError, ErrorKind};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A job failed.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// An input file cannot be read.
    UnreadableInput = 3,
    /// A model is missing or wrong.
    Model = 4,
    /// A device is not available.
    Device = 5,
    /// It does not fit in memory.
    Memory = 6,
    /// The user stopped it (128 + SIGINT, as shells have it).
    Cancelled = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::UnreadableInput => Self::UnreadableInput,
            ErrorKind::Model => Self::Model,
            ErrorKind::Device => Self::Device,
            ErrorKind::Memory => Self::Memory,
            ErrorKind::Cancelled => Self::Cancelled,
            ErrorKind::Failed => Self::Failed,
        }
    }
}

/// Why a subcommand ends without success.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What the user reads.
    pub message: String,
}

impl Failure {
    /// The command line makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self { exit: error.kind().into(), message: error.to_string() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { exit: Exit::Failed, message: format!("standard output cannot be written: {error}") }
    }
}

/// Prints `message` and gives the exit code.
pub fn fail(exit: Exit, message: &str) -> ExitCode {
    eprintln!("snowmesh: {message}");
    exit.into()
}
