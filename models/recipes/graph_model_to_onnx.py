"""Converts a TensorFlow.js graph model (model.json and its .bin shards) to ONNX.

    python graph_model_to_onnx.py MODEL.json OUT.onnx

The model is turned back into the TensorFlow graph it came from: weights are put into its constants (16-bit and
quantised ones widened to 32-bit), fused operations, which tf2onnx does not know, are taken apart, and tf2onnx
does the rest.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import tf2onnx
from google.protobuf import json_format
from tensorflow.core.framework import graph_pb2

OPSET = 13

# Each fused operation, the one at its core and the attributes that belong to that.
CONVOLUTION_ATTRIBUTES = ("strides", "padding", "data_format", "dilations", "explicit_paddings")
FUSED = {
    "_FusedConv2D": ("Conv2D", CONVOLUTION_ATTRIBUTES),
    "FusedDepthwiseConv2dNative": ("DepthwiseConv2dNative", CONVOLUTION_ATTRIBUTES),
    "_FusedMatMul": ("MatMul", ("transpose_a", "transpose_b")),
}
ACTIVATIONS = {"Relu", "Relu6", "Elu", "Sigmoid", "Tanh", "LeakyRelu"}


def read_weights(model: dict, folder: Path) -> dict[str, np.ndarray]:
    """The weights by name, as described by the model's `weightsManifest`."""
    weights = {}
    for group in model["weightsManifest"]:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        offset = 0
        for entry in group["weights"]:
            stored = np.dtype(entry.get("quantization", entry)["dtype"])
            count = int(np.prod(entry["shape"]))
            values = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
            offset += values.nbytes
            weights[entry["name"]] = widen(values, entry)
        if offset != len(data):
            raise ValueError(f"the shards hold {len(data)} bytes, their manifest describes {offset}")
    return weights


def widen(values: np.ndarray, entry: dict) -> np.ndarray:
    """Stored weights in the type that the graph computes in."""
    quantization = entry.get("quantization")
    if quantization is None:
        return values
    values = values.astype(np.float32)
    if quantization["dtype"] != "float16":
        values = values * quantization["scale"] + quantization["min"]
    return np.round(values).astype(np.int32) if entry["dtype"] == "int32" else values


def read_graph(model: dict, weights: dict[str, np.ndarray]) -> graph_pb2.GraphDef:
    """The TensorFlow graph, its constants filled."""
    topology = model["modelTopology"]
    description = {"node": topology["node"], "versions": topology.get("versions", {})}
    graph = json_format.ParseDict(description, graph_pb2.GraphDef(), ignore_unknown_fields=True)
    for node in graph.node:
        if node.op == "Const" and node.name in weights:
            values = weights[node.name]
            dtype = tf.dtypes.as_dtype(node.attr["dtype"].type)
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, dtype=dtype, shape=values.shape))
    return graph


def unfuse(graph: graph_pb2.GraphDef) -> graph_pb2.GraphDef:
    """The same graph with each fused operation as a chain; the last link keeps the operation's name."""
    plain = graph_pb2.GraphDef()
    plain.versions.CopyFrom(graph.versions)
    for node in graph.node:
        if node.op in FUSED:
            unfuse_node(node, plain)
        else:
            plain.node.add().CopyFrom(node)
    return plain


def unfuse_node(node, plain: graph_pb2.GraphDef) -> None:
    """Appends the chain of operations that the fused `node` stands for to `plain`."""
    links = [name.decode() for name in node.attr["fused_ops"].list.s]
    core, attributes = FUSED[node.op]
    first = plain.node.add(name=f"{node.name}/core" if links else node.name, op=core)
    first.input.extend(node.input[:2])
    first.attr["T"].type = node.attr["T"].type
    for attribute in attributes:
        if attribute in node.attr:
            first.attr[attribute].CopyFrom(node.attr[attribute])

    previous, operands = first.name, list(node.input[2:])
    for position, op in enumerate(links, start=1):
        link = plain.node.add(op=op, name=node.name if position == len(links) else f"{node.name}/{position}")
        link.attr["T"].type = node.attr["T"].type
        link.input.append(previous)
        if op == "BiasAdd":
            link.input.append(operands.pop(0))
        elif op == "LeakyRelu":
            link.attr["alpha"].f = node.attr["leakyrelu_alpha"].f
        elif op not in ACTIVATIONS:
            raise ValueError(f"{node.name}: {op} fused into {node.op} is not known here")
        previous = link.name
    if operands:
        raise ValueError(f"{node.name}: inputs {operands} are left over")


def tensor_names(signature: dict) -> list[str]:
    """The names of the tensors in one half of a signature."""
    return [name if ":" in name else f"{name}:0" for name in (entry["name"] for entry in signature.values())]


def convert(source: Path, target: Path) -> None:
    """Converts the graph model `source`; the signature's inputs and outputs keep their names and layout."""
    model = json.loads(source.read_text())
    graph = unfuse(read_graph(model, read_weights(model, source.parent)))
    signature = model.get("signature") or model["userDefinedMetadata"]["signature"]
    tf2onnx.convert.from_graph_def(
        graph,
        input_names=tensor_names(signature["inputs"]),
        output_names=tensor_names(signature["outputs"]),
        opset=OPSET,
        output_path=str(target),
    )


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
