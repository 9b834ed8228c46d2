//! What a model takes, by how its weights are held.

use serde::{Deserialize, Serialize};

use crate::types::WeightsHeld;

/// Memory of one copy of a model, bytes: estimated from its file, or measured on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// Weights.
    pub weights: u64,
    /// Whether the weights can stay pages of their file.
    pub mappable: bool,
    /// What the loaded model holds besides its weights: graph, buffers.
    pub session: u64,
    /// What a run takes on top, for each person or picture in it.
    pub activations: u64,
    /// What loading takes for a moment on top of the loaded model, weights held as copies.
    pub load_extra: u64,
    /// Whether it was measured; estimated otherwise.
    pub measured: bool,
}

/// What a CUDA context and its libraries' kernels take of the GPU, bytes (measured with ONNX Runtime's CUDA provider).
const GPU_CONTEXT: u64 = 600 << 20;

impl Footprint {
    /// Memory that the system cannot drop while the model runs `batch` at a time, and while it is loaded if that is
    /// more.
    pub fn anonymous(&self, held: WeightsHeld, batch: u32) -> u64 {
        let run = self.activations.saturating_mul(u64::from(batch));
        match held {
            WeightsHeld::Mapped if self.mappable => self.session.saturating_add(run),
            WeightsHeld::Mapped | WeightsHeld::Copied => {
                self.session.saturating_add(self.weights).saturating_add(run.max(self.load_extra))
            }
        }
    }

    /// File pages that the model runs from.
    pub fn mapped(&self, held: WeightsHeld) -> u64 {
        if held == WeightsHeld::Mapped && self.mappable { self.weights } else { 0 }
    }

    /// Memory of a GPU on which it runs `batch` at a time.
    pub fn gpu(&self, batch: u32) -> u64 {
        let run = self.activations.saturating_mul(u64::from(batch));
        GPU_CONTEXT.saturating_add(self.weights).saturating_add(run)
    }

    /// Memory of the process while the model runs on a GPU: the weights pass through it.
    pub fn host_of_gpu(&self) -> u64 {
        self.session.saturating_add(self.load_extra)
    }
}
