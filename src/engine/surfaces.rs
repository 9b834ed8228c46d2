//! What riders look like: colours read from the picture while it is at hand, and put on the mesh when it is drawn.

use std::sync::Arc;

use crate::body::{BodyModel, SurfacePatches, SurfaceSampler};

/// A body model and how its surface is divided.
#[derive(Clone, Debug)]
pub struct Surfaces {
    model: Arc<BodyModel>,
    patches: Arc<SurfacePatches>,
}

impl Surfaces {
    /// Divides the surface of `model`.
    pub fn new(model: Arc<BodyModel>) -> Self {
        let patches = Arc::new(SurfacePatches::new(&model));
        Self { model, patches }
    }

    /// A reader for one thread.
    pub fn sampler(&self) -> SurfaceSampler {
        SurfaceSampler::new(Arc::clone(&self.model), Arc::clone(&self.patches))
    }
}
