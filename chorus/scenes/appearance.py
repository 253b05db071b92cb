"""Colours and light of a scene: a person's clothes and hair, the ground, the sky or the wall behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.body.model import JOINT_NAMES, BodyModel

_SKIN = np.array([[0.72, 0.48, 0.37], [0.60, 0.37, 0.26], [0.42, 0.24, 0.15], [0.25, 0.13, 0.08], [0.12, 0.06, 0.04]])
_HAIR = np.array([[0.015, 0.012, 0.01], [0.06, 0.03, 0.015], [0.16, 0.08, 0.03], [0.42, 0.28, 0.11], [0.3, 0.3, 0.3]])
_CLOTHS = np.array(
    [[0.02, 0.02, 0.025], [0.7, 0.7, 0.68], [0.45, 0.03, 0.04], [0.03, 0.08, 0.30], [0.05, 0.22, 0.08],
     [0.55, 0.40, 0.08], [0.18, 0.18, 0.19], [0.08, 0.10, 0.05], [0.30, 0.12, 0.30], [0.05, 0.30, 0.33]]
)  # fmt: skip
_GROUNDS = np.array(
    [[0.14, 0.14, 0.14], [0.10, 0.20, 0.05], [0.36, 0.29, 0.19], [0.22, 0.13, 0.07], [0.30, 0.30, 0.29]]
)
_WALLS = np.array([[0.62, 0.60, 0.55], [0.30, 0.38, 0.42], [0.55, 0.45, 0.33], [0.20, 0.24, 0.20], [0.5, 0.5, 0.5]])

_LEGS = ("pelvis", "left_hip", "right_hip")
_SHINS = ("left_knee", "right_knee")
_SHOES = ("left_ankle", "right_ankle", "left_foot", "right_foot")
_FOREARMS = ("left_elbow", "right_elbow")
_TORSO = ("spine1", "spine2", "spine3", "left_collar", "right_collar", "left_shoulder", "right_shoulder")


@dataclass(frozen=True)
class Outfit:
    """Colours (3,) linear RGB of one person; long or short sleeves and trouser legs."""

    skin: np.ndarray
    hair: np.ndarray
    shirt: np.ndarray
    trousers: np.ndarray
    shoes: np.ndarray
    long_sleeves: bool
    long_legs: bool
    long_hair: bool


@dataclass(frozen=True)
class Backdrop:
    """Everything behind and around the figures.

    Attributes:
        ground: (3,) linear RGB of the ground.
        far: (2, 3) linear RGB of wall or sky at the horizon and overhead.
        radius: metres from the body to the walls of a square room; large outdoors.
        tile: metres, size of the ground's pattern.
        light: (3,) unit direction towards the light, body frame.
        ambient: share of the light that comes from everywhere.
    """

    ground: np.ndarray
    far: np.ndarray
    radius: float
    tile: float
    light: np.ndarray
    ambient: float


def draw_outfit(rng: np.random.Generator) -> Outfit:
    """Random clothes."""

    def shade(palette: np.ndarray) -> np.ndarray:
        return np.clip(palette[rng.integers(len(palette))] * rng.uniform(0.8, 1.25), 0.01, 0.95)

    return Outfit(
        skin=shade(_SKIN),
        hair=shade(_HAIR),
        shirt=shade(_CLOTHS),
        trousers=shade(_CLOTHS),
        shoes=shade(_CLOTHS),
        long_sleeves=bool(rng.random() < 0.5),
        long_legs=bool(rng.random() < 0.7),
        long_hair=bool(rng.random() < 0.4),
    )


def draw_backdrop(rng: np.random.Generator) -> Backdrop:
    """Random surroundings: outdoors under a sky or in front of a wall."""
    outdoors = rng.random() < 0.6
    wall = _WALLS[rng.integers(len(_WALLS))] * rng.uniform(0.8, 1.2)
    sky = np.array([[0.70, 0.78, 0.85], [0.16, 0.33, 0.66]]) * rng.uniform(0.7, 1.0)
    around, height = rng.uniform(0.0, 2.0 * np.pi), np.radians(rng.uniform(35.0, 70.0))
    return Backdrop(
        ground=_GROUNDS[rng.integers(len(_GROUNDS))] * rng.uniform(0.7, 1.3),
        far=sky if outdoors else np.stack([wall, 0.8 * wall]),
        radius=80.0 if outdoors else rng.uniform(2.5, 5.0),
        tile=rng.uniform(0.4, 1.5),
        light=np.array([np.cos(height) * np.cos(around), np.sin(height), np.cos(height) * np.sin(around)]),
        ambient=rng.uniform(0.45, 0.65),
    )


def dress(body: BodyModel, outfit: Outfit) -> np.ndarray:
    """Colours (V, 3) of the body's vertices: by dominant joint, and on the head by geometry of the rest pose."""
    dominant = np.array(JOINT_NAMES)[np.argmax(body.weights, axis=1)]
    colours = np.tile(outfit.skin, (body.n_vertices, 1))
    colours[np.isin(dominant, _TORSO)] = outfit.shirt
    colours[np.isin(dominant, _LEGS)] = outfit.trousers
    colours[np.isin(dominant, _SHOES)] = outfit.shoes
    if outfit.long_sleeves:
        colours[np.isin(dominant, _FOREARMS)] = outfit.shirt
    if outfit.long_legs:
        colours[np.isin(dominant, _SHINS)] = outfit.trousers
    _dress_head(body, outfit, colours, dominant)
    return colours


def _dress_head(body: BodyModel, outfit: Outfit, colours: np.ndarray, dominant: np.ndarray) -> None:
    """Hair over and behind the ears, eyes and lips, found from the face's landmarks."""
    x = body.v_template
    nose, left_eye, right_eye, ear = (
        x[body.landmark_vertices[name]] for name in ("nose", "left_eye", "right_eye", "left_ear")
    )
    head = np.isin(dominant, ("head", "neck"))
    top = x[:, 1].max()
    hairline = left_eye[1] + 0.55 * (top - left_eye[1])
    behind_ears = x[:, 2] < ear[2] - 0.005
    nape = ear[1] - (0.11 if outfit.long_hair else 0.05)
    above_forehead = x[:, 1] > hairline - 0.35 * (nose[2] - x[:, 2])
    colours[head & ((behind_ears & (x[:, 1] > nape)) | (above_forehead & (x[:, 1] > ear[1] + 0.02)))] = outfit.hair
    for eye in (left_eye, right_eye):
        distance = np.linalg.norm((x - eye) * [0.7, 1.0, 0.5], axis=1)
        colours[head & (distance < 0.007)] = 0.03
        brow = np.abs(x - eye - [0, 0.024, 0.0]) < [0.016, 0.004, 0.02]
        colours[head & brow.all(axis=1)] = outfit.hair
    lips = np.abs(x - nose + [0, 0.045, 0.015]) < [0.022, 0.008, 0.03]
    colours[head & lips.all(axis=1)] = outfit.skin * [0.8, 0.45, 0.45]
