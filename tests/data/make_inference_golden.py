#!/usr/bin/env python3
"""Write what the tests of the inference room compare with: tests/data/inference/.

    python tests/data/make_inference_golden.py

Needs numpy, opencv-python-headless and onnxruntime. Run from the repository's root.

* people.png: two people, rendered here from the CC0 body, so that the picture is the project's own;
* golden.json: the starter networks run by ONNX Runtime's own Python interface on that picture, with OpenCV's
  resampling and the decoders below;
* letterbox_*.png, crop_*.png: OpenCV's resampling of a pattern that the tests make by the same formula.
"""
import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

MODELS = Path("models/starter")
OUT = Path("tests/data/inference")
COCO_MIRRORED = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]


# Pictures ------------------------------------------------------------------------------------------------------------


def posed_body(rotations):
    """Vertices (camera axes: x right, y down, z away), triangles and each vertex's main joint of the posed CC0 body."""
    data = np.load(MODELS / "body_cc0_smpl24.npz")
    rest, weights = data["v_template"].astype(float), data["weights"].astype(float)
    joints, parents = data["J_regressor"].astype(float) @ rest, data["kintree_table"][0].astype(np.int64)
    world = np.zeros((24, 4, 4))
    for joint in range(24):
        local = np.eye(4)
        local[:3, :3] = cv2.Rodrigues(np.array(rotations.get(joint, (0, 0, 0)), float))[0]
        local[:3, 3] = joints[joint] - (joints[parents[joint]] if joint else 0)
        world[joint] = world[parents[joint]] @ local if joint else local
    for joint in range(24):
        world[joint, :3, 3] -= world[joint, :3, :3] @ joints[joint]
    blended = np.tensordot(weights, world, (1, 0))
    posed = np.einsum("vij,vj->vi", blended[:, :3, :3], rest) + blended[:, :3, 3]
    return posed * [1, -1, -1], data["f"].astype(int), weights.argmax(1), rest[:, 1]


def paint(image, rotations, position, jacket, focal=380.0):
    """Draws one shaded person over a BGR picture, far triangles first."""
    vertices, triangles, part, height = posed_body(rotations)
    vertices = vertices + position
    colour = np.tile([110.0, 140.0, 200.0], (len(vertices), 1))
    colour[np.isin(part, [0, 1, 2, 4, 5])] = [90, 50, 40]
    colour[np.isin(part, [3, 6, 9, 13, 14, 16, 17, 18, 19])] = jacket
    colour[np.isin(part, [7, 8, 10, 11])] = [30, 30, 30]
    colour[(part == 15) & (height > height.max() - 0.1)] = [30, 40, 60]
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    light = np.array([-0.4, -0.6, -0.7]) / np.linalg.norm([0.4, 0.6, 0.7])
    shade = 0.35 + 0.65 * np.clip(normals @ light, 0, 1)
    centers = corners.mean(1)
    faces_camera = (normals * centers).sum(1) < 0
    projected = vertices[:, :2] / vertices[:, 2:] * focal + [320, 180]
    for index in np.argsort(-centers[:, 2]):
        if faces_camera[index]:
            polygon = np.round(projected[triangles[index]] * 16).astype(np.int32)
            shaded = colour[triangles[index]].mean(0) * shade[index]
            cv2.fillConvexPoly(image, polygon, shaded.tolist(), cv2.LINE_8, 4)


def people():
    """A 640 x 360 BGR picture of two people on snow."""
    y, x = np.mgrid[:360, :640]
    image = np.stack([150 + 60 * y / 360, 150 + 30 * x / 640, 140 + 20 * y / 360], 2)
    image[y > 290] = [225, 225, 228]
    image = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
    legs = {1: (-0.35, 0, 0.1), 4: (0.6, 0, 0), 2: (-0.3, 0, -0.12), 5: (0.5, 0, 0)}
    paint(image, legs | {0: (0, -0.8, 0), 16: (0, 0, -1.1), 17: (0, 0, 1.1)}, [-1.9, 0.25, 5.2], [60, 140, 60])
    paint(image, legs | {0: (0, 0.35, 0), 16: (0, 0, -1.0), 17: (0, 0, 0.9), 18: (0, -0.5, 0)}, [0.3, 0, 3.4], [50, 60, 190])
    return image


def pattern(width, height):
    """Ramps, edges and circles; BGR. The tests compute the same in RGB."""
    y, x = np.mgrid[:height, :width]
    checks = np.where((x // 8 + y // 8) % 2 == 0, 40, 220)
    return np.stack([(x * x + y * y) // 64 % 256, checks, (x * 5 + y * 3) % 256], 2).astype(np.uint8)


# Resampling ----------------------------------------------------------------------------------------------------------


def letterbox(image, side, pad):
    """The picture in the top-left corner of a square, and picture pixels per pixel of it in x and y."""
    height, width = image.shape[:2]
    scale = side / max(width, height)
    fitted = (round(width * scale), round(height * scale))
    out = np.full((side, side, 3), pad, np.uint8)
    method = cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
    out[: fitted[1], : fitted[0]] = cv2.resize(image, fitted, interpolation=method)
    return out, np.array([width / fitted[0], height / fitted[1]])


def crop(image, center, size, angle, side=256):
    """A square crop, and the affine map from its pixels to the picture's."""
    across = np.array([np.cos(angle), np.sin(angle)]) * size / side
    down = np.array([-across[1], across[0]])
    corner = np.asarray(center, float) - (across + down) * side / 2
    picture_from_crop = np.stack([across, down, corner], 1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, picture_from_crop, (side, side), flags=flags), picture_from_crop


# Networks ------------------------------------------------------------------------------------------------------------


def run(name, values):
    """All outputs of a starter network, by name."""
    session = ort.InferenceSession(str(MODELS / name), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(values)})))


def iou(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:4], b[2:4])
    shared = np.prod(np.maximum(high - low, 0))
    return shared / (np.prod(a[2:4] - a[:2]) + np.prod(b[2:4] - b[:2]) - shared)


def nanodet(image, threshold=0.3):
    square, scale = letterbox(image, 416, 114)
    mean, std = np.float32([103.53, 116.28, 123.675]), np.float32([57.375, 57.12, 58.395])
    out = run("nanodet_g_416.onnx", ((square.astype(np.float32) - mean) / std).transpose(2, 0, 1)[None])
    found = []
    for stride, scores, boxes in [(8, "", "_3"), (16, "_1", "_4"), (32, "_2", "_5")]:
        columns = 416 // stride
        scores, boxes = out[f"Identity{scores}:0"][0][:, 0], out[f"Identity{boxes}:0"][0].reshape(-1, 4, 11)
        for cell in np.flatnonzero(scores >= threshold):
            likely = np.exp(boxes[cell] - boxes[cell].max(1, keepdims=True))
            left, top, right, bottom = likely @ np.arange(11) / likely.sum(1) * stride
            x, y = (cell % columns + 0.5) * stride, (cell // columns + 0.5) * stride
            found.append([*((x - left, y - top) * scale), *((x + right, y + bottom) * scale), scores[cell]])
    kept = []
    for candidate in sorted(np.array(found), key=lambda box: -box[4]):
        if all(iou(candidate, better) <= 0.5 for better in kept):
            kept.append(candidate)
    return np.array(kept)


def movenet_multipose(image, threshold=0.2):
    square, scale = letterbox(image, 256, 0)
    rows = run("movenet_multipose_256.onnx", square[None, ..., ::-1].astype(np.int32))["Identity:0"][0]
    boxes = rows[:, [52, 51, 54, 53]] * np.tile(scale, 2) * 256
    found = np.c_[boxes, rows[:, 55]][rows[:, 55] >= threshold]
    return found[np.argsort(-found[:, 4])]


def thunder(image, center, size, flip):
    square, to_picture = crop(image, center, size, 0.0)
    square = square[:, ::-1] if flip else square
    planes = (square[..., ::-1].astype(np.float32) - np.float32(127.50196)) / np.float32(127.50196)
    rows = run("movenet_thunder_256_int8.onnx", planes.transpose(2, 0, 1)[None])["Identity:0"][0, 0]
    points, scores = rows[:, [1, 0]] * 256, rows[:, 2]
    if flip:
        points[:, 0] = 256 - points[:, 0]
        points, scores = points[COCO_MIRRORED], scores[COCO_MIRRORED]
    return np.c_[points @ to_picture[:, :2].T + to_picture[:, 2], scores]


def blazepose(image, center, size, angle):
    square, to_picture = crop(image, center, size, angle)
    out = run("blazepose_full_256.onnx", square[None, ..., ::-1].astype(np.float32) / 255)
    landmarks, world = out["Identity"].reshape(39, 5), out["Identity_4"].reshape(39, 3).copy()
    world[:, :2] = world[:, :2] @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).T
    points = landmarks[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
    return points, world, 1 / (1 + np.exp(-landmarks[:, 3])), float(out["Identity_1"].item())


def blazepose_refined(image, center, size):
    points, *_ = blazepose(image, center, size, 0.0)
    x, y = points[34] - points[33]
    return blazepose(image, points[33], 2.5 * np.hypot(x, y), np.pi / 2 - np.arctan2(-y, x))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    image = people()
    best = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    cv2.imwrite(str(OUT / "people.png"), image, best)

    detections = nanodet(image)
    bbox = detections[0, :4]
    center, long_side = (bbox[:2] + bbox[2:]) / 2, max(bbox[2:] - bbox[:2])
    plain, mirrored = (thunder(image, center, 1.25 * long_side, flip) for flip in (False, True))
    _, world, visibility, presence = blazepose_refined(image, center, 1.4 * long_side)
    golden = {
        "nanodet": detections,
        "movenet_multipose": movenet_multipose(image),
        "bbox": bbox,
        "keypoints": plain,
        "keypoints_flip_averaged": (plain + mirrored) / 2,
        "world_m": world[:33],
        "visibility": visibility[:33],
        "presence": presence,
    }
    rounded = {name: np.round(np.asarray(value, float), 4).tolist() for name, value in golden.items()}
    lines = ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in rounded.items())
    (OUT / "golden.json").write_text("{\n" + lines + "\n}\n")

    for name, width, height in [("shrink", 300, 170), ("whole", 128, 256), ("grow", 37, 23)]:
        cv2.imwrite(str(OUT / f"letterbox_{name}.png"), letterbox(pattern(width, height), 64, 114)[0], best)
    for name, center, size, angle, flip in [
        ("plain", (150, 85), 100, 0.0, False),
        ("corner", (20, 10), 120, 0.0, False),
        ("turned", (160.5, 80.25), 90, 0.7, False),
        ("mirrored", (150, 85), 40, -0.4, True),
    ]:
        square = crop(pattern(300, 170), center, size, angle, side=64)[0]
        cv2.imwrite(str(OUT / f"crop_{name}.png"), square[:, ::-1] if flip else square, best)


if __name__ == "__main__":
    main()
