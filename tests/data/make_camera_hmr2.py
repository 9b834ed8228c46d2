"""Makes hmr2/camera_fp16.onnx: HMR2's contract with CameraHMR's second input and weights of 16 bits, as small as can be.

The camera is (0.875, 0, 0) and where the crop is said to lie, so that what was said can be read off it.
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
eye = np.tile(np.eye(3, dtype=np.float16), (1, 24, 1, 1))
weights = {"eye": eye, "camera": np.array([[0.875, 0, 0]], np.float16), "betas0": np.zeros((1, 10), np.float16)}
shapes = {"axes": np.array([1, 2, 3], np.int64)}
cuts = {"zero": np.array([0], np.int64), "one": np.array([1], np.int64), "last": np.array([24], np.int64)}
node = helper.make_node
nodes = [
    # Nothing for each person, so that every output has as many rows as the input.
    node("ReduceMean", ["image", "axes"], ["mean"], keepdims=1),
    node("Sub", ["mean", "mean"], ["nothing"]),
    node("Reshape", ["nothing", "row"], ["nothing_row"]),
    *[node("Cast", [name], [name + "32"], to=FLOAT) for name in weights],
    node("Add", ["eye32", "nothing"], ["rotations"]),
    node("Slice", ["rotations", "zero", "one", "one"], ["global_orient"]),
    node("Slice", ["rotations", "one", "last", "one"], ["body_pose"]),
    node("Add", ["betas032", "nothing_row"], ["betas"]),
    node("Add", ["camera32", "bbox_info"], ["pred_cam"]),
]
inputs = [helper.make_tensor_value_info("image", FLOAT, ["batch", 3, 256, 192]),
          helper.make_tensor_value_info("bbox_info", FLOAT, ["batch", 3])]
outputs = [helper.make_tensor_value_info(name, FLOAT, ["batch", *shape]) for name, shape in
           {"global_orient": [1, 3, 3], "body_pose": [23, 3, 3], "betas": [10], "pred_cam": [3]}.items()]
constants = {**weights, **shapes, **cuts, "row": np.array([-1, 1], np.int64)}
graph = helper.make_graph(nodes, "camera", inputs, outputs,
                          [numpy_helper.from_array(value, name) for name, value in constants.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, pathlib.Path(__file__).parent / "hmr2/camera_fp16.onnx")
