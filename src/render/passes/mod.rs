//! One pass of drawing a file, each with its WGSL file in `shaders/`.

pub(super) mod boxes;
pub(super) mod composite;
pub(super) mod glyph_atlas;
pub(super) mod label;
pub(super) mod matte;
pub(super) mod mesh;
pub(super) mod outline;
pub(super) mod skeleton;
pub(super) mod stroke;
pub(super) mod trail;
pub(super) mod video_frame;
pub(super) mod wireframe;
