"""What each family's own library makes of a network's outputs, and pycocotools of detections; by published definition where
the library is not on PyPI. Boxes are in pixels of a picture of WIDTH x HEIGHT, SCALE times as large as the network's input.
"""
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

WIDTH, HEIGHT = 128, 96
SCALE = 2
THRESHOLD = 0.3


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


def coco_eval(path):
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
    path.write_text(json.dumps(golden) + "\n")
