//! What can go wrong in a chore.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// The result of a chore.
pub type Result<T> = std::result::Result<T, Error>;

/// Errors of the chores; each says what was being done, and what to do where that is known.
#[derive(Debug)]
pub enum Error {
    /// The command line makes no sense.
    Usage(String),
    /// A program cannot be started at all.
    NotStarted {
        /// The whole command line.
        command: String,
        /// Why.
        cause: io::Error,
    },
    /// A program ran and failed.
    Failed {
        /// The whole command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A file or folder cannot be read or written.
    File {
        /// What was tried, as in "cannot …".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Something is missing that only the user can bring.
    Missing(String),
}

impl Error {
    /// For `map_err` on file operations.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File { action, path: path.to_owned(), cause }
    }

    /// The exit code of the whole run: a failed program's own, 2 for usage, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed { status, .. } => {
                status.code().and_then(|code| u8::try_from(code).ok()).filter(|&code| code != 0).unwrap_or(1)
            }
            Self::NotStarted { .. } | Self::File { .. } | Self::Missing(_) => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) => write!(f, "{problem}; 'cargo xtask help' lists the commands"),
            Self::NotStarted { command, cause } => write!(f, "cannot start '{command}': {cause}"),
            Self::Failed { command, status } => write!(f, "'{command}' failed ({status})"),
            Self::File { action, path, cause } => write!(f, "cannot {action} {}: {cause}", path.display()),
            Self::Missing(what) => f.write_str(what),
        }
    }
}
