"""Parametric objects of our own: one small function per object, each with named anchor points.

Object frame: metres, y up, z the object's front, x its left, the ground at y = 0 for things that stand on it. Every
function draws its own small variations (proportions, colours); the overall size varies by SIZE_JITTER on top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.scenes.solids import Colour, SceneObject, SolidBuilder, moved

SIZE_JITTER = 0.05  # standard deviation of the overall size, as a share
BLACK, DARK, STEEL, CHROME = (0.02, 0.02, 0.022), (0.06, 0.06, 0.07), (0.25, 0.26, 0.28), (0.5, 0.5, 0.52)
WOOD, RUBBER, WHITE = (0.28, 0.14, 0.06), (0.025, 0.025, 0.025), (0.75, 0.75, 0.72)
PAINTS = ((0.55, 0.03, 0.03), (0.03, 0.10, 0.45), (0.75, 0.45, 0.03), (0.04, 0.25, 0.09), (0.65, 0.65, 0.66), BLACK)


@dataclass(frozen=True)
class AnchoredObject:
    """An object with named points by which interactions hold it.

    Attributes:
        shape: the geometry.
        anchors: name -> (3,) point of the same frame, metres.
    """

    shape: SceneObject
    anchors: dict[str, np.ndarray]

    def transformed(self, transform: np.ndarray) -> AnchoredObject:
        """Geometry and anchors moved by an affine (4, 4)."""
        anchors = {name: moved(transform, point[None])[0] for name, point in self.anchors.items()}
        return AnchoredObject(self.shape.transformed(transform), anchors)


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


def paint(rng: np.random.Generator) -> Colour:
    """A random body colour."""
    return PAINTS[rng.integers(len(PAINTS))]


def motorcycle(rng: np.random.Generator) -> AnchoredObject:
    """A naked street motorcycle, wheelbase 1.4 m."""
    b, colour, trim = SolidBuilder(), paint(rng), paint(rng)
    rear, front = np.array([0.0, 0.31, -0.66]), np.array([0.0, 0.31, 0.76])
    for hub, width in ((rear, 0.075), (front, 0.06)):
        b.ring(hub, (1, 0, 0), (0.31 - width, width), RUBBER)
        b.ring(hub, (1, 0, 0), (0.2, 0.022), STEEL)
        b.tube(hub - [0.09, 0, 0], hub + [0.09, 0, 0], 0.045, STEEL)
        for angle in np.arange(5) * 2 * np.pi / 5:
            b.tube(hub, hub + [0, 0.2 * np.sin(angle), 0.2 * np.cos(angle)], 0.016, STEEL)
    b.tube(front + [0.05, 0, 0], front + [0.062, 0, 0], 0.14, CHROME)  # brake disc
    for x in (-0.1, 0.1):
        b.tube((x, 0.31, 0.76), (x, 0.98, 0.46), 0.026, CHROME)  # fork
        b.tube((x, 0.31, -0.66), (0.8 * x, 0.42, -0.08), 0.028, STEEL)  # swing arm
        b.tube((x, 0.45, -0.3), (x, 0.78, -0.42), 0.03, trim)  # shock absorber
        b.tube((0.7 * x, 0.88, 0.42), (1.2 * x, 0.42, 0.12), 0.025, DARK)  # frame
        b.tube((0.7 * x, 0.86, 0.36), (0.9 * x, 0.72, -0.6), 0.02, DARK)
    b.box((0, 0.645, 0.735), (0.05, 0.012, 0.15), colour, _about_x(15))  # front fender
    b.ellipsoid((0, 0.86, 0.19), (0.15, 0.13, 0.28), colour)  # tank
    b.ellipsoid((0, 0.775, -0.2), (0.13, 0.055, 0.26), BLACK)  # seat
    b.ellipsoid((0, 0.83, -0.52), (0.11, 0.05, 0.2), BLACK, _about_x(-8))  # pillion seat
    b.ellipsoid((0, 0.77, -0.62), (0.09, 0.05, 0.22), colour, _about_x(18))  # tail
    b.ellipsoid((0, 0.78, -0.83), (0.05, 0.035, 0.025), PAINTS[0])  # rear light
    b.box((0, 0.46, 0.08), (0.14, 0.12, 0.2), STEEL)  # engine
    b.tube((0, 0.5, 0.12), (0, 0.72, 0.24), (0.12, 0.1), DARK)  # cylinder
    b.path([(0.1, 0.6, 0.3), (0.12, 0.34, 0.32), (0.15, 0.28, 0.0), (0.17, 0.36, -0.35)], 0.025, CHROME)  # exhaust
    b.tube((0.17, 0.36, -0.35), (0.19, 0.46, -0.8), (0.045, 0.06), CHROME)
    b.ellipsoid((0, 0.9, 0.58), (0.1, 0.1, 0.08), CHROME)  # headlight
    wide = rng.normal(0.36, 0.015)
    grips = {"left_grip": np.array([wide, 1.04, 0.36]), "right_grip": np.array([-wide, 1.04, 0.36])}
    b.path([grips["left_grip"], (0.16, 1.04, 0.42), (-0.16, 1.04, 0.42), grips["right_grip"]], 0.014, CHROME)
    for grip in grips.values():
        outward = np.sign(grip[0]) * np.array([0.06, 0.0, -0.015])
        b.tube(grip - outward, grip + outward, 0.021, BLACK)
        mirror = grip + [0.05 * np.sign(grip[0]), 0.18, 0.06]
        b.tube(grip - 1.5 * outward, mirror, 0.008, BLACK)
        b.ellipsoid(mirror, (0.06, 0.035, 0.015), DARK)
    for side, x in (("left_peg", 0.23), ("right_peg", -0.23)):
        grips[side] = np.array([x, 0.36, -0.06])
        b.tube((0.5 * x, 0.36, -0.06), (1.15 * x, 0.36, -0.06), 0.018, BLACK)
    return AnchoredObject(b.build(), grips | {"seat": np.array([0.0, 0.83, -0.2])})


def bicycle(rng: np.random.Generator) -> AnchoredObject:
    """A city bicycle; the crank stands at a random angle."""
    b, colour = SolidBuilder(), paint(rng)
    rear, front, crank = np.array([0, 0.34, -0.44]), np.array([0, 0.34, 0.62]), np.array([0, 0.29, 0.0])
    for hub in (rear, front):
        b.ring(hub, (1, 0, 0), (0.318, 0.022), RUBBER)
        b.ring(hub, (1, 0, 0), (0.29, 0.011), CHROME)
        b.tube(hub - [0.05, 0, 0], hub + [0.05, 0, 0], 0.02, CHROME)
        for angle in (np.arange(6) + rng.random()) * np.pi / 6:
            spoke = np.array([0, 0.29 * np.sin(angle), 0.29 * np.cos(angle)])
            b.tube(hub - spoke, hub + spoke, 0.003, CHROME)
    seat_top, head = np.array([0, 0.84, -0.2]), np.array([0, 0.86, 0.4])
    for start, end in ((crank, seat_top), (crank, head - [0, 0.1, -0.04]), (seat_top - [0, 0.08, -0.03], head)):
        b.tube(start, end, 0.02, colour)
    for x in (-0.045, 0.045):
        side = np.array([x, 0, 0])
        b.tube(rear + side, crank + 0.5 * side, 0.012, colour)
        b.tube(rear + side, seat_top - [0, 0.1, -0.03], 0.01, colour)
        b.tube(front + side, head + [0.5 * x, -0.14, 0.06], 0.014, colour)
    b.tube(head + [0, -0.15, 0.05], head + [0, 0.16, -0.06], 0.02, colour)
    b.tube(seat_top, seat_top + [0, 0.1, -0.02], 0.014, CHROME)
    b.ellipsoid(seat_top + [0, 0.12, -0.04], (0.085, 0.03, 0.14), BLACK)
    bar = head + [0, 0.16, -0.02]
    anchors = {"seat": seat_top + [0, 0.15, -0.05]}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        anchors[f"{side}_grip"] = bar + [sign * 0.28, 0.03, -0.1]
        b.path([bar, bar + [sign * 0.12, 0.03, 0.0], anchors[f"{side}_grip"]], 0.013, CHROME)
        b.tube(anchors[f"{side}_grip"], bar + [sign * 0.18, 0.03, -0.035], 0.019, BLACK)
    angle = rng.uniform(0, 2 * np.pi)
    b.tube(crank - [0.04, 0, 0], crank + [0.04, 0, 0], 0.03, DARK)
    b.tube(crank - [0.045, 0, 0], crank - [0.035, 0, 0], 0.09, STEEL)  # chain wheel
    for side, sign in (("left", 1.0), ("right", -1.0)):
        arm = sign * 0.165 * np.array([0, np.sin(angle), np.cos(angle)])
        pedal = crank + arm + [sign * 0.12, 0, 0]
        b.tube(crank + [sign * 0.05, 0, 0], crank + arm + [sign * 0.06, 0, 0], 0.011, STEEL)
        b.box(pedal, (0.05, 0.012, 0.04), BLACK)
        anchors[f"{side}_pedal"] = pedal
    return AnchoredObject(b.build(), anchors)


def surfboard(rng: np.random.Generator) -> AnchoredObject:
    """A surfboard lying on the ground, nose to the front; 7 cm thick."""
    b, colour = SolidBuilder(), paint(rng)
    length, width = rng.normal(0.95, 0.06), rng.normal(0.26, 0.01)
    b.ellipsoid((0, 0.035, 0), (width, 0.035, length), WHITE)
    b.ellipsoid((0, 0.036, 0), (0.35 * width, 0.0355, 0.99 * length), colour)
    for x in (-0.08, 0.0, 0.08):
        b.box((x, -0.03, -0.72 * length), (0.006, 0.05, 0.05), DARK, _about_x(20))
    deck = {"left_rail": (width, 0.035, 0), "right_rail": (-width, 0.035, 0), "centre": (0, 0.035, 0), "deck": (0, 0.07, 0)}
    return AnchoredObject(b.build(), {name: np.array(point, float) for name, point in deck.items()})


def backpack(rng: np.random.Generator) -> AnchoredObject:
    """A day pack, upright; its straps are at the front (+z), where the wearer's back is."""
    b, colour, trim = SolidBuilder(), paint(rng), paint(rng)
    tall = rng.normal(0.21, 0.015)
    b.box((0, 0, -0.09), (0.145, tall, 0.075), colour)
    b.ellipsoid((0, tall, -0.09), (0.145, 0.07, 0.075), colour)
    b.ellipsoid((0, -tall, -0.09), (0.145, 0.04, 0.075), colour)
    b.box((0, -0.06, -0.185), (0.105, 0.105, 0.035), trim)
    b.ellipsoid((0, 0.05, -0.185), (0.105, 0.03, 0.035), trim)
    b.path([(-0.04, tall + 0.05, -0.04), (-0.02, tall + 0.1, -0.03), (0.02, tall + 0.1, -0.03), (0.04, tall + 0.05, -0.04)], 0.012, DARK)
    return AnchoredObject(b.build(), {"handle": np.array([0.0, tall + 0.1, -0.03]), "back": np.zeros(3)})


def worn_backpack(rng: np.random.Generator) -> AnchoredObject:
    """The day pack with its straps laid around a wearer's shoulders."""
    packed = backpack(rng)
    b = SolidBuilder()
    for sign in (-1.0, 1.0):
        over = [(0.09, 0.19, -0.03), (0.12, 0.235, 0.06), (0.135, 0.2, 0.16), (0.15, 0.05, 0.2), (0.17, -0.1, 0.12), (0.13, -0.16, -0.03)]
        b.path([(sign * x, y, z) for x, y, z in over], 0.018, DARK)
    return AnchoredObject(_union(packed.shape, b.build()), packed.anchors)


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
        b.box((0, y, -half + 0.02 - 0.07 * share), (half - 0.03, 0.04, 0.0125), colour, _about_x(-9))
    anchors = {"seat": (0, seat, 0.0), "left_back": (0.15, top, -half - 0.045), "right_back": (-0.15, top, -half - 0.045)}
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


def umbrella(rng: np.random.Generator) -> AnchoredObject:
    """An open umbrella, shaft along y, held at the origin; the canopy's shell is 2.5 cm thick."""
    b, colour = SolidBuilder(), paint(rng)
    radius, opening, apex = rng.normal(0.64, 0.02), np.radians(rng.normal(54, 3)), 0.84
    b.canopy((0, apex - radius, 0), (0, 1, 0), (radius, 0.025, opening), colour)
    b.tube((0, -0.1, 0), (0, apex + 0.06, 0), 0.009, STEEL)
    _umbrella_handle(b)
    for angle in np.arange(8) * np.pi / 4:
        arc = [np.array([np.sin(a) * np.cos(angle), np.cos(a), np.sin(a) * np.sin(angle)]) for a in np.linspace(0, opening, 5)]
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


def _about_x(degrees: float) -> Rotation:
    return Rotation.from_euler("x", degrees, degrees=True)


def _union(*solids):
    from chorus.scenes.solids import Solid

    return Solid(*(np.concatenate([getattr(s, name) for s in solids]) for name in ("kind", "transform", "size", "colour")))


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
}
