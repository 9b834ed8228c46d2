"""A linear space of shapes learnt from many people, and joints as weighted means of the skin, as SMPL has them."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

COMPONENTS = 10
PEOPLE = 400
# Each joint is regressed from every second of its nearest vertices, on some of the people: enough, and quick.
NEAREST, STRIDE = 500, 2
PEOPLE_FOR_JOINTS = 120
# How much the weights' summing to one counts against millimetres of error.
SUM_WEIGHT = 10.0


@dataclass
class ShapeSpace:
    """SMPL's shape arrays: `mean_m` (V, 3) and `directions_m` (V, 3, 10), one standard deviation a unit of beta."""

    mean_m: np.ndarray
    directions_m: np.ndarray
    explained: float  # share of the variance
    error_m: float  # root mean square over people and vertices


def random_adult(rng: np.random.Generator) -> dict:
    """The properties of one adult."""
    return {
        "gender": rng.choice([rng.random(), 0.0, 1.0]),
        "age": rng.uniform(0.58, 0.9),
        "muscle": rng.uniform(0.2, 0.9),
        "weight": np.clip(rng.normal(0.5, 0.2), 0.05, 0.95),
        "height": np.clip(rng.normal(0.5, 0.10), 0.2, 0.8),
        "proportions": rng.random(),
        "race": rng.dirichlet([1, 1, 1]),
    }


def learn_shapes(people_m: np.ndarray) -> ShapeSpace:
    """Principal components of (N, V, 3) people; the first is turned so that positive is taller."""
    count = len(people_m)
    mean_m = people_m.mean(0)
    centred = (people_m - mean_m).reshape(count, -1)
    _, scales, axes = np.linalg.svd(centred, full_matrices=False)
    explained = (scales[:COMPONENTS] ** 2).sum() / (scales**2).sum()
    axes = axes[:COMPONENTS]
    residual = (centred - centred @ axes.T @ axes).reshape(count, -1, 3)

    directions_m = axes * (scales[:COMPONENTS, None] / np.sqrt(count - 1))
    directions_m = directions_m.reshape(COMPONENTS, -1, 3).transpose(1, 2, 0)
    if np.ptp((mean_m + directions_m[:, :, 0])[:, 1]) < np.ptp(mean_m[:, 1]):
        directions_m[:, :, 0] *= -1
    return ShapeSpace(mean_m, directions_m, float(explained), float(np.sqrt((residual**2).sum(-1).mean())))


def learn_joint_regressor(people_m: np.ndarray, joints_m: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The (J, V) matrix of weights, none negative, each row summing to one, from (N, V, 3) to (N, J, 3)."""
    mean_m, mean_joints_m = people_m.mean(0), joints_m.mean(0)
    some = rng.choice(len(people_m), min(len(people_m), PEOPLE_FOR_JOINTS), replace=False)
    regressor = np.zeros((joints_m.shape[1], people_m.shape[1]))
    for joint, place_m in enumerate(mean_joints_m):
        near = np.argsort(((mean_m - place_m) ** 2).sum(1))[:NEAREST:STRIDE]
        matrix = people_m[some][:, near].transpose(0, 2, 1).reshape(-1, len(near))
        matrix = np.vstack([matrix, np.full((1, len(near)), SUM_WEIGHT)])
        weights, _ = nnls(matrix, np.append(joints_m[some, joint].ravel(), SUM_WEIGHT))
        regressor[joint, near] = weights / weights.sum()
    return regressor
