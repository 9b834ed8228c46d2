//! Estimates from the model files alone, for a model that was not used on this machine yet.

use std::path::Path;

use crate::engine::models::ModelShelf;
use crate::engine::plan::Footprint;
use crate::engine::{EngineError, user_models::UserModels};
use crate::inference::{HMR2, HMR2_INPUT_PX, ModelEntry, Registry};

/// Weights from which on a network is taken for a vision transformer: no other kind grows this large here.
const TRANSFORMER_WEIGHTS: u64 = 300 << 20;

/// Side of a transformer's patch, its heads, width and the arrays of that width that live at once (ViT-H,
/// Dosovitskiy et al. 2021, table 1; patches as in ViTDet and HMR2).
const PATCH_PX: u64 = 256;
const HEADS: u64 = 16;
const WIDTH: u64 = 1280;
const LIVE: u64 = 12;

/// Bytes of activations that a convolutional network keeps for each input pixel: the input itself and two arrays of
/// 64 channels at half the resolution.
const CONVOLUTION_BYTES_PER_PX: u64 = 12 + 2 * 64 * 4 / 4;

/// What a session holds besides weights and a few copies of its graph.
const SESSION: u64 = 8 << 20;

/// Arrays that are unpacked from a body's file hold about this many times its bytes.
const UNPACKED: u64 = 6;

/// An estimate for a model with all its parts.
pub fn of_model(shelf: &ModelShelf, id: &str) -> Result<Footprint, EngineError> {
    if id == HMR2 {
        let user: UserModels = shelf.user_models();
        let weights = file_bytes(&user.hmr2_weights_path());
        let graph = file_bytes(&user.hmr2_path());
        return Ok(of_network(graph, weights, HMR2_INPUT_PX as u64));
    }
    let registry = shelf.registry()?;
    of_entry(registry, registry.get(id)?)
}

fn of_entry(registry: &Registry, entry: &ModelEntry) -> Result<Footprint, EngineError> {
    let mut sum = Footprint::default();
    for part in &entry.parts {
        sum = add(sum, of_entry(registry, registry.get(part)?)?);
    }
    if let Some(file) = &entry.file {
        let own = match &entry.network {
            Some(network) => {
                let side = network.input().side as u64;
                of_network(file.bytes, 0, side * side)
            }
            None => Footprint { session: file.bytes.saturating_mul(UNPACKED), ..Footprint::default() },
        };
        sum = add(sum, own);
    }
    Ok(sum)
}

/// A network whose graph file has `graph` bytes, with `external` bytes of weights beside it and `input_px` pixels.
fn of_network(graph: u64, external: u64, input_px: u64) -> Footprint {
    let mappable = external > 0;
    let weights = if mappable { external } else { graph };
    let activations = if weights >= TRANSFORMER_WEIGHTS {
        let tokens = (input_px / PATCH_PX).max(1);
        // Scores and probabilities of global attention, and the arrays around it, 32-bit floats.
        4 * (2 * HEADS * tokens * tokens + LIVE * tokens * WIDTH)
    } else {
        CONVOLUTION_BYTES_PER_PX * input_px
    };
    Footprint {
        weights,
        mappable,
        session: SESSION.saturating_add(if mappable { graph.saturating_mul(4) } else { 0 }),
        activations,
        // The file's bytes are checked and handed over as a whole.
        load_extra: if mappable { 0 } else { graph },
        measured: false,
    }
}

fn add(a: Footprint, b: Footprint) -> Footprint {
    Footprint {
        weights: a.weights.saturating_add(b.weights),
        mappable: a.mappable || b.mappable,
        session: a.session.saturating_add(b.session),
        activations: a.activations.saturating_add(b.activations),
        load_extra: a.load_extra.max(b.load_extra),
        measured: false,
    }
}

fn file_bytes(path: &Path) -> u64 {
    path.metadata().map_or(0, |file| file.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Against what was measured with ONNX Runtime on random weights of the true size.
    #[test]
    fn estimates_are_near_what_was_measured() {
        // ViTDet-H at 1024 × 1024: 2537 MiB between load and run.
        let vitdet = of_network(MIB, 2765 * MIB, 1024 * 1024);
        assert!((2000 * MIB..3000 * MIB).contains(&vitdet.activations), "{vitdet:?}");
        // HMR2 at 256 × 192, four people: 107 MiB.
        let hmr2 = of_network(MIB, 2682 * MIB, HMR2_INPUT_PX as u64);
        assert!((60 * MIB..160 * MIB).contains(&(4 * hmr2.activations)), "{hmr2:?}");
        assert!(hmr2.mappable && hmr2.load_extra == 0);
        let nanodet = of_network(8 * MIB, 0, 416 * 416);
        assert!(!nanodet.mappable && nanodet.activations < 64 * MIB, "{nanodet:?}");
    }
}
