"""Photographs of two people in contact whose truth is known: drawn pairs, rendered and annotated as COCO does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from chorus import coco
from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.images.pixels import encode_png
from chorus.pairs.figure import Figure
from chorus.pairs.labels import LabelFaults
from chorus.pairs.rows import PairScenes
from chorus.pairs.scenes import Plan, people_of, scenes
from chorus.pairs.scoring import posed
from chorus.pairs.views import IMAGE_SIDE, Faults, hidden_keypoints
from chorus.scenes.appearance import draw_backdrop, draw_outfit, dress
from chorus.scenes.render import picture
from chorus.scenes.solids import TriangleMesh

FLIP = np.array([1.0, -1.0, -1.0])  # camera axes to y up; the camera is taken to be level


def drawn(figure: Figure, seed: int, count: int, interactions: tuple[str, ...]) -> PairScenes:
    """Pairs without any fault in what is known of them."""
    nothing = Faults(keypoint_noise=0.0, keypoint_dropout=0.0)
    return scenes(figure, Plan(seed, "test", count, interactions), nothing, LabelFaults(0, 0, 0, 0))[0]


def photographed(body: BodyModel, figure: Figure, pairs: PairScenes, folder: Path, seed: int = 0) -> Path:
    """PNGs `000.png`... of pairs in a folder, and their COCO json, whose path is returned; ids count from 0."""
    folder.mkdir(parents=True, exist_ok=True)
    _, vertices = posed(body, pairs.true)
    truth = people_of(pairs.true, "cpu")
    with torch.no_grad():
        seen = figure(truth)
        hidden, points = hidden_keypoints(seen).numpy(), seen.keypoints.numpy()
    annotated = []
    for row in range(len(pairs)):
        rng = np.random.default_rng([seed, row])
        meshes = [TriangleMesh(who * FLIP, body.faces, dress(body, draw_outfit(rng))) for who in vertices[row]]
        camera = Camera(pairs.K[row].astype(float), np.diag(FLIP), np.zeros(3))
        shot = picture(meshes, camera, draw_backdrop(rng), (IMAGE_SIDE, IMAGE_SIDE))
        name = f"{row:03d}.png"
        (folder / name).write_bytes(encode_png(shot.image))
        image = coco.CocoImage(row, name, (IMAGE_SIDE, IMAGE_SIDE), ())
        people = [
            coco.Instance(coco.PERSON, shot.owner == k, _rows(points[row, k], hidden[row, k], pairs.K[row]))
            for k in (0, 1)
        ]
        annotated.append((image, people))
    path = folder / "annotations.json"
    path.write_text(json.dumps(coco.coco_json(coco.PERSON, annotated)))
    return path


def _rows(points: np.ndarray, hidden: np.ndarray, K: np.ndarray) -> np.ndarray:
    """COCO rows (17, 3): pixels and 2 = visible, 1 = hidden by the other person, 0 = outside (then zeros)."""
    homogeneous = points @ K.T
    pixels = homogeneous[:, :2] / homogeneous[:, 2:]
    inside = ((pixels >= 0) & (pixels < IMAGE_SIDE)).all(axis=1)
    return np.where(inside[:, None], np.column_stack([pixels, 2.0 - hidden]), 0.0)
