"""Compares a freshly made file with the committed one by what it computes, not by its bytes: tf2onnx names nodes
in an order of its own, and another processor rounds sums differently in the last bit."""

from pathlib import Path

import numpy as np
import onnxruntime

SEED = 0
FREE_SIDE = 256  # for inputs whose size is left open
NETWORK_TOLERANCE = 1e-4  # of the largest value of an output
# The least-squares problem of the joint regressor is flat: a last bit in it moves joints by a tenth of a millimetre.
BODY_TOLERANCE_M = 5e-4


def networks(made: Path, committed: Path) -> bool:
    """Whether two networks have the same inputs and outputs and give the same on seeded noise."""
    sessions = [onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in (made, committed)]
    if signature(sessions[0]) != signature(sessions[1]):
        print(f"  inputs or outputs differ: {signature(sessions[0])} and {signature(sessions[1])}")
        return False
    feed = noise(sessions[1])
    worst = 0.0
    names = [output.name for output in sessions[1].get_outputs()]
    for new, old in zip(*(session.run(names, feed) for session in sessions)):
        worst = max(worst, float(np.abs(new - old).max() / max(np.abs(old).max(), 1e-12)))
    print(f"  largest relative difference of an output: {worst:.1e}")
    return worst <= NETWORK_TOLERANCE


def signature(session: onnxruntime.InferenceSession) -> list:
    """Names, types and ranks: the names of free dimensions are tf2onnx's whim."""
    ends = sorted([*session.get_inputs(), *session.get_outputs()], key=lambda end: end.name)
    return [(end.name, end.type, [d if isinstance(d, int) else None for d in end.shape]) for end in ends]


def noise(session: onnxruntime.InferenceSession) -> dict[str, np.ndarray]:
    """A seeded random picture for each input."""
    rng = np.random.default_rng(SEED)
    feed = {}
    for end in session.get_inputs():
        shape = [d if isinstance(d, int) else FREE_SIDE for d in end.shape]
        integer = "int32" in end.type
        feed[end.name] = rng.integers(0, 256, shape, np.int32) if integer else rng.random(shape, np.float32)
    return feed


def bodies(made: Path, committed: Path) -> bool:
    """Whether two bodies have the same arrays; the joint regressor counts by the joints that it gives."""
    with np.load(made) as new, np.load(committed) as old:
        if sorted(new) != sorted(old) or any(new[k].shape != old[k].shape for k in old):
            print("  the arrays differ in names or sizes")
            return False
        if any(not np.array_equal(new[name], old[name]) for name in ("f", "kintree_table")):
            print("  triangles or joints differ")
            return False
        names = ("v_template", "shapedirs", "posedirs", "weights")
        worst = max(float(np.abs(new[name] - old[name]).max()) for name in names)
        # Many regressors give the same joints, for the mean and along each direction of shape.
        difference = new["J_regressor"] - old["J_regressor"]
        worst = max(worst, float(np.abs(difference @ old["v_template"]).max()))
        worst = max(worst, float(np.abs(np.einsum("jv,vck->jck", difference, old["shapedirs"])).max()))
    print(f"  largest difference of a number: {worst:.1e}")
    return worst <= BODY_TOLERANCE_M
