"""MakeHuman's parametric human: a base mesh, and offsets for sex, age, build and so on."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

METRES_PER_UNIT = 0.1  # MakeHuman models in decimetres.

# Groups of faces that make up the visible person; the rest are helpers for clothes and joints.
VISIBLE_GROUPS = {"body", "helper-l-eye", "helper-r-eye"}

# Each property and the names of its anchors, in rising order.
ANCHORS = {
    "race": ["african", "asian", "caucasian"],
    "gender": ["male", "female"],
    "age": ["newborn", "baby", "child", "young", "old"],
    "muscle": ["minmuscle", "averagemuscle", "maxmuscle"],
    "weight": ["minweight", "averageweight", "maxweight"],
    "height": ["minheight", "maxheight"],
    "proportions": ["idealproportions", "uncommonproportions"],
    "cup": ["mincup", "averagecup", "maxcup"],
    "firmness": ["minfirmness", "averagefirmness", "maxfirmness"],
}
CHILDREN = {"newborn", "baby", "child"}
KNOWN = {name for names in ANCHORS.values() for name in names}


@dataclass
class Target:
    """Offsets in metres of some vertices, applied in the measure in which all of `anchors` hold."""

    anchors: list[str]
    vertices: np.ndarray
    offsets_m: np.ndarray


@dataclass
class Human:
    """The base mesh (metres, y up) with its targets."""

    vertices_m: np.ndarray
    triangles: np.ndarray  # of visible faces, indices into vertices_m
    targets: list[Target]

    def shaped(self, properties: dict) -> np.ndarray:
        """The vertices of an adult with these properties, each in 0..1 (`race`: three shares); 1/2 by default."""
        weights = anchor_weights(properties)
        vertices_m = self.vertices_m.copy()
        for target in self.targets:
            weight = np.prod([weights[anchor] for anchor in target.anchors])
            if weight > 1e-9:
                vertices_m[target.vertices] += weight * target.offsets_m
        return vertices_m


def load(data: Path) -> Human:
    """Reads the human from the folder `mpfb2`."""
    vertices_m, triangles = read_obj(data / "3dobjs" / "base.obj")
    files = [
        *(data / "targets" / "macrodetails").rglob("*.target.gz"),
        *(data / "targets" / "breast").glob("*cup*firmness.target.gz"),
    ]
    # Sorted, because the order of summation decides the last bit.
    targets = [target for file in sorted(files) if (target := read_target(file))]
    return Human(vertices_m, triangles, targets)


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """All vertices and the triangles of the visible groups."""
    vertices, triangles, group = [], [], ""
    for line in path.read_text().splitlines():
        words = line.split()
        match words[:1]:
            case ["v"]:
                vertices.append([float(word) for word in words[1:4]])
            case ["g"]:
                group = words[1]
            case ["f"] if group in VISIBLE_GROUPS:
                face = [int(word.split("/")[0]) - 1 for word in words[1:]]
                triangles += [[face[0], face[i], face[i + 1]] for i in range(1, len(face) - 1)]
    return np.array(vertices) * METRES_PER_UNIT, np.array(triangles)


def read_target(path: Path) -> Target | None:
    """One target; None if it is empty, for children, or not among the properties used here."""
    anchors = [name for name in path.name.removesuffix(".target.gz").split("-") if name != "universal"]
    if not KNOWN.issuperset(anchors) or CHILDREN.intersection(anchors):
        return None
    with gzip.open(path, "rt") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    if not rows:
        return None
    vertices = np.array([int(row[0]) for row in rows])
    offsets = np.array([[float(value) for value in row[1:4]] for row in rows])
    return Target(anchors, vertices, offsets * METRES_PER_UNIT)


def anchor_weights(properties: dict) -> dict[str, float]:
    """How far each anchor holds: properties lie between two neighbouring anchors and are interpolated linearly."""
    weights = {}
    for name, anchors in ANCHORS.items():
        if name == "race":
            shares = np.asarray(properties.get("race", (1, 1, 1)), float)
            weights |= dict(zip(anchors, shares / shares.sum()))
        else:
            # An age of 0 is a small child's; newborn and baby lie below.
            places = np.linspace(-1 / 3 if name == "age" else 0, 1, len(anchors))
            value = properties.get(name, 0.5)
            weights |= {
                anchor: float(np.interp(value, places, np.eye(len(anchors))[i])) for i, anchor in enumerate(anchors)
            }
    return weights
