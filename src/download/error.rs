//! What can go wrong on the way.

use std::path::PathBuf;

/// Errors of the download room.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// An address that anybody on the way could answer for.
    #[error("{url} is not an https address; nothing is fetched from it")]
    NotHttps {
        /// The address.
        url: String,
    },
    /// There is no way to the server.
    #[error("{url} cannot be reached ({cause}); check the network")]
    Unreachable {
        /// The address.
        url: String,
        /// What was said.
        cause: String,
    },
    /// The file is no longer there.
    #[error("{url} is a dead link (the server says {status}): the file has moved or was taken away")]
    DeadLink {
        /// The address.
        url: String,
        /// The server's answer.
        status: u16,
    },
    /// The server gives something else than the file.
    #[error("{url} does not give the file: {cause}")]
    Refused {
        /// The address.
        url: String,
        /// What it gives.
        cause: String,
    },
    /// The connection ended before the file did.
    #[error("{url} broke off after {got} of {total} bytes; run the same again to go on from there")]
    BrokeOff {
        /// The address.
        url: String,
        /// Bytes that are there.
        got: u64,
        /// Bytes that there should be.
        total: u64,
    },
    /// Nothing came for a while.
    #[error("{url} has sent nothing for {seconds} seconds; run the same again to go on from {got} bytes")]
    Stalled {
        /// The address.
        url: String,
        /// Bytes that are there.
        got: u64,
        /// How long.
        seconds: u64,
    },
    /// The server has a file of another length.
    #[error("{url} is another file: it has {found} bytes instead of {expected}")]
    WrongLength {
        /// The address.
        url: String,
        /// Bytes that there should be.
        expected: u64,
        /// Bytes that the server tells or has sent.
        found: u64,
    },
    /// What came is not the file.
    #[error(
        "{path}: what was fetched is not the right file (its SHA-256 is {found}, not {expected}); it has been deleted",
        path = path.display()
    )]
    WrongBytes {
        /// Where it would have gone.
        path: PathBuf,
        /// SHA-256 that it should have.
        expected: String,
        /// SHA-256 that it has.
        found: String,
    },
    /// The disk does not take it.
    #[error("{path}: {cause}; free some space or check the permissions, then run the same again", path = path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
}

impl DownloadError {
    /// Whether the same request may give the rest.
    pub fn may_go_on(&self) -> bool {
        matches!(self, Self::BrokeOff { .. } | Self::Stalled { .. })
    }
}
