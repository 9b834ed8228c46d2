"""Makes MoveNet Thunder compute its trunk in 8 bits: half the time and half the size.

    python quantize_keypoints.py IN.onnx OUT.onnx ANNOTATIONS.json PICTURES

The ranges of the values come from crops of people: ANNOTATIONS is a COCO keypoint file, PICTURES the folder of its
pictures. Weights take 7 bits, so that the 16-bit sums of processors without VNNI instructions cannot overflow. The
first block, the feature pyramid and the heads stay in 32 bits: they are a tenth of the time, and where a keypoint
lies is decided there.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from PIL import Image

SIDE = 256
CROP_SCALE = 1.25  # of the box's longer side, as in ../manifest.json
LEAST_KEYPOINTS = 6
# The picture as the first convolution takes it: (value - CENTRE) / CENTRE, from the network's own 16-bit factor.
CENTRE = 127.50196
KEPT_IN_32_BITS = re.compile(
    "/kpt_|/center_0|Conv1_relu|Conv__378|/expanded_conv|model_1/conv2d|separable_conv2d|model_1/re_lu"
)


class Crops(CalibrationDataReader):
    """Pictures of people, one at a time."""

    def __init__(self, annotations: Path, pictures: Path, input_name: str) -> None:
        people = json.loads(annotations.read_text())
        files = {image["id"]: pictures / image["file_name"] for image in people["images"]}
        self.input_name = input_name
        self.people = iter(
            [(files[p["image_id"]], p["bbox"]) for p in people["annotations"] if p["num_keypoints"] >= LEAST_KEYPOINTS]
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        if (person := next(self.people, None)) is None:
            return None
        file, (x, y, width, height) = person
        half = max(width, height) * CROP_SCALE / 2
        middle = (x + width / 2, y + height / 2)
        box = (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
        with Image.open(file) as image:
            crop = image.convert("RGB").transform((SIDE, SIDE), Image.Transform.EXTENT, box, Image.Resampling.BILINEAR)
        values = np.asarray(crop, np.float32).transpose(2, 0, 1)[None]
        return {self.input_name: (values - CENTRE) / CENTRE}


def convert(source: Path, target: Path, annotations: Path, pictures: Path) -> None:
    """Writes the 8-bit network of `source` to `target`."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        fold_constants(source, plain)
        model = onnx.load(plain)
        input_name = take_normalised_planes(model)
        onnx.save(model, plain)
        quantised = ("Conv", "Add", "Clip", "Relu")
        kept = [n.name for n in model.graph.node if n.op_type in quantised and KEPT_IN_32_BITS.search(n.name)]
        quantize_static(
            plain,
            target,
            Crops(annotations, pictures, input_name),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(quantised),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept,
        )


def fold_constants(source: Path, target: Path) -> None:
    """The network without the casts of its 16-bit weights."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def take_normalised_planes(model: onnx.ModelProto) -> str:
    """Cuts off the conversion from interleaved integers, which took a tenth of the time; returns the new input's name."""
    graph = model.graph
    first = next(node for node in graph.node if node.op_type == "Conv")
    before = list(graph.node)[: list(graph.node).index(first)]
    name = first.input[0]
    for node in before:
        graph.node.remove(node)
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, SIDE, SIDE]))
    first.input[0] = graph.input[0].name = "input"
    return "input"


if __name__ == "__main__":
    convert(*map(Path, sys.argv[1:5]))
