"""Parametric things for the hand: bags, racket, frisbee, glove, phone, laptop (frames and rules as in objects)."""

from __future__ import annotations

import numpy as np

from chorus.scenes.anchored import BLACK, DARK, STEEL, WHITE, AnchoredObject, about_x, paint
from chorus.scenes.solids import SolidBuilder, vec

LEATHERS = ((0.22, 0.09, 0.03), (0.35, 0.16, 0.06), (0.12, 0.05, 0.02))
LIT_SCREEN = (0.25, 0.45, 0.7)
LID_ANGLE = 20.0  # degrees by which an open laptop's lid leans back from the vertical


def handbag(rng: np.random.Generator) -> AnchoredObject:
    """A stiff handbag with a short bow to hold it by; its broad side faces +z."""
    b = SolidBuilder()
    top = _bag(b, rng)
    bow = [(-0.08, top), (-0.065, top + 0.09), (0.065, top + 0.09), (0.08, top)]
    b.path([(x, y, 0) for x, y in bow], 0.011, DARK)
    return AnchoredObject(b.build(), {"handle": vec(0, top + 0.09, 0)})


def shoulder_bag(rng: np.random.Generator) -> AnchoredObject:
    """The handbag on a long strap that opens to go around a shoulder; its broad side faces +z."""
    b = SolidBuilder()
    top = _bag(b, rng)
    long = rng.normal(0.4, 0.02)
    for sign in (-1.0, 1.0):
        bends = [(0.13, 0.0, 0.0), (0.125, 0.5, -0.01), (0.115, 0.75, -0.035), (0.07, 0.95, -0.08), (0.0, 1.0, -0.1)]
        b.path([(sign * x, top - 0.01 + y * long, z) for x, y, z in bends], 0.011, DARK)
    return AnchoredObject(b.build(), {"strap": vec(0, top + long, -0.1), "front": vec(-0.14, 0.04, 0.03)})


def _bag(b: SolidBuilder, rng: np.random.Generator) -> float:
    """A bag around the origin; returns the height of its upper edge."""
    colour = (*LEATHERS, paint(rng))[rng.integers(4)]
    wide, tall, deep = rng.normal(0.15, 0.012), rng.normal(0.105, 0.008), rng.normal(0.055, 0.005)
    b.box((0, 0, 0), (wide, tall, deep), colour)
    b.tube((-wide, tall, 0), (wide, tall, 0), 0.75 * deep, colour)
    b.box((0, 0.35 * tall, deep), (0.92 * wide, 0.6 * tall, 0.008), DARK)  # the flap
    b.box((0, -0.2 * tall, deep + 0.008), (0.02, 0.014, 0.005), (0.6, 0.45, 0.15))
    return tall + 0.75 * deep


def frisbee(rng: np.random.Generator) -> AnchoredObject:
    """A throwing disc, flat around y with its dome up; held by its rim at +z."""
    b, colour, radius = SolidBuilder(), paint(rng), rng.normal(0.137, 0.004)
    b.tube((0, 0.004, 0), (0, 0.016, 0), (radius, 0.9 * radius), colour)
    b.ring((0, 0, 0), (0, 1, 0), (radius - 0.012, 0.013), colour)
    b.tube((0, 0.012, 0), (0, 0.018, 0), 0.45 * radius, WHITE)
    return AnchoredObject(b.build(), {"rim": vec(0, 0, radius - 0.02)})


def tennis_racket(rng: np.random.Generator) -> AnchoredObject:
    """A tennis racket of 69 cm along y, gripped at the origin, strings facing z."""
    b, colour = SolidBuilder(), paint(rng)
    head, wide, tall = vec(0, 0.41, 0), rng.normal(0.125, 0.004), rng.normal(0.165, 0.005)
    b.tube((0, -0.09, 0), (0, 0.12, 0), 0.017, BLACK)
    rim = [head + vec(wide * np.sin(a), -tall * np.cos(a), 0) for a in np.linspace(0, 2 * np.pi, 17)]
    b.path(rim, 0.012, colour)
    for end in (rim[2], rim[-3]):
        b.tube((0, 0.12, 0), end, 0.011, colour)
    b.ellipsoid(head, (wide, tall, 0.006), (0.55, 0.55, 0.45))
    return AnchoredObject(b.build(), {"grip": np.zeros(3), "throat": vec(0, 0.17, 0)})


def baseball_glove(rng: np.random.Generator) -> AnchoredObject:
    """A fielder's glove: fingers along y, palm facing +z, thumb at +x, the hand's middle at the origin."""
    b, colour = SolidBuilder(), LEATHERS[rng.integers(len(LEATHERS))]
    b.ellipsoid((0, 0.0, -0.012), (0.095, 0.115, 0.05), colour)
    b.tube((0, -0.12, -0.005), (0, -0.05, -0.005), (0.055, 0.07), colour)
    for x, tip in ((-0.075, 0.14), (-0.03, 0.175), (0.015, 0.18), (0.055, 0.15)):
        b.path([(0.8 * x, 0.05, 0.0), (x, 0.1, 0.0), (1.1 * x, tip, 0.045)], 0.026, colour)
    b.path([(0.07, -0.03, 0.01), (0.125, 0.05, 0.03), (0.125, 0.13, 0.055)], 0.03, colour)
    b.box((0.09, 0.13, 0.035), (0.035, 0.04, 0.008), DARK)  # the web
    return AnchoredObject(b.build(), {"hand": np.zeros(3)})


def cell_phone(rng: np.random.Generator) -> AnchoredObject:
    """A phone upright along y, its screen facing +z."""
    b, colour = SolidBuilder(), paint(rng)
    wide, tall = rng.normal(0.038, 0.001), rng.normal(0.079, 0.003)
    b.box((0, 0, 0), (wide, tall, 0.006), colour)
    b.box((0, 0, 0.005), (0.92 * wide, 0.94 * tall, 0.002), LIT_SCREEN)
    b.ellipsoid((0.5 * wide, 0.8 * tall, -0.006), (0.012, 0.012, 0.003), BLACK)
    return AnchoredObject(b.build(), {"centre": np.zeros(3), "low": vec(0, -0.4 * tall, -0.006)})


def laptop(rng: np.random.Generator) -> AnchoredObject:
    """An open laptop as its user sees it: the keyboard at -z, the lid's foot at +z, the underside at y = 0."""
    b, colour = SolidBuilder(), ((0.45, 0.46, 0.48), DARK, WHITE)[rng.integers(3)]
    wide, deep = rng.normal(0.165, 0.006), rng.normal(0.115, 0.004)
    b.box((0, 0.009, 0), (wide, 0.009, deep), colour)
    b.box((0, 0.018, 0.03), (0.9 * wide, 0.001, 0.055), BLACK)
    leaning = about_x(LID_ANGLE)
    hinge = vec(0, 0.018, deep)
    b.box(hinge + leaning.apply([0, deep, 0]), (wide, deep, 0.006), colour, leaning)
    b.box(hinge + leaning.apply([0, deep, -0.005]), (0.94 * wide, 0.9 * deep, 0.002), LIT_SCREEN, leaning)
    anchors = {"base": np.zeros(3), "left_keys": vec(0.07, 0.02, -0.02), "right_keys": vec(-0.07, 0.02, -0.02)}
    return AnchoredObject(b.build(), anchors)


def closed_laptop(rng: np.random.Generator) -> AnchoredObject:
    """The laptop shut, lying flat."""
    b, colour = SolidBuilder(), ((0.45, 0.46, 0.48), DARK, WHITE)[rng.integers(3)]
    wide, deep = rng.normal(0.165, 0.006), rng.normal(0.115, 0.004)
    b.box((0, 0.012, 0), (deep, 0.012, wide), colour)
    b.tube((0, 0.024, 0), (0, 0.025, 0), 0.02, STEEL)
    return AnchoredObject(b.build(), {"left_rail": vec(deep, 0.012, 0), "centre": vec(0, 0.012, 0)})
