"""Templates of boards and skis: gliding on them, and carrying them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.scenes.anchored import AnchoredObject
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.placing import (
    ANKLE_ABOVE_SOLE,
    ELBOW_DOWN,
    GRIP_JITTER,
    JOINT_JITTER,
    KNEE_AHEAD,
    SIDES,
    jittered,
    leg_length,
    place,
    stand,
)
from chorus.scenes.solids import vec


@dataclass(frozen=True)
class Stance:
    """How one stands sideways on a board: pelvis to ankles as a share of the legs, and metres of an ankle aside."""

    height: tuple[float, float]
    aside: float


def ride_surfboard(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Standing sideways on the board, knees bent, arms spread, looking ahead along the board."""
    return _ride_sideways(m, thing, rng, Stance((0.74, 0.86), 0.34))


def ride_snowboard(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """As on a surfboard, the feet where the bindings are."""
    return _ride_sideways(m, thing, rng, Stance((0.78, 0.92), 0.25))


def ride_skateboard(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """As on a surfboard, more upright and with the feet closer together."""
    return _ride_sideways(m, thing, rng, Stance((0.86, 0.97), 0.21))


def _ride_sideways(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator, stance: Stance) -> np.ndarray:
    m.bend_spine(x=rng.normal(18.0, 6.0), y=rng.normal(12.0, 6.0))
    m.turn("neck", y=rng.normal(35.0, 10.0))
    m.turn("head", y=rng.normal(15.0, 8.0))
    m.turn("left_shoulder", y=rng.normal(-15.0, 12.0), z=rng.normal(-12.0, 14.0))
    m.turn("right_shoulder", y=rng.normal(15.0, 12.0), z=rng.normal(18.0, 14.0))
    m.turn("left_elbow", y=-abs(rng.normal(25.0, 10.0)))
    m.turn("right_elbow", y=abs(rng.normal(30.0, 10.0)))
    m.jitter(rng, JOINT_JITTER)
    drop, aside = rng.uniform(*stance.height) * leg_length(m), rng.normal(stance.aside, 0.03)
    for side, sign in SIDES:
        ankle = m.where("pelvis") + vec(sign * aside, -drop, 0.02)
        on_deck = jittered(rng, ankle, GRIP_JITTER) * [1, 0, 1] + ankle * [0, 1, 0]
        m.reach(f"{side}_foot", on_deck, KNEE_AHEAD[side] + [sign * 0.5, 0, 0])
        m.level_foot(side, yaw=sign * rng.normal(15.0, 6.0) + 10.0)
    deck = m.where("pelvis") * [1, 0, 1] + [0.08, m.sole_height(), 0.03]
    under_feet = jittered(rng, deck)
    under_feet[1] = deck[1]
    return place(thing.anchors["deck"], under_feet, (0, 90 + rng.normal(0, 4), 0))


def ride_skis(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """A skier's crouch: ankles, knees and hips bent, arms ahead, a foot in each binding."""
    lean = rng.normal(30.0, 8.0)
    m.bend_spine(x=lean, y=rng.normal(0.0, 5.0))
    m.turn("neck", x=-0.6 * lean, y=rng.normal(0.0, 8.0))
    m.jitter(rng, JOINT_JITTER)
    middle = m.where("pelvis") + vec(0.0, -rng.uniform(0.76, 0.9) * leg_length(m) - ANKLE_ABOVE_SOLE, 0.06)
    binding = 0.5 * (thing.anchors["left_binding"] + thing.anchors["right_binding"])
    transform = place(binding, middle, (0, rng.normal(0, 4), 0))
    on_snow = thing.transformed(transform)
    for side, sign in SIDES:
        ankle = on_snow.anchors[f"{side}_binding"] + vec(0.0, ANKLE_ABOVE_SOLE, -0.06)
        m.reach(f"{side}_foot", ankle, KNEE_AHEAD[side])
        m.level_foot(side)
        hand = m.where(f"{side}_shoulder") + vec(sign * 0.1, -0.3, rng.uniform(0.2, 0.42))
        m.reach(f"{side}_hand", jittered(rng, hand), ELBOW_DOWN[side])
    transform[1, 3] += m.sole_height() - on_snow.anchors["left_binding"][1]
    return transform


def carry_skis(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The skis together on the right shoulder, tips ahead and low, the right hand on them."""
    stand(m, rng, step=rng.normal(0.0, 12.0))
    neck, shoulder = m.where("neck"), m.where("right_shoulder")
    on_shoulder = vec(0.15 * neck[0] + 0.85 * shoulder[0], shoulder[1] + 0.085, shoulder[2])
    transform = place(thing.anchors["balance"], jittered(rng, on_shoulder, 0.008), (rng.normal(16, 5), 0, 0))
    transform = place(on_shoulder, on_shoulder, (0, rng.normal(4, 3), 0)) @ transform
    grip = thing.transformed(transform).anchors["grip"]
    m.reach("right_hand", jittered(rng, grip + vec(-0.03, -0.02, 0.0), GRIP_JITTER), ELBOW_DOWN["right"])
    m.face_palm("right", vec(1.0, 0.3, 0.0))
    return transform


def carry_under_arm(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Something flat upright on its edge between left arm and body, the hand under its lower edge."""
    stand(m, rng, step=rng.normal(0.0, 12.0))
    shoulder = m.where("left_shoulder")
    width = float(np.linalg.norm(thing.anchors["left_rail"] - thing.anchors["centre"]))
    lower_edge = jittered(rng, vec(0.245, shoulder[1] - 0.49, shoulder[2] + 0.04), 0.01)
    centre = lower_edge + vec(0.0, width, 0.0)
    transform = place(thing.anchors["centre"], centre, (0.0, 0.0, 90.0 + rng.normal(0.0, 4.0)))
    transform = place(centre, centre, (rng.normal(4.0, 7.0), rng.normal(0.0, 5.0), 0.0)) @ transform
    m.reach("left_hand", lower_edge + vec(0.035, 0.0, 0.0), vec(0.5, 0.0, -1.0))
    m.face_palm("left", vec(-1.0, 0.0, 0.0))
    return transform
