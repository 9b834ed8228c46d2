#!/usr/bin/env python3
"""Writes tests/data/detectors/idle_*.onnx.gz: networks with the true inputs and outputs of each family at full size that do
nothing. They give the same boxes whatever the picture, a few of them people, so that what is left of the time for a picture
is what the program itself does before and after the network.

    venv/bin/python tests/data/make_idle_detectors.py        # in the repository's root; needs onnx and numpy
"""
import gzip
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = Path("tests/data/detectors")
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, values, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, kind, *inputs, name=None, **attributes):
        name = name or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def ramp(self, count):
        """0, 1, 2, …"""
        whole = self.node("Range", *(self.constant(v, np.int64) for v in (0, count, 1)))
        return self.node("Cast", whole, to=FLOAT)

    def people(self, count, every):
        """A score for each box: 0.9 for one in `every`, 0.01 for the others."""
        rest = self.node("Mod", self.ramp(count), self.constant(every), fmod=1)
        return self.node("Where", self.node("Equal", rest, self.constant(0)), self.constant(0.9), self.constant(0.01))

    def columns(self, count, side):
        """Left, top, width and height of boxes all over a square."""
        ramp = self.ramp(count)
        left = self.node("Mul", self.node("Mod", ramp, self.constant(23), fmod=1), self.constant(side / 30))
        top = self.node("Mul", self.node("Mod", ramp, self.constant(7), fmod=1), self.constant(side / 16))
        size = [self.node("Expand", self.constant(side * part), self.constant([count], np.int64)) for part in (0.15, 0.3)]
        return [left, top, *size]

    def corners(self, count, side):
        left, top, width, height = self.columns(count, side)
        return [left, top, self.node("Add", left, width), self.node("Add", top, height)]

    def stacked(self, columns, axis, name=None):
        lifted = [self.node("Unsqueeze", column, self.constant([axis], np.int64)) for column in columns]
        return self.node("Concat", *lifted, axis=axis, name=name)

    def filled(self, shape, value, name=None, dtype=np.float32):
        return self.node("Expand", self.constant(value, dtype), self.constant(shape, np.int64), name=name)

    def batched(self, value, name):
        return self.node("Unsqueeze", value, self.constant([0], np.int64), name=name)

    def write(self, name, picture, outputs, metadata=()):
        inputs = [helper.make_tensor_value_info(picture[0], FLOAT, picture[1])]
        outputs = [helper.make_tensor_value_info(n, kind, shape) for n, kind, shape in outputs]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        for key, value in metadata:
            model.metadata_props.add(key=key, value=value)
        onnx.checker.check_model(model)
        (OUT / f"idle_{name}.onnx.gz").write_bytes(gzip.compress(model.SerializeToString(), 9, mtime=0))


def yolox():
    g = Graph()
    # In strides, sizes as logarithms.
    boxes = g.stacked(g.columns(8400, 4), 1)
    person = g.node("Unsqueeze", g.people(8400, 400), g.constant([1], np.int64))
    rows = g.node("Concat", boxes, person, g.filled([8400, 1], 1), g.filled([8400, 79], 0), axis=1)
    g.batched(rows, "output")
    g.write("yolox", ("images", [1, 3, 640, 640]), [("output", FLOAT, [1, 8400, 85])])


def yolo():
    g = Graph()
    columns = g.stacked([*g.columns(8400, 640), g.people(8400, 400)], 0)
    g.batched(g.node("Concat", columns, g.filled([79, 8400], 0), axis=0), "output0")
    names = "{" + ", ".join(f"{i}: 'c{i}'" if i else "0: 'person'" for i in range(80)) + "}"
    g.write("yolo", ("images", [1, 3, 640, 640]), [("output0", FLOAT, [1, 84, 8400])], [("task", "detect"), ("names", names)])


def detr():
    g = Graph()
    person = g.node("Unsqueeze", g.node("Log", g.people(300, 15)), g.constant([1], np.int64))
    g.batched(g.node("Concat", person, g.filled([300, 79], -9), axis=1), "logits")
    g.batched(g.stacked(g.columns(300, 1), 1), "pred_boxes")
    outputs = [("logits", FLOAT, [1, 300, 80]), ("pred_boxes", FLOAT, [1, 300, 4])]
    g.write("rt_detr", ("pixel_values", [1, 3, 640, 640]), outputs)


def rtmdet():
    g = Graph()
    g.batched(g.stacked([*g.corners(100, 640), g.people(100, 5)], 1), "dets")
    g.filled([1, 100], 0, "labels", np.int64)
    g.write("rtmdet", ("input", [1, 3, 640, 640]), [("dets", FLOAT, [1, "n", 5]), ("labels", INT64, [1, "n"])])


def listed(name, order, side, person, masks=False):
    """Boxes, classes and scores as lists of one person in five."""
    g = Graph()
    g.stacked(g.corners(100, side / 2), 1, "boxes")
    g.node("Identity", g.people(100, 5), name="scores")
    g.node("Cast", g.filled([100], person), name=order[1] if masks else "labels", to=INT64)
    kinds = {"boxes": (FLOAT, ["n", 4]), "scores": (FLOAT, ["n"]), "labels": (INT64, ["n"]), "classes": (INT64, ["n"])}
    if masks:
        g.filled([100, 1, 28, 28], 0.7, "masks")
        g.node("Identity", g.constant([576, 1024], np.int64), name="size")
        kinds |= {"masks": (FLOAT, ["n", 1, 28, 28]), "size": (INT64, [2])}
    g.write(name, ("image", [3, "height", "width"]), [(output, *kinds[output]) for output in order])


yolox()
yolo()
detr()
rtmdet()
listed("ssd", ["boxes", "scores", "labels"], 320, 1)
listed("faster_rcnn", ["boxes", "labels", "scores"], 1333, 1)
listed("vitdet", ["boxes", "classes", "masks", "scores", "size"], 1024, 0, masks=True)
