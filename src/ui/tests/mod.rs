//! The window driven as a user drives it, on states that tests put in place.

mod compare;
mod device_loss;
mod exports;
pub(super) mod fake;
mod gallery;
mod panels;
mod transitions;
mod whole;
