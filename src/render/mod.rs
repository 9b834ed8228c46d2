//! Drawing on the GPU: the only room that knows wgpu.
//!
//! One [`OverlayRenderer`] serves the window and the export, so that what is exported is what was seen. It draws an
//! [`OverlayScene`] (plain data) into a [`RenderTarget`] of any size through a [`ViewTransform`]: the window zooms and
//! pans by changing the view and shows the target as a texture; the export reads it back ([`Readback`]).
//!
//! # Colour
//! Targets hold gamma-coded values and blending happens on them, as in video editors and browsers: half opacity is the
//! mean of two code values. The frame passes through unchanged. Only the lighting of bodies is computed in linear
//! light; its result is coded before it is blended.
//!
//! # Errors
//! Whatever the device does, out of memory or lost included, comes back as a [`RenderError`]; nothing panics.

mod adapter;
mod buffer;
mod error;
mod geometry;
mod gpu;
mod layer;
mod memory;
mod part;
mod passes;
mod readback;
mod renderer;
mod scene;
mod shader;
mod staging;
mod target;
mod view;

#[cfg(test)]
mod tests;

pub use adapter::{AdapterPreference, AdapterReport};
pub use error::RenderError;
pub use gpu::Gpu;
pub use memory::AdapterMemory;
pub use part::DrawnPart;
pub use readback::Readback;
pub use renderer::OverlayRenderer;
pub use scene::{LabelledBox, LinePattern, MeshInstance, Outline, OverlayScene, Skeleton, Srgb, Tag, Trail};
pub use target::{RenderTarget, TARGET_FORMAT};
pub use view::ViewTransform;
