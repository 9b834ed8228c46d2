"""Cuts a network down to the outputs that are used.

    python keep_outputs.py IN.onnx OUT.onnx OUTPUT [OUTPUT …]

ONNX Runtime computes every output of a file, asked for or not. BlazePose's mask and heat maps, which nobody here
reads, take over two fifths of its time.
"""

import sys
from pathlib import Path

import onnx
from onnx.utils import extract_model


def convert(source: Path, target: Path, outputs: list[str]) -> None:
    """Writes to `target` what `outputs` need of `source`."""
    inputs = [end.name for end in onnx.load(source, load_external_data=False).graph.input]
    extract_model(str(source), str(target), inputs, outputs)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
