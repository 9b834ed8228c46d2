"""Tests of the exporter that need no weights: test_export_hmr2.py

A checkpoint of the real layout is made with a small network; its configuration is a class that exists nowhere, and beside it
lies an object that would run a program. Loading must give the tensors, and run nothing.
"""
import pathlib
import tarfile
import tempfile
import unittest

import numpy as np
import onnx
import torch

import export_hmr2
import hmr2_net

# As deep as a test needs; the names of the weights are the published ones at any depth.
hmr2_net.WIDTH, hmr2_net.DEPTH, hmr2_net.HEADS = 64, 2, 4
hmr2_net.DECODER_WIDTH, hmr2_net.DECODER_HIDDEN, hmr2_net.DECODER_HEADS, hmr2_net.HEAD_WIDTH = 64, 64, 2, 16


class Trap:
    """Makes a file when it is unpickled as Python does."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (pathlib.Path.touch, (pathlib.Path(self.path),))


class Config(dict):
    """Stands for the configuration object of a checkpoint."""


class Checkpoint(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name) / "epoch=0.ckpt"
        self.sprung = pathlib.Path(self.folder.name) / "sprung"
        self.net = hmr2_net.random()
        weights = dict(self.net.state_dict())
        weights["discriminator.unused"] = torch.zeros(3)
        torch.save({"epoch": 35, "state_dict": weights, "hyper_parameters": {"cfg": Config(a=1), "trap": Trap(self.sprung)}},
                   self.path)

    def same(self, loaded):
        for name, weight in self.net.state_dict().items():
            self.assertTrue(torch.equal(weight, loaded.state_dict()[name]), name)
        self.assertFalse(self.sprung.exists())

    def test_gives_its_tensors_and_runs_nothing(self):
        self.same(export_hmr2.load(self.path))

    def test_is_found_in_its_archive(self):
        archive = self.path.with_name("hmr2_data.tar.gz")
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(self.path, "logs/train/multiruns/hmr2/0/checkpoints/epoch=0.ckpt")
            tar.add(__file__, "logs/readme")
        self.same(export_hmr2.load(archive))

    def test_of_another_network_is_refused(self):
        torch.save({"state_dict": {"backbone.other": torch.zeros(2)}}, self.path)
        with self.assertRaises(SystemExit) as refused:
            export_hmr2.load(self.path)
        self.assertIn("is not HMR2", str(refused.exception))

    def test_is_exported_without_shape_arithmetic_and_with_fused_attention(self):
        made = pathlib.Path(self.folder.name) / "hmr2.onnx"
        export_hmr2.export(self.net.requires_grad_(False), made)
        export_hmr2.stamp(made, variant="fp32")
        model = onnx.load(made, load_external_data=False)
        kinds = [node.op_type for node in model.graph.node]
        self.assertEqual(kinds.count("MultiHeadAttention"), hmr2_net.DEPTH + hmr2_net.DECODER_DEPTH)
        self.assertFalse({"Shape", "Range", "If", "Loop", "NonZero"} & set(kinds))
        self.assertEqual(len({prop.key for prop in model.metadata_props}), 2)
        session = export_hmr2.onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
        images = torch.randn(3, 3, 256, 192, generator=torch.Generator().manual_seed(1))
        found = session.run(export_hmr2.OUTPUTS, {"image": images.numpy()})
        for ours, theirs in zip(found, self.net(images)):
            np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)


if __name__ == "__main__":
    unittest.main()
