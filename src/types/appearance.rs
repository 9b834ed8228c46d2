//! What a body's surface looks like in a frame, and what else a picture tells of who is who.

use super::mask::Mask;
use super::motion::CameraMotion;

/// Patches that a body's surface is divided into.
pub const PATCH_COUNT: usize = 512;

/// One patch of a body's surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Mean colour, gamma-coded R'G'B' of 8 bits as in the picture.
    pub rgb: [u8; 3],
    /// How well it is seen: 0 not at all, 255 in full, from straight ahead and on a body beyond doubt.
    pub weight: u8,
}

/// The colours of a body's surface as seen in one frame: [`PATCH_COUNT`] patches, the same places on every pose and
/// shape of one body model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurfaceColors(Box<[Patch; PATCH_COUNT]>);

impl Default for SurfaceColors {
    fn default() -> Self {
        Self(Box::new([Patch::default(); PATCH_COUNT]))
    }
}

impl SurfaceColors {
    /// The patches.
    pub fn patches(&self) -> &[Patch; PATCH_COUNT] {
        &self.0
    }

    /// The patches, to be filled.
    pub fn patches_mut(&mut self) -> &mut [Patch; PATCH_COUNT] {
        &mut self.0
    }

    /// Whether no patch is seen.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|patch| patch.weight == 0)
    }
}

/// What a frame's picture tells of who is who beyond the observations themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameEvidence {
    /// How the camera moved into the frame.
    pub motion: CameraMotion,
    /// Surface colours by observation, in the observations' order; `None`, and past the end, where they are not known.
    pub appearances: Vec<Option<SurfaceColors>>,
    /// The shapes of those whose detector gives them, each with the box of its observation.
    pub masks: Vec<Mask>,
}

impl FrameEvidence {
    /// The surface colours of the observation with this index, where they are known.
    pub fn appearance(&self, observation: usize) -> Option<&SurfaceColors> {
        self.appearances.get(observation)?.as_ref()
    }
}
