"""Converts an SMPL body to the arrays that snowmesh reads: smpl_to_npz.py SMPL_NEUTRAL.pkl|.npz --out smpl.npz

Reads arrays of numpy, scipy.sparse and chumpy and runs nothing that a file may hold: any other object is an error.
"""
import argparse
import codecs
import pathlib
import pickle

import numpy as np
import scipy.sparse

FLOATS = ["v_template", "shapedirs", "posedirs", "J_regressor", "weights"]
INTEGERS = ["kintree_table", "f"]


class Shell:
    """A chumpy array or a sparse matrix as its state alone."""

    def __init__(self, *_):
        self.state = {}

    def __setstate__(self, state):
        self.state = state


ALLOWED = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype, ("_codecs", "encode"): codecs.encode}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    ALLOWED[_module, "_reconstruct"] = np._core.multiarray._reconstruct
for _module in ("scipy.sparse.csc", "scipy.sparse._csc"):
    ALLOWED[_module, "csc_matrix"] = Shell
ALLOWED["chumpy.ch", "Ch"] = Shell


class ArraysOnly(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"the file holds a {module}.{name}, which is no array; it is not read")
        return ALLOWED[module, name]


def array(value):
    """A plain array from what the file holds."""
    if not isinstance(value, Shell):
        return np.asarray(value)
    state = value.state
    if "indptr" in state:
        shape = state.get("_shape", state.get("shape"))
        return scipy.sparse.csc_matrix((state["data"], state["indices"], state["indptr"]), shape=shape).toarray()
    return array(state["x"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("body", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--extra-joints", type=pathlib.Path, help="4D-Humans' SMPL_to_J19.pkl, for HMR2's last 19 joints")
    args = parser.parse_args()
    if args.body.suffix == ".npz":
        body = np.load(args.body, allow_pickle=False)
    else:
        with args.body.open("rb") as file:
            body = ArraysOnly(file, encoding="latin1").load()
    arrays = {name: array(body[name]).astype(np.float32) for name in FLOATS}
    arrays |= {name: array(body[name]).astype(np.int64) for name in INTEGERS}
    arrays["shapedirs"] = arrays["shapedirs"][..., :10]
    if args.extra_joints:
        with args.extra_joints.open("rb") as file:
            arrays["J_regressor_extra"] = array(ArraysOnly(file, encoding="latin1").load()).astype(np.float32)
    np.savez(args.out, **arrays)
    print(f"{args.out}: {len(arrays['v_template'])} vertices, {len(arrays['f'])} triangles")


if __name__ == "__main__":
    main()
