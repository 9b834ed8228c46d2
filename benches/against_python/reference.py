"""What 4D-Humans does in Python, timed: a line in, a line out. reference.py FOLDER

FOLDER holds raw arrays: crops (B, 3, 256, 192), boxes (B, 4), vertices, normals (V, 3) and triangles (F, 3).
    size W H   the picture that the boxes are in
    run        HMR2 with random weights on the crops: milliseconds; its outputs are left in FOLDER
    draw       the mesh over a grey picture, by pyrender, with a new renderer as 4D-Humans makes it: milliseconds
    peak       fastest matrix product of this processor, 32-bit floats and 8-bit integers: thousand million operations a second
"""
import os
import pathlib
import sys
import time

os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "models/export"))
import hmr2_net

FOLDER = pathlib.Path(sys.argv[1])
WIDTH, HEIGHT, FOCAL = 1280, 720, 1200.0
state = {}


def array(name, kind, *shape):
    return np.fromfile(FOLDER / name, kind).reshape(shape)


def milliseconds(work):
    begun = time.perf_counter()
    found = work()
    return (time.perf_counter() - begun) * 1e3, found


def run():
    if "net" not in state:
        state["net"] = hmr2_net.random().requires_grad_(False)
        state["crops"] = torch.from_numpy(array("crops", np.float32, -1, 3, 256, 192))
    with torch.inference_mode():
        took, outputs = milliseconds(lambda: state["net"](state["crops"]))
    outputs = [value.numpy() for value in outputs]
    boxes, size = array("boxes", np.float32, -1, 4).astype(np.float64), state["size"]
    camera = outputs[3].astype(np.float64)
    # The weak camera of a crop to the whole picture's: 5000 focal lengths in 256 pixels, on the longer side.
    side = np.maximum((boxes[:, 2] - boxes[:, 0]) * 4 / 3, boxes[:, 3] - boxes[:, 1])
    offset = (boxes[:, :2] + boxes[:, 2:]) / 2 - size / 2
    scale = side * camera[:, 0] + 1e-9
    place = [camera[:, 1] + 2 * offset[:, 0] / scale, camera[:, 2] + 2 * offset[:, 1] / scale,
             2 * 5000 / 256 * size.max() / scale]
    outputs[3] = np.stack(place, 1).astype(np.float32)
    for name, value in zip(("global_orient", "body_pose", "betas", "translation"), outputs):
        value.tofile(FOLDER / name)
    return f"{took}"


def draw():
    import pyrender
    import trimesh

    if "mesh" not in state:
        state["mesh"] = trimesh.Trimesh(
            array("vertices", np.float32, -1, 3) * [1, -1, -1], array("triangles", np.uint32, -1, 3),
            vertex_normals=array("normals", np.float32, -1, 3) * [1, -1, -1], process=False)
        state["picture"] = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)

    def whole():
        renderer = pyrender.OffscreenRenderer(viewport_width=WIDTH, viewport_height=HEIGHT, point_size=1.0)
        scene = pyrender.Scene(bg_color=[1, 1, 1, 0], ambient_light=(0.3, 0.3, 0.3))
        material = pyrender.MetallicRoughnessMaterial(metallicFactor=0.0, alphaMode="OPAQUE", baseColorFactor=(1, 1, 0.9, 1))
        scene.add(pyrender.Mesh.from_trimesh(state["mesh"], material=material))
        scene.add(pyrender.IntrinsicsCamera(FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2, zfar=1e12), pose=np.eye(4))
        for angle in (0, 2 * np.pi / 3, 4 * np.pi / 3):
            pose = np.eye(4)
            pose[:3, :3] = [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
            scene.add(pyrender.DirectionalLight(color=[1, 1, 1], intensity=1.0), pose=pose)
        color, _ = renderer.render(scene, flags=pyrender.RenderFlags.RGBA)
        renderer.delete()
        color = color.astype(np.float32) / 255
        alpha = color[:, :, 3:]
        return alpha, state["picture"] * (1 - alpha) + color[:, :, :3] * alpha

    took, (alpha, _) = milliseconds(whole)
    return f"{took} {int((alpha > 0).sum())}"


def peak():
    size = 2048
    a, b = torch.randn(768, size), torch.randn(size, size)
    c, d = (torch.randint(-99, 99, shape, dtype=torch.int8) for shape in ((768, size), (size, size)))
    best = [min(milliseconds(work)[0] for _ in range(12)) for work in (lambda: a @ b, lambda: torch._int_mm(c, d))]
    return " ".join(str(2 * 768 * size * size / took / 1e6) for took in best)


def size(*sides):
    state["size"] = np.array([float(side) for side in sides])
    return "ok"


for line in sys.stdin:
    command, *arguments = line.split()
    print({"run": run, "draw": draw, "peak": peak, "size": size}[command](*arguments), flush=True)
