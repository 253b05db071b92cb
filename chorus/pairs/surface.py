"""A body thinned out for fits of pairs: points of every part on the skin, and balls that fill the inside.

Fits compare two bodies hundreds of times. A few dozen points a part say where the skin is, and some hundred balls of
the medial axis say what is inside: a point deeper than the skin of a ball penetrates. Both follow from any body model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from chorus.body.model import BodyModel
from chorus.body.surface import vertex_normals

POINTS_OF_A_PART = 24  # a hand's points are 2 cm apart
BALLS = 150
STARTS = 1200  # points of the skin from which balls are grown
SMALLEST_BALL = 0.008  # metres: fingers and wrists are thinner than that and are left to their neighbours
LARGEST_BALL = 0.25
TOUCHING = 0.012  # metres: skin this close to a ball is covered by it
_SHRINKING_STEPS = 20


@dataclass(frozen=True)
class Balls:
    """Balls inside the body at rest, each carried by the skin on both sides of it.

    Attributes:
        centre: (B, 3) metres.
        radius: (B,) metres.
        touching: (B, 2) vertices that each ball touches: where it was started from, and the skin opposite.
    """

    centre: np.ndarray
    radius: np.ndarray
    touching: np.ndarray


def spread_out(points: np.ndarray, count: int) -> np.ndarray:
    """Indices (at most `count`,), ascending, of points (n, 3) chosen one by one as far as can be from those before."""
    chosen = [int(np.argmax(np.linalg.norm(points - points.mean(axis=0), axis=1)))]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(sorted(chosen))


def points_of_parts(body: BodyModel, parts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Vertex ids of POINTS_OF_A_PART points, evenly spread, for every part (name -> vertex ids)."""
    return {name: ids[spread_out(body.v_template[ids], POINTS_OF_A_PART)] for name, ids in parts.items()}


def inscribed_balls(body: BodyModel, count: int = BALLS) -> Balls:
    """Balls inside the rest pose that cover its skin: the largest ones that touch it at a start, greedily chosen.

    A ball is grown inwards from every start until it touches the skin elsewhere as well (the shrinking ball algorithm).
    """
    skin = body.v_template
    starts = spread_out(skin, STARTS)
    normals = vertex_normals(skin, body.faces)[starts]
    tree = cKDTree(skin)
    start = skin[starts]
    radius = np.full(len(start), LARGEST_BALL)
    opposite = starts
    for _ in range(_SHRINKING_STEPS):
        centre = start - radius[:, None] * normals
        distance, opposite = tree.query(centre)
        away = start - skin[opposite]
        inwards = 2.0 * (away * normals).sum(axis=1)
        touching = np.divide((away**2).sum(axis=1), inwards, out=np.full(len(start), np.inf), where=inwards > 1e-9)
        radius = np.where(distance < radius - 1e-6, np.minimum(radius, touching), radius)
    usable = np.flatnonzero(radius > SMALLEST_BALL)
    centre = start - radius[:, None] * normals
    covers = np.linalg.norm(start[None] - centre[usable][:, None], axis=2) < radius[usable][:, None] + TOUCHING
    chosen: list[int] = []
    missing = np.ones(len(start), bool)
    for _ in range(min(count, len(usable))):
        gain = (covers & missing).sum(axis=1)
        best = int(np.argmax(gain))
        if gain[best] == 0:
            break
        chosen.append(int(usable[best]))
        missing &= ~covers[best]
    picked = np.array(chosen)
    return Balls(centre[picked], radius[picked], np.stack([starts[picked], opposite[picked]], axis=1))
