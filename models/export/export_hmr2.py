"""Exports an HMR2 checkpoint to ONNX: export_hmr2.py CHECKPOINT|--random --out FOLDER [--variant fp32|fp16|int8]

CHECKPOINT is the .ckpt or the hmr2_data.tar.gz that holds it. Writes hmr2.onnx and hmr2.onnx.data, prints the error of its
joint rotations against PyTorch, and refuses to keep a file whose worst error is over 5 degrees.
"""
import argparse
import hashlib
import pathlib
import pickle
import shutil
import sys
import tarfile
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

import hmr2_net

OUTPUTS = ["global_orient", "body_pose", "betas", "pred_cam"]
WORST_DEGREES = 5.0


class TensorsOnly(pickle.Unpickler):
    """Rebuilds tensors; everything else of a checkpoint, such as its configuration, becomes an empty shell."""

    ALLOWED = {
        ("collections", "OrderedDict"),
        ("torch._utils", "_rebuild_tensor_v2"),
        ("torch._utils", "_rebuild_parameter"),
    }

    def find_class(self, module, name):
        if (module, name) in self.ALLOWED or (module == "torch" and name.endswith("Storage")):
            return super().find_class(module, name)
        return type(name, (), {"__init__": lambda *_: None, "__call__": lambda self, *_: self, "__setstate__": lambda *_: None, "__setitem__": lambda *_: None,
                               "append": lambda *_: None, "extend": lambda *_: None})


class Pickle:
    """What torch.load takes for the pickle module."""

    __name__ = "tensors_only"
    Unpickler = TensorsOnly
    load = staticmethod(lambda file, **options: TensorsOnly(file, **options).load())


def checkpoint_in(archive, folder):
    """Takes the one checkpoint out of an archive, and nothing else."""
    with tarfile.open(archive) as tar:
        found = [member for member in tar if member.isfile() and member.name.endswith(".ckpt")]
        if len(found) != 1:
            sys.exit(f"{archive} holds {len(found)} checkpoints instead of one")
        path = pathlib.Path(folder) / "hmr2.ckpt"
        with tar.extractfile(found[0]) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 22)
    return path


def load(checkpoint):
    if checkpoint.name.endswith((".tar.gz", ".tgz", ".tar")):
        with tempfile.TemporaryDirectory() as folder:
            return load(checkpoint_in(checkpoint, folder))
    weights = torch.load(checkpoint, map_location="cpu", mmap=True, weights_only=False, pickle_module=Pickle)["state_dict"]
    net = hmr2_net.Hmr2().eval()
    wanted = {k: v for k, v in weights.items() if k.startswith(("backbone.", "smpl_head."))}
    try:
        net.load_state_dict(wanted)
    except RuntimeError as error:
        sys.exit(f"{checkpoint} is not HMR2: {error}")
    return net


class Halved(torch.nn.Module):
    """16-bit weights behind 32-bit inputs and outputs."""

    def __init__(self, net):
        super().__init__()
        self.net = net.half()

    def forward(self, image):
        return tuple(value.float() for value in self.net(image.half()))


def export(net, path):
    """Writes the graph with its weights in a file beside it."""
    names = ["image", *OUTPUTS]
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        raw = pathlib.Path(scratch) / "raw.onnx"
        torch.onnx.export(net, (torch.randn(2, 3, 256, 192),), str(raw), opset_version=17, dynamo=False, input_names=names[:1],
                          output_names=names[1:], dynamic_axes={name: {0: "batch"} for name in names},
                          custom_opsets={"com.microsoft": 1})
        model = onnx.load(raw)
    onnx.save_model(model, path, save_as_external_data=True, location=path.name + ".data", size_threshold=1024)


def quantize(whole, path):
    """Weights and activations of the backbone as 8-bit integers; the head is small and decides the rotations."""
    graph = onnx.load(whole, load_external_data=False).graph
    head = [node.name for node in graph.node if "smpl_head" in node.name]
    quantize_dynamic(whole, path, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, nodes_to_exclude=head,
                     weight_type=QuantType.QInt8, use_external_data_format=True)


def stamp(path, **notes):
    """Notes in the graph what it is, and the SHA-256 of its weights, so that others in their place are found out."""
    model = onnx.load(path, load_external_data=False)
    data = sorted({entry.value for tensor in model.graph.initializer for entry in tensor.external_data
                   if entry.key == "location"})
    if len(data) == 1:
        with (path.parent / data[0]).open("rb") as file:
            notes["weights_sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    model.producer_name, model.producer_version = "snowmesh models/export", "1"
    onnx.helper.set_model_props(model, {f"snowmesh.{key}": str(value) for key, value in notes.items()})
    path.write_bytes(model.SerializeToString())


def degrees(ours, theirs):
    """Angles between rotation matrices."""
    trace = np.einsum("...ij,...ij->...", ours.astype(np.float64), theirs.astype(np.float64))
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", type=pathlib.Path)
    parser.add_argument("--random", action="store_true",
                        help="weights that mean nothing, for tests and measurements; kept whatever their error")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--variant", choices=["fp32", "fp16", "int8"], default="fp32")
    args = parser.parse_args()
    if args.random == (args.checkpoint is not None):
        parser.error("name a checkpoint, or --random")
    args.out.mkdir(parents=True, exist_ok=True)
    net = (hmr2_net.random() if args.random else load(args.checkpoint)).requires_grad_(False)

    # Pictures are smooth: white noise is nothing that the network was ever shown.
    noise = torch.randn(4, 3, 16, 12, generator=torch.Generator().manual_seed(7))
    images = torch.nn.functional.interpolate(noise, (256, 192), mode="bicubic")
    with torch.inference_mode():
        expected = [value.numpy() for value in net(images)]
    with tempfile.TemporaryDirectory(dir=args.out) as scratch:
        made = pathlib.Path(scratch) / "made" / "hmr2.onnx"
        made.parent.mkdir()
        if args.variant == "int8":
            whole = pathlib.Path(scratch) / "whole.onnx"
            export(net, whole)
            del net
            quantize(whole, made)
        else:
            export(Halved(net) if args.variant == "fp16" else net, made)
        session = onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
        found = session.run(OUTPUTS, {"image": images.numpy()})
        errors = np.concatenate([degrees(a, b).ravel() for a, b in zip(found[:2], expected[:2])])
        print(f"{args.variant}: joint rotations are off by {errors.mean():.3f} degrees on average, {errors.max():.3f} at most")
        worst = max(np.abs(a - b).max() for a, b in zip(found, expected))
        print(f"{args.variant}: largest difference of any output {worst:.2e}")
        # The rotations of random weights mean nothing, and nobody is drawn by them.
        if not args.random and not errors.max() <= WORST_DEGREES:
            sys.exit(f"not kept: over {WORST_DEGREES} degrees; choose another variant")
        del session
        stamp(made, variant=args.variant, source="random" if args.random else args.checkpoint.name,
              rotation_error_degrees=f"{errors.mean():.3f} mean, {errors.max():.3f} at most")
        for file in sorted(made.parent.iterdir()):
            shutil.move(file, args.out / file.name)


if __name__ == "__main__":
    main()
