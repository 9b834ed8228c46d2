//! Where a model runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A device that a model can be asked to run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU through ONNX Runtime's CUDA provider, by its number.
    Cuda(u32),
    /// An NVIDIA GPU through TensorRT, by its number.
    TensorRt(u32),
    /// A GPU through Windows' DirectML, by its number.
    DirectMl(u32),
    /// Apple's GPU and neural engine through Core ML.
    CoreMl,
    /// What Intel's OpenVINO chooses.
    OpenVino,
    /// Any GPU through ONNX Runtime's WebGPU provider.
    WebGpu,
}

/// Names of the devices; of those with a number, the first of their kind.
const NAMES: [(&str, Device); 7] = [
    ("cpu", Device::Cpu),
    ("cuda", Device::Cuda(0)),
    ("tensorrt", Device::TensorRt(0)),
    ("directml", Device::DirectMl(0)),
    ("coreml", Device::CoreMl),
    ("openvino", Device::OpenVino),
    ("webgpu", Device::WebGpu),
];

impl Device {
    /// One of each kind.
    pub fn kinds() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(_, device)| device)
    }

    /// Its number among those of its kind; `None` for a kind that has no numbers.
    pub fn index(self) -> Option<u32> {
        match self {
            Self::Cuda(index) | Self::TensorRt(index) | Self::DirectMl(index) => Some(index),
            Self::Cpu | Self::CoreMl | Self::OpenVino | Self::WebGpu => None,
        }
    }

    /// The same kind with number `index`; `None` for a kind that has no numbers.
    fn numbered(self, index: u32) -> Option<Self> {
        match self {
            Self::Cuda(_) => Some(Self::Cuda(index)),
            Self::TensorRt(_) => Some(Self::TensorRt(index)),
            Self::DirectMl(_) => Some(Self::DirectMl(index)),
            Self::Cpu | Self::CoreMl | Self::OpenVino | Self::WebGpu => None,
        }
    }

    /// Its name for people.
    pub fn title(self) -> String {
        let name = match self {
            Self::Cpu => "Processor",
            Self::Cuda(_) => "NVIDIA GPU (CUDA)",
            Self::TensorRt(_) => "NVIDIA GPU (TensorRT)",
            Self::DirectMl(_) => "GPU (DirectML)",
            Self::CoreMl => "Core ML",
            Self::OpenVino => "OpenVINO",
            Self::WebGpu => "GPU (WebGPU)",
        };
        match self.index() {
            None | Some(0) => name.to_owned(),
            Some(index) => format!("{name} {index}"),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same = |kind: Self| kind.numbered(self.index().unwrap_or(0)).unwrap_or(kind) == *self;
        let name = NAMES.iter().find(|(_, kind)| same(*kind)).map_or("", |(name, _)| name);
        match self.index() {
            None => f.write_str(name),
            Some(index) => write!(f, "{name}:{index}"),
        }
    }
}

/// A device name that is none of those there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a device: use cpu, cuda, tensorrt, directml, coreml, openvino or webgpu; :N names another GPU"
)]
pub struct UnknownDevice(pub String);

impl FromStr for Device {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownDevice(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let (name, index) = lower.split_once(':').map_or((lower.as_str(), None), |(n, i)| (n, Some(i)));
        let kind = NAMES.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?.1;
        match index {
            None => Ok(kind),
            Some(index) => {
                let index = index.parse().map_err(|_| unknown())?;
                kind.numbered(index).ok_or_else(unknown)
            }
        }
    }
}

impl TryFrom<String> for Device {
    type Error = UnknownDevice;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_written_and_others_refused() {
        for device in Device::kinds().chain([Device::Cuda(3), Device::DirectMl(1)]) {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert_eq!("CUDA".parse(), Ok(Device::Cuda(0)));
        for bad in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "coreml:1"] {
            assert_eq!(bad.parse::<Device>(), Err(UnknownDevice(bad.to_owned())));
        }
    }
}
