"""Poses MakeHuman's people, who stand with their arms hanging, like SMPL's rest pose: arms out, legs nearly straight."""

import numpy as np

from .skeleton import COUNT, NAMES, PARENTS, Skeleton

# Bones whose direction SMPL's rest pose prescribes: from joint to joint, x to the left, y up, z forward.
DIRECTIONS = {
    "left_shoulder": ("left_elbow", (1, 0, 0)),
    "right_shoulder": ("right_elbow", (-1, 0, 0)),
    "left_elbow": ("left_wrist", (1, 0, 0)),
    "right_elbow": ("right_wrist", (-1, 0, 0)),
    "left_wrist": ("left_hand", (1, 0, 0)),
    "right_wrist": ("right_hand", (-1, 0, 0)),
    "left_hip": ("left_knee", (0.10, -1, 0)),
    "right_hip": ("right_knee", (-0.10, -1, 0)),
    "left_knee": ("left_ankle", (-0.02, -1, -0.06)),
    "right_knee": ("right_ankle", (0.02, -1, -0.06)),
}
# Feet stay as they are, flat on the ground, whatever the legs do.
UNTURNED = {"left_ankle", "right_ankle", "left_foot", "right_foot"}


def to_rest_pose(vertices_m: np.ndarray, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and joints in the rest pose, the pelvis at the origin."""
    joints_m = skeleton.joints(vertices_m)
    posed_m, posed_joints_m = skin(vertices_m, joints_m, rest_rotations(joints_m), skeleton.weights)
    return posed_m - posed_joints_m[0], posed_joints_m - posed_joints_m[0]


def rest_rotations(joints_m: np.ndarray) -> list[np.ndarray]:
    """Each joint's rotation relative to its parent."""
    world = [np.eye(3)] * COUNT
    for i, name in enumerate(NAMES):
        if name in DIRECTIONS:
            child, direction = DIRECTIONS[name]
            world[i] = rotation_between(joints_m[NAMES.index(child)] - joints_m[i], np.array(direction, float))
        elif i > 0 and name not in UNTURNED:
            world[i] = world[PARENTS[i]]
    return [world[0]] + [world[PARENTS[i]].T @ world[i] for i in range(1, COUNT)]


def rotation_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shortest rotation that turns the direction of `a` into that of `b` (Rodrigues' formula)."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis, cosine, sine = np.cross(a, b), a @ b, np.linalg.norm(np.cross(a, b))
    if sine < 1e-9:
        return np.eye(3)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross * ((1 - cosine) / sine**2)


def skin(
    vertices_m: np.ndarray, joints_m: np.ndarray, rotations: list[np.ndarray], weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Linear blend skinning; gives the posed vertices and joints."""
    transforms = np.zeros((COUNT, 4, 4))
    for i, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotations[i]
        local[:3, 3] = joints_m[i] - (joints_m[parent] if i else 0)
        transforms[i] = transforms[parent] @ local if i else local
    posed_joints_m = transforms[:, :3, 3].copy()
    for i in range(COUNT):
        transforms[i, :3, 3] -= transforms[i, :3, :3] @ joints_m[i]
    blended = np.tensordot(weights, transforms, (1, 0))
    return np.einsum("vij,vj->vi", blended[:, :3, :3], vertices_m) + blended[:, :3, 3], posed_joints_m
