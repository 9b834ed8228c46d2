//! A network on its device, with its inputs and outputs checked against the manifest.

use std::path::Path;

use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionOutputs};
use ort::value::{Outlet, PrimitiveTensorElementType, TensorElementType, TensorRef, ValueType};

use super::contract::{Element, Feed, NetworkContract};
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
        let id = &entry.id;
        let path = registry.path(id)?;
        if has_external_weights(&path) {
            registry.verify(id)?;
            return Self::load_file(runtime, &path, id, contract, placement);
        }
        let bytes = registry.read_verified(id)?;
        let mut builder = placement.session_builder(runtime)?;
        let session = builder.commit_from_memory(&bytes).map_err(|error| refused(id, placement, &error))?;
        Self::with_session(id, session, contract, placement)
    }

    /// Loads the network in a file, whose weights may lie in others beside it.
    pub fn load_file(
        runtime: &Runtime,
        path: &Path,
        id: &str,
        contract: &NetworkContract,
        placement: Placement,
    ) -> Result<Self, InferenceError> {
        // ONNX Runtime refuses weights behind a link; the folder itself may be one.
        let path = path.canonicalize().map_err(|_| InferenceError::ModelMissing { path: path.to_owned() })?;
        let mut builder = placement.external_session_builder(runtime)?;
        let session = builder.commit_from_file(&path).map_err(|error| refused(id, placement, &error))?;
        Self::with_session(id, session, contract, placement)
    }

    fn with_session(
        id: &str,
        session: Session,
        contract: &NetworkContract,
        placement: Placement,
    ) -> Result<Self, InferenceError> {
        check(&session, contract)
            .map_err(|cause| InferenceError::Contract { model: id.to_owned(), cause })?;
        let wanted = contract.outputs().into_iter().fold(OutputSelector::no_default(), OutputSelector::with);
        let options = RunOptions::new().map_err(|error| refused(id, placement, &error))?.with_outputs(wanted);
        Ok(Self { id: id.to_owned(), device: placement.device, session, options })
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

    /// As [`run`](Self::run), with the input's width and height in the input `size_input`.
    pub fn run_sized(
        &mut self,
        input: &InputTensor,
        size_input: &str,
    ) -> Result<Outputs<'_>, InferenceError> {
        let Self { id, session, options, .. } = self;
        let failed =
            |error: ort::Error| InferenceError::Run { model: id.clone(), cause: error.message().to_owned() };
        let size = input.size().map(|side| i64::try_from(side).unwrap_or(i64::MAX));
        let size = || TensorRef::from_array_view(([1usize, 2], size.as_slice()));
        let is_first = session.inputs().first().is_some_and(|first| first.name() == size_input);
        let picture = input.as_ort().map_err(failed)?;
        let size = size().map_err(failed)?.into();
        let inputs = if is_first { [size, picture] } else { [picture, size] };
        let values = session.run_with_options(inputs, options).map_err(failed)?;
        Ok(Outputs { model: id, values })
    }
}

/// The error for a network that ONNX Runtime does not load.
fn refused(id: &str, placement: Placement, error: &ort::Error) -> InferenceError {
    match placement.device {
        Device::Cpu => InferenceError::Load { model: id.to_owned(), cause: error.message().to_owned() },
        // The bytes are the right ones, so it is the device that refuses them.
        _ => placement.unavailable(error.message()),
    }
}

impl Outputs<'_> {
    /// The values of an output, row by row.
    ///
    /// # Errors
    /// [`InferenceError::Output`] where there is no such output or its shape is not `shape`.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<&[f32], InferenceError> {
        let (actual, values) = self.tensor::<f32>(name)?;
        let is_expected = actual.iter().map(|&d| usize::try_from(d).ok()).eq(shape.iter().copied().map(Some));
        if !is_expected {
            return Err(self.unusable(name, format!("its shape is {actual:?}, not {shape:?}")));
        }
        Ok(values)
    }

    /// The dimensions and values of an output that has some dimensions left open (`None` in `pattern`).
    ///
    /// # Errors
    /// [`InferenceError::Output`] where there is no such output or it is of another shape.
    pub fn open_values<const R: usize>(
        &self,
        name: &str,
        pattern: [Option<usize>; R],
    ) -> Result<([usize; R], &[f32]), InferenceError> {
        let (actual, values) = self.tensor::<f32>(name)?;
        Ok((self.matched(name, actual, pattern)?, values))
    }

    /// The class numbers in an output, whichever type of number the network gives them as.
    ///
    /// # Errors
    /// [`InferenceError::Output`] where there is no such output or it does not hold `count` numbers.
    pub fn labels(&self, name: &str, count: usize) -> Result<Labels<'_>, InferenceError> {
        let labels = if let Ok((_, values)) = self.tensor::<i64>(name) {
            Labels::Int64(values)
        } else if let Ok((_, values)) = self.tensor::<i32>(name) {
            Labels::Int32(values)
        } else {
            Labels::Float32(self.tensor::<f32>(name)?.1)
        };
        if labels.len() != count {
            return Err(self.unusable(name, format!("it has {} classes for {count} boxes", labels.len())));
        }
        Ok(labels)
    }

    /// The error for an output that is not as it should be.
    pub fn unusable(&self, name: &str, cause: String) -> InferenceError {
        InferenceError::Output { model: self.model.to_owned(), output: name.to_owned(), cause }
    }

    fn tensor<T: PrimitiveTensorElementType>(&self, name: &str) -> Result<(&[i64], &[T]), InferenceError> {
        let value = self.values.get(name).ok_or_else(|| self.unusable(name, "it is absent".to_owned()))?;
        let (shape, values) = value
            .try_extract_tensor::<T>()
            .map_err(|error| self.unusable(name, error.message().to_owned()))?;
        Ok((shape, values))
    }

    fn matched<const R: usize>(
        &self,
        name: &str,
        actual: &[i64],
        pattern: [Option<usize>; R],
    ) -> Result<[usize; R], InferenceError> {
        let wrong = || {
            let wanted = pattern.map(|d| d.map_or("any".to_owned(), |d| d.to_string())).join(", ");
            self.unusable(name, format!("its shape is {actual:?}, not [{wanted}]"))
        };
        let actual: &[i64; R] = actual.try_into().map_err(|_| wrong())?;
        let mut shape = [0; R];
        for ((size, &dimension), wanted) in shape.iter_mut().zip(actual).zip(pattern) {
            *size = usize::try_from(dimension).map_err(|_| wrong())?;
            if wanted.is_some_and(|wanted| wanted != *size) {
                return Err(wrong());
            }
        }
        Ok(shape)
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
        Err(self.unusable(name, "it holds values that are not finite numbers".to_owned()))
    }
}

/// Whether weights lie in a file beside the network's own. A file that cannot be read is told of when it is loaded.
fn has_external_weights(path: &Path) -> bool {
    OnnxFile::open(path).is_ok_and(|file| {
        file.initializers.iter().any(|tensor| matches!(tensor.storage, Storage::External { .. }))
    })
}

/// Class numbers, one for each box.
#[derive(Clone, Copy, Debug)]
pub(super) enum Labels<'r> {
    Int64(&'r [i64]),
    Int32(&'r [i32]),
    Float32(&'r [f32]),
}

impl Labels<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Int64(values) => values.len(),
            Self::Int32(values) => values.len(),
            Self::Float32(values) => values.len(),
        }
    }

    /// The class of box `index`; `None` where it is none.
    pub fn get(&self, index: usize) -> Option<usize> {
        match self {
            Self::Int64(values) => usize::try_from(*values.get(index)?).ok(),
            Self::Int32(values) => usize::try_from(*values.get(index)?).ok(),
            Self::Float32(values) => class_of(*values.get(index)?),
        }
    }
}

/// The class that a network gives as a floating point number; `None` where it is none.
pub(super) fn class_of(value: f32) -> Option<usize> {
    (0.0..1e6).contains(&value).then(|| value.round() as usize)
}

/// Compares a session's inputs and outputs with the contract; a dimension that the network leaves open fits any.
fn check(session: &Session, contract: &NetworkContract) -> Result<(), String> {
    let (feed, size_input) = (contract.feed(), contract.size_input());
    let inputs = session.inputs();
    let wanted = 1 + usize::from(size_input.is_some());
    if inputs.len() != wanted {
        return Err(format!("it has {} inputs instead of {wanted}", inputs.len()));
    }
    for name in size_input.into_iter().chain([feed.name]) {
        if !inputs.iter().any(|input| input.name() == name) {
            let names: Vec<_> = inputs.iter().map(|input| format!("'{}'", input.name())).collect();
            return Err(format!("its input is called {}, not '{name}'", names.join(" and ")));
        }
    }
    for input in inputs.iter().filter(|input| input.name() == feed.name) {
        let shape = feed.layout.shape(feed.size);
        let shape = if feed.layout.has_batch() { &shape[..] } else { &shape[1..] };
        if !takes(input, &feed, shape) {
            return Err(format!("its input is {}, not {:?} of {shape:?}", input.dtype(), feed.element));
        }
    }
    let has_output = |name: &&str| session.outputs().iter().any(|output| output.name() == *name);
    match contract.outputs().into_iter().find(|name| !has_output(name)) {
        Some(absent) => Err(format!("it has no output '{absent}'")),
        None => Ok(()),
    }
}

fn takes(outlet: &Outlet, feed: &Feed<'_>, wanted: &[usize]) -> bool {
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else { return false };
    let element = match feed.element {
        Element::Float32 => TensorElementType::Float32,
        Element::Int32 => TensorElementType::Int32,
        Element::Uint8 => TensorElementType::Uint8,
    };
    let fits = |(&dimension, &size): (&i64, &usize)| dimension < 0 || usize::try_from(dimension) == Ok(size);
    *ty == element && shape.len() == wanted.len() && shape.iter().zip(wanted).all(fits)
}
