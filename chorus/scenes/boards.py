"""Parametric boards to glide on: skateboard, snowboard and skis (frames and rules as in chorus.scenes.objects).

All lie on the ground with the nose to the front.
"""

from __future__ import annotations

import numpy as np

from chorus.scenes.anchored import BLACK, DARK, STEEL, WHITE, AnchoredObject, about_x, paint
from chorus.scenes.solids import Colour, SolidBuilder, vec

SKI_LIFT = 0.05  # metres from the snow to the sole of a boot in its binding


def skateboard(rng: np.random.Generator) -> AnchoredObject:
    """A skateboard of 80 cm with kicked ends, two trucks and four wheels."""
    b, colour = SolidBuilder(), paint(rng)
    half, height = rng.normal(0.105, 0.004), 0.105
    b.box((0, height, 0), (half, 0.008, 0.29), BLACK)
    b.box((0, height - 0.009, 0), (half, 0.003, 0.29), colour)
    for sign in (-1.0, 1.0):
        b.box((0, height + 0.014, sign * 0.325), (0.95 * half, 0.007, 0.045), colour, about_x(-sign * 20))
        b.tube((0, height + 0.02, sign * 0.36), (0, height + 0.034, sign * 0.36), 0.88 * half, colour)
        b.tube((-0.085, 0.035, sign * 0.21), (0.085, 0.035, sign * 0.21), 0.011, STEEL)
        b.box((0, 0.065, sign * 0.21), (0.03, 0.035, 0.025), STEEL)
        for x in (-0.085, 0.085):
            b.tube((x - 0.02, 0.03, sign * 0.21), (x + 0.02, 0.03, sign * 0.21), 0.03, WHITE)
    return AnchoredObject(b.build(), _deck(half, height, height + 0.008))


def snowboard(rng: np.random.Generator) -> AnchoredObject:
    """A snowboard of 1.5 m with turned-up ends and two bindings across."""
    b, colour, trim = SolidBuilder(), paint(rng), paint(rng)
    length, half = rng.normal(0.74, 0.03), rng.normal(0.145, 0.005)
    middle = length - 0.2
    b.box((0, 0.012, 0), (half, 0.008, middle), colour)
    b.box((0, 0.017, 0), (0.5 * half, 0.005, 0.8 * middle), trim)
    for sign in (-1.0, 1.0):
        b.box((0, 0.024, sign * (middle + 0.05)), (half, 0.007, 0.06), colour, about_x(-sign * 12))
        b.ellipsoid((0, 0.044, sign * (middle + 0.1)), (half, 0.009, 0.11), colour, about_x(-sign * 14))
        b.box((0, 0.03, sign * 0.25), (0.13, 0.012, 0.085), DARK)
        b.box((0.125, 0.1, sign * 0.25), (0.01, 0.08, 0.05), DARK)  # the high back behind the calf
        strap = ((-0.06, 0.03), (-0.05, 0.13), (0.04, 0.13), (0.06, 0.03))
        b.path([(x, y, sign * 0.25) for x, y in strap], 0.012, trim)
    return AnchoredObject(b.build(), _deck(half, 0.012, 0.042))


def skis(rng: np.random.Generator) -> AnchoredObject:
    """Two skis side by side, as far apart as the feet."""
    b, colour, apart = SolidBuilder(), paint(rng), rng.uniform(0.1, 0.16)
    length = rng.normal(0.84, 0.03)
    anchors = {}
    for side, x in (("left", apart), ("right", -apart)):
        _ski(b, vec(x, 0.0, 0.0), length, colour)
        anchors[f"{side}_binding"] = vec(x, SKI_LIFT, 0.0)
    return AnchoredObject(b.build(), anchors)


def bundled_skis(rng: np.random.Generator) -> AnchoredObject:
    """Two skis laid together to be carried."""
    b, colour = SolidBuilder(), paint(rng)
    length = rng.normal(0.84, 0.03)
    for up in (1.0, -1.0):
        _ski(b, np.zeros(3), length, colour, up)
    return AnchoredObject(b.build(), {"balance": vec(0, -0.06, -0.1), "grip": vec(0, 0.0, 0.4)})


def _ski(b: SolidBuilder, at: np.ndarray, length: float, colour: Colour, up: float = 1.0) -> None:
    """A ski of half length `length`, its running surface at `at`; upside down if `up` is -1."""
    half = 0.05
    b.box(at + vec(0, up * 0.012, -0.08), (half, 0.012, length - 0.08), colour)
    b.box(at + vec(0, up * 0.04, length - 0.09), (half, 0.009, 0.09), colour, about_x(-up * 18))
    b.ellipsoid(at + vec(0, up * 0.075, length), (half, 0.012, 0.06), colour, about_x(-up * 25))
    b.box(at + vec(0, up * 0.035, 0.11), (0.035, 0.025, 0.05), DARK)  # toe and heel of the binding
    b.box(at + vec(0, up * 0.035, -0.16), (0.035, 0.025, 0.05), DARK)


def _deck(half: float, middle: float, top: float) -> dict[str, np.ndarray]:
    """Anchors of a board `half` as wide, whose plate lies at height `middle` and whose feet stand at height `top`."""
    return {
        "left_rail": vec(half, middle, 0),
        "right_rail": vec(-half, middle, 0),
        "centre": vec(0, middle, 0),
        "deck": vec(0, top, 0),
    }
