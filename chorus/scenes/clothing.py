"""Parametric clothes: hat, sunglasses, tie, scarf, sweater (frames and rules as in chorus.scenes.objects).

Their measures are those of the mean body in the T pose. Clothes are filled where the body is: pictures show no inside.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from chorus.scenes.anchored import BLACK, DARK, AnchoredObject, about_x, paint
from chorus.scenes.solids import Colour, SolidBuilder, vec

STRAW = (0.55, 0.40, 0.16)


def hat(rng: np.random.Generator) -> AnchoredObject:
    """A hat with a brim all around; the origin is the middle of the brim."""
    b = SolidBuilder()
    colour, band = (STRAW, paint(rng))[rng.integers(2)], paint(rng)
    brim, tall = rng.uniform(0.155, 0.21), rng.normal(0.12, 0.008)
    b.tube((0, -0.008, 0), (0, 0.012, 0), (brim, 0.11), colour)
    b.tube((0, 0, 0), (0, tall, 0), (0.112, 0.095), colour)
    b.ellipsoid((0, tall, 0), (0.095, 0.02, 0.095), colour)
    b.tube((0, 0.01, 0), (0, 0.04, 0), 0.114, band)
    return AnchoredObject(b.build(), {"brim": np.zeros(3), "edge": vec(0, 0, brim - 0.02)})


def sunglasses(rng: np.random.Generator) -> AnchoredObject:
    """Sunglasses: the origin between the glasses, temples to the back."""
    b, colour = SolidBuilder(), (BLACK, DARK, (0.22, 0.09, 0.03), (0.5, 0.03, 0.03))[rng.integers(4)]
    tall = rng.normal(0.024, 0.002)
    for x in (-0.036, 0.036):
        b.ellipsoid((x, 0, 0), (0.033, tall, 0.007), BLACK)
        b.path([(2.05 * x, 0.008, -0.006), (2.4 * x, 0.004, -0.1), (2.4 * x, -0.025, -0.135)], 0.0045, colour)
        b.ellipsoid((x, 0.004, -0.003), (0.037, tall + 0.003, 0.006), colour)
    b.tube((-0.072, 0.01, -0.004), (0.072, 0.01, -0.004), 0.005, colour)
    return AnchoredObject(b.build(), {"bridge": np.zeros(3), "right_temple": vec(-0.084, 0.004, -0.07)})


def tie(rng: np.random.Generator) -> AnchoredObject:
    """A tie as it falls over a chest: the knot at the origin, the blade down along -y."""
    b, colour, stripe = SolidBuilder(), paint(rng), paint(rng)
    b.tube((0, 0.025, 0), (0, -0.025, 0.005), (0.027, 0.018), colour)
    long = rng.normal(0.44, 0.02)
    fall = [vec(0, -0.02, 0.008), vec(0, -0.1, 0.054), vec(0, -0.21, 0.072), vec(0, -long, 0.09)]
    for (start, end), width in zip(pairwise(fall), (0.022, 0.03, 0.04), strict=True):
        _ribbon(b, start, end, (width, 0.007), colour)
    _ribbon(b, fall[-1], fall[-1] - [0, 0.03, 0], (0.028, 0.007), colour)
    for share in (0.15, 0.4, 0.65, 0.9):
        at = (1 - share) * fall[2] + share * fall[3] + vec(0, 0, 0.003)
        b.box(at, (0.04, 0.009, 0.006), stripe)
    return AnchoredObject(b.build(), {"knot": np.zeros(3)})


def loose_tie(rng: np.random.Generator) -> AnchoredObject:
    """A tie folded over a hand at the origin, both ends hanging."""
    b, colour, stripe = SolidBuilder(), paint(rng), paint(rng)
    for z, long, width in ((0.02, rng.normal(0.62, 0.03), 0.042), (-0.02, rng.normal(0.5, 0.03), 0.024)):
        _ribbon(b, vec(0, 0.01, z), vec(0, -long, z), (width, 0.006), colour)
        for share in (0.3, 0.5, 0.7, 0.9):
            b.box((0, -share * long, z), (width + 0.001, 0.009, 0.008), stripe)
    b.box((0, 0.012, 0), (0.03, 0.008, 0.026), colour)
    return AnchoredObject(b.build(), {"fold": np.zeros(3)})


def worn_scarf(rng: np.random.Generator) -> AnchoredObject:
    """A scarf around a neck through the origin, two ends falling over the chest."""
    b, colour, stripe = SolidBuilder(), paint(rng), paint(rng)
    b.ring((0, 0, 0), (0, 1, -0.25), (0.072, 0.036), colour)
    b.ring((0, 0.02, 0), (0, 1, -0.1), (0.066, 0.03), colour)
    for x, long in ((0.045, rng.normal(0.46, 0.05)), (-0.04, rng.normal(0.4, 0.05))):
        fall = [vec(0.6 * x, -0.02, 0.1), vec(x, -0.16, 0.145), vec(1.2 * x, -0.24, 0.16), vec(1.3 * x, -long, 0.185)]
        for start, end in pairwise(fall):
            _ribbon(b, start, end, (0.055, 0.014), colour)
        _ribbon(b, fall[-1] + [0, 0.07, 0.003], fall[-1] + [0, 0.03, 0.003], (0.056, 0.014), stripe)
    return AnchoredObject(b.build(), {"neck": np.zeros(3)})


def stretched_scarf(rng: np.random.Generator) -> AnchoredObject:
    """A scarf stretched along x between two hands, sagging a little, with ends that hang beyond them."""
    b, colour, stripe = SolidBuilder(), paint(rng), paint(rng)
    half, sag, long = rng.uniform(0.33, 0.45), rng.uniform(0.01, 0.05), rng.normal(0.22, 0.03)
    x = np.linspace(-half, half, 6)
    between = [vec(at, -0.07 - sag * (1.0 - (at / half) ** 2), 0) for at in x]
    for part, (start, end) in enumerate(pairwise(between)):
        middle, width = 0.5 * (start + end), 0.52 * (end[0] - start[0])
        b.box(middle, (width, 0.085, 0.014), (colour, stripe)[part % 2])
    for sign in (-1.0, 1.0):
        b.box((sign * (half + 0.03), -0.5 * long, 0), (0.04, 0.5 * long, 0.016), colour)
    return AnchoredObject(b.build(), {"left_end": vec(half, 0, 0), "right_end": vec(-half, 0, 0)})


def sweater(rng: np.random.Generator) -> AnchoredObject:
    """A sweater with hanging sleeves; the origin is the middle between the shoulders, which are at x = +-0.184."""
    b, colour, trim = SolidBuilder(), paint(rng), paint(rng)
    trunk = ((0.075, 0.09), (0.02, 0.165), (-0.1, 0.2), (-0.28, 0.185), (-0.47, 0.21))  # heights and half widths
    for (high, above), (low, below) in pairwise(trunk):
        b.tube((0, low, 0.032), (0, high, 0.032), (below, above), colour, depth=0.79 if low < -0.2 else 0.72)
    for x in (-0.085, 0.085):
        b.ellipsoid((x, -0.05, -0.03), (0.105, 0.15, 0.085), colour)  # over the shoulder blades
    b.tube((0, -0.5, 0.032), (0, -0.45, 0.032), (0.195, 0.212), trim, depth=0.79)
    b.ring((0, 0.07, 0.0), (0, 1, 0.35), (0.072, 0.022), trim)
    anchors = {"shoulders": np.zeros(3)}
    down, bent = np.radians(rng.uniform(62.0, 78.0)), np.radians(rng.uniform(15.0, 60.0))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder = vec(sign * 0.172, -0.012, 0.0)
        elbow = shoulder + 0.266 * vec(sign * np.cos(down), -np.sin(down), -0.08)
        wrist = elbow + 0.225 * vec(sign * 0.25 * np.cos(down), -np.cos(bent), np.sin(bent))
        _sleeve(b, (shoulder, elbow, wrist), colour, trim)
        anchors |= {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_cuff": wrist}
    return AnchoredObject(b.build(), anchors)


def knotted_sweater(rng: np.random.Generator) -> AnchoredObject:
    """A sweater laid over shoulders, its sleeves knotted on the chest; the origin as in `sweater`."""
    b, colour, trim = SolidBuilder(), paint(rng), paint(rng)
    hem = -rng.uniform(0.36, 0.42)
    b.tube((0, hem, -0.08), (0, 0.04, -0.08), (0.19, 0.16), colour, depth=0.19)
    b.tube((0, hem, -0.08), (0, hem + 0.05, -0.08), 0.192, trim, depth=0.2)
    for sign in (-1.0, 1.0):
        over = [(0.14, 0.03, -0.07), (0.13, 0.075, 0.0), (0.1, 0.03, 0.1), (0.015, -0.05, 0.14)]
        b.path([vec(sign * x, y, z) for x, y, z in over], 0.042, colour)
        end = vec(sign * 0.07, -rng.uniform(0.25, 0.3), 0.175)
        b.tube((sign * 0.01, -0.06, 0.15), end, 0.04, colour)
        b.tube(end, end - [0, 0.03, 0], 0.043, trim)
    b.ellipsoid((0, -0.06, 0.15), (0.06, 0.05, 0.045), colour)
    return AnchoredObject(b.build(), {"shoulders": np.zeros(3)})


def _sleeve(b: SolidBuilder, joints: tuple[np.ndarray, np.ndarray, np.ndarray], colour: Colour, trim: Colour) -> None:
    """A sleeve over shoulder, elbow and wrist with a cuff."""
    shoulder, elbow, wrist = joints
    b.ellipsoid(shoulder, (0.076,) * 3, colour)
    b.tube(shoulder, elbow, (0.076, 0.064), colour)
    b.ellipsoid(elbow, (0.064,) * 3, colour)
    b.tube(elbow, wrist, (0.064, 0.05), colour)
    b.tube(wrist, wrist + 0.08 * (wrist - elbow), 0.048, trim)


def _ribbon(b: SolidBuilder, start: np.ndarray, end: np.ndarray, half: tuple[float, float], colour: Colour) -> None:
    """A flat strip from `start` down to `end`, which differ in y and z alone; half width and half thickness."""
    drop = start - end
    length = float(np.hypot(drop[1], drop[2]))
    tilt = about_x(np.degrees(np.arctan2(drop[2], drop[1])))
    b.box(0.5 * (start + end), (half[0], 0.5 * length + half[1], half[1]), colour, tilt)
