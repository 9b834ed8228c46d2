"""Builds the starter body: a CC0 person in SMPL's layout.

    python build_body.py PATH/TO/mpfb2 OUT.npz

400 random adults are shaped, brought into SMPL's rest pose, and summed up as a mean, ten shape components, a joint
regressor and skinning weights. Its betas are not SMPL's: numbers estimated for a real SMPL body mean nothing here.
"""

import sys
from pathlib import Path

import numpy as np

from body import makehuman, rest_pose, shape_space, skeleton

SEED = 0
INFLUENCES = 4  # joints that move one vertex


def build(data: Path, target: Path) -> None:
    """Writes the arrays that SMPL's own files have, under the same names; pose blend shapes are zero."""
    human = makehuman.load(data)
    bones = skeleton.Skeleton(data, len(human.vertices_m))
    used, triangles = np.unique(human.triangles, return_inverse=True)
    triangles = triangles.reshape(-1, 3)

    rng = np.random.default_rng(SEED)
    people_m, joints_m = [], []
    for _ in range(shape_space.PEOPLE):
        vertices_m, person_joints_m = rest_pose.to_rest_pose(human.shaped(shape_space.random_adult(rng)), bones)
        people_m.append(vertices_m[used])
        joints_m.append(person_joints_m)
    people_m, joints_m = np.array(people_m), np.array(joints_m)

    shapes = shape_space.learn_shapes(people_m)
    regressor = shape_space.learn_joint_regressor(people_m, joints_m, rng)
    report(shapes, people_m, joints_m, regressor)
    parents = np.where(skeleton.PARENTS < 0, 2**32 - 1, skeleton.PARENTS)
    np.savez_compressed(
        target,
        v_template=shapes.mean_m.astype(np.float32),
        shapedirs=shapes.directions_m.astype(np.float32),
        posedirs=np.zeros((len(used), 3, 9 * (skeleton.COUNT - 1)), np.float32),
        J_regressor=regressor.astype(np.float32),
        weights=skeleton.strongest(bones.weights[used], INFLUENCES).astype(np.float32),
        kintree_table=np.stack([parents, np.arange(skeleton.COUNT)]).astype(np.uint32),
        f=triangles.astype(np.uint32),
    )


def report(shapes: shape_space.ShapeSpace, people_m: np.ndarray, joints_m: np.ndarray, regressor: np.ndarray) -> None:
    """Prints how well the summary holds."""
    heights_m = np.ptp(people_m[:, :, 1], axis=1)
    errors_m = np.linalg.norm(np.einsum("jv,nvc->njc", regressor, people_m) - joints_m, axis=-1)
    print(f"{len(people_m)} adults of {heights_m.min():.2f} to {heights_m.max():.2f} m, {people_m.shape[1]} vertices")
    print(f"{shapes.explained:.2%} of the variance explained, {1e3 * shapes.error_m:.1f} mm RMS left")
    print(f"joints from skin: {1e3 * errors_m.mean():.1f} mm off on average, {1e3 * errors_m.max():.1f} mm at worst")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
