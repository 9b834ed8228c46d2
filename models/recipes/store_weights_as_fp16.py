"""Halves an ONNX file: 32-bit weights are stored as 16-bit ones behind a Cast node.

    python store_weights_as_fp16.py IN.onnx OUT.onnx

The network still computes in 32 bits: ONNX Runtime folds the casts when it loads the file. Nothing is lost where
the weights were published in 16 bits, as those of the starter models were.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Smaller tensors are not worth a node.
SMALLEST = 256


def convert(source: Path, target: Path) -> float:
    """Rewrites `source`; returns the largest error of a weight, relative to the largest weight of its tensor."""
    model = onnx.load(source)
    graph = model.graph
    casts, worst = [], 0.0
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST:
            continue
        full = numpy_helper.to_array(tensor)
        half = full.astype(np.float16)
        worst = max(worst, float(np.abs(half.astype(np.float32) - full).max() / max(np.abs(full).max(), 1e-12)))
        stored = f"{tensor.name}_h"
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(half, stored))
        casts.append(helper.make_node("Cast", [stored], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)
    onnx.save(model, target)
    return worst


if __name__ == "__main__":
    print(f"largest relative weight error {convert(Path(sys.argv[1]), Path(sys.argv[2])):.1e}")
