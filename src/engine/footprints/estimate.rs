//! Estimates from the model files alone, for a model that was not used on this machine yet.

use std::path::Path;

use crate::engine::models::ModelShelf;
use crate::engine::plan::Footprint;
use crate::engine::{EngineError, user_models::UserModels};
use crate::inference::{ElementType, HMR2_INPUT_PX, ModelEntry, OnnxFile, Registry, Storage, is_hmr2};

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

/// What a session holds besides weights and its graph, and how many forms of the graph it keeps.
const SESSION: u64 = 8 << 20;
const GRAPH_COPIES: u64 = 4;

/// Arrays that are unpacked from a body's file hold about this many times its bytes.
const UNPACKED: u64 = 6;

/// An estimate for a model with all its parts.
pub fn of_model(shelf: &ModelShelf, id: &str) -> Result<Footprint, EngineError> {
    if is_hmr2(id) {
        let user: UserModels = shelf.user_models();
        return Ok(of_network(&user.hmr2_path(id), HMR2_INPUT_PX as u64));
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
                let [width, height] = network.feed().size;
                of_network(&registry.path(&entry.id)?, width as u64 * height as u64)
            }
            None => Footprint { session: file.bytes.saturating_mul(UNPACKED), ..Footprint::default() },
        };
        sum = add(sum, own);
    }
    Ok(sum)
}

/// What an ONNX file says of its weights, bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Weights {
    /// In files of their own.
    external: u64,
    /// In the file itself.
    embedded: u64,
    /// Of all of them, those of 16 bits.
    half: u64,
    /// The file itself.
    file: u64,
}

/// An estimate for a network in an ONNX file, which takes `input_px` pixels. Only the file's structure is read; one that
/// is missing or damaged is told when it is loaded.
pub fn of_network(path: &Path, input_px: u64) -> Footprint {
    let network = OnnxFile::open(path).unwrap_or_default();
    let mut found = Weights { file: file_bytes(path), ..Weights::default() };
    for tensor in &network.initializers {
        let place = match tensor.storage {
            Storage::External { .. } => &mut found.external,
            _ => &mut found.embedded,
        };
        *place = place.saturating_add(tensor.bytes);
        if tensor.element == ElementType::FLOAT16 {
            found.half = found.half.saturating_add(tensor.bytes);
        }
    }
    of_weights(found, input_px)
}

fn of_weights(found: Weights, input_px: u64) -> Footprint {
    // On the processor 16-bit weights are widened when they are loaded, so nothing of them stays mapped.
    let mappable = found.external > 0 && found.half < found.external / 2;
    let in_files = if mappable { found.external } else { found.external.saturating_add(found.embedded) };
    let weights = in_files.saturating_add(if mappable { 0 } else { found.half });
    let graph = found.file.saturating_sub(found.embedded);
    let embedded = if mappable { found.embedded } else { 0 };
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
        session: SESSION.saturating_add(graph.saturating_mul(GRAPH_COPIES)).saturating_add(embedded),
        activations,
        // The file's bytes are checked and handed over as a whole.
        load_extra: if found.external > 0 { 0 } else { found.file },
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
        let external = |mib: u64| Weights { external: mib * MIB, file: MIB, ..Weights::default() };
        let vitdet = of_weights(external(2765), 1024 * 1024);
        assert!((2000 * MIB..3000 * MIB).contains(&vitdet.activations), "{vitdet:?}");
        // HMR2 at 256 × 192, four people: 107 MiB.
        let hmr2 = of_weights(external(2682), HMR2_INPUT_PX as u64);
        assert!((60 * MIB..160 * MIB).contains(&(4 * hmr2.activations)), "{hmr2:?}");
        assert!(hmr2.mappable && hmr2.load_extra == 0);
        // The same in 16 bits: 2716 MiB after the load, none of it mapped.
        let half = of_weights(Weights { half: 1341 * MIB, ..external(1341) }, HMR2_INPUT_PX as u64);
        assert!(!half.mappable && half.weights == 2682 * MIB, "{half:?}");
        let embedded = Weights { embedded: 7 * MIB, file: 8 * MIB, ..Weights::default() };
        let nanodet = of_weights(embedded, 416 * 416);
        assert!(!nanodet.mappable && nanodet.activations < 64 * MIB, "{nanodet:?}");
        assert_eq!((nanodet.weights, nanodet.load_extra), (7 * MIB, 8 * MIB));
    }
}
