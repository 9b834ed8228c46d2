//! Telling a detector's family from what its ONNX file says of itself, and how it is then fed and read.
//!
//! What a file does not say (colour order, normalisation, how a picture is fitted) is what the family's own library does by
//! default. It stands in the manifest entry from then on and can be changed there.

mod forms;

use crate::inference::contract::{Channels, Classes, Element, Fit, Layout, NetworkContract, PictureContract};
use crate::inference::onnx_file::{Dimension, ElementType, OnnxFile, ValueInfo};

/// How the detector in `file` is fed and read; `None` where it is of no known family.
pub fn detector(file: &OnnxFile) -> Option<NetworkContract> {
    let forms: [fn(&OnnxFile) -> Option<NetworkContract>; 9] = [
        forms::tensorflow_ssd,
        forms::sized_detr,
        forms::detr_queries,
        forms::rf_detr,
        forms::rtmdet,
        forms::vitdet,
        forms::torchvision,
        forms::yolox,
        forms::yolo,
    ];
    forms.iter().find_map(|form| form(file))
}

/// The families that are known, for people.
pub const FAMILIES: &str =
    "YOLOX, YOLOv8 and YOLO11, SSD, Faster R-CNN, ViTDet, RT-DETR, RF-DETR, D-FINE and RTMDet";

/// The family's name for people.
pub fn family_name(contract: &NetworkContract) -> &'static str {
    match contract {
        NetworkContract::Nanodet(_) => "NanoDet",
        NetworkContract::MovenetMultipose(_) => "MoveNet multi-pose",
        NetworkContract::MovenetSinglepose(_) => "MoveNet single-pose",
        NetworkContract::Blazepose(_) => "BlazePose",
        NetworkContract::Yolox(_) => "YOLOX",
        NetworkContract::Yolo(_) => "YOLO (Ultralytics)",
        NetworkContract::Ssd(_) => "SSD",
        NetworkContract::FasterRcnn(_) => "Faster R-CNN",
        NetworkContract::Vitdet(_) => "ViTDet",
        NetworkContract::Detr(_) => "DETR (RT-DETR, RF-DETR, D-FINE)",
        NetworkContract::Rtmdet(_) => "RTMDet",
    }
}

/// A dimension's size; `None` where it is left open.
fn size(dimension: &Dimension) -> Option<usize> {
    match dimension {
        Dimension::Known(size) => usize::try_from(*size).ok(),
        Dimension::Symbol(_) | Dimension::Open => None,
    }
}

/// The dimensions of a value with `R` of them.
fn shape<const R: usize>(value: &ValueInfo) -> Option<[Option<usize>; R]> {
    let dimensions = value.shape.as_ref()?;
    (dimensions.len() == R).then(|| std::array::from_fn(|index| dimensions.get(index).and_then(size)))
}

/// Whether a dimension is, or may be, `wanted`.
fn may_be(dimension: Option<usize>, wanted: usize) -> bool {
    dimension.is_none_or(|size| size == wanted)
}

/// What a family's own library does with a picture.
struct Habits {
    /// Width and height where the file leaves them open.
    open_side: usize,
    fit: Fit,
    channels: Channels,
    mean: [f32; 3],
    std: [f32; 3],
    pad: u8,
}

/// ImageNet's mean colour and deviation, as 8-bit codes.
const IMAGENET: ([f32; 3], [f32; 3]) = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]);

/// How the picture goes into `input`; `None` where it is no picture.
fn picture(input: &ValueInfo, habits: &Habits) -> Option<PictureContract> {
    let element = match input.element? {
        ElementType::FLOAT => Element::Float32,
        ElementType::UINT8 => Element::Uint8,
        ElementType::INT32 => Element::Int32,
        _ => return None,
    };
    let (layout, width, height) = if let Some([batch, a, b, c]) = shape::<4>(input) {
        if !may_be(batch, 1) {
            return None;
        }
        match (a, b, c) {
            (_, height, width) if may_be(a, 3) && !(a.is_none() && c == Some(3)) => {
                (Layout::Nchw, width, height)
            }
            (height, width, _) if may_be(c, 3) => (Layout::Nhwc, width, height),
            _ => return None,
        }
    } else {
        match shape::<3>(input)? {
            [channels, height, width] if may_be(channels, 3) => (Layout::Chw, width, height),
            [height, width, Some(3)] => (Layout::Hwc, width, height),
            _ => return None,
        }
    };
    let is_open = width.is_none() && height.is_none();
    // A network of one fixed size cannot take a picture as it comes.
    let fit = if habits.fit.is_open() && !is_open { Fit::Stretch } else { habits.fit };
    let [mean, std] = match element {
        Element::Float32 => [habits.mean, habits.std],
        Element::Int32 | Element::Uint8 => [[0.0; 3], [1.0; 3]],
    };
    Some(PictureContract {
        name: input.name.clone(),
        layout,
        element,
        width: width.unwrap_or(habits.open_side),
        height: height.unwrap_or(habits.open_side),
        channels: habits.channels,
        mean,
        std,
        fit,
        pad: habits.pad,
    })
}

/// Classes numbered from 0, person first.
fn person_first(count: usize) -> Classes {
    Classes { count, person: 0, names: Vec::new() }
}

/// Classes with the background, or nothing, as number 0, person next.
fn person_second(count: usize) -> Classes {
    Classes { count, person: usize::from(count > 1), names: Vec::new() }
}
