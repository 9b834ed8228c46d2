//! What riders look like: colours read from the picture while it is at hand, and put on the mesh when it is drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::EngineError;
use crate::body::{BodyModel, SurfacePatches, SurfaceSampler};
use crate::store::AnalysisStore;
use crate::tracking::Looks;
use crate::types::{Provenance, RiderFrame, SurfaceColors, TrackId};

/// The colours of every rider who was seen well enough, gathered over the clip.
pub type Textures = BTreeMap<TrackId, SurfaceColors>;

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

/// What everybody in `frames`, as the user has settled who is who, looks like by the observations in `store`.
///
/// # Errors
/// When it cannot be read.
pub(super) fn textures(store: &AnalysisStore, frames: &[Vec<RiderFrame>]) -> Result<Textures, EngineError> {
    let mut looks: BTreeMap<TrackId, Looks> = BTreeMap::new();
    store.each_appearance(|frame, bbox, colors| {
        let riders = usize::try_from(frame).ok().and_then(|index| frames.get(index));
        // An observation is a rider's where it is the one that he was detected by: both have the same box.
        let owner = riders
            .into_iter()
            .flatten()
            .find(|rider| rider.provenance == Provenance::Detected && rider.bbox == *bbox);
        if let Some(rider) = owner {
            looks.entry(rider.track).or_default().add(colors);
        }
    })?;
    let colors = looks.into_iter().map(|(track, looks)| (track, looks.colors()));
    Ok(colors.filter(|(_, colors)| !colors.is_empty()).collect())
}
