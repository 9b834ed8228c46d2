//! From a request to its plan: asks the models, the machine and the drivers, then the planner.

use std::collections::BTreeMap;

use super::footprints::{self, Remembered};
use super::memory::{Budget, gpu};
use super::models::ModelShelf;
use super::plan::{self, Need, Plan, PlanInput};
use super::{AnalyzeRequest, EngineError};
use crate::inference::Role;
use crate::settings::ModelSettings;
use crate::tracking::PART_FRAMES;
use crate::types::{ClipInfo, Device, MemoryMode, MemoryWish};
use crate::video::{self, DecodeOptions};

/// What the program takes besides models and frames: code, libraries, the analysis file's cache.
const PROGRAM: u64 = 120 << 20;

/// Bytes of a frame for each of its pixels: planar with half the chroma as decoded, three as a network takes it.
const DECODED_BYTES_PER_PX: f64 = 1.5;
const PICTURE_BYTES_PER_PX: f64 = 3.0;

/// Frames that a decoder keeps for those that refer to them, with its threads; and frames on their way, decoded and as
/// pictures.
const DECODER_FRAMES: f64 = 24.0;
const FRAMES_ON_THE_WAY: f64 = 6.0;
const PICTURES_ON_THE_WAY: f64 = 12.0;

/// What is known of the riders of one frame when it is settled who is who, bytes: bodies and colours as seen, and bodies
/// as they become, of the one or two riders whom a clip is usually about. So many frames are settled together.
const SETTLED_BYTES_PER_FRAME: u64 = 12 << 10;
const SETTLED_FRAMES: u64 = PART_FRAMES as u64;

/// What is kept of every frame of a clip, however long: its time, its change, its place in the file. Bytes.
pub const PLANNED_BYTES_PER_FRAME: u64 = 512;

/// The plan of `request`, without loading anything.
///
/// # Errors
/// [`EngineError::DoesNotFit`]; and when the clip or a model is not there.
pub fn plan_analysis(request: &AnalyzeRequest, shelf: &ModelShelf) -> Result<Plan, EngineError> {
    let source = video::open(&request.clip, &DecodeOptions::default())?;
    plan_for(&request.models, &request.memory, shelf, Extent::of(source.info()))
}

/// How large a clip is, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// Frames.
    pub frames: u64,
}

impl Extent {
    /// That of `clip`.
    pub fn of(clip: &ClipInfo) -> Self {
        Self { size: (clip.width, clip.height), frames: clip.frames.len() }
    }
}

/// The plan for `models` on a clip of this extent.
pub(super) fn plan_for(
    models: &ModelSettings,
    wish: &MemoryWish,
    shelf: &ModelShelf,
    extent: Extent,
) -> Result<Plan, EngineError> {
    plan_with(models, Some(&models.recoverer), wish, shelf, extent)
}

/// The plan for the detector of `models` alone on a clip of this extent, as comparisons run them: one after the other.
pub(super) fn plan_for_detector(
    models: &ModelSettings,
    wish: &MemoryWish,
    shelf: &ModelShelf,
    extent: Extent,
) -> Result<Plan, EngineError> {
    let wish = MemoryWish { mode: MemoryMode::AllAtOnce, ..*wish };
    plan_with(models, None, &wish, shelf, extent)
}

fn plan_with(
    models: &ModelSettings,
    recoverer: Option<&String>,
    wish: &MemoryWish,
    shelf: &ModelShelf,
    extent: Extent,
) -> Result<Plan, EngineError> {
    let remembered = Remembered::load();
    let need = |id: &str, device| footprints::need(shelf, id, device, &remembered);
    let registry = shelf.registry()?;
    let detector = registry.get_as(Role::Detector, &models.detector)?;
    let others = registry
        .with_role(Role::Detector)
        .filter(|other| other.id != detector.id)
        .filter_map(|other| need(&other.id, models.detector_device).ok())
        .collect();
    let devices = [models.detector_device, models.recoverer_device];
    let gpus: BTreeMap<_, _> = devices
        .into_iter()
        .filter(|device| *device != Device::Cpu)
        .filter_map(|device| Some((device, gpu::memory(device)?)))
        .collect();
    let input = PlanInput {
        detector: need(&detector.id, models.detector_device)?,
        recoverer: recoverer.map_or(Ok(Need::nothing()), |id| need(id, models.recoverer_device))?,
        others,
        base: base(extent),
        host: Budget::now(wish.limit),
        gpus,
        mode: wish.mode,
        from: wish.from,
    };
    plan::plan(&input).map_err(EngineError::DoesNotFit)
}

/// What an analysis takes besides its models.
fn base(Extent { size: (width, height), frames: length }: Extent) -> u64 {
    let pixels = f64::from(width) * f64::from(height);
    let frames = DECODED_BYTES_PER_PX * (DECODER_FRAMES + FRAMES_ON_THE_WAY)
        + PICTURE_BYTES_PER_PX * PICTURES_ON_THE_WAY;
    let riders = length.min(SETTLED_FRAMES).saturating_mul(SETTLED_BYTES_PER_FRAME);
    let riders = riders.saturating_add(length.saturating_mul(PLANNED_BYTES_PER_FRAME));
    (PROGRAM + (pixels * frames) as u64).saturating_add(riders)
}
