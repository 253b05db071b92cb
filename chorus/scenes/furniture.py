"""Parametric furniture: bench and bed (frames and rules as in chorus.scenes.objects)."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.scenes.anchored import BLACK, DARK, WHITE, WOOD, AnchoredObject, about_x, paint
from chorus.scenes.solids import SolidBuilder, vec

BED_TOP = 0.48  # metres from the floor to the mattress's upper side


def bench(rng: np.random.Generator) -> AnchoredObject:
    """A park bench of slats on two iron frames; people sit or lean anywhere along it."""
    b = SolidBuilder()
    colour = (WOOD, (0.5, 0.32, 0.16), (0.04, 0.25, 0.09))[rng.integers(3)]
    wide, half, seat, top = rng.normal(0.72, 0.06), 0.21, 0.45, rng.normal(0.88, 0.02)
    for z in np.linspace(-half + 0.05, half - 0.05, 4):
        b.box((0, seat - 0.018, z), (wide, 0.018, 0.045), colour)
    for share in (0.4, 0.66, 0.92):
        b.box((0, seat + share * (top - seat), -half - 0.07 * share), (wide, 0.05, 0.016), colour, about_x(-9))
    for x in (-wide + 0.12, wide - 0.12):
        b.path([(x, 0, half), (x, seat - 0.05, half - 0.05), (x, seat - 0.05, -half)], 0.025, BLACK)
        b.path([(x, 0, -half - 0.05), (x, seat - 0.05, -half), (x, top, -half - 0.1)], 0.025, BLACK)
    along = rng.uniform(-1.0, 1.0) * (wide - 0.35)
    anchors = {"seat": vec(along, seat, 0)}
    for side, x in (("left", 0.16), ("right", -0.16)):
        anchors[f"{side}_back"] = vec(along + x, top, -half - 0.08)
    return AnchoredObject(b.build(), anchors)


def bed(rng: np.random.Generator) -> AnchoredObject:
    """A bed, single to double, its head at the back (-z), where the pillow is; one lies with the pelvis at `hips`."""
    b, sheet = SolidBuilder(), ((0.7, 0.7, 0.68), (0.45, 0.55, 0.7), (0.6, 0.5, 0.4))[rng.integers(3)]
    wide, long, frame = rng.uniform(0.45, 0.7), rng.normal(1.02, 0.02), (WOOD, DARK, WHITE)[rng.integers(3)]
    b.box((0, BED_TOP - 0.11, 0), (wide, 0.11, long), sheet)
    b.box((0, 0.22, 0), (wide + 0.02, 0.07, long + 0.02), frame)
    b.box((0, 0.45, -long - 0.03), (wide + 0.03, rng.uniform(0.3, 0.42), 0.025), frame)
    for x in (-wide + 0.05, wide - 0.05):
        for z in (-long + 0.05, long - 0.05):
            b.box((x, 0.1, z), (0.03, 0.1, 0.03), frame)
    b.ellipsoid((0, BED_TOP + 0.015, -long + 0.26), (0.33, 0.06, 0.21), WHITE)
    blanket = paint(rng)
    b.box((0, BED_TOP - 0.1, long - 0.2), (wide + 0.012, 0.105, 0.22), blanket)  # folded at the foot
    beside = rng.uniform(-1.0, 1.0) * (wide - 0.4)
    return AnchoredObject(b.build(), {"hips": vec(beside, BED_TOP, 0.33 - long + 0.62)})


def bed_from_its_side(rng: np.random.Generator) -> AnchoredObject:
    """The bed with a long side at the front, where one sits on the edge."""
    lying = bed(rng)
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("y", 90.0, degrees=True).as_matrix()
    edge = lying.shape.transformed(turn).bounds()[1, 2] - 0.24
    sat_on = vec(rng.uniform(-0.5, 0.5), BED_TOP, edge)
    return AnchoredObject(lying.shape.transformed(turn), {"seat": sat_on})
