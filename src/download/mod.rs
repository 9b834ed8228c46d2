//! Bringing a file from the network to the disk: the only room that speaks HTTP.
//!
//! A file of gigabytes is never held in memory. It grows as `NAME.part` beside where it is going, is taken up again
//! where it broke off, and gets its name only once its length and its SHA-256 are right. Nothing is sent but the request
//! for the file, and only HTTPS is spoken, but to this machine itself. Threads are the caller's: [`open`] and reading its
//! body wait for the network.

mod error;
mod http;
mod part;

pub use error::DownloadError;
pub use http::{Answer, Resume, open};
pub use part::{Expected, Part};

#[cfg(test)]
mod tests;
