"""SMPL's 24 joints on MakeHuman's mesh: where they are, and which vertices follow them."""

import json
from pathlib import Path

import numpy as np

# SMPL's joints in order; each with its parent and the bone of MakeHuman's Mixamo rig at whose head it lies.
JOINTS = [
    ("pelvis", -1, "Hips"),
    ("left_hip", 0, "LeftUpLeg"),
    ("right_hip", 0, "RightUpLeg"),
    ("spine1", 0, "Spine"),
    ("left_knee", 1, "LeftLeg"),
    ("right_knee", 2, "RightLeg"),
    ("spine2", 3, "Spine1"),
    ("left_ankle", 4, "LeftFoot"),
    ("right_ankle", 5, "RightFoot"),
    ("spine3", 6, "Spine2"),
    ("left_foot", 7, "LeftToeBase"),
    ("right_foot", 8, "RightToeBase"),
    ("neck", 9, "Neck"),
    ("left_collar", 9, "LeftShoulder"),
    ("right_collar", 9, "RightShoulder"),
    ("head", 12, "Head"),
    ("left_shoulder", 13, "LeftArm"),
    ("right_shoulder", 14, "RightArm"),
    ("left_elbow", 16, "LeftForeArm"),
    ("right_elbow", 17, "RightForeArm"),
    ("left_wrist", 18, "LeftHand"),
    ("right_wrist", 19, "RightHand"),
    ("left_hand", 20, "LeftHandMiddle1"),
    ("right_hand", 21, "RightHandMiddle1"),
]
NAMES = [name for name, _, _ in JOINTS]
PARENTS = np.array([parent for _, parent, _ in JOINTS])
COUNT = len(JOINTS)

# The bones of MakeHuman's default rig, whose weights are the finest, and the joint that moves their vertices.
# ".L" and ".R" are left and right.
MIDDLE_BONES = {
    "root": "pelvis",
    "spine05": "pelvis",
    "spine04": "spine1",
    "spine03": "spine2",
    "spine02": "spine3",
    "spine01": "spine3",
    "neck01": "neck",
    "neck02": "neck",
    "neck03": "neck",
    "head": "head",
}
SIDE_BONES = {
    "clavicle": "collar",
    "shoulder01": "collar",
    "upperarm01": "shoulder",
    "upperarm02": "shoulder",
    "lowerarm01": "elbow",
    "lowerarm02": "elbow",
    "wrist": "wrist",
    "upperleg01": "hip",
    "upperleg02": "hip",
    "lowerleg01": "knee",
    "lowerleg02": "knee",
    "foot": "ankle",
}
CENTRED_SIDE_BONES = {"pelvis": "pelvis", "breast": "spine3"}


class Skeleton:
    """The joints' places as a function of the vertices, and the skinning weights."""

    def __init__(self, data: Path, vertex_count: int):
        rigs = data / "rigs" / "standard"
        self._heads = {
            name.removeprefix("mixamorig:"): bone["head"]
            for name, bone in read_json(rigs / "rig.mixamo.json")["bones"].items()
        }
        self._groups = read_json(data / "mesh_metadata" / "basemesh_vertex_groups.json")
        self.weights = read_weights(rigs, vertex_count)

    def joints(self, vertices_m: np.ndarray) -> np.ndarray:
        """The (24, 3) places of the joints."""
        return np.array([self._head(bone, vertices_m) for _, _, bone in JOINTS])

    def _head(self, bone: str, vertices_m: np.ndarray) -> np.ndarray:
        """Where a bone begins, by the rule that the rig states for it."""
        head = self._heads[bone]
        match head["strategy"]:
            case "CUBE":
                ranges = self._groups[head["cube_name"]]
                return vertices_m[[i for first, last in ranges for i in range(first, last + 1)]].mean(0)
            case "VERTEX":
                return vertices_m[head["vertex_index"]]
            case "MEAN":
                return vertices_m[head["vertex_indices"]].mean(0)
            case strategy:
                raise ValueError(f"{bone}: the rule {strategy} is not known here")


def read_weights(rigs: Path, vertex_count: int) -> np.ndarray:
    """The (vertices, 24) skinning weights, each row summing to one; what no bone holds follows the head (eyes)."""
    bones = read_json(rigs / "rig.default.json")
    weights = np.zeros((vertex_count, COUNT))
    for bone, entries in read_json(rigs / "weights.default.json")["weights"].items():
        joint = NAMES.index(joint_of(bone, bones))
        for vertex, weight in entries:
            weights[vertex, joint] += weight
    total = weights.sum(1, keepdims=True)
    weights /= np.maximum(total, 1e-9)
    weights[total[:, 0] < 1e-6, NAMES.index("head")] = 1
    return weights


def joint_of(bone: str, bones: dict) -> str:
    """The joint that moves the vertices of a bone of the default rig."""
    stem, _, side = bone.partition(".")
    side = {"L": "left_", "R": "right_"}.get(side, "")
    if bone in MIDDLE_BONES:
        return MIDDLE_BONES[bone]
    if stem in CENTRED_SIDE_BONES:
        return CENTRED_SIDE_BONES[stem]
    if stem in SIDE_BONES:
        return side + SIDE_BONES[stem]
    if stem.startswith("toe"):
        return f"{side}foot"
    if stem.startswith(("finger", "metacarpal")):
        return f"{side}hand"
    # The many bones of the face hang on the head, some by way of one another.
    parent = bones.get(bone, {}).get("parent")
    return joint_of(parent, bones) if parent else "head"


def strongest(weights: np.ndarray, count: int) -> np.ndarray:
    """Weights with all but the `count` largest of each vertex dropped."""
    kept = weights.copy()
    np.put_along_axis(kept, np.argsort(-kept, 1)[:, count:], 0, 1)
    return kept / kept.sum(1, keepdims=True)


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())
