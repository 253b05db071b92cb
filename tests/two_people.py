"""Two open bodies that touch at a known pair of parts, seen by a random camera: keypoints with noise, some missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from chorus.body.model import BodyModel
from chorus.body.regions import PARTS, Surface
from chorus.body.surface import vertex_normals
from chorus.scenes.mannequin import Mannequin

TOUCHING = 0.025  # metres between parts that touch
OTHERS_APART = 0.08  # metres between the same parts of other sides, so that the answer is one
MOST_INSIDE = 0.02  # share of the vertices of a body that may lie inside the other
MOST_STEP = 0.25  # metres by which one may stand higher than the other
NOUN_PAIRS = (
    *(("hand", noun) for noun in ("hand", "forearm", "upper_arm", "shoulder", "thigh", "buttock")),
    *(("hand", noun) for noun in ("head", "neck", "chest", "upper_back", "lower_back", "stomach", "hips")),
    ("forearm", "forearm"), ("forearm", "upper_arm"), ("upper_arm", "upper_arm"), ("shoulder", "shoulder"),
    ("forearm", "shoulder"), ("thigh", "thigh"), ("calf", "calf"), ("foot", "foot"), ("foot", "calf"),
    ("forearm", "upper_back"), ("shoulder", "chest"), ("upper_arm", "upper_back"),
)  # fmt: skip


@dataclass(frozen=True)
class Posed:
    """A posed body in its own frame: vertices, normals (V, 3) and COCO keypoints (17, 3)."""

    vertices: np.ndarray
    normals: np.ndarray
    keypoints: np.ndarray


@dataclass(frozen=True)
class TouchingPair:
    """Keypoints (17, 3) of two people in one frame, metres, and the coarse parts that touch."""

    first: np.ndarray
    second: np.ndarray
    parts: tuple[str, str]


def crowd(body: BodyModel, rng: np.random.Generator, people: int) -> list[Posed]:
    """People who stand about, hands anywhere before, beside or above them."""
    found = []
    for _ in range(people):
        betas = rng.normal(0.0, 0.7, 10)
        mannequin = Mannequin(body, betas)
        mannequin.lower_arms(rng.uniform(40.0, 80.0))
        mannequin.bend_spine(x=rng.normal(0.0, 8.0))
        mannequin.jitter(rng, 0.12)
        for side, sign in (("left", 1.0), ("right", -1.0)):
            if rng.random() < 0.7:
                target = np.array([sign * rng.uniform(-0.1, 0.5), rng.uniform(-0.35, 0.6), rng.uniform(0.15, 0.6)])
                mannequin.reach(f"{side}_hand", target, np.array([sign * 0.6, -0.7, -0.3]))
            if rng.random() < 0.3:
                mannequin.turn(f"{side}_hip", x=rng.uniform(-50.0, 0.0), z=sign * rng.uniform(0.0, 15.0))
                mannequin.turn(f"{side}_knee", x=rng.uniform(0.0, 60.0))
        vertices = body.vertices(mannequin.pose[None], betas)[0]
        keypoints = body.coco_keypoints(mannequin.pose[None], betas)[0]
        found.append(Posed(vertices, vertex_normals(vertices, body.faces), keypoints))
    return found


def touching_pairs(body: BodyModel, rng: np.random.Generator, number: int, people: int = 40) -> list[TouchingPair]:
    """So many pairs of people, each touching at one pair of parts drawn from NOUN_PAIRS."""
    surface, everyone = Surface.of(body), crowd(body, rng, people)
    trees = [cKDTree(person.vertices) for person in everyone]
    found: list[TouchingPair] = []
    while len(found) < number:
        nouns = NOUN_PAIRS[rng.integers(len(NOUN_PAIRS))]
        parts = tuple(f"{rng.choice(['left', 'right'])}_{noun}" if f"left_{noun}" in PARTS else noun for noun in nouns)
        for _ in range(60):
            i, j = rng.choice(len(everyone), 2, replace=False)
            moved = _brought_together(everyone[i], everyone[j], parts, surface, rng)
            if moved and _is_clean(everyone[i], trees[i], everyone[j], moved, parts, surface):
                turn, shift = moved
                second = turn.apply(everyone[j].keypoints) + shift
                found.append(TouchingPair(everyone[i].keypoints, second, parts))
                break
    return found


def _brought_together(first, second, parts, surface, rng):
    """Turn and shift of the second person that bring the parts together face to face, None where one would fly."""
    turn = Rotation.from_euler("y", rng.uniform(0.0, 360.0), degrees=True)
    a = rng.choice(surface.coarse[parts[0]])
    ids = surface.coarse[parts[1]]
    b = ids[np.argmin(turn.apply(second.normals[ids]) @ first.normals[a] + rng.normal(0.0, 0.15, len(ids)))]
    shift = first.vertices[a] + 0.005 * first.normals[a] - turn.apply(second.vertices[b])
    opposed = turn.apply(second.normals[b]) @ first.normals[a] < -0.3
    return (turn, shift) if opposed and abs(shift[1]) <= MOST_STEP else None


def _is_clean(first, tree, second, moved, parts, surface) -> bool:
    """Whether the bodies do not run through each other and only the named sides of the parts touch."""
    turn, shift = moved
    vertices = turn.apply(second.vertices) + shift
    distance, nearest = tree.query(vertices, distance_upper_bound=0.25)
    near = np.flatnonzero(np.isfinite(distance))
    depth = np.einsum("va,va->v", vertices[near] - first.vertices[nearest[near]], first.normals[nearest[near]])
    if (depth < -0.02).mean() * len(near) > MOST_INSIDE * len(vertices):
        return False
    for a in {parts[0], PARTS[parts[0]].mirror}:
        of_a = cKDTree(first.vertices[surface.coarse[a]])
        for b in {parts[1], PARTS[parts[1]].mirror}:
            gap = of_a.query(vertices[surface.coarse[b]])[0].min()
            if (gap > TOUCHING) if (a, b) == parts else (gap < OTHERS_APART):
                return False
    return True


def photographed(
    pair: TouchingPair, rng: np.random.Generator, noise: float, missing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (17, 3) x, y, confidence of both people by a random camera.

    Args:
        noise: standard deviation as a share of the person's height in the picture.
        missing: share of the keypoints of confidence 0.
    """
    everything = np.concatenate([pair.first, pair.second])
    turn = Rotation.from_euler("yx", [rng.uniform(0.0, 360.0), rng.uniform(-5.0, 20.0)], degrees=True)
    points = turn.apply(everything - everything.mean(axis=0)) + [0.0, 0.0, rng.uniform(3.0, 5.0)]
    pixels = 600.0 * points[:, :2] * [1.0, -1.0] / points[:, 2:]
    height = max(np.ptp(pixels[:17, 1]), np.ptp(pixels[17:, 1]))
    pixels = pixels + rng.normal(0.0, noise * height, pixels.shape)
    seen = (rng.random(len(pixels)) >= missing).astype(float)
    rows = np.concatenate([pixels, seen[:, None]], axis=1)
    return rows[:17], rows[17:]
