"""Parametric vehicles: motorcycle and bicycle (frames and rules as in chorus.scenes.objects)."""

from __future__ import annotations

import numpy as np

from chorus.scenes.anchored import BLACK, CHROME, DARK, PAINTS, RUBBER, STEEL, AnchoredObject, about_x, paint
from chorus.scenes.solids import Colour, SolidBuilder, vec

_X = vec(1.0, 0.0, 0.0)


def motorcycle(rng: np.random.Generator) -> AnchoredObject:
    """A touring motorcycle with fairing, engine cowl and side cases, wheelbase 1.42 m."""
    b, colour, trim = SolidBuilder(), paint(rng), paint(rng)
    _motorcycle_wheel(b, vec(0, 0.31, -0.66), 0.075)
    _motorcycle_wheel(b, vec(0, 0.31, 0.76), 0.06)
    for x in (-0.1, 0.1):
        b.tube((x, 0.31, 0.76), (x, 0.98, 0.46), 0.03, CHROME)  # fork
        b.tube((x, 0.31, -0.66), (0.8 * x, 0.42, -0.08), 0.03, STEEL)  # swing arm
    b.box((0, 0.645, 0.735), (0.07, 0.012, 0.16), colour, about_x(15))  # front fender
    b.ellipsoid((0, 0.86, 0.19), (0.17, 0.14, 0.3), colour)  # tank
    b.ellipsoid((0, 0.775, -0.2), (0.15, 0.06, 0.26), BLACK)  # seat
    b.ellipsoid((0, 0.83, -0.52), (0.13, 0.06, 0.2), BLACK, about_x(-8))  # pillion seat
    b.box((0, 0.68, -0.35), (0.1, 0.09, 0.34), DARK)  # frame under the seats
    _motorcycle_trunk(b, colour, trim)
    anchors = {"seat": vec(0, 0.83, -0.2)} | _motorcycle_bars(b, rng.normal(0.36, 0.015))
    for side, x in (("left", 0.23), ("right", -0.23)):
        anchors[f"{side}_peg"] = vec(x, 0.36, -0.06)
        b.tube((0.5 * x, 0.36, -0.06), (1.15 * x, 0.36, -0.06), 0.018, BLACK)
    return AnchoredObject(b.build(), anchors)


def _motorcycle_trunk(b: SolidBuilder, colour: Colour, trim: Colour) -> None:
    """What makes a tourer bulky: engine and cowl, fairing with windscreen, cases."""
    b.box((0, 0.44, 0.1), (0.17, 0.15, 0.28), STEEL)  # engine
    b.ellipsoid((0, 0.6, 0.16), (0.17, 0.2, 0.34), colour)  # cowl
    b.ellipsoid((0, 0.93, 0.56), (0.24, 0.2, 0.16), colour)  # fairing
    b.box((0, 1.16, 0.5), (0.17, 0.12, 0.014), DARK, about_x(-25))  # windscreen
    b.ellipsoid((0, 0.93, 0.7), (0.1, 0.09, 0.05), CHROME)  # headlight
    b.tube((0.14, 0.3, 0.25), (0.19, 0.34, -0.85), (0.035, 0.055), CHROME)  # exhaust
    for x in (-0.27, 0.27):
        b.box((x, 0.63, -0.56), (0.1, 0.16, 0.23), trim)  # side cases
    b.box((0, 0.97, -0.8), (0.17, 0.13, 0.14), trim)  # top case
    b.box((0, 0.8, -0.95), (0.1, 0.035, 0.012), PAINTS[0])  # rear light


def _motorcycle_wheel(b: SolidBuilder, hub: np.ndarray, tyre: float) -> None:
    """A cast disc wheel of 31 cm radius with a tyre of radius `tyre`."""
    b.ring(hub, _X, (0.31 - tyre, tyre), RUBBER)
    b.tube(hub - 0.04 * _X, hub + 0.04 * _X, 0.31 - tyre, STEEL)
    b.tube(hub - 0.09 * _X, hub + 0.09 * _X, 0.06, CHROME)


def _motorcycle_bars(b: SolidBuilder, wide: float) -> dict[str, np.ndarray]:
    """Handlebar with grips `wide` metres from the middle, and mirrors; returns the grips."""
    anchors = {"left_grip": vec(wide, 1.04, 0.36), "right_grip": vec(-wide, 1.04, 0.36)}
    b.path([anchors["left_grip"], (0.16, 1.04, 0.42), (-0.16, 1.04, 0.42), anchors["right_grip"]], 0.014, CHROME)
    for grip in anchors.values():
        sign = np.sign(grip[0])
        outward = vec(0.06 * sign, 0, -0.015 * sign)
        b.tube(grip - outward, grip + outward, 0.021, BLACK)
        mirror = grip + vec(0.05 * sign, 0.18, 0.06)
        b.tube(grip - 1.5 * outward, mirror, 0.008, BLACK)
        b.ellipsoid(mirror, (0.06, 0.035, 0.015), DARK)
    return anchors


def bicycle(rng: np.random.Generator) -> AnchoredObject:
    """A city bicycle; the crank stands at a random angle."""
    b, colour = SolidBuilder(), paint(rng)
    rear, front, crank = vec(0, 0.34, -0.44), vec(0, 0.34, 0.62), vec(0, 0.29, 0.0)
    for hub in (rear, front):
        _bicycle_wheel(b, hub, rng.random())
    seat_top, head = vec(0, 0.84, -0.2), vec(0, 0.86, 0.4)
    for start, end in ((crank, seat_top), (crank, head - [0, 0.1, -0.04]), (seat_top - [0, 0.08, -0.03], head)):
        b.tube(start, end, 0.02, colour)
    for x in (-0.045, 0.045):
        beside = x * _X
        b.tube(rear + beside, crank + 0.5 * beside, 0.012, colour)
        b.tube(rear + beside, seat_top - [0, 0.1, -0.03], 0.01, colour)
        b.tube(front + beside, head + vec(0.5 * x, -0.14, 0.06), 0.014, colour)
    b.tube(head + vec(0, -0.15, 0.05), head + vec(0, 0.16, -0.06), 0.02, colour)
    b.tube(seat_top, seat_top + vec(0, 0.1, -0.02), 0.014, CHROME)
    b.ellipsoid(seat_top + vec(0, 0.12, -0.04), (0.085, 0.03, 0.14), BLACK)
    bar = head + vec(0, 0.16, -0.02)
    anchors = {"seat": seat_top + vec(0, 0.15, -0.05)}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        anchors[f"{side}_grip"] = bar + vec(sign * 0.28, 0.03, -0.1)
        b.path([bar, bar + vec(sign * 0.12, 0.03, 0.0), anchors[f"{side}_grip"]], 0.013, CHROME)
        b.tube(anchors[f"{side}_grip"], bar + vec(sign * 0.18, 0.03, -0.035), 0.019, BLACK)
    angle = rng.uniform(0, 2 * np.pi)
    b.tube(crank - 0.04 * _X, crank + 0.04 * _X, 0.03, DARK)
    b.tube(crank - 0.045 * _X, crank - 0.035 * _X, 0.09, STEEL)  # chain wheel
    for side, sign in (("left", 1.0), ("right", -1.0)):
        arm = sign * 0.165 * vec(0, np.sin(angle), np.cos(angle))
        pedal = crank + arm + 0.12 * sign * _X
        b.tube(crank + 0.05 * sign * _X, crank + arm + 0.06 * sign * _X, 0.011, STEEL)
        b.box(pedal, (0.05, 0.012, 0.04), BLACK)
        anchors[f"{side}_pedal"] = pedal
    return AnchoredObject(b.build(), anchors)


def _bicycle_wheel(b: SolidBuilder, hub: np.ndarray, phase: float) -> None:
    """A thin wheel of 34 cm radius with six spokes across; `phase` turns them by up to one spoke."""
    b.ring(hub, _X, (0.318, 0.022), RUBBER)
    b.ring(hub, _X, (0.29, 0.011), CHROME)
    b.tube(hub - 0.05 * _X, hub + 0.05 * _X, 0.02, CHROME)
    for angle in (np.arange(6) + phase) * np.pi / 6:
        spoke = vec(0, 0.29 * np.sin(angle), 0.29 * np.cos(angle))
        b.tube(hub - spoke, hub + spoke, 0.003, CHROME)
