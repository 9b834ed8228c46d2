"""Converts a TensorFlow Lite model to ONNX.

    python tflite_to_onnx.py MODEL.tflite OUT.onnx
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tf2onnx

OPSET = 13


def convert(source: Path, target: Path) -> None:
    """Converts the model `source`; 16-bit weights come out as 32-bit ones."""
    tf2onnx.convert.from_tflite(str(source), opset=OPSET, output_path=str(target))


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
