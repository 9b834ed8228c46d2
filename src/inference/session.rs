//! A network on its device, with its inputs and outputs checked against the manifest.

use std::path::Path;

use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionOutputs};
use ort::value::{Outlet, TensorElementType, ValueType};

use super::contract::{Element, InputContract, NetworkContract};
use super::error::InferenceError;
use super::manifest::ModelEntry;
use super::onnx_file::{OnnxFile, Storage};
use super::placement::Placement;
use super::preprocess::InputTensor;
use super::registry::Registry;
use super::runtime::Runtime;
use crate::types::Device;

/// A loaded network.
pub(super) struct Network {
    id: String,
    device: Device,
    session: Session,
    options: RunOptions<HasSelectedOutputs>,
}

/// What a network gave in one run.
pub(super) struct Outputs<'r> {
    model: &'r str,
    values: SessionOutputs<'r>,
}

impl Network {
    /// Reads, checks and loads the network of `entry`. The bytes that were checked are the ones that are run, unless its
    /// weights lie in a file beside it: then ONNX Runtime opens both.
    pub fn load(
        runtime: &Runtime,
        registry: &Registry,
        entry: &ModelEntry,
        contract: &NetworkContract,
        placement: Placement,
    ) -> Result<Self, InferenceError> {
        let failed = |error: ort::Error| InferenceError::Load {
            model: entry.id.clone(),
            cause: error.message().to_owned(),
        };
        let path = registry.path(&entry.id)?;
        let session = if has_external_weights(&path) {
            registry.verify(&entry.id)?;
            // ONNX Runtime refuses weights behind a link; the folder itself may be one.
            let path = path.canonicalize().map_err(|_| InferenceError::ModelMissing { path })?;
            placement.external_session_builder(runtime)?.commit_from_file(path)
        } else {
            let bytes = registry.read_verified(&entry.id)?;
            placement.session_builder(runtime)?.commit_from_memory(&bytes)
        };
        let session = session.map_err(|error| match placement.device {
            Device::Cpu => failed(error),
            // The bytes are the right ones, so it is the device that refuses them.
            Device::Cuda(_) | Device::WebGpu => placement.unavailable(error.message()),
        })?;
        check(&session, contract)
            .map_err(|cause| InferenceError::Contract { model: entry.id.clone(), cause })?;
        let wanted = contract.outputs().into_iter().fold(OutputSelector::no_default(), OutputSelector::with);
        let options = RunOptions::new().map_err(failed)?.with_outputs(wanted);
        Ok(Self { id: entry.id.clone(), device: placement.device, session, options })
    }

    /// The model's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it runs.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Runs the network on one input.
    pub fn run(&mut self, input: &InputTensor) -> Result<Outputs<'_>, InferenceError> {
        let Self { id, session, options, .. } = self;
        let failed =
            |error: ort::Error| InferenceError::Run { model: id.clone(), cause: error.message().to_owned() };
        let input = input.as_ort().map_err(failed)?;
        let values = session.run_with_options([input], options).map_err(failed)?;
        Ok(Outputs { model: id, values })
    }
}

impl Outputs<'_> {
    /// The values of an output, row by row.
    ///
    /// # Errors
    /// [`InferenceError::Output`] where there is no such output or its shape is not `shape`.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<&[f32], InferenceError> {
        let unusable = |cause: String| InferenceError::Output {
            model: self.model.to_owned(),
            output: name.to_owned(),
            cause,
        };
        let value = self.values.get(name).ok_or_else(|| unusable("it is absent".to_owned()))?;
        let (actual, values) =
            value.try_extract_tensor::<f32>().map_err(|error| unusable(error.message().to_owned()))?;
        let is_expected = actual.iter().map(|&d| usize::try_from(d).ok()).eq(shape.iter().copied().map(Some));
        if !is_expected {
            return Err(unusable(format!("its shape is {actual}, not {shape:?}")));
        }
        Ok(values)
    }

    /// As [`values`](Self::values), and every one of them is a finite number.
    ///
    /// # Errors
    /// [`InferenceError::Output`] also where one is not.
    pub fn finite_values(&self, name: &str, shape: &[usize]) -> Result<&[f32], InferenceError> {
        let values = self.values(name, shape)?;
        if values.iter().all(|value| value.is_finite()) {
            return Ok(values);
        }
        Err(InferenceError::Output {
            model: self.model.to_owned(),
            output: name.to_owned(),
            cause: "it holds values that are not finite numbers".to_owned(),
        })
    }
}

/// Whether weights lie in a file beside the network's own. A file that cannot be read is told of when it is loaded.
fn has_external_weights(path: &Path) -> bool {
    OnnxFile::open(path).is_ok_and(|file| {
        file.initializers.iter().any(|tensor| matches!(tensor.storage, Storage::External { .. }))
    })
}

/// Compares a session's inputs and outputs with the contract; a dimension that the network leaves open fits any.
fn check(session: &Session, contract: &NetworkContract) -> Result<(), String> {
    let input = contract.input();
    let [only] = session.inputs() else {
        return Err(format!("it has {} inputs instead of one", session.inputs().len()));
    };
    if only.name() != input.name {
        return Err(format!("its input is called '{}', not '{}'", only.name(), input.name));
    }
    if !takes(only, input) {
        return Err(format!("its input is {}, not {:?} of {:?}", only.dtype(), input.element, input.shape()));
    }
    let has_output = |name: &&str| session.outputs().iter().any(|output| output.name() == *name);
    match contract.outputs().into_iter().find(|name| !has_output(name)) {
        Some(absent) => Err(format!("it has no output '{absent}'")),
        None => Ok(()),
    }
}

fn takes(outlet: &Outlet, input: &InputContract) -> bool {
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else { return false };
    let wanted = match input.element {
        Element::Float32 => TensorElementType::Float32,
        Element::Int32 => TensorElementType::Int32,
    };
    let fits = |(&dimension, size): (&i64, usize)| dimension < 0 || usize::try_from(dimension) == Ok(size);
    *ty == wanted && shape.len() == 4 && shape.iter().zip(input.shape()).all(fits)
}
