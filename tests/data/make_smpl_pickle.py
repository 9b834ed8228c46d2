#!/usr/bin/env python3
"""Write what the reader of SMPL pickles is tested with: tests/data/smpl_pickle/.

    python tests/data/make_smpl_pickle.py

Needs numpy and scipy. Run from the repository's root. body.pkl has 6 vertices and every wrapping that the official files
have: chumpy arrays and selections of them (as stand-ins of the same names, since chumpy no longer installs), a sparse
regressor, arrays stored by columns, a parent of 2^32 - 1. body.npz holds the same arrays plainly.
"""
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import scipy.sparse

OUT = Path("tests/data/smpl_pickle")
rng = np.random.default_rng(7)


def stand_in(module, name):
    """A class that pickles under chumpy's name, as its state alone."""
    made = type(name, (), {"__module__": module, "__init__": lambda self, **state: self.__dict__.update(state)})
    sys.modules.setdefault(module, types.ModuleType(module))
    setattr(sys.modules[module], name, made)
    return made


sys.modules["chumpy"] = types.ModuleType("chumpy")
Ch, Select = stand_in("chumpy.ch", "Ch"), stand_in("chumpy.reordering", "Select")
vertices = 6
shapedirs = rng.normal(size=(vertices, 3, 12))
picked = np.arange(shapedirs.size).reshape(shapedirs.shape)[:, :, :10].ravel()
regressor = np.zeros((24, vertices))
regressor[np.arange(24), np.arange(24) % vertices] = 1.0
regressor[3, 4] = 0.25
weights = np.zeros((vertices, 24))
weights[:, :2] = [0.75, 0.25]
parents = np.array([2**32 - 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21])
body = {
    "v_template": Ch(x=rng.normal(size=(vertices, 3)), dirty_vars=set().__len__()),
    "shapedirs": Select(a=Ch(x=shapedirs), idxs=picked, preferred_shape=(vertices, 3, 10)),
    "posedirs": np.asfortranarray(rng.normal(size=(vertices, 3, 207))),
    "J_regressor": scipy.sparse.csc_matrix(regressor),
    "weights": weights.astype(np.float32),
    "kintree_table": np.array([parents, np.arange(24)], np.uint32),
    "f": np.array([[0, 1, 2], [3, 4, 5]], ">i4"),
    "bs_type": "lrotmin",
}
OUT.mkdir(exist_ok=True)
(OUT / "body.pkl").write_bytes(pickle.dumps(body, protocol=3))
plain = {name: np.asarray(body[name], np.float32) for name in ("posedirs", "weights")}
plain |= {"v_template": body["v_template"].x.astype(np.float32), "shapedirs": shapedirs[:, :, :10].astype(np.float32),
          "J_regressor": regressor.astype(np.float32)}
plain |= {name: body[name].astype(np.int64) for name in ("kintree_table", "f")}
np.savez_compressed(OUT / "body.npz", **plain)
