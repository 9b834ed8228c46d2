"""Writes a models folder with a detector of ViTDet-H's size, for benchmarks of memory: random weights, useless boxes.

    python make_large_detector.py ../../models FOLDER

FOLDER gets everything of the program's models folder and the detector `vitdet-h-size`: a vision transformer on 1024 x 1024
pixels with 2.8 GB of 32-bit weights in a file of their own. One global attention over 64 x 64 patches takes the memory
that ViTDet's take (Li et al. 2022); the 36 blocks of width 1280 with the weights run on 32 x 32 patches, which is a
quarter of ViTDet's work. Input and output are those of movenet-multipose. Needs `onnx` and `numpy`.
"""

import json
import hashlib
import pathlib
import shutil
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, PATCH, WIDTH, HEADS, BLOCKS = 1024, 16, 1280, 16, 36
GRID = SIDE // PATCH
PEOPLE = 6

source, folder = map(pathlib.Path, sys.argv[1:3])
shutil.copytree(source, folder, dirs_exist_ok=True)
random = np.random.default_rng(7)
data = (folder / "vitdet_h_size.onnx.data").open("wb")
initializers, nodes = [], []


def weight(name, *dims):
    """Adds a random matrix to the data file."""
    values = random.standard_normal(dims, dtype=np.float32) / np.float32(np.sqrt(dims[0]))
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims)
    tensor.data_location = TensorProto.EXTERNAL
    data.seek(-(-data.tell() // 4096) * 4096)
    for key, value in [("location", "vitdet_h_size.onnx.data"), ("offset", data.tell()), ("length", values.nbytes)]:
        tensor.external_data.add(key=key, value=str(value))
    data.write(values.tobytes())
    initializers.append(tensor)
    return name


def constant(name, values, dtype=np.int64):
    initializers.append(numpy_helper.from_array(np.asarray(values, dtype), name))
    return name


def node(kind, inputs, output, **attributes):
    nodes.append(helper.make_node(kind, inputs, [output], **attributes))
    return output


scale = constant("scale", 1 / 255, np.float32)
x = node("Cast", ["input:0"], "pixels", to=TensorProto.FLOAT)
x = node("Mul", [x, scale], "scaled")
x = node("Reshape", [x, constant("split", [GRID, PATCH, GRID, PATCH * 3])], "split_out")
x = node("Transpose", [x], "patches", perm=[0, 2, 1, 3])
x = node("Reshape", [x, constant("rows", [GRID * GRID, PATCH * PATCH * 3])], "rows_out")
x = node("MatMul", [x, weight("embed", PATCH * PATCH * 3, WIDTH)], "tokens")

softness = constant("softness", 1 / np.sqrt(WIDTH // HEADS), np.float32)


def attention(n, q, k, v, tokens):
    """Softmax(q k) v over all tokens, by head."""
    by_head = constant(n + "by_head", [tokens, HEADS, WIDTH // HEADS])
    q, k, v = (
        node("Transpose", [node("Reshape", [part, by_head], n + name)], n + name + "_heads", perm=perm)
        for name, part, perm in [("q", q, [1, 0, 2]), ("k", k, [1, 2, 0]), ("v", v, [1, 0, 2])]
    )
    y = node("Mul", [node("MatMul", [q, k], n + "scores"), softness], n + "soft")
    y = node("MatMul", [node("Softmax", [y], n + "weights", axis=-1), v], n + "mixed")
    y = node("Transpose", [y], n + "joined", perm=[1, 0, 2])
    return node("Reshape", [y, constant(n + "flat", [tokens, WIDTH])], n + "attended")


x = attention("all_", x, x, x, GRID * GRID)
x = node("Reshape", [x, constant("pairs", [GRID // 2, 2, GRID // 2, 2, WIDTH])], "pairs_out")
x = node("ReduceMean", [x], "pooled", axes=[1, 3], keepdims=0)
tokens = GRID * GRID // 4
x = node("Reshape", [x, constant("pooled_rows", [tokens, WIDTH])], "pooled_tokens")
one, zero = constant("one", np.ones(WIDTH), np.float32), constant("zero", np.zeros(WIDTH), np.float32)
for b in range(BLOCKS):
    n = f"block{b}_"
    y = node("LayerNormalization", [x, one, zero], n + "norm1", axis=-1)
    q, k, v = (node("MatMul", [y, weight(n + part, WIDTH, WIDTH)], n + part + "_out") for part in ["wq", "wk", "wv"])
    y = attention(n, q, k, v, tokens)
    y = node("MatMul", [y, weight(n + "out", WIDTH, WIDTH)], n + "out_out")
    x = node("Add", [x, y], n + "sum1")
    y = node("LayerNormalization", [x, one, zero], n + "norm2", axis=-1)
    y = node("MatMul", [y, weight(n + "up", WIDTH, 4 * WIDTH)], n + "up_out")
    y = node("Relu", [y], n + "relu")
    y = node("MatMul", [y, weight(n + "down", 4 * WIDTH, WIDTH)], n + "down_out")
    x = node("Add", [x, y], n + "sum2")

# The same person in the middle of every picture, whatever was computed: scores and boxes do not depend on chance.
x = node("ReduceMean", [x], "mean", keepdims=0)
x = node("Mul", [x, constant("nothing", 0, np.float32)], "none")
person = np.zeros((1, PEOPLE, 56), np.float32)
person[0, 0, 51:56] = [0.2, 0.35, 0.9, 0.65, 0.9]
node("Add", [x, constant("person", person, np.float32)], "Identity:0")
data.close()

graph = helper.make_graph(
    nodes,
    "vitdet_h_size",
    [helper.make_tensor_value_info("input:0", TensorProto.INT32, [1, SIDE, SIDE, 3])],
    [helper.make_tensor_value_info("Identity:0", TensorProto.FLOAT, [1, PEOPLE, 56])],
    initializers,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
path = folder / "vitdet_h_size.onnx"
path.write_bytes(model.SerializeToString())

manifest = json.loads((folder / "manifest.json").read_text())
entry = next(dict(model) for model in manifest["models"] if model["id"] == "movenet-multipose")
entry |= {"id": "vitdet-h-size", "title": "ViTDet-H's size, random weights", "licence": "CC0-1.0", "source": "made here"}
graph_bytes = path.read_bytes()
entry["file"] = {
    "path": path.name,
    "bytes": len(graph_bytes),
    "sha256": hashlib.sha256(graph_bytes).hexdigest(),
}
entry["network"] = entry["network"] | {"input": entry["network"]["input"] | {"side": SIDE}}
manifest["models"].append(entry)
(folder / "manifest.json").write_text(json.dumps(manifest))
print(f"{path}: {(folder / 'vitdet_h_size.onnx.data').stat().st_size >> 20} MiB of weights")
