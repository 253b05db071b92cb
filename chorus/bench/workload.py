"""What the benchmarks of the vote count: bodies in chance poses, cameras around them, elliptical masks of 5 % area."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chorus import masks, store
from chorus.body.model import BodyModel
from chorus.camera import Camera, azimuth_bin, azimuth_degrees
from chorus.detections import OBJECT, PERSON, Detection, ImageDetections, arrays_of
from chorus.masks import Ragged

SIDE = 512  # pixels
MASK_AREA = 0.05  # of the image, before an ellipse is cut off at the border
BEND = 0.3  # radians, standard deviation of a joint's axis-angle coordinates


@dataclass(frozen=True)
class Workload:
    """n images of 512 x 512 pixels.

    Attributes:
        pose: (n, 24, 3) axis-angle, radians, float32.
        camera: n cameras, 2.2 to 4 m away, most of them in front, focal length 597 px +- 15 %.
        spans: row spans of the masks.
        azimuth_bin: (n,) 0..11.
    """

    pose: np.ndarray
    camera: Camera
    spans: Ragged
    azimuth_bin: np.ndarray

    def __len__(self) -> int:
        return len(self.pose)

    def repeated(self, times: int) -> Workload:
        """The same images several times over."""
        spans = Ragged.of([self.spans[i] for i in range(len(self))] * times, masks.NO_SPANS)
        camera = Camera(*(np.concatenate([item] * times) for item in (self.camera.K, self.camera.R, self.camera.t)))
        return Workload(np.concatenate([self.pose] * times), camera, spans, np.concatenate([self.azimuth_bin] * times))

    def mask(self, image: int) -> np.ndarray:
        """(512, 512) bool."""
        return masks.decode(self.spans[image], (SIDE, SIDE))


def workload(images: int, rng: np.random.Generator) -> Workload:
    """Images at chance."""
    pose = rng.normal(0, BEND, (images, 24, 3)).astype(np.float32)
    camera = _cameras(images, rng)
    spans = masks.encode_all([_ellipse(rng) for _ in range(images)])
    return Workload(pose, camera, spans, azimuth_bin(azimuth_degrees(camera.centre)))


def write_files(load: Workload, body: BodyModel, folder: Path) -> dict[str, Path]:
    """The files `cameras`, `masks` and `people` of a workload as the stages before the vote write them."""
    n = len(load)
    index = np.arange(n)
    found = [
        ImageDetections(i, 0, (SIDE, SIDE), tuple(_detection(label, load.spans[i]) for label in (PERSON, OBJECT)))
        for i in range(n)
    ]
    matrices = {"K": load.camera.K, "R": load.camera.R, "t": load.camera.t}
    floats = {name: np.zeros(n) for name in ("loss", "focal_ratio", "azimuth", "residual", "score", "weak_scale")}
    people = {"found": np.ones(n, bool), "camera_known": np.ones(n, bool), "pose": load.pose}
    shapes = {"betas": (n, 10), "weak_translation": (n, 2), "joints2d": (n, 24, 2)}
    fitted = {"iterations": np.zeros(n, int), "status": np.zeros(n, int), "bin": load.azimuth_bin}
    chosen = ("weak_scale", "residual", "score")
    contents = {
        "cameras": matrices
        | {name: floats[name] for name in ("loss", "focal_ratio", "azimuth")}
        | fitted
        | {"index": index, "weight": np.full(n, 255)},
        "masks": arrays_of(found, [b""] * n),
        "people": matrices
        | people
        | {name: floats[name] for name in chosen}
        | {name: np.zeros(shape) for name, shape in shapes.items()}
        | {"index": index},
    }
    attributes = {"category": "ellipse", "model": "none", "body": body.digest}
    for kind, arrays in contents.items():
        store.write_recorded(folder / f"{kind}.h5", store.encode_arrays(kind, arrays, attributes), {})
    return {kind: folder / f"{kind}.h5" for kind in contents}


def _detection(label: int, spans: np.ndarray) -> Detection:
    return Detection(label, 1.0, np.zeros(4), spans)


def _cameras(n: int, rng: np.random.Generator) -> Camera:
    angle, distance = rng.vonmises(np.pi / 2, 1.0, n), rng.uniform(2.2, 4.0, n)
    centre = np.stack([np.cos(angle), rng.uniform(-0.1, 0.4, n), np.sin(angle)], axis=-1) * distance[:, None]
    forward = -centre / np.linalg.norm(centre, axis=1, keepdims=True)
    right = np.cross([0.0, -1.0, 0.0], forward)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    R = np.stack([right, np.cross(forward, right), forward], axis=1)
    K = np.tile([[0.0, 0.0, SIDE / 2], [0.0, 0.0, SIDE / 2], [0.0, 0.0, 1.0]], (n, 1, 1))
    K[:, [0, 1], [0, 1]] = 597.0 * rng.uniform(0.85, 1.15, (n, 1))
    return Camera(K, R, -np.einsum("nab,nb->na", R, centre))


def _ellipse(rng: np.random.Generator) -> np.ndarray:
    radius = np.sqrt(MASK_AREA * SIDE**2 / np.pi)
    stretch, turn = rng.uniform(0.6, 1.6), rng.uniform(0, np.pi)
    x, y = np.arange(SIDE)[None] - rng.uniform(120, 392), np.arange(SIDE)[:, None] - rng.uniform(120, 392)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return (along / (radius * stretch)) ** 2 + (across * stretch / radius) ** 2 < 1
