"""Parametric objects of our own: one small function per object, each with named anchor points.

Object frame: metres, y up, z the object's front, x its left, the ground at y = 0 for things that stand on it. Every
function draws its own small variations (proportions, colours); the overall size varies by SIZE_JITTER on top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.scenes import boards, clothing, furniture, handhelds
from chorus.scenes.anchored import BLACK, DARK, STEEL, WHITE, WOOD, AnchoredObject, about_x, paint
from chorus.scenes.solids import SceneObject, SolidBuilder, vec
from chorus.scenes.vehicles import bicycle, motorcycle

SIZE_JITTER = 0.05  # standard deviation of the overall size, as a share


def make_object(name: str, rng: np.random.Generator, mesh: SceneObject | None = None) -> AnchoredObject:
    """Draw an object of OBJECTS at the origin of its own frame.

    Args:
        name: key of OBJECTS.
        rng: draws proportions, colours and size.
        mesh: a user's object that replaces the parametric geometry: it is moved so that the boxes' centres agree and
            keeps its own size and axes (metres, y up, z front); the anchors stay the parametric object's.
    """
    made = OBJECTS[name](rng)
    if mesh is not None:
        shift = np.eye(4)
        shift[:3, 3] = made.shape.bounds().mean(axis=0) - mesh.bounds().mean(axis=0)
        made = replace(made, shape=mesh.transformed(shift))
    scale = np.diag([*np.full(3, np.clip(rng.normal(1.0, SIZE_JITTER), 0.85, 1.15)), 1.0])
    return made.transformed(scale)


def surfboard(rng: np.random.Generator) -> AnchoredObject:
    """A surfboard lying on the ground, nose to the front; 7 cm thick."""
    b, colour = SolidBuilder(), paint(rng)
    length, width = rng.normal(0.95, 0.06), rng.normal(0.26, 0.01)
    b.ellipsoid((0, 0.035, 0), (width, 0.035, length), WHITE)
    b.ellipsoid((0, 0.036, 0), (0.35 * width, 0.0355, 0.99 * length), colour)
    for x in (-0.08, 0.0, 0.08):
        b.box((x, -0.03, -0.72 * length), (0.006, 0.05, 0.05), DARK, about_x(20))
    deck = {
        "left_rail": (width, 0.035, 0),
        "right_rail": (-width, 0.035, 0),
        "centre": (0, 0.035, 0),
        "deck": (0, 0.07, 0),
    }
    return AnchoredObject(b.build(), {name: np.array(point, float) for name, point in deck.items()})


def backpack(rng: np.random.Generator) -> AnchoredObject:
    """A day pack, upright; its straps are at the front (+z), where the wearer's back is."""
    return _pack(SolidBuilder(), rng)


def worn_backpack(rng: np.random.Generator) -> AnchoredObject:
    """The day pack with its straps laid around a wearer's shoulders."""
    b = SolidBuilder()
    over = [(0.09, 0.16, -0.03), (0.12, 0.215, 0.05), (0.13, 0.19, 0.13), (0.14, 0.05, 0.16), (0.16, -0.1, 0.1)]
    for sign in (-1.0, 1.0):
        b.path([vec(sign * x, y, z) for x, y, z in [*over, (0.13, -0.16, -0.03)]], 0.018, DARK)
    return _pack(b, rng)


def _pack(b: SolidBuilder, rng: np.random.Generator) -> AnchoredObject:
    colour, trim, tall = paint(rng), paint(rng), rng.normal(0.21, 0.015)
    b.box((0, 0, -0.09), (0.145, tall, 0.075), colour)
    b.ellipsoid((0, tall, -0.09), (0.145, 0.07, 0.075), colour)
    b.ellipsoid((0, -tall, -0.09), (0.145, 0.04, 0.075), colour)
    b.box((0, -0.06, -0.185), (0.105, 0.105, 0.035), trim)
    b.ellipsoid((0, 0.05, -0.185), (0.105, 0.03, 0.035), trim)
    low, high = tall + 0.05, tall + 0.1
    b.path([(-0.04, low, -0.04), (-0.02, high, -0.03), (0.02, high, -0.03), (0.04, low, -0.04)], 0.012, DARK)
    return AnchoredObject(b.build(), {"handle": vec(0, high, -0.03), "back": np.zeros(3)})


def chair(rng: np.random.Generator) -> AnchoredObject:
    """A wooden chair with a slatted back; its front is +z."""
    b = SolidBuilder()
    colour = (WOOD, (0.5, 0.32, 0.16), BLACK, WHITE)[rng.integers(4)]
    half, seat, top = 0.21, 0.45, rng.normal(0.9, 0.03)
    b.box((0, seat - 0.02, 0), (half, 0.022, half), colour)
    for x in (-half + 0.025, half - 0.025):
        b.box((x, 0.5 * (seat - 0.03), half - 0.025), (0.02, 0.5 * (seat - 0.03), 0.02), colour)
        b.box((x, 0.5 * (seat - 0.03), -half + 0.025), (0.02, 0.5 * (seat - 0.03), 0.02), colour)
        b.tube((x, seat - 0.03, -half + 0.025), (x, top, -half - 0.045), 0.02, colour)
        b.box((x, 0.2, 0), (0.012, 0.012, half - 0.03), colour)
    for share in (0.35, 0.62, 0.92):
        y = seat + share * (top - seat)
        b.box((0, y, -half + 0.02 - 0.07 * share), (half - 0.03, 0.04, 0.0125), colour, about_x(-9))
    anchors = {
        "seat": (0, seat, 0.0),
        "left_back": (0.15, top, -half - 0.045),
        "right_back": (-0.15, top, -half - 0.045),
    }
    return AnchoredObject(b.build(), {name: np.array(point) for name, point in anchors.items()})


def sports_ball(rng: np.random.Generator) -> AnchoredObject:
    """A basketball-sized ball with seams."""
    b = SolidBuilder()
    colour = ((0.6, 0.22, 0.06), WHITE, (0.7, 0.6, 0.1), (0.1, 0.2, 0.55))[rng.integers(4)]
    radius = 0.118
    b.ellipsoid((0, 0, 0), (radius,) * 3, colour)
    tilt = Rotation.from_rotvec(rng.normal(size=3))
    for axis in np.eye(3):
        b.ring((0, 0, 0), tilt.apply(axis), (radius - 0.001, 0.003), BLACK)
    sides = {"centre": (0, 0, 0), "left": (radius, 0, 0), "right": (-radius, 0, 0)}
    return AnchoredObject(b.build(), {name: np.array(point, float) for name, point in sides.items()})


def soccer_ball(rng: np.random.Generator) -> AnchoredObject:
    """A white ball of 22 cm with twelve dark patches."""
    b, radius, patch = SolidBuilder(), 0.11, paint(rng)
    b.ellipsoid((0, 0, 0), (radius,) * 3, WHITE)
    turn = Rotation.from_rotvec(rng.normal(size=3))
    golden = 0.5 * (1.0 + np.sqrt(5.0))
    corners = [np.roll([0.0, s, t * golden], k) for k in range(3) for s in (-1.0, 1.0) for t in (-1.0, 1.0)]
    for corner in turn.apply(corners):
        out = corner / np.linalg.norm(corner)
        b.tube(0.9 * radius * out, 0.97 * radius * out, (0.038, 0.026), patch)
    sides = {"centre": vec(0, 0, 0), "left": vec(radius, 0, 0), "right": vec(-radius, 0, 0)}
    return AnchoredObject(b.build(), sides)


def umbrella(rng: np.random.Generator) -> AnchoredObject:
    """An open umbrella, shaft along y, held at the origin; the canopy's shell is 2.5 cm thick."""
    b, colour = SolidBuilder(), paint(rng)
    radius, opening, apex = rng.normal(0.64, 0.02), np.radians(rng.normal(54, 3)), 0.84
    b.canopy((0, apex - radius, 0), (0, 1, 0), (radius, 0.025, opening), colour)
    b.tube((0, -0.1, 0), (0, apex + 0.06, 0), 0.009, STEEL)
    _umbrella_handle(b)
    for angle in np.arange(8) * np.pi / 4:
        arc = [vec(np.sin(a) * np.cos(angle), np.cos(a), np.sin(a) * np.sin(angle)) for a in np.linspace(0, opening, 5)]
        b.path([(radius + 0.001) * point + [0, apex - radius, 0] for point in arc], 0.004, DARK)
    return AnchoredObject(b.build(), {"handle": np.zeros(3)})


def closed_umbrella(rng: np.random.Generator) -> AnchoredObject:
    """A rolled umbrella, tip along +y, held at the origin."""
    b, colour = SolidBuilder(), paint(rng)
    b.tube((0, 0.1, 0), (0, 0.3, 0), (0.022, 0.05), colour)
    b.tube((0, 0.3, 0), (0, 0.78, 0), (0.05, 0.016), colour)
    b.tube((0, -0.1, 0), (0, 0.86, 0), 0.009, STEEL)
    _umbrella_handle(b)
    return AnchoredObject(b.build(), {"handle": np.zeros(3)})


def _umbrella_handle(b: SolidBuilder) -> None:
    angles = np.linspace(0, np.pi, 5)
    b.path([(0, 0.05, 0), *[(0, -0.1 - 0.045 * np.sin(a), 0.045 - 0.045 * np.cos(a)) for a in angles]], 0.014, WOOD)


OBJECTS: dict[str, Callable[[np.random.Generator], AnchoredObject]] = {
    "motorcycle": motorcycle,
    "bicycle": bicycle,
    "surfboard": surfboard,
    "backpack": backpack,
    "worn_backpack": worn_backpack,
    "chair": chair,
    "sports_ball": sports_ball,
    "umbrella": umbrella,
    "closed_umbrella": closed_umbrella,
    "bench": furniture.bench,
    "handbag": handhelds.handbag,
    "shoulder_bag": handhelds.shoulder_bag,
    "tie": clothing.tie,
    "loose_tie": clothing.loose_tie,
    "frisbee": handhelds.frisbee,
    "skis": boards.skis,
    "bundled_skis": boards.bundled_skis,
    "snowboard": boards.snowboard,
    "baseball_glove": handhelds.baseball_glove,
    "skateboard": boards.skateboard,
    "tennis_racket": handhelds.tennis_racket,
    "cell_phone": handhelds.cell_phone,
    "bed": furniture.bed,
    "bed_from_its_side": furniture.bed_from_its_side,
    "laptop": handhelds.laptop,
    "closed_laptop": handhelds.closed_laptop,
    "hat": clothing.hat,
    "sweater": clothing.sweater,
    "knotted_sweater": clothing.knotted_sweater,
    "sunglasses": clothing.sunglasses,
    "soccer_ball": soccer_ball,
    "worn_scarf": clothing.worn_scarf,
    "stretched_scarf": clothing.stretched_scarf,
}
