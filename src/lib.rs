//! snowmesh plays a snowboarding clip, finds and tracks the rider, recovers his body as a mesh, draws it over the
//! picture and exports it.
//!
//! # Rooms
//! Arrows point one way: `main → {cli, ui} → engine → {video, inference, tracking, body, store, render, formats, download} →
//! types`.
//! Siblings never import each other; the engine joins them. `ui → render` is allowed for the viewport alone.
//! `tests/layering.rs` holds the arrows.

pub mod body;
pub mod cli;
pub mod download;
pub mod engine;
pub mod formats;
pub mod inference;
pub mod render;
pub mod settings;
pub mod store;
pub mod tracking;
pub mod types;
pub mod ui;
pub mod video;
