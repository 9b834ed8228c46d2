//! The signatures of the families, one function each.

use super::{Habits, IMAGENET, may_be, person_first, person_second, picture, shape};
use crate::inference::contract::{
    Channels, Classes, DetrContract, DetrForm, FasterRcnnContract, Fit, NetworkContract, RtmdetContract,
    SsdContract, SsdForm, VitdetContract, YoloContract, YoloForm, YoloxContract,
};
use crate::inference::onnx_file::{ElementType, OnnxFile, ValueInfo};

/// Score from which most families' detections are usually right.
const THRESHOLD: f32 = 0.35;

/// COCO's classes in torchvision's and RF-DETR's numbering, the background or nothing as number 0.
const COCO_NUMBERED: usize = 91;

/// Codes divided by 255.
const UNIT: ([f32; 3], [f32; 3]) = ([0.0; 3], [255.0; 3]);

const CODES: ([f32; 3], [f32; 3]) = ([0.0; 3], [1.0; 3]);

fn habits(fit: Fit, channels: Channels, (mean, std): ([f32; 3], [f32; 3]), open_side: usize) -> Habits {
    Habits { open_side, fit, channels, mean, std, pad: 114 }
}

fn only_input(file: &OnnxFile) -> Option<&ValueInfo> {
    match file.inputs.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The output whose name begins with `name`, as TensorFlow's converters add ":0".
fn output_like<'f>(file: &'f OnnxFile, name: &str) -> Option<&'f str> {
    let of = |output: &&ValueInfo| output.name.split(':').next() == Some(name);
    file.outputs.iter().find(of).map(|output| output.name.as_str())
}

fn is_integer(value: &ValueInfo) -> bool {
    matches!(value.element, Some(ElementType::INT64 | ElementType::INT32))
}

/// TensorFlow's object detection: its outputs have names of their own.
pub fn tensorflow_ssd(file: &OnnxFile) -> Option<NetworkContract> {
    let [boxes, labels, scores] =
        ["detection_boxes", "detection_classes", "detection_scores"].map(|name| output_like(file, name));
    let picture = picture(only_input(file)?, &habits(Fit::Stretch, Channels::Rgb, CODES, 320))?;
    Some(NetworkContract::Ssd(SsdContract {
        picture,
        form: SsdForm::Tensorflow,
        boxes: boxes?.to_owned(),
        labels: labels?.to_owned(),
        scores: scores?.to_owned(),
        classes: person_second(COCO_NUMBERED),
        default_threshold: THRESHOLD,
    }))
}

/// RT-DETR and D-FINE with their own post-processor: a second input with the picture's size.
pub fn sized_detr(file: &OnnxFile) -> Option<NetworkContract> {
    let [a, b] = file.inputs.as_slice() else { return None };
    let (image, size) = if shape::<2>(b).is_some() { (a, b) } else { (b, a) };
    let [_, two] = shape::<2>(size)?;
    if size.element != Some(ElementType::INT64) || !may_be(two, 2) {
        return None;
    }
    let name = |wanted: &str| output_like(file, wanted).map(str::to_owned);
    let form = DetrForm::Sized {
        size: size.name.clone(),
        labels: name("labels")?,
        boxes: name("boxes")?,
        scores: name("scores")?,
    };
    let picture = picture(image, &habits(Fit::Stretch, Channels::Rgb, UNIT, 640))?;
    let classes = person_first(80);
    Some(NetworkContract::Detr(DetrContract { picture, form, classes, default_threshold: 0.5 }))
}

/// transformers' export: `logits` and `pred_boxes`.
pub fn detr_queries(file: &OnnxFile) -> Option<NetworkContract> {
    let logits = file.output("logits")?;
    let [_, _, classes] = shape::<3>(logits)?;
    let [_, _, four] = shape::<3>(file.output("pred_boxes")?)?;
    if !may_be(four, 4) {
        return None;
    }
    let image = file.input("pixel_values").or_else(|| only_input(file))?;
    let form = DetrForm::Queries { logits: logits.name.clone(), boxes: "pred_boxes".to_owned() };
    let picture = picture(image, &habits(Fit::Stretch, Channels::Rgb, UNIT, 640))?;
    let classes = person_first(classes.unwrap_or(80));
    Some(NetworkContract::Detr(DetrContract { picture, form, classes, default_threshold: 0.5 }))
}

/// RF-DETR: `dets` with four numbers a query, `labels` with logits.
pub fn rf_detr(file: &OnnxFile) -> Option<NetworkContract> {
    let (boxes, logits) = (file.output("dets")?, file.output("labels")?);
    let ([_, _, four], [_, _, classes]) = (shape::<3>(boxes)?, shape::<3>(logits)?);
    if four != Some(4) || logits.element != Some(ElementType::FLOAT) {
        return None;
    }
    let form = DetrForm::Queries { logits: logits.name.clone(), boxes: boxes.name.clone() };
    let picture = picture(only_input(file)?, &habits(Fit::Stretch, Channels::Rgb, IMAGENET, 560))?;
    let classes = classes.unwrap_or(COCO_NUMBERED);
    // Its COCO weights count with COCO's own numbers; a network of one's own counts from 0.
    let classes = if classes >= 90 { person_second(classes) } else { person_first(classes) };
    Some(NetworkContract::Detr(DetrContract { picture, form, classes, default_threshold: 0.5 }))
}

/// MMDeploy: `dets` with box and score, `labels` with integers.
pub fn rtmdet(file: &OnnxFile) -> Option<NetworkContract> {
    let (boxes, labels) = (file.output("dets")?, file.output("labels")?);
    let [_, _, five] = shape::<3>(boxes)?;
    if !may_be(five, 5) || !is_integer(labels) {
        return None;
    }
    let (mean, std) = IMAGENET;
    let bgr = |[r, g, b]: [f32; 3]| [b, g, r];
    let habits = habits(Fit::TopLeft, Channels::Bgr, (bgr(mean), bgr(std)), 640);
    Some(NetworkContract::Rtmdet(RtmdetContract {
        picture: picture(only_input(file)?, &habits)?,
        boxes: boxes.name.clone(),
        labels: labels.name.clone(),
        classes: person_first(80),
        default_threshold: THRESHOLD,
    }))
}

/// detectron2's tracing of a network with masks: boxes, classes, masks, scores and the picture's size, by their shapes.
pub fn vitdet(file: &OnnxFile) -> Option<NetworkContract> {
    let masks = file.outputs.iter().find(|output| {
        shape::<4>(output).is_some_and(|[_, one, height, width]| may_be(one, 1) && height == width)
    })?;
    let [boxes, labels, scores] = listed(file)?;
    let habits = habits(Fit::Scale, Channels::Rgb, CODES, 1024);
    Some(NetworkContract::Vitdet(VitdetContract {
        picture: picture(only_input(file)?, &habits)?,
        boxes,
        labels,
        scores,
        masks: Some(masks.name.clone()),
        classes: person_first(80),
        // What PHALP's tracker asks of a person.
        min_box_px: [50.0, 100.0],
        default_threshold: 0.8,
    }))
}

/// torchvision's detectors: SSD lists its scores before its classes, Faster R-CNN after them.
pub fn torchvision(file: &OnnxFile) -> Option<NetworkContract> {
    if file.outputs.len() != 3 {
        return None;
    }
    let [boxes, labels, scores] = listed(file)?;
    let place = |name: &str| file.outputs.iter().position(|output| output.name == name);
    let is_ssd = place(&scores) < place(&labels);
    let open_side = if is_ssd { 320 } else { 1333 };
    let picture = picture(only_input(file)?, &habits(Fit::Shrink, Channels::Rgb, UNIT, open_side))?;
    let (classes, default_threshold) = (person_second(COCO_NUMBERED), if is_ssd { THRESHOLD } else { 0.5 });
    Some(if is_ssd {
        let form = SsdForm::Torchvision;
        NetworkContract::Ssd(SsdContract { picture, form, boxes, labels, scores, classes, default_threshold })
    } else {
        NetworkContract::FasterRcnn(FasterRcnnContract {
            picture,
            boxes,
            labels,
            scores,
            classes,
            default_threshold,
        })
    })
}

/// Names of the outputs with N × 4 boxes, N classes and N scores.
fn listed(file: &OnnxFile) -> Option<[String; 3]> {
    let is_float = |value: &&ValueInfo| value.element == Some(ElementType::FLOAT);
    let boxes = file
        .outputs
        .iter()
        .filter(is_float)
        .find(|output| shape::<2>(output).is_some_and(|[_, four]| may_be(four, 4)))?;
    let lists = || file.outputs.iter().filter(|output| shape::<1>(output).is_some());
    let scores = lists().find(is_float)?;
    let labels = lists().find(|output| is_integer(output))?;
    Some([boxes, labels, scores].map(|output| output.name.clone()))
}

/// Ultralytics: one output of 1 × (4 + C) × N, or 1 × N × 6 freed of doubles. A second output holds the prototypes of a
/// segmentation, which are not read.
pub fn yolo(file: &OnnxFile) -> Option<NetworkContract> {
    let output = file.outputs.first().filter(|_| file.outputs.len() <= 2)?;
    let [_, rows, columns] = shape::<3>(output)?;
    let names = class_names(file);
    let prototypes = file.outputs.get(1).and_then(shape::<4>).and_then(|[_, channels, ..]| channels);
    let extra_values = prototypes.unwrap_or(0);
    let (form, count) = match (rows, columns) {
        (_, Some(columns)) if columns == 6 + extra_values => (YoloForm::EndToEnd, names.len().max(80)),
        // Rows without a note of the classes must be fewer than columns: a large output the other way round is no YOLO's.
        (Some(values), columns)
            if values > 4 + extra_values
                && (!names.is_empty() || columns.is_none_or(|columns| columns > values)) =>
        {
            (YoloForm::Raw, values - 4 - extra_values)
        }
        _ => return None,
    };
    if !matches!(file.metadata.get("task").map(String::as_str), None | Some("detect" | "segment")) {
        return None;
    }
    let names = if names.len() == count { names } else { Vec::new() };
    let person = names.iter().position(|name| name == "person").unwrap_or(0);
    Some(NetworkContract::Yolo(YoloContract {
        picture: picture(only_input(file)?, &habits(Fit::Center, Channels::Rgb, UNIT, side(file)))?,
        output: output.name.clone(),
        form,
        classes: Classes { count, person, names },
        extra_values,
        nms_iou: 0.7,
        default_threshold: THRESHOLD,
    }))
}

/// The input side that Ultralytics notes as `imgsz`: `[640, 640]`.
fn side(file: &OnnxFile) -> usize {
    let digits = |text: &String| text.trim_matches(['[', ']']).split(',').next()?.trim().parse().ok();
    file.metadata.get("imgsz").and_then(digits).unwrap_or(640)
}

/// The classes that Ultralytics notes as `names`: `{0: 'person', 1: 'bicycle'}`; none where they are not so written.
fn class_names(file: &OnnxFile) -> Vec<String> {
    let Some(text) = file.metadata.get("names") else { return Vec::new() };
    let inside = text.trim().trim_start_matches('{').trim_end_matches('}');
    let mut names = Vec::new();
    for (index, entry) in inside.split(", ").enumerate() {
        let Some((number, name)) = entry.split_once(':') else { return Vec::new() };
        if number.trim().parse() != Ok(index) {
            return Vec::new();
        }
        names.push(name.trim().trim_matches(['\'', '"']).to_owned());
    }
    names
}

/// YOLOX: one output of 1 × cells × (5 + C), with as many cells as its input has. It notes nothing of its classes.
pub fn yolox(file: &OnnxFile) -> Option<NetworkContract> {
    if file.metadata.contains_key("names") {
        return None;
    }
    let [output] = file.outputs.as_slice() else { return None };
    let [_, cells, values] = shape::<3>(output)?;
    let count = values?.checked_sub(5).filter(|&count| count > 0)?;
    let picture = picture(only_input(file)?, &habits(Fit::TopLeft, Channels::Bgr, CODES, 640))?;
    let contract = YoloxContract {
        picture,
        output: output.name.clone(),
        strides: vec![8, 16, 32],
        decoded: false,
        classes: person_first(count),
        nms_iou: 0.45,
        default_threshold: THRESHOLD,
    };
    // Its exporter leaves decoding to the reader by default, and nothing in the signature tells.
    may_be(cells, contract.cells()).then_some(NetworkContract::Yolox(contract))
}
