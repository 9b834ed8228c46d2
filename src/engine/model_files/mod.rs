//! The files of the user's own models: fetched, taken in, checked, removed.

mod benchmark;
mod catalogue;
mod checksums;
mod detector;
mod error;
mod fetch;
mod import;

pub use benchmark::{BatchTime, Benchmark, Resident, benchmark};
pub use catalogue::Offer;
pub(super) use checksums::sha256_of;
pub use error::ModelFileError;
pub use fetch::{FetchRequest, Fetched, fetch};
pub use import::{ImportedModel, import_model, remove_model, verify_model};

#[cfg(test)]
mod fetch_tests;
#[cfg(test)]
mod import_tests;
