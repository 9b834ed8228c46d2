#!/usr/bin/env python3
"""Write what the reader of ONNX files is compared with: tests/data/onnx_file/.

    python tests/data/make_onnx_golden.py

Needs onnx (1.19) and numpy. Run from the repository's root.

* small.onnx: a graph with weights within it and in another file, a constant of a node, graphs within a node,
  symbolic and open dimensions, two operator sets and metadata; it is for reading alone, not for running;
* golden.json: what the onnx package reads from it and from models that the project has.
"""
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

OUT = Path("tests/data/onnx_file")
FILES = [OUT / "small.onnx", *(Path(path) for path in (
    "tests/data/hmr2/hmr2_tiny.onnx",
    "models/starter/nanodet_g_416.onnx",
    "models/starter/movenet_multipose_256.onnx",
))]


def external(name, data_type, dims, **entries):
    tensor = TensorProto(name=name, data_type=data_type, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    return tensor


def small():
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.arange(6, dtype=np.int64), "six"))],
        "branch", [], [helper.make_tensor_value_info("c", TensorProto.INT64, [6])],
        [external("hidden", TensorProto.FLOAT16, [4, 4], location="sub/hidden.bin")])
    nodes = [
        helper.make_node("If", ["condition"], ["picked"], then_branch=branch, else_branch=branch),
        helper.make_node("Mine", ["image"], ["boxes"], domain="example"),
    ]
    graph = helper.make_graph(
        nodes, "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, None, 192]),
         helper.make_tensor_value_info("condition", TensorProto.BOOL, []),
         helper.make_tensor_value_info("filled", TensorProto.FLOAT, [2]),
         helper.make_tensor_sequence_value_info("list", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("boxes", TensorProto.FLOAT16, ["found", 4]),
         helper.make_tensor_value_info("picked", TensorProto.INT64, None)],
        [numpy_helper.from_array(np.ones(2, np.float32), "filled"),
         helper.make_tensor("typed", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]),
         helper.make_tensor("scalar", TensorProto.INT32, [], [7]),
         helper.make_tensor("nibbles", TensorProto.UINT4, [5], [1, 2, 3, 4, 5]),
         external("far", TensorProto.FLOAT, [1000, 1000, 10], location="small.data", offset=4096, length=40_000_000)])
    model = helper.make_model(graph, producer_name="snowmesh", producer_version="1",
                              opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("example", 1)])
    model.ir_version = 10
    helper.set_model_props(model, {"names": "{0: 'person'}", "stride": "32"})
    return model


def value(info):
    if not info.type.HasField("tensor_type"):
        return {"name": info.name, "element": None, "shape": None}
    kind = info.type.tensor_type
    size = {"dim_value": lambda d: d.dim_value, "dim_param": lambda d: d.dim_param, None: lambda d: None}
    shape = [size[d.WhichOneof("value")](d) for d in kind.shape.dim] if kind.HasField("shape") else None
    return {"name": info.name, "element": kind.elem_type, "shape": shape}


def tensors(graph):
    """Every tensor, in the file's order of fields: nodes come before initializers."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.TENSOR:
                yield attribute.t
            elif attribute.type == AttributeProto.GRAPH:
                yield from tensors(attribute.g)
    yield from graph.initializer


def described(path):
    model = onnx.load(path, load_external_data=False)
    found = []
    for tensor in tensors(model.graph):
        bits = {TensorProto.UINT4: 4, TensorProto.STRING: 0}.get(
            tensor.data_type, 8 * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
        place = {e.key: e.value for e in tensor.external_data} if tensor.data_location == TensorProto.EXTERNAL else None
        found.append([tensor.name, tensor.data_type, list(tensor.dims),
                      (int(np.prod(tensor.dims, dtype=object)) * bits + 7) // 8,
                      place and [place["location"], int(place.get("offset", 0)),
                                 int(place["length"]) if "length" in place else None]])
    names = {tensor.name for tensor in model.graph.initializer}
    return {
        "ir_version": model.ir_version,
        "producer": [model.producer_name, model.producer_version],
        "opsets": [[o.domain, o.version] for o in model.opset_import],
        "metadata": {p.key: p.value for p in model.metadata_props},
        "inputs": [value(i) for i in model.graph.input if i.name not in names],
        "outputs": [value(o) for o in model.graph.output],
        "tensor_count": len(found),
        "weight_bytes": sum(tensor[3] for tensor in found),
        "first_tensors": found[:10],
    }


OUT.mkdir(exist_ok=True)
onnx.save(small(), OUT / "small.onnx")
golden = {path.as_posix(): described(path) for path in FILES}
(OUT / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
