#!/usr/bin/env python3
"""Writes tests/data/detectors: for each family of detectors a tiny network with random weights and the true inputs and
outputs, and what the family's own library makes of them.

    python -m venv venv && venv/bin/pip install -r tests/data/detector-requirements.txt
    venv/bin/pip install --no-deps --no-build-isolation yolox==0.3.0 ultralytics==8.3.240 rfdetr==1.2.1
    venv/bin/python tests/data/make_detector_golden.py

Run in the repository's root. The picture is a pattern that the tests make by the same formula, exactly twice as large as
the networks' inputs, so that resizing is the mean of two by two pixels in every library. Boxes are in its pixels.

Post-processing by the original library: YOLOX (yolox.utils.postprocess), YOLO (ultralytics' non_max_suppression and
scale_boxes; for end-to-end exports its Detect.postprocess in the graph), SSD and Faster R-CNN (torchvision's whole models),
RT-DETR (transformers' RTDetrImageProcessor), RF-DETR (rfdetr's PostProcess). By published definition, since the libraries
are not on PyPI or cannot be installed from it: TensorFlow's SSD, RTMDet (MMDeploy's outputs), ViTDet (detectron2's outputs).
"""
import gzip
import io
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import nn

OUT = Path("tests/data/detectors")
WIDTH, HEIGHT = 128, 96
SCALE = 2
THRESHOLD = 0.3


def pattern(width, height):
    """Ramps, edges and circles, RGB."""
    y, x = np.mgrid[:height, :width]
    checks = np.where((x // 8 + y // 8) % 2 == 0, 40, 220)
    return np.stack([(x * 5 + y * 3) % 256, checks, (x * x + y * y) // 64 % 256], 2).astype(np.uint8)


def halved(image):
    """The mean of two by two pixels, rounded."""
    sums = image.astype(int).reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3).sum((1, 3))
    return ((sums + 2) // 4).astype(np.uint8)


SMALL = halved(pattern(WIDTH, HEIGHT))


def boxed(top, side=64, pad=114):
    """The small picture in a square, `top` rows down."""
    out = np.full((side, side, 3), pad, np.uint8)
    out[top : top + SMALL.shape[0], : SMALL.shape[1]] = SMALL
    return out


def planes(image, mean=(0, 0, 0), std=(1, 1, 1), bgr=False):
    image = image[..., ::-1] if bgr else image
    values = (image.astype(np.float32) - np.float32(mean)) / np.float32(std)
    return np.ascontiguousarray(values.transpose(2, 0, 1))


# Networks ------------------------------------------------------------------------------------------------------------


class Cells(nn.Module):
    """One linear layer over the mean colours of the cells of each level: 1 x cells x values."""

    def __init__(self, values, strides=(8, 16, 32), gain=1.0, normalised=False):
        super().__init__()
        self.strides = strides
        self.layers = nn.ModuleList(nn.Conv2d(3, values, 1) for _ in strides)
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=gain * (1 if normalised else 1 / 128))
            nn.init.normal_(layer.bias, std=0.5)

    def forward(self, image):
        levels = [
            layer(nn.functional.avg_pool2d(image, stride)).flatten(2)
            for layer, stride in zip(self.layers, self.strides)
        ]
        return torch.cat(levels, 2).transpose(1, 2)


def grid(strides, width, height):
    """Column, row and stride of each cell."""
    cells = [
        (x, y, stride) for stride in strides for y in range(height // stride) for x in range(width // stride)
    ]
    return torch.tensor(cells, dtype=torch.float32)


class Yolox(nn.Module):
    def __init__(self, decoded):
        super().__init__()
        self.cells, self.decoded, self.grid = Cells(85), decoded, grid((8, 16, 32), 64, 64)

    def forward(self, images):
        out = self.cells(images - 100)
        xy, wh, scores = out[..., :2], out[..., 2:4].clamp(-1, 1.2), out[..., 4:].sigmoid()
        if self.decoded:
            xy, wh = (xy + self.grid[:, :2]) * self.grid[:, 2:], wh.exp() * self.grid[:, 2:]
        return torch.cat([xy, wh, scores], 2)


class YoloRaw(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells, self.grid = Cells(84, gain=2, normalised=True), grid((8, 16, 32), 64, 64)

    def forward(self, images):
        out = self.cells(images - 0.4)
        xy = (out[..., :2] + self.grid[:, :2] + 0.5) * self.grid[:, 2:]
        wh = out[..., 2:4].clamp(-1, 1.2).exp() * self.grid[:, 2:]
        return torch.cat([xy, wh, out[..., 4:].sigmoid()], 2).transpose(1, 2)


class YoloEndToEnd(nn.Module):
    def __init__(self):
        super().__init__()
        self.raw = YoloRaw()

    def forward(self, images):
        from ultralytics.nn.modules.head import Detect
        from ultralytics.utils.ops import xywh2xyxy

        raw = self.raw(images).transpose(1, 2)
        raw = torch.cat([xywh2xyxy(raw[..., :4]), raw[..., 4:]], 2)
        return Detect.postprocess(raw, 300, 80)


class Queries(nn.Module):
    """Logits and centre-size boxes from 0 to 1."""

    def __init__(self, classes):
        super().__init__()
        self.cells, self.grid = Cells(4 + classes, (8, 16), gain=2, normalised=True), grid((8, 16), 64, 48)

    def forward(self, images):
        out = self.cells(images)
        size = torch.tensor([64.0, 48.0])
        xy = (self.grid[:, :2] + 0.5 + 0.3 * out[..., :2].tanh()) * self.grid[:, 2:] / size
        return out[..., 4:], torch.cat([xy, 0.1 + 0.3 * out[..., 2:4].sigmoid()], 2)


class Swapped(nn.Module):
    """Boxes before logits, as RF-DETR has them."""

    def __init__(self, queries):
        super().__init__()
        self.queries = queries

    def forward(self, image):
        logits, boxes = self.queries(image)
        return boxes, logits


class Sized(nn.Module):
    """RT-DETR's own post-processor (rtdetrv2_pytorch, RTDETRPostProcessor with focal loss) in the graph."""

    def __init__(self):
        super().__init__()
        self.queries = Queries(80)

    def forward(self, images, orig_target_sizes):
        logits, boxes = self.queries(images)
        center, half = boxes[..., :2], boxes[..., 2:] / 2
        boxes = torch.cat([center - half, center + half], 2) * orig_target_sizes.repeat(1, 2).unsqueeze(1)
        scores, index = logits.sigmoid().flatten(1).topk(50)
        boxes = boxes.gather(1, (index // 80).unsqueeze(-1).repeat(1, 1, 4))
        return index % 80, boxes, scores


class Suppressed(nn.Module):
    """Boxes, scores and classes after torchvision's non-maximum suppression, at most 20."""

    def __init__(self, classes=80, height=48):
        super().__init__()
        self.cells, self.grid = Cells(4 + classes, (8, 16), gain=2, normalised=True), grid((8, 16), 64, height)

    def forward(self, image):
        from torchvision.ops import nms

        out = self.cells(image)[0]
        center = (self.grid[: out.shape[0], :2] + 0.5) * self.grid[: out.shape[0], 2:]
        half = out[:, :2].clamp(-1, 1).exp() * self.grid[: out.shape[0], 2:] / 2
        boxes = torch.cat([center - half, center + half], 1)
        scores, classes = out[:, 4:].sigmoid().max(1)
        kept = nms(boxes, scores, 0.6)[:20]
        return boxes[kept], scores[kept], classes[kept], out[kept]


class Rtmdet(nn.Module):
    def __init__(self):
        super().__init__()
        self.found = Suppressed(height=64)

    def forward(self, image):
        boxes, scores, classes, _ = self.found(image / 2)
        return torch.cat([boxes, scores[:, None]], 1)[None], classes[None]


class Vitdet(nn.Module):
    def __init__(self):
        super().__init__()
        self.found = Suppressed()
        self.mask = nn.Linear(84, 28 * 28 // 16)

    def forward(self, image):
        boxes, scores, classes, values = self.found(image[None] / 100 - 1)
        masks = self.mask(values).sigmoid().reshape(-1, 1, 7, 7).repeat_interleave(4, 2).repeat_interleave(4, 3)
        return boxes, classes, masks, scores, torch.tensor([image.shape[1], image.shape[2]])


class TensorflowSsd(nn.Module):
    def __init__(self):
        super().__init__()
        self.found = Suppressed(90)

    def forward(self, image):
        boxes, scores, classes, _ = self.found(image.permute(0, 3, 1, 2).float() / 100 - 1)
        boxes = boxes[:, [1, 0, 3, 2]] / torch.tensor([48.0, 64.0, 48.0, 64.0])
        count = torch.tensor([float(20)])
        return boxes[None], (classes + 1).float()[None], scores[None], count


class Backbone(nn.Sequential):
    out_channels = 8

    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 8, stride=8), nn.ReLU())


class SsdBackbone(Backbone):
    out_channels = [8]


def loud(model, names, gain):
    """Spreads the scores of a network with random weights."""
    for name, parameter in model.named_parameters():
        if any(part in name for part in names):
            nn.init.normal_(parameter, std=gain)
    return model


def torchvision_ssd():
    from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
    from torchvision.models.detection.ssd import SSD

    anchors = DefaultBoxGenerator([[2]], scales=[0.2, 0.4])
    model = SSD(SsdBackbone(), anchors, (64, 48), 4, score_thresh=0.05, detections_per_img=20)
    return loud(model, ["classification_head"], 1.0).eval()


def faster_rcnn():
    from torchvision.models.detection import FasterRCNN
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.rpn import AnchorGenerator
    from torchvision.ops import MultiScaleRoIAlign

    model = FasterRCNN(
        Backbone(),
        num_classes=None,
        min_size=48,
        max_size=64,
        image_mean=[0.45, 0.45, 0.45],
        rpn_anchor_generator=AnchorGenerator(((12, 24),), ((0.5, 1.0),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 2, 1),
        box_head=TwoMLPHead(8 * 4, 8),
        box_predictor=FastRCNNPredictor(8, 4),
        box_detections_per_img=20,
        rpn_post_nms_top_n_test=30,
    )
    return loud(model, ["cls_score", "bbox_pred"], 1.0).eval()


# Expected ------------------------------------------------------------------------------------------------------------


def rows(boxes, scores, is_person):
    """Left, top, right, bottom, score of the people, best first."""
    table = np.c_[np.asarray(boxes, float), np.asarray(scores, float)]
    table = table[np.asarray(is_person, bool) & (table[:, 4] >= THRESHOLD)]
    return table[np.argsort(-table[:, 4], kind="stable")]


def after_yolox(decoded):
    def expected(output):
        from yolox.models.yolo_head import YOLOXHead
        from yolox.utils.boxes import postprocess

        output = torch.from_numpy(output[0].copy())
        if not decoded:
            head = YOLOXHead(80)
            head.hw = [(64 // s, 64 // s) for s in head.strides]
            output = head.decode_outputs(output, output.type())
        found = postprocess(output, 80, THRESHOLD, 0.45, class_agnostic=False)[0].numpy()
        return rows(found[:, :4] * SCALE, found[:, 4] * found[:, 5], found[:, 6] == 0)

    return expected


def after_yolo(output):
    from ultralytics.utils.nms import non_max_suppression
    from ultralytics.utils.ops import scale_boxes

    found = non_max_suppression(torch.from_numpy(output[0]), THRESHOLD, 0.7, max_det=300)[0]
    boxes = scale_boxes((64, 64), found[:, :4].clone(), (HEIGHT, WIDTH), padding=True)
    # scale_boxes also clips to the picture, which this program leaves to its users.
    plain = (found[:, :4] - torch.tensor([0, 8, 0, 8])) * SCALE
    assert torch.allclose(boxes, torch.stack([plain[:, i].clamp(0, [WIDTH, HEIGHT][i % 2]) for i in range(4)], 1))
    return rows(plain, found[:, 4], found[:, 5] == 0)


def after_transformers(output):
    from transformers import RTDetrImageProcessor
    from transformers.models.rt_detr.modeling_rt_detr import RTDetrObjectDetectionOutput

    logits, boxes = (torch.from_numpy(values) for values in output)
    outputs = RTDetrObjectDetectionOutput(logits=logits, pred_boxes=boxes)
    found = RTDetrImageProcessor().post_process_object_detection(
        outputs, threshold=THRESHOLD, target_sizes=[(HEIGHT, WIDTH)]
    )[0]
    return rows(found["boxes"], found["scores"], found["labels"] == 0)


def after_rfdetr(output):
    import importlib.util
    import types

    # The package's own __init__ asks for training libraries; its post-processor needs none of them.

    source = Path(importlib.util.find_spec("rfdetr").origin).parent / "models" / "lwdetr.py"
    text = source.read_text()
    start = text.index("class PostProcess")
    end = text.index("\n\n\n", start)
    boxes_source = (source.parent.parent / "util" / "box_ops.py").read_text()
    box_ops = types.ModuleType("box_ops")
    exec(compile(boxes_source, "box_ops.py", "exec"), box_ops.__dict__)
    scope = {"nn": nn, "torch": torch, "box_ops": box_ops}
    exec(compile(text[start:end], str(source), "exec"), scope)
    boxes, logits = (torch.from_numpy(values) for values in output)
    found = scope["PostProcess"](num_select=60)(
        {"pred_logits": logits, "pred_boxes": boxes}, torch.tensor([[HEIGHT, WIDTH]])
    )[0]
    return rows(found["boxes"], found["scores"], found["labels"] == 1)


def as_listed(order, person, scale=SCALE):
    """Outputs that are a list already, by the names in `order`."""

    def expected(output):
        named = {name: values for name, values in zip(order, output)}
        boxes, labels, scores = (named[name].squeeze() for name in ("boxes", "labels", "scores"))
        return rows(boxes.reshape(-1, 4) * scale, scores, labels == person)

    return expected


def after_rtmdet(output):
    return rows(output[0][0, :, :4] * SCALE, output[0][0, :, 4], output[1][0] == 0)


def after_tensorflow(output):
    boxes = output[0][0][:, [1, 0, 3, 2]] * [WIDTH, HEIGHT, WIDTH, HEIGHT]
    return rows(boxes, output[2][0], output[1][0] == 1)


# Average precision ---------------------------------------------------------------------------------------------------


def coco_eval():
    """People and detections of 12 made-up images, and pycocotools' figures for them."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    random = np.random.default_rng(7)
    images, annotations, results = [], [], []
    for image in range(12):
        truth, found = [], []
        for person in range(random.integers(0, 6)):
            box = [*random.uniform(0, 400, 2), *random.uniform(20, 200, 2)]
            crowd = float(random.random() < 0.15)
            truth.append([round(float(v), 2) for v in box] + [crowd])
            for copy in range(random.integers(0, 3)):
                moved = np.array(box) + random.normal(0, 8, 4) * (1 + copy)
                moved[2:] = np.maximum(moved[2:], 4)
                found.append([round(float(v), 2) for v in moved] + [round(float(random.uniform(0.2, 1)), 4)])
        for _ in range(random.integers(0, 4)):
            box = [*random.uniform(0, 400, 2), *random.uniform(20, 200, 2)]
            found.append([round(float(v), 2) for v in box] + [round(float(random.uniform(0.01, 0.7)), 4)])
        images.append([truth, found])
        for x, y, w, h, crowd in truth:
            annotations.append({
                "id": len(annotations) + 1, "image_id": image, "category_id": 1, "bbox": [x, y, w, h],
                "area": w * h, "iscrowd": int(crowd),
            })
        for x, y, w, h, score in found:
            results.append({"image_id": image, "category_id": 1, "bbox": [x, y, w, h], "score": score})
    coco = COCO()
    coco.dataset = {
        "images": [{"id": i, "width": 640, "height": 640} for i in range(12)],
        "annotations": annotations, "categories": [{"id": 1, "name": "person"}], "info": {},
    }
    coco.createIndex()
    evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    ap, ap50, ar100 = evaluation.stats[0], evaluation.stats[1], evaluation.stats[8]
    golden = {"ap": ap, "ap50": ap50, "ar100": ar100, "images": images}
    (OUT / "coco_eval.json").write_text(json.dumps(golden) + "\n")


# Writing -------------------------------------------------------------------------------------------------------------


def shortened(model):
    """Gives every inner value and node a short name: names are most of a tiny file."""
    graph = model.graph
    kept = {value.name for value in [*graph.input, *graph.output]}
    names = {}

    def short(name):
        if not name or name in kept:
            return name
        return names.setdefault(name, f"v{len(names)}")

    def walk(graph):
        for node in graph.node:
            node.name, node.doc_string = "", ""
            node.input[:] = [short(name) for name in node.input]
            node.output[:] = [short(name) for name in node.output]
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    walk(attribute.g)
        for initializer in graph.initializer:
            initializer.name = short(initializer.name)
        for value in [*graph.input, *graph.output]:
            value.name = short(value.name)
        del graph.value_info[:]

    walk(graph)
    return model


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    coco_eval()
    golden = {}
    letterboxed = planes(boxed(8), std=[255] * 3)[None]
    corner_bgr = planes(boxed(0), bgr=True)[None]
    stretched = planes(SMALL, std=[255] * 3)[None]
    open_hw = {1: "h", 2: "w"}
    imagenet = planes(SMALL, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375])[None]
    rtmdet_mean, rtmdet_std = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]
    rtmdet = planes(boxed(0), rtmdet_mean, rtmdet_std, bgr=True)[None]
    names = "{" + ", ".join(f"{i}: 'c{i}'" if i else "0: 'person'" for i in range(80)) + "}"
    yolo_meta = {"task": "detect", "imgsz": "[64, 64]", "names": names, "stride": "32"}
    size = np.int64([[64, 48]])
    cases = {
        "yolox_grid": (lambda: Yolox(False), [corner_bgr], ["images"], ["output"], after_yolox(False), None, None),
        "yolox_decoded": (lambda: Yolox(True), [corner_bgr], ["images"], ["output"], after_yolox(True), None, None),
        "yolo_raw": (YoloRaw, [letterboxed], ["images"], ["output0"], after_yolo, None, yolo_meta),
        "yolo_end_to_end": (YoloEndToEnd, [letterboxed], ["images"], ["output0"], after_yolo, None, yolo_meta),
        "ssd_torchvision": (
            torchvision_ssd, [stretched[0]], ["image"], ["boxes", "scores", "labels"],
            as_listed(["boxes", "scores", "labels"], 1), None, None,
        ),
        "ssd_tensorflow": (
            TensorflowSsd, [SMALL[None]], ["input_tensor"],
            ["detection_boxes", "detection_classes", "detection_scores", "num_detections"], after_tensorflow,
            {"input_tensor": {1: "h", 2: "w"}}, None,
        ),
        "faster_rcnn": (
            faster_rcnn, [stretched[0]], ["image"], ["boxes", "labels", "scores"],
            as_listed(["boxes", "labels", "scores"], 1), {"image": open_hw}, None,
        ),
        "vitdet": (
            Vitdet, [planes(SMALL)], ["image"], ["boxes", "classes", "masks", "scores", "size"],
            as_listed(["boxes", "labels", "masks", "scores"], 0), {"image": open_hw}, None,
        ),
        "detr_queries": (
            lambda: Queries(80), [stretched], ["pixel_values"], ["logits", "pred_boxes"], after_transformers, None, None,
        ),
        "detr_sized": (
            Sized, [stretched, size], ["images", "orig_target_sizes"], ["labels", "boxes", "scores"],
            as_listed(["labels", "boxes", "scores"], 0), None, None,
        ),
        "rf_detr": (
            lambda: Swapped(Queries(91)), [imagenet], ["input"], ["dets", "labels"], after_rfdetr, None, None,
        ),
        "rtmdet": (Rtmdet, [rtmdet], ["input"], ["dets", "labels"], after_rtmdet, None, None),
    }
    for name, (make, inputs, input_names, output_names, expected, dynamic, metadata) in cases.items():
        for seed in range(1, 60):
            torch.manual_seed(seed)
            model = make().eval()
            tensors = [torch.from_numpy(values) for values in inputs]
            fed = [[tensors[0]]] if name in ("ssd_torchvision", "faster_rcnn") else tensors
            with torch.no_grad():
                output = export(name, model, fed, inputs, input_names, output_names, dynamic, metadata)
                found = expected(output)
            if 2 <= len(found) <= 40:
                break
        else:
            raise SystemExit(f"{name}: nobody is found with any seed")
        golden[name] = np.round(found, 5).tolist()
        print(name, "seed", seed, len(found), "people", (OUT / f"{name}.onnx.gz").stat().st_size, "bytes")
        if name == "vitdet":
            order = np.argsort(-output[3], kind="stable")
            order = [i for i in order if output[1][i] == 0 and output[3][i] >= THRESHOLD]
            golden["vitdet_first_mask"] = np.round(output[2][order[0], 0] * 255).astype(int).flatten()[::29].tolist()
    lines = ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in golden.items())
    (OUT / "golden.json").write_text("{\n" + lines + "\n}\n")


def export(name, model, fed, inputs, input_names, output_names, dynamic, metadata):
    buffer = io.BytesIO()
    torch.onnx.export(
        model, tuple(fed), buffer, input_names=input_names, output_names=output_names,
        dynamic_axes=dynamic, opset_version=17, dynamo=False,
    )
    proto = shortened(onnx.load_from_string(buffer.getvalue()))
    for key, value in (metadata or {}).items():
        proto.metadata_props.add(key=key, value=value)
    data = proto.SerializeToString()
    (OUT / f"{name}.onnx.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(output_names, dict(zip(input_names, inputs)))


if __name__ == "__main__":
    main()
