#!/usr/bin/env python3
"""Exports a detector to ONNX in the form that snowmesh recognises: export_detector.py FAMILY [WEIGHTS] --out FILE.onnx

FAMILY is one of ssd, faster-rcnn, yolo, yolox, rt-detr, d-fine, rf-detr, rtmdet, vitdet. Without WEIGHTS, --random makes a
network of the same size whose weights mean nothing, for tests and measurements. README.md beside this file says for each
family what to install, which weights there are, and their licence.
"""
import argparse
import collections
import pathlib
import shutil
import sys
import tempfile

OPSET = 17


def missing(package, how):
    sys.exit(f"{package} is not installed: {how} (see README.md)")


def export(model, inputs, path, input_names, output_names, dynamic=None, large=False):
    """Writes the graph; with its weights in one file beside it where it is `large`."""
    import onnx
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    model.eval()
    with torch.no_grad(), tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        # PyTorch scatters the weights of a large network over hundreds of files.
        raw = pathlib.Path(scratch) / "raw.onnx" if large else path
        torch.onnx.export(
            model, inputs, str(raw), input_names=input_names, output_names=output_names, dynamic_axes=dynamic,
            opset_version=OPSET, dynamo=False, do_constant_folding=not large,
        )
        if large:
            data = path.name + ".data"
            network = onnx.load(raw)
            turn_weights(network.graph)
            onnx.save_model(network, path, save_as_external_data=True, location=data, size_threshold=1024)


def turn_weights(graph):
    """Turns the weights that nodes would turn: ONNX Runtime would keep the turned ones as copies beside the mapped file."""
    from onnx import numpy_helper

    weights = {tensor.name: tensor for tensor in graph.initializer}
    uses = collections.Counter(name for node in graph.node for name in node.input)
    turned = {}
    for node in [node for node in graph.node if node.op_type == "Transpose" and uses[node.input[0]] == 1]:
        if weight := weights.get(node.input[0]):
            values = numpy_helper.to_array(weight).transpose(*(list(a.ints) for a in node.attribute if a.name == "perm"))
            weight.CopyFrom(numpy_helper.from_array(values, weight.name))
            turned[node.output[0]] = weight.name
            graph.node.remove(node)
    for node in graph.node:
        node.input[:] = [turned.get(name, name) for name in node.input]


def torchvision_model(args, name, outputs):
    """SSDLite or Faster R-CNN, whole: resizing and suppression are in the graph."""
    import torch
    from torchvision.models import detection

    make = getattr(detection, args.variant or name)
    model = make(weights=None, weights_backbone=None)
    if args.weights:
        model.load_state_dict(torch.load(args.weights, map_location="cpu", weights_only=True))
    image = torch.rand(3, 360, 640)
    export(model, ([image],), args.out, ["image"], outputs, {"image": {1: "height", 2: "width"}})


def ssd(args):
    torchvision_model(args, "ssdlite320_mobilenet_v3_large", ["boxes", "scores", "labels"])


def faster_rcnn(args):
    torchvision_model(args, "fasterrcnn_mobilenet_v3_large_fpn", ["boxes", "labels", "scores"])


def yolo(args):
    """YOLOv8 or YOLO11, by Ultralytics' own exporter; the weights' licence is AGPL-3.0 or theirs to sell."""
    try:
        from ultralytics import YOLO
    except ImportError:
        missing("ultralytics", "pip install ultralytics==8.3.240")
    source = args.weights or f"{args.variant or 'yolo11n'}.yaml"
    written = YOLO(str(source)).export(format="onnx", imgsz=args.side or 640, opset=OPSET, nms=args.end_to_end)
    shutil.move(written, args.out)


def yolox(args):
    import torch

    try:
        from yolox.exp import get_exp
    except ImportError:
        missing("yolox", "pip install --no-deps --no-build-isolation yolox==0.3.0")
    exp = get_exp(None, args.variant or "yolox-nano")
    model = exp.get_model()
    if args.weights:
        model.load_state_dict(torch.load(args.weights, map_location="cpu", weights_only=True)["model"])
    model.eval()
    # The reader decodes, as YOLOX's own exporter leaves it.
    model.head.decode_in_inference = False
    side = args.side or exp.test_size[0]
    export(model, (torch.zeros(1, 3, side, side),), args.out, ["images"], ["output"])


def transformers_model(args, family):
    import torch

    try:
        import transformers
    except ImportError:
        missing("transformers", "pip install transformers==4.57.3")
    network, config = {
        "rt-detr": (transformers.RTDetrV2ForObjectDetection, transformers.RTDetrV2Config),
        "d-fine": (transformers.DFineForObjectDetection, transformers.DFineConfig),
    }[family]
    model = network.from_pretrained(str(args.weights)) if args.weights else network(config(num_labels=80))

    class Outputs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model.eval()

        def forward(self, pixel_values):
            found = self.model(pixel_values=pixel_values)
            return found.logits, found.pred_boxes

    side = args.side or 640
    export(Outputs(), (torch.zeros(1, 3, side, side),), args.out, ["pixel_values"], ["logits", "pred_boxes"])


def rf_detr(args):
    try:
        import rfdetr
    except ImportError as error:
        missing(error.name, "pip install rfdetr==1.2.1")
    # The base model without weights of its own fetches those of its backbone; the smallest one does not.
    name = args.variant or ("RFDETRBase" if args.weights else "RFDETRNano")
    model = getattr(rfdetr, name)(pretrain_weights=str(args.weights) if args.weights else None)
    folder = args.out.parent / "rf-detr-export"
    model.export(output_dir=str(folder), simplify=False)
    shutil.move(folder / "inference_model.onnx", args.out)


def rtmdet(args):
    sys.exit(
        "RTMDet is exported by MMDeploy, which is not made for being called from here: README.md has its command"
    )


def vitdet(args):
    """ViTDet-H with a cascade of heads and masks, traced by detectron2; with random weights one of the same size."""
    import torch

    image = torch.zeros(3, 576, 1024)
    outputs = ["boxes", "classes", "masks", "scores", "size"]
    open_axes = {
        "image": {1: "height", 2: "width"}, "boxes": {0: "found"}, "classes": {0: "found"}, "masks": {0: "found"},
        "scores": {0: "found"},
    }
    import vitdet_net

    if args.random:
        export(vitdet_net.random(args.score), (image,), args.out, ["image"], outputs, open_axes, large=True)
        return
    try:
        from detectron2.checkpoint import DetectionCheckpointer
        from detectron2.config import LazyConfig, instantiate
        from detectron2.export import TracingAdapter
        from detectron2.modeling.backbone import vit
    except ImportError:
        missing("detectron2", "pip install git+https://github.com/facebookresearch/detectron2")
    if not args.config:
        sys.exit("name 4D-Humans' hmr2/configs/cascade_mask_rcnn_vitdet_h_75ep.py with --config")
    config = LazyConfig.load(str(args.config))
    for predictor in config.model.roi_heads.box_predictors:
        predictor.test_score_thresh = args.score
    model = instantiate(config.model).eval()
    DetectionCheckpointer(model).load(str(args.weights))
    # Both for the memory of the exported graph: no attention over the whole picture by all heads at once, and sizes that are
    # known before it is run.
    vit.Attention.forward = vitdet_net.attend
    model.backbone.net.register_forward_pre_hook(lambda _, inputs: vitdet_net.whole(inputs[0]))

    def inference(model, inputs):
        return [{"instances": model.inference(inputs, do_postprocess=False)[0]}]

    adapter = TracingAdapter(model, [{"image": image}], inference)
    export(adapter, (image,), args.out, ["image"], outputs, open_axes, large=True)


FAMILIES = {
    "ssd": ssd,
    "faster-rcnn": faster_rcnn,
    "yolo": yolo,
    "yolox": yolox,
    "rt-detr": lambda args: transformers_model(args, "rt-detr"),
    "d-fine": lambda args: transformers_model(args, "d-fine"),
    "rf-detr": rf_detr,
    "rtmdet": rtmdet,
    "vitdet": vitdet,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("weights", nargs="?", type=pathlib.Path, help="checkpoint; for transformers a folder")
    parser.add_argument("--random", action="store_true", help="weights that mean nothing, for tests")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the .onnx to write")
    parser.add_argument("--variant", help="the library's name of another network of the family")
    parser.add_argument("--side", type=int, help="input side, where the family leaves it open")
    parser.add_argument("--end-to-end", action="store_true", help="yolo: with non-maximum suppression in the graph")
    parser.add_argument("--config", type=pathlib.Path, help="vitdet: 4D-Humans' configuration")
    parser.add_argument("--score", type=float, default=0.25, help="vitdet: lowest score in the graph")
    args = parser.parse_args()
    if bool(args.weights) == args.random:
        parser.error("name the weights, or --random for none")
    if args.random:
        import torch

        torch.manual_seed(1)
    FAMILIES[args.family](args)
    print(f"{args.out}: take it in with `snowmesh models import {args.out}`")


if __name__ == "__main__":
    main()
